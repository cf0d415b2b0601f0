//! What of the input of a function comes from where in a request: `query:`, `headers:`, `cookies:`, and what a field is that is missing.

use indexmap::IndexMap;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Value, json};

use super::words::is_header;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Spanned;
use crate::spec::decode::{Decoder, Fields};
use crate::spec::scalar::{Json, Name, map_of};

/// The names of headers and cookies, for JSON Schema (RFC 9110, section 5.6.2).
pub(super) const TOKEN: &str = r"^[A-Za-z0-9!#$%&'+.^_`|~-]+$";

/// The schema of a map from headers or cookies to fields.
pub fn tokens(generator: &mut SchemaGenerator) -> Schema {
    let mut schema = map_of::<Name>(generator);
    schema.insert("propertyNames".to_owned(), json!({"pattern": TOKEN}));
    schema
}

/// What of a request becomes which field of the input, by what it is called in the request.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// Parameters of the query.
    pub query: IndexMap<Name, Name>,
    /// Headers.
    pub headers: IndexMap<Name, Name>,
    /// Cookies.
    pub cookies: IndexMap<Name, Name>,
    /// The field that the body is as a whole.
    pub body: Option<Name>,
    /// What a field is, by its name, where a request does not bring it.
    pub defaults: IndexMap<Name, Spanned<Json>>,
}

impl Sources {
    /// Reads the keys of a route to a function.
    pub(super) fn decode(fields: &mut Fields<'_>, cx: &mut Decoder) -> Self {
        let sources = Self {
            query: fields.or_default("query", cx),
            headers: fields.or_default("headers", cx),
            cookies: fields.or_default("cookies", cx),
            body: fields.optional("body", cx),
            defaults: fields.or_default("defaults", cx),
        };
        sources.check(cx);
        sources
    }

    /// Refuses the keys on a route that leads to something else.
    pub(super) fn refuse(target: &str, fields: &mut Fields<'_>, cx: &mut Decoder) {
        // A table's `query` is what is done with it.
        let keys: &[&'static str] = if target == "table" {
            &["headers", "cookies", "body", "defaults"]
        } else {
            &["query", "headers", "cookies", "body", "defaults"]
        };
        for key in fields.present(keys) {
            let message = format!("a route to a {target} has no `{}`", key.text);
            let diagnostic = Diagnostic::new(Code::EVC0730, key.span, message);
            let note = match target {
                "table" => "its mappings say where an attribute comes from: `header.x`, `query.x`",
                _ => {
                    "a template makes the input of an execution, and takes texts of the path and the query as they are"
                }
            };
            cx.report(diagnostic.note(note).help("let a function stand between, which starts it or writes there"));
        }
        for key in keys {
            drop(fields.node(key));
        }
    }

    /// The fields that come from somewhere beside path and body, as it says.
    pub fn fields(&self) -> Vec<&str> {
        let names = self.query.values().chain(self.headers.values()).chain(self.cookies.values()).chain(&self.body);
        names.map(|field| field.as_str()).collect()
    }

    /// What a field is where a request does not bring it, as JSON; `None` where nothing is said, or what cannot be read.
    pub fn instead(&self, field: &str) -> Option<Value> {
        let (_, default) = self.defaults.iter().find(|(name, _)| name.as_str() == field)?;
        default.0.json()
    }

    /// Headers and cookies have names that can be.
    pub(crate) fn check(&self, cx: &mut Decoder) {
        for (names, what) in [(&self.headers, "a header"), (&self.cookies, "a cookie")] {
            for name in names.keys().filter(|name| !is_header(name.as_str()) || name.as_str() == "*") {
                cx.bad_value(name.span, format!("`{}` is not the name of {what}", name.as_str()));
            }
        }
    }
}
