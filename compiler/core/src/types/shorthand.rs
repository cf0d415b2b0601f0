//! The shorthand inside one scalar: `string(1..64)`, `map(T)`, `PENDING | PAID`, `OrderLine`.
//!
//! ```text
//! type     = literal "|" literal …  |  "'" text "'"  |  "[" type [";" bounds] "]"  |  "map" "(" type ")"
//!          | "{" name ["?"] ":" type "," … "}"  |  scalar ["(" bounds ")"]  |  Name
//! literal  = word of letters, digits, "_", "-", "."  |  "'" text "'"
//! bounds   = [value] ".." [value]                      both inclusive
//! ```

use super::{Kind, Range, Type, bounds};
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
    ("char", "string"),
    ("bigint", "integer"),
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

/// Those of [`ALIASES`] that may mean something else as well: a time of day, a number to reckon with, text that is JSON.
const GUESSES: &[&str] = &["decimal", "time", "interval", "json", "unknown"];

/// How deep `map(` and `[` may nest in one scalar. People write two or three; the bound keeps hostile input off the stack.
const MAX_DEPTH: usize = 32;

/// The text of a scalar and how its bytes lie in the source.
pub(super) struct Text<'a> {
    /// The text after unescaping.
    pub(super) content: &'a str,
    /// The place of the whole scalar.
    pub(super) span: Span,
    /// Where the text starts in `span`, when it stands there byte for byte; `None` for escaped or folded text, within
    /// which there is nothing smaller to point at.
    pub(super) offset: Option<usize>,
}

impl Text<'_> {
    /// The place of a range of the text.
    pub(super) fn span(&self, start: usize, end: usize) -> Span {
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

/// Reads a scalar from the front.
pub(super) struct Parser<'a> {
    pub(super) text: &'a Text<'a>,
    /// How many bytes have been read.
    pub(super) at: usize,
    depth: usize,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl<'a> Parser<'a> {
    pub(super) fn rest(&self) -> &'a str {
        self.text.content.get(self.at..).unwrap_or("")
    }

    pub(super) fn peek(&mut self) -> Option<char> {
        self.at += self.rest().len() - self.rest().trim_start().len();
        self.rest().chars().next()
    }

    pub(super) fn take(&mut self, expected: char) -> bool {
        let found = self.peek() == Some(expected);
        if found {
            self.at += expected.len_utf8();
        }
        found
    }

    pub(super) fn report<T>(&mut self, diagnostic: Diagnostic) -> Option<T> {
        self.diagnostics.push(diagnostic);
        None
    }

    /// "expected X, found Y", pointing at Y.
    pub(super) fn expected<T>(&mut self, expected: &str) -> Option<T> {
        let next = self.peek();
        let span = self.text.span(self.at, self.at + next.map_or(0, char::len_utf8));
        let found = next.map_or("the end".to_owned(), |found| format!("`{found}`"));
        let diagnostic = Diagnostic::new(Code::EVC0202, span, format!("expected {expected}, found {found}"));
        self.report(match next {
            Some('?') => diagnostic.help("`?` belongs to the field's name: `name?: string`"),
            Some(',') => diagnostic.help("the length of a list is written `[T; 1..10]`"),
            Some('[') => diagnostic.help("a list is written `[T]`"),
            _ => diagnostic,
        })
    }

    fn end(&mut self) -> Option<()> {
        if self.peek().is_none() { Some(()) } else { self.expected("the end of the type") }
    }

    pub(super) fn close(&mut self, close: char) -> Option<()> {
        if self.take(close) { Some(()) } else { self.expected(&format!("`{close}`")) }
    }

    /// The inside of a list's brackets; `close` is the bracket, if it is part of this text.
    fn item(&mut self, close: Option<char>) -> Option<Item> {
        let ty = self.ty()?;
        let bounds = if self.take(';') { self.lengths("list", close)? } else { Range::default() };
        Some(Item { ty, bounds })
    }

    pub(super) fn ty(&mut self) -> Option<Type> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let span = self.text.span(self.at, self.text.content.len());
            let message = format!("type nested more than {MAX_DEPTH} levels deep");
            return self.report(Diagnostic::new(Code::EVC0202, span, message));
        }
        self.peek();
        let start = self.at;
        let kind = if self.take('[') {
            let item = self.item(Some(']'))?;
            self.close(']')?;
            Kind::List(Box::new(item.ty), item.bounds)
        } else if self.take('{') {
            self.record()?
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
        let nullable = match written.as_slice() {
            [one, null] if null.text == "null" && !null.quoted => Some(one.text.clone()),
            _ => None,
        };
        let mut literals: Vec<Spanned<String>> = Vec::new();
        for literal in written {
            // One message for the whole: what is wrong with the first is most often wrong with the others.
            let mut found = Vec::new();
            let Some(literal) = check_literal(literal, &mut found) else {
                let help = nullable.map(|ty| format!("a field that may be absent is written `name?: {ty}`"));
                self.diagnostics.extend(found.into_iter().map(|diagnostic| Diagnostic {
                    help: help.clone().map_or(diagnostic.help.clone(), |help| vec![help]),
                    ..diagnostic
                }));
                return None;
            };
            if let Some(first) = literals.iter().find(|known| known.value == literal.value) {
                let message = format!("`{}` stands twice in this enumeration", literal.value);
                self.diagnostics
                    .push(Diagnostic::new(Code::EVC0208, literal.span, message).secondary(first.span, "first here"));
            } else {
                literals.push(literal);
            }
        }
        Some(Kind::Enum(literals))
    }

    /// A bare word or a text in single quotes.
    pub(super) fn literal(&mut self) -> Option<Literal> {
        let quoted = self.take('\'');
        let start = self.at;
        if quoted {
            let Some(len) = self.rest().find('\'') else {
                let span = self.text.span(start - 1, self.text.content.len());
                return self.report(Diagnostic::new(Code::EVC0202, span, "the closing `'` is missing"));
            };
            self.at += len + 1;
            let text = self.text.content.get(start..start + len)?.to_owned();
            return Some(Literal { text, span: self.text.span(start - 1, self.at), quoted });
        }
        let word = |next: char| next.is_ascii_alphanumeric() || matches!(next, '_' | '-' | '.');
        let len = self.rest().find(|next| !word(next)).unwrap_or(self.rest().len());
        if len == 0 {
            return self.expected("a type");
        }
        self.at += len;
        let text = self.text.content.get(start..self.at)?.to_owned();
        Some(Literal { text, span: self.text.span(start, self.at), quoted })
    }

    /// A built-in type with its bounds, or the name of a declared one.
    fn named(&mut self, name: &str, span: Span) -> Option<Kind> {
        let parenthesis = self.take('(');
        let kind = match name {
            "string" => Kind::String(if parenthesis { self.lengths("string", Some(')'))? } else { Range::default() }),
            "integer" => {
                Kind::Integer(if parenthesis { self.range(Some(')'), bounds::integer)? } else { Range::default() })
            }
            "number" => {
                Kind::Number(if parenthesis { self.range(Some(')'), bounds::number)? } else { Range::default() })
            }
            "money" => Kind::Money(if parenthesis { self.range(Some(')'), bounds::money)? } else { Range::default() }),
            "map" if parenthesis => Kind::Map(Box::new(self.ty()?)),
            "map" => {
                let message = "`map` needs the type of its values";
                return self.report(Diagnostic::new(Code::EVC0202, span, message).help("for example `map(string)`"));
            }
            "list" | "array" | "set" | "vec" => {
                return self.unknown(name, span, "a list is written `[T]`, with bounds on its length `[T; 1..10]`");
            }
            "dict" | "object" | "record" | "struct" => {
                return self.unknown(
                    name,
                    span,
                    "a record is a map of fields and their types; a map with any keys is `map(T)`",
                );
            }
            "optional" | "nullable" => {
                return self.unknown(name, span, "a field that may be absent is written `name?: string`");
            }
            _ => {
                let Some(kind) = simple(name) else { return self.unknown_scalar(name, span) };
                if parenthesis {
                    let end = self.rest().find(')').map_or(self.text.content.len(), |len| self.at + len + 1);
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
                let diagnostic = diagnostic.help(format!("did you mean `{ours}`?"));
                let title = format!("replace with `{ours}`");
                if alias.is_some() && GUESSES.contains(&lower.as_str()) {
                    diagnostic.propose(title, span, ours)
                } else {
                    diagnostic.replace(title, span, ours)
                }
            }
            None if literal => diagnostic.help(one_literal(name)),
            None => {
                diagnostic.suggest(name, SCALARS.iter().copied()).help("declared types have names such as `OrderLine`")
            }
        })
    }
}

/// How an enumeration of one literal is written: YAML takes quotes away.
pub(super) fn one_literal(name: &str) -> String {
    format!("an enumeration of one literal is written `\"'{name}'\"`: in the quotes of YAML, which go, and in its own")
}

pub(super) struct Literal {
    pub(super) text: String,
    pub(super) span: Span,
    pub(super) quoted: bool,
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
