//! What stands on lines that are not read after a syntax error: names that are no mistake where something else refers to them.

use std::collections::BTreeSet;

use super::scan::Lines;
use super::tabs;
use crate::diagnostics::{Code, Diagnostic};

/// The names on the lines that were left out of a text, going by what was reported of its syntax: keys, and what is nested under them.
pub fn names_left_out(text: &str, reported: &[Diagnostic]) -> BTreeSet<String> {
    let lines = Lines(text);
    let mut names = BTreeSet::new();
    for diagnostic in reported {
        match diagnostic.code {
            Code::EVC0001 => {
                let block = lines.block(diagnostic.primary.span.range().start);
                names.extend(text[block].lines().filter_map(key));
            }
            // A file that is indented with tabs throughout is read.
            Code::EVC0003 if tabs::are_beside_spaces(text) => {
                let starts = tabs::of_indentation(text).into_iter().filter_map(|line| line.first().copied());
                names.extend(starts.filter_map(|at| key(&text[lines.line(at)])));
            }
            _ => {}
        }
    }
    names
}

/// The key that a line starts with, or the word.
fn key(line: &str) -> Option<String> {
    let text = line.trim().trim_start_matches("- ").trim_start();
    let word = text.split([':', ' ', '\t']).next()?.trim_matches(['"', '\'']);
    (!word.is_empty() && !word.starts_with('#')).then(|| word.to_owned())
}
