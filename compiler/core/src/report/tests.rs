//! Every output of the same diagnostics: two files, a fix, notes, a label elsewhere, characters that need escaping.

use super::*;
use crate::diagnostics::Code;
use crate::source::FileId;

mod sample;

use sample::sample;

#[test]
fn short_output() {
    let (sources, diagnostics) = sample();
    insta::assert_snapshot!(short::render(&diagnostics, &sources));
}

#[test]
fn github_output() {
    let (sources, diagnostics) = sample();
    insta::assert_snapshot!(github::render(&diagnostics, &sources));
}

#[test]
fn json_output() {
    let (sources, diagnostics) = sample();
    let text = json::render(&[Report { diagnostics: &diagnostics, sources: &sources }]);
    for line in text.lines() {
        serde_json::from_str::<serde_json::Value>(line).expect("each line is JSON");
    }
    insta::assert_snapshot!(text);
}

#[test]
fn sarif_output() {
    let (sources, diagnostics) = sample();
    let text = sarif::render(&[Report { diagnostics: &diagnostics, sources: &sources }]);
    let mut log: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array_mut().expect("rules");
    assert_eq!(rules.len(), crate::diagnostics::ALL.len());
    assert!(rules.iter().all(|rule| rule["shortDescription"]["text"] != ""));
    let at: Vec<String> = rules.iter().map(|rule| rule["id"].to_string()).collect();
    for result in log["runs"][0]["results"].as_array_mut().expect("results") {
        // Where a rule stands changes with every new code.
        let index =
            result.as_object_mut().and_then(|result| result.remove("ruleIndex")).and_then(|index| index.as_u64());
        assert_eq!(
            Some(result["ruleId"].to_string()),
            index.map(|index| at[usize::try_from(index).expect("small")].clone())
        );
    }
    insta::assert_snapshot!(serde_json::to_string_pretty(&log["runs"][0]["results"]).expect("JSON"));
}

#[test]
fn several_specs_are_one_document() {
    let (sources, diagnostics) = sample();
    let (empty, none) = (SourceMap::default(), Vec::new());
    let report = Report { diagnostics: &diagnostics, sources: &sources };
    let reports = [report, Report { diagnostics: &none, sources: &empty }, report];
    let log: serde_json::Value = serde_json::from_str(&sarif::render(&reports)).expect("one document");
    let runs = log["runs"].as_array().expect("runs");
    assert_eq!((runs.len(), runs[0]["results"].as_array().map(Vec::len)), (1, Some(2 * diagnostics.len())));
    let text = json::render(&reports);
    let Counts { errors, warnings, .. } = Counts::of(&diagnostics);
    let (errors, warnings) = (2 * errors, 2 * warnings);
    let summary =
        format!("{{\"reason\":\"summary\",\"errors\":{errors},\"warnings\":{warnings},\"advice\":2,\"notes\":0}}");
    assert_eq!(text.matches("\"reason\":\"summary\"").count(), 1);
    assert_eq!(text.lines().last(), Some(summary.as_str()));
}

#[test]
fn nothing_to_report() {
    let sources = SourceMap::default();
    assert_eq!(short::render(&[], &sources), "");
    assert_eq!(github::render(&[], &sources), "");
    assert_eq!(json::render(&[]), "{\"reason\":\"summary\",\"errors\":0,\"warnings\":0,\"advice\":0,\"notes\":0}\n");
}

#[test]
fn counts() {
    let text = |errors, warnings, advice, notes| Counts { errors, warnings, advice, notes }.to_string();
    assert_eq!(
        [text(3, 1, 0, 0), text(1, 2, 2, 3), text(0, 1, 1, 1), text(0, 0, 0, 0)],
        [
            "3 errors, 1 warning",
            "1 error, 2 warnings, 2 pieces of advice, 3 notes",
            "1 warning, 1 piece of advice, 1 note",
            ""
        ]
    );
}

#[test]
fn pages_for_terminals() {
    assert_eq!(page::render(Code::EVC0002, false), Code::EVC0002.page());
    let colored = page::render(Code::EVC0002, true);
    assert!(colored.starts_with("\u{1b}[1mEVC0002: "), "{colored}");
    assert!(!colored.contains("```"));
}

/// Names come from specs, and specs from anyone: no report lets them end its lines or steer a terminal.
#[test]
fn odd_characters_of_names_are_escaped_in_lines() {
    let mut sources = SourceMap::default();
    let file = sources.add("a,b:\u{1b}[2J%.yaml", "x");
    let message = "unknown function `a\u{202e}b\r\n::error::forged\u{7}`";
    let diagnostics = [Diagnostic::new(Code::EVC0101, Span::new(file, 0..1), message).help("one\ntwo")];
    assert_eq!(
        short::lines(&diagnostics, &sources),
        "a,b:\\u{1b}[2J%.yaml:1:1: error[EVC0101]: unknown function `a\\u{202e}b ::error::forged\\u{7}`\n"
    );
    assert_eq!(
        github::render(&diagnostics, &sources),
        "::error file=a%2Cb%3A\\u{1b}[2J%25.yaml,line=1,col=1,endLine=1,endColumn=2,title=EVC0101 unresolved-name::\
         unknown function `a\\u{202e}b%0D%0A::error::forged\\u{7}`%0Ahelp: one%0Atwo\n"
    );
}
