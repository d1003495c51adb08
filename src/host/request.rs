//! The caller's request, which a function with an HTTP trigger gets.

use super::error::{Error, listed};
use super::invocation::Invocation;
use super::response::Result;
use super::url;
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use std::fmt;

/// Names and their texts: headers, or route parameters, of which an absent one has no text.
pub(crate) type Texts<'a> = Vec<(Cow<'a, str>, Option<Cow<'a, str>>)>;

/// The texts of this name, in any case.
pub(crate) fn named<'t>(texts: &'t Texts, name: &str) -> impl Iterator<Item = &'t str> {
    let is_named = move |(key, _): &&(Cow<str>, _)| key.eq_ignore_ascii_case(name);
    let named = texts.iter().filter(is_named);
    named.filter_map(|(_, text)| text.as_deref())
}

/// The request of an HTTP trigger, the same in each form in which the host passes it on.
///
/// ```
/// use app::{HttpRequest, HttpResponse, Result};
///
/// /// For the route `products/{category:alpha}/{id:int?}`.
/// fn run(request: HttpRequest) -> Result {
///     let (category, id) = (request.param("category")?, request.param("id")?);
///     let (tags, accepted) = (request.query_all("tag"), request.header_all("Accept"));
///     Ok(HttpResponse::json(&(category, id, tags, accepted))?.into())
/// }
/// ```
pub struct HttpRequest<'a> {
    /// The method in capitals: `GET`. A route that takes GET takes HEAD too.
    pub method: Cow<'a, str>,
    /// Its id, metadata and other inputs.
    pub invocation: Invocation<'a>,
    pub(crate) url: Cow<'a, str>,
    /// The host's `Query`, which joins the values of a repeated name by commas.
    pub(crate) query: Texts<'a>,
    pub(crate) params: Texts<'a>,
    pub(crate) headers: Texts<'a>,
    pub(crate) body: Result<Cow<'a, [u8]>>,
}

/// Names and lengths: the headers and the query can hold a caller's key.
impl fmt::Debug for HttpRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let headers: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        let body = self.body.as_ref().map(|body| body.len());
        let (method, invocation) = (&self.method, &self.invocation);
        write!(
            f,
            "HttpRequest({method}, {headers:?}, {body:?}, {invocation:?})"
        )
    }
}

impl HttpRequest<'_> {
    /// The first value of `name`, whose case matters, in the query, decoded. What is not UTF-8
    /// becomes U+FFFD.
    pub fn query(&self, name: &str) -> Option<String> {
        self.query_all(name).into_iter().next()
    }

    /// All values of `name` in the query, decoded.
    pub fn query_all(&self, name: &str) -> Vec<String> {
        let (_, query) = self.url.split_once('?').unwrap_or_default();
        let in_url: Vec<_> = url::query_values(query, name).collect();
        if !in_url.is_empty() {
            return in_url;
        }
        let named = self.query.iter().filter(|(key, _)| key == name);
        let values = named.filter_map(|(_, text)| text.as_deref());
        values.map(str::to_owned).collect()
    }

    /// The value of the route's segment `{name}`, decoded; `None` if it is optional and absent.
    /// Errors if the route has no such segment.
    #[track_caller]
    pub fn param(&self, name: &str) -> Result<Option<&str>> {
        let mut params = self.params.iter();
        if let Some((_, value)) = params.find(|(key, _)| key.eq_ignore_ascii_case(name)) {
            return Ok(value.as_deref());
        }
        let names = listed(self.params.iter().map(|(name, _)| &**name));
        Err(format!("the route has no parameter {name:?}: {names}").into())
    }

    /// The first value of the header `name`, whose case does not matter.
    pub fn header(&self, name: &str) -> Option<&str> {
        named(&self.headers, name).next()
    }

    /// All values of the header `name`.
    pub fn header_all(&self, name: &str) -> Vec<&str> {
        named(&self.headers, name).collect()
    }

    /// The body as the caller sent it; empty if there is none. Refuses the caller if the host has
    /// damaged it: a chunked upload arrives without its body (411), and bytes that are not UTF-8
    /// arrive as U+FFFD (415).
    pub fn body(&self) -> Result<&[u8]> {
        self.body.as_deref().map_err(Error::clone)
    }

    /// The same, without a copy if it is large.
    pub fn into_body(self) -> Result<Vec<u8>> {
        self.body.map(Cow::into_owned)
    }

    /// The body as text. Refuses the caller (415) if it is not UTF-8.
    pub fn text(&self) -> Result<&str> {
        let text = std::str::from_utf8(self.body()?);
        text.map_err(|error| Error::refuse(415, format!("the body must be text in UTF-8: {error}")))
    }

    /// The body read as JSON. Refuses the caller (400) if it is not JSON, or not that of a `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_str(self.text()?).map_err(|error| {
            Error::refuse(400, format!("the body is not the JSON expected: {error}"))
        })
    }
}
