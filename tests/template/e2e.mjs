// The real thing, end to end: this app under a real Functions host, with Azurite as its storage. What is posted to
// /api/order must arrive in the queue `orders`, and what lies in `messages-incoming` in `messages-outgoing`, unaltered.
//
//   node tests/template/e2e.mjs                              starts Azurite (npx) and the host (`func start`), and ends both
//   HOST=http://127.0.0.1:7071 node tests/template/e2e.mjs   uses a host that already runs, with UseDevelopmentStorage=true
//   node tests/template/e2e.mjs --storage-only               no host: only proves this script's own storage code against Azurite
//
// An Azurite that already listens is used as it is. THE QUEUES NAMED BELOW ARE EMPTIED, before and after.
// Exit codes: 0 passed; 1 failed; 77 SKIPPED, because something is missing: one sentence says what. 77 is not a pass.
// A host named by HOST that does not answer is a failure. Needs Node 18 or newer, and no packages.

import { spawn, spawnSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const windows = process.platform === 'win32';
const storageOnly = process.argv.includes('--storage-only') || process.env.STORAGE_ONLY === '1';
const given = process.env.HOST?.startsWith('http') ? process.env.HOST : ''; // some shells keep the machine's name there
const host = (given || 'http://127.0.0.1:7071').replace(/\/+$/, '');

// Azurite's development account. The key is a published constant, the same on every machine: it is not a secret.
const account = 'devstoreaccount1';
const key = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';
const queues = ['orders', 'messages-incoming', 'messages-outgoing', 'messages-incoming-poison'];
const LIMIT = 49152; // bytes a queue message holds: 64 KiB of base64

// ---- What is sent: every kind that a host or a careless handler alters or loses -------------------------------------

const [json, text, binary] = ['application/json', 'text/plain; charset=utf-8', 'application/octet-stream'];
const kinds = [
  ['JSON', '{"id":1005,"quantity":2,"color":"black"}', json],
  ['JSON, indented', '{\r\n  "id": 1005,\r\n  "note": "caf\u00e9"\r\n}\r\n', json],
  ['JSON with a date and its offset', '{"due":"2026-11-21T10:00:00+02:00"}', json],
  ['JSON with decimals and big numbers', '{"a":10.10,"b":12345678901234567.89,"c":1e400,"d":9007199254740993}', json],
  ['JSON with a name twice and half an emoji', '{"id":1,"id":2,"half":"\\ud800"}', json],
  ['an array', '[{"id":1},{"id":2}]', json],
  ['an empty array', '[]', json],
  ['text', 'one espresso, no sugar', text],
  ['text that could be base64', 'test', text],
  ['digits that could be base64', '20261121', text],
  ['text in brackets', '[hello]', text],
  ['a single date', '2026-11-21T10:00:00+02:00', text],
  ['braces that are not JSON', '{hello}', text],
  ['braces that are almost JSON', '{id:1}', text],
  ['a GUID in braces', '{3f2504e0-4f89-11d3-9a0c-0305e82c3301}', text],
  ['quotes, emoji and control characters', '"say \\"hi\\"" \\ <b>&amp;</b> \u{1F600}\u2028 \u0001\b\u001f\u007f', text],
  ['white space around', ' \t\r\n two before, two after \n\n', text],
  ['spaces only', '   ', text],
  ['as much as a message holds', 'x'.repeat(LIMIT), text],
  ['binary', Buffer.from(Array.from({ length: 256 }, (_, i) => i)), binary],
].map(([name, body, type]) => ({ name, body: Buffer.from(body), type }));

// ---- Comparing ------------------------------------------------------------------------------------------------------

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

const reason = (e) => (e.cause ? `${e.message}: ${e.cause.message}` : e.message); // `fetch failed` alone says nothing
let passed = 0, failed = 0;
async function check(name, body) { // `body` returns what is wrong, or nothing
  let wrong;
  try { wrong = await body(); } catch (e) { wrong = reason(e); }
  if (wrong) failed++; else passed++;
  console.log(wrong ? `FAIL  ${name}: ${wrong}` : `ok    ${name}`);
}
const show = (bytes) => `${JSON.stringify(bytes.toString().slice(0, 80))} (${bytes.length} bytes)`;
const showAll = (list) => list.map(show).join(' and ') || 'nothing';

// ---- Queue storage over REST ----------------------------------------------------------------------------------------

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

// ---- What this script starts, and ends ------------------------------------------------------------------------------

class Missing extends Error {} // the run is skipped
const onPath = (name) => spawnSync(`${windows ? 'where' : 'command -v'} ${name}`, { shell: true }).status === 0;
const listening = (port) => new Promise((resolve) => {
  const socket = connect(port, '127.0.0.1', () => { socket.destroy(); resolve(true); });
  socket.on('error', () => resolve(false));
});
const pause = () => new Promise((resolve) => setTimeout(resolve, 100));

const started = [];
function start(command) { // in a process group of its own, so that all that it starts can be ended with it
  console.log(`Starting: ${command}`);
  const env = { ...process.env, FUNCTIONS_CORE_TOOLS_TELEMETRY_OPTOUT: '1' };
  const child = spawn(command, { cwd: root, env, shell: true, detached: !windows, stdio: ['ignore', 'pipe', 'pipe'] });
  const job = { child, output: '', ended: false };
  const keep = (data) => { job.output = (job.output + data).slice(-6000); };
  for (const stream of [child.stdout, child.stderr]) stream.on('data', keep);
  child.on('exit', () => { job.ended = true; });
  started.push(job);
  return job;
}
function signal({ child }, name) {
  if (windows) spawnSync('taskkill', ['/pid', String(child.pid), '/T', '/F']);
  else try { process.kill(-child.pid, name); } catch { /* the whole group has ended already */ }
}
async function stopAll() {
  for (const job of [...started].reverse()) { // the host first, then its storage
    signal(job, 'SIGTERM');
    for (const end = Date.now() + 10_000; !job.ended && Date.now() < end;) await pause();
    signal(job, 'SIGKILL'); // whoever is left: a handler that outlived its host
  }
}
process.on('exit', () => started.forEach((job) => signal(job, 'SIGKILL')));
for (const [name, code] of [['SIGINT', 130], ['SIGTERM', 143], ['SIGHUP', 129]]) {
  process.on(name, () => process.exit(code));
}

// Asks again until `probe` says yes; throws after `seconds`, and at once if `job` has ended.
async function until(what, seconds, probe, job) {
  for (const end = Date.now() + seconds * 1000; !(await probe()); await pause()) {
    if (job?.ended) throw new Error(`${what} ended.\n${job.output}`);
    if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s.\n${job?.output ?? ''}`.trim());
  }
}
async function startStorage() {
  if (await listening(10001)) return console.log('Using the storage that listens on 127.0.0.1:10001.');
  if (!onPath('npx')) throw new Missing('nothing listens on port 10001, and npx, to start Azurite, is not on PATH.');
  // --prefer-offline: once downloaded, it starts without a network.
  // --inMemoryPersistence: nothing stays on disk. --skipApiVersionCheck: the host may be newer than Azurite.
  const azurite = start('npx --yes --prefer-offline --package azurite@3.37.0 azurite'
    + ' --silent --inMemoryPersistence --skipApiVersionCheck --disableTelemetry');
  await until('it', 300, () => listening(10001), azurite) // the first start downloads it
    .catch((e) => { throw new Missing(`Azurite could not be started from npm: ${e.message}`); });
}
async function startHost() {
  let job;
  if (!given) {
    if (await listening(7071)) throw new Error(`port 7071 is in use: end that host, or test it with HOST=${host}`);
    job = start('func start --port 7071');
  }
  // The first start downloads the extension bundle. Any status but 200 is a host that is not there yet.
  const ready = () => get('hello', 10_000).then((answer) => answer.status === 200, () => false);
  await until(`A Functions host at ${host}`, given ? 30 : 240, ready, job);
  return job;
}

// ---- The checks -----------------------------------------------------------------------------------------------------

const get = (path, timeout = 60_000) => fetch(`${host}/api/${path}`, { signal: AbortSignal.timeout(timeout) });
const post = (path, body, type, more) => fetch(`${host}/api/${path}`,
  { method: 'POST', body, headers: { 'content-type': type }, signal: AbortSignal.timeout(60_000), ...more });

async function checkHello() {
  const sent = '{\n  "message": "Hello World! \u{1F600}"\n}';
  for (const [name, send, expected] of [
    ['GET /api/hello', () => get('hello'), 'hello world'],
    ['POST /api/hello gives the body back', () => post('hello', sent, json), sent],
  ]) {
    await check(name, async () => {
      const answer = await send();
      const body = await answer.text();
      if (answer.status !== 200 || body !== expected) return `was answered ${answer.status} ${show(body)}`;
    });
  }
}

// A message is in `orders` before its caller has the answer, so the queue is read after each. What came late all the
// same would show beside the next order.
async function checkRefusals() {
  const chunked = () => new ReadableStream({ start(c) { c.enqueue(Buffer.from('{"id":1}')); c.close(); } });
  const refusals = [
    ['an empty body', 400, () => post('order', '', json)],
    ['an upload without Content-Length', 411, () => post('order', chunked(), json, { duplex: 'half' })],
    ['Latin-1 as text', 415, () => post('order', Buffer.from('Gr\u00fc\u00dfe', 'latin1'), 'text/plain')],
    ['a byte too many', 413, () => post('order', Buffer.alloc(LIMIT + 1, 'x'), text)],
  ];
  for (const [name, status, send] of refusals) {
    await check(`order refused: ${name}, ${status}`, async () => {
      const answer = await send();
      const [body, enqueued] = [await answer.text(), await take('orders')];
      if (answer.status !== status || !body) return `was answered ${answer.status} ${show(body)}`;
      if (enqueued.length) return `was answered ${status}, but enqueued ${showAll(enqueued)}`;
    });
  }
}
async function order(kind) {
  const answer = await post('order', kind.body, kind.type);
  const body = await answer.text();
  if (answer.status === 200 && body === 'Order enqueued') return;
  throw new Error(`was answered ${answer.status} ${show(body)}`);
}
async function checkOneByOne(title, queue, list, send) {
  for (const kind of list) {
    await check(`${title}: ${kind.name}`, async () => {
      await send(kind);
      const got = [];
      await until('its message in the queue', 10, async () => got.push(...await take(queue)));
      if (got.length !== 1 || !same(kind.body, got[0])) return `sent ${show(kind.body)}, the queue got ${showAll(got)}`;
    });
  }
}

// Messages come out in any order, so each sent one looks for its like. The host polls an idle queue once a minute.
async function checkAllAtOnce(title, from, to, list) {
  const [got, poisoned] = [[], []];
  await check(`${title}: ${list.length} messages come out`, async () => {
    for (const kind of list) await put(from, kind.body);
    await until('the rest', 150, async () => {
      got.push(...await take(to));
      poisoned.push(...await take('messages-incoming-poison'));
      return got.length + poisoned.length >= list.length;
    }).catch((e) => { throw new Error(`${got.length} came; ${e.message}`); });
  });
  for (const kind of list) {
    const at = got.findIndex((bytes) => same(kind.body, bytes));
    await check(`${title}: ${kind.name}`, () => (at < 0 ? `sent ${show(kind.body)}, nothing like it came out`
      : void got.splice(at, 1)));
  }
  await check(`${title}: nothing else comes out, and nothing is poisoned`, async () => {
    got.push(...await take(to));
    poisoned.push(...await take('messages-incoming-poison'));
    if (got.length || poisoned.length) return `out: ${showAll(got)}; poisoned: ${showAll(poisoned)}`;
  });
}

// No comparison is worth more than its `no`: one bit changed anywhere in a message must be seen.
function checkComparing() {
  const blind = kinds.filter(({ body }) => [0, body.length >> 1, body.length - 1].some((at) => {
    const changed = Buffer.from(body);
    changed[at] ^= 1;
    return same(body, changed);
  }));
  return check('a changed bit is seen', () => blind.map((kind) => kind.name).join(', ') || undefined);
}

async function main() {
  if (!storageOnly && !given) {
    if (!onPath('func')) {
      throw new Missing('func is not on PATH (npm i -g azure-functions-core-tools@4), and HOST names no running host.');
    }
    const handler = windows ? 'handler.exe' : 'handler';
    if (!existsSync(root + handler)) throw new Missing(`./${handler} is not built.`);
  }
  await startStorage();
  await emptyQueues();
  const hostJob = storageOnly ? undefined : await startHost();
  try {
    await checkComparing();
    if (storageOnly) {
      await checkOneByOne('storage', 'orders', kinds, (kind) => put('orders', kind.body));
      await checkAllAtOnce('storage, all at once', 'messages-outgoing', 'messages-outgoing', [...kinds, ...kinds]);
      await check('storage: emptying', async () => {
        await put('orders', kinds[0].body);
        await emptyQueues();
        const left = await take('orders');
        if (left.length) return showAll(left);
      });
    } else {
      await checkHello();
      await checkRefusals();
      await checkOneByOne('order', 'orders', kinds, order);
      // Bytes that are not UTF-8 never reach a handler: the host poisons them itself. So no binary kind here.
      const texts = kinds.filter((kind) => kind.type !== binary);
      await checkAllAtOnce('queue', 'messages-incoming', 'messages-outgoing', texts);
    }
  } finally {
    await emptyQueues();
  }
  if (failed && hostJob) console.log(`\nThe last that func said:\n${hostJob.output}`);
  console.log(`\ne2e: ${passed} passed, ${failed} failed`);
  if (failed) process.exitCode = 1;
}

try {
  await main();
} catch (e) {
  if (e instanceof Missing) console.log(`e2e skipped: ${e.message}`);
  else console.error(`e2e failed: ${reason(e)}`);
  process.exitCode = e instanceof Missing ? 77 : 1;
} finally {
  await stopAll();
}
