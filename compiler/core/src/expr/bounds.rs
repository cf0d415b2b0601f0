//! What an expression is sure to meet when a worker on Redis evaluates it: the bounds of `evc_interface::expression`, where
//! literals are beyond them.

use super::Expr;
use super::ast::{Ast, AstKind, Operator};
use crate::source::Spanned;
use evc_interface::expression::{
    GREATEST_ROMAN, LIST_LENGTH, MARKER_WIDTH, PICTURE_BYTES, PICTURE_MARKERS, RANGE_LENGTH, TEXT_BYTES,
};
use evc_interface::pattern;

impl Expr {
    /// The parts of the expression that are beyond a bound whatever the data, each with what is wrong with it.
    pub fn beyond_bounds(&self) -> Vec<Spanned<String>> {
        let mut found = Vec::new();
        self.look(&self.tree, &mut found);
        found
    }

    fn look(&self, ast: &Ast, found: &mut Vec<Spanned<String>>) {
        let problem = match &ast.kind {
            AstKind::Apply(value, function) => {
                self.look(value, found);
                return match &function.kind {
                    // The value is its first argument.
                    AstKind::Call(function, args) => {
                        let all: Vec<&Ast> = std::iter::once(&**value).chain(args).collect();
                        self.tell(call(function, &all), found);
                        for arg in args {
                            self.look(arg, found);
                        }
                    }
                    _ => self.look(function, found),
                };
            }
            AstKind::Call(function, args) => call(function, &args.iter().collect::<Vec<_>>()),
            AstKind::Binary(Operator::Range, from, to) => range(from, to).map(|message| (ast, message)),
            AstKind::Regex => regex(&self.text[ast.range.clone()]).map(|message| (ast, message)),
            _ => None,
        };
        self.tell(problem, found);
        for child in ast.children() {
            self.look(child, found);
        }
    }

    fn tell(&self, problem: Option<(&Ast, String)>, found: &mut Vec<Spanned<String>>) {
        found.extend(problem.map(|(at, message)| Spanned::new(message, self.span_of(&at.range))));
    }
}

/// What is wrong with a call, and the smallest text that says it.
fn call<'a>(function: &Ast, args: &[&'a Ast]) -> Option<(&'a Ast, String)> {
    let AstKind::Variable(name) = &function.kind else { return None };
    match (name.as_str(), args) {
        // The text may be left out, and is the context then.
        ("pad", args) => {
            let beyond = |arg: &&&Ast| number(arg).is_some_and(|width| more(width.abs(), TEXT_BYTES));
            let width = args.iter().take(2).find(beyond)?;
            Some((width, format!("a text has at most {TEXT_BYTES} bytes; found a width of {}", number(width)?.abs())))
        }
        ("range", [from, to, step]) => {
            let length = ((number(to)? - number(from)?) / number(step)?).floor() + 1.0;
            more(length, RANGE_LENGTH)
                .then(|| (*to, format!("`$range` gives at most {RANGE_LENGTH} numbers; found {length}")))
        }
        ("formatInteger", [value, Ast { kind: AstKind::String(picture), .. }])
            if picture.starts_with(['i', 'I']) && number(value).is_some_and(|value| value.abs() > GREATEST_ROMAN) =>
        {
            Some((value, format!("a Roman numeral is at most {GREATEST_ROMAN}; found {}", number(value)?.abs())))
        }
        ("formatInteger" | "formatNumber", args) => args.iter().find_map(|arg| picture(arg, false)),
        ("fromMillis" | "now", args) => args.iter().find_map(|arg| picture(arg, true)),
        // The first argument is what they read.
        ("parseInteger", args) => args.iter().skip(1).find_map(|arg| picture(arg, false)),
        ("toMillis", args) => args.iter().skip(1).find_map(|arg| picture(arg, true)),
        _ => None,
    }
}

#[expect(clippy::cast_precision_loss, reason = "the bounds fit a double")]
fn more(number: f64, most: usize) -> bool {
    number > most as f64
}

fn range(from: &Ast, to: &Ast) -> Option<String> {
    let length = number(to)? - number(from)? + 1.0;
    more(length, LIST_LENGTH).then(|| format!("a list has at most {LIST_LENGTH} items; found a range of {length}"))
}

/// What is wrong with a regular expression, with its slashes and flags.
fn regex(literal: &str) -> Option<String> {
    let (pattern, _) = literal.strip_prefix('/')?.rsplit_once('/')?;
    let parts = pattern::size(pattern).parts;
    (parts > pattern::PARTS).then(|| {
        format!("a pattern has at most {} parts; found {parts} with its repetitions written out", pattern::PARTS)
    })
}

/// What is wrong with a picture that is written as a text.
fn picture(ast: &Ast, of_time: bool) -> Option<(&Ast, String)> {
    let AstKind::String(picture) = &ast.kind else { return None };
    let markers = picture.matches('[').count();
    let beyond = if picture.len() > PICTURE_BYTES {
        format!("a picture has at most {PICTURE_BYTES} bytes; found {}", picture.len())
    } else if markers > PICTURE_MARKERS {
        format!("a picture has at most {PICTURE_MARKERS} markers; found {markers}")
    } else {
        let width = widths(picture).find(|width| of_time && *width > MARKER_WIDTH)?;
        format!("a picture is at most {MARKER_WIDTH} wide; found {width}")
    };
    Some((ast, beyond))
}

/// The widths that the markers of a picture say: `[Y,4-8]`.
fn widths(picture: &str) -> impl Iterator<Item = u64> + '_ {
    let markers = picture.split('[').skip(1).filter_map(|marker| marker.split(']').next());
    let after = markers.filter_map(|marker| marker.rsplit_once(',').map(|(_, width)| width));
    after.flat_map(|width| width.split('-')).filter_map(|width| {
        let digits = width.trim();
        (!digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit()))
            .then(|| digits.parse().unwrap_or(u64::MAX))
    })
}

/// The number that literals come to.
pub(super) fn number(ast: &Ast) -> Option<f64> {
    match &ast.kind {
        AstKind::Number(number) => Some(*number),
        AstKind::Negate(inner) => number(inner).map(|number| -number),
        AstKind::Binary(operator, left, right) => {
            let (left, right) = (number(left)?, number(right)?);
            match operator {
                Operator::Add => Some(left + right),
                Operator::Subtract => Some(left - right),
                Operator::Multiply => Some(left * right),
                Operator::Divide => Some(left / right),
                _ => None,
            }
        }
        AstKind::Block(parts) => match parts.as_slice() {
            [only] => number(only),
            _ => None,
        },
        _ => None,
    }
}
