//! Regular expressions for types that are texts, as API Gateway has them: in JSON schemas, and in templates by `matches` of Java's strings.

use crate::types::{Kind, Range, Type, Types};

/// Base64, in four characters each.
pub(super) const BASE64: &str = "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$";

const UUID: &str = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";

/// A pattern for a format of JSON schemas. That of a UUID stands in the schema itself. A timestamp has milliseconds, so that texts sort as times do:
/// nothing stands between the request and the table that could write it another way.
pub(super) fn of_format(format: &str) -> Option<&'static str> {
    Some(match format {
        "date-time" => {
            "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\\.[0-9]{3}Z$"
        }
        "date" => "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$",
        "duration" => {
            "^P(?=[0-9T])([0-9]+Y)?([0-9]+M)?([0-9]+W)?([0-9]+D)?(T(?=[0-9])([0-9]+H)?([0-9]+M)?([0-9]+(\\.[0-9]+)?S)?)?$"
        }
        _ => return None,
    })
}

/// What all of a text has to match to be of a type; `None` where any text is. No apostrophe, `$` or `#` is in it.
pub(super) fn of_text(types: &Types, ty: &Type) -> Option<String> {
    // `matches` is about all of a text.
    let whole = |pattern: &str| pattern.trim_start_matches('^').trim_end_matches('$').to_owned();
    Some(match &types.resolve(ty).kind {
        Kind::String(range) => format!("(?s).{}", times(range)?),
        Kind::Enum(literals) => literals.iter().map(|literal| plain(&literal.value)).collect::<Vec<_>>().join("|"),
        Kind::Uuid => UUID.to_owned(),
        Kind::Timestamp => whole(of_format("date-time")?),
        Kind::Date => whole(of_format("date")?),
        Kind::Duration => whole(of_format("duration")?),
        Kind::Bytes => whole(BASE64),
        _ => return None,
    })
}

/// One character of a JSON text: itself, or as an escape, of which a pair of surrogates is one.
const CHARACTER: &str =
    r#"(?:[^"\\]|\\[^u]|\\u(?![dD][89a-fA-F])[0-9a-fA-F]{4}|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[0-9a-fA-F]{4})"#;

/// The same for a text that stands as JSON, with its quotes and escapes.
pub(super) fn of_json_text(types: &Types, ty: &Type) -> Option<String> {
    Some(match &types.resolve(ty).kind {
        // Java goes down a level of its stack for each round, so that no more are counted than have to be.
        Kind::String(range) => match (times(range)?, range) {
            (_, Range { min, max: None }) => format!(r#"(?s)"{CHARACTER}{{{}}}.*"#, min.unwrap_or(0)),
            (times, _) => format!(r#""{CHARACTER}{times}""#),
        },
        Kind::Enum(literals) => {
            let each = literals.iter().map(|literal| literal.value.chars().map(escapable).collect::<String>());
            format!(r#""(?:{})""#, each.collect::<Vec<_>>().join("|"))
        }
        Kind::Uuid => format!(r#""{UUID}""#),
        _ => return None,
    })
}

/// How often, if not as often as one likes.
fn times(range: &Range<u64>) -> Option<String> {
    let least = range.min.unwrap_or(0);
    match range.max {
        None if least == 0 => None,
        None => Some(format!("{{{least},}}")),
        Some(most) => Some(format!("{{{least},{most}}}")),
    }
}

/// A text that means itself in a regular expression of any kind, and in a template.
fn plain(text: &str) -> String {
    let each = |c: char| match c {
        c if c.is_ascii_alphanumeric() || !c.is_ascii() || " -_".contains(c) => c.to_string(),
        c => format!("\\u{:04x}", u32::from(c)),
    };
    text.chars().map(each).collect()
}

/// A character of a JSON text, which may be escaped there.
fn escapable(c: char) -> String {
    if c.is_ascii_alphanumeric() || " -_".contains(c) {
        return c.to_string();
    }
    let mut units = [0; 2];
    let escapes: String = c.encode_utf16(&mut units).iter().map(|unit| format!(r"\\u(?i:{unit:04x})")).collect();
    let own = plain(&c.to_string());
    format!(r"(?:{own}|\\{own}|{escapes})")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::testing::{ty, types};

    #[test]
    fn texts_match_as_they_are_of_their_type() {
        let types = types(&[]);
        for (of, text, fits) in [
            ("string(2..3)", "a\nb", true),
            ("string(2..3)", "😀", false),
            ("string(2..3)", "😀😀", true),
            ("string(2..3)", "abcd", false),
            ("string(2..)", "a", false),
            ("string(..1)", "", true),
            ("A | 'a.b' | 'a$b#c'", "A", true),
            ("A | 'a.b' | 'a$b#c'", "axb", false),
            ("A | 'a.b' | 'a$b#c'", "a.b", true),
            ("uuid", "1f0c9f1e-2b3c-4d5e-8f90-a1b2c3d4e5f6", true),
            ("uuid", "1F0C9F1E-2b3c-4d5e-8f90-a1b2c3d4e5f6", false),
            ("date", "2026-11-21", true),
            ("date", "x2026-11-21", false),
        ] {
            let pattern = of_text(&types, &ty(of)).expect("there is something to match");
            assert!(!pattern.contains(['\'', '$', '#']), "{pattern}");
            assert_eq!(is_match(&pattern, text), fits, "{of}: {text} by {pattern}");
        }
        assert_eq!(of_text(&types, &ty("string")), None);
    }

    #[test]
    fn json_texts_match_by_their_characters() {
        let types = types(&[]);
        for (of, json, fits) in [
            ("string(2..3)", r#""ab""#, true),
            ("string(2..3)", r#""a""#, false),
            ("string(2..3)", r#""a\"\u00fc""#, true),
            ("string(2..3)", r#""\ud83d\ude00""#, false),
            ("string(2..3)", r#""\ud83d\ude00\ud83d\ude00""#, true),
            ("string(2..3)", r#""abcd""#, false),
            ("string(2..)", r#""abcdefg""#, true),
            ("string(2..)", r#""a""#, false),
            ("X | 'a/b'", r#""a\/b""#, true),
            ("X | 'a/b'", r#""a/b""#, true),
            ("X | 'a/b'", r#""a\u002Fb""#, true),
            ("X | 'a/b'", r#""ab""#, false),
            ("X | 'a/b'", "1", false),
            ("uuid", r#""1f0c9f1e-2b3c-4d5e-8f90-a1b2c3d4e5f6""#, true),
        ] {
            let pattern = of_json_text(&types, &ty(of)).expect("there is something to match");
            assert!(!pattern.contains(['\'', '$', '#']), "{pattern}");
            assert_eq!(is_match(&pattern, json), fits, "{of}: {json} by {pattern}");
        }
        assert_eq!(of_json_text(&types, &ty("string")), None);
    }

    /// Whether all of a text matches, by an engine that knows what Java's does.
    fn is_match(pattern: &str, text: &str) -> bool {
        let schema = serde_json::json!({ "pattern": format!("^(?:{})$", pattern.trim_start_matches("(?s)").replace('.', "[\\s\\S]")) });
        let schema = if pattern.starts_with("(?s)") {
            schema
        } else {
            serde_json::json!({ "pattern": format!("^(?:{pattern})$") })
        };
        jsonschema::options().build(&schema).expect("a pattern").is_valid(&serde_json::json!(text))
    }
}
