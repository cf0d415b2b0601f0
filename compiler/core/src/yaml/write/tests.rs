//! What is written must be read back, by every reader at hand.

use std::process::{Command, Stdio};

use proptest::prelude::*;

use super::*;

/// Strings that one reader or another is known to take for something else, or to choke on.
const AWKWARD: &[&str] = &[
    "",
    " ",
    "a",
    "y",
    "n",
    "Y",
    "yes",
    "no",
    "Yes",
    "NO",
    "on",
    "off",
    "On",
    "OFF",
    "true",
    "True",
    "FALSE",
    "null",
    "Null",
    "~",
    "1",
    "-1",
    "+1",
    "1.0",
    "1e3",
    "1_000",
    "0x1F",
    "0o17",
    "017",
    "012345678901",
    "0b11",
    ".5",
    ".inf",
    "-.INF",
    ".nan",
    "12:30:45",
    "190:20:30",
    "685_230.15",
    "2010-09-09",
    "2001-12-14t21:59:43.10-05:00",
    "=",
    "<<",
    "-",
    "- a",
    "-a",
    "?",
    "? a",
    ":",
    ": a",
    "a: b",
    "a:",
    "a:b",
    "#",
    "a #b",
    "a#b",
    "[",
    "]",
    "{",
    "}",
    "{a}",
    "[a]",
    "${AWS::StackName}-q",
    "{{resolve:ssm:x}}",
    ",",
    "&a",
    "*a",
    "!a",
    "!Sub a",
    "|",
    ">",
    "%a",
    "@a",
    "`a`",
    "'",
    "\"",
    "it's",
    "say \"x\"",
    "\\",
    "\\n",
    "a\\b",
    " a",
    "a ",
    "a  b",
    "\ta",
    "a\tb",
    "a\nb",
    "a\nb\n",
    "a\n\nb",
    "\na",
    "a\n\n",
    " a\nb",
    "a\n b\n",
    "a\n  \nb",
    "a\r\nb",
    "a\rb",
    "---",
    "...",
    "--- a",
    "a\n---\nb",
    "\0",
    "\u{7}",
    "\u{7f}",
    "\u{85}",
    "\u{a0}",
    "é",
    "日本語",
    "🦀",
    "\u{2028}",
    "\u{feff}",
    "\u{feff}a",
    "\u{fffe}",
    "\u{1ffff}",
    "arn:aws:sqs:*:*:q",
    "dynamodb:*",
    "a, b",
    "a\n# b\n",
    "\tx\ny",
    "x\n\ty",
    "function() {\n  return 1;\n}\n",
    "a:\n  b\n",
    "nULL",
    "tRue",
];

fn awkward_document() -> String {
    let strings = Out::list(AWKWARD.iter().copied());
    let keys = Out::map(AWKWARD.iter().enumerate().map(|(at, text)| (*text, i64::try_from(at).unwrap_or(0))));
    let nested = Out::list(AWKWARD.iter().map(|text| Out::map([("k", *text), ("l", *text)])));
    write("", &Out::map([("strings", strings), ("keys", keys), ("nested", nested)]))
}

#[test]
fn awkward_strings_are_read_back_by_serde_yaml() {
    let read: serde_yaml::Value = serde_yaml::from_str(&awkward_document()).expect("valid YAML");
    for (at, text) in AWKWARD.iter().enumerate() {
        assert_eq!(read["strings"][at].as_str(), Some(*text));
        assert_eq!(read["keys"][*text].as_u64(), Some(at as u64), "key {text:?}");
        assert_eq!(read["nested"][at]["k"].as_str(), Some(*text));
        assert_eq!(read["nested"][at]["l"].as_str(), Some(*text));
    }
}

#[test]
fn awkward_strings_are_read_back_by_our_own_reader() {
    let mut sources = crate::source::SourceMap::default();
    let file = sources.add("out.yaml", awkward_document());
    let (node, diagnostics) = crate::yaml::parse(&sources, file);
    // Specs may not have all of these, but they are read.
    let odd = AWKWARD.iter().filter(|text| text.chars().any(|c| c.is_control() && !"\t\n\r\u{85}".contains(c)));
    assert_eq!(diagnostics.len(), 4 * odd.count());
    assert!(diagnostics.iter().all(|found| found.code == crate::diagnostics::Code::EVC0004), "{diagnostics:?}");
    assert_eq!(of_node(&node), of_node_expected());
}

fn of_node_expected() -> Vec<String> {
    let strings = AWKWARD.iter().map(ToString::to_string);
    let nested = AWKWARD.iter().flat_map(|text| [text.to_string(), text.to_string()]);
    strings.clone().chain((0..AWKWARD.len()).map(|at| at.to_string())).chain(nested).collect()
}

/// The text of all scalars that are values, in order.
fn of_node(node: &crate::yaml::Node) -> Vec<String> {
    use crate::yaml::NodeKind;
    match &node.kind {
        NodeKind::Scalar(scalar) => vec![scalar.text.clone()],
        NodeKind::Sequence(items) => items.iter().flat_map(of_node).collect(),
        NodeKind::Mapping(mapping) => mapping.entries.iter().flat_map(|entry| of_node(&entry.value)).collect(),
        NodeKind::Null | NodeKind::Error => vec!["not a scalar".to_owned()],
    }
}

/// `PyYAML` is what SAM and cfn-lint read with. Skipped where it is not installed; the conformance tests have it.
#[test]
fn awkward_strings_are_read_back_by_pyyaml() {
    let script = "import sys, json, yaml; json.dump(yaml.safe_load(sys.stdin.buffer.read().decode()), sys.stdout)";
    let has_yaml = Command::new("python3").args(["-c", "import yaml"]).stderr(Stdio::null()).status();
    if !has_yaml.is_ok_and(|status| status.success()) {
        return;
    }
    let path = std::env::temp_dir().join(format!("evc-awkward-{}.yaml", std::process::id()));
    std::fs::write(&path, awkward_document()).expect("temporary file");
    let input = std::fs::File::open(&path).expect("temporary file");
    let output = Command::new("python3").args(["-c", script]).stdin(input).output().expect("python3 runs");
    std::fs::remove_file(&path).expect("temporary file");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    for (at, text) in AWKWARD.iter().enumerate() {
        assert_eq!(read["strings"][at].as_str(), Some(*text));
        assert_eq!(read["keys"][*text].as_u64(), Some(at as u64), "key {text:?}");
        assert_eq!(read["nested"][at]["k"].as_str(), Some(*text));
    }
}

#[test]
fn layout() {
    let out = Out::Map(vec![
        OutEntry::new(
            "Resources",
            Out::Map(vec![
                OutEntry::new(
                    "OrdersTable",
                    Out::map([
                        ("Type", Out::from("AWS::DynamoDB::Table")),
                        ("Name", Out::tagged("!Sub", "${AWS::StackName}-orders")),
                        ("Empty", Out::List(vec![])),
                        ("None", Out::Map(vec![])),
                    ]),
                )
                .comment("specs/orders.yaml:12\n\nsecond paragraph"),
                OutEntry::new("Joined", Out::tagged("!Join", Out::list([Out::from(":"), Out::list(["a", "b"])]))),
                OutEntry::new(
                    "Choice",
                    Out::tagged("!If", Out::list([Out::from("Prod"), Out::tagged("!Ref", "A"), Out::Null])),
                ),
            ]),
        ),
        OutEntry::new(
            "List",
            Out::list([
                Out::map([("a", Out::Int(1)), ("b", Out::list([Out::Bool(true), Out::Float("0.10".into())]))]),
                Out::Map(vec![OutEntry::new("c", 2).comment("commented"), OutEntry::new("d", "012345678901")]),
                Out::list([Out::list(["x"])]),
                Out::tagged("!Sub", "two\nlines\n"),
                Out::map([("code", "no end\nof line")]),
            ]),
        ),
    ]);
    insta::assert_snapshot!(write("Generated by evc\nfrom specs/orders.yaml", &out));
}

#[test]
fn documents_that_are_one_value() {
    assert_eq!(write("", &Out::from("a\nb")), "\"a\\nb\"\n");
    assert_eq!(write("", &Out::Null), "null\n");
    assert_eq!(write("", &Out::tagged("!Ref", "A")), "!Ref A\n");
    assert_eq!(write("x\u{85}y\tz", &Out::List(vec![])), "# x y z\n[]\n");
}

fn any_out() -> impl Strategy<Value = Out<'static>> {
    let leaf = prop_oneof![
        Just(Out::Null),
        any::<bool>().prop_map(Out::Bool),
        any::<i64>().prop_map(Out::Int),
        any::<String>().prop_map(Out::from),
        "[ -~\n\t]{0,20}".prop_map(Out::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        let entry = (any::<String>(), "[ -~\n]{0,12}", inner.clone()).prop_map(|(key, comment, value)| OutEntry {
            comment: comment.into(),
            key: key.into(),
            value,
        });
        prop_oneof![
            prop::collection::vec(inner, 0..5).prop_map(Out::List),
            prop::collection::vec(entry, 0..5).prop_map(|mut entries| {
                entries.sort_by(|a, b| a.key.cmp(&b.key));
                entries.dedup_by(|a, b| a.key == b.key);
                Out::Map(entries)
            }),
        ]
    })
}

fn to_json(out: &Out<'_>) -> serde_json::Value {
    match out {
        Out::Null => serde_json::Value::Null,
        Out::Bool(value) => (*value).into(),
        Out::Int(value) => (*value).into(),
        Out::Float(digits) => digits.parse::<f64>().unwrap_or_default().into(),
        Out::String(text) => text.as_ref().into(),
        Out::List(items) => items.iter().map(to_json).collect(),
        Out::Map(entries) => entries.iter().map(|entry| (entry.key.to_string(), to_json(&entry.value))).collect(),
        Out::Tagged(_, inner) => to_json(inner),
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(out in any_out()) {
        let text = write("header", &out);
        let read: serde_json::Value = serde_yaml::from_str(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        prop_assert_eq!(read, to_json(&out), "{}", text);
    }

    #[test]
    fn entry_by_entry_is_the_same_text(values in prop::collection::vec(any_out(), 1..5)) {
        let mut document = Document::new("header");
        for value in &values {
            match value.clone() {
                Out::Map(entries) => document.map("k", entries),
                value => document.entry("k", value),
            }
        }
        prop_assert_eq!(document.finish(), write("header", &Out::map(values.into_iter().map(|value| ("k", value)))));
    }
}
