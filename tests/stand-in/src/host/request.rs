//! A caller's request: what it becomes for a function in each of the three forms in which the host
//! sends it on. In brackets: the host's file, under src/WebJobs.Script.

use crate::host::base64::to_base64;
use crate::host::data::{Data, Value, sys};
use crate::host::newtonsoft::{json, object};
use crate::host::routes::{self, Parameters};
use crate::run::http;

const VERSION: &str = "4.1037.0.0";

/// Names, in any case, with all their values.
type Lists = Vec<(String, Vec<String>)>;

/// An HTTP request as the host got it.
pub struct Request<'a> {
    pub method: &'a str,
    /// Path and query, as they were sent.
    pub target: &'a str,
    pub headers: Vec<(String, String)>,
    pub body: &'a [u8],
}

impl Request<'_> {
    /// The value of a header, its name in any case; empty without it.
    pub fn header(&self, name: &str) -> &str {
        http::named(&self.headers, name).next().unwrap_or_default()
    }

    /// The media type of the body, without its parameters.
    pub fn media_type(&self) -> &str {
        let content_type = self.header("Content-Type");
        content_type.split(';').next().unwrap_or_default().trim()
    }

    /// Whether the body came in chunks, and so without a length.
    pub fn is_chunked(&self) -> bool {
        self.header("Transfer-Encoding") == "chunked"
    }

    /// The path as it was sent, and the query decoded.
    fn path_and_query(&self) -> (&str, Lists) {
        let (path, query) = self.target.split_once('?').unwrap_or((self.target, ""));
        let decoded = |text: &str| routes::decoded(&text.replace('+', " "));
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        });
        (path, grouped(pairs))
    }

    /// The headers in Kestrel's order (HttpHeaders.Generated.cs).
    fn header_lists(&self) -> Lists {
        const KNOWN: &str = "accept connection host user-agent content-type expect \
            transfer-encoding content-length";
        let mut lists = grouped(self.headers.iter().cloned());
        lists.sort_by_key(|(name, _)| {
            let mut known = KNOWN.split(' ');
            known
                .position(|known| name.eq_ignore_ascii_case(known))
                .unwrap_or(usize::MAX)
        });
        lists
    }

    /// `Body`: absent without a Content-Length above 0, else base64 for two kinds of media types,
    /// else text [Utility.cs, IsMediaTypeOctetOrMultipart].
    fn body(&self) -> Option<String> {
        if self.is_chunked() || self.body.is_empty() {
            return None;
        }
        let media_type = self.media_type().to_ascii_lowercase();
        let is_binary =
            media_type == "application/octet-stream" || media_type.contains("multipart/");
        // MediaTypeHeaderValue.TryParse refuses a type with nothing after its ";".
        let mut parameters = self.header("Content-Type").splitn(2, ';').skip(1);
        let is_refused = parameters.any(|parameters| parameters.trim().is_empty());
        Some(match is_binary && !is_refused {
            true => to_base64(self.body),
            false => decoded(self.body),
        })
    }

    /// The value of an httpTrigger in `Data`, and its binding data
    /// [Extensions/HttpRequestExtensions.cs, GetRequestAsJObject; WebJobs.Extensions.Http,
    /// HttpTriggerAttributeBindingProvider.cs].
    pub fn payload(&self, function: &str, parameters: &Parameters) -> (String, Data) {
        let ((_, query), headers, body) = (self.path_and_query(), self.header_lists(), self.body());
        let url = format!("http://{}{}", self.header("Host"), self.target);
        let joined = |values: &[String]| values.join(",");
        let query_json = query
            .iter()
            .map(|(name, values)| (name, json(&joined(values))));
        let headers_json = headers.iter().map(|(name, values)| (name, json(values)));
        let params = parameters.iter().map(|(name, value)| (name, json(value)));
        let mut value = vec![
            ("Url", json(&url)),
            ("Method", json(self.method)),
            ("Query", object(query_json)),
            ("Headers", object(headers_json)),
            ("Params", object(params)),
            ("Identities", IDENTITIES.to_owned()),
        ];
        let mut data = Data::default();
        if let Some(body) = &body {
            value.push(("Body", json(body)));
            // From the text, whatever the Content-Type says.
            data.set_members(&decoded(self.body));
        }
        let last = |values: &[String]| values.last().cloned().unwrap_or_default();
        for (name, values) in &query {
            if !name.eq_ignore_ascii_case("code") {
                data.set(name, Value::Text(last(values)));
            }
        }
        for (name, value) in parameters {
            if let Some(value) = value {
                data.set(name, Value::Text(value.clone()));
            }
        }
        let query = query
            .iter()
            .map(|(name, values)| (name, Value::Text(last(values))));
        let headers = headers
            .iter()
            .map(|(name, values)| (name, Value::Text(joined(values))));
        for (name, members) in [
            ("Query", Data::from(query)),
            ("Headers", Data::from(headers)),
        ] {
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
        let mut headers = http::headers_of(&[("Host", authority)]);
        for (name, values) in grouped(self.headers.iter().cloned()) {
            if LEFT_OUT
                .split(' ')
                .all(|one| !one.eq_ignore_ascii_case(&name))
            {
                // Seen: a header that was sent twice is one line.
                let is_cookie = name.eq_ignore_ascii_case("Cookie");
                headers.push((name, values.join(if is_cookie { "; " } else { ", " })));
            }
        }
        headers.extend(http::headers_of(&[
            ("X-Azure-Functions-InvocationId", id),
            ("X-Azure-Functions-HostVersion", VERSION),
            ("x-ms-invocation-id", id),
            ("X-Forwarded-For", "127.0.0.1"),
            ("X-Forwarded-Host", self.header("Host")),
            ("X-Forwarded-Proto", "http"),
        ]));
        // Kestrel leaves a %2F in the path as it is, and YARP then escapes its percent sign.
        let path_end = self.target.find('?').unwrap_or(self.target.len());
        let (path, query) = self.target.split_at(path_end);
        let target = path.replace("%2F", "%252F").replace("%2f", "%252f") + query;
        self.sent(&target, &headers)
    }

    /// The caller's headers, its `Host` too; a query whose repeated names are joined
    /// [Extensions/HttpRequestExtensions.cs, ToHttpRequestMessage].
    pub fn forwarded(&self, id: &str) -> Vec<u8> {
        let (path, query) = self.path_and_query();
        let mut target = path.to_owned();
        for (name, values) in query {
            target.push(if target.len() == path.len() { '?' } else { '&' });
            target += &format!("{}={}", encoded(&name), encoded(&values.join(",")));
        }
        let agent = format!(
            "{} Azure-Functions-Host/{VERSION}",
            self.header("User-Agent")
        );
        let mut headers = self.headers.clone();
        headers.retain(|(name, _)| !name.eq_ignore_ascii_case("User-Agent"));
        headers.extend(http::headers_of(&[
            ("X-Azure-Functions-HostVersion", VERSION),
            ("X-Azure-Functions-InvocationId", id),
            ("User-Agent", &agent),
        ]));
        self.sent(&target, &headers)
    }

    fn sent(&self, target: &str, headers: &[(String, String)]) -> Vec<u8> {
        let headers = headers.iter().map(|(name, value)| (&**name, &**value));
        let headers: Vec<_> = headers.collect();
        match self.is_chunked() {
            true => http::chunked(http::request(self.method, target, &headers, b""), self.body),
            false => http::request(self.method, target, &headers, self.body),
        }
    }
}

/// A text with a percent sign for each byte that may not stand in a query.
fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            (byte as char).into()
        }
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// A body as text, without its byte-order mark (StreamReader).
fn decoded(body: &[u8]) -> String {
    let utf16 = |text: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = text
            .chunks(2)
            .map(|pair| unit([pair[0], *pair.get(1).unwrap_or(&0)]));
        String::from_utf16_lossy(&units.collect::<Vec<_>>())
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

/// The values of each name, in any case, in the order in which the names came first.
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
