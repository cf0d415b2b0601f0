//! What a function answers requests with, where it has several responses.

use crate::diagnostics::{Code, Diagnostic};
use crate::source::Spanned;
use crate::spec::response as spec;
use crate::spec::scalar::{Duration, Name};
use crate::types::{Kind, Type, Types};

pub use crate::spec::response::SameSite;

/// A response.
#[derive(Debug, Clone)]
pub struct Response {
    /// Its name.
    pub name: Name,
    /// When it is given.
    pub description: Option<String>,
    /// Its status.
    pub status: Spanned<u16>,
    /// What its body holds.
    pub body: Option<Type>,
    /// The content type of the body, if the spec says it.
    pub media: Option<Spanned<String>>,
    /// Its headers: a record.
    pub headers: Option<Type>,
    /// The cookies that it sets or takes back.
    pub cookies: Vec<Cookie>,
}

/// A cookie of a response.
#[derive(Debug, Clone)]
pub struct Cookie {
    /// Its name.
    pub name: Name,
    /// Whether a response may leave it alone.
    pub optional: bool,
    /// How long browsers keep it.
    pub max_age: Option<Duration>,
    /// The paths that it is sent to.
    pub path: String,
    /// The domain that it is sent to.
    pub domain: Option<String>,
    /// Which requests from other sites have it.
    pub same_site: Spanned<SameSite>,
    /// Whether scripts cannot read it.
    pub http_only: bool,
    /// Whether it is sent over TLS alone.
    pub secure: Spanned<bool>,
}

/// What a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// JSON of its type.
    Json,
    /// The text itself.
    Text,
    /// The bytes themselves.
    Bytes,
}

impl Response {
    /// What its body is, if it has one.
    pub fn content(&self, types: &Types) -> Option<Content> {
        let body = self.body.as_ref()?;
        Some(match (&self.media, &types.resolve(body).kind) {
            (Some(_), Kind::String(_) | Kind::Enum(_)) => Content::Text,
            (Some(_), Kind::Bytes) => Content::Bytes,
            (Some(_) | None, _) => Content::Json,
        })
    }

    /// The content type of its body.
    pub fn content_type(&self) -> &str {
        self.media.as_ref().map_or("application/json", |media| media.as_str())
    }
}

impl Cookie {
    /// What follows its value in a `Set-Cookie` header, with the semicolon before it.
    /// <https://httpwg.org/http-extensions/draft-ietf-httpbis-rfc6265bis.html#section-4.1.1>
    pub fn attributes(&self) -> String {
        let max_age = self.max_age.map(|age| format!("; Max-Age={}", age.seconds));
        self.lasting(&max_age.unwrap_or_default())
    }

    /// The same of one that is taken back.
    pub fn removal(&self) -> String {
        self.lasting("; Max-Age=0")
    }

    fn lasting(&self, max_age: &str) -> String {
        let domain = self.domain.as_ref().map_or_else(String::new, |domain| format!("; Domain={domain}"));
        let secure = if self.secure.value { "; Secure" } else { "" };
        let http_only = if self.http_only { "; HttpOnly" } else { "" };
        let same_site = match self.same_site.value {
            SameSite::Lax => "Lax",
            SameSite::Strict => "Strict",
            SameSite::None => "None",
        };
        format!("; Path={}{max_age}{domain}{secure}{http_only}; SameSite={same_site}", self.path)
    }
}

/// A response as the spec says it.
pub(super) fn response(
    types: &Types,
    (name, said): (&Name, &spec::Response),
    diagnostics: &mut Vec<Diagnostic>,
) -> Response {
    if let Some(body) = &said.body {
        diagnostics.extend(types.check_type(&body.0));
    }
    if let Some(headers) = &said.headers {
        // Names of headers may be what no field of another record may be.
        let found = types.check_type(&headers.0);
        diagnostics.extend(found.into_iter().filter(|found| found.code != Code::EVC0207));
    }
    Response {
        name: name.clone(),
        description: said.description.clone(),
        // What no status can be has been reported.
        status: Spanned::new(u16::try_from(said.status.value).unwrap_or(200), said.status.span),
        body: said.body.as_ref().map(|body| body.0.clone()),
        media: said.type_.clone(),
        headers: said.headers.as_ref().map(|headers| headers.0.clone()),
        cookies: said.cookies.iter().map(cookie).collect(),
    }
}

fn cookie((name, said): (&Name, &spec::Cookie)) -> Cookie {
    let text = name.strip_suffix('?');
    Cookie {
        name: Spanned::new(text.unwrap_or(name).to_owned(), name.span),
        optional: text.is_some(),
        max_age: said.max_age.as_ref().map(|age| age.value),
        path: said.path.as_ref().map_or("/", |path| path.as_str()).to_owned(),
        domain: said.domain.as_ref().map(|domain| domain.value.clone()),
        same_site: said.same_site.unwrap_or_else(|| Spanned::new(SameSite::Lax, name.span)),
        http_only: said.http_only.is_none_or(|on| on.value),
        secure: said.secure.unwrap_or_else(|| Spanned::new(true, name.span)),
    }
}
