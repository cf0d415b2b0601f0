//! The language reference: a hand-written text, with tables of keys made from the same doc comments as the JSON Schema.
//!
//! A line `<!-- keys: Table -->` becomes the table of that definition's keys, `<!-- keys: Step call -->` that of the alternative
//! that has the key `call`; `<!-- types -->`, `<!-- functions -->` and `<!-- codes -->` become the tables of payload types, of
//! expression functions and of diagnostic codes. `<!-- chapters: FOLDER -->` becomes the files `FOLDER/SECTION.md`, one for each kind
//! of thing, in the order of the language.

use std::fmt::Write as _;

use serde_json::Value;

use super::Sections;
use super::schema::schema;
use crate::diagnostics::ALL;
use crate::{expr, types};

/// Expands the markers of a text, whose further files `read` gives. Fails with the marker that names nothing.
pub fn expand(text: &str, read: &dyn Fn(&str) -> Result<String, String>) -> Result<String, String> {
    expand_with(text, &schema(), read)
}

fn expand_with(text: &str, schema: &Value, read: &dyn Fn(&str) -> Result<String, String>) -> Result<String, String> {
    let mut expanded = String::new();
    for line in text.lines() {
        let marker = line.trim().strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->"));
        match marker.map(|marker| marker.split_once(": ").unwrap_or((marker, ""))) {
            Some(("keys", name)) => expanded.push_str(&keys(schema, name)?),
            Some(("chapters", folder)) => {
                let chapter = |(section, _): &(&str, &str)| {
                    let chapter = read(&format!("{folder}/{section}.md"))?;
                    // A chapter stands one folder further in than the whole.
                    expand_with(&chapter.replace("](../", "]("), schema, read)
                };
                let chapters = Sections::KINDS.iter().map(chapter).collect::<Result<Vec<_>, _>>()?;
                expanded.push_str(chapters.join("\n").trim_end());
            }
            Some(("types", "")) => expanded.push_str(types::reference_table().trim_end()),
            Some(("functions", "")) => expanded.push_str(expr::functions::reference().trim_end()),
            Some(("codes", "")) => expanded.push_str(codes().trim_end()),
            _ => expanded.push_str(line),
        }
        expanded.push('\n');
    }
    Ok(expanded)
}

/// The keys of a definition (`Spec` is the whole document) as a Markdown table.
fn keys(schema: &Value, name: &str) -> Result<String, String> {
    let (definition, key) = name.split_once(' ').map_or((name, None), |(name, key)| (name, Some(key)));
    let definition = if definition == "Spec" { schema } else { &schema["definitions"][definition] };
    let object = object_form(definition, key).ok_or_else(|| format!("there is no definition `{name}` with keys"))?;
    let required: Vec<&str> = object["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut table = "| key | value | what it is |\n| --- | --- | --- |\n".to_owned();
    for (key, property) in object["properties"].as_object().into_iter().flatten() {
        let name = if required.contains(&key.as_str()) { format!("**`{key}`**") } else { format!("`{key}`") };
        let what =
            property["description"].as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
        // Writing to a string cannot fail.
        let _ = writeln!(table, "| {name} | {} | {} |", shape(property, schema), what.replace('|', "\\|"));
    }
    table.pop();
    Ok(table)
}

/// The alternative of a definition that is a map with known keys, among them `key` if one is given.
fn object_form<'a>(definition: &'a Value, key: Option<&str>) -> Option<&'a Value> {
    if definition["properties"].is_object() {
        return Some(definition);
    }
    let alternatives = definition["anyOf"].as_array().or_else(|| definition["oneOf"].as_array())?;
    let has_key = |properties: &Value| key.is_none_or(|key| properties.get(key).is_some());
    alternatives.iter().find(|it| it["properties"].is_object() && has_key(&it["properties"]))
}

/// What a value looks like, in a few words. `root` has the definitions.
fn shape(schema: &Value, root: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap_or_default();
        let definition = &root["definitions"][name];
        return words(definition).unwrap_or_else(|| spaced(name));
    }
    if let Some(constant) = schema.get("const") {
        return format!("`{constant}`");
    }
    if let Some(words) = schema["enum"].as_array() {
        return words.iter().filter_map(Value::as_str).map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    }
    for key in ["allOf", "anyOf", "oneOf"] {
        if let Some(alternatives) = schema[key].as_array() {
            let mut shapes: Vec<String> =
                alternatives.iter().map(|it| shape(it, root)).filter(|shape| !shape.is_empty()).collect();
            shapes.dedup();
            return shapes.join(" or ");
        }
    }
    match schema["type"].as_str().or_else(|| schema["type"].as_array()?.first()?.as_str()) {
        Some("array") => format!("list of {}", shape(&schema["items"], root)),
        Some("object") if schema["additionalProperties"].is_object() => {
            format!("map of {}", shape(&schema["additionalProperties"], root))
        }
        Some("object") => "map".to_owned(),
        Some("string") => "text".to_owned(),
        Some("integer") => "whole number".to_owned(),
        Some("boolean") => "`true` or `false`".to_owned(),
        Some(other) => other.to_owned(),
        None => "anything".to_owned(),
    }
}

/// The words of an enumeration, which each have a description of their own.
fn words(definition: &Value) -> Option<String> {
    let words: Option<Vec<String>> =
        definition["oneOf"].as_array()?.iter().map(|word| Some(format!("`{}`", word["const"].as_str()?))).collect();
    Some(words?.join(", "))
}

/// `EnvironmentLogs` as `environment logs`.
fn spaced(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !text.is_empty() {
            text.push(' ');
        }
        text.extend(c.to_lowercase());
    }
    text
}

fn codes() -> String {
    let mut table = "| code | level | name |\n| --- | --- | --- |\n".to_owned();
    for code in ALL {
        let page = format!("../compiler/core/src/diagnostics/pages/{code}.md");
        // Writing to a string cannot fail.
        let _ = writeln!(table, "| [{code}]({page}) | {} | {} |", code.severity().as_str(), code.name());
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_come_from_doc_comments() {
        let expand = |text| expand(text, &|path| Ok(format!("# {path}\n")));
        let text = expand("Tables:\n<!-- keys: Table -->\nend").unwrap();
        assert!(text.contains("| **`item`** | type | The record type of its items. |"), "{text}");
        assert!(text.starts_with("Tables:\n| key |") && text.ends_with("|\nend\n"), "{text}");
        let text = expand("<!-- keys: Step publish -->\n<!-- keys: Event -->").unwrap();
        assert!(text.contains("| **`publish`** | text |") && text.contains("| `consumer` | `external` |"), "{text}");
        let chapters = expand("<!-- chapters: of -->").unwrap();
        assert!(chapters.starts_with("# of/environments.md\n\n# of/types.md\n"), "{chapters}");
        assert_eq!(expand("<!-- keys: Tabel -->"), Err("there is no definition `Tabel` with keys".to_owned()));
    }
}
