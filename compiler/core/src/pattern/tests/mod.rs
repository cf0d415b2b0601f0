//! Patterns as data: what is read, refused, checked against types, and matched.

mod checking;
mod matching;
mod naive;
mod oracle;
mod random;
mod shapes;
mod syntax;

use super::{Pattern, parse};
use crate::types::testing::node;

/// The pattern a text in flow style means, which must be right.
pub(super) fn pattern(text: &str) -> Pattern {
    let mut diagnostics = Vec::new();
    let pattern = parse(&node(text), &mut diagnostics);
    assert_eq!(diagnostics, [], "{text}");
    pattern.and_then(|parsed| parsed.whole().cloned()).expect("a pattern")
}
