//! The texts that routes and CORS are made of: methods, paths, origins, headers.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::spec::decode::{Decode, Decoder};
use crate::spec::range::Range;
use crate::yaml::Node;

/// A method and a path: `POST /orders/{orderId}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteText {
    /// The method, in capitals.
    pub method: String,
    /// The path, with parameters in braces.
    pub path: String,
    /// The place of the text.
    pub span: Span,
}

/// The pattern of [`RouteText`] in JSON Schema.
pub(super) const ROUTE: &str = r"^(GET|POST|PUT|PATCH|DELETE|HEAD) /\S*$";

/// The methods of routes. `OPTIONS` is answered by API Gateway where there is CORS.
const METHODS: [&str; 6] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"];

impl RouteText {
    /// Reads `POST /orders`, or reports what is wrong.
    pub fn parse(text: &str, span: Span, cx: &mut Decoder) -> Option<Self> {
        let Some((method, path)) = text.split_once(' ') else {
            cx.bad_value(span, format!("`{text}` is not a route"))
                .help
                .push("write a method and a path: `POST /orders`".to_owned());
            return None;
        };
        // In quotes, everything stands one further.
        let quote = usize::from(span.range().len() > text.len());
        if !METHODS.contains(&method) {
            let place = span.slice(quote, method.len());
            let diagnostic = Diagnostic::new(Code::EVC0105, place, format!("`{method}` is not an HTTP method"));
            cx.report(diagnostic.suggest(method, METHODS));
            return None;
        }
        if !is_path(path) {
            let place = span.slice(quote + method.len() + 1, path.len());
            cx.bad_value(place, format!("`{path}` is not a path"))
                .help
                .push("write `/` before every segment, and parameters in braces: `/orders/{orderId}`".to_owned());
            return None;
        }
        if let Some((at, segment)) = twice(path) {
            let place = span.slice(quote + method.len() + 1 + at, segment.len());
            let diagnostic = Diagnostic::new(Code::EVC0105, place, format!("`{segment}` is in the path twice"));
            let diagnostic = diagnostic.note("both are one field of the input, which has one value");
            cx.report(diagnostic.help("give each parameter a name of its own"));
        }
        Some(Self { method: method.to_owned(), path: path.to_owned(), span })
    }
}

/// A parameter whose name another one before it has, with its first byte in the path.
fn twice(path: &str) -> Option<(usize, &str)> {
    let name = |segment: &str| segment.trim_matches(['{', '}', '+']).to_owned();
    let (mut seen, mut at) = (Vec::new(), 0);
    for segment in path.split('/') {
        if segment.starts_with('{') {
            if seen.contains(&name(segment)) {
                return Some((at, segment));
            }
            seen.push(name(segment));
        }
        at += segment.len() + 1;
    }
    None
}

impl Decode for RouteText {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        Self::parse(&String::decode(node, cx)?, node.span, cx)
    }
}

impl JsonSchema for RouteText {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "RouteText".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": ROUTE, "examples": ["POST /orders", "GET /orders/{orderId}"]})
    }
}

/// The statuses of successes.
pub const SUCCESS: Range<u64> = Range::new("the status of a success", 200..=299);

/// Whether every segment is a word or a parameter. The last may be a parameter for all that is left: `{path+}`.
fn is_path(path: &str) -> bool {
    let Some(rest) = path.strip_prefix('/') else { return false };
    let parameter =
        |segment: &str| segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).map(str::to_owned);
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    // The verbs of `/orders:cancel`, and `~` as home directories have it, which a REST API does not take.
    let is_word =
        |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_.:~".contains(c));
    let segments: Vec<&str> = rest.split('/').collect();
    let last = segments.len() - 1;
    rest.is_empty()
        || segments.iter().enumerate().all(|(at, segment)| match parameter(segment) {
            Some(name) => is_name(name.strip_suffix('+').filter(|_| at == last).unwrap_or(&name)),
            None => is_word(segment),
        })
}

/// A method that pages may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Method(
    /// In capitals.
    pub String,
);

impl Decode for Method {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let words = METHODS.map(|method| (method, method));
        cx.word(node, "an HTTP method", &words).map(|method| Self(method.to_owned()))
    }
}

impl JsonSchema for Method {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Method".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"enum": METHODS})
    }
}

/// The origin of a page: `https://shop.example`, or `*` for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(
    /// As the browser sends it.
    pub String,
);

impl Decode for Origin {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let text = String::decode(node, cx)?;
        let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let is_host = |host: &str| !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || "/*".contains(c));
        if text == "*" || host.is_some_and(is_host) {
            return Some(Self(text));
        }
        cx.bad_value(node.span, format!("`{text}` is not an origin"))
            .help
            .push("write how a page's address starts, without a path: `https://shop.example`; or `\"*\"`".to_owned());
        None
    }
}

impl JsonSchema for Origin {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Origin".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": r"^(\*|https?://[^/*\s]+)$"})
    }
}

/// The name of a header, or `*` for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header(
    /// In any case.
    pub String,
);

/// Whether a text can name a header (RFC 9110, section 5.6.2).
pub fn is_header(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c))
}

impl Decode for Header {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let text = String::decode(node, cx)?;
        if is_header(&text) {
            return Some(Self(text));
        }
        cx.bad_value(node.span, format!("`{text}` is not the name of a header"));
        None
    }
}

impl JsonSchema for Header {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Header".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_words_and_parameters() {
        for path in ["/", "/a", "/a/{b}", "/a-b/{c}/d.e", "/files/{path+}"] {
            assert!(is_path(path), "{path}");
        }
        for path in ["", "a", "/a/", "//", "/{a+}/b", "/a b", "/{}", "/a{b}", "/{+}", "/*"] {
            assert!(!is_path(path), "{path}");
        }
    }

    #[test]
    fn a_route_in_quotes_is_blamed_where_it_is_wrong() {
        let mut sources = crate::source::SourceMap::default();
        let file = sources.add("a.yaml", "'PSOT /a'");
        let mut cx = Decoder::default();
        assert_eq!(RouteText::parse("PSOT /a", Span::new(file, 0..9), &mut cx), None);
        assert_eq!(sources.text(cx.diagnostics[0].primary.span), "PSOT");
    }

    #[test]
    fn headers_are_tokens() {
        assert!(is_header("X-Api-Key") && is_header("*") && !is_header("") && !is_header("a b") && !is_header("ä"));
    }
}
