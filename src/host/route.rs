//! The table of functions: the name of each, what triggers it, and its code.

use super::invocation::Invocation;
use super::request::HttpRequest;
use super::response::Result;
use super::tool::ToolCall;
use serde::Serialize;

/// One function: a line of the table in `src/functions/mod.rs`. As JSON, `make check` compares it
/// with the function's folder.
#[derive(Debug, Clone, Serialize)]
pub struct Route {
    /// The name of the function and of its folder. An invocation comes as `POST /<name>`.
    pub name: &'static str,
    /// The output bindings that the function sets, without the HTTP output.
    pub outputs: &'static [&'static str],
    pub kind: Kind,
}

/// What triggers a function.
#[derive(Debug, Clone, Serialize)]
pub enum Kind {
    /// An HTTP request.
    Http {
        /// The methods that it takes, in capitals. A function that takes GET takes HEAD too.
        methods: &'static [&'static str],
        /// The whole route. `None` for a function with other bindings too, whose requests always
        /// come as invocations.
        path: Option<&'static str>,
        #[serde(skip)]
        run: fn(HttpRequest) -> Result,
    },
    /// Any other trigger, whose binding has the name `binding`.
    Trigger {
        binding: &'static str,
        #[serde(skip)]
        run: fn(Invocation) -> Result,
    },
    /// A call of an MCP tool.
    Tool {
        binding: &'static str,
        #[serde(skip)]
        run: fn(ToolCall) -> Result,
    },
}

impl Route {
    const fn new(name: &'static str, outputs: &'static [&'static str], kind: Kind) -> Self {
        Self {
            name,
            outputs,
            kind,
        }
    }

    /// A function with an HTTP trigger, an HTTP output, and no other binding. `path` is the whole
    /// route, prefix included: `/api/products/{category:alpha}/{id:int?}`.
    pub const fn http(
        name: &'static str,
        methods: &'static [&'static str],
        path: &'static str,
        run: fn(HttpRequest) -> Result,
    ) -> Self {
        let path = Some(path);
        Self::new(name, &[], Kind::Http { methods, path, run })
    }

    /// A function with an HTTP trigger, an HTTP output, and other bindings. `outputs` are the
    /// output bindings that it sets; `$return` is the return value.
    pub const fn http_with_bindings(
        name: &'static str,
        methods: &'static [&'static str],
        outputs: &'static [&'static str],
        run: fn(HttpRequest) -> Result,
    ) -> Self {
        let path = None;
        Self::new(name, outputs, Kind::Http { methods, path, run })
    }

    /// A function with another trigger, whose binding has the name `binding`.
    pub const fn trigger(
        name: &'static str,
        binding: &'static str,
        outputs: &'static [&'static str],
        run: fn(Invocation) -> Result,
    ) -> Self {
        Self::new(name, outputs, Kind::Trigger { binding, run })
    }

    /// An MCP tool, whose trigger's binding has the name `binding`. Its result is not an output.
    pub const fn tool(
        name: &'static str,
        binding: &'static str,
        outputs: &'static [&'static str],
        run: fn(ToolCall) -> Result,
    ) -> Self {
        Self::new(name, outputs, Kind::Tool { binding, run })
    }
}
