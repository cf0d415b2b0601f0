//! JSON Lines for programs, as cargo's `--message-format json`: one object a diagnostic, then one that counts them.
//!
//! ```json
//! {"reason":"diagnostic","code":"EVC0101","name":"unresolved-name","severity":"error",
//!  "message":"unknown event `OrderPlacd`",
//!  "primary":{"file":"specs/orders.yaml","start":{"line":7,"column":12,"byte":104},
//!             "end":{"line":7,"column":22,"byte":114},"label":""},
//!  "secondary":[],"notes":[],"help":["did you mean `OrderPlaced`?"],
//!  "fixes":[{"title":"replace with `OrderPlaced`","certain":true,"edits":[{"file":"specs/orders.yaml","start":{},"end":{},"text":"OrderPlaced"}]}],
//!  "item":"rules.start"}
//! {"reason":"summary","errors":1,"warnings":0,"advice":0,"notes":0}
//! ```
//!
//! Lines and columns count from 1, columns in Unicode characters; `byte` counts from 0 in the file as UTF-8. Ends are
//! exclusive. `primary` and everything in `secondary` have the same shape; `item` is there only if an `allow:` on that item
//! could silence the diagnostic. The fields of an object are written in the order shown; later versions may add some.

use serde::Serialize;

use super::{Counts, Report, end, path, sorted};
use crate::diagnostics::{Diagnostic, Fix, Label};
use crate::source::{Position, SourceMap, Span};

/// Renders the diagnostics of all reports, then one count of all of them, one object a line.
pub fn render(reports: &[Report<'_>]) -> String {
    let mut all = Counts::default();
    let mut text = String::new();
    for Report { diagnostics, sources } in reports {
        let counts = Counts::of(diagnostics);
        all.errors += counts.errors;
        all.warnings += counts.warnings;
        all.advice += counts.advice;
        all.notes += counts.notes;
        text.extend(sorted(diagnostics).into_iter().map(|diagnostic| line(&Found::of(diagnostic, sources))));
    }
    let Counts { errors, warnings, advice, notes } = all;
    text.push_str(&line(&Summary { reason: "summary", errors, warnings, advice, notes }));
    text
}

fn line(value: &impl Serialize) -> String {
    // These structs hold strings and numbers only; none of those can fail to serialize.
    serde_json::to_string(value).map_or_else(|error| format!("{error}\n"), |json| json + "\n")
}

#[derive(Serialize)]
struct Summary {
    reason: &'static str,
    errors: usize,
    warnings: usize,
    advice: usize,
    notes: usize,
}

#[derive(Serialize)]
struct Found<'a> {
    reason: &'static str,
    code: &'static str,
    name: &'static str,
    severity: &'static str,
    message: &'a str,
    primary: Place<'a>,
    secondary: Vec<Place<'a>>,
    notes: &'a [String],
    help: &'a [String],
    fixes: Vec<Change<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<&'a str>,
}

#[derive(Serialize)]
struct Place<'a> {
    #[serde(flatten)]
    range: Range,
    label: &'a str,
}

#[derive(Serialize)]
struct Range {
    file: String,
    start: Point,
    end: Point,
}

#[derive(Serialize)]
struct Point {
    line: usize,
    column: usize,
    byte: u32,
}

#[derive(Serialize)]
struct Change<'a> {
    title: &'a str,
    certain: bool,
    edits: Vec<Replacement<'a>>,
}

#[derive(Serialize)]
struct Replacement<'a> {
    #[serde(flatten)]
    range: Range,
    text: &'a str,
}

impl<'a> Found<'a> {
    fn of(diagnostic: &'a Diagnostic, sources: &SourceMap) -> Self {
        let place = |label: &'a Label| Place { range: range(label.span, sources), label: &label.text };
        let change = |fix: &'a Fix| Change {
            title: &fix.title,
            certain: fix.certain && diagnostic.fixes.len() == 1,
            edits: fix
                .edits
                .iter()
                .map(|edit| Replacement { range: range(edit.span, sources), text: &edit.text })
                .collect(),
        };
        Self {
            reason: "diagnostic",
            code: diagnostic.code.as_str(),
            name: diagnostic.code.name(),
            severity: diagnostic.severity().as_str(),
            message: &diagnostic.message,
            primary: place(&diagnostic.primary),
            secondary: diagnostic.secondary.iter().map(place).collect(),
            notes: &diagnostic.notes,
            help: &diagnostic.help,
            fixes: diagnostic.fixes.iter().map(change).collect(),
            item: diagnostic.item.as_deref(),
        }
    }
}

fn range(span: Span, sources: &SourceMap) -> Range {
    let point = |Position { line, column }, byte| Point { line, column, byte };
    Range {
        file: path(sources, span),
        start: point(sources.position(span), span.start),
        end: point(end(sources, span), span.end),
    }
}
