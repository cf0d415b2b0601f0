//! `responses:` of a function: what it may answer a request with, each with its status, headers, cookies and body.

use evc_macros::{Section, Word};
use indexmap::IndexMap;
use schemars::{Schema, SchemaGenerator, json_schema};

use super::api::is_header;
use super::decode::{Case, Decode, Decoder, check_name};
use super::keys::Shorthand;
use super::range::Range;
use super::scalar::{Duration, Name, TypeExpr};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Spanned;
use crate::types::rust::variant_name;
use crate::yaml::Node;

/// A response: its status alone, or what it has as well.
#[derive(Debug, Clone, Section)]
#[section(what = "a response", shorthand)]
pub struct Response {
    /// When it is given, for people.
    pub description: Option<String>,
    /// Its status: {range}. Each response of a function has one of its own.
    #[key(range = STATUS)]
    pub status: Spanned<u64>,
    /// What its body holds; it has none without. JSON, unless `type` says otherwise.
    pub body: Option<Spanned<TypeExpr>>,
    /// The content type of the body: `text/csv`. A `string` is the body as it stands then, and `bytes` are these bytes.
    #[key(rename = "type", pattern = r"^[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+(; ?[A-Za-z0-9!#$&^_.+-]+=[A-Za-z0-9!#$&^_.+-]+)*$", check = media)]
    pub type_: Option<Spanned<String>>,
    /// Headers with their types, each a field of the response in Rust; one with `?` may be left out.
    pub headers: Option<TypeExpr>,
    /// Cookies that are set or taken back, each a field of the response in Rust; one with `?` may be left alone.
    #[key(default, schema = cookies)]
    pub cookies: IndexMap<Name, Cookie>,
}

/// How a cookie is kept by browsers: for this host and all its paths, over TLS alone, out of the reach of scripts, and not sent along from other sites but by
/// links, unless it says otherwise.
#[derive(Debug, Clone, Default, Section)]
#[section(what = "a cookie")]
pub struct Cookie {
    /// How long browsers keep it: {range}. Until they are closed, without it.
    #[key(range = MAX_AGE)]
    pub max_age: Option<Spanned<Duration>>,
    /// The paths that it is sent to, from this one on: `/` without it.
    #[key(pattern = r"^/[!-:<-~]*$", check = path)]
    pub path: Option<Spanned<String>>,
    /// The domain that it is sent to, with all below it. Without it, the host that set it and no other.
    #[key(pattern = r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$", check = domain)]
    pub domain: Option<Spanned<String>>,
    /// Which requests from other sites have it: `lax` without it.
    pub same_site: Option<Spanned<SameSite>>,
    /// Whether scripts of the page cannot read it: `true` without it.
    pub http_only: Option<Spanned<bool>>,
    /// Whether it is sent over TLS alone: `true` without it.
    pub secure: Option<Spanned<bool>>,
}

/// Which requests from other sites have a cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Word)]
#[word(what = "a rule for other sites")]
pub enum SameSite {
    /// Those that open a page by a link.
    #[default]
    Lax,
    /// None.
    Strict,
    /// All.
    None,
}

/// The statuses of responses. Those below are of the protocol's own.
const STATUS: Range<u64> = Range::new("the status of a response", 200..=599);

/// Browsers cut what is longer: <https://httpwg.org/http-extensions/draft-ietf-httpbis-rfc6265bis.html#section-5.5>.
const MAX_AGE: Range<Duration> = Range::new("the age of a cookie", Duration::seconds(1)..=Duration::days(400));

/// The status alone.
impl Shorthand for Response {
    fn short(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let status = Spanned::decode(node, cx)?;
        STATUS.check(&status, cx);
        let cookies = IndexMap::new();
        Some(Self { description: None, status, body: None, type_: None, headers: None, cookies })
    }

    fn short_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "integer", "minimum": 200, "maximum": 599})
    }
}

/// The schema of a map of responses.
pub fn responses(generator: &mut SchemaGenerator) -> Schema {
    let response = generator.subschema_for::<Response>();
    json_schema!({"type": "object", "propertyNames": {"pattern": "^[A-Z][A-Za-z0-9]*$", "maxLength": Case::Pascal.longest()}, "additionalProperties": response})
}

/// The schema of a map of cookies.
fn cookies(generator: &mut SchemaGenerator) -> Schema {
    let cookie = generator.subschema_for::<Cookie>();
    json_schema!({"type": "object", "propertyNames": {"pattern": r"^[A-Za-z0-9!#$%&'+.^_`|~-]+\??$"}, "additionalProperties": {"anyOf": [cookie, {"type": "null"}]}})
}

/// Checks the names of responses: each is a variant in Rust.
pub fn names(responses: &IndexMap<Name, Response>, cx: &mut Decoder) {
    let mut seen: Vec<(String, &Name)> = Vec::new();
    for (name, response) in responses {
        for cookie in response.cookies.keys() {
            let text = cookie.strip_suffix('?').unwrap_or(cookie);
            if !is_header(text) || text == "*" {
                cx.bad_value(cookie.span, format!("`{text}` is not the name of a cookie"));
            }
        }
        let key = crate::yaml::Key { text: name.value.clone(), span: name.span };
        if !check_name(&key, Case::Pascal, "a response", cx) {
            continue;
        }
        let variant = variant_name(name);
        if let Some((_, first)) = seen.iter().find(|(other, _)| *other == variant) {
            let message = format!("responses `{}` and `{}` are both `{variant}` in Rust", first.value, name.value);
            let diagnostic = Diagnostic::new(Code::EVC0106, name.span, message);
            cx.report(diagnostic.secondary(first.span, "the first is here"));
        } else {
            seen.push((variant, name));
        }
    }
}

fn media(text: &Spanned<String>, cx: &mut Decoder) {
    let token =
        |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "!#$&^_.+-".contains(c));
    let mut parts = text.split(';');
    let essence = parts.next().and_then(|essence| essence.split_once('/'));
    let parameter = |part: &str| {
        let part = part.strip_prefix(' ').unwrap_or(part);
        part.split_once('=').is_some_and(|(name, value)| token(name) && token(value))
    };
    if !essence.is_some_and(|(kind, of)| token(kind) && token(of)) || !parts.all(parameter) {
        cx.bad_value(text.span, format!("`{}` is not a content type", text.value))
            .help
            .push("write `text/csv` or `text/plain; charset=utf-8`".to_owned());
    }
}

fn path(text: &Spanned<String>, cx: &mut Decoder) {
    if !text.starts_with('/') || !text.chars().all(|c| c.is_ascii_graphic() && c != ';') {
        cx.bad_value(text.span, format!("`{}` is not the path of a cookie", text.value));
    }
}

fn domain(text: &Spanned<String>, cx: &mut Decoder) {
    let is_end = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let inside = text.chars().all(|c| c.is_ascii_alphanumeric() || ".-".contains(c));
    if !inside || !is_end(text.chars().next()) || !is_end(text.chars().last()) {
        cx.bad_value(text.span, format!("`{}` is not a domain", text.value));
    }
}
