//! A caller's request: what it becomes for a function in each of the three forms in which the host
//! sends it on. In brackets: the host's file, under src/WebJobs.Script.

use crate::host::base64::to_base64;
use crate::host::data::{Data, Value, sys};
use crate::host::newtonsoft::{json, object, quoted};
use crate::host::routes::{self, Parameters};
use crate::run::http;

/// An HTTP request as the host got it.
pub struct Request<'a> {
    pub method: &'a str,
    /// Path and query, as they were sent.
    pub target: &'a str,
    pub headers: Vec<(String, String)>,
    pub body: &'a [u8],
}

impl Request<'_> {
    /// The value of a header, in any case; "" without it.
    pub fn header(&self, name: &str) -> &str {
        http::named(&self.headers, name).next().unwrap_or_default()
    }

    /// The media type of the body, without its parameters; "" without one.
    pub fn media_type(&self) -> &str {
        let content_type = self.header("Content-Type");
        content_type.split(';').next().unwrap_or_default().trim()
    }

    /// Whether the body came in chunks, and so without a length.
    pub fn is_chunked(&self) -> bool {
        self.header("Transfer-Encoding") == "chunked"
    }

    /// The query's names, in any case, with all their values, decoded.
    pub fn query(&self) -> Vec<(String, Vec<String>)> {
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        let decoded = |text: &str| routes::decoded(&text.replace('+', " "));
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        grouped(pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        }))
    }

    /// `Body` [Extensions/HttpRequestExtensions.cs, GetRequestAsJObject; Utility.cs,
    /// IsMediaTypeOctetOrMultipart]: absent without a Content-Length above 0, else base64 for two
    /// kinds of media types, else text.
    fn body(&self) -> Option<String> {
        if self.is_chunked() || self.body.is_empty() {
            return None;
        }
        let content_type = self.header("Content-Type").to_ascii_lowercase();
        let (media_type, parameters) = content_type.split_once(';').unwrap_or((&content_type, "-"));
        let media_type = media_type.trim();
        // A type that MediaTypeHeaderValue.TryParse refuses (no subtype, nothing after ";") counts
        // as text.
        let parses = media_type.contains('/') && !parameters.trim().is_empty();
        let binary = media_type == "application/octet-stream" || media_type.contains("multipart/");
        Some(match parses && binary {
            true => to_base64(self.body),
            false => decoded(self.body),
        })
    }

    /// The value of an httpTrigger in `Data`, and its binding data
    /// [Extensions/HttpRequestExtensions.cs; WebJobs.Extensions.Http,
    /// HttpTriggerAttributeBindingProvider.cs, GetRequestBindingData].
    pub fn payload(&self, function: &str, parameters: &Parameters) -> (String, Data) {
        let (query, headers) = (self.query(), header_lists(&self.headers));
        let body = self.body();
        let url = format!("http://{}{}", self.header("Host"), self.target);
        let queries = query
            .iter()
            .map(|(name, values)| (name, quoted(&values.join(","))));
        let lists = headers.iter().map(|(name, values)| (name, json(values)));
        let params = parameters.iter().map(|(name, value)| (name, json(value)));
        let mut value = vec![
            ("Url", quoted(&url)),
            ("Method", quoted(self.method)),
            ("Query", object(queries)),
            ("Headers", object(lists)),
            ("Params", object(params)),
            ("Identities", IDENTITIES.to_owned()),
        ];
        value.extend(body.as_ref().map(|body| ("Body", quoted(body))));

        let mut data = Data::default();
        // From the text, whatever the Content-Type says.
        if body.is_some() {
            data.set_members(&decoded(self.body));
        }
        let last = |(name, values): &(String, Vec<String>)| {
            let last = values.last().cloned().unwrap_or_default();
            (name.clone(), Value::Text(last))
        };
        for (name, value) in query.iter().map(last) {
            if !name.eq_ignore_ascii_case("code") {
                data.set(&name, value);
            }
        }
        // An optional parameter may be absent.
        for (name, value) in parameters {
            if let Some(value) = value {
                data.set(name, Value::from(&**value));
            }
        }
        let joined =
            |(name, values): &(String, Vec<String>)| (name.clone(), Value::Text(values.join(",")));
        let members = [
            ("Query", query.iter().map(last).collect()),
            ("Headers", headers.iter().map(joined).collect()),
        ];
        for (name, members) in members {
            if data.get(name).is_none() {
                data.set(name, Value::Members(members));
            }
        }
        data.set("sys", sys(function));
        (object(value), data)
    }

    /// What YARP makes of a request: method, path, query and body as they are, its own `Host`.
    pub fn proxied(&self, authority: &str, id: &str) -> Vec<u8> {
        // What it replaces, and what is between the caller and the host alone.
        const LEFT_OUT: &str = "host connection forwarded keep-alive proxy-connection te upgrade \
            x-azure-functions-invocationid x-azure-functions-hostversion x-ms-invocation-id \
            x-forwarded-for x-forwarded-host x-forwarded-proto";
        let mut lines = grouped(self.headers.iter().cloned());
        lines.retain(|(name, _)| {
            !LEFT_OUT
                .split(' ')
                .any(|one| one.eq_ignore_ascii_case(name))
        });
        // Seen: a header that was sent twice is one line.
        let lines = lines.into_iter().map(|(name, values)| {
            let is_cookie = name.eq_ignore_ascii_case("Cookie");
            (name, values.join(if is_cookie { "; " } else { ", " }))
        });
        let lines: Vec<(String, String)> = lines.collect();
        let mut headers = vec![("Host", authority)];
        headers.extend(borrowed(&lines));
        headers.extend([
            ("X-Azure-Functions-InvocationId", id),
            ("X-Azure-Functions-HostVersion", "4.1037.0.0"),
            ("x-ms-invocation-id", id),
            ("X-Forwarded-For", "127.0.0.1"),
            ("X-Forwarded-Host", self.header("Host")),
            ("X-Forwarded-Proto", "http"),
        ]);
        // Kestrel leaves a %2F in the path as it is, and YARP then escapes its percent sign.
        let path_end = self.target.find('?').unwrap_or(self.target.len());
        let (path, query) = self.target.split_at(path_end);
        let target = path.replace("%2F", "%252F").replace("%2f", "%252f") + query;
        match self.is_chunked() {
            true => {
                let head = http::request(self.method, &target, &headers, b"");
                http::chunked(head, self.body)
            }
            false => http::request(self.method, &target, &headers, self.body),
        }
    }

    /// [Extensions/HttpRequestExtensions.cs, ToHttpRequestMessage;
    /// Workers/Http/DefaultHttpWorkerService.cs, AddHeaders]: the caller's headers, its `Host` too;
    /// a query whose repeated names are joined.
    pub fn forwarded(&self, id: &str) -> Vec<u8> {
        let (mut target, mut separator) = (self.target.to_owned(), '?');
        target.truncate(target.find('?').unwrap_or(target.len()));
        for (name, values) in self.query() {
            let (name, value) = (encoded(&name), encoded(&values.join(",")));
            target += &format!("{separator}{name}={value}");
            separator = '&';
        }
        let agent = self.header("User-Agent");
        let agent = format!("{agent} Azure-Functions-Host/4.1037.0.0");
        let mut headers: Vec<_> = borrowed(&self.headers).collect();
        headers.retain(|(name, _)| !name.eq_ignore_ascii_case("User-Agent"));
        headers.extend([
            ("X-Azure-Functions-HostVersion", "4.1037.0.0"),
            ("X-Azure-Functions-InvocationId", id),
            ("User-Agent", &*agent),
        ]);
        http::request(self.method, &target, &headers, self.body)
    }
}

fn borrowed(headers: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    headers.iter().map(|(name, value)| (&**name, &**value))
}

/// A text with a percent sign for each byte that may not stand in a query.
fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// A body as text: UTF-8, unless it begins with the byte-order mark of another; the mark is dropped
/// (StreamReader with detectEncodingFromByteOrderMarks in WebJobs.Extensions.Http,
/// HttpRequestExtensions.cs). What is not UTF-8 becomes U+FFFD, one for each maximal part of a
/// sequence, in Rust as in .NET.
fn decoded(body: &[u8]) -> String {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let pair = |pair: &[u8]| unit([pair[0], *pair.get(1).unwrap_or(&0)]);
        String::from_utf16_lossy(&bytes.chunks(2).map(pair).collect::<Vec<_>>())
    };
    match body {
        [0xff, 0xfe, text @ ..] => utf16(text, u16::from_le_bytes),
        [0xfe, 0xff, text @ ..] => utf16(text, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, text @ ..] | text => String::from_utf8_lossy(text).into_owned(),
    }
}

/// What every caller is without authentication (ClaimsIdentity, serialized).
const IDENTITIES: &str = concat!(
    r#"[{"AuthenticationType":null,"IsAuthenticated":false,"Actor":null,"BootstrapContext":null,"Claims":[],"Label":null,"#,
    r#""Name":null,"NameClaimType":"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name","#,
    r#""RoleClaimType":"http://schemas.microsoft.com/ws/2008/06/identity/claims/role"}]"#
);

/// Headers in Kestrel's order (HttpHeaders.Generated.cs): four first, then others it knows by name,
/// Content-Length, the rest as they came. Values of one name are a list.
fn header_lists(headers: &[(String, String)]) -> Vec<(String, Vec<String>)> {
    const KNOWN: &str = "accept connection host user-agent content-type expect transfer-encoding \
        content-length";
    let mut lists = grouped(headers.iter().cloned());
    lists.sort_by_key(|(name, _)| {
        let mut known = KNOWN.split(' ');
        let place = known.position(|known| name.eq_ignore_ascii_case(known));
        place.unwrap_or(usize::MAX)
    });
    lists
}

/// The values of each name, in any case, in the order in which the names came first.
pub(super) fn grouped(pairs: impl Iterator<Item = (String, String)>) -> Vec<(String, Vec<String>)> {
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for (name, value) in pairs {
        let mut others = groups.iter_mut();
        match others.find(|(other, _)| other.eq_ignore_ascii_case(&name)) {
            Some((_, values)) => values.push(value),
            None => groups.push((name, vec![value])),
        }
    }
    groups
}
