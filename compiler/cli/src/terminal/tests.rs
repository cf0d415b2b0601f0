//! What people see of the sample that every output is shown.

use evc_compiler::diagnostics::Code;

use super::*;
use sample::sample;

#[path = "../../../core/src/report/tests/sample.rs"]
mod sample;

#[test]
fn terminal_output() {
    let (sources, diagnostics) = sample();
    insta::assert_snapshot!(render(&diagnostics, &sources, Style { width: 80, color: false }));
}

#[test]
fn terminal_output_in_colour_has_the_same_text() {
    let (sources, diagnostics) = sample();
    let colored = render(&diagnostics, &sources, Style { width: 80, color: true });
    assert!(colored.contains("\u{1b}["));
    let plain = render(&diagnostics, &sources, Style { width: 80, color: false });
    assert_eq!(anstream::adapter::strip_str(&colored).to_string(), plain);
}

#[test]
fn places_at_the_ends_of_files_are_drawn() {
    let mut sources = SourceMap::default();
    let empty = sources.add("empty.yaml", "");
    let file = sources.add("file.yaml", "a: [\n");
    let diagnostics = [
        Diagnostic::new(Code::EVC0104, Span::new(empty, 0..0), "the spec is empty"),
        Diagnostic::new(Code::EVC0001, Span::new(file, 5..5), "expected `]`"),
    ];
    insta::assert_snapshot!(render(&diagnostics, &sources, Style::default()));
}

#[test]
fn nothing_to_report() {
    assert_eq!(render(&[], &SourceMap::default(), Style::default()), "");
}
