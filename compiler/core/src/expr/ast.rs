//! The tree of a parsed expression. Every node knows its bytes, so that a diagnostic can point at the smallest text.

use std::ops::Range;

/// A part of an expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ast {
    pub(super) kind: AstKind,
    /// Its bytes in the expression's text.
    pub(super) range: Range<usize>,
}

/// Where a name stands, which decides what it refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The head of a path with no value before it: `input`, or a step's name.
    Root,
    /// The head of a path inside a predicate, map or grouping: a field of the value at hand.
    Head,
    /// After a dot: a field of what is before the dot.
    Step,
}

/// The kinds of node.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum AstKind {
    String(String),
    Number(f64),
    Boolean(bool),
    Null,
    Regex,
    /// A name; `quoted` if in backticks or quotes, which says that a field is meant.
    Name {
        name: String,
        place: Place,
        quoted: bool,
    },
    /// `$name`; the name is empty for `$`, and `$` for `$$`.
    Variable(String),
    Wildcard,
    Descendant,
    Parent,
    /// `?` among the arguments of a call.
    Placeholder,
    /// `a.b`: `b` for each value of `a`.
    Path(Box<Ast>, Box<Ast>),
    /// `a[b]`.
    Filter(Box<Ast>, Box<Ast>),
    /// `a[]`: a list even of one.
    KeepArray(Box<Ast>),
    /// `a{key: value}`.
    Group(Box<Ast>, Vec<(Ast, Ast)>),
    /// `a^(b)`.
    Sort(Box<Ast>, Vec<Ast>),
    /// `a@$name` and `a#$name`.
    Focus(Box<Ast>, String),
    Binary(Operator, Box<Ast>, Box<Ast>),
    Negate(Box<Ast>),
    /// `a ~> b`.
    Apply(Box<Ast>, Box<Ast>),
    /// `$name := value`.
    Bind {
        name: String,
        name_range: Range<usize>,
        value: Box<Ast>,
    },
    Conditional(Box<Ast>, Box<Ast>, Option<Box<Ast>>),
    Call(Box<Ast>, Vec<Ast>),
    Lambda {
        params: Vec<(String, Range<usize>)>,
        body: Box<Ast>,
    },
    Array(Vec<Ast>),
    Object(Vec<(Ast, Ast)>),
    Block(Vec<Ast>),
    /// `|pattern|update, delete|`: a function.
    Transform(Vec<Ast>),
}

/// Infix operators between two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    And,
    Or,
    In,
    Concatenate,
    /// `a..b`, only inside a list.
    Range,
}

impl Operator {
    /// The comparison with its sides exchanged.
    pub(super) fn mirrored(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
            other => other,
        }
    }

    /// As it is written.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Modulo => "%",
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::And => "and",
            Self::Or => "or",
            Self::In => "in",
            Self::Concatenate => "&",
            Self::Range => "..",
        }
    }
}

impl Ast {
    /// Whether this is a list that is written, also with a predicate: inside of another list it is one element of that.
    pub(super) fn is_list(&self) -> bool {
        match &self.kind {
            AstKind::Array(_) => true,
            AstKind::Filter(base, _) | AstKind::KeepArray(base) => base.is_list(),
            _ => false,
        }
    }

    /// Its parts, in the order written.
    pub(super) fn children(&self) -> Vec<&Ast> {
        fn pairs(entries: &[(Ast, Ast)]) -> impl Iterator<Item = &Ast> {
            entries.iter().flat_map(|(key, value)| [key, value])
        }
        match &self.kind {
            AstKind::String(_)
            | AstKind::Number(_)
            | AstKind::Boolean(_)
            | AstKind::Null
            | AstKind::Regex
            | AstKind::Name { .. }
            | AstKind::Variable(_)
            | AstKind::Wildcard
            | AstKind::Descendant
            | AstKind::Parent
            | AstKind::Placeholder => Vec::new(),
            AstKind::Path(a, b) | AstKind::Filter(a, b) | AstKind::Binary(_, a, b) | AstKind::Apply(a, b) => vec![a, b],
            AstKind::KeepArray(a)
            | AstKind::Focus(a, _)
            | AstKind::Negate(a)
            | AstKind::Bind { value: a, .. }
            | AstKind::Lambda { body: a, .. } => vec![a],
            AstKind::Group(a, entries) => std::iter::once(&**a).chain(pairs(entries)).collect(),
            AstKind::Sort(a, terms) | AstKind::Call(a, terms) => std::iter::once(&**a).chain(terms).collect(),
            AstKind::Conditional(a, b, c) => {
                [Some(a), Some(b), c.as_ref()].into_iter().flatten().map(|ast| &**ast).collect()
            }
            AstKind::Array(items) | AstKind::Block(items) | AstKind::Transform(items) => items.iter().collect(),
            AstKind::Object(entries) => pairs(entries).collect(),
        }
    }
}
