//! What a value of a template has to be like: JSON Schema, as far as CloudFormation's schemas use it.

use std::ops::Deref;
use std::sync::OnceLock;

/// What a value has to be like. Shapes may contain themselves.
#[derive(Debug, Clone, Copy)]
pub struct Shape(pub(super) &'static OnceLock<ShapeData>);

impl Deref for Shape {
    type Target = ShapeData;
    fn deref(&self) -> &ShapeData {
        self.0.get().unwrap_or(&ANYTHING)
    }
}

impl PartialEq for Shape {
    /// Whether it is the same one.
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl Shape {
    /// The shape of a property, whichever alternative it stands in.
    pub fn property(self, name: &str) -> Option<Self> {
        self.properties.iter().find(|(known, _)| *known == name).map(|(_, shape)| *shape).or_else(|| {
            let more = self.more.as_deref()?;
            let alternatives = more.all_of.iter().chain(&more.any_of).chain(&more.one_of);
            alternatives.filter(|other| !other.never).find_map(|other| other.property(name))
        })
    }
}

/// What a shape says. What it does not say is free.
#[derive(Debug, Default)]
pub struct ShapeData {
    /// Nothing is right here: the property must not be there.
    pub never: bool,
    /// The kinds of value it may be; none for any.
    pub kinds: Kinds,
    /// The properties of an object, in the order of the schema.
    pub properties: Vec<(&'static str, Shape)>,
    /// Properties that must be there.
    pub required: Vec<&'static str>,
    /// Whether an object may have only the properties above, and those whose names match a pattern.
    pub closed: bool,
    /// What properties of other names are like.
    pub additional: Option<Shape>,
    /// What the items of a list are like.
    pub items: Option<Shape>,
    /// The values it may have, as text; none for any.
    pub values: Vec<&'static str>,
    /// Whether the case of letters does not matter in `values`.
    pub any_case: bool,
    /// A regular expression that is found in it.
    pub pattern: Option<&'static str>,
    /// What AWS calls its format: `date-time`, `AWS::EC2::VPC.Id`.
    pub format: Option<&'static str>,
    /// How large, long or many.
    pub bounds: Option<Box<Bounds>>,
    /// What is rarer.
    pub more: Option<Box<More>>,
}

/// How large, long or many. Each is inclusive, but for the exclusive ones.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Bounds {
    /// The least number.
    pub minimum: Option<f64>,
    /// The greatest number.
    pub maximum: Option<f64>,
    /// What a number must be greater than.
    pub above: Option<f64>,
    /// What a number must be less than.
    pub below: Option<f64>,
    /// The least characters of a text.
    pub min_length: Option<u64>,
    /// The most characters of a text.
    pub max_length: Option<u64>,
    /// The least items of a list.
    pub min_items: Option<u64>,
    /// The most items of a list.
    pub max_items: Option<u64>,
    /// The least properties of an object.
    pub min_properties: Option<u64>,
    /// The most properties of an object.
    pub max_properties: Option<u64>,
}

/// What few shapes say.
#[derive(Debug, Default)]
pub struct More {
    /// What properties are like whose names match a regular expression.
    pub pattern_properties: Vec<(&'static str, Shape)>,
    /// What names of properties are like.
    pub names: Option<Shape>,
    /// Whether no item of a list may be there twice.
    pub unique: bool,
    /// No two items of a list may have the same values of these.
    pub unique_by: Vec<&'static str>,
    /// What the first items of a list are like, one after the other.
    pub first_items: Vec<Shape>,
    /// What a number is a multiple of.
    pub multiple_of: Option<f64>,
    /// The most different items of a list.
    pub most_unique: Option<u64>,
    /// It has to be like all of these.
    pub all_of: Vec<Shape>,
    /// It has to be like one of these, or several.
    pub any_of: Vec<Shape>,
    /// It has to be like exactly one of these.
    pub one_of: Vec<Shape>,
    /// It must not be like this.
    pub not: Option<Shape>,
    /// What it has to be like if it is like something else.
    pub condition: Option<Condition>,
    /// Exactly one of these properties must be there.
    pub exactly_one: Vec<&'static str>,
    /// At least one of these properties must be there.
    pub at_least_one: Vec<&'static str>,
    /// A property, and those that must not be there with it.
    pub excludes: Vec<(&'static str, Vec<&'static str>)>,
    /// A property, and those that must be there with it.
    pub requires: Vec<(&'static str, Vec<&'static str>)>,
}

/// What a value has to be like, by what it is like.
#[derive(Debug, Clone, Copy)]
pub struct Condition {
    /// If it is like this,
    pub if_: Shape,
    /// it has to be like this,
    pub then: Shape,
    /// else like this.
    pub else_: Shape,
}

/// A kind of value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    String,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A map.
    Object,
    /// A list.
    Array,
}

impl Kind {
    /// All of them, in the order of their bits in the data.
    pub const ALL: [Self; 6] = [Self::String, Self::Integer, Self::Number, Self::Boolean, Self::Object, Self::Array];

    /// For messages: "a map".
    pub fn describe(self) -> &'static str {
        match self {
            Self::String => "text",
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::Boolean => "true or false",
            Self::Object => "a map",
            Self::Array => "a list",
        }
    }

    fn bit(self) -> u8 {
        match self {
            Self::String => 1,
            Self::Integer => 2,
            Self::Number => 4,
            Self::Boolean => 8,
            Self::Object => 16,
            Self::Array => 32,
        }
    }
}

/// Kinds of value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kinds(pub(super) u8);

impl Kinds {
    /// Whether this kind is among them.
    pub fn has(self, kind: Kind) -> bool {
        self.0 & kind.bit() != 0
    }

    /// Whether nothing is said, so that any kind will do.
    pub fn is_any(self) -> bool {
        self.0 == 0
    }

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = Kind> {
        Kind::ALL.into_iter().filter(move |kind| self.has(*kind))
    }
}

/// What a shape is like that says nothing.
static ANYTHING: ShapeData = ShapeData {
    never: false,
    kinds: Kinds(0),
    properties: Vec::new(),
    required: Vec::new(),
    closed: false,
    additional: None,
    items: None,
    values: Vec::new(),
    any_case: false,
    pattern: None,
    format: None,
    bounds: None,
    more: None,
};
