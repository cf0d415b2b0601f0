//! What types and names are in generated Rust: names only, the code is made by the Rust backend.

use super::{Kind, Type};

/// The Rust type as text: `Vec<OrderLine>`, `evc_runtime::Money`. `name` names what is the stack's own: declared types, and records
/// and enumerations that are written in place. Such names get `path` before them: `crate::`, or nothing.
pub fn type_text(ty: &Type, path: &str, name: &impl Fn(&Type) -> String) -> String {
    match &ty.kind {
        Kind::Any => "evc_runtime::serde_json::Value".into(),
        // What could not be read.
        Kind::Named(declared) if declared.is_empty() => "evc_runtime::serde_json::Value".into(),
        // What has no name in a spec, so that it is in no signature.
        Kind::Union(_) | Kind::Tagged(..) => "evc_runtime::serde_json::Value".into(),
        Kind::String(_) => "String".into(),
        Kind::Integer(_) => "i64".into(),
        Kind::Number(_) => "f64".into(),
        Kind::Money(_) => "evc_runtime::Money".into(),
        Kind::Boolean => "bool".into(),
        Kind::Uuid => "evc_runtime::Uuid".into(),
        Kind::Timestamp => "evc_runtime::Timestamp".into(),
        Kind::Date => "evc_runtime::Date".into(),
        Kind::Duration => "evc_runtime::Duration".into(),
        Kind::Bytes => "evc_runtime::Bytes".into(),
        Kind::List(item, _) => format!("Vec<{}>", type_text(item, path, name)),
        Kind::Map(value) => format!("std::collections::BTreeMap<String, {}>", type_text(value, path, name)),
        Kind::Enum(_) | Kind::Record(_) | Kind::Named(_) => format!("{path}{}", name(ty)),
    }
}

/// The name of a struct's field: snake case, with `_` appended to a keyword. Wire names that differ need a `serde(rename)`.
/// Empty when the name has no letter or digit.
pub fn field_name(name: &str) -> String {
    let words = words(name);
    let joined = words.join("_");
    if joined.is_empty() {
        return joined;
    }
    let joined = if joined.starts_with(|first: char| first.is_ascii_digit()) { format!("_{joined}") } else { joined };
    if is_keyword(&joined) { format!("{joined}_") } else { joined }
}

/// The name of an enumeration's variant: Pascal case, `V` before a leading digit. Empty when the literal has no letter or
/// digit.
pub fn variant_name(literal: &str) -> String {
    let joined: String = words(literal)
        .iter()
        .map(|word| {
            let mut chars = word.chars();
            chars.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + chars.as_str())
        })
        .collect();
    if joined.starts_with(|first: char| first.is_ascii_digit()) {
        format!("V{joined}")
    } else if joined == "Self" {
        "Self_".into()
    } else {
        joined
    }
}

/// Whether a Rust type of this name would hide one that generated code and the user's code rely on: those of Rust's prelude,
/// and `Error` and `Kind`, which the skeleton of a function imports.
pub fn hides_prelude(name: &str) -> bool {
    matches!(
        name,
        "Self"
            | "String"
            | "Vec"
            | "Option"
            | "Some"
            | "None"
            | "Result"
            | "Ok"
            | "Err"
            | "Error"
            | "Kind"
            | "Box"
            | "Default"
            | "Clone"
            | "Copy"
            | "Debug"
            | "From"
            | "Into"
            | "TryFrom"
            | "TryInto"
            | "AsRef"
            | "Iterator"
            | "ToString"
            | "Send"
            | "Sync"
            | "Drop"
            | "Fn"
            | "FnMut"
            | "FnOnce"
            | "Eq"
            | "PartialEq"
            | "Ord"
            | "PartialOrd"
    )
}

/// The lower-case words of a name: at `_`, `-`, any other mark, and where case changes: `HTTPStatus2xx` is `http status2xx`.
fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let chars: Vec<char> = name.chars().collect();
    for (at, &next) in chars.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| chars.get(at));
        let after = chars.get(at + 1);
        let starts = next.is_ascii_uppercase()
            && (before.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
                || before.is_some_and(char::is_ascii_uppercase) && after.is_some_and(char::is_ascii_lowercase));
        if starts || !next.is_ascii_alphanumeric() {
            words.push(std::mem::take(&mut word));
        }
        if next.is_ascii_alphanumeric() {
            word.push(next.to_ascii_lowercase());
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// Keywords of Rust 2024, strict and reserved. <https://doc.rust-lang.org/reference/keywords.html>
const KEYWORDS: &[&str] = &[
    "_", "Self", "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do",
    "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro",
    "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static", "struct", "super",
    "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Whether a word is a keyword.
pub fn is_keyword(word: &str) -> bool {
    KEYWORDS.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::super::testing::ty;
    use super::*;

    #[test]
    fn names_become_rust_names() {
        for (name, field, variant) in [
            ("orderId", "order_id", "OrderId"),
            ("order_id", "order_id", "OrderId"),
            ("detail-type", "detail_type", "DetailType"),
            ("HTTPStatus", "http_status", "HttpStatus"),
            ("PAYMENT_FAILED", "payment_failed", "PaymentFailed"),
            ("type", "type_", "Type"),
            ("self", "self_", "Self_"),
            ("gen", "gen_", "Gen"),
            ("2fa", "_2fa", "V2fa"),
            ("sha256Sum", "sha256_sum", "Sha256Sum"),
            ("--", "", ""),
        ] {
            assert_eq!((field_name(name).as_str(), variant_name(name).as_str()), (field, variant), "{name}");
        }
    }

    #[test]
    fn types_become_rust_types() {
        let name = |ty: &Type| match &ty.kind {
            Kind::Named(declared) => declared.clone(),
            _ => "Inline".to_owned(),
        };
        assert_eq!(
            type_text(&ty("[map(money)]"), "crate::", &name),
            "Vec<std::collections::BTreeMap<String, evc_runtime::Money>>"
        );
        assert_eq!(type_text(&ty("[{ a: string }]"), "", &name), "Vec<Inline>");
        assert_eq!(type_text(&ty("[{ a: string }]"), "crate::", &name), "Vec<crate::Inline>");
        assert_eq!(type_text(&ty("Order"), "crate::", &name), "crate::Order");
    }
}
