//! A request and its answer, as far as HTTP matters to what is behind it.

use crate::store::Stream;
use petri_objects::Value;

/// What a request may carry at most, in bytes.
///
/// Upstream: `MaxRequestBodyBytes` of the generic API server.
pub const LARGEST_BODY: usize = 3 << 20;

/// A request.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    /// In capitals: `GET`.
    pub method: String,
    /// Without the query, its escapes resolved.
    pub path: String,
    pub query: Query,
    /// The header `Accept`, empty if there is none.
    pub accept: String,
    /// The header `Content-Type`, empty if there is none.
    pub content_type: String,
    /// The header `User-Agent`, empty if there is none.
    pub agent: String,
    pub body: Vec<u8>,
    /// The connection on which it came, counted from 1; 0 if that is not known.
    pub connection: u64,
}

impl Ask {
    /// A request without headers, for tests: `ask("GET", "/api/v1/pods?limit=2", "")`.
    pub fn new(method: &str, target: &str, body: &str) -> Ask {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Ask {
            method: method.into(),
            path: unescape(path, false),
            query: Query::parse(query),
            content_type: if body.is_empty() { String::new() } else { "application/json".into() },
            body: body.as_bytes().to_vec(),
            ..Ask::default()
        }
    }
    /// The media type of the body, without parameters, in lower case.
    pub fn media_type(&self) -> String {
        self.content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }
    /// Whether nothing is to be kept of what the request would do.
    pub fn is_dry_run(&self) -> bool {
        self.query.get("dryRun").is_some_and(|value| !value.is_empty())
    }
}

/// `%2F` is a slash; in a query, `+` is a blank.
pub fn unescape(text: &str, plus: bool) -> String {
    let text = if plus { text.replace('+', " ") } else { text.to_owned() };
    percent_encoding::percent_decode_str(&text).decode_utf8_lossy().into_owned()
}

/// What stands behind the question mark: of several values of one name the first counts.
#[derive(Clone, Debug, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    pub fn parse(text: &str) -> Query {
        let pair = |part: &str| {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            (unescape(key, true), unescape(value, true))
        };
        Query(text.split('&').filter(|part| !part.is_empty()).map(pair).collect())
    }
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| own == key).map(|(_, value)| value.as_str())
    }
    /// All values of a parameter, in their order.
    pub fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(own, _)| own == key).map(|(_, value)| value.as_str())
    }
    /// The text of a parameter; empty if it is not there.
    pub fn text(&self, key: &str) -> &str {
        self.get(key).unwrap_or_default()
    }
    /// Whether a parameter is there and is neither `false` nor `0`: clients write `true`, `1`, `True` or nothing.
    ///
    /// Upstream: `apimachinery/pkg/runtime`, `Convert_Slice_string_To_bool`.
    pub fn is_on(&self, key: &str) -> bool {
        self.get(key).is_some_and(|word| !word.eq_ignore_ascii_case("false") && word != "0")
    }
}

/// What is answered.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub code: u16,
    pub content_type: String,
    /// Texts of `Warning` headers.
    pub warnings: Vec<String>,
    /// Seconds of `Retry-After`.
    pub retry_after: Option<u32>,
    pub body: Body,
}

#[derive(Debug)]
pub enum Body {
    Text(String),
    /// A watch: lines of JSON, for as long as both sides want.
    Stream(Stream),
    /// No answer at all: the connection is closed, as that of an API server that does not run.
    Silence,
}

pub const JSON: &str = "application/json";

impl Answer {
    pub fn text(code: u16, content_type: &str, body: impl Into<String>) -> Answer {
        Answer {
            code,
            content_type: content_type.into(),
            warnings: Vec::new(),
            retry_after: None,
            body: Body::Text(body.into()),
        }
    }
    pub fn json(code: u16, value: &Value) -> Answer {
        Answer::text(code, JSON, value.to_json() + "\n")
    }
    pub fn plain(text: &str) -> Answer {
        Answer::text(200, "text/plain; charset=utf-8", text)
    }
    /// The body's text; empty for a watch.
    pub fn body_text(&self) -> &str {
        match &self.body {
            Body::Text(text) => text,
            Body::Stream(_) | Body::Silence => "",
        }
    }
}
