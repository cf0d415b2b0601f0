//! The JSON Schema that editors lint by and the compiler say the same about the structure of a spec: on every spec of the
//! project, every example of every page, every case of the documents under `tests/diagnostics/`, and `everything.yaml` broken in
//! every way.
//!
//! Structure is what the decoder looks at: keys, kinds of values, names, words. What is wrong inside of the text of a type is
//! the compiler's alone to say.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::path::Path;

use evc_compiler::diagnostics::{ALL, Code, Diagnostic};
use evc_compiler::session::is_scenarios;
use evc_compiler::source::SourceMap;
use evc_compiler::yaml::{decode_bytes, parse};
use serde_json::{Value, json};

/// Places of `everything.yaml` where a map may also be a text.
const MAP_OR_TEXT: [&str; 4] = [
    "/outputs/Name",
    "/tables/orders/indexes/by-status",
    "/outboxes/shop-changes/update",
    "/outboxes/shop-changes/update/0",
];

/// What a spec is called in a report, and its text.
type Case = (String, String);

#[test]
fn the_schema_and_the_compiler_agree() {
    let judge = Judge::new();
    let cases = cases();
    assert!(cases.len() > 150, "only {} specs were found", cases.len());
    let problems: Vec<String> =
        cases.iter().filter_map(|(name, text)| judge.differ(name, text, &serde_yaml::from_str(text).ok()?)).collect();
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

/// Every value of a spec in turn is left out, and replaced by one of each kind; every map gets a key that is not known.
#[test]
fn they_agree_on_every_way_to_break_a_spec() {
    let judge = Judge::new();
    let mut problems: Vec<String> = Vec::new();
    let mut broken = 0;
    let everything = include_str!("everything.yaml");
    let refused = Judge::refusals(everything).expect("YAML");
    assert!(refused.is_empty(), "{refused:#?}");
    let spec: Value = serde_yaml::from_str(everything).expect("YAML");
    for (change, mutant) in mutants(&spec) {
        broken += 1;
        problems.extend(judge.differ(&change, &mutant.to_string(), &mutant));
    }
    assert!(broken > 1000, "only {broken} specs were compared");
    problems.sort();
    problems.dedup();
    assert!(problems.is_empty(), "{} differences\n{}", problems.len(), problems.join("\n"));
}

/// Asks both.
struct Judge {
    validator: jsonschema::Validator,
}

impl Judge {
    fn new() -> Self {
        let schema = evc_compiler::spec::schema::schema();
        Self { validator: jsonschema::draft7::new(&schema).expect("a valid schema") }
    }

    /// What the decoder says about the structure of a spec; `None` if it cannot be compared: its text is not YAML, or what is
    /// wrong is of a kind that the schema does not know.
    fn refusals(text: &str) -> Option<Vec<Diagnostic>> {
        let mut sources = SourceMap::default();
        let (file, mut found) = decode_bytes(&mut sources, "spec.yaml", text.as_bytes().to_vec());
        let (node, more) = parse(&sources, file);
        found.extend(more);
        let (mut file, mut decoded) = evc_compiler::spec::decode(&node, true);
        decoded.extend(file.settle());
        (found.is_empty() && !decoded.iter().any(Self::is_beyond_the_schema)).then_some(decoded)
    }

    /// Whether the schema cannot say this: what is wrong with the text of a type, of a cron expression or of a time zone, and
    /// names and values of the right form that something else does not take, which a note says.
    fn is_beyond_the_schema(found: &Diagnostic) -> bool {
        let of_types = found.code.as_str().starts_with("EVC02");
        let is_taken = matches!(found.code, Code::EVC0105 | Code::EVC0106) && !found.notes.is_empty();
        of_types || found.code == Code::EVC0111 || is_taken
    }

    /// How the two differ about a spec, as its text and as another reader of YAML sees it.
    fn differ(&self, name: &str, text: &str, instance: &Value) -> Option<String> {
        let refused = Self::refusals(text)?;
        if refused.is_empty() == self.validator.is_valid(instance) {
            return None;
        }
        let errors = self.validator.iter_errors(instance);
        let errors = errors.map(|error| format!("  schema: {}: {error:.200}", error.instance_path()));
        let refused = refused.iter().map(|found| format!("  compiler: {} {}", found.code, found.message));
        Some(format!("{name}\n{}", refused.chain(errors).collect::<Vec<_>>().join("\n")))
    }
}

/// A spec changed in one place, in every way, with what was changed.
fn mutants(spec: &Value) -> Vec<(String, Value)> {
    let mut mutants = Vec::new();
    let mut paths = Vec::new();
    places(spec, String::new(), &mut paths);
    for path in paths {
        let parent = path.rsplit_once('/').map(|(parent, _)| parent);
        if let Some(parent) = parent {
            let mut mutant = spec.clone();
            let key = path[parent.len() + 1..].replace("~1", "/").replace("~0", "~");
            match mutant.pointer_mut(parent) {
                Some(Value::Object(map)) => drop(map.shift_remove(&key)),
                Some(Value::Array(items)) => drop(items.remove(key.parse().expect("an index"))),
                _ => {}
            }
            mutants.push((format!("without {path}"), mutant));
        }
        let is_text = spec.pointer(&path).is_some_and(|value| match value {
            Value::Array(items) => items.iter().any(Value::is_string),
            value => value.is_string(),
        });
        for value in
            [json!(null), json!(true), json!(7), json!(-1), json!("some text"), json!([]), json!(["a"]), json!({})]
        {
            // The compiler reads a number as the text it is written as; editors advise quotes.
            if (is_text || MAP_OR_TEXT.contains(&path.as_str())) && (value.is_number() || value.is_boolean()) {
                continue;
            }
            let mut mutant = spec.clone();
            let change = format!("{path} = {value}");
            if let Some(place) = mutant.pointer_mut(&path) {
                *place = value;
            }
            mutants.push((change, mutant));
        }
        let mut mutant = spec.clone();
        if let Some(Value::Object(map)) = mutant.pointer_mut(&path) {
            map.insert("unknown-key".to_owned(), json!("x"));
            mutants.push((format!("{path} with a further key"), mutant));
        }
    }
    mutants
}

/// The JSON pointers of everything in a value.
fn places(value: &Value, path: String, paths: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                places(value, format!("{path}/{}", key.replace('~', "~0").replace('/', "~1")), paths);
            }
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, value)| places(value, format!("{path}/{at}"), paths));
        }
        _ => {}
    }
    paths.push(path);
}

fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut cases = Vec::new();
    for entry in std::fs::read_dir(root.join("specs")).expect("a folder of specs") {
        let path = entry.expect("a readable folder").path();
        if path.extension().is_some_and(|extension| extension == "yaml") && !is_scenarios(&path) {
            cases.push((path.display().to_string(), std::fs::read_to_string(&path).expect("a readable spec")));
        }
    }
    for code in ALL {
        cases.extend(specs_in(code.as_str(), code.page()));
    }
    for path in support::documents(&root.join("tests/diagnostics")) {
        let markdown = std::fs::read_to_string(&path).expect("a readable document");
        cases.extend(specs_in(&path.display().to_string(), &markdown));
    }
    cases
}

/// The whole specs in a Markdown document.
fn specs_in(name: &str, markdown: &str) -> Vec<Case> {
    let is_spec = |block: &support::Block| {
        block.language == "yaml" && block.file().is_none() && !block.attributes.iter().any(|word| word == "text")
    };
    let blocks = support::blocks(markdown).into_iter().filter(is_spec);
    blocks.map(|block| (format!("{name}:{}", block.line), block.expanded())).collect()
}

/// Scenarios that the compiler takes, the schema takes, and what it does not know is refused by both.
#[test]
fn scenarios_fit_their_schema() {
    let schema = evc_compiler::scenario::schema();
    let validator = jsonschema::draft7::new(&schema).expect("a valid schema");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let json = |text: &str| node(text).json().expect("what can be read");
    let mut count = 0;
    for entry in std::fs::read_dir(root.join("specs")).expect("a folder of specs") {
        let path = entry.expect("a readable folder").path();
        if is_scenarios(&path) {
            count += 1;
            let value = json(&std::fs::read_to_string(&path).expect("readable scenarios"));
            let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{}: {errors:#?}", path.display());
        }
    }
    assert!(count > 0, "there are no scenarios");
    for wrong in [
        "send: {}",
        "send: { evnt: A }",
        "send: { event: A, call: b }",
        "send: [], expect: []",
        "expect: [{ row: a, haz: {} }]",
    ] {
        let text = format!("{{ evc-test: 1, spec: a.yaml, scenarios: {{ a: {{ {wrong} }} }} }}");
        assert!(!validator.is_valid(&json(&text)), "{text}");
        assert!(!evc_compiler::scenario::decode(&node(&text)).1.is_empty(), "{text}");
    }
}

fn node(text: &str) -> evc_compiler::yaml::Node {
    let mut sources = SourceMap::default();
    let file = sources.add("a.test.yaml", text);
    parse(&sources, file).0
}
