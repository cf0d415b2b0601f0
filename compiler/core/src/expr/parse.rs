//! Tokens to a tree: the grammar of JSONata 2.0.6 by operator precedence, with positions, bounds, and names with hyphens.

use std::collections::BTreeSet;
use std::ops::Range;

use super::ast::{Ast, AstKind, Operator, Place};
use super::token::{self, Token, TokenKind};

/// How long an expression may be, in bytes. Logic of this size belongs in a function.
pub(super) const MAX_BYTES: usize = 8 * 1024;
/// How deep an expression may nest. The passes over the tree recurse, so this bounds their stack.
const MAX_DEPTH: usize = 100;

/// Why a text is no expression, and what to do about it.
#[derive(Debug)]
pub(super) struct ParseError {
    pub(super) problem: Problem,
    pub(super) range: Range<usize>,
    pub(super) help: Option<String>,
}

/// The kinds of failure, one diagnostic code each.
#[derive(Debug)]
pub(super) enum Problem {
    /// Not JSONata; says what was found and expected.
    Syntax(String),
    /// JSONata, but newer than what Step Functions runs.
    TooNew(&'static str),
    /// A name with hyphens that also reads as a subtraction of two steps.
    Ambiguous(String),
}

/// Parses a whole text. `steps` are the names that may contain hyphens.
pub(super) fn parse(text: &str, steps: &BTreeSet<String>) -> Result<Ast, ParseError> {
    if text.len() > MAX_BYTES {
        let message = format!("this expression has {} bytes; at most {MAX_BYTES} are taken", text.len());
        return Err(syntax(message, 0..text.len()).help("move the logic into a function"));
    }
    let tokens = token::tokens(text).map_err(|error| syntax(error.message, error.range))?;
    let mut parser = Parser { text, tokens, at: 0, inner: false, steps };
    let tree = parser.expression(0, 0)?;
    match parser.kind() {
        TokenKind::End => Ok(tree),
        _ => Err(parser.unexpected("an operator or the end")),
    }
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
    /// Inside a predicate, map, grouping or sort, where a bare name is a field of the value at hand.
    inner: bool,
    steps: &'a BTreeSet<String>,
}

type Result<T, E = ParseError> = std::result::Result<T, E>;

impl Parser<'_> {
    fn kind(&self) -> &TokenKind {
        &self.tokens[self.at].kind
    }

    fn range(&self) -> Range<usize> {
        self.tokens[self.at].range.clone()
    }

    /// The end of the token before this one.
    fn end(&self) -> usize {
        self.at.checked_sub(1).map_or(0, |before| self.tokens[before].range.end)
    }

    /// Steps over a token; the last one, which is [`TokenKind::End`], stays.
    fn advance(&mut self) {
        self.at = (self.at + 1).min(self.tokens.len() - 1);
    }

    fn is(&self, operator: &str) -> bool {
        matches!(self.kind(), TokenKind::Op(found) if *found == operator)
    }

    fn eat(&mut self, operator: &str) -> bool {
        let found = self.is(operator);
        if found {
            self.advance();
        }
        found
    }

    fn expect(&mut self, operator: &str) -> Result<()> {
        if self.eat(operator) { Ok(()) } else { Err(self.unexpected(&format!("`{operator}`"))) }
    }

    fn unexpected(&self, expected: &str) -> ParseError {
        let found = match self.kind() {
            TokenKind::End => "the end".to_owned(),
            _ => format!("`{}`", &self.text[self.range()]),
        };
        syntax(format!("found {found}; expected {expected}"), self.range())
    }

    /// Parses an expression whose operators bind tighter than `power`.
    fn expression(&mut self, power: u8, depth: usize) -> Result<Ast> {
        let mut depth = depth + 1;
        let mut left = self.prefix(depth)?;
        while power < self.power() {
            // A long chain makes a tree as deep as nesting does.
            depth += 1;
            left = self.infix(left, depth)?;
        }
        Ok(left)
    }

    /// Parses what is evaluated with each value of what stands before it as its context.
    fn inside<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let outer = std::mem::replace(&mut self.inner, true);
        let result = parse(self);
        self.inner = outer;
        result
    }

    /// How tightly the operator here binds to what is before it; 0 if it does not. The numbers are JSONata's.
    fn power(&self) -> u8 {
        match self.kind() {
            TokenKind::Op(operator) => match *operator {
                "[" | "(" | "@" | "#" => 80,
                "." => 75,
                "{" => 70,
                "*" | "/" | "%" => 60,
                "+" | "-" | "&" => 50,
                "=" | "!=" | "<" | "<=" | ">" | ">=" | "^" | "~>" => 40,
                "?" => 20,
                ":=" => 10,
                _ => 0,
            },
            TokenKind::Word(word) => match word.as_str() {
                "in" => 40,
                "and" => 30,
                "or" => 25,
                _ => 0,
            },
            _ => 0,
        }
    }

    fn prefix(&mut self, depth: usize) -> Result<Ast> {
        let start = self.range();
        if depth > MAX_DEPTH {
            let message = format!("this expression nests more than {MAX_DEPTH} levels deep");
            return Err(syntax(message, start).help("move the logic into a function"));
        }
        if let TokenKind::Word(_) = self.kind()
            && !self.inner
            && let Some(name) = self.hyphenated(start.start)?
        {
            return Ok(self.close(start.start, AstKind::Name { name, place: Place::Root, quoted: false }));
        }
        let token = self.tokens[self.at].clone();
        let kind = match token.kind {
            TokenKind::String(value) => AstKind::String(value),
            TokenKind::Number(value) => AstKind::Number(value),
            TokenKind::Regex => AstKind::Regex,
            TokenKind::Word(name) => match name.as_str() {
                "true" => AstKind::Boolean(true),
                "false" => AstKind::Boolean(false),
                "null" => AstKind::Null,
                _ => AstKind::Name { name, place: self.place(), quoted: false },
            },
            TokenKind::Quoted(name) => AstKind::Name { name, place: self.place(), quoted: true },
            TokenKind::Variable(name) => {
                if let Some(name) = self.hyphenated(start.start + 1)? {
                    return Ok(self.close(start.start, AstKind::Variable(name)));
                }
                AstKind::Variable(name)
            }
            TokenKind::Op(operator) => return self.prefix_operator(operator, depth),
            TokenKind::End => return Err(self.unexpected("a value")),
        };
        self.advance();
        Ok(self.close(start.start, kind))
    }

    fn prefix_operator(&mut self, operator: &str, depth: usize) -> Result<Ast> {
        let start = self.range().start;
        if !matches!(operator, "-" | "*" | "**" | "%" | "(" | "[" | "{" | "|") {
            return Err(self.unexpected("a value"));
        }
        self.advance();
        let kind = match operator {
            "-" => match self.expression(70, depth)? {
                Ast { kind: AstKind::Number(value), .. } => AstKind::Number(-value),
                operand => AstKind::Negate(Box::new(operand)),
            },
            "*" => AstKind::Wildcard,
            "**" => AstKind::Descendant,
            "%" => AstKind::Parent,
            "(" => {
                let mut parts = Vec::new();
                while !self.is(")") {
                    parts.push(self.expression(0, depth)?);
                    if !self.eat(";") {
                        break;
                    }
                }
                self.expect(")")?;
                AstKind::Block(parts)
            }
            "[" => {
                let items = self.separated("]", |parser| {
                    let first = parser.expression(0, depth)?;
                    if !parser.eat("..") {
                        return Ok(first);
                    }
                    let last = parser.expression(0, depth)?;
                    let range = first.range.start..last.range.end;
                    Ok(Ast { kind: AstKind::Binary(Operator::Range, Box::new(first), Box::new(last)), range })
                })?;
                AstKind::Array(items)
            }
            "{" => AstKind::Object(self.entries(depth)?),
            _ => AstKind::Transform(self.inside(|parser| {
                let mut parts = vec![parser.expression(0, depth)?];
                parser.expect("|")?;
                parts.push(parser.expression(0, depth)?);
                if parser.eat(",") {
                    parts.push(parser.expression(0, depth)?);
                }
                parser.expect("|")?;
                Ok(parts)
            })?),
        };
        Ok(self.close(start, kind))
    }

    fn infix(&mut self, left: Ast, depth: usize) -> Result<Ast> {
        let start = left.range.start;
        let token = self.tokens[self.at].clone();
        let operator = match &token.kind {
            TokenKind::Op(operator) => *operator,
            TokenKind::Word(word) if word == "in" => "in",
            TokenKind::Word(word) if word == "and" => "and",
            _ => "or",
        };
        self.advance();
        let kind = match operator {
            "." => {
                let left = as_step(left, if self.inner { Place::Head } else { Place::Root })?;
                let right = self.inside(|parser| parser.expression(75, depth))?;
                AstKind::Path(Box::new(left), Box::new(as_step(right, Place::Step)?))
            }
            "[" if self.eat("]") => AstKind::KeepArray(Box::new(left)),
            "[" => {
                let predicate = self.inside(|parser| parser.expression(0, depth))?;
                self.expect("]")?;
                AstKind::Filter(Box::new(left), Box::new(predicate))
            }
            "(" => self.call(left, depth)?,
            "{" => AstKind::Group(Box::new(left), self.inside(|parser| parser.entries(depth))?),
            "^" => {
                self.expect("(")?;
                let terms = self.inside(|parser| {
                    parser.separated(")", |parser| {
                        if !parser.eat("<") {
                            parser.eat(">");
                        }
                        parser.expression(0, depth)
                    })
                })?;
                AstKind::Sort(Box::new(left), terms)
            }
            "@" | "#" => {
                let right = self.expression(80, depth)?;
                let AstKind::Variable(name) = right.kind else {
                    return Err(syntax(format!("expected a `$variable` after `{operator}`"), right.range));
                };
                AstKind::Focus(Box::new(left), name)
            }
            "~>" => AstKind::Apply(Box::new(left), Box::new(self.expression(40, depth)?)),
            ":=" => {
                let AstKind::Variable(name) = left.kind else {
                    return Err(syntax("only a `$variable` can be bound with `:=`", left.range));
                };
                AstKind::Bind { name, name_range: left.range, value: Box::new(self.expression(9, depth)?) }
            }
            "?" => self.conditional(left, &token, depth)?,
            _ => {
                let (operator, power) = binary(operator);
                AstKind::Binary(operator, Box::new(left), Box::new(self.expression(power, depth)?))
            }
        };
        Ok(self.close(start, kind))
    }

    fn conditional(&mut self, condition: Ast, question: &Token, depth: usize) -> Result<AstKind> {
        let adjacent = self.range().start == question.range.end;
        if adjacent && (self.is("?") || self.is(":")) {
            let operator = if self.is("?") { "??" } else { "?:" };
            let left = &self.text[condition.range.clone()];
            let test = if self.is("?") { format!("$exists({left})") } else { left.to_owned() };
            let error = ParseError {
                problem: Problem::TooNew(operator),
                range: question.range.start..self.range().end,
                help: Some(format!("write `{test} ? {left} : …`")),
            };
            return Err(error);
        }
        let then = self.expression(0, depth)?;
        let otherwise = if self.eat(":") { Some(Box::new(self.expression(0, depth)?)) } else { None };
        Ok(AstKind::Conditional(Box::new(condition), Box::new(then), otherwise))
    }

    fn call(&mut self, callee: Ast, depth: usize) -> Result<AstKind> {
        let lambda =
            matches!(&callee.kind, AstKind::Name { name, quoted: false, .. } if name == "function" || name == "λ");
        let arguments = self.separated(")", |parser| {
            if parser.is("?") {
                let range = parser.range();
                parser.advance();
                return Ok(Ast { kind: AstKind::Placeholder, range });
            }
            parser.expression(0, depth)
        })?;
        if !lambda {
            return Ok(AstKind::Call(Box::new(callee), arguments));
        }
        let mut params = Vec::new();
        for argument in arguments {
            match argument.kind {
                AstKind::Variable(name) => params.push((name, argument.range)),
                _ => return Err(syntax("a parameter of a function must be a `$variable`", argument.range)),
            }
        }
        self.signature();
        self.expect("{")?;
        let body = Box::new(self.expression(0, depth)?);
        self.expect("}")?;
        Ok(AstKind::Lambda { params, body })
    }

    /// Steps over a function's signature, `<n-n:n>`: it adds checks at run time and changes no result.
    fn signature(&mut self) {
        if self.is("<") {
            while !self.is("{") && *self.kind() != TokenKind::End {
                self.advance();
            }
        }
    }

    fn entries(&mut self, depth: usize) -> Result<Vec<(Ast, Ast)>> {
        self.separated("}", |parser| {
            let key = parser.expression(0, depth)?;
            parser.expect(":")?;
            Ok((key, parser.expression(0, depth)?))
        })
    }

    /// Items separated by commas, up to and with the closing operator.
    fn separated<T>(&mut self, close: &str, mut item: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let mut items = Vec::new();
        if self.eat(close) {
            return Ok(items);
        }
        loop {
            items.push(item(self)?);
            if !self.eat(",") {
                break;
            }
        }
        if self.eat(close) { Ok(items) } else { Err(self.unexpected(&format!("`,` or `{close}`"))) }
    }

    fn place(&self) -> Place {
        if self.inner { Place::Head } else { Place::Root }
    }

    fn close(&self, start: usize, kind: AstKind) -> Ast {
        Ast { kind, range: start..self.end() }
    }

    /// Reads a step's name with hyphens from `start`, the longest that fits, and steps over its tokens.
    ///
    /// `reserve-inventory.id` is a path from the step `reserve-inventory` if there is such a step, and a subtraction otherwise.
    fn hyphenated(&mut self, start: usize) -> Result<Option<String>> {
        let rest = &self.text[start..];
        let run =
            &rest[..rest.find(|char: char| !char.is_alphanumeric() && !"-_".contains(char)).unwrap_or(rest.len())];
        let ends = run.match_indices('-').map(|(at, _)| at).chain([run.len()]);
        let Some((end, name)) = ends.rev().find_map(|end| Some((start + end, self.steps.get(&run[..end])?))) else {
            return Ok(None);
        };
        let Some(next) = self.tokens.iter().position(|token| token.range.start >= end) else { return Ok(None) };
        if !name.contains('-') || self.tokens[next - 1].range.end != end {
            return Ok(None);
        }
        let splits = |at: usize| self.steps.contains(&name[..at]) && self.steps.contains(&name[at + 1..]);
        if name.match_indices('-').any(|(at, _)| splits(at)) {
            let range = start..end;
            let help = format!("write `{name}` in backticks for the step, or spaces around `-` for a subtraction");
            return Err(ParseError { problem: Problem::Ambiguous(name.clone()), range, help: Some(help) });
        }
        self.at = next;
        Ok(Some(name.clone()))
    }
}

/// JSONata takes a string in a path for a name, and refuses other literals there.
fn as_step(mut ast: Ast, place: Place) -> Result<Ast> {
    ast.kind = match ast.kind {
        AstKind::String(name) => AstKind::Name { name, place, quoted: true },
        AstKind::Name { name, quoted, .. } if place == Place::Step => AstKind::Name { name, place, quoted },
        AstKind::Number(_) | AstKind::Boolean(_) | AstKind::Null => {
            return Err(syntax("a literal cannot be a step of a path", ast.range));
        }
        AstKind::Filter(base, predicate) => AstKind::Filter(Box::new(as_step(*base, place)?), predicate),
        AstKind::KeepArray(base) => AstKind::KeepArray(Box::new(as_step(*base, place)?)),
        AstKind::Focus(base, name) => AstKind::Focus(Box::new(as_step(*base, place)?), name),
        other => other,
    };
    Ok(ast)
}

fn binary(operator: &str) -> (Operator, u8) {
    match operator {
        "+" => (Operator::Add, 50),
        "-" => (Operator::Subtract, 50),
        "*" => (Operator::Multiply, 60),
        "/" => (Operator::Divide, 60),
        "%" => (Operator::Modulo, 60),
        "&" => (Operator::Concatenate, 50),
        "=" => (Operator::Equal, 40),
        "!=" => (Operator::NotEqual, 40),
        "<" => (Operator::Less, 40),
        "<=" => (Operator::LessOrEqual, 40),
        ">" => (Operator::Greater, 40),
        ">=" => (Operator::GreaterOrEqual, 40),
        "in" => (Operator::In, 40),
        "and" => (Operator::And, 30),
        _ => (Operator::Or, 25),
    }
}

fn syntax(message: impl Into<String>, range: Range<usize>) -> ParseError {
    ParseError { problem: Problem::Syntax(message.into()), range, help: None }
}

impl ParseError {
    fn help(mut self, text: &str) -> Self {
        self.help = Some(text.to_owned());
        self
    }
}
