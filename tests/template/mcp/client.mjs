// npm's MCP client against `make run`: the tools of tools.rs. Prints one line per test, then "N passed, N failed".
import assert from "node:assert/strict";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const url = new URL(process.argv[2]);
const client = new Client({ name: "the template's test", version: "1" });
const transport = new StreamableHTTPClientTransport(url);
await client.connect(transport);

const call = (name, args = {}) => client.callTool({ name, arguments: args });
const text = (text, more = {}) => ({ content: [{ type: "text", text }], ...more });

const tests = {
  async "the tools are listed"() {
    const { tools } = await client.listTools();
    assert.equal(tools.length, 17);
    const { description, inputSchema } = tools.find((tool) => tool.name === "price_of");
    assert.equal(description, "The tool price-of.");
    assert.deepEqual(inputSchema.required, ["item"]);
    assert.deepEqual(Object.keys(inputSchema.properties), ["item", "count"]);
  },
  async "a call"() {
    const price = { price: 6 };
    assert.deepEqual(await call("price_of", { item: "tea", count: 2 }), text(JSON.stringify(price), { structuredContent: price }));
  },
  async "arguments that are missing, or of another type"() {
    await assert.rejects(call("price_of", { count: 1 }), { code: -32602, message: /Please provide: item/ });
    const wrong = 'the argument count: invalid type: string "two", expected u32';
    assert.deepEqual(await call("price_of", { item: "tea", count: "two" }), text(wrong, { isError: true }));
  },
  async "an unknown tool"() {
    await assert.rejects(call("coffee"), { code: -32602, message: /Unknown tool: 'coffee'/ });
  },
  async "a refusal, a failure, a panic"() {
    assert.deepEqual(await call("refuses"), text('there is no "tea" today ☕; ask for coffee', { isError: true }));
    for (const tool of ["fails", "panics"]) {
      assert.deepEqual(await call(tool), text(`An error occurred invoking '${tool}'.`, { isError: true }));
    }
  },
  async "two at once"() {
    assert.deepEqual(await Promise.all([call("meets"), call("meets")]), [text("met"), text("met")]);
  },
  async "texts arrive as they are, also of 1 MB"() {
    const texts = ["2026-11-21T10:00:00+02:00", "/Date(1)/", "dGVzdA==", "test", "", " ", "null", "true", "1.50", "[]", "{}", "🍵 ☕ é\n\t\u2028\"\\"];
    for (const item of [...texts, "🍵 tea ".repeat(100_000)]) assert.deepEqual(await call("says", { item }), text(item));
    assert.equal((await call("says", { item: "x", count: 1 << 20 })).content[0].text.length, 1 << 20);
  },
  async "nothing"() {
    assert.deepEqual(await call("empty"), { content: [] });
  },
  async "JSON arrives as it is"() {
    const args = { a: 10.1, at: "2026-11-21T10:00:00+02:00", yes: true, none: null, list: [1, "x", {}], "🍵": "test" };
    const echoed = await call("echoes", args);
    assert.deepEqual(echoed.structuredContent, args);
    assert.deepEqual(JSON.parse(echoed.content[0].text), args);
  },
  async "blocks of every kind"() {
    const { content } = await call("shows");
    assert.deepEqual(content.map((block) => block.type), ["text", "image", "audio", "resource", "resource", "resource_link"]);
    assert.equal(Buffer.from(content[1].data, "base64").subarray(1, 4).toString(), "PNG");
    assert.deepEqual([...Buffer.from(content[4].resource.blob, "base64")], [0xff, 0]);
  },
  async "outputs beside it"() {
    assert.deepEqual(await call("besides", { item: "tea" }), text("tea, none, besides"));
    const queued = await (await fetch(new URL("/local/queues/asked", url))).json();
    assert.deepEqual(queued, ["tea"]);
  },
  async "a web page that is not of this machine"() {
    const headers = { Origin: "http://evil.example", Accept: "*/*", "Content-Type": "application/json" };
    const answer = await fetch(url, { method: "POST", headers, body: '{"jsonrpc":"2.0","id":1,"method":"ping"}' });
    assert.equal(answer.status, 403);
    assert.equal((await fetch(new URL("/local/queues/asked", url), { headers })).status, 200);
  },
};

let failures = 0;
for (const [name, test] of Object.entries(tests)) {
  try {
    await test();
    console.log(`ok: ${name}`);
  } catch (error) {
    failures += 1;
    console.log(`FAILED: ${name}: ${error.stack}`);
  }
}
await client.close();
console.log(`${Object.keys(tests).length - failures} passed, ${failures} failed`);
process.exitCode = failures ? 1 : 0;
