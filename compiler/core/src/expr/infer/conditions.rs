//! `a ? b : c`: what each side knows, and what either gives.

use super::{Absent, Class, Context, Infer, Special, Value, join, lengths};
use crate::expr::ast::Ast;
use crate::expr::facts::{Facts, established};
use crate::types::Types;

impl Infer<'_> {
    pub(super) fn conditional(
        &mut self,
        condition: &Ast,
        then: &Ast,
        otherwise: Option<&Ast>,
        context: &Context,
    ) -> Value {
        self.value(condition, context);
        let [held, failed] = established(condition, &self.names(context));
        let then_value = self.knowing(&held, |infer| infer.value(then, context));
        self.remember(then, &then_value);
        let Some(otherwise) = otherwise else {
            return then_value.maybe(Some(Absent::new(self.span(&then.range), self.text(then))));
        };
        let other_value = self.knowing(&failed, |infer| infer.value(otherwise, context));
        self.remember(otherwise, &other_value);
        self.either(then_value, other_value)
    }

    /// One or the other of two values.
    pub(super) fn either(&mut self, a: Value, b: Value) -> Value {
        let null = a.null || b.null || a.special == Special::Null || b.special == Special::Null;
        match (a.special, b.special) {
            (Special::No, Special::No) => {}
            (Special::Null, Special::Null) => return a,
            (Special::Null, Special::No) => return Value { null, absent: a.absent.or(b.absent.clone()), ..b },
            (Special::No, Special::Null) => return Value { null, absent: a.absent.clone().or(b.absent), ..a },
            _ => {
                self.untyped = true;
                return Value::any(a.ty.span);
            }
        }
        // A list, and a sequence that is one as well.
        let is_list = |value: &Value| value.is_list() || !value.many && value.class(self.types) == Class::List;
        let (a, b) = if (a.many != b.many) && is_list(&a) && is_list(&b) {
            self.keeps_sequences = true;
            (a.listed(), b.listed())
        } else {
            (a, b)
        };
        let many = a.many || b.many;
        let (some, others) = (a.lengths(self.types), b.lengths(self.types));
        let least = some.min.unwrap_or(0).min(others.min.unwrap_or(0));
        let count =
            lengths(if many { least } else { 0 }, some.max.zip(others.max).map(|(a, b)| a.max(b)).filter(|_| many));
        // One value and a list are one or many, too.
        let side = |value: &Value, types: &Types| {
            if many && !value.many { value.item(types).ty } else { value.ty.clone() }
        };
        let ty = join(&side(&a, self.types), &side(&b, self.types), self.types);
        let (absent, unsure) = (a.absent.or(b.absent), a.unsure || b.unsure);
        Value { absent, many, count, null, unsure, ..Value::of(ty) }
    }

    /// Runs with more known.
    pub(super) fn knowing<T>(&mut self, facts: &Facts, run: impl FnOnce(&mut Self) -> T) -> T {
        if facts.is_empty() {
            return run(self);
        }
        let facts = &facts.also(&self.aliases);
        let outer = (self.facts.clone(), self.shown.clone());
        self.facts = std::mem::take(&mut self.facts).and(facts);
        self.shown = std::mem::take(&mut self.shown).and(facts);
        let result = run(self);
        (self.facts, self.shown) = outer;
        result
    }
}
