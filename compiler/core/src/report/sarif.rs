//! SARIF 2.1.0 for code scanning: one run, its rules from the registry of codes with their pages as help.
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Report, end, path, sorted};
use crate::diagnostics::{ALL, Code, Diagnostic, Edit, Fix, Label, Severity};
use crate::source::{SourceMap, Span};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// Renders the diagnostics of all reports as one indented JSON document: one log, with one run.
pub fn render(reports: &[Report<'_>]) -> String {
    let results = reports
        .iter()
        .flat_map(|report| sorted(report.diagnostics).into_iter().map(|diagnostic| result(diagnostic, report.sources)));
    let log = Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: "evc",
                    version: env!("CARGO_PKG_VERSION"),
                    rules: ALL.iter().map(|&code| rule(code)).collect(),
                },
            },
            column_kind: "unicodeCodePoints",
            results: results.collect(),
        }],
    };
    // These structs hold strings and numbers only; none of those can fail to serialize.
    serde_json::to_string_pretty(&log).map_or_else(|error| format!("{error}\n"), |json| json + "\n")
}

fn rule(code: Code) -> Rule {
    let page = code.page();
    let title = page.lines().next().unwrap_or_default().trim_start_matches(['#', ' ']);
    let title = title.split_once(": ").map_or(title, |(_, title)| title);
    Rule {
        id: code.as_str(),
        name: code.name(),
        short_description: Text { text: title.to_owned() },
        help_uri: code.url(),
        help: Help { text: page, markdown: page },
        default_configuration: Configuration { level: level(code.severity()) },
    }
}

fn result(diagnostic: &Diagnostic, sources: &SourceMap) -> Outcome {
    let details = diagnostic.notes.iter().map(|note| format!("\nnote: {note}"));
    let advice = diagnostic.help.iter().map(|help| format!("\nhelp: {help}"));
    let text = std::iter::once(diagnostic.message.clone()).chain(details).chain(advice).collect();
    Outcome {
        rule_id: diagnostic.code.as_str(),
        rule_index: ALL.iter().position(|&code| code == diagnostic.code).unwrap_or_default(),
        level: level(diagnostic.severity()),
        message: Text { text },
        locations: [location(&diagnostic.primary, sources)],
        related_locations: diagnostic.secondary.iter().map(|label| location(label, sources)).collect(),
        fixes: diagnostic.fixes.iter().map(|fix| change(fix, sources)).collect(),
    }
}

/// SARIF has three levels for what is found; what asks for no change is a note.
fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error | Severity::Warning | Severity::Note => severity.as_str(),
        Severity::Advice => Severity::Note.as_str(),
    }
}

fn location(label: &Label, sources: &SourceMap) -> Location {
    Location {
        physical_location: Physical {
            artifact_location: artifact(label.span, sources),
            region: region(label.span, sources),
        },
        message: (!label.text.is_empty()).then(|| Text { text: label.text.clone() }),
    }
}

fn change(fix: &Fix, sources: &SourceMap) -> Change {
    let mut by_file: BTreeMap<_, Vec<&Edit>> = BTreeMap::new();
    for edit in &fix.edits {
        by_file.entry(edit.span.file).or_default().push(edit);
    }
    let artifact_changes = by_file.into_values().map(|edits| ArtifactChange {
        artifact_location: artifact(edits[0].span, sources),
        replacements: edits
            .iter()
            .map(|edit| Replacement {
                deleted_region: region(edit.span, sources),
                inserted_content: Text { text: edit.text.clone() },
            })
            .collect(),
    });
    Change { description: Text { text: fix.title.clone() }, artifact_changes: artifact_changes.collect() }
}

fn artifact(span: Span, sources: &SourceMap) -> Artifact {
    Artifact { uri: uri(&path(sources, span)) }
}

/// A path as a URI reference: what is not allowed in one is percent-encoded.
fn uri(path: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/@+=,".contains(&byte);
    path.bytes()
        .map(|byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

fn region(span: Span, sources: &SourceMap) -> Region {
    let (start, end) = (sources.position(span), end(sources, span));
    Region {
        start_line: start.line,
        start_column: start.column,
        end_line: end.line,
        end_column: end.column,
        byte_offset: span.start,
        byte_length: span.end - span.start,
    }
}

#[derive(Serialize)]
struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    column_kind: &'static str,
    results: Vec<Outcome>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    version: &'static str,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: &'static str,
    name: &'static str,
    short_description: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    help_uri: Option<String>,
    help: Help,
    default_configuration: Configuration,
}

#[derive(Serialize)]
struct Help {
    text: &'static str,
    markdown: &'static str,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
struct Text {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    rule_id: &'static str,
    rule_index: usize,
    level: &'static str,
    message: Text,
    locations: [Location; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fixes: Vec<Change>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: Physical,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Text>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Artifact,
    region: Region,
}

#[derive(Serialize)]
struct Artifact {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
    end_line: usize,
    end_column: usize,
    byte_offset: u32,
    byte_length: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Change {
    description: Text,
    artifact_changes: Vec<ArtifactChange>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactChange {
    artifact_location: Artifact,
    replacements: Vec<Replacement>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Replacement {
    deleted_region: Region,
    inserted_content: Text,
}
