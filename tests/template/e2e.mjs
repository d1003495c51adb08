// The real thing, by hand: this app under the real Functions host, with Azurite as its storage. What is posted to
// /api/order must arrive in the queue `orders`, and what lies in `messages-incoming` in `messages-outgoing`, unaltered.
// Each in a terminal of its own, with Node 18 or newer; HOST=http://127.0.0.1:7072 where the host has another port:
//
//   npx azurite --inMemoryPersistence --skipApiVersionCheck
//   make build && func start
//   make e2e
//
// THE QUEUES NAMED BELOW ARE EMPTIED, before and after.

import { createHmac } from 'node:crypto';

const host = (process.env.HOST?.startsWith('http') ? process.env.HOST : 'http://127.0.0.1:7071').replace(/\/+$/, '');

// Azurite's development account. The key is a published constant, the same on every machine: it is not a secret.
const account = 'devstoreaccount1';
const key = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';
const queues = ['orders', 'messages-incoming', 'messages-outgoing', 'messages-incoming-poison'];
const LIMIT = 49152; // bytes a queue message holds: 64 KiB of base64

// What is sent: every kind that a host or a careless handler alters or loses

const [json, text, binary] = ['application/json', 'text/plain; charset=utf-8', 'application/octet-stream'];
const kinds = [
  ['{"id":1005,"quantity":2,"color":"black"}', json],
  ['{\r\n  "id": 1005,\r\n  "note": "caf\u00e9"\r\n}\r\n', json],
  ['{"due":"2026-11-21T10:00:00+02:00"}', json],
  ['{"a":10.10,"b":12345678901234567.89,"c":1e400,"d":9007199254740993}', json],
  ['{"id":1,"id":2,"half":"\\ud800"}', json],
  ['[{"id":1},{"id":2}]', json],
  ['[]', json],
  ['one espresso, no sugar', text],
  ['test', text], // it could be base64
  ['20261121', text],
  ['[hello]', text],
  ['2026-11-21T10:00:00+02:00', text],
  ['{hello}', text],
  ['{id:1}', text],
  ['{3f2504e0-4f89-11d3-9a0c-0305e82c3301}', text],
  ['"say \\"hi\\"" \\ <b>&amp;</b> \u{1F600}\u2028 \u0001\b\u001f\u007f', text],
  [' \t\r\n two before, two after \n\n', text],
  ['   ', text],
  ['x'.repeat(LIMIT), text],
  [Buffer.from(Array.from({ length: 256 }, (_, i) => i)), binary],
].map(([body, type]) => ({ name: JSON.stringify(String(body)).slice(0, 60), body: Buffer.from(body), type }));

// The host indents a JSON object anew. So two objects are the same if they have the same tokens in the same order:
// numbers as text (10.10 is not 10.1), strings by value (however they are escaped), white space between them ignored.
function tokens(bytes) {
  const source = bytes.toString('utf8');
  if (!source.trim().startsWith('{') || !Buffer.from(source).equals(bytes)) return;
  try { JSON.parse(source); } catch { return; }
  const found = source.match(/"(?:[^"\\]|\\.)*"|[\w.+-]+|[^\s\w"]/g);
  return found.map((t) => (t[0] === '"' ? JSON.stringify(JSON.parse(t)) : t)).join(' ');
}
function same(sent, got) {
  return sent.equals(got) || (tokens(sent) !== undefined && tokens(sent) === tokens(got));
}

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
const post = (path, body, type, more) => ask(path, { method: 'POST', body, headers: { 'content-type': type }, ...more });
async function answered(answer, status, expected) {
  const body = await answer.text();
  if (answer.status !== status || (expected ? body !== expected : !body)) return `was answered ${answer.status} ${show(body)}`;
}

async function checkOrders() {
  // A message is in `orders` before its caller has the answer, so the queue is read after each.
  const chunked = () => new ReadableStream({ start(c) { c.enqueue(Buffer.from('{"id":1}')); c.close(); } });
  for (const [name, status, send] of [
    ['an empty body', 400, () => post('order', '', json)],
    ['an upload without Content-Length', 411, () => post('order', chunked(), json, { duplex: 'half' })],
    ['Latin-1 as text', 415, () => post('order', Buffer.from('Gr\u00fc\u00dfe', 'latin1'), 'text/plain')],
    ['a byte too many', 413, () => post('order', Buffer.alloc(LIMIT + 1, 'x'), text)],
  ]) {
    await check(`order refused: ${name}, ${status}`, async () => {
      const [wrong, enqueued] = [await answered(await send(), status), await take('orders')];
      return wrong ?? (enqueued.length ? `was answered ${status}, but enqueued ${showAll(enqueued)}` : undefined);
    });
  }
  for (const { name, body, type } of kinds) {
    await check(`order: ${name}`, async () => {
      const wrong = await answered(await post('order', body, type), 200, 'Order enqueued');
      if (wrong) return wrong;
      const got = [];
      await until('its message in the queue', 10, async () => got.push(...await take('orders')));
      if (got.length !== 1 || !same(body, got[0])) return `sent ${show(body)}, the queue got ${showAll(got)}`;
    });
  }
}

// Messages come out in any order, so each sent one looks for its like. The host polls an idle queue once a minute.
// Bytes that are not UTF-8 never reach a handler: the host poisons them itself. So no binary kind here.
async function checkMessages() {
  const list = kinds.filter((kind) => kind.type !== binary);
  const [got, poisoned] = [[], []];
  const takeAll = async () => {
    got.push(...await take('messages-outgoing'));
    poisoned.push(...await take('messages-incoming-poison'));
    return got.length + poisoned.length >= list.length;
  };
  await check(`queue: ${list.length} messages come out`, async () => {
    for (const kind of list) await put('messages-incoming', kind.body);
    await until('the last of them', 150, takeAll);
  });
  for (const { name, body } of list) {
    const at = got.findIndex((bytes) => same(body, bytes));
    await check(`queue: ${name}`, () => (at < 0 ? 'nothing like it came out' : void got.splice(at, 1)));
  }
  await check('queue: nothing else comes out, and nothing is poisoned', async () => {
    await takeAll();
    if (got.length || poisoned.length) return `out: ${showAll(got)}; poisoned: ${showAll(poisoned)}`;
  });
}

// No comparison is worth more than its `no`: one bit changed anywhere in a message must be seen.
await check('a changed bit is seen', () => kinds.filter(({ body }) => [0, body.length >> 1, body.length - 1].some((at) => {
  const changed = Buffer.from(body);
  changed[at] ^= 1;
  return same(body, changed);
})).map((kind) => kind.name).join(', '));
await check('Azurite, at 127.0.0.1:10001', emptyQueues);
// Its first start downloads the extension bundle.
await check(`a Functions host with this app, at ${host}`, () => until('GET /api/hello', 60,
  () => ask('hello').then((answer) => answer.status === 200, () => false)));
if (!failed) {
  const echoed = '{\n  "message": "Hello World! \u{1F600}"\n}';
  await check('GET /api/hello', async () => answered(await ask('hello'), 200, 'hello world'));
  await check('POST /api/hello', async () => answered(await post('hello', echoed, json), 200, echoed));
  try {
    await checkOrders();
    await checkMessages();
  } finally {
    await emptyQueues();
  }
}
console.log(`\ne2e: ${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
