// Adds the tools of tools.rs and tools.json to the app in the current folder.
import fs from "node:fs";

const here = "tests/template/mcp";
const tools = JSON.parse(fs.readFileSync(`${here}/tools.json`, "utf8"));
const code = fs.readFileSync(`${here}/tools.rs`, "utf8");
const table = /pub const ROUTES: &\[Route\] = &\[\n([^]*?)\];\n/;
fs.writeFileSync("src/functions/tools.rs", code.replace(table, "").replace("use app::", "use crate::").replace("Route, ", "").replaceAll("app::Http", "crate::Http"));
const routes = code.match(table)[1].replace(/^( +)(\w+::)?(\w+),?$/gm, "$1$3,");
const lines = [...routes.replace(/\s+/g, " ").matchAll(/Route::tool\( ?("[^"]+", "[^"]+", &\[[^\]]*\]), (\w+),? ?\)/g)];
if (lines.length !== Object.keys(tools).length) throw new Error(`${lines.length} lines in the table of tools.rs`);

const file = "src/functions/mod.rs";
const added = lines.map(([, arguments_, run]) => `    Route::tool(${arguments_}, tools::${run}),\n`).join("");
const text = fs.readFileSync(file, "utf8").replace(/\nuse /, "\nmod tools;\n\nuse ").replace(/\n\];/, `\n${added}];`);
fs.writeFileSync(file, text);

for (const [name, properties] of Object.entries(tools)) {
  const bindings = [{
    type: "mcpToolTrigger", direction: "in", name: "context", toolName: name.replaceAll("-", "_"), description: `The tool ${name}.`,
    toolProperties: JSON.stringify(properties), useResultSchema: true,
  }];
  if (name === "besides") {
    const storage = { connection: "AzureWebJobsStorage" };
    bindings.push({ type: "blob", direction: "in", name: "snippet", path: "snippets/{mcptoolargs.item}.json", ...storage });
    bindings.push({ type: "queue", direction: "out", name: "message", queueName: "asked", ...storage });
  }
  fs.mkdirSync(name);
  fs.writeFileSync(`${name}/function.json`, JSON.stringify({ bindings }, null, 2));
  fs.writeFileSync(`${name}/tool.json`, JSON.stringify(properties, null, 2));
}
