//! What a function answers a request with, where the spec gives it several responses: a status, headers, cookies and a body.
//!
//! The generated contract has an enumeration with a variant for each response, whose `Serialize` makes a [`Response`]. That is what is
//! stored for repeated requests, what [`Transaction::answer`](crate::Transaction::answer) writes, and what the adapter of APIs hands to the
//! gateway; a direct invocation gets it as it is.
//!
//! A header is one line: a value with a line feed in it would be two. So values are visible characters of ASCII, spaces and tabs, and
//! anything else is an error of the function before it leaves.
//! <https://www.rfc-editor.org/rfc/rfc9110#section-5.5>

use serde::ser::Error as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// The bytes of names and values of all headers that API Gateway takes.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>
const HEADER_BYTES: usize = 10_240;

/// A response in the making. Generated code makes it.
#[derive(Debug)]
pub struct Response {
    /// What is wrong with it, if anything is.
    made: Result<Made, String>,
}

#[derive(Debug, Serialize)]
struct Made {
    status: u16,
    headers: Vec<(&'static str, String)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cookies: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Body<Box<RawValue>>>,
}

/// What is in a body.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Body<T> {
    /// A JSON value.
    Json(T),
    /// A text as it stands.
    Text(String),
    /// Bytes, base64.
    Bytes(String),
}

/// A response as it travels from the handler to the adapter.
#[derive(Deserialize)]
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    #[serde(default)]
    pub(crate) cookies: Vec<String>,
    #[serde(borrow, default)]
    body: Option<Body<&'a RawValue>>,
}

impl Answer<'_> {
    /// The body as the gateway takes it, and whether that is base64.
    pub(crate) fn into_body(self) -> (Option<String>, bool) {
        match self.body {
            None => (None, false),
            Some(Body::Json(json)) => (Some(json.get().to_owned()), false),
            Some(Body::Text(text)) => (Some(text), false),
            Some(Body::Bytes(base64)) => (Some(base64), true),
        }
    }
}

impl Response {
    /// A response of this status, without headers and without a body.
    pub fn new(status: u16) -> Self {
        Self { made: Ok(Made { status, headers: Vec::new(), cookies: Vec::new(), body: None }) }
    }

    fn with(self, change: impl FnOnce(&mut Made) -> Result<(), String>) -> Self {
        let made = self.made.and_then(|mut made| change(&mut made).map(|()| made));
        Self { made }
    }

    /// With this header, unless its value is `None`. Numbers and booleans are written as JSON has them, lists with commas between.
    #[must_use]
    pub fn header(self, name: &'static str, value: &impl Serialize) -> Self {
        self.with(|made| {
            let value = serde_json::to_value(value).map_err(|error| format!("the header `{name}`: {error}"))?;
            let Some(text) = text(value) else { return Ok(()) };
            if !is_line(&text) {
                return Err(format!("the header `{name}` has characters that no header has"));
            }
            made.headers.push((name, text));
            Ok(())
        })
    }

    /// With this value as a body of JSON.
    #[must_use]
    pub fn json(self, content_type: &'static str, body: &impl Serialize) -> Self {
        self.of(content_type, || {
            serde_json::value::to_raw_value(body).map(Body::Json).map_err(|error| format!("the body: {error}"))
        })
    }

    /// With this text as a body.
    #[must_use]
    pub fn text(self, content_type: &'static str, body: &impl Serialize) -> Self {
        self.of(content_type, || match serde_json::to_value(body) {
            Ok(Value::String(text)) => Ok(Body::Text(text)),
            _ => Err("the body is no text".to_owned()),
        })
    }

    /// With this cookie set or taken back, unless it is `None`. What follows its value in each case says the spec.
    #[must_use]
    pub fn cookie(
        self,
        name: &'static str,
        attributes: &'static str,
        removal: &'static str,
        cookie: &impl MaybeCookie,
    ) -> Self {
        self.with(|made| {
            match cookie.cookie().map(|cookie| &cookie.0) {
                None => {}
                Some(None) => made.cookies.push(format!("{name}={removal}")),
                Some(Some(value)) if value.bytes().all(is_of_cookie) => {
                    made.cookies.push(format!("{name}={value}{attributes}"));
                }
                Some(Some(_)) => return Err(format!("the cookie `{name}` has characters that no cookie has")),
            }
            Ok(())
        })
    }

    /// With these bytes as a body.
    #[must_use]
    pub fn bytes(self, content_type: &'static str, body: &crate::Bytes) -> Self {
        self.of(content_type, || match serde_json::to_value(body) {
            Ok(Value::String(base64)) => Ok(Body::Bytes(base64)),
            _ => Err("the body cannot be written".to_owned()),
        })
    }

    fn of(self, content_type: &'static str, body: impl FnOnce() -> Result<Body<Box<RawValue>>, String>) -> Self {
        self.with(|made| {
            made.headers.push(("content-type", content_type.to_owned()));
            made.body = Some(body()?);
            Ok(())
        })
    }
}

/// What becomes of a cookie: a new value, or that the browser forgets it. Its value is in no log: it may be what lets somebody in.
#[derive(Clone, PartialEq, Eq)]
pub struct SetCookie(Option<String>);

impl SetCookie {
    /// Sets it. A value is of letters, digits and signs of ASCII, without spaces, quotes, commas, semicolons and backslashes; of anything
    /// else the response is an error.
    pub fn to(value: impl fmt::Display) -> Self {
        Self(Some(value.to_string()))
    }

    /// Takes it back.
    pub fn removed() -> Self {
        Self(None)
    }

    /// Its value, if it is set.
    pub fn value(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

impl fmt::Debug for SetCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "SetCookie(..)" } else { "SetCookie(removed)" })
    }
}

/// A cookie of a response, or one that it may leave alone.
pub trait MaybeCookie {
    /// What becomes of it.
    fn cookie(&self) -> Option<&SetCookie>;
}

impl MaybeCookie for SetCookie {
    fn cookie(&self) -> Option<&SetCookie> {
        Some(self)
    }
}

impl MaybeCookie for Option<SetCookie> {
    fn cookie(&self) -> Option<&SetCookie> {
        self.as_ref()
    }
}

/// Whether a byte can be in the value of a cookie: <https://www.rfc-editor.org/rfc/rfc6265#section-4.1.1>.
fn is_of_cookie(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\",;\\".contains(&byte)
}

/// Declares what a function answers with: an enumeration with a variant for each response, whose fields are its headers, cookies and body.
///
/// ```
/// evc_runtime::responses! {
///     /// What `look` answers with.
///     pub enum LookResponse {
///         /// `Found`, with 200.
///         Found = 200 {
///             /// The header `ETag`.
///             e_tag: String => header("ETag");
///             /// The body.
///             body: Vec<i64> => json("application/json");
///         },
///         /// `Unchanged`, with 304.
///         Unchanged = 304,
///     }
/// }
///
/// let found = LookResponse::Found { e_tag: "\"1\"".into(), body: vec![1] };
/// let json = evc_runtime::serde_json::to_value(&found).unwrap();
/// assert_eq!((&json["status"], &json["headers"][0][1], &json["body"]["json"][0]), (&200.into(), &"\"1\"".into(), &1.into()));
/// ```
#[macro_export]
macro_rules! responses {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $(
                $(#[$variant_meta:meta])*
                $variant:ident = $status:literal $({
                    $($(#[$field_meta:meta])* $field:ident: $ty:ty => $part:ident($($argument:literal),+ $(,)?);)+
                })?,
            )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        pub enum $name {
            $($(#[$variant_meta])* $variant $({ $($(#[$field_meta])* $field: $ty,)+ })?,)+
        }

        impl $crate::serde::Serialize for $name {
            fn serialize<S: $crate::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let response = match self {
                    $(Self::$variant $({ $($field,)+ })? => {
                        $crate::response::Response::new($status)$($(.$part($($argument,)+ $field))+)?
                    })+
                };
                $crate::serde::Serialize::serialize(&response, serializer)
            }
        }
    };
}

impl Serialize for Response {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let made = self.made.as_ref().map_err(S::Error::custom)?;
        let headers = made.headers.iter().map(|(name, value)| name.len() + value.len());
        let cookies = made.cookies.iter().map(String::len);
        let bytes: usize = headers.chain(cookies).sum();
        if bytes > HEADER_BYTES {
            let why = format!("its headers have {bytes} bytes, and API Gateway takes {HEADER_BYTES}");
            return Err(S::Error::custom(why));
        }
        made.serialize(serializer)
    }
}

/// The text of a value; `None` for none.
fn text(value: Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        Value::Array(items) => Some(items.into_iter().filter_map(text).collect::<Vec<_>>().join(", ")),
        other => Some(other.to_string()),
    }
}

/// Whether a text can be the value of a header.
fn is_line(text: &str) -> bool {
    text.chars().all(|c| c == '\t' || matches!(c, ' '..='~'))
}

/// The headers of a response that a page of another origin may read without leave, in lower case.
/// <https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name>
const OPEN: [&str; 7] =
    ["cache-control", "content-language", "content-length", "content-type", "expires", "last-modified", "pragma"];

/// The names of headers that a page of another origin may read only with leave.
pub(crate) fn exposed<'n>(names: impl Iterator<Item = &'n Cow<'static, str>>) -> Option<String> {
    let names: Vec<&str> =
        names.map(|name| &**name).filter(|name| !OPEN.iter().any(|open| open.eq_ignore_ascii_case(name))).collect();
    (!names.is_empty()).then(|| names.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn made(response: &Response) -> Result<Value, String> {
        serde_json::to_value(response).map_err(|error| error.to_string())
    }

    #[test]
    fn a_response_is_what_its_type_says() {
        let response = Response::new(200)
            .header("ETag", &"\"1\"")
            .header("Cache-Control", &None::<String>)
            .header("X-Count", &7)
            .header("X-Of", &["a", "b"])
            .json("application/json", &json!({ "a": 1 }));
        let expected = json!({
            "status": 200,
            "headers": [["ETag", "\"1\""], ["X-Count", "7"], ["X-Of", "a, b"], ["content-type", "application/json"]],
            "body": { "json": { "a": 1 } },
        });
        assert_eq!(made(&response), Ok(expected));
        assert_eq!(made(&Response::new(304)), Ok(json!({ "status": 304, "headers": [] })));
        let bytes = crate::Bytes(vec![0, 255]);
        let body = |response: Response| made(&response).expect("a response")["body"].clone();
        assert_eq!(body(Response::new(200).bytes("image/png", &bytes)), json!({ "bytes": "AP8=" }));
        assert_eq!(body(Response::new(200).text("text/csv", &"a,b\n")), json!({ "text": "a,b\n" }));
    }

    #[test]
    fn what_is_more_than_a_line_is_no_header() {
        for value in ["a\r\nSet-Cookie: x=1", "a\nb", "a\0", "\u{7f}", "ä", "\u{2028}"] {
            let error = made(&Response::new(200).header("X-Name", &value)).expect_err(value);
            assert_eq!(error, "the header `X-Name` has characters that no header has");
        }
        assert!(made(&Response::new(200).header("X-Name", &"a\tb ~")).is_ok());
        let error = made(&Response::new(200).header("X-Of", &["a", "b\r\nc: d"])).expect_err("two lines");
        assert!(error.contains("X-Of"), "{error}");
    }

    #[test]
    fn cookies_are_set_taken_back_or_left_alone() {
        let with = |cookie: &Option<SetCookie>| {
            let response = Response::new(204).cookie("session", "; Path=/; Secure", "; Path=/; Max-Age=0", cookie);
            made(&response).map(|made| made["cookies"].clone())
        };
        assert_eq!(with(&None), Ok(Value::Null));
        assert_eq!(with(&Some(SetCookie::to("s-1"))), Ok(json!(["session=s-1; Path=/; Secure"])));
        assert_eq!(with(&Some(SetCookie::removed())), Ok(json!(["session=; Path=/; Max-Age=0"])));
        for value in ["a; Domain=evil.example", "a\r\nX: y", "a b", "\"a\"", "a,b", "ä", "a\\b"] {
            let error = with(&Some(SetCookie::to(value))).expect_err(value);
            assert_eq!(error, "the cookie `session` has characters that no cookie has");
        }
        assert_eq!(format!("{:?}", SetCookie::to("secret")), "SetCookie(..)");
    }

    #[test]
    fn headers_that_no_gateway_takes_are_an_error() {
        let long = "a".repeat(10_300);
        let error = made(&Response::new(200).header("X-Long", &long)).expect_err("too long");
        assert!(error.contains("10306 bytes"), "{error}");
    }

    #[test]
    fn an_answer_is_read_back_with_every_digit() {
        let number: Box<RawValue> = serde_json::from_str("1.00000000000000000001").expect("a number");
        let text = serde_json::to_string(&Response::new(201).json("application/json", &number)).expect("a response");
        let answer: Answer<'_> = serde_json::from_str(&text).expect("an answer");
        assert_eq!((answer.status, answer.headers.len()), (201, 1));
        assert_eq!(answer.into_body(), (Some("1.00000000000000000001".to_owned()), false));
    }
}
