//! `$input` and `$util`, as templates see them.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html>

use std::fmt::Write as _;
use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json};

use super::super::route::decoded;
use super::json_path;
use crate::velocity::value::{Object, Value};
use crate::velocity::{Error, Variables};

/// The variables of a template: a body, the parameters of the request by place, `$context` and `$stageVariables`.
pub(super) fn variables(
    body: &str,
    parameters: &Map<String, Json>,
    context: &Json,
    stage: &Map<String, Json>,
) -> Variables {
    let input = Input { body: body.to_owned(), parameters: parameters.clone() };
    let stage = Json::Object(stage.clone());
    Variables::from_iter([
        ("input".to_owned(), Value::Object(Rc::new(input))),
        ("util".to_owned(), Value::Object(Rc::new(Util))),
        ("context".to_owned(), Value::of_json(context)),
        ("stageVariables".to_owned(), Value::of_json(&stage)),
    ])
}

/// A value as JSON: what a template has set of `$context`.
pub(super) fn json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Integer(value) => i64::try_from(*value).map_or_else(|_| value.to_string().into(), Json::from),
        Value::List(items) => items.borrow().iter().map(json).collect(),
        Value::Map(entries) => {
            entries.borrow().iter().map(|(key, value)| (key.clone(), json(value))).collect::<Map<_, _>>().into()
        }
        other => other.to_string().into(),
    }
}

/// `$input`.
#[derive(Debug)]
struct Input {
    body: String,
    /// Parameters by place: `path`, `querystring`, `header`.
    parameters: Map<String, Json>,
}

impl Input {
    /// What stands at a path of the body. A body that is empty is an object without entries.
    fn at(&self, path: &str) -> Result<Json, Error> {
        let body = if self.body.trim().is_empty() { "{}" } else { &self.body };
        let document =
            serde_json::from_str(body).map_err(|error| Error::new(format!("the body is not JSON: {error}")))?;
        // What is not there is an empty text.
        Ok(json_path::find(&document, path)?.filter(|found| !found.is_null()).unwrap_or_else(|| "".into()))
    }

    /// A parameter, looked for in the path, the query string and the headers.
    fn parameter(&self, name: &str) -> Value {
        let found = self.parameters.values().find_map(|of_place| of_place.get(name));
        found.map_or_else(|| Value::text(""), Value::of_json)
    }
}

impl Object for Input {
    fn property(&self, name: &str) -> Option<Value> {
        (name == "body").then(|| Value::text(self.body.as_str()))
    }

    fn call(&self, name: &str, arguments: &[Value]) -> Option<Result<Value, Error>> {
        Some(match (name, arguments) {
            ("path", [Value::Text(path)]) => self.at(path).map(|found| Value::of_json(&found)),
            ("json", [Value::Text(path)]) => self.at(path).map(|found| Value::text(found.to_string())),
            ("params", []) => Ok(Value::of_json(&Json::Object(self.parameters.clone()))),
            ("params", [Value::Text(name)]) => Ok(self.parameter(name)),
            _ => return None,
        })
    }
}

/// `$util`.
#[derive(Debug)]
struct Util;

impl Object for Util {
    fn property(&self, _: &str) -> Option<Value> {
        None
    }

    fn call(&self, name: &str, arguments: &[Value]) -> Option<Result<Value, Error>> {
        let text = match arguments {
            // As the functions that it has these of: nothing in, nothing out.
            [Value::Null] => return Some(Ok(Value::Null)),
            [Value::Text(text)] => text,
            _ => return None,
        };
        Some(match name {
            "escapeJavaScript" => Ok(Value::text(escape_javascript(text))),
            "parseJson" => {
                let parsed = serde_json::from_str(text).map_err(|error| Error::new(format!("parseJson: {error}")));
                parsed.map(|json: Json| Value::of_json(&json))
            }
            "urlEncode" => Ok(Value::text(url_encode(text))),
            "urlDecode" => Ok(Value::text(decoded(text, true))),
            "base64Encode" => Ok(Value::text(STANDARD.encode(text.as_bytes()))),
            "base64Decode" => {
                let bytes = STANDARD.decode(text.as_bytes());
                bytes
                    .map(|bytes| Value::text(String::from_utf8_lossy(&bytes).into_owned()))
                    .map_err(|error| Error::new(format!("base64Decode: {error}")))
            }
            _ => return None,
        })
    }
}

/// Also `'` and `/`, and all but ASCII as `\uXXXX`.
/// <https://commons.apache.org/proper/commons-lang/javadocs/api-2.6/org/apache/commons/lang/StringEscapeUtils.html#escapeJavaScript(java.lang.String)>
fn escape_javascript(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for unit in text.encode_utf16() {
        let short = match unit {
            0x08 => 'b',
            0x09 => 't',
            0x0a => 'n',
            0x0c => 'f',
            0x0d => 'r',
            0x22 => '"',
            0x27 => '\'',
            0x2f => '/',
            0x5c => '\\',
            0x20..=0x7e => {
                out.extend(char::from_u32(u32::from(unit)));
                continue;
            }
            _ => {
                // Writing to a text does not fail.
                let _ = write!(out, "\\u{unit:04X}");
                continue;
            }
        };
        out.push('\\');
        out.push(short);
    }
    out
}

/// As the form of a query string has it.
fn url_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' ' => out.push('+'),
            b'-' | b'_' | b'.' | b'*' => out.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::velocity::Template;
    use serde_json::json;

    #[test]
    fn objects_are_as_api_gateway_documents_them() {
        let parameters =
            json!({ "path": { "id": "7" }, "querystring": { "id": "8", "q": "a b" }, "header": { "X": "h" } });
        let Json::Object(parameters) = parameters else { panic!("an object") };
        let body = r#"{"name": "it's \"é\"/", "items": [{"n": 1}, {"n": 2.50}], "none": null}"#;
        let context = json!({ "stage": "live", "identity": { "sourceIp": "1.1.1.1" } });
        let stage = Map::from_iter([("table".to_owned(), json!("orders"))]);
        for (template, made) in [
            ("$input.json('$.items')", r#"[{"n":1},{"n":2.5}]"#),
            ("$input.json('$.name')", r#""it's \"é\"/""#),
            ("$input.path('$.items[1].n') $input.path('$.items').size()", "2.5 2"),
            ("[$input.path('$.none')][$input.path('$.nowhere')]$input.json('$.nowhere')", r#"[][]"""#),
            ("$input.params('id') $input.params('q') $input.params('X') [$input.params('Z')]", "7 a b h []"),
            ("$input.params().querystring.get('id') $input.params().header.keySet()", "8 [X]"),
            ("$util.escapeJavaScript($input.path('$.name'))", r#"it\'s \"\u00E9\"\/"#),
            ("$util.urlEncode('a b&ü') $util.urlDecode('a+b%26')", "a+b%26%C3%BC a b&"),
            ("$util.base64Encode('ab') $util.base64Decode('YWI=')", "YWI= ab"),
            (
                "$util.parseJson('{\"a\": [1]}').a[0] $context.stage $context.identity.sourceIp $stageVariables.table",
                "1 live 1.1.1.1 orders",
            ),
            ("$input.body.length() $!context.none.more", "71 "),
        ] {
            let mut variables = variables(body, &parameters, &context, &stage);
            let rendered = Template::parse(template).and_then(|it| it.render(&mut variables));
            assert_eq!(rendered.map_err(|error| error.to_string()), Ok(made.to_owned()), "{template}");
        }
    }

    /// Random templates with what another interpreter makes of them: tests/velocity.py.
    #[test]
    fn templates_make_what_airspeed_makes_of_them() {
        let told: Json = serde_json::from_str(include_str!("../../../velocity/cases.json")).expect("JSON");
        let Json::Object(parameters) = &told["parameters"] else { panic!("an object") };
        let (body, start) = (told["body"].to_string(), told["start"].as_str().expect("a text"));
        let mut wrong = Vec::new();
        for case in told["cases"].as_array().expect("cases") {
            let (template, made) = (case[0].as_str().expect("a template"), case[1].as_str().expect("a text"));
            let mut variables = variables(&body, parameters, &told["context"], &Map::new());
            let rendered = Template::parse(&format!("{start}{template}")).and_then(|it| it.render(&mut variables));
            if rendered.as_deref() != Ok(made) {
                wrong.push(format!("{template:?}\n  is   {rendered:?}\n  not  {made:?}"));
            }
        }
        assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
    }
}
