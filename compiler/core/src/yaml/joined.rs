//! Quoted texts of templates that go on over lines with little indentation, which the parsers of CloudFormation and SAM take.

use std::borrow::Cow;

use super::{Dialect, Node, recover};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::FileId;

/// How many texts of a template may go on like this.
const MOST: usize = 50;

/// Reads a template. Where it is no YAML because of such texts, their lines are taken for one: each byte stays where it is.
pub(super) fn parse(text: &str, file: FileId) -> (Node, Vec<Diagnostic>) {
    let (root, found) = recover::parse(text, file, Dialect::Template);
    let (mut joined, mut problems) = (Cow::Borrowed(text), first_problem(&found));
    for _ in 0..MOST {
        let next = problems
            .and_then(|at| with_joined(&joined, at).or_else(|| with_joined(&joined, quote_before(&joined, at)?)));
        let Some(next) = next else { break };
        joined = Cow::Owned(next);
        let (root, found) = recover::parse(&joined, file, Dialect::Template);
        problems = first_problem(&found);
        if problems.is_none() {
            return (root, found);
        }
    }
    (root, found)
}

/// Where the first thing is that is no YAML.
fn first_problem(found: &[Diagnostic]) -> Option<usize> {
    found.iter().filter(|it| it.code == Code::EVC0001).map(|it| it.primary.span.range().start).min()
}

/// How many lines a problem may stand after the quote that it is about.
const LINES: usize = 50;

/// Where the nearest quoted text begins above that is not closed on its line.
fn quote_before(text: &str, at: usize) -> Option<usize> {
    let mut end = at;
    for _ in 0..LINES {
        let start = text.get(..end)?.rfind('\n').map_or(0, |found| found + 1);
        let line = text.get(start..)?.lines().next()?;
        let value =
            [": \"", ": '", "- \"", "- '"].iter().filter_map(|mark| line.find(mark)).min().map(|found| found + 2);
        let is_open = |from: usize| {
            line.get(from..).is_some_and(|rest| !rest.get(1..).unwrap_or_default().trim_end().ends_with(['"', '\'']))
        };
        if let Some(from) = value.filter(|from| is_open(*from)) {
            return Some(start + from);
        }
        end = start.checked_sub(1)?;
    }
    None
}

/// The text with spaces in the place of the line ends of the quoted text that begins here, if that goes on over lines.
fn with_joined(text: &str, start: usize) -> Option<String> {
    let quote = text.get(start..)?.chars().next().filter(|first| matches!(first, '"' | '\''))?;
    let mut inside = text.get(start + 1..)?.char_indices().peekable();
    let end = loop {
        match inside.next()? {
            (_, '\\') if quote == '"' => {
                inside.next();
            }
            (at, next) if next == quote => {
                // Two of them are one in the text.
                if quote == '\'' && inside.next_if(|(_, next)| *next == quote).is_some() {
                    continue;
                }
                break start + 1 + at;
            }
            _ => {}
        }
    };
    let within = text.get(start..end)?;
    within.contains('\n').then(|| {
        let joined = within.replace(['\n', '\r'], " ");
        [text.get(..start).unwrap_or_default(), &joined, text.get(end..).unwrap_or_default()].concat()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceMap;
    use crate::yaml::NodeKind;

    fn read(text: &str) -> (Node, Vec<Diagnostic>) {
        let mut sources = SourceMap::default();
        let file = sources.add(std::path::Path::new("template.yaml"), text);
        parse(text, file)
    }

    #[test]
    fn a_quoted_text_goes_on_with_little_indentation() {
        let text = "Description: \"a long \\\"text\\\"\nthat goes on: here\n  and here\"\nMore:\n  Name: 'it''s\n more\n'\n  Other: x\n";
        let (root, found) = read(text);
        assert!(found.is_empty(), "{found:?}");
        let NodeKind::Mapping(root) = root.kind else { panic!("a map") };
        let value = &root.get("Description").expect("a description").value;
        let NodeKind::Scalar(scalar) = &value.kind else { panic!("a text") };
        assert_eq!(scalar.text, "a long \"text\" that goes on: here   and here");
        let NodeKind::Mapping(more) = &root.get("More").expect("more").value.kind else { panic!("a map") };
        let other = more.get("Other").expect("the other");
        assert_eq!(&text[other.value.span.range()], "x");
    }

    #[test]
    fn a_quote_that_nothing_closes_is_reported_where_it_is() {
        let (_, found) = read("A: \"x\nB: \"y\"\nC: z\n");
        assert_eq!(found.first().map(|it| it.primary.span.range().start), Some(3), "{found:?}");
    }
}
