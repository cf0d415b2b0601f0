//! Small changes of a spec that scenarios are to notice: a retry less, a catch less, another pattern.
//!
//! A mutant is the text of the spec with one edit, so that its lines stay where they are. Whether it is a spec at all is for the compiler to
//! say: one with errors is none.

use evc_compiler::source::Span;
use evc_compiler::yaml::{Entry, Mapping, Node, NodeKind};
use evc_values::hash;

/// A change of a spec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutant {
    /// What it does: "without `retry` of step `payment`".
    pub what: String,
    /// Where.
    pub span: Span,
    /// The bytes of the file that are replaced, and by what.
    pub edit: (std::ops::Range<usize>, String),
}

impl Mutant {
    /// The changed text of the file.
    pub fn apply(&self, text: &str) -> String {
        let (range, new) = &self.edit;
        let (before, after) = (text.get(..range.start).unwrap_or(""), text.get(range.end..).unwrap_or(""));
        format!("{before}{new}{after}")
    }
}

/// All changes of a spec, in an order that the seed decides.
pub fn mutants(root: &Node, text: &str, seed: u64) -> Vec<Mutant> {
    let mut found = Finder { text, found: Vec::new() };
    found.file(root);
    let mut ordered: Vec<(u64, Mutant)> =
        (0..).zip(found.found).map(|(at, it)| (hash::mix(seed ^ hash::mix(at)), it)).collect();
    ordered.sort_by_key(|(order, _)| *order);
    ordered.into_iter().map(|(_, mutant)| mutant).collect()
}

struct Finder<'t> {
    text: &'t str,
    found: Vec<Mutant>,
}

/// The keys of a step whose loss is noticed, if anything is.
const OF_A_STEP: [&str; 6] = ["retry", "catch", "undo", "assign", "end", "then"];

fn map(node: &Node) -> Option<&Mapping> {
    match &node.kind {
        NodeKind::Mapping(mapping) => Some(mapping),
        NodeKind::Null | NodeKind::Scalar(_) | NodeKind::Sequence(_) | NodeKind::Error => None,
    }
}

fn entries<'n>(node: &'n Node, key: &str) -> &'n [Entry] {
    map(node).and_then(|it| it.get(key)).and_then(|entry| map(&entry.value)).map_or(&[], |it| it.entries.as_slice())
}

impl Finder<'_> {
    fn file(&mut self, root: &Node) {
        for rule in entries(root, "rules") {
            for at in 0..entries(&rule.value, "where").len() {
                let of = format!("the condition of rule `{}`", rule.key.text);
                self.without(entries(&rule.value, "where"), at, &of);
            }
            self.numbers(&rule.value, &format!("rule `{}`", rule.key.text));
        }
        for at in 0..entries(root, "rules").len() {
            self.without(entries(root, "rules"), at, "the rules");
        }
        for function in entries(root, "functions") {
            self.without_key(&function.value, "idempotent", &format!("function `{}`", function.key.text));
            self.without_key(&function.value, "errors", &format!("function `{}`", function.key.text));
        }
        for table in entries(root, "tables") {
            self.without_key(&table.value, "indexes", &format!("table `{}`", table.key.text));
            if let Some(key) = map(&table.value).and_then(|it| it.get("key"))
                && let NodeKind::Sequence(items) = &key.value.kind
                && let [first, .., last] = items.as_slice()
            {
                let what = format!("the key of table `{}` without its last part", table.key.text);
                self.add(what, key.key.span, first.span.range().end..last.span.range().end, String::new());
            }
        }
        for outbox in entries(root, "outboxes") {
            self.without_key(&outbox.value, "aggregate", &format!("outbox `{}`", outbox.key.text));
        }
        for workflow in entries(root, "workflows") {
            self.steps(&workflow.value);
        }
    }

    fn steps(&mut self, body: &Node) {
        let steps = entries(body, "steps");
        for (at, step) in steps.iter().enumerate() {
            let of = format!("step `{}`", step.key.text);
            self.without(steps, at, "the steps");
            for key in OF_A_STEP {
                self.without_key(&step.value, key, &of);
            }
            for entry in 0..entries(&step.value, "catch").len() {
                self.without(entries(&step.value, "catch"), entry, &format!("the catches of {of}"));
            }
            for (index, entry) in entries(&step.value, "catch").iter().enumerate() {
                // Where another catch leads, or the step after this one.
                let other = steps.get(at + 1).map(|next| next.key.text.as_str());
                let target = entry.value.scalar_text().unwrap_or_default();
                if let Some(other) = other.filter(|other| *other != target) {
                    let what = format!("{of} goes on with `{other}` at catch {}", index + 1);
                    self.add(what, entry.value.span, entry.value.span.range(), other.to_owned());
                }
            }
            if let Some(next) = steps.get(at + 1) {
                self.swapped(step, next, steps.get(at + 2));
            }
            self.conditions(&step.value, &of);
            self.numbers_of_retries(&step.value, &of);
            if let Some(fail) = map(&step.value).and_then(|it| it.get("fail")) {
                let what = format!("{of} fails by another name");
                self.add(what, fail.value.span, fail.value.span.range(), "AnotherError".to_owned());
            }
            for entry in entries(&step.value, "with") {
                self.literal(&entry.value, &of);
            }
            for nested in ["for-each", "parallel"] {
                if let Some(inner) = map(&step.value).and_then(|it| it.get(nested)) {
                    self.steps(&inner.value);
                    for branch in entries(&inner.value, "branches") {
                        self.steps(&branch.value);
                    }
                }
            }
        }
    }

    /// Choices the other way round.
    fn conditions(&mut self, step: &Node, of: &str) {
        let Some(choose) = map(step).and_then(|it| it.get("choose")) else { return };
        let NodeKind::Sequence(choices) = &choose.value.kind else { return };
        for choice in choices {
            let Some(when) = map(choice).and_then(|it| it.get("when")) else { continue };
            let Some(text) = when.value.scalar_text() else { continue };
            let other = serde_json::Value::from(format!("$not({text})")).to_string();
            self.add(format!("{of} chooses the other way"), when.value.span, when.value.span.range(), other);
        }
    }

    /// Retries that try once less, down to none.
    fn numbers_of_retries(&mut self, step: &Node, of: &str) {
        let Some(retry) = map(step).and_then(|it| it.get("retry")) else { return };
        let items = match &retry.value.kind {
            NodeKind::Sequence(items) => items.iter().collect(),
            NodeKind::Null | NodeKind::Scalar(_) | NodeKind::Mapping(_) | NodeKind::Error => vec![&retry.value],
        };
        for item in items {
            let attempts = map(item).and_then(|it| it.get("attempts"));
            if let Some(attempts) = attempts
                && let Some(number) = attempts.value.scalar_text().and_then(|text| text.parse::<u64>().ok())
            {
                let span = attempts.value.span;
                self.add(
                    format!("{of} is tried again once less"),
                    span,
                    span.range(),
                    number.saturating_sub(1).to_string(),
                );
            }
        }
    }

    /// Numbers of patterns that are others.
    fn numbers(&mut self, node: &Node, of: &str) {
        match &node.kind {
            NodeKind::Sequence(items) => items.iter().for_each(|item| self.numbers(item, of)),
            NodeKind::Mapping(mapping) => {
                for entry in &mapping.entries {
                    if matches!(entry.key.text.as_str(), "where" | "pattern" | "numeric") || of.ends_with(')') {
                        self.numbers(&entry.value, &format!("{} (its pattern)", of.trim_end_matches(" (its pattern)")));
                    }
                }
            }
            NodeKind::Scalar(scalar) if of.ends_with(')') => {
                if let Some(number) = scalar.as_number() {
                    let other = if number == 0.0 { "100000000".to_owned() } else { format!("{}", number + 1.0) };
                    self.add(format!("another number in {of}"), node.span, node.span.range(), other);
                } else if matches!(scalar.text.as_str(), ">" | ">=" | "<" | "<=") {
                    let other = match scalar.text.as_str() {
                        ">" => "\">=\"",
                        ">=" => "\">\"",
                        "<" => "\"<=\"",
                        _ => "\"<\"",
                    };
                    self.add(format!("another comparison in {of}"), node.span, node.span.range(), other.to_owned());
                }
            }
            NodeKind::Null | NodeKind::Scalar(_) | NodeKind::Error => {}
        }
    }

    /// A text of an argument that is another one.
    fn literal(&mut self, node: &Node, of: &str) {
        let Some(text) = node.scalar_text() else { return };
        let inner = text.strip_prefix('\'').and_then(|it| it.strip_suffix('\'')).filter(|it| !it.contains('\''));
        // One of an enumeration is another one that stands elsewhere in the file.
        if let Some(inner) = inner
            && let Some(other) = self.another_literal(inner)
        {
            self.add(
                format!("{of} says `{other}` for `{inner}`"),
                node.span,
                node.span.range(),
                format!("\"'{other}'\""),
            );
        }
    }

    /// A literal that stands beside this one in an enumeration.
    fn another_literal(&self, literal: &str) -> Option<String> {
        let line = self
            .text
            .lines()
            .find(|line| line.contains(" | ") && line.split(['|', ' ', ':']).any(|it| it == literal))?;
        let all = line.rsplit_once(':').map_or(line, |(_, all)| all);
        all.split('|').map(str::trim).find(|other| *other != literal && !other.is_empty()).map(str::to_owned)
    }

    fn without_key(&mut self, node: &Node, key: &str, of: &str) {
        let Some(mapping) = map(node) else { return };
        if let Some(at) = mapping.entries.iter().position(|entry| entry.key.text == key) {
            self.without(&mapping.entries, at, of);
        }
    }

    /// A map without an entry.
    fn without(&mut self, entries: &[Entry], at: usize, of: &str) {
        let Some(entry) = entries.get(at) else { return };
        let (start, end) = (entry.key.span.range().start, entry.value.span.range().end.max(entry.key.span.range().end));
        let before = at.checked_sub(1).and_then(|before| entries.get(before));
        let range = match (self.line_start(start), entries.get(at + 1), before) {
            (Some(line), Some(next), _) => line..self.line_start(next.key.span.range().start).unwrap_or(end),
            (Some(line), None, _) => line..self.line_end(end),
            (None, Some(next), _) => start..next.key.span.range().start,
            (None, None, Some(before)) => before.value.span.range().end..end,
            (None, None, None) => start..end,
        };
        self.add(format!("{of} without `{}`", entry.key.text), entry.key.span, range, String::new());
    }

    /// Two steps in the other order.
    fn swapped(&mut self, first: &Entry, second: &Entry, third: Option<&Entry>) {
        let line = |entry: &Entry| self.line_start(entry.key.span.range().start);
        let (Some(one), Some(two)) = (line(first), line(second)) else { return };
        let end = third.and_then(line).unwrap_or_else(|| self.line_end(second.value.span.range().end));
        let (Some(before), Some(after)) = (self.text.get(one..two), self.text.get(two..end)) else { return };
        let what = format!("step `{}` after `{}`", first.key.text, second.key.text);
        let new_line = if after.ends_with('\n') { "" } else { "\n" };
        self.add(what, first.key.span, one..end, format!("{after}{new_line}{before}"));
    }

    /// Where the line begins that a key is the first word of; `None` if something stands before it.
    fn line_start(&self, at: usize) -> Option<usize> {
        let line = self.text.get(..at)?.rfind('\n').map_or(0, |newline| newline + 1);
        self.text.get(line..at)?.trim().is_empty().then_some(line)
    }

    /// The end of the line, with its newline.
    fn line_end(&self, at: usize) -> usize {
        let rest = self.text.get(at..).unwrap_or("");
        rest.find('\n').map_or(self.text.len(), |newline| at + newline + 1)
    }

    fn add(&mut self, what: String, span: Span, range: std::ops::Range<usize>, new: String) {
        self.found.push(Mutant { what, span, edit: (range, new) });
    }
}
