//! The operators in braces: `{ prefix: PAY }`, `{ numeric: [">", 0, "<=", 5] }`.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>

use std::net::IpAddr;

use super::ast::{AnythingBut, Cidr, Comparison, MatchKind, Number, Numeric, Wildcard};
use super::parse::{number, part};
use crate::diagnostics::{Code, Diagnostic, Edit, Fix};
use crate::source::{Span, Spanned};
use crate::types::significant_digits;
use crate::yaml::{Entry, Mapping, Node, NodeKind, Scalar, ScalarStyle};

/// The operators.
pub(super) const NAMES: &[&str] =
    &["prefix", "suffix", "equals-ignore-case", "wildcard", "anything-but", "numeric", "cidr", "exists"];

/// The greatest number, up or down, that `numeric` and `anything-but` compare.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html#eb-filtering-numeric-matching>
pub(super) const MAX_NUMBER: f64 = 5.0e9;
/// The significant digits that they compare, same page.
const MAX_DIGITS: usize = 15;
/// The digits behind the point that they compare, same page. `PutRule` refuses a pattern with more.
const MAX_DECIMALS: usize = 6;

/// The match that `{ operator: operand }` describes; `None` after reporting why it is none.
pub(super) fn parse(mapping: &Mapping, span: Span, diagnostics: &mut Vec<Diagnostic>) -> Option<MatchKind> {
    let Entry { key, value } = only(mapping, span, "an operator", diagnostics)?;
    if matches!(value.kind, NodeKind::Error) {
        return None;
    }
    Some(match key.text.as_str() {
        "prefix" => affix(value, "prefix", diagnostics).map(|(text, ignore)| MatchKind::Prefix(text, ignore))?,
        "suffix" => affix(value, "suffix", diagnostics).map(|(text, ignore)| MatchKind::Suffix(text, ignore))?,
        "equals-ignore-case" => MatchKind::EqualsIgnoreCase(text(value, "equals-ignore-case", diagnostics)?),
        "wildcard" => MatchKind::Wildcard(wildcard(value, diagnostics)?),
        "anything-but" => MatchKind::AnythingBut(anything_but(value, diagnostics)?),
        "numeric" => MatchKind::Numeric(numeric(value, diagnostics)?),
        "cidr" => MatchKind::Cidr(cidr(value, diagnostics)?),
        "exists" => {
            let boolean = if let NodeKind::Scalar(scalar) = &value.kind { scalar.as_bool() } else { None };
            let Some(exists) = boolean else {
                return wrong(value, "`exists` takes `true` or `false`", diagnostics);
            };
            MatchKind::Exists(exists)
        }
        name => {
            let message = format!("unknown operator `{name}`");
            diagnostics.push(Diagnostic::new(Code::EVC0302, key.span, message).suggest(name, NAMES.iter().copied()));
            return None;
        }
    })
}

/// Whether this is one of `=`, `<`, `<=`, `>`, `>=`.
pub(super) fn is_comparison(node: &Node) -> bool {
    matches!(&node.kind, NodeKind::Scalar(scalar) if comparison(scalar).is_some())
}

fn comparison(scalar: &Scalar) -> Option<Comparison> {
    Comparison::ALL.into_iter().find(|known| known.as_str() == scalar.text)
}

fn only<'a>(mapping: &'a Mapping, span: Span, what: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<&'a Entry> {
    match mapping.entries.as_slice() {
        [only] => Some(only),
        [] => {
            let message = format!("expected {what}, found an empty map");
            diagnostics.push(Diagnostic::new(Code::EVC0301, span, message));
            None
        }
        [_, second, ..] => {
            let message = format!("expected one operator, found {}", mapping.entries.len());
            let help =
                "each operator is an item of its own, and one of them must match: `[{ prefix: a }, { suffix: z }]`";
            diagnostics.push(Diagnostic::new(Code::EVC0301, second.key.span, message).help(help));
            None
        }
    }
}

/// "X takes Y, found Z".
fn wrong<T>(node: &Node, expected: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<T> {
    if !matches!(node.kind, NodeKind::Error) {
        let message = format!("{expected}, found {}", node.describe());
        diagnostics.push(Diagnostic::new(Code::EVC0303, node.span, message));
    }
    None
}

fn text(node: &Node, operator: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<Spanned<String>> {
    match &node.kind {
        NodeKind::Scalar(scalar) if scalar.as_bool().is_none() && number(scalar).is_none() => {
            Some(Spanned::new(scalar.text.clone(), node.span))
        }
        _ => wrong(node, &format!("`{operator}` takes a text"), diagnostics),
    }
}

/// `prefix` and `suffix` take a text, or `{ equals-ignore-case: text }`.
fn affix(node: &Node, operator: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<(Spanned<String>, bool)> {
    let NodeKind::Mapping(mapping) = &node.kind else {
        return text(node, operator, diagnostics).map(|text| (text, false));
    };
    let Entry { key, value } = only(mapping, node.span, "`equals-ignore-case`", diagnostics)?;
    if key.text != "equals-ignore-case" {
        let message = format!("`{operator}` cannot be combined with `{}`", key.text);
        diagnostics.push(Diagnostic::new(Code::EVC0302, key.span, message).suggest(&key.text, ["equals-ignore-case"]));
        return None;
    }
    text(value, "equals-ignore-case", diagnostics).map(|text| (text, true))
}

fn wildcard(node: &Node, diagnostics: &mut Vec<Diagnostic>) -> Option<Spanned<Wildcard>> {
    let text = text(node, "wildcard", diagnostics)?;
    let NodeKind::Scalar(scalar) = &node.kind else { return None };
    let mut parts = vec![String::new()];
    let mut chars = text.value.char_indices().peekable();
    while let Some((at, next)) = chars.next() {
        let after = chars.peek().map(|(_, after)| *after);
        let problem = match (next, after) {
            ('*', Some('*')) => Some(("`*` cannot follow `*`", 2)),
            ('*', _) => {
                parts.push(String::new());
                None
            }
            ('\\', Some(escaped @ ('*' | '\\'))) => {
                chars.next();
                parts.last_mut()?.push(escaped);
                None
            }
            ('\\', _) => Some((r"`\` can stand before `*` and `\` only", 1 + after.map_or(0, char::len_utf8))),
            _ => {
                parts.last_mut()?.push(next);
                None
            }
        };
        if let Some((message, len)) = problem {
            diagnostics.push(Diagnostic::new(Code::EVC0303, part(scalar, node.span, at, len), message));
            return None;
        }
    }
    Some(text.map(|text| Wildcard { text, parts }))
}

fn cidr(node: &Node, diagnostics: &mut Vec<Diagnostic>) -> Option<Cidr> {
    let text = text(node, "cidr", diagnostics)?;
    let NodeKind::Scalar(scalar) = &node.kind else { return None };
    let mut report = |start: usize, len: usize, message: String| {
        diagnostics.push(
            Diagnostic::new(Code::EVC0303, part(scalar, node.span, start, len), message)
                .help("a block is written `10.0.0.0/24` or `2001:db8::/32`"),
        );
        None
    };
    let Some((address, bits)) = text.value.split_once('/') else {
        return report(
            0,
            text.value.len(),
            format!("expected an address and a number of bits, found `{}`", text.value),
        );
    };
    let Ok(parsed) = address.parse::<IpAddr>() else {
        return report(0, address.len(), format!("`{address}` is not an IP address"));
    };
    // A whole address as a block is refused: it is matched as a text.
    let most = if parsed.is_ipv4() { 31 } else { 127 };
    match bits.parse::<u32>() {
        Ok(bits) if bits <= most => Some(Cidr { text: text.value.clone(), address: parsed, bits }),
        _ => report(address.len() + 1, bits.len(), format!("expected at most {most} bits, found `{bits}`")),
    }
}

fn anything_but(node: &Node, diagnostics: &mut Vec<Diagnostic>) -> Option<AnythingBut> {
    if let NodeKind::Mapping(mapping) = &node.kind {
        let Entry { key, value } = only(mapping, node.span, "an operator", diagnostics)?;
        let items = match &value.kind {
            NodeKind::Sequence(items) => items.as_slice(),
            _ => std::slice::from_ref(value),
        };
        if items.is_empty() {
            return wrong(value, &format!("`{}` takes at least one text", key.text), diagnostics);
        }
        let mut texts = || all(items, |item| text(item, &key.text, diagnostics));
        return Some(match key.text.as_str() {
            "equals-ignore-case" => AnythingBut::IgnoreCase(texts()?),
            "prefix" => AnythingBut::Prefixes(not_empty(texts()?, diagnostics)?),
            "suffix" => AnythingBut::Suffixes(not_empty(texts()?, diagnostics)?),
            "wildcard" => AnythingBut::Wildcards(all(items, |item| wildcard(item, diagnostics))?),
            name => {
                let message = format!("`anything-but` cannot be combined with `{name}`");
                let known = ["equals-ignore-case", "prefix", "suffix", "wildcard"];
                diagnostics.push(Diagnostic::new(Code::EVC0302, key.span, message).suggest(name, known));
                return None;
            }
        });
    }
    let items = match &node.kind {
        NodeKind::Sequence(items) => items.as_slice(),
        _ => std::slice::from_ref(node),
    };
    let is_number = |item: &Node| matches!(&item.kind, NodeKind::Scalar(scalar) if number(scalar).is_some());
    match items.iter().filter(|item| is_number(item)).count() {
        _ if items.is_empty() => wrong(node, "`anything-but` takes at least one text or number", diagnostics),
        0 => all(items, |item| text(item, "anything-but", diagnostics)).map(AnythingBut::Texts),
        count if count == items.len() => {
            all(items, |item| operand(item, "anything-but", diagnostics)).map(AnythingBut::Numbers)
        }
        _ => {
            let message = "`anything-but` takes texts or numbers, found both";
            diagnostics.push(Diagnostic::new(Code::EVC0303, node.span, message));
            None
        }
    }
}

/// Every item, if all are sound; those that are not have all been reported.
fn all<T>(items: &[Node], mut one: impl FnMut(&Node) -> Option<T>) -> Option<Vec<T>> {
    let parsed: Vec<T> = items.iter().filter_map(&mut one).collect();
    (parsed.len() == items.len()).then_some(parsed)
}

/// An empty prefix would exclude everything, and is refused.
fn not_empty(texts: Vec<Spanned<String>>, diagnostics: &mut Vec<Diagnostic>) -> Option<Vec<Spanned<String>>> {
    if let Some(empty) = texts.iter().find(|text| text.value.is_empty()) {
        let message = "expected a text of at least one character, found an empty one";
        diagnostics.push(Diagnostic::new(Code::EVC0303, empty.span, message));
        return None;
    }
    Some(texts)
}

/// Offers to take the quotes from a number, for the mistake that was just reported.
fn unquote(node: &Node, diagnostics: &mut [Diagnostic]) {
    let NodeKind::Scalar(Scalar { text, .. }) = &node.kind else { return };
    let bare = Scalar { style: ScalarStyle::Plain, text: text.clone() };
    if number(&bare).is_some()
        && let Some(reported) = diagnostics.last_mut()
    {
        reported.fixes.push(Fix {
            title: "write it without quotes".into(),
            edits: vec![Edit { span: node.span, text: text.clone() }],
            certain: true,
        });
    }
}

/// The digits of a number behind the point.
fn decimals(number: f64) -> usize {
    number.to_string().split_once('.').map_or(0, |(_, decimals)| decimals.len())
}

fn operand(node: &Node, operator: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<Spanned<Number>> {
    let number = if let NodeKind::Scalar(scalar) = &node.kind { number(scalar) } else { None };
    let Some(number) = number else {
        wrong::<()>(node, &format!("`{operator}` takes a number"), diagnostics);
        unquote(node, diagnostics);
        return None;
    };
    let problem = if number.value.abs() > MAX_NUMBER {
        Some(format!("`{}` is beyond ±5.0e9, the numbers that EventBridge compares", number.text))
    } else if significant_digits(&number.text) > MAX_DIGITS {
        Some(format!("`{}` has more than the {MAX_DIGITS} digits that EventBridge compares", number.text))
    } else if decimals(number.value) > MAX_DECIMALS {
        Some(format!(
            "`{}` has more than the {MAX_DECIMALS} digits behind the point that EventBridge compares",
            number.text
        ))
    } else {
        None
    };
    if let Some(message) = problem {
        diagnostics.push(Diagnostic::new(Code::EVC0303, node.span, message));
        return None;
    }
    Some(Spanned::new(number, node.span))
}

/// `[=, n]`, `[<, n]`, `[<=, n]`, `[>, n]`, `[>=, n]`, or a lower end followed by an upper one.
fn numeric(node: &Node, diagnostics: &mut Vec<Diagnostic>) -> Option<Numeric> {
    let NodeKind::Sequence(items) = &node.kind else {
        return wrong(node, "`numeric` takes a list such as `[\">\", 0, \"<=\", 5]`", diagnostics);
    };
    if items.is_empty() {
        return malformed(
            node.span,
            "expected a comparison, found an empty list".into(),
            "for example `[\">\", 0]`",
            diagnostics,
        );
    }
    let mut comparisons: Vec<(Comparison, Spanned<Number>)> = Vec::new();
    for pair in items.chunks(2) {
        let Some(operator) = pair.first() else { break };
        let found = if let NodeKind::Scalar(scalar) = &operator.kind { comparison(scalar) } else { None };
        let Some(comparison) = found else {
            let found = match &operator.kind {
                NodeKind::Scalar(scalar) => format!("`{}`", scalar.text),
                _ => operator.describe().to_owned(),
            };
            let message = format!("expected one of `=`, `<`, `<=`, `>`, `>=`, found {found}");
            return malformed(
                operator.span,
                message,
                "comparisons and numbers take turns: `[\">\", 0, \"<=\", 5]`",
                diagnostics,
            );
        };
        let Some(value) = pair.get(1) else {
            let message = format!("expected a number after `{}`, found the end of the list", comparison.as_str());
            return malformed(operator.span, message, "for example `[\">\", 0]`", diagnostics);
        };
        let order = "a range is a lower end, then an upper one: `[\">\", 0, \"<=\", 5]`";
        match comparisons.first() {
            _ if comparisons.len() == 2 => {
                return malformed(operator.span, "expected at most two comparisons".into(), order, diagnostics);
            }
            Some((Comparison::Greater | Comparison::GreaterOrEqual, _))
                if matches!(comparison, Comparison::Less | Comparison::LessOrEqual) => {}
            Some((first, _)) => {
                let message = format!("`{}` cannot follow `{}`", comparison.as_str(), first.as_str());
                return malformed(operator.span, message, order, diagnostics);
            }
            None => {}
        }
        comparisons.push((comparison, operand(value, comparison.as_str(), diagnostics)?));
    }
    if let [(_, low), (_, high)] = comparisons.as_slice()
        && low.value.value >= high.value.value
    {
        let message = format!("no number is above {} and below {}", low.value.text, high.value.text);
        let help = if low.value == high.value { "for one number write `[\"=\", n]`" } else { "swap the two numbers" };
        diagnostics.push(Diagnostic::new(Code::EVC0303, low.span.to(high.span), message).help(help));
        return None;
    }
    Some(Numeric { comparisons })
}

fn malformed<T>(span: Span, message: String, help: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<T> {
    diagnostics.push(Diagnostic::new(Code::EVC0303, span, message).help(help));
    None
}
