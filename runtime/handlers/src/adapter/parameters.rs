//! The input of a function from a request of a route that says what of it comes from where.
//!
//! | | payload 2.0 | payload 1.0, REST APIs |
//! | --- | --- | --- |
//! | the route | `routeKey` | `httpMethod` and `resource` |
//! | the query | `rawQueryString`: of `queryStringParameters`, values that were several cannot be told from one with a comma | `multiValueQueryStringParameters` |
//! | a header that came several times | one value, with commas | `multiValueHeaders`, which becomes the same here |
//! | cookies | `cookies` | the header `Cookie` |
//!
//! A value that came several times and is no list is refused, and so are control characters in headers and cookies: a handler that hands
//! one on would write somebody else's header.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>,
//! <https://www.rfc-editor.org/rfc/rfc9110#section-5.3>, <https://www.rfc-editor.org/rfc/rfc6265#section-5.4>

use super::Failure;
use super::api::Request;
use crate::request::{Parameter, Place, Route, Text};
use crate::{Error, Kind, payload};
use serde_json::value::{RawValue, to_raw_value};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The route that a request came by. A function with one such route is asked by it where a local invoker does not say which it is.
pub(super) fn route(request: &Request, routes: &'static [Route]) -> Option<&'static Route> {
    let key = request.route_key.as_deref().map(Cow::Borrowed).or_else(|| {
        let (method, path) = (request.http_method.as_deref()?, request.resource.as_deref()?);
        Some(Cow::Owned(format!("{method} {path}")))
    });
    match (key, routes) {
        (Some(key), _) => routes.iter().find(|route| route.key == key),
        (None, [one]) => Some(one),
        (None, _) => None,
    }
}

/// The input: the body without the fields that come from elsewhere, and those.
pub(super) fn input(request: &Request, route: &'static Route) -> Result<String, Failure> {
    let is_whole = route.parameters.iter().any(|parameter| parameter.place == Place::Body);
    let body = if request.has_body() && !is_whole { request.text()? } else { "{}".to_owned() };
    // Raw values, so that every number of the body stays the text that it is.
    let known: BTreeMap<String, &RawValue> = payload::decode(&body)?;
    let mut fields: BTreeMap<String, Cow<'_, RawValue>> =
        known.into_iter().map(|(name, value)| (name, Cow::Borrowed(value))).collect();
    for parameter in route.parameters {
        fields.remove(parameter.field);
    }
    for parameter in route.parameters {
        let value = match parameter.place {
            Place::Body => whole(request, parameter)?,
            Place::Path | Place::Query | Place::Header | Place::Cookie | Place::Said => read(request, parameter)?,
        };
        if let Some(value) = value {
            fields.insert(parameter.field.to_owned(), Cow::Owned(value));
        }
    }
    Ok(serde_json::to_string(&fields).map_err(Error::other)?)
}

/// The body as a whole, as JSON. Where it is bytes or a text, one that is not there is an empty one.
fn whole(request: &Request, parameter: &Parameter) -> Result<Option<Box<RawValue>>, Failure> {
    let json = match parameter.text {
        Text::Bytes => to_raw_value(&request.bytes()?).map_err(Error::other)?,
        Text::Json if request.is_empty() => return Ok(None),
        // Read to its end, so that nothing stands behind it.
        Text::Json => payload::decode::<&RawValue>(&request.text()?)?.to_owned(),
        _ => {
            let text = String::from_utf8(request.bytes()?.0);
            let text = text.map_err(|_| Error::new(Kind::InvalidInput, "the body is not UTF-8"))?;
            to_raw_value(&text).map_err(Error::other)?
        }
    };
    Ok(Some(json))
}

/// A parameter as JSON; its default, or nothing, where the request does not have it.
fn read(request: &Request, parameter: &Parameter) -> Result<Option<Box<RawValue>>, Error> {
    let refuse = |why: &str| Error::new(Kind::InvalidInput, format!("{}: {why}", called(parameter)));
    let values = values(request, parameter);
    if matches!(parameter.place, Place::Header | Place::Cookie)
        && values.iter().any(|value| value.chars().any(|c| c.is_control() && c != '\t'))
    {
        return Err(refuse("it has control characters"));
    }
    let json = match (parameter.text.item(), values.as_slice()) {
        (_, []) => parameter.default.map(str::to_owned),
        (Some(item), values) => {
            let items = values.iter().flat_map(|value| match parameter.place {
                // What a list in a header is: <https://www.rfc-editor.org/rfc/rfc9110#section-5.6.1>.
                Place::Header => value.split(',').map(str::trim).filter(|item| !item.is_empty()).collect(),
                Place::Path | Place::Query | Place::Cookie | Place::Body | Place::Said => vec![&**value],
            });
            let items = items.map(|value| json(item, value)).collect::<Option<Vec<String>>>();
            let items = items.ok_or_else(|| refuse(&format!("expected {}", item.expected())))?;
            Some(format!("[{}]", items.join(",")))
        }
        (None, [value]) => {
            let json = json(parameter.text, value);
            Some(json.ok_or_else(|| refuse(&format!("expected {}", parameter.text.expected())))?)
        }
        (None, values) => return Err(refuse(&format!("it is given {} times", values.len()))),
    };
    json.map(|json| RawValue::from_string(json).map_err(Error::other)).transpose()
}

/// What a parameter is called in what its sender is told.
fn called(parameter: &Parameter) -> String {
    let place = match parameter.place {
        Place::Path => "the parameter",
        Place::Query => "the query's",
        Place::Header => "the header",
        Place::Cookie => "the cookie",
        Place::Body | Place::Said => "the",
    };
    format!("{place} `{}`", parameter.name)
}

/// Every value that a request has for a parameter.
fn values<'r>(request: &'r Request, parameter: &Parameter) -> Vec<Cow<'r, str>> {
    let name = parameter.name;
    match parameter.place {
        Place::Path => {
            let value = request.path_parameters.as_ref().and_then(|parameters| parameters.get(name));
            value.map(|value| value.as_str().into()).into_iter().collect()
        }
        Place::Query => of_query(request, name),
        Place::Header => header(request, name).into_iter().collect(),
        // Where the gateway has taken the header apart, what is left of it says nothing more.
        Place::Cookie => {
            let apart = request.cookies.as_deref().unwrap_or_default();
            let header = header(request, "cookie").filter(|_| apart.is_empty());
            let texts = apart.iter().map(|cookie| Cow::Borrowed(cookie.as_str())).chain(header);
            texts.flat_map(|text| cookies(&text, name)).map(Cow::Owned).collect()
        }
        Place::Said => request.said(name).map(Cow::Owned).into_iter().collect(),
        // It is no text beside the body.
        Place::Body => Vec::new(),
    }
}

fn of_query<'r>(request: &'r Request, name: &str) -> Vec<Cow<'r, str>> {
    if let Some(raw) = &request.raw_query_string {
        let pairs = raw.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        return pairs.filter(|(key, _)| decoded(key) == name).map(|(_, value)| decoded(value)).collect();
    }
    let several = request.multi_value_query_string_parameters.as_ref().and_then(|several| several.get(name));
    if let Some(values) = several {
        return values.iter().map(|value| value.as_str().into()).collect();
    }
    let one = request.query_string_parameters.as_ref().and_then(|one| one.get(name));
    one.map(|value| value.as_str().into()).into_iter().collect()
}

/// A part of a query as a text. What is no UTF-8 becomes the replacement character.
fn decoded(part: &str) -> Cow<'_, str> {
    if !part.contains(['%', '+']) {
        return part.into();
    }
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = |digits: &[u8]| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
        let escaped = after.get(..2).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit)).and_then(hex);
        match (first, escaped) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            (b'+', _) => {
                bytes.push(b' ');
                rest = after;
            }
            (byte, _) => {
                bytes.push(*byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned().into()
}

/// A header; one that came several times has its values with commas between, as payload 2.0 has them.
pub(super) fn header<'r>(request: &'r Request, name: &str) -> Option<Cow<'r, str>> {
    let several = request.multi_value_headers.iter().flatten().filter(|(key, _)| key.eq_ignore_ascii_case(name));
    let several: Vec<&str> = several.flat_map(|(_, values)| values).map(String::as_str).collect();
    match several.as_slice() {
        [] => request.header(name).map(Cow::Borrowed),
        values => Some(values.join(",").into()),
    }
}

/// The values of a cookie in the text of a `Cookie` header. Quotes around one are part of it.
fn cookies(text: &str, name: &str) -> Vec<String> {
    let pairs = text.split(';').filter_map(|pair| pair.split_once('='));
    pairs.filter(|(key, _)| key.trim() == name).map(|(_, value)| value.trim().to_owned()).collect()
}

/// A text as JSON of what it stands for.
fn json(text: Text, value: &str) -> Option<String> {
    match text {
        Text::Integer => Some(value).filter(|value| is_integer(value)).map(str::to_owned),
        Text::Number => {
            // A number as JSON writes it, and nothing around it.
            let number: Result<serde_json::Number, _> = serde_json::from_str(value);
            number.ok().filter(|_| !value.contains(char::is_whitespace)).map(|_| value.to_owned())
        }
        Text::Boolean => Some(value).filter(|value| matches!(*value, "true" | "false")).map(str::to_owned),
        Text::Text | Text::Texts | Text::Integers | Text::Numbers | Text::Booleans | Text::Json | Text::Bytes => {
            to_raw_value(value).ok().map(|value| value.get().to_owned())
        }
    }
}

/// Whether a text is a whole number as JSON writes one.
fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && (digits == "0" || !digits.starts_with('0'))
}

impl Text {
    /// Of a list, what its items are.
    fn item(self) -> Option<Self> {
        match self {
            Self::Texts => Some(Self::Text),
            Self::Integers => Some(Self::Integer),
            Self::Numbers => Some(Self::Number),
            Self::Booleans => Some(Self::Boolean),
            Self::Text | Self::Integer | Self::Number | Self::Boolean | Self::Json | Self::Bytes => None,
        }
    }

    fn expected(self) -> &'static str {
        match self {
            Self::Integer | Self::Integers => "a whole number",
            Self::Number | Self::Numbers => "a number",
            Self::Boolean | Self::Booleans => "`true` or `false`",
            Self::Text | Self::Texts | Self::Json | Self::Bytes => "a text",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const ROUTES: &[Route] = &[
        Route {
            key: "GET /carts/{owner}",
            parameters: &[
                Parameter::path("owner", "owner", Text::Integer),
                Parameter::query("limit", "limit", Text::Integer).or("20"),
                Parameter::query("tag", "tags", Text::Texts),
                Parameter::query("all", "all", Text::Boolean),
                Parameter::query("at-least", "least", Text::Number),
                Parameter::header("If-None-Match", "known", Text::Text),
                Parameter::header("X-Sizes", "sizes", Text::Integers),
                Parameter::cookie("session", "session", Text::Text),
            ],
        },
        Route { key: "POST /carts", parameters: &[Parameter::header("X-Session", "session", Text::Text)] },
    ];

    fn of(request: Value) -> Result<Value, String> {
        let request: Request = serde_json::from_value(request).expect("a request");
        let route = route(&request, ROUTES).expect("a route");
        let input = input(&request, route).map_err(|failure| format!("{} {}", failure.status, failure.message))?;
        Ok(serde_json::from_str(&input).expect("JSON"))
    }

    /// The same request in both formats.
    fn both(query: &str, several: &Value, headers: &[(&str, &str)], cookies: &[&str]) -> [Result<Value, String>; 2] {
        let context = json!({ "http": { "method": "GET" } });
        let mut joined: BTreeMap<String, String> = BTreeMap::new();
        let mut lists: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in headers {
            let known = joined.entry(name.to_lowercase()).or_default();
            *known = if known.is_empty() { (*value).to_owned() } else { format!("{known},{value}") };
            lists.entry((*name).to_owned()).or_default().push((*value).to_owned());
        }
        let two = json!({
            "version": "2.0", "routeKey": "GET /carts/{owner}", "rawQueryString": query, "headers": joined, "cookies": cookies,
            "pathParameters": { "owner": "7" }, "requestContext": context,
        });
        if !cookies.is_empty() {
            lists.insert("Cookie".to_owned(), vec![cookies.join("; ")]);
        }
        let last: BTreeMap<&String, Option<&String>> = lists.iter().map(|(name, all)| (name, all.last())).collect();
        let one = json!({
            "resource": "/carts/{owner}", "httpMethod": "GET", "multiValueQueryStringParameters": several,
            "headers": last, "multiValueHeaders": lists, "pathParameters": { "owner": "7" }, "requestContext": {},
        });
        [of(two), of(one)]
    }

    #[test]
    fn texts_become_what_the_spec_says_in_both_formats() {
        let all = both(
            "limit=5&tag=a%20b&tag=c%2Cd&all=true&at-least=0.5",
            &json!({ "limit": ["5"], "tag": ["a b", "c,d"], "all": ["true"], "at-least": ["0.5"] }),
            &[("if-none-match", "\"1\""), ("if-none-match", "\"2\""), ("X-SIZES", "1, 2"), ("x-sizes", "3")],
            &["session=s-1", "other=2"],
        );
        let expected = json!({
            "owner": 7, "limit": 5, "tags": ["a b", "c,d"], "all": true, "least": 0.5, "known": "\"1\",\"2\"", "sizes": [1, 2, 3],
            "session": "s-1",
        });
        assert_eq!(all, [Ok(expected.clone()), Ok(expected)]);
    }

    #[test]
    fn what_is_missing_is_its_default_or_absent() {
        for found in both("", &Value::Null, &[], &[]) {
            assert_eq!(found, Ok(json!({ "owner": 7, "limit": 20 })));
        }
    }

    #[test]
    fn what_is_no_number_or_comes_twice_is_refused() {
        let cases = [
            ("limit=", json!({ "limit": [""] }), "400 the query's `limit`: expected a whole number"),
            ("limit=+5", json!({ "limit": [" 5"] }), "400 the query's `limit`: expected a whole number"),
            ("limit=05", json!({ "limit": ["05"] }), "400 the query's `limit`: expected a whole number"),
            ("limit=1e2", json!({ "limit": ["1e2"] }), "400 the query's `limit`: expected a whole number"),
            ("limit=1&limit=2", json!({ "limit": ["1", "2"] }), "400 the query's `limit`: it is given 2 times"),
            ("all=yes", json!({ "all": ["yes"] }), "400 the query's `all`: expected `true` or `false`"),
            ("at-least=NaN", json!({ "at-least": ["NaN"] }), "400 the query's `at-least`: expected a number"),
        ];
        for (query, several, expected) in cases {
            for found in both(query, &several, &[], &[]) {
                assert_eq!(found, Err(expected.to_owned()), "{query}");
            }
        }
        for found in both("", &Value::Null, &[], &["session=mine", "session=another's"]) {
            assert_eq!(found, Err("400 the cookie `session`: it is given 2 times".to_owned()));
        }
    }

    #[test]
    fn control_characters_are_refused_in_headers_and_cookies() {
        for header in ["a\r\nSet-Cookie: x=1", "a\0", "\u{7f}", "a\u{85}b"] {
            for found in both("", &Value::Null, &[("if-none-match", header)], &[]) {
                assert_eq!(found, Err("400 the header `If-None-Match`: it has control characters".to_owned()));
            }
            for found in both("", &Value::Null, &[], &[&format!("session={header}x")]) {
                assert_eq!(found, Err("400 the cookie `session`: it has control characters".to_owned()));
            }
        }
    }

    #[test]
    fn a_field_of_the_body_does_not_stand_in_for_a_header() {
        let request = |headers: Value| {
            json!({
                "routeKey": "POST /carts", "headers": headers, "body": r#"{"session":"forged","big":1.00000000000000000001}"#,
                "requestContext": { "http": { "method": "POST" } }, "rawQueryString": "session=forged",
            })
        };
        let text = |request: Value| {
            let request: Request = serde_json::from_value(request).expect("a request");
            input(&request, &ROUTES[1]).expect("an input")
        };
        assert_eq!(text(request(json!({}))), r#"{"big":1.00000000000000000001}"#);
        let with = text(request(json!({ "x-session": "mine" })));
        assert_eq!(with, r#"{"big":1.00000000000000000001,"session":"mine"}"#);
    }

    const HOOKS: &[Route] = &[
        Route {
            key: "POST /bytes",
            parameters: &[
                Parameter::header("X-Signature", "signature", Text::Text),
                Parameter::query("at", "at", Text::Integer),
                Parameter::body("body", "payload", Text::Bytes),
            ],
        },
        Route { key: "POST /text", parameters: &[Parameter::body("body", "payload", Text::Text)] },
        Route { key: "POST /json", parameters: &[Parameter::body("body", "payload", Text::Json)] },
    ];

    /// What a body becomes, in a request that has this content type.
    fn whole_of(path: &str, body: &Value, content_type: &str) -> Result<String, String> {
        let request = json!({
            "routeKey": format!("POST {path}"), "headers": { "content-type": content_type, "x-signature": "s" }, "rawQueryString": "at=1",
            "body": body["text"], "isBase64Encoded": body["base64"].as_bool().unwrap_or_default(),
            "requestContext": { "http": { "method": "POST" } },
        });
        let request: Request = serde_json::from_value(request).expect("a request");
        let route = route(&request, HOOKS).expect("a route");
        input(&request, route).map_err(|failure| format!("{} {}", failure.status, failure.message))
    }

    #[test]
    fn a_body_is_taken_as_it_was_sent() {
        let text = |text: &str| json!({ "text": text });
        let base64 = |text: &str| json!({ "text": text, "base64": true });
        let of = |payload: &str| Ok(format!(r#"{{"at":1,"payload":"{payload}","signature":"s"}}"#));
        // Spaces, the order of fields and digits are part of what was signed; the content type is the sender's.
        assert_eq!(whole_of("/bytes", &text("{ \"b\":1.0, \"a\":2 }"), "text/plain"), of("eyAiYiI6MS4wLCAiYSI6MiB9"));
        assert_eq!(whole_of("/bytes", &base64("AP8="), "image/png"), of("AP8="));
        assert_eq!(whole_of("/bytes", &Value::Null, ""), of(""));
        let refused = whole_of("/bytes", &base64("no base64"), "image/png").expect_err("no base64");
        assert!(refused.starts_with("400 the body: "), "{refused}");
        assert_eq!(whole_of("/text", &text("a\n\"b\""), "text/csv"), Ok(r#"{"payload":"a\n\"b\""}"#.to_owned()));
        assert_eq!(whole_of("/text", &base64("/w=="), ""), Err("400 the body is not UTF-8".to_owned()));
        let list = whole_of("/json", &text("[1.00000000000000000001]"), "application/json");
        assert_eq!(list, Ok(r#"{"payload":[1.00000000000000000001]}"#.to_owned()));
        assert_eq!(whole_of("/json", &Value::Null, ""), Ok("{}".to_owned()));
        assert!(whole_of("/json", &text("[1] 2"), "application/json").is_err());
        assert!(whole_of("/json", &text("[1]"), "text/plain").expect_err("no JSON").starts_with("415 "));
    }

    #[test]
    fn a_request_of_another_route_is_read_as_before() {
        let of = |request: Value, routes| {
            let request: Request = serde_json::from_value(request).expect("a request");
            route(&request, routes).map(|route| route.key)
        };
        assert_eq!(of(json!({ "routeKey": "PUT /carts" }), ROUTES), None);
        assert_eq!(of(json!({ "httpMethod": "POST", "resource": "/carts" }), ROUTES), Some("POST /carts"));
        assert_eq!(of(json!({}), ROUTES), None);
        assert_eq!(of(json!({}), &ROUTES[1..]), Some("POST /carts"));
    }
}
