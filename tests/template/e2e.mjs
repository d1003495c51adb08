// The real thing, by hand: this app under the real Functions host, with Azurite as its storage. Each order of
// machinery/exchanges/orders.txt must arrive in the queue `orders` or be refused, and each text there that lies in
// `messages-incoming` in `messages-outgoing`, unaltered.
// Each in a terminal of its own, with Node 18 or newer; HOST=http://127.0.0.1:7072 where the host has another port:
//
//   npx azurite --inMemoryPersistence --skipApiVersionCheck
//   make build && func start
//   make e2e
//
// THE QUEUES NAMED BELOW ARE EMPTIED, before and after.

import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';

const host = (process.env.HOST?.startsWith('http') ? process.env.HOST : 'http://127.0.0.1:7071').replace(/\/+$/, '');

// Azurite's development account. The key is a published constant, the same on every machine: it is not a secret.
const account = 'devstoreaccount1';
const key = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';
const queues = ['orders', 'messages-incoming', 'messages-outgoing', 'messages-incoming-poison'];
const LIMIT = 49152; // bytes a queue message holds: 64 KiB of base64

// What is sent, and what arrives: a body, or the status of a refusal

// `~0D` is that byte.
const bytes = (text) => Buffer.concat(text.split(/~([0-9A-F]{2})/).map((part, i) => Buffer.from(part, i % 2 ? 'hex' : 'utf8')));
const text = 'text/plain';
const cases = [
  { type: text, body: Buffer.alloc(LIMIT, 'x'), arrives: Buffer.alloc(LIMIT, 'x') },
  { type: text, body: Buffer.alloc(LIMIT + 1, 'x'), status: 413 },
];
let type;
for (const line of readFileSync(new URL('machinery/exchanges/orders.txt', import.meta.url), 'utf8').split('\n')) {
  if (line.startsWith('type ')) type = line.slice(5);
  else if (line && !line.startsWith('#')) {
    const [body, expected = body] = line.split(' => ');
    const status = Number(expected.match(/^4\d\d /)?.[0]) || undefined;
    cases.push({ type, body: bytes(body), status, arrives: bytes(expected) });
  }
}

// The host indents a JSON object anew. So two objects are the same if they have the same tokens in the same order:
// numbers as text (10.10 is not 10.1), strings by value (however they are escaped), white space between them ignored.
function tokens(bytes) {
  const source = bytes.toString('utf8');
  if (!source.trim().startsWith('{') || !Buffer.from(source).equals(bytes)) return;
  try { JSON.parse(source); } catch { return; }
  const found = source.match(/"(?:[^"\\]|\\.)*"|[\w.+-]+|[^\s\w"]/g);
  return found.map((t) => (t[0] === '"' ? JSON.stringify(JSON.parse(t)) : t)).join(' ');
}
const same = (sent, got) => sent.equals(got) || (tokens(sent) !== undefined && tokens(sent) === tokens(got));

let passed = 0, failed = 0;
async function check(name, body) { // `body` returns what is wrong, or nothing
  let wrong;
  try { wrong = await body(); } catch (e) { wrong = e.cause ? `${e.message}: ${e.cause.message}` : e.message; }
  if (wrong) failed++; else passed++;
  console.log(wrong ? `FAIL  ${name}: ${wrong}` : `ok    ${name}`);
}
const show = (bytes) => `${JSON.stringify(bytes.toString().slice(0, 80))} (${bytes.length} bytes)`;
const showAll = (list) => list.map(show).join(' and ') || 'nothing';

// Asks again until `probe` says yes, or for so many seconds.
async function until(what, seconds, probe) {
  for (const end = Date.now() + seconds * 1000; !(await probe()); await new Promise((go) => setTimeout(go, 100))) {
    if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s`);
  }
}

// Queue storage over REST

// Signed with SharedKey, https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key
async function storage(method, path, query = {}, body = '') {
  const headers = { 'x-ms-date': new Date().toUTCString(), 'x-ms-version': '2021-12-02' };
  if (body) headers['content-type'] = 'application/xml';
  const toSign = [
    method, '', '', body ? Buffer.byteLength(body) : '', '', body ? 'application/xml' : '', '', '', '', '', '', '',
    `x-ms-date:${headers['x-ms-date']}`, `x-ms-version:${headers['x-ms-version']}`,
    `/${account}/${account}/${path}`, // twice: an emulator's path begins with the account, too
    ...Object.keys(query).sort().map((name) => `${name}:${query[name]}`),
  ].join('\n');
  const signature = createHmac('sha256', Buffer.from(key, 'base64')).update(toSign, 'utf8').digest('base64');
  headers.authorization = `SharedKey ${account}:${signature}`;
  const url = `http://127.0.0.1:10001/${account}/${path}?${new URLSearchParams(query)}`;
  const answer = await fetch(url, { method, headers, body: body || undefined, signal: AbortSignal.timeout(20_000) });
  const answerText = await answer.text();
  if (!answer.ok) throw new Error(`storage: ${method} ${path} was answered ${answer.status} ${answerText}`);
  return answerText;
}
// Messages are base64 in the queue: what the host's queue extension writes, and by default expects.
const put = (queue, bytes) => storage('POST', `${queue}/messages`, {},
  `<QueueMessage><MessageText>${bytes.toString('base64')}</MessageText></QueueMessage>`);
async function take(queue) { // up to 32 messages, out of the queue
  const xml = await storage('GET', `${queue}/messages`, { numofmessages: 32 });
  const taken = [];
  for (const [message] of xml.matchAll(/<QueueMessage>.*?<\/QueueMessage>/gs)) {
    const field = (name) => message.match(new RegExp(`<${name}>(.*?)</${name}>`, 's'))?.[1] ?? '';
    await storage('DELETE', `${queue}/messages/${field('MessageId')}`, { popreceipt: field('PopReceipt') });
    taken.push(Buffer.from(field('MessageText'), 'base64'));
  }
  return taken;
}
async function emptyQueues() {
  for (const queue of queues) {
    await storage('PUT', queue); // makes it, where it is not there yet
    await storage('DELETE', `${queue}/messages`);
  }
}

const ask = (path, options) => fetch(`${host}/api/${path}`, { signal: AbortSignal.timeout(60_000), ...options });
const post = (path, body, type, more) => ask(path, { method: 'POST', body, headers: type ? { 'content-type': type } : {}, ...more });
async function answered(answer, status, expected) {
  const body = await answer.text();
  if (answer.status !== status || (expected ? body !== expected : !body)) return `was answered ${answer.status} ${show(body)}`;
}

async function checkOrders() {
  // A message is in `orders` before its caller has the answer, so the queue is read after each.
  const order = async ({ body, type, status, arrives }, more) => {
    const answer = await post('order', body, type, more);
    const wrong = await answered(answer, status ?? 200, status ? undefined : 'Order enqueued');
    const got = await take('orders');
    if (wrong) return wrong;
    if (!status) await until('its message in the queue', 10, async () => got.length || got.push(...await take('orders')));
    const isRight = status ? !got.length : got.length === 1 && same(arrives, got[0]);
    if (!isRight) return `sent ${show(body)}, the queue got ${showAll(got)}`;
  };
  for (const one of cases) {
    await check(`order: ${one.type}: ${show(one.body)}${one.status ? `, ${one.status}` : ''}`, () => order(one));
  }
  const chunks = new ReadableStream({ start(c) { c.enqueue(Buffer.from('{"id":1}')); c.close(); } });
  await check('order without a Content-Length, 411', () => order({ body: chunks, type: text, status: 411 }, { duplex: 'half' }));
}

// Messages come out in any order, so each sent one looks for its like. The host polls an idle queue once a minute.
async function checkMessages() {
  const list = cases.filter((one) => one.type === text && !one.status).map((one) => one.body);
  const [got, poisoned] = [[], []];
  const takeAll = async () => {
    got.push(...await take('messages-outgoing'));
    poisoned.push(...await take('messages-incoming-poison'));
    return got.length + poisoned.length >= list.length;
  };
  await check(`queue: ${list.length} messages come out`, async () => {
    for (const body of list) await put('messages-incoming', body);
    await until('the last of them', 150, takeAll);
  });
  for (const body of list) {
    const at = got.findIndex((bytes) => same(body, bytes));
    await check(`queue: ${show(body)}`, () => (at < 0 ? 'nothing like it came out' : void got.splice(at, 1)));
  }
  await check('queue: nothing else comes out, and nothing is poisoned', async () => {
    await takeAll();
    if (got.length || poisoned.length) return `out: ${showAll(got)}; poisoned: ${showAll(poisoned)}`;
  });
}

// No comparison is worth more than its `no`: one bit changed anywhere in a message must be seen.
await check('a changed bit is seen', () => cases.filter(({ body }) => [0, body.length >> 1, body.length - 1].some((at) => {
  const changed = Buffer.from(body);
  changed[at] ^= 1;
  return body.length && same(body, changed);
})).map(({ body }) => show(body)).join(', '));
await check('Azurite, at 127.0.0.1:10001', emptyQueues);
// Its first start downloads the extension bundle.
await check(`a Functions host with this app, at ${host}`, () => until('GET /api/hello', 60,
  () => ask('hello').then((answer) => answer.status === 200, () => false)));
if (!failed) {
  const echoed = '{\n  "message": "Hello World! \u{1F600}"\n}';
  await check('GET /api/hello', async () => answered(await ask('hello'), 200, 'hello world'));
  await check('POST /api/hello', async () => answered(await post('hello', echoed, 'application/json'), 200, echoed));
  try {
    await checkOrders();
    await checkMessages();
  } finally {
    await emptyQueues();
  }
}
console.log(`\ne2e: ${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
