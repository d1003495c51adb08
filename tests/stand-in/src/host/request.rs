//! What the host sends to a handler: a caller's request in three forms, and an invocation. Brackets
//! name the host's file, under src/WebJobs.Script.

use crate::host::base64::to_base64;
use crate::host::data::{Data, Value, sys};
use crate::host::newtonsoft::{json, object};
use crate::host::routes::{self, Parameters};
use crate::run::http::{self, Headers};

const VERSION: &str = "4.1037.0.0";

/// Names, which ignore case, and their values.
type Lists = Vec<(String, Vec<String>)>;

#[derive(Debug, Default)]
pub struct Request {
    pub method: String,
    /// Path and query, as they were sent.
    pub target: String,
    pub headers: Headers,
    pub body: Vec<u8>,
    pub keep_alive: bool,
    /// False for HTTP/1.0.
    pub takes_chunks: bool,
}

impl Request {
    pub fn new(method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Self {
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: http::headers_of(headers),
            body: body.to_owned(),
            ..Self::default()
        }
    }

    /// As it was sent.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// Empty if there is no such header.
    pub fn header(&self, name: &str) -> &str {
        http::named(&self.headers, name).next().unwrap_or_default()
    }

    pub fn is_chunked(&self) -> bool {
        self.header("Transfer-Encoding")
            .eq_ignore_ascii_case("chunked")
    }

    /// Only the query is decoded.
    fn path_and_query(&self) -> (&str, Lists) {
        let (path, query) = self.target.split_once('?').unwrap_or((&self.target, ""));
        let decoded = |text: &str| routes::decoded(&text.replace('+', " "));
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        });
        (path, grouped(pairs))
    }

    /// `None` without a Content-Length above 0, base64 for two kinds of media types, otherwise text
    /// [Utility.cs, IsMediaTypeOctetOrMultipart].
    fn body(&self) -> Option<String> {
        if self.is_chunked() || self.body.is_empty() {
            return None;
        }
        let kind = self.header("Content-Type").to_ascii_lowercase();
        let (kind, parameters) = kind.split_once(';').unwrap_or((&kind, "none"));
        let is_binary = kind.trim() == "application/octet-stream" || kind.contains("multipart/");
        // MediaTypeHeaderValue.TryParse refuses a type with nothing after its ";".
        Some(match is_binary && !parameters.trim().is_empty() {
            true => to_base64(&self.body),
            false => decoded(&self.body),
        })
    }

    /// The trigger's value and the binding data for a function
    /// [Extensions/HttpRequestExtensions.cs, GetRequestAsJObject; WebJobs.Extensions.Http,
    /// HttpTriggerAttributeBindingProvider.cs]
    pub fn payload(&self, function: &str, parameters: &Parameters) -> (String, Data) {
        const KESTRELS_ORDER: &str = "accept connection host user-agent content-type expect \
            transfer-encoding content-length";
        let ((_, query), body) = (self.path_and_query(), self.body());
        let mut headers = grouped(self.headers.iter().cloned());
        headers.sort_by_key(|(name, _)| place(name, KESTRELS_ORDER).unwrap_or(usize::MAX));
        let url = format!("http://{}{}", self.header("Host"), self.target);
        let query_json = texts(&query, joined).map(|(name, text)| (name, json(&text)));
        let headers_json = headers.iter().map(|(name, values)| (name, json(values)));
        let params = parameters.iter().map(|(name, value)| (name, json(value)));
        let mut value = vec![
            ("Url", json(&url)),
            ("Method", json(&self.method)),
            ("Query", object(query_json)),
            ("Headers", object(headers_json)),
            ("Params", object(params)),
            ("Identities", IDENTITIES.to_owned()),
        ];
        let mut data = Data::default();
        if let Some(body) = &body {
            value.push(("Body", json(body)));
            // From the text, whatever the Content-Type says.
            data.set_members(&decoded(&self.body));
        }
        for (name, text) in texts(&query, last) {
            if !name.eq_ignore_ascii_case("code") {
                data.set(name, Value::Text(text));
            }
        }
        for (name, text) in parameters {
            if let Some(text) = text {
                data.set(name, Value::Text(text.clone()));
            }
        }
        let (query, headers) = (texts(&query, last), texts(&headers, joined));
        for (name, texts) in [("Query", query), ("Headers", headers)] {
            if data.get(name).is_none() {
                let members = texts.map(|(name, text)| (name, Value::Text(text)));
                data.set(name, Value::Members(Data::from(members)));
            }
        }
        data.set("sys", sys(function));
        (object(value), data)
    }

    /// As YARP sends it.
    pub fn proxied(&self, authority: &str, id: &str) -> Vec<u8> {
        // Headers that YARP replaces, and those between the caller and the host alone.
        const LEFT_OUT: &str = "host connection forwarded keep-alive proxy-connection te upgrade \
            x-azure-functions-invocationid x-azure-functions-hostversion x-ms-invocation-id \
            x-forwarded-for x-forwarded-host x-forwarded-proto";
        let mut lines = vec![("Host".to_owned(), authority.to_owned())];
        for (name, values) in grouped(self.headers.iter().cloned()) {
            if place(&name, LEFT_OUT).is_none() {
                // Seen: a header that was sent twice is one line.
                let is_cookie = name.eq_ignore_ascii_case("Cookie");
                lines.push((name, values.join(if is_cookie { "; " } else { ", " })));
            }
        }
        let own = [
            ("X-Azure-Functions-InvocationId", id),
            ("X-Azure-Functions-HostVersion", VERSION),
            ("x-ms-invocation-id", id),
            ("X-Forwarded-For", "127.0.0.1"),
            ("X-Forwarded-Host", self.header("Host")),
            ("X-Forwarded-Proto", "http"),
        ];
        // Kestrel leaves a %2F in the path, and YARP then escapes its percent sign.
        let path_end = self.target.find('?').unwrap_or(self.target.len());
        let (path, query) = self.target.split_at(path_end);
        let target = path.replace("%2F", "%252F").replace("%2f", "%252f") + query;
        self.sent(&target, &lines, &own)
    }

    /// As the host sends it under `enableForwardingHttpRequest`: with the caller's `Host`, and with
    /// repeated names in the query joined [Extensions/HttpRequestExtensions.cs,
    /// ToHttpRequestMessage].
    pub fn forwarded(&self, id: &str) -> Vec<u8> {
        let (path, query) = self.path_and_query();
        let mut target = path.to_owned();
        for (name, text) in texts(&query, joined) {
            target.push(if target.len() == path.len() { '?' } else { '&' });
            target += &format!("{}={}", encoded(name), encoded(&text));
        }
        let agent = self.header("User-Agent");
        let agent = format!("{agent} Azure-Functions-Host/{VERSION}");
        let mut lines = self.headers.clone();
        lines.retain(|(name, _)| !name.eq_ignore_ascii_case("User-Agent"));
        let own = [
            ("X-Azure-Functions-HostVersion", VERSION),
            ("X-Azure-Functions-InvocationId", id),
            ("User-Agent", &agent),
        ];
        self.sent(&target, &lines, &own)
    }

    fn sent(&self, target: &str, lines: &[(String, String)], own: &[(&str, &str)]) -> Vec<u8> {
        let lines = lines.iter().map(|(name, value)| (&**name, &**value));
        let headers: Vec<_> = lines.chain(own.iter().copied()).collect();
        match self.is_chunked() {
            true => http::chunked(
                http::request(&self.method, target, &headers, b""),
                &self.body,
            ),
            false => http::request(&self.method, target, &headers, &self.body),
        }
    }
}

/// An invocation as the host sends it (tests/template/wire/host-order-json.http).
pub fn invocation(host: &str, path: &str, id: &str, payload: &[u8]) -> Vec<u8> {
    let headers = [
        ("Host", host),
        ("X-Azure-Functions-HostVersion", VERSION),
        ("X-Azure-Functions-InvocationId", id),
        ("User-Agent", &format!("Azure-Functions-Host/{VERSION}")),
        ("Transfer-Encoding", "chunked"),
        ("Content-Type", "application/json; charset=utf-8"),
    ];
    http::chunked(http::request("POST", path, &headers, b""), payload)
}

fn place(name: &str, among: &str) -> Option<usize> {
    let mut among = among.split(' ');
    among.position(|other| other.eq_ignore_ascii_case(name))
}

fn texts(lists: &Lists, text: fn(&[String]) -> String) -> impl Iterator<Item = (&String, String)> {
    lists.iter().map(move |(name, values)| (name, text(values)))
}

fn joined(values: &[String]) -> String {
    values.join(",")
}

fn last(values: &[String]) -> String {
    values.last().cloned().unwrap_or_default()
}

fn encoded(text: &str) -> String {
    let stands = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let encoded = text.bytes().map(|byte| match stands(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    });
    encoded.collect()
}

/// The body as text, without its byte-order mark (StreamReader).
fn decoded(body: &[u8]) -> String {
    let utf16 = |text: &[u8], unit: fn([u8; 2]) -> u16| {
        let pair = |pair: &[u8]| unit([pair[0], *pair.get(1).unwrap_or(&0)]);
        String::from_utf16_lossy(&text.chunks(2).map(pair).collect::<Vec<_>>())
    };
    match body {
        [0xff, 0xfe, text @ ..] => utf16(text, u16::from_le_bytes),
        [0xfe, 0xff, text @ ..] => utf16(text, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, text @ ..] | text => String::from_utf8_lossy(text).into_owned(),
    }
}

/// A caller without authentication: a serialized `ClaimsIdentity`.
const IDENTITIES: &str = concat!(
    r#"[{"AuthenticationType":null,"IsAuthenticated":false,"Actor":null,"BootstrapContext":null,"Claims":[],"Label":null,"#,
    r#""Name":null,"NameClaimType":"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name","#,
    r#""RoleClaimType":"http://schemas.microsoft.com/ws/2008/06/identity/claims/role"}]"#
);

/// Names in the order of their first values.
pub(super) fn grouped(pairs: impl Iterator<Item = (String, String)>) -> Lists {
    let mut groups = Lists::new();
    for (name, value) in pairs {
        let mut others = groups.iter_mut();
        match others.find(|(other, _)| other.eq_ignore_ascii_case(&name)) {
            Some((_, values)) => values.push(value),
            None => groups.push((name, vec![value])),
        }
    }
    groups
}
