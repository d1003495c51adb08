//! The table of functions: which there are, what triggers each, and where its code is.

use super::invocation::Invocation;
use super::request::HttpRequest;
use super::response::Result;
use super::tool::ToolCall;
use serde::Serialize;

/// One function of the app: a line of the table in `src/functions/mod.rs`. As JSON, `make check`
/// compares it with the function's folder.
#[derive(Debug, Clone, Serialize)]
pub struct Route {
    /// The function's name, which is that of its folder: an invocation comes as `POST /<name>`.
    pub name: &'static str,
    /// The output bindings that the function sets, `$return` for the return value; the HTTP output
    /// is not among them.
    pub outputs: &'static [&'static str],
    /// What triggers it, and the function itself.
    pub kind: Kind,
}

/// What triggers a function.
#[derive(Debug, Clone, Serialize)]
pub enum Kind {
    /// An HTTP request.
    Http {
        /// The methods it takes, in capitals. One that takes GET takes HEAD too.
        methods: &'static [&'static str],
        /// The path at which a host passes on the caller's own request: the route prefix, then
        /// function.json's `route` as it stands there (`/api/products/{category:alpha}/{id:int?}`).
        /// `None` for a function with other bindings than HTTP: its requests always come as
        /// invocations.
        path: Option<&'static str>,
        /// The function.
        #[serde(skip)]
        run: fn(HttpRequest) -> Result,
    },
    /// Anything else.
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
    /// A function with an HTTP trigger and an HTTP output and no other binding.
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

    /// A function with any other trigger, whose binding has the name `binding`.
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
