//! What a request of an API brings beside its body, as fields of the function's input; and what else the gateway says of it.
//!
//! A route that says more than "the query as texts" has a [`Route`] in the generated contract. By it, the texts of path, query, headers and
//! cookies become JSON of the types of the spec, and what is missing gets its default. A field that comes from one place is read from no
//! other: a body with a field of that name does not stand in for the header.

use crate::Context;
use serde::Deserialize;
use std::net::IpAddr;

/// A route of an API, by which a request becomes the input of a function.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// Method and path as the spec has them: `GET /carts/{cartId}`.
    pub key: &'static str,
    /// What comes beside the body.
    pub parameters: &'static [Parameter],
}

/// Declares the routes of a function, as an item of its implementation of [`Function`](crate::Function): each with what comes from where,
/// as its name there, the field that it is, the variant of [`Text`], and what it is by default, as JSON.
///
/// ```ignore
/// evc_runtime::routes! {
///     "GET /carts" {
///         query("page-size", "limit", Integer, "20");
///         header("If-None-Match", "known", Text);
///     }
/// }
/// ```
#[macro_export]
macro_rules! routes {
    ($($key:literal {
        $($place:ident($name:literal, $field:literal, $text:ident $(, $default:literal)? $(,)?);)*
    })+) => {
        const ROUTES: &'static [$crate::request::Route] = &[$($crate::request::Route {
            key: $key,
            parameters: &[$(
                $crate::request::Parameter::$place($name, $field, $crate::request::Text::$text)$(.or($default))?,
            )*],
        },)+];
    };
}

/// A field of the input that comes beside the body.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    pub(crate) place: Place,
    pub(crate) name: &'static str,
    pub(crate) field: &'static str,
    pub(crate) text: Text,
    pub(crate) default: Option<&'static str>,
}

/// Where a parameter stands in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Path,
    Query,
    Header,
    Cookie,
    Body,
    /// What the gateway says of the request, to an authorizer: `method`, `path` or `source-ip`.
    Said,
}

/// What the text of a parameter stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Text {
    /// A text, whatever it means: also an id, a time, one of several words.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A list of texts.
    Texts,
    /// A list of whole numbers.
    Integers,
    /// A list of numbers.
    Numbers,
    /// A list of `true` and `false`.
    Booleans,
    /// Of a body: a JSON value.
    Json,
    /// Of a body: its bytes, as they were sent.
    Bytes,
}

impl Parameter {
    /// A parameter of the path, and the field that it is.
    pub const fn path(name: &'static str, field: &'static str, text: Text) -> Self {
        Self { place: Place::Path, name, field, text, default: None }
    }

    /// A parameter of the query.
    pub const fn query(name: &'static str, field: &'static str, text: Text) -> Self {
        Self { place: Place::Query, name, field, text, default: None }
    }

    /// A header, whose name may come in any case.
    pub const fn header(name: &'static str, field: &'static str, text: Text) -> Self {
        Self { place: Place::Header, name, field, text, default: None }
    }

    /// A cookie.
    pub const fn cookie(name: &'static str, field: &'static str, text: Text) -> Self {
        Self { place: Place::Cookie, name, field, text, default: None }
    }

    /// The body as a whole.
    pub const fn body(name: &'static str, field: &'static str, text: Text) -> Self {
        Self { place: Place::Body, name, field, text, default: None }
    }

    /// What the gateway says itself of a request, to an authorizer: its `method`, its `path`, or the `source-ip` that it came from.
    pub const fn said(name: &'static str, field: &'static str, text: Text) -> Self {
        Self { place: Place::Said, name, field, text, default: None }
    }

    /// The same, which has this value, as JSON, where a request does not have it.
    #[must_use]
    pub const fn or(self, default: &'static str) -> Self {
        Self { default: Some(default), ..self }
    }
}

/// What the gateway says of a request that has nothing to do with who sent it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Facts<'a> {
    #[serde(borrow, default)]
    request_id: Option<&'a str>,
    #[serde(borrow, default)]
    http: Option<Source<'a>>,
    #[serde(borrow, default)]
    identity: Option<Source<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Source<'a> {
    #[serde(borrow, default)]
    source_ip: Option<&'a str>,
}

impl Context {
    fn facts(&self) -> Facts<'_> {
        let context = self.delivery().request.context();
        // What cannot be read says nothing.
        context.and_then(|context| serde_json::from_str(context.get()).ok()).unwrap_or_default()
    }

    /// The address that a request of an API came from, as API Gateway saw it: of whoever spoke to the gateway, which may be a proxy. `None`
    /// for other deliveries. What a client writes into `X-Forwarded-For` is not looked at.
    pub fn source_ip(&self) -> Option<IpAddr> {
        let facts = self.facts();
        facts.http.or(facts.identity)?.source_ip?.parse().ok()
    }

    /// The id that API Gateway gave a request, as its access log and its answer have it. `None` for other deliveries.
    pub fn api_request_id(&self) -> Option<&str> {
        self.facts().request_id
    }
}

#[cfg(feature = "testing")]
impl Context {
    /// The same delivery, as a request that came from this address and has this id. For tests.
    #[must_use]
    pub fn sent_from(self, address: IpAddr, request_id: &str) -> Self {
        let mut delivery = self.delivery().clone();
        let said = serde_json::json!({ "requestId": request_id, "http": { "sourceIp": address } });
        if let Ok(said) = serde_json::value::to_raw_value(&said) {
            delivery.request = crate::caller::Request::new(Some(&said));
        }
        self.with_delivery(delivery)
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::World;

    #[test]
    fn a_request_has_an_address_and_an_id() {
        let world = World::new();
        let context = world.context("look").sent_from([203, 0, 113, 7].into(), "r-1");
        assert_eq!(context.source_ip(), Some([203, 0, 113, 7].into()));
        assert_eq!(context.api_request_id(), Some("r-1"));
        let other = world.context("look");
        assert_eq!((other.source_ip(), other.api_request_id()), (None, None));
    }
}
