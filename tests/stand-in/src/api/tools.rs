//! MCP tools, called as an agent calls them.

use super::{App, arguments, root};
use crate::app::json;
use crate::app::names::listed;
use crate::app::tool::FILE;
use crate::host::mcp;
use crate::host::request::Request;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ToolAnswer {
    /// Blocks as MCP defines them: `{"type": "text", "text": "..."}`.
    pub content: Vec<Value>,
    pub structured_content: Option<Value>,
    /// Whether the tool refused the call, or failed.
    #[serde(default)]
    pub is_error: bool,
}

impl ToolAnswer {
    /// The text blocks, joined by line breaks.
    pub fn text(&self) -> String {
        let blocks = self.content.iter();
        let texts: Vec<_> = blocks.filter_map(|block| block["text"].as_str()).collect();
        texts.join("\n")
    }
}

/// Why the host itself refused a call. The tool was not called.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct ToolRefusal {
    /// JSON-RPC's code: -32602 for a missing argument.
    pub code: i64,
    pub message: String,
}

impl App {
    /// Calls a tool by its `toolName` with a JSON object. Errors if a required argument is missing.
    #[track_caller]
    pub fn tool(&self, name: &str, arguments: Value) -> Result<ToolAnswer, ToolRefusal> {
        let tools = self.host.app.tools();
        let names = tools.iter().map(|tool| &*tool.name);
        if !names.clone().any(|tool| tool.eq_ignore_ascii_case(name)) {
            panic!("there is no tool {name}; {}", listed(names));
        }
        let answer = self.mcp("tools/call", json!({"name": name, "arguments": arguments}));
        self.limit.check();
        let answer = answer?;
        self.settle();
        Ok(serde_json::from_value(answer).expect("a result that the host has read"))
    }

    /// The tools as an agent gets them: `name`, `description`, `inputSchema`.
    #[track_caller]
    pub fn tools(&self) -> Vec<Value> {
        match self.mcp("tools/list", json!({})) {
            Ok(list) => list["tools"].as_array().cloned().unwrap_or_default(),
            Err(refusal) => panic!("{}", refusal.message),
        }
    }

    fn mcp(&self, method: &str, params: Value) -> Result<Value, ToolRefusal> {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let headers = [
            ("Host", "localhost:7071"),
            ("Accept", "application/json, text/event-stream"),
            ("Content-Type", "application/json"),
        ];
        let body = body.to_string();
        let request = Request::new("POST", mcp::PATH, &headers, body.as_bytes());
        let answer = self.host.mcp(&request);
        let message = mcp::message_in(&answer);
        match ToolRefusal::deserialize(&message["error"]) {
            Ok(refusal) => Err(refusal),
            Err(_) => Ok(message["result"].clone()),
        }
    }
}

/// Panics if the names of the struct's fields, or which are required, differ from the function's
/// tool.json.
///
/// ```no_run
/// #[derive(serde::Deserialize)]
/// struct Arguments {
///     item: String,
///     count: Option<u32>,
/// }
/// stand_in::assert_arguments::<Arguments>("price-of");
/// ```
#[track_caller]
pub fn assert_arguments<T: DeserializeOwned>(function: &str) {
    let file = format!("{function}/{FILE}");
    let text = json::text(&root(), &file);
    if let Err(why) = text.and_then(|text| arguments::compare::<T>(&text)) {
        panic!("{file}: {why}");
    }
}
