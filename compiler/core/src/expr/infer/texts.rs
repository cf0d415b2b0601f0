//! How long the texts are that known functions give: by what they are given, and by what is written.

use super::Infer;
use super::returns::Given;
use crate::expr::bounds;
use crate::expr::functions::Function;
use crate::types::{Kind, Range};

impl Infer<'_> {
    /// Between how many characters a function gives that gives a text.
    pub(super) fn text_lengths(&self, function: &Function, given: &[Given<'_>]) -> Range<u64> {
        let Some((_, first)) = given.first() else { return Range::default() };
        let own = match &self.types.resolve(&first.ty).kind {
            Kind::String(range) if !first.many => *range,
            Kind::Enum(values) if !first.many => {
                let lengths = || values.iter().map(|value| value.value.chars().count() as u64);
                Range { min: lengths().min(), max: lengths().max() }
            }
            _ => Range::default(),
        };
        let number = |at: usize| given.get(at).and_then(|(ast, _)| bounds::number(ast)).map(f64::abs);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "not negative; beyond all lengths it is still beyond them"
        )]
        let whole = |number: f64| number.ceil() as u64;
        let least = |least: u64| (least > 0).then_some(least);
        match function.name {
            "trim" | "substringBefore" | "substringAfter" => Range { min: None, max: own.max },
            "substring" => {
                let most = number(2).map(whole);
                Range { min: None, max: own.max.into_iter().chain(most).min() }
            }
            "pad" => {
                // No upper bound: what is padded with takes one byte, as a rule, and a bound counts four for each character.
                Range { min: own.min.max(number(1).map(whole).and_then(least)), max: None }
            }
            "join" => {
                let item = first.item(self.types);
                let each = self.types.min_characters(&item.ty);
                let count = first.least(self.types);
                let between = given.get(1).map_or(0, |(_, by)| self.types.min_characters(&by.ty));
                let all = each.saturating_mul(count);
                let min = least(all.saturating_add(between.saturating_mul(count.saturating_sub(1))));
                Range { min, max: None }
            }
            _ => Range::default(),
        }
    }
}
