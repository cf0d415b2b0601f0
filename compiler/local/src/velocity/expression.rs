//! References, and what stands in the brackets of a directive.

use super::Error;
use super::parse::{Cursor, Node, Template};

/// A reference: `$x`, `$!{x.y[0].get('z')}`.
#[derive(Debug, Clone)]
pub(super) struct Reference {
    pub(super) name: String,
    pub(super) steps: Vec<Step>,
    /// What stands for it when there is nothing: `${x|'none'}`.
    pub(super) otherwise: Option<Box<Expression>>,
}

/// A step of a reference.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Property(String),
    Method(String, Vec<Expression>),
    Index(Expression),
}

/// An expression.
#[derive(Debug, Clone)]
pub(super) enum Expression {
    Bool(bool),
    Integer(i128),
    Double(f64),
    Text(String),
    /// A text in double quotes, which is a template itself.
    Template(Vec<Node>),
    List(Vec<Expression>),
    Range(Box<Expression>, Box<Expression>),
    Map(Vec<(Expression, Expression)>),
    Reference(Reference),
    Not(Box<Expression>),
    Binary(Operator, Box<Expression>, Box<Expression>),
}

/// An operator between two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Or,
    And,
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// Operators by how tightly they bind, the loosest first; of those with a common start the longer one first.
const OPERATORS: [&[(&str, Operator)]; 6] = [
    &[("||", Operator::Or), ("or", Operator::Or)],
    &[("&&", Operator::And), ("and", Operator::And)],
    &[("==", Operator::Equal), ("!=", Operator::Unequal), ("eq", Operator::Equal), ("ne", Operator::Unequal)],
    &[
        ("<=", Operator::LessOrEqual),
        (">=", Operator::GreaterOrEqual),
        ("<", Operator::Less),
        (">", Operator::Greater),
        ("le", Operator::LessOrEqual),
        ("ge", Operator::GreaterOrEqual),
        ("lt", Operator::Less),
        ("gt", Operator::Greater),
    ],
    &[("+", Operator::Add), ("-", Operator::Subtract)],
    &[("*", Operator::Multiply), ("/", Operator::Divide), ("%", Operator::Remainder)],
];

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

impl Cursor<'_> {
    /// A reference, if here is one; otherwise the cursor stays.
    pub(super) fn reference(&mut self) -> Result<Option<Reference>, Error> {
        let begin = self.at;
        if !self.eat("$") {
            return Ok(None);
        }
        self.eat("!");
        let braces = self.eat("{");
        if !self.peek().is_some_and(|c| c.is_ascii_alphabetic() || c == '_') {
            self.at = begin;
            return Ok(None);
        }
        let name = self.take(is_word).to_owned();
        let mut steps = Vec::new();
        while let Some(step) = self.step()? {
            steps.push(step);
        }
        let mut otherwise = None;
        if braces {
            if self.eat("|") {
                otherwise = Some(Box::new(self.expression()?));
            }
            if !self.eat("}") {
                return Err(self.error(&format!("`${{{name}` has no `}}`")));
            }
        }
        Ok(Some(Reference { name, steps, otherwise }))
    }

    fn step(&mut self) -> Result<Option<Step>, Error> {
        let begin = self.at;
        if self.eat(".") {
            if !self.peek().is_some_and(|c| c.is_ascii_alphabetic() || c == '_') {
                self.at = begin;
                return Ok(None);
            }
            let name = self.take(is_word).to_owned();
            if !self.eat("(") {
                return Ok(Some(Step::Property(name)));
            }
            let arguments = self.items(")")?;
            return Ok(Some(Step::Method(name, arguments)));
        }
        if self.eat("[") {
            // In a text, `$x[` may be a reference before a bracket.
            let Ok(index) = self.expression() else {
                self.at = begin;
                return Ok(None);
            };
            self.spaces();
            if self.eat("]") {
                return Ok(Some(Step::Index(index)));
            }
            self.at = begin;
        }
        Ok(None)
    }

    /// Expressions between commas, until the closing bracket.
    fn items(&mut self, close: &str) -> Result<Vec<Expression>, Error> {
        let mut items = Vec::new();
        self.spaces();
        if self.eat(close) {
            return Ok(items);
        }
        loop {
            items.push(self.expression()?);
            self.spaces();
            if self.eat(close) {
                return Ok(items);
            }
            if !self.eat(",") {
                return Err(self.error(&format!("expected `,` or `{close}`")));
            }
        }
    }

    /// An expression.
    pub(super) fn expression(&mut self) -> Result<Expression, Error> {
        self.deeper()?;
        let found = self.operation(0);
        self.depth -= 1;
        found
    }

    fn operation(&mut self, level: usize) -> Result<Expression, Error> {
        let Some(operators) = OPERATORS.get(level) else { return self.operand() };
        let mut left = self.operation(level + 1)?;
        loop {
            self.spaces();
            let Some((word, operator)) = operators.iter().find(|(word, _)| self.is_operator(word)) else {
                return Ok(left);
            };
            self.at += word.len();
            let right = self.operation(level + 1)?;
            left = Expression::Binary(*operator, Box::new(left), Box::new(right));
        }
    }

    /// Whether an operator stands here. One that is a word ends where the word ends.
    fn is_operator(&self, operator: &str) -> bool {
        let after = self.rest().strip_prefix(operator).map(|rest| rest.chars().next());
        let is_a_word = operator.starts_with(|c: char| c.is_ascii_alphabetic());
        after.is_some_and(|next| !is_a_word || !next.is_some_and(is_word))
    }

    fn operand(&mut self) -> Result<Expression, Error> {
        self.spaces();
        if self.eat("!") || (self.is_operator("not") && self.eat("not")) {
            self.deeper()?;
            let of = self.operand()?;
            self.depth -= 1;
            return Ok(Expression::Not(Box::new(of)));
        }
        if self.eat("(") {
            let within = self.expression()?;
            self.spaces();
            return if self.eat(")") { Ok(within) } else { Err(self.error("expected `)`")) };
        }
        for (word, value) in [("true", true), ("false", false)] {
            if self.is_operator(word) {
                self.at += word.len();
                return Ok(Expression::Bool(value));
            }
        }
        match self.peek() {
            Some('$') => {
                let reference = self.reference()?;
                reference.map(Expression::Reference).ok_or_else(|| self.error("`$` begins no reference here"))
            }
            Some('\'') => {
                self.at += 1;
                let text = self.take(|c| c != '\'').to_owned();
                if self.eat("'") { Ok(Expression::Text(text)) } else { Err(self.error("a text has no end")) }
            }
            Some('"') => self.template(),
            Some('[') => self.list(),
            Some('{') => self.map(),
            Some(c) if c.is_ascii_digit() || c == '-' || c == '.' => self.number(),
            _ => Err(self.error("expected a value")),
        }
    }

    /// A text in double quotes, in which two stand for one.
    fn template(&mut self) -> Result<Expression, Error> {
        self.at += 1;
        let mut text = String::new();
        loop {
            text.push_str(self.take(|c| c != '"'));
            if !self.eat("\"") {
                return Err(self.error("a text has no end"));
            }
            if !self.eat("\"") {
                break;
            }
            text.push('"');
        }
        if !text.contains(['$', '#']) {
            return Ok(Expression::Text(text));
        }
        let template = Template::parse(&text).map_err(|error| self.error(&error.to_string()))?;
        Ok(Expression::Template(template.nodes))
    }

    fn list(&mut self) -> Result<Expression, Error> {
        self.at += 1;
        self.spaces();
        if self.eat("]") {
            return Ok(Expression::List(Vec::new()));
        }
        let first = self.expression()?;
        self.spaces();
        if self.eat("..") {
            let last = self.expression()?;
            self.spaces();
            let range = Expression::Range(Box::new(first), Box::new(last));
            return if self.eat("]") { Ok(range) } else { Err(self.error("expected `]`")) };
        }
        let mut items = vec![first];
        if self.eat(",") {
            items.extend(self.items("]")?);
        } else if !self.eat("]") {
            return Err(self.error("expected `,` or `]`"));
        }
        Ok(Expression::List(items))
    }

    fn map(&mut self) -> Result<Expression, Error> {
        self.at += 1;
        let mut entries = Vec::new();
        self.spaces();
        if self.eat("}") {
            return Ok(Expression::Map(entries));
        }
        loop {
            let key = self.expression()?;
            self.spaces();
            if !self.eat(":") {
                return Err(self.error("expected `:`"));
            }
            entries.push((key, self.expression()?));
            self.spaces();
            if self.eat("}") {
                return Ok(Expression::Map(entries));
            }
            if !self.eat(",") {
                return Err(self.error("expected `,` or `}`"));
            }
        }
    }

    fn number(&mut self) -> Result<Expression, Error> {
        let begin = self.at;
        self.eat("-");
        self.take(|c| c.is_ascii_digit());
        // Two dots are those of a range.
        let is_fraction = self.rest().starts_with('.') && !self.rest().starts_with("..");
        if is_fraction {
            self.at += 1;
            self.take(|c| c.is_ascii_digit());
        }
        let text = self.text.get(begin..self.at).unwrap_or_default();
        let number = if is_fraction {
            text.parse().ok().map(Expression::Double)
        } else {
            text.parse().ok().map(Expression::Integer)
        };
        number.ok_or_else(|| self.error("expected a number"))
    }
}
