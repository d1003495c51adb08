//! The table of functions: the name of each, what triggers it, and its code.

use super::invocation::Invocation;
use super::request::HttpRequest;
use super::response::Result;
use super::tool::ToolCall;
use serde::Serialize;

/// One function of the app: a line of the table in `src/functions/mod.rs`. As JSON, `make check`
/// compares it with the function's folder.
#[derive(Debug, Clone, Serialize)]
pub struct Route {
    /// The name of the function and of its folder. An invocation comes as `POST /<name>`.
    pub name: &'static str,
    /// The output bindings that the function sets, without the HTTP output. `$return` is the return
    /// value.
    pub outputs: &'static [&'static str],
    /// What triggers it, and the function itself.
    pub kind: Kind,
}

/// What triggers a function.
#[derive(Debug, Clone, Serialize)]
pub enum Kind {
    /// An HTTP request.
    Http {
        /// The methods that it takes, in capitals. A function that takes GET takes HEAD too.
        methods: &'static [&'static str],
        /// The whole route: `/`, the route prefix, `/`, and the `route` from function.json
        /// (`/api/products/{category:alpha}/{id:int?}`). `None` for a function with bindings other
        /// than HTTP, whose requests always come as invocations.
        path: Option<&'static str>,
        /// The function.
        #[serde(skip)]
        run: fn(HttpRequest) -> Result,
    },
    /// Any other trigger.
    Trigger {
        /// The name of the trigger's binding.
        binding: &'static str,
        /// The function.
        #[serde(skip)]
        run: fn(Invocation) -> Result,
    },
    /// A call of an MCP tool.
    Tool {
        /// The name of the trigger's binding.
        binding: &'static str,
        /// The function.
        #[serde(skip)]
        run: fn(ToolCall) -> Result,
    },
}

impl Route {
    /// A function with an HTTP trigger, an HTTP output, and no other binding. `path` is the whole
    /// route: `/api/` and the `route` from function.json.
    pub const fn http(
        name: &'static str,
        methods: &'static [&'static str],
        path: &'static str,
        run: fn(HttpRequest) -> Result,
    ) -> Self {
        Self {
            name,
            outputs: &[],
            kind: Kind::Http {
                methods,
                path: Some(path),
                run,
            },
        }
    }

    /// A function with an HTTP trigger, an HTTP output, and other bindings.
    pub const fn http_with_bindings(
        name: &'static str,
        methods: &'static [&'static str],
        outputs: &'static [&'static str],
        run: fn(HttpRequest) -> Result,
    ) -> Self {
        Self {
            name,
            outputs,
            kind: Kind::Http {
                methods,
                path: None,
                run,
            },
        }
    }

    /// A function with another trigger, whose binding has the name `binding`.
    pub const fn trigger(
        name: &'static str,
        binding: &'static str,
        outputs: &'static [&'static str],
        run: fn(Invocation) -> Result,
    ) -> Self {
        Self {
            name,
            outputs,
            kind: Kind::Trigger { binding, run },
        }
    }

    /// An MCP tool, whose trigger's binding has the name `binding`. Its result is not one of the
    /// outputs.
    pub const fn tool(
        name: &'static str,
        binding: &'static str,
        outputs: &'static [&'static str],
        run: fn(ToolCall) -> Result,
    ) -> Self {
        Self {
            name,
            outputs,
            kind: Kind::Tool { binding, run },
        }
    }
}
