//! A caller's request: what it becomes for a function in each of the three forms in which the host
//! sends it on. In brackets: the host's file, under src/WebJobs.Script.

use crate::host::base64::to_base64;
use crate::host::data::{Data, Value, sys};
use crate::host::newtonsoft::quoted;
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
        self.headers
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map_or("", |(_, value)| value)
    }

    /// Whether the body came in chunks, and so without a length.
    pub fn is_chunked(&self) -> bool {
        self.header("Transfer-Encoding") == "chunked"
    }

    /// The query's names, in any case, with all their values, decoded.
    pub fn query(&self) -> Vec<(String, Vec<String>)> {
        let text = self.target.split_once('?').map_or("", |(_, query)| query);
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (url_decoded(name), url_decoded(value))
        };
        let pairs: Vec<_> = text
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(pair)
            .collect();
        grouped(&pairs)
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
        let binary = parses
            && (media_type == "application/octet-stream" || media_type.contains("multipart/"));
        Some(if binary {
            to_base64(self.body)
        } else {
            decoded(self.body)
        })
    }

    /// The value of an httpTrigger in `Data`, and its binding data
    /// [Extensions/HttpRequestExtensions.cs; WebJobs.Extensions.Http,
    /// HttpTriggerAttributeBindingProvider.cs, GetRequestBindingData].
    pub fn payload(&self, function: &str, parameters: &Parameters) -> (String, Data) {
        let (query, headers) = (self.query(), header_lists(&self.headers));
        let body = self.body();
        let joined =
            |(name, values): &(String, Vec<String>)| (name.clone(), quoted(&values.join(",")));
        let list = |(name, values): &(String, Vec<String>)| {
            let values: Vec<String> = values.iter().map(|value| quoted(value)).collect();
            (name.clone(), format!("[{}]", values.join(",")))
        };
        let parameter = |(name, value): &(String, Option<String>)| {
            (
                name.clone(),
                value
                    .as_ref()
                    .map_or_else(|| "null".to_owned(), |value| quoted(value)),
            )
        };
        let url = format!("http://{}{}", self.header("Host"), self.target);
        let mut value = vec![
            ("Url".to_owned(), quoted(&url)),
            ("Method".to_owned(), quoted(self.method)),
            ("Query".to_owned(), object(query.iter().map(joined))),
            ("Headers".to_owned(), object(headers.iter().map(list))),
            (
                "Params".to_owned(),
                object(parameters.iter().map(parameter)),
            ),
            ("Identities".to_owned(), IDENTITIES.to_owned()),
        ];
        value.extend(body.as_ref().map(|body| ("Body".to_owned(), quoted(body))));

        let mut data = Data::default();
        // From the text, whatever the Content-Type says.
        if body.is_some() {
            data.set_members(&decoded(self.body));
        }
        let last = |values: &[String]| Value::Text(values.last().cloned().unwrap_or_default());
        for (name, values) in &query {
            if !name.eq_ignore_ascii_case("code") {
                data.set(name, last(values));
            }
        }
        // An optional parameter may be absent.
        for (name, value) in parameters {
            if let Some(value) = value {
                data.set(name, Value::Text(value.clone()));
            }
        }
        let query = query
            .iter()
            .map(|(name, values)| (name.clone(), last(values)));
        let headers = headers
            .iter()
            .map(|(name, values)| (name.clone(), Value::Text(values.join(","))));
        for (name, members) in [("Query", query.collect()), ("Headers", headers.collect())] {
            if data.get(name).is_none() {
                data.set(name, Value::Members(members));
            }
        }
        data.set("sys", sys(function));
        (object(value.into_iter()), data)
    }

    /// What YARP makes of a request: method, path, query and body as they are, its own `Host`.
    pub fn proxied(&self, authority: &str, id: &str) -> Vec<u8> {
        // What it replaces, and what is between the caller and the host alone.
        const LEFT_OUT: [&str; 13] = [
            "host",
            "connection",
            "forwarded",
            "keep-alive",
            "proxy-connection",
            "te",
            "upgrade",
            "x-azure-functions-invocationid",
            "x-azure-functions-hostversion",
            "x-ms-invocation-id",
            "x-forwarded-for",
            "x-forwarded-host",
            "x-forwarded-proto",
        ];
        // Seen: a header that was sent twice is one line.
        let lines: Vec<(String, String)> = grouped(&self.headers)
            .into_iter()
            .filter(|(name, _)| !LEFT_OUT.contains(&name.to_ascii_lowercase().as_str()))
            .map(|(name, values)| {
                let is_cookie = name.eq_ignore_ascii_case("Cookie");
                (name, values.join(if is_cookie { "; " } else { ", " }))
            })
            .collect();
        let mut headers = vec![("Host", authority)];
        headers.extend(
            lines
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str())),
        );
        headers.extend([
            ("X-Azure-Functions-InvocationId", id),
            ("X-Azure-Functions-HostVersion", "4.1037.0.0"),
            ("x-ms-invocation-id", id),
            ("X-Forwarded-For", "127.0.0.1"),
            ("X-Forwarded-Host", self.header("Host")),
            ("X-Forwarded-Proto", "http"),
        ]);
        // Kestrel leaves a %2F in the path as it is, and YARP then escapes its percent sign.
        let (path, query) = self
            .target
            .split_at(self.target.find('?').unwrap_or(self.target.len()));
        let target = path.replace("%2F", "%252F").replace("%2f", "%252f") + query;
        let chunked = self.is_chunked().then(|| http::chunked(self.body));
        http::request(
            self.method,
            &target,
            &headers,
            chunked.as_deref().unwrap_or(self.body),
        )
    }

    /// [Extensions/HttpRequestExtensions.cs, ToHttpRequestMessage;
    /// Workers/Http/DefaultHttpWorkerService.cs, AddHeaders]: the caller's headers, its `Host` too;
    /// a query whose repeated names are joined.
    pub fn forwarded(&self, id: &str) -> Vec<u8> {
        let encoded = |text: &str| {
            let byte = |byte: u8| match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                    char::from(byte).to_string()
                }
                byte => format!("%{byte:02X}"),
            };
            text.bytes().map(byte).collect::<String>()
        };
        let pair = |(name, values): &(String, Vec<String>)| {
            format!("{}={}", encoded(name), encoded(&values.join(",")))
        };
        let query: Vec<String> = self.query().iter().map(pair).collect();
        let path = self.target.split('?').next().unwrap_or_default();
        let target = if query.is_empty() {
            path.to_owned()
        } else {
            format!("{path}?{}", query.join("&"))
        };
        let agent = format!(
            "{} Azure-Functions-Host/4.1037.0.0",
            self.header("User-Agent")
        );
        let mut headers: Vec<_> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        headers.retain(|(name, _)| !name.eq_ignore_ascii_case("User-Agent"));
        headers.extend([
            ("X-Azure-Functions-HostVersion", "4.1037.0.0"),
            ("X-Azure-Functions-InvocationId", id),
            ("User-Agent", agent.as_str()),
        ]);
        http::request(self.method, &target, &headers, self.body)
    }
}

/// A body as text: UTF-8, unless it begins with the byte-order mark of another; the mark is dropped
/// (StreamReader with detectEncodingFromByteOrderMarks in WebJobs.Extensions.Http,
/// HttpRequestExtensions.cs). What is not UTF-8 becomes U+FFFD, one for each maximal part of a
/// sequence, in Rust as in .NET.
fn decoded(body: &[u8]) -> String {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        String::from_utf16_lossy(
            &bytes
                .chunks(2)
                .map(|pair| unit([pair[0], *pair.get(1).unwrap_or(&0)]))
                .collect::<Vec<_>>(),
        )
    };
    match body {
        [0xef, 0xbb, 0xbf, text @ ..] => String::from_utf8_lossy(text).into_owned(),
        [0xff, 0xfe, text @ ..] => utf16(text, u16::from_le_bytes),
        [0xfe, 0xff, text @ ..] => utf16(text, u16::from_be_bytes),
        text => String::from_utf8_lossy(text).into_owned(),
    }
}

fn url_decoded(text: &str) -> String {
    routes::decoded(&text.replace('+', " "))
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
    const KNOWN: [&str; 8] = [
        "accept",
        "connection",
        "host",
        "user-agent",
        "content-type",
        "expect",
        "transfer-encoding",
        "content-length",
    ];
    let mut lists = grouped(headers);
    lists.sort_by_key(|(name, _)| {
        KNOWN
            .iter()
            .position(|known| name.eq_ignore_ascii_case(known))
            .unwrap_or(KNOWN.len())
    });
    lists
}

/// The values of each name, in any case, in the order in which the names came first.
fn grouped(pairs: &[(String, String)]) -> Vec<(String, Vec<String>)> {
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for (name, value) in pairs {
        match groups
            .iter_mut()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
        {
            Some((_, values)) => values.push(value.clone()),
            None => groups.push((name.clone(), vec![value.clone()])),
        }
    }
    groups
}

/// A JSON object of these names, and values that are JSON.
pub fn object(members: impl Iterator<Item = (String, String)>) -> String {
    let members: Vec<_> = members
        .map(|(name, value)| format!("{}:{value}", quoted(&name)))
        .collect();
    format!("{{{}}}", members.join(","))
}
