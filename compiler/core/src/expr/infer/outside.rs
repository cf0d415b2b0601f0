//! Arguments that are outside of what a function takes, whatever the data: by the ranges of what they are computed from. And groups of a
//! regular expression that a replacement names and that are not there. Of those that are outside for some of their values only, note is taken.

use super::regex::shape_of;
use super::returns::Given;
use super::{Context, Infer, Special, Without};
use crate::diagnostics::{Code, Diagnostic};
use crate::expr::ast::{Ast, AstKind};
use crate::expr::facts::number;
use crate::expr::functions::Function;
use crate::types::Kind;

/// Arguments that are no less than a number: the function, the place of the argument, the number, and what it is.
const LEAST: [(&str, usize, f64, &str); 5] = [
    ("split", 2, 0.0, "no negative number of times"),
    ("match", 2, 0.0, "no negative number of times"),
    ("replace", 3, 0.0, "no negative number of times"),
    ("partition", 1, 1.0, "parts of at least one element"),
    ("formatBase", 1, 2.0, "a base of 2 to 36"),
];

/// Arguments of which some values are outside: the function, the place of the argument, between what it is, and what to say of others.
const WITHIN: [(&str, usize, (f64, f64), Without); 2] = [
    (
        "partition",
        1,
        (1.0, f64::INFINITY),
        Without::Outside {
            may_be: "less than one, and a part has one element at least",
            ask: ">= 1 ? … : []",
            bounds: "integer(1..)",
        },
    ),
    (
        "formatBase",
        1,
        (2.0, 36.0),
        Without::Outside {
            may_be: "outside of 2 to 36, between which a base is",
            ask: "in [2..36] ? … : ''",
            bounds: "integer(2..36)",
        },
    ),
];

/// A step of a range that is none.
const STEP: Without = Without::Outside {
    may_be: "zero, with which a range never comes to its end",
    ask: "!= 0 ? … : []",
    bounds: "integer(1..)",
};

/// A text that is replaced and is none.
const NOTHING: Without =
    Without::Outside {
        may_be: "an empty text, which cannot be replaced", ask: "!= '' ? … : …", bounds: "string(1..)"
    };

impl Infer<'_> {
    /// Takes note of an argument that is outside for some of the values that it may have.
    pub(super) fn partly_outside(&mut self, function: &Function, given: &[Given<'_>], context: &Context) {
        for (_, at, within, of) in WITHIN.iter().filter(|(name, ..)| *name == function.name) {
            if let Some((ast, _)) = given.get(*at) {
                self.beside(ast, *within, *of, context);
            }
        }
        match (function.name, given) {
            ("range", [_, _, (step, _)]) => self.not_zero(step, STEP, context),
            ("replace", [_, (pattern, value), ..]) => {
                let may_be_empty = match &self.types.resolve(&value.ty).kind {
                    Kind::String(range) => range.min.is_none_or(|least| least == 0),
                    Kind::Enum(values) => values.iter().any(|text| text.value.is_empty()),
                    _ => false,
                };
                if value.special == Special::No && may_be_empty {
                    self.take_note(pattern, NOTHING, context);
                }
            }
            _ => {}
        }
    }

    /// Reports an argument that is outside for all of the values that it may have. A literal is told by itself.
    pub(super) fn outside(&mut self, function: &Function, given: &[Given<'_>], context: &Context) {
        for (_, at, least, takes) in LEAST.iter().filter(|(name, ..)| *name == function.name) {
            let Some((ast, _)) = given.get(*at).filter(|(ast, _)| number(ast).is_none()) else { continue };
            let Some(most) = self.greatest(ast, context).filter(|most| most < least) else { continue };
            let message = format!("`${}` takes {takes}, and `{}` is at most {most}", function.name, self.text(ast));
            let diagnostic = Diagnostic::new(Code::EVC0422, self.span(&ast.range), message);
            self.report(diagnostic.note("this is so by the ranges of what it is computed from"));
        }
        if let ("replace", Some((pattern, _)), Some((with, _))) = (function.name, given.get(1), given.get(2)) {
            self.groups(pattern, with);
        }
    }

    /// Reports `$2` of a replacement where the regular expression has one group.
    fn groups(&mut self, pattern: &Ast, with: &Ast) {
        let (AstKind::Regex, AstKind::String(text)) = (&pattern.kind, &with.kind) else { return };
        let Some(count) = shape_of(self.text(pattern)).and_then(|shape| u32::try_from(shape.groups.len()).ok()) else {
            return;
        };
        let Some(named) = named(text).find(|digit| *digit > count) else { return };
        let message = format!("`${named}` is nothing: `{}` has {}", self.text(pattern), plural(count));
        let diagnostic = Diagnostic::new(Code::EVC0422, self.span(&with.range), message);
        self.report(diagnostic.help("a group is in parentheses; `$$` is the sign `$`, and `$0` all that matches"));
    }
}

fn plural(count: u32) -> String {
    match count {
        0 => "no group".to_owned(),
        1 => "one group".to_owned(),
        count => format!("{count} groups"),
    }
}

/// The first digits of the groups that a replacement names. Of `$12`, JSONata takes the second digit for text where there is no twelfth group.
fn named(text: &str) -> impl Iterator<Item = u32> {
    let mut signs = text.split('$').skip(1).peekable();
    std::iter::from_fn(move || {
        loop {
            let after = signs.next()?;
            // Of `$$`, the second is no sign of its own.
            if after.is_empty() {
                signs.next();
            } else if let Some(digit) = after.chars().next().and_then(|next| next.to_digit(10)) {
                return Some(digit);
            }
        }
    })
}
