//! Calls of intrinsic functions, with their arguments read.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html>

use std::borrow::Cow;

use super::{Entry, Node};
use crate::source::Span;

/// A text that names something, or a key, and where it stands, if somebody wrote it.
#[derive(Debug, Clone)]
pub struct Name<'a> {
    /// The text.
    pub text: Cow<'a, str>,
    /// Where it was written.
    pub place: Option<Span>,
}

impl<'a> Name<'a> {
    /// A name that nobody wrote.
    pub fn derived(text: impl Into<Cow<'a, str>>) -> Self {
        Self { text: text.into(), place: None }
    }
}

/// A call of an intrinsic function.
#[derive(Debug, Clone)]
pub enum Call<'a> {
    /// `Ref`: a parameter, a pseudo parameter such as `AWS::Region`, or a resource.
    Ref(Name<'a>),
    /// `Fn::GetAtt`: a resource, and its attribute, which is a text but for templates with language extensions.
    GetAtt(Name<'a>, Node<'a>),
    /// `Fn::Sub`: the parts of the text, and values that are bound to names of its own.
    Sub {
        /// The parts, in order.
        parts: Vec<Part<'a>>,
        /// The names of its own.
        bound: Vec<Entry<'a>>,
    },
    /// `Fn::If`: a condition, the value if it holds, and the value if not.
    If(Name<'a>, Node<'a>, Node<'a>),
    /// `Fn::FindInMap`.
    FindInMap {
        /// The name of the mapping.
        map: Node<'a>,
        /// The top-level key.
        top: Node<'a>,
        /// The second-level key.
        second: Node<'a>,
        /// What it is if there is no such key, with language extensions.
        default: Option<Node<'a>>,
    },
    /// `Fn::Join`: a separator and a list.
    Join(Node<'a>, Node<'a>),
    /// `Fn::Select`: an index and a list.
    Select(Node<'a>, Node<'a>),
    /// `Fn::Split`: a separator and a text.
    Split(Node<'a>, Node<'a>),
    /// `Fn::ImportValue`: the name under which another stack exports it.
    ImportValue(Node<'a>),
    /// `Fn::Base64`.
    Base64(Node<'a>),
    /// `Fn::Cidr`: a block, a count and the bits of each.
    Cidr(Vec<Node<'a>>),
    /// `Fn::GetAZs`: a Region.
    GetAZs(Node<'a>),
    /// `Fn::Transform`: a macro and its parameters.
    Transform(Node<'a>),
    /// `Fn::ForEach`, with language extensions: its arguments.
    ForEach(Node<'a>),
    /// `Fn::Length`, with language extensions.
    Length(Node<'a>),
    /// `Fn::ToJsonString`, with language extensions; and every text that evc writes as JSON, whose value this is.
    ToJsonString(Node<'a>),
    /// `Condition`, inside of a condition: the name of another.
    Condition(Name<'a>),
    /// `Fn::And`, `Fn::Or`, `Fn::Not` and `Fn::Equals`, inside of conditions; and what rules have besides.
    Logic(Cow<'a, str>, Vec<Node<'a>>),
    /// A function that there is, with arguments that it does not take.
    Malformed(Cow<'a, str>, Node<'a>),
    /// A function that there is not, as far as evc knows.
    Unknown(Cow<'a, str>, Node<'a>),
}

/// A part of the text of `Fn::Sub`.
#[derive(Debug, Clone)]
pub enum Part<'a> {
    /// Text as it is.
    Literal(Cow<'a, str>),
    /// `${Name}`: a name of its own, a parameter, a pseudo parameter or a resource.
    Ref(Name<'a>),
    /// `${Resource.Attribute}`.
    GetAtt(Name<'a>, Cow<'a, str>),
}

impl<'a> Call<'a> {
    /// The values that are its arguments, in order.
    pub fn arguments(&self) -> Vec<&Node<'a>> {
        match self {
            Self::Ref(_) | Self::Condition(_) => Vec::new(),
            Self::GetAtt(_, node)
            | Self::ImportValue(node)
            | Self::Base64(node)
            | Self::GetAZs(node)
            | Self::Transform(node)
            | Self::ForEach(node)
            | Self::Length(node)
            | Self::ToJsonString(node)
            | Self::Malformed(_, node)
            | Self::Unknown(_, node) => vec![node],
            Self::Sub { bound, .. } => bound.iter().map(|entry| &entry.value).collect(),
            Self::If(_, one, other) | Self::Join(one, other) | Self::Select(one, other) | Self::Split(one, other) => {
                vec![one, other]
            }
            Self::FindInMap { map, top, second, default } => [map, top, second].into_iter().chain(default).collect(),
            Self::Cidr(nodes) | Self::Logic(_, nodes) => nodes.iter().collect(),
        }
    }
}
