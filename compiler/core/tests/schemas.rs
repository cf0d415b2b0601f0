//! The embedded schemas of resource types beside those that they were made of, where the tools that carry these are installed.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use evc_compiler::aws::{self, Kind, Shape};
use serde_json::Value;

/// Where `cargo xtask setup` puts cfn-lint's schemas.
fn schemas() -> Option<PathBuf> {
    let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/sam/lib");
    let folders = std::fs::read_dir(library).ok()?;
    let mut found = folders.filter_map(Result::ok).map(|it| it.path().join("site-packages/cfnlint/data/schemas"));
    found.find(|folder| folder.exists())
}

fn read(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).expect("a readable schema");
    serde_json::from_str(&text).expect("a schema is JSON")
}

/// Adds to a type's schema what CloudFormation has beyond it.
fn add(schema: &mut Value, name: &str, additions: &Value) {
    for patch in additions["Patches"][name].as_array().into_iter().flatten() {
        let (parent, key) = patch["path"].as_str().and_then(|path| path.rsplit_once('/')).expect("a path");
        let parent = schema.pointer_mut(parent).and_then(Value::as_object_mut).expect("a place in the schema");
        parent.insert(key.to_owned(), patch["value"].clone());
    }
}

#[test]
fn every_type_is_as_its_schema_says() {
    let Some(folder) = schemas() else { return };
    let additions = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/conformance/additions.json"));
    let mut seen = HashSet::new();
    for provider in std::fs::read_dir(folder.join("providers")).expect("a readable folder") {
        let path = provider.expect("a readable folder").path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        for (name, file) in read(&path).as_object().expect("a map of types") {
            if !seen.insert(name.clone()) {
                continue;
            }
            let file = file.as_str().expect("the name of a file");
            let mut schema = read(&folder.join("resources").join(format!("{file}.json")));
            add(&mut schema, name, &additions);
            let type_ = aws::resource_type(name).unwrap_or_else(|| panic!("{name} is not there"));
            for (paths, key) in [(&type_.read_only, "readOnlyProperties"), (&type_.create_only, "createOnlyProperties")]
            {
                let said = texts(&schema[key]);
                let said: Vec<&str> = said.iter().map(|path| path.trim_start_matches("/properties/")).collect();
                assert_eq!(*paths, said, "{name}: {key}");
            }
            Compare { root: &schema, done: HashSet::new() }.shape(&schema, type_.shape, name);
        }
    }
    assert!(seen.len() > 1800 && aws::resource_types().count() == seen.len(), "{}", seen.len());
}

/// Compares shapes, each definition once.
struct Compare<'s> {
    root: &'s Value,
    done: HashSet<&'s str>,
}

impl<'s> Compare<'s> {
    fn shape(&mut self, schema: &'s Value, shape: Shape, path: &str) {
        if let Some(pointer) = schema["$ref"].as_str() {
            // Beside a reference, what is said comes first, and the reference among what it has to be like all of.
            let notes = ["$ref", "description", "title", "default", "$comment", "insertionOrder", "examples"];
            if schema.as_object().is_some_and(|it| it.keys().any(|key| !notes.contains(&key.as_str()))) {
                return;
            }
            if self.done.insert(pointer) {
                let target = self.root.pointer(&pointer[1..]).unwrap_or_else(|| panic!("{path}: {pointer}"));
                self.shape(target, shape, path);
            }
            return;
        }
        let names: Vec<&str> = shape.properties.iter().map(|(name, _)| *name).collect();
        let properties: Vec<(&String, &Value)> = schema["properties"].as_object().into_iter().flatten().collect();
        assert!(
            names.iter().eq(properties.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().iter()),
            "{path}: {names:?}"
        );
        for ((name, inner), (_, schema)) in shape.properties.iter().zip(properties) {
            self.shape(schema, *inner, &format!("{path}.{name}"));
        }
        assert_eq!(shape.required, texts(&schema["required"]), "{path}");
        assert_eq!(shape.closed, schema["additionalProperties"] == Value::Bool(false), "{path}");
        for kind in Kind::ALL {
            let word = match kind {
                Kind::String => "string",
                Kind::Integer => "integer",
                Kind::Number => "number",
                Kind::Boolean => "boolean",
                Kind::Object => "object",
                Kind::Array => "array",
            };
            let said = schema["type"] == word || texts(&schema["type"]).contains(&word);
            let is_root = !path.contains('.') && kind == Kind::Object;
            assert!(shape.kinds.has(kind) == said || is_root, "{path}: {word}");
        }
        if let Some(values) = schema["enum"].as_array() {
            assert_eq!(shape.values.len(), values.len(), "{path}");
            assert!(shape.values.iter().zip(values).all(|(one, other)| *one == text(other)), "{path}");
        }
        if let Some(pattern) = shape.pattern {
            assert_eq!(schema["pattern"].as_str().map(plain), Some(plain(pattern)), "{path}");
        }
        assert_eq!(shape.format, schema["format"].as_str(), "{path}");
        let bounds = shape.bounds.as_deref().cloned().unwrap_or_default();
        assert_eq!(
            (bounds.minimum, bounds.maximum),
            (schema["minimum"].as_f64(), schema["maximum"].as_f64()),
            "{path}"
        );
        assert_eq!(
            (bounds.min_length, bounds.max_length),
            (schema["minLength"].as_u64(), schema["maxLength"].as_u64()),
            "{path}"
        );
        assert_eq!(
            (bounds.min_items, bounds.max_items),
            (schema["minItems"].as_u64(), schema["maxItems"].as_u64()),
            "{path}"
        );
        match (schema.get("items"), shape.items) {
            (Some(schema), Some(inner)) => self.shape(schema, inner, &format!("{path}.*")),
            (None, None) => {}
            (schema, _) => panic!("{path}: {schema:?}"),
        }
        for key in ["anyOf", "oneOf"] {
            let alternatives = schema[key].as_array().map_or(&[][..], Vec::as_slice);
            let none = Vec::new();
            let shapes =
                shape.more.as_ref().map_or(&none, |more| if key == "anyOf" { &more.any_of } else { &more.one_of });
            assert_eq!(shapes.len(), alternatives.len(), "{path}: {key}");
            for (inner, schema) in shapes.iter().zip(alternatives) {
                self.shape(schema, *inner, &format!("{path}.{key}"));
            }
        }
    }
}

/// A pattern without what Python and Rust write differently.
fn plain(pattern: &str) -> String {
    let same = [("\0", r"\x00"), (r"\Z", r"\z"), (r"(?![\s\S])", r"\z"), (r"\[", "["), ("(", ""), (")", "")];
    same.iter().fold(pattern.to_owned(), |pattern, (from, to)| pattern.replace(from, to))
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().map_or(Vec::new(), |items| items.iter().filter_map(Value::as_str).collect())
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
