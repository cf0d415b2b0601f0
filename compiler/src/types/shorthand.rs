//! The shorthand inside one scalar: `string(1..64)`, `map(T)`, `PENDING | PAID`, `OrderLine`.
//!
//! ```text
//! type     = literal "|" literal …  |  "'" text "'"  |  "[" type [";" bounds] "]"  |  "map" "(" type ")"
//!          | scalar ["(" bounds ")"]  |  Name
//! literal  = word of letters, digits, "_", "-", "."  |  "'" text "'"
//! bounds   = [value] ".." [value]                      both inclusive
//! ```

use super::describe::bounds;
use super::{Kind, MAX_INTEGER, MAX_MONEY_DIGITS, Range, Type};
use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::source::{Span, Spanned};

/// The names of the built-in types, as written. `map` and lists take another type and are not among them.
pub const SCALARS: &[&str] =
    &["string", "integer", "number", "money", "boolean", "uuid", "timestamp", "date", "duration", "bytes", "any"];

/// What people coming from elsewhere call our types.
const ALIASES: &[(&str, &str)] = &[
    ("str", "string"),
    ("text", "string"),
    ("varchar", "string"),
    ("int", "integer"),
    ("int32", "integer"),
    ("int64", "integer"),
    ("i32", "integer"),
    ("i64", "integer"),
    ("u32", "integer"),
    ("u64", "integer"),
    ("long", "integer"),
    ("float", "number"),
    ("double", "number"),
    ("f64", "number"),
    ("decimal", "money"),
    ("bool", "boolean"),
    ("guid", "uuid"),
    ("datetime", "timestamp"),
    ("date-time", "timestamp"),
    ("instant", "timestamp"),
    ("time", "timestamp"),
    ("interval", "duration"),
    ("binary", "bytes"),
    ("blob", "bytes"),
    ("json", "any"),
    ("unknown", "any"),
];

/// How deep `map(` and `[` may nest in one scalar. People write two or three; the bound keeps hostile input off the stack.
const MAX_DEPTH: usize = 32;

/// The text of a scalar and how its bytes lie in the source.
pub(super) struct Text<'a> {
    /// The text after unescaping.
    pub(super) text: &'a str,
    /// The place of the whole scalar.
    pub(super) span: Span,
    /// Where the text starts in `span`, when it stands there byte for byte; `None` for escaped or folded text, within
    /// which there is nothing smaller to point at.
    pub(super) offset: Option<usize>,
}

impl Text<'_> {
    /// The place of a range of the text.
    fn span(&self, start: usize, end: usize) -> Span {
        self.offset.map_or(self.span, |offset| self.span.slice(offset + start, end.saturating_sub(start)))
    }
}

/// What follows `;` in `[T; 1..10]`, beside the item type.
pub(super) struct Item {
    pub(super) ty: Type,
    pub(super) bounds: Range<u64>,
}

/// Parses a whole scalar as a type.
pub(super) fn parse(text: &Text<'_>, diagnostics: &mut Vec<Diagnostic>) -> Option<Type> {
    let mut parser = Parser { text, at: 0, depth: 0, diagnostics };
    let ty = parser.ty()?;
    parser.end()?;
    Some(ty)
}

/// Parses a whole scalar as the inside of a list's brackets.
pub(super) fn parse_item(text: &Text<'_>, diagnostics: &mut Vec<Diagnostic>) -> Option<Item> {
    let mut parser = Parser { text, at: 0, depth: 0, diagnostics };
    let item = parser.item(None)?;
    parser.end()?;
    Some(item)
}

struct Parser<'a> {
    text: &'a Text<'a>,
    at: usize,
    depth: usize,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        self.text.text.get(self.at..).unwrap_or("")
    }

    fn peek(&mut self) -> Option<char> {
        self.at += self.rest().len() - self.rest().trim_start().len();
        self.rest().chars().next()
    }

    fn take(&mut self, expected: char) -> bool {
        let found = self.peek() == Some(expected);
        if found {
            self.at += expected.len_utf8();
        }
        found
    }

    fn report<T>(&mut self, diagnostic: Diagnostic) -> Option<T> {
        self.diagnostics.push(diagnostic);
        None
    }

    /// "expected X, found Y", pointing at Y.
    fn expected<T>(&mut self, expected: &str) -> Option<T> {
        let next = self.peek();
        let (span, found) = match next {
            Some(found) => (self.text.span(self.at, self.at + found.len_utf8()), format!("`{found}`")),
            None => {
                let end = self.text.text.len();
                (self.text.span(end, end), "the end".into())
            }
        };
        let diagnostic = Diagnostic::new(Code::EVC0202, span, format!("expected {expected}, found {found}"));
        self.report(match next {
            Some('{') => diagnostic.help("declare the record under `types:` and use its name here"),
            Some('?') => diagnostic.help("`?` belongs to the field's name: `name?: string`"),
            Some(',') => diagnostic.help("the length of a list is written `[T; 1..10]`"),
            Some('[') => diagnostic.help("a list is written `[T]`"),
            _ => diagnostic,
        })
    }

    fn end(&mut self) -> Option<()> {
        if self.peek().is_none() { Some(()) } else { self.expected("the end of the type") }
    }

    fn close(&mut self, close: char) -> Option<()> {
        if self.take(close) { Some(()) } else { self.expected(&format!("`{close}`")) }
    }

    /// The inside of a list's brackets; `close` is the bracket, if it is part of this text.
    fn item(&mut self, close: Option<char>) -> Option<Item> {
        let ty = self.ty()?;
        let bounds = if self.take(';') { self.lengths("list", close)? } else { Range::default() };
        Some(Item { ty, bounds })
    }

    fn ty(&mut self) -> Option<Type> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let span = self.text.span(self.at, self.text.text.len());
            let message = format!("type nested more than {MAX_DEPTH} levels deep");
            return self.report(Diagnostic::new(Code::EVC0202, span, message));
        }
        self.peek();
        let start = self.at;
        let kind = if self.take('[') {
            let item = self.item(Some(']'))?;
            self.close(']')?;
            Kind::List(Box::new(item.ty), item.bounds)
        } else {
            let first = self.literal()?;
            if self.peek() == Some('|') {
                self.enumeration(first)?
            } else if first.quoted {
                Kind::Enum(vec![check_literal(first, self.diagnostics)?])
            } else {
                self.named(&first.text, first.span)?
            }
        };
        self.depth -= 1;
        Some(Type { kind, span: self.text.span(start, self.at) })
    }

    fn enumeration(&mut self, first: Literal) -> Option<Kind> {
        let mut written = vec![first];
        while self.take('|') {
            written.push(self.literal()?);
        }
        let mut literals: Vec<Spanned<String>> = Vec::new();
        let mut sound = true;
        for literal in written {
            let Some(literal) = check_literal(literal, self.diagnostics) else {
                sound = false;
                continue;
            };
            if let Some(first) = literals.iter().find(|known| known.value == literal.value) {
                let message = format!("`{}` stands twice in this enumeration", literal.value);
                self.diagnostics
                    .push(Diagnostic::new(Code::EVC0208, literal.span, message).secondary(first.span, "first here"));
            } else {
                literals.push(literal);
            }
        }
        sound.then_some(Kind::Enum(literals))
    }

    /// A bare word or a text in single quotes.
    fn literal(&mut self) -> Option<Literal> {
        let quoted = self.take('\'');
        let start = self.at;
        if quoted {
            let Some(len) = self.rest().find('\'') else {
                let span = self.text.span(start - 1, self.text.text.len());
                return self.report(Diagnostic::new(Code::EVC0202, span, "the closing `'` is missing"));
            };
            self.at += len + 1;
            let text = self.text.text.get(start..start + len)?.to_owned();
            return Some(Literal { text, span: self.text.span(start - 1, self.at), quoted });
        }
        let word = |next: char| next.is_ascii_alphanumeric() || matches!(next, '_' | '-' | '.');
        let len = self.rest().find(|next| !word(next)).unwrap_or(self.rest().len());
        if len == 0 {
            return self.expected("a type");
        }
        self.at += len;
        let text = self.text.text.get(start..self.at)?.to_owned();
        Some(Literal { text, span: self.text.span(start, self.at), quoted })
    }

    /// A built-in type with its bounds, or the name of a declared one.
    fn named(&mut self, name: &str, span: Span) -> Option<Kind> {
        let parenthesis = self.take('(');
        let kind = match name {
            "string" => Kind::String(if parenthesis { self.lengths("string", Some(')'))? } else { Range::default() }),
            "integer" => Kind::Integer(if parenthesis { self.range(Some(')'), integer)? } else { Range::default() }),
            "number" => Kind::Number(if parenthesis { self.range(Some(')'), number)? } else { Range::default() }),
            "money" => Kind::Money(if parenthesis { self.range(Some(')'), money)? } else { Range::default() }),
            "map" if parenthesis => Kind::Map(Box::new(self.ty()?)),
            "map" => {
                let message = "`map` needs the type of its values";
                return self.report(Diagnostic::new(Code::EVC0202, span, message).help("for example `map(string)`"));
            }
            "list" | "array" | "set" | "vec" | "List" | "Array" | "Vec" => {
                return self.unknown(name, span, "a list is written `[T]`, with bounds on its length `[T; 1..10]`");
            }
            "dict" | "object" | "record" | "struct" => {
                return self.unknown(
                    name,
                    span,
                    "a record is a map of fields and their types; a map with any keys is `map(T)`",
                );
            }
            "optional" | "Option" | "nullable" => {
                return self.unknown(name, span, "a field that may be absent is written `name?: string`");
            }
            _ => {
                let Some(kind) = simple(name) else { return self.unknown_scalar(name, span) };
                if parenthesis {
                    let end = self.rest().find(')').map_or(self.text.text.len(), |len| self.at + len + 1);
                    let place = self.text.span(self.at - 1, end);
                    let message = format!("`{name}` takes nothing in parentheses");
                    let help = "bounds can be given on `string`, `integer`, `number`, `money` and on lists";
                    return self.report(Diagnostic::new(Code::EVC0203, place, message).help(help).replace(
                        "remove it",
                        place,
                        "",
                    ));
                }
                return Some(kind);
            }
        };
        if parenthesis {
            self.close(')')?;
        }
        Some(kind)
    }

    fn unknown<T>(&mut self, name: &str, span: Span, help: &str) -> Option<T> {
        self.report(Diagnostic::new(Code::EVC0201, span, format!("unknown type `{name}`")).help(help))
    }

    fn unknown_scalar<T>(&mut self, name: &str, span: Span) -> Option<T> {
        let lower = name.to_ascii_lowercase();
        let alias = ALIASES.iter().find(|(alias, _)| *alias == lower).map(|(_, ours)| *ours);
        let diagnostic = Diagnostic::new(Code::EVC0201, span, format!("unknown type `{name}`"));
        let literal =
            matches!(name, "true" | "false" | "null") || name.starts_with(|first: char| first.is_ascii_digit());
        self.report(match alias.or_else(|| nearest(name, SCALARS)) {
            Some(ours) => {
                diagnostic.help(format!("did you mean `{ours}`?")).replace(format!("replace with `{ours}`"), span, ours)
            }
            None if literal => {
                diagnostic.help(format!("an enumeration of one literal is written `'{name}'`, in quotes"))
            }
            None => {
                diagnostic.suggest(name, SCALARS.iter().copied()).help("declared types have names such as `OrderLine`")
            }
        })
    }

    fn lengths(&mut self, of: &str, close: Option<char>) -> Option<Range<u64>> {
        self.range(close, |text| {
            if text.starts_with('-') {
                return Err(format!("the length of a {of} cannot be negative"));
            }
            text.parse().map_err(|_| format!("expected a whole number as length, found `{text}`"))
        })
    }

    /// `min..max` up to `close` or the end of the text, each end read by `value`.
    fn range<T: PartialOrd + Copy + std::fmt::Display>(
        &mut self,
        close: Option<char>,
        value: impl Fn(&str) -> Result<T, String>,
    ) -> Option<Range<T>> {
        self.peek();
        let start = self.at;
        let len = match close {
            Some(close) => self.rest().find(close),
            None => Some(self.rest().len()),
        };
        let Some(len) = len else {
            self.at = self.text.text.len();
            return self.expected(&close.map(|close| format!("`{close}`")).unwrap_or_default());
        };
        let written = self.text.text.get(start..start + len)?.trim_end();
        self.at = start + written.len();
        let span = self.text.span(start, self.at);
        let Some((low, high)) = written.split_once("..") else {
            let diagnostic =
                Diagnostic::new(Code::EVC0203, span, format!("expected bounds such as `1..64`, found `{written}`"));
            return self.report(match value(written) {
                Ok(exact) => diagnostic
                    .help(format!("for exactly {exact} write `{exact}..{exact}`, for at most {exact} `..{exact}`")),
                Err(_) => diagnostic.help("leave out an end that has no bound: `1..` or `..64`"),
            });
        };
        if let Some(high) = high.strip_prefix('=') {
            let mended = format!("{low}..{high}");
            let message = "bounds include both ends without `=`";
            return self.report(Diagnostic::new(Code::EVC0203, span, message).replace(
                format!("write `{mended}`"),
                span,
                mended,
            ));
        }
        if low.trim().is_empty() && high.trim().is_empty() {
            let message = "expected at least one bound, found `..`";
            return self.report(Diagnostic::new(Code::EVC0203, span, message).help("leave out the bounds altogether"));
        }
        let low_span = self.text.span(start, start + low.trim_end().len());
        let high_start = start + written.len() - high.trim_start().len();
        let high_span = self.text.span(high_start, self.at);
        let min = self.bound(low.trim(), low_span, &value);
        let max = self.bound(high.trim(), high_span, &value);
        let range = Range { min: min?, max: max? };
        if let (Some(low), Some(high)) = (range.min, range.max)
            && low > high
        {
            let message = format!("the bounds are upside down: {low} is more than {high}");
            let mended = bounds(&Range { min: range.max, max: range.min });
            return self.report(
                Diagnostic::new(Code::EVC0203, span, message).help(format!("did you mean `{mended}`?")).replace(
                    format!("replace with `{mended}`"),
                    span,
                    mended,
                ),
            );
        }
        Some(range)
    }

    fn bound<T>(&mut self, text: &str, span: Span, value: impl Fn(&str) -> Result<T, String>) -> Option<Option<T>> {
        if text.is_empty() {
            return Some(None);
        }
        match value(text) {
            Ok(value) => Some(Some(value)),
            Err(message) => self.report(Diagnostic::new(Code::EVC0203, span, message)),
        }
    }
}

struct Literal {
    text: String,
    span: Span,
    quoted: bool,
}

/// A literal of an enumeration, unless it is bare and means something else to YAML, JSON or us.
fn check_literal(literal: Literal, diagnostics: &mut Vec<Diagnostic>) -> Option<Spanned<String>> {
    let Literal { text, span, quoted } = literal;
    let problem = match text.as_str() {
        "" => Some((
            Code::EVC0202,
            "a literal cannot be empty".to_owned(),
            "leave the field out instead: `name?`".to_owned(),
        )),
        _ if quoted => None,
        "null" => Some((
            Code::EVC0209,
            "`null` cannot be part of an enumeration".into(),
            "a field that may be absent is written `name?: string`".into(),
        )),
        name if SCALARS.contains(&name) => Some((
            Code::EVC0209,
            format!("`{name}` is a type; `|` joins literals"),
            format!("for the text itself write `'{name}'`; for a value of several types use `any`"),
        )),
        "true" | "false" => Some((
            Code::EVC0209,
            format!("`{text}` is a boolean; an enumeration holds texts"),
            format!("use `boolean`, or write `'{text}'` for the text"),
        )),
        _ if text.parse::<f64>().is_ok_and(f64::is_finite) => Some((
            Code::EVC0209,
            format!("`{text}` is a number; an enumeration holds texts"),
            format!("use `integer` with bounds, or write `'{text}'` for the text"),
        )),
        _ => None,
    };
    let Some((code, message, help)) = problem else { return Some(Spanned::new(text, span)) };
    diagnostics.push(Diagnostic::new(code, span, message).help(help));
    None
}

/// The types that take nothing in parentheses.
fn simple(name: &str) -> Option<Kind> {
    Some(match name {
        "boolean" => Kind::Boolean,
        "uuid" => Kind::Uuid,
        "timestamp" => Kind::Timestamp,
        "date" => Kind::Date,
        "duration" => Kind::Duration,
        "bytes" => Kind::Bytes,
        "any" => Kind::Any,
        _ if is_type_name(name) => Kind::Named(name.to_owned()),
        _ => return None,
    })
}

/// Whether this is how a declared type is named: `OrderLine`. Capitals and underscores, as in `PAID_LATE`, pass too, so that
/// what is wrong with them is said where names are looked up.
pub(super) fn is_type_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_uppercase())
        && name.chars().all(|next| next.is_ascii_alphanumeric() || next == '_')
}

fn integer(text: &str) -> Result<i64, String> {
    match text.parse::<i64>() {
        Ok(value) if value.abs() <= MAX_INTEGER => Ok(value),
        _ if !text.is_empty() && text.trim_start_matches('-').chars().all(|digit| digit.is_ascii_digit()) => {
            Err(format!("`{text}` is beyond ±{MAX_INTEGER}, the whole numbers that JSON carries exactly"))
        }
        _ => Err(format!("expected a whole number as bound, found `{text}`")),
    }
}

fn number(text: &str) -> Result<f64, String> {
    let numeric = text.starts_with(|first: char| first.is_ascii_digit() || first == '-');
    let value = text.parse::<f64>().ok().filter(|value| numeric && value.is_finite());
    value.ok_or_else(|| format!("expected a number as bound, found `{text}`"))
}

fn money(text: &str) -> Result<f64, String> {
    let value = number(text)?;
    if super::value::significant_digits(text) > MAX_MONEY_DIGITS {
        return Err(format!(
            "`{text}` has more than the {MAX_MONEY_DIGITS} significant digits that `money` carries exactly"
        ));
    }
    Ok(value)
}
