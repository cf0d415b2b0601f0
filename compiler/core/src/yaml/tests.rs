//! What reading YAML must do, over all its files: found mistakes, kept values, right spans, bounded time.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::diagnostics::Diagnostic;
use crate::source::{FileId, MAX_SOURCE_BYTES, SourceMap};

fn read(bytes: impl Into<Vec<u8>>) -> (SourceMap, FileId, Node, Vec<Diagnostic>) {
    let mut sources = SourceMap::default();
    let (file, mut diagnostics) = decode_bytes(&mut sources, "spec.yaml", bytes.into());
    let (node, more) = parse(&sources, file);
    diagnostics.extend(more);
    (sources, file, node, diagnostics)
}

/// Each diagnostic as `line:column code message`.
fn messages(bytes: impl Into<Vec<u8>>) -> Vec<String> {
    let (sources, _, _, diagnostics) = read(bytes);
    let line = |diagnostic: &Diagnostic| {
        let position = sources.position(diagnostic.primary.span);
        format!("{}:{} {} {}", position.line, position.column, diagnostic.code, diagnostic.message)
    };
    diagnostics.iter().map(line).collect()
}

/// The tree in one line; `!` is a value that could not be read.
fn outline(node: &Node) -> String {
    match &node.kind {
        NodeKind::Null => "~".to_owned(),
        NodeKind::Error => "!".to_owned(),
        NodeKind::Scalar(scalar) => scalar.text.clone(),
        NodeKind::Sequence(items) => format!("[{}]", items.iter().map(outline).collect::<Vec<_>>().join(", ")),
        NodeKind::Mapping(mapping) => {
            let entry = |entry: &Entry| format!("{}: {}", entry.key.text, outline(&entry.value));
            format!("{{{}}}", mapping.entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
    }
}

/// Asserts what is reported about a text, and what is read of it all the same.
#[track_caller]
fn check(text: &str, expected_messages: &[&str], expected_outline: &str) {
    assert_eq!(messages(text), expected_messages, "in:\n{text}");
    assert_eq!(outline(&read(text).2), expected_outline, "in:\n{text}");
}

#[test]
fn reads_what_specs_are_made_of() {
    check(
        "a: 1\nb: [x, 'y z', {c: }]\nd:\n- |\n  two\n  lines\n- \n",
        &[],
        "{a: 1, b: [x, y z, {c: ~}], d: [two\nlines\n, ~]}",
    );
    check("", &[], "~");
    check("# nothing but a comment\n", &[], "~");
    check("--- # one document\na: ~\n...\n", &[], "{a: ~}");
}

#[test]
fn unclosed_brackets_are_blamed_where_they_open() {
    check("a:\n  b: [1, 2\n  c: 3\n", &["2:6 EVC0001 the `[` opened here is never closed"], "{a: {b: !, c: 3}}");
    check("a: 1\nb: {x: 1, z: 2\n", &["2:4 EVC0001 the `{` opened here is never closed"], "{a: 1, b: !}");
    check(
        "a:\n  - x\n  - [1, 2\n  - z\nb: 1\n",
        &["3:5 EVC0001 the `[` opened here is never closed"],
        "{a: [x, !, z], b: 1}",
    );
    check("a: [\n  1,\n  2\nb: 3\n", &["1:4 EVC0001 the `[` opened here is never closed"], "{a: !, b: 3}");
    check("a: [1, 2}\nb: 1\n", &["1:4 EVC0001 the `[` is closed by `}`"], "{a: !, b: 1}");
    check("a: {x: string}}\nb: 1\n", &["1:15 EVC0001 this `}` closes nothing"], "{a: !, b: 1}");
    check("a: [\n  x: q: w,\n  z\n]\nb: 1\n", &["2:7 EVC0001 expected `,` or `]`, found `:`"], "{a: [{x: !}], b: 1}");
}

#[test]
fn unclosed_quotes_are_blamed_where_they_open() {
    check(
        "a:\n  b: \"x\nc: 3\nd: \"4\"\n",
        &["2:6 EVC0001 the closing `\"` of this text is missing"],
        "{a: {b: !}, c: 3, d: 4}",
    );
    check("- x\n- 'abc\n- z\n", &["2:3 EVC0001 the closing `'` of this text is missing"], "[x, !, z]");
    check("a: \"x\" z\nb: 1\n", &["1:8 EVC0001 unexpected text after the closing quote"], "{a: !, b: 1}");
    check("a: {{ x }} z\nb: 1\n", &["1:12 EVC0001 unexpected text after the closing bracket"], "{a: !, b: 1}");
    check("a: \"\\d+\"\nb: 1\n", &["1:5 EVC0001 `\\d` is not an escape"], "{a: !, b: 1}");
}

#[test]
fn misplaced_lines() {
    check("a:\n    b: 1\n  c: 3\nd: 4\n", &["3:3 EVC0001 expected a key at this level"], "{a: {b: 1}, d: 4}");
    check(
        "a:\n  b: 1\n   c: 3\nd: 4\n",
        &["3:4 EVC0001 this line is indented deeper than the one above it, which has a value already"],
        "{a: {b: !}, d: 4}",
    );
    check("a:\n  b: 1\n  tar\n  c: 3\n", &["3:3 EVC0001 expected `:` after `tar`"], "{a: {b: 1, c: 3}}");
    check("a: b: c\nd: 4\n", &["1:5 EVC0001 a second `: ` in one line"], "{a: !, d: 4}");
    check("a:x\nb: 1\n", &["1:2 EVC0001 expected a space after `:`"], "{b: 1}");
    check("a: - x\nb: 1\n", &["1:4 EVC0001 a list item with `-` must start on a line of its own"], "{a: !, b: 1}");
    check(
        "a: @team\nb: %x\nc: 1\n",
        &["1:4 EVC0001 a bare value cannot start with `@`", "2:4 EVC0001 a bare value cannot start with `%`"],
        "{a: !, b: !, c: 1}",
    );
}

#[test]
fn independent_mistakes_are_all_reported() {
    let text: String = (0..40).map(|at| format!("key{at}:\n  value: [{at}\n  other: {at}\n")).collect();
    assert_eq!(messages(text).len(), 40);
    assert_eq!(
        messages("a: [1\nb: \"x\nc: 1\nd: x: z\ne: 3\ne: 4\n"),
        [
            "1:4 EVC0001 the `[` opened here is never closed",
            "2:4 EVC0001 the closing `\"` of this text is missing",
            "4:5 EVC0001 a second `: ` in one line",
            "6:1 EVC0002 the key `e` is given twice",
        ]
    );
}

#[test]
fn every_repetition_of_a_key_is_reported_with_the_first() {
    let (sources, _, node, diagnostics) = read("a: 1\nb: {c: 1, \"c\": 2}\na: 3\na: 4\n");
    assert_eq!(outline(&node), "{a: 1, b: {c: 1}}");
    let places: Vec<(&str, usize, usize)> = diagnostics
        .iter()
        .map(|d| {
            (
                sources.text(d.primary.span),
                sources.position(d.primary.span).line,
                sources.position(d.secondary[0].span).line,
            )
        })
        .collect();
    assert_eq!(places, [("\"c\"", 2, 2), ("a", 3, 1), ("a", 4, 1)]);
}

#[test]
fn tabs_are_reported_once_and_read_as_meant() {
    let text = "a:\n\tb:\n\t\tc: 1\n\t\td: 2\n\te: 3\n";
    check(text, &["2:1 EVC0003 indented with a tab; YAML indents with spaces only"], "{a: {b: {c: 1, d: 2}, e: 3}}");
    let (_, _, _, diagnostics) = read(text);
    assert_eq!(diagnostics[0].fixes[0].edits.len(), 6);
    check(
        "a:\n  b: 1\n\tc: 3\nd: 4\n",
        &["3:1 EVC0003 indented with a tab; YAML indents with spaces only"],
        "{a: {b: 1}, d: 4}",
    );
    check("a: |\n  text\twith\n  \ttabs\nb:\t1\n", &[], "{a: text\twith\n\ttabs\n, b: 1}");
}

#[test]
fn encodings_other_than_plain_utf8() {
    let (sources, _, node, diagnostics) = read("\u{feff}a: 1\nb: 2\nb: 3\n");
    assert_eq!(outline(&node), "{a: 1, b: 2}");
    assert_eq!(diagnostics[0].message, "the file starts with a byte-order mark");
    assert_eq!(
        (sources.text(diagnostics[1].primary.span), sources.position(diagnostics[1].primary.span).line),
        ("b", 3)
    );

    assert_eq!(messages("\u{feff}on: 1\n")[1], "1:1 EVC0008 bare `on` is the boolean true to YAML 1.1 readers");

    let utf16: Vec<u8> = "\u{feff}a: é\nb: x: y\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(
        messages(utf16),
        ["1:1 EVC0004 the file is UTF-16 (little-endian), expected UTF-8", "2:5 EVC0001 a second `: ` in one line",]
    );
    assert_eq!(messages(b"a: caf\xe9\nb: \xff\n".to_vec()), ["1:7 EVC0004 the byte 0xE9 is not UTF-8"]);
    check(
        "a: x\0\u{7}z\nb: 1\n",
        &["1:5 EVC0004 the control character U+0000 may not stand in YAML"],
        "{a: x__z, b: 1}",
    );
    check(
        "a: x\u{202e}\nb: 1\n",
        &["1:5 EVC0004 the character U+202E changes the direction of the text that is shown"],
        "{a: x___, b: 1}",
    );
    check(
        "a: \"x\\u202e\"\n\"b\\e\": 1\nc: \"tab\\tand\\nlines\"\n",
        &[
            "1:4 EVC0004 an escape gives U+202E, which changes the direction of the text that is shown",
            "2:1 EVC0004 an escape gives the control character U+001B",
        ],
        "{a: x\u{202e}, b\u{1b}: 1, c: tab\tand\nlines}",
    );
}

#[test]
fn anchors_are_reported_once_with_their_uses() {
    let text = "a: &x {q: 1}\nb: *x\nc: *x\n";
    check(text, &["1:4 EVC0005 the anchor `&x` is not part of the spec language"], "{a: {q: 1}, b: !, c: !}");
    assert_eq!(read(text).3[0].secondary.len(), 2);
    check("a: *.x\n", &["1:4 EVC0005 the alias `*.x` names no anchor"], "{a: !}");
    check(
        "a: &x {q: 1}\nb:\n  <<: *x\n  c: 1\n",
        &["3:3 EVC0009 merge keys are not part of the spec language"],
        "{a: {q: 1}, b: !}",
    );
    check("a: {\"<<\": 1}\n", &[], "{a: {<<: 1}}");
}

#[test]
fn tags_odd_keys_and_second_documents_are_refused() {
    check(
        "a: !Sub x\nb: !!int 3\nc: !If [d, e]\n",
        &[
            "1:4 EVC0006 the tag `!Sub` is not part of the spec language",
            "2:4 EVC0006 the tag `!!int` is not part of the spec language",
            "3:4 EVC0006 the tag `!If` is not part of the spec language",
        ],
        "{a: !, b: !, c: !}",
    );
    check("? [x, z]\n: 3\nd: 4\n", &["1:3 EVC0010 a key must be text, found a list"], "{d: 4}");
    check("a: {{ name }}\nb: 1\n", &["1:5 EVC0010 a key must be text, found a map"], "{a: !, b: 1}");
    check("a: {: 1}\nb: 1\n", &["1:5 EVC0010 a value without a key"], "{a: !, b: 1}");
    check("a: 1\n---\na: [2\n", &["2:1 EVC0011 a second document starts here; a file holds one spec"], "{a: 1}");
}

#[test]
fn words_that_are_booleans_to_yaml_1_1() {
    check(
        "on: yes\nb: [no, True, \"off\", onward]\n",
        &[
            "1:1 EVC0008 bare `on` is the boolean true to YAML 1.1 readers",
            "1:5 EVC0008 bare `yes` is the boolean true to YAML 1.1 readers",
            "2:5 EVC0008 bare `no` is the boolean false to YAML 1.1 readers",
            "2:9 EVC0008 bare `True` is the boolean true to YAML 1.1 readers",
        ],
        "{on: !, b: [!, !, off, onward]}",
    );
}

#[test]
fn spans_cover_the_text_of_what_they_name() {
    let text = "a:\n- x y\n- - z\n\n# comment\nb: {k: 'v'}  # comment\nc: |\n  text\n\nd:\n";
    let (sources, _, node, _) = read(text);
    let NodeKind::Mapping(root) = &node.kind else { panic!("the document is a map") };
    let values: Vec<&str> = root.entries.iter().map(|entry| sources.text(entry.value.span)).collect();
    assert_eq!(values, ["- x y\n- - z", "{k: 'v'}", "text", ""]);
    assert_eq!(sources.text(node.span), text.trim_end().trim_end_matches(':'));
}

#[track_caller]
fn check_bounded(text: String, expected: &str) {
    let size = text.len();
    let start = Instant::now();
    let mut sources = SourceMap::default();
    let file = sources.add("bomb.yaml", text);
    let (_, diagnostics) = parse(&sources, file);
    assert_eq!(diagnostics.iter().map(|d| d.message.as_str()).collect::<Vec<_>>(), [expected]);
    // Generous, for unoptimized builds on busy machines: what is looked for is quadratic time and endless loops.
    assert!(start.elapsed() < Duration::from_secs(20), "{size} bytes took {:?}", start.elapsed());
}

#[test]
fn deep_nesting_is_one_diagnostic() {
    let too_deep = "lists and maps are more than 64 levels deep here";
    check_bounded("[".repeat(10_000), too_deep);
    check_bounded("{a: ".repeat(10_000), too_deep);
    check_bounded(format!("a: {}{}", "[".repeat(10_000), "]".repeat(10_000)), too_deep);
    check_bounded("- ".repeat(10_000) + "x", too_deep);
    let block_maps = |levels| (0..levels).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
    check_bounded(block_maps(4_000), too_deep);
    check_bounded(block_maps(10_000), "the file is larger than 10 MiB; it was not read");
    check(&("[".repeat(64) + &"]".repeat(64)), &[], &("[".repeat(64) + &"]".repeat(64)));
}

#[test]
fn huge_files_are_one_diagnostic() {
    check_bounded("a: 1\n".repeat(10_000_000), "the file is larger than 10 MiB; it was not read");
    check_bounded("- x\n".repeat(2_000_000), "the file holds more than 100000 keys and values");
    check_bounded(
        (0..200_000).map(|at| format!("k{at}:\n")).collect(),
        "the file holds more than 100000 keys and values",
    );
    assert_eq!(messages("- [\n".repeat(100_000)).len(), 100, "no more than that many syntax errors are looked for");
}

#[test]
fn broken_large_files_take_bounded_time() {
    let text = "key: \"value\nother: [1, 2\n".repeat(40_000);
    assert!(text.len() < usize::try_from(MAX_SOURCE_BYTES).expect("fits"));
    let start = Instant::now();
    assert!(!messages(text).is_empty());
    assert!(start.elapsed() < Duration::from_mins(1), "took {:?}", start.elapsed());
}

#[test]
fn a_billion_laughs_stay_references() {
    let level = |level: usize| {
        let below = level.checked_sub(1).map_or("lol".to_owned(), |below| format!("*a{below}"));
        format!("a{level}: &a{level} [{}]\n", vec![below; 9].join(", "))
    };
    let (_, _, _, diagnostics) = read((0..30).map(level).collect::<String>());
    assert_eq!(diagnostics.len(), 30, "one for each anchor");
}

/// Text like that of a spec being typed: pieces of YAML in any order.
fn broken_yaml() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a", "key: ", "b:", "- ", "  ", "    ", "\n", "\n", "\n  ", "[", "]", "{", "}", ", ", "\"", "'", "#", " # c",
        "|", ">", "\t", "&x ", "*x", "<<: ", "!t ", "? ", ": ", "---\n", "...\n", "%", "@", "`", "\\", "é", "🦀",
        "\u{feff}", "\0", "1", "yes", "~", "\r\n", "\r", "\u{85}", "\u{2028}",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// Every node's span lies in its parent's and on character boundaries, and plain one-line text is what its span covers.
fn check_spans(sources: &SourceMap, node: &Node) {
    let text = sources.text(node.span);
    assert!(node.span.start == node.span.end || !text.is_empty(), "{:?} slices no text", node.span);
    match &node.kind {
        NodeKind::Scalar(scalar) if scalar.style == ScalarStyle::Plain && !text.contains(['\n', '\r']) => {
            assert_eq!(text, scalar.text);
        }
        NodeKind::Sequence(items) => {
            for item in items {
                assert!(node.span.start <= item.span.start && item.span.end <= node.span.end, "{node:?}");
                check_spans(sources, item);
            }
        }
        NodeKind::Mapping(mapping) => {
            for entry in &mapping.entries {
                assert!(node.span.start <= entry.key.span.start && entry.value.span.end <= node.span.end, "{node:?}");
                assert!(entry.key.span.end <= entry.value.span.start, "{node:?}");
                check_spans(sources, &entry.value);
            }
        }
        _ => {}
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        read(bytes);
    }

    #[test]
    fn any_broken_yaml_is_read_with_right_spans(text in broken_yaml()) {
        let (sources, _, node, diagnostics) = read(text);
        for diagnostic in &diagnostics {
            let span = diagnostic.primary.span;
            prop_assert!(span.start == span.end || !sources.text(span).is_empty(), "{:?}", diagnostic);
            prop_assert!(!diagnostic.message.is_empty());
        }
        if diagnostics.is_empty() {
            check_spans(&sources, &node);
        }
    }
}
