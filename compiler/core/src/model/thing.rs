//! The things of a model, made from the lines of [`kinds!`](crate::kinds): the arenas of [`Model`], and [`Thing`], the id of any of them.

use std::sync::OnceLock;

use indexmap::IndexMap;

use super::graph::{Graph, Relates, Relation};
use super::outputs::Property;
use super::{
    Arena, DeadLetterSource, Durability, Environment, Head, Id, Observability, Output, Override, Security, Token,
};
use crate::diagnostics::Diagnostic;
use crate::source::Span;
use crate::spec::condition::Condition;
use crate::spec::scalar::Name;
use crate::spec::{self, Sections, TopLevel};
use crate::types::Types;

/// What the things of a section become in the model, so that no name is looked up in the section of another kind.
pub(super) trait Named {
    /// What the section declares.
    type Spec: TopLevel;
}

macro_rules! model {
    (
        around { $($around:tt)* }
        things { $($(#[doc = $doc:literal])* $section:ident: $module:ident::$Kind:ident, $what:literal, $case:ident, [$($property:ident),*];)* }
        last { $($last:tt)* }
    ) => {
        /// A whole system.
        #[derive(Debug, Clone)]
        pub struct Model {
            /// The service's name.
            pub service: Name,
            /// What the service does.
            pub description: Option<String>,
            /// Where it is deployed to; at least one.
            pub environments: Vec<Environment>,
            /// Declared payload types.
            pub types: Types,
            $($(#[doc = $doc])* pub $section: Arena<super::$module::$Kind>,)*
            /// How the system is watched.
            pub observability: Observability,
            /// How durable the tables are that evc makes for itself.
            pub durability: Durability,
            /// What a company asks of every role.
            pub security: Security,
            /// Outputs of the stack.
            pub outputs: Vec<Output>,
            /// Whether an event, or the bus of one, could not be read, so that nobody knows all that may arrive.
            pub unread_events: bool,
            /// CloudFormation conditions by name.
            pub conditions: IndexMap<Name, Condition>,
            /// Changes to emitted resources, by their names in the spec or their logical ids.
            pub overrides: IndexMap<Name, Override>,
            /// The tokens that APIs take, each with its claims.
            pub tokens: Vec<Token>,
            /// Tags of every resource.
            pub tags: IndexMap<String, String>,
            /// What is allowed and was not found in the model: it may be in the plan.
            pub(crate) unused_allows: Vec<Diagnostic>,
            /// The edges, once they are asked for.
            graph: OnceLock<Graph>,
        }

        impl Model {
            /// A system of which everything is known but its things and outputs.
            pub(super) fn without_things(
                service: Name,
                environments: Vec<Environment>,
                types: Types,
                observability: Observability,
                durability: Durability,
            ) -> Self {
                Self {
                    service,
                    description: None,
                    environments,
                    types,
                    $($section: Arena::default(),)*
                    observability,
                    durability,
                    security: Security::default(),
                    outputs: Vec::new(),
                    unread_events: false,
                    conditions: IndexMap::new(),
                    overrides: IndexMap::new(),
                    tokens: Vec::new(),
                    tags: IndexMap::new(),
                    unused_allows: Vec::new(),
                    graph: OnceLock::new(),
                }
            }

            /// Every thing, section by section in the order of the language.
            pub fn things(&self) -> impl Iterator<Item = Thing> {
                let things = Vec::new().into_iter();
                $(let things = things.chain(self.$section.ids().map(Thing::$Kind));)*
                things
            }

            /// Name, places and description of a thing.
            pub fn head(&self, thing: Thing) -> &Head {
                match thing {
                    $(Thing::$Kind(id) => &self.$section[id].head,)*
                }
            }
        }

        impl Model {
            /// Tells what a thing says of others.
            pub(super) fn relate(&self, thing: Thing, tell: &mut dyn FnMut(Relation, Thing, Span)) {
                match thing {
                    $(Thing::$Kind(id) => self.$section[id].relate(tell),)*
                }
            }
        }

        /// The id of a thing of any kind.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Thing {
            $(#[doc = concat!($what, ".")] $Kind(Id<super::$module::$Kind>),)*
        }

        impl Thing {
            /// What it is called: "table".
            pub fn what(self) -> &'static str {
                match self {
                    $(Self::$Kind(_) => without_article($what),)*
                }
            }

            /// The key of its section: "tables".
            pub fn section(self) -> &'static str {
                match self {
                    $(Self::$Kind(_) => stringify!($section),)*
                }
            }

            /// Its place among the things of its kind.
            pub fn index(self) -> usize {
                match self {
                    $(Self::$Kind(id) => id.index(),)*
                }
            }

            /// Where what it could not do is kept. `None` for a kind that has no dead-letter queue.
            pub fn dead_letters(self) -> Option<DeadLetterSource> {
                match self {
                    $(Self::$Kind(id) => super::$module::$Kind::dead_letters(id),)*
                }
            }

            /// What outputs can tell of it.
            pub fn properties(self) -> &'static [Property] {
                match self {
                    $(Self::$Kind(_) => &[$(Property::$property),*],)*
                }
            }

            /// The things that a spec declares, each with its name.
            pub(super) fn all(sections: &Sections) -> Vec<(&str, Self)> {
                let mut all = Vec::new();
                $(all.extend(sections.$section.names().enumerate().map(|(at, name)| (name, Self::$Kind(Id::new(at)))));)*
                all
            }

            /// The sections whose things outputs can tell something of.
            pub(super) fn sections_with_properties() -> impl Iterator<Item = &'static str> {
                let all: [(&str, &[Property]); _] = [$((stringify!($section), &[$(Property::$property),*]),)*];
                all.into_iter().filter(|(_, properties)| !properties.is_empty()).map(|(section, _)| section)
            }

            /// The thing of this name in the section of this key. `None` if there is no such section; the inner one has been reported.
            pub(super) fn find(
                section: &str,
                name: &Name,
                sections: &Sections,
                diagnostics: &mut Vec<Diagnostic>,
            ) -> Option<Option<Self>> {
                match section {
                    $(stringify!($section) => Some(super::names::find(sections, name, diagnostics).map(Self::$Kind)),)*
                    _ => None,
                }
            }
        }

        $(impl Named for super::$module::$Kind {
            type Spec = spec::$module::$Kind;
        })*
    };
}

kinds!(model);

/// "a table" to "table".
pub(super) fn without_article(what: &'static str) -> &'static str {
    what.split_once(' ').map_or(what, |(_, noun)| noun)
}

impl Model {
    /// The edges between the things. They are gathered when they are first asked for, which is after all is resolved.
    pub fn graph(&self) -> &Graph {
        self.graph.get_or_init(|| Graph::of(self))
    }

    /// What a thing is called: "table `orders`".
    pub fn describe(&self, thing: Thing) -> String {
        format!("{} `{}`", thing.what(), self.head(thing).name)
    }

    /// Where a thing stands in the spec, as `allow:` takes it: "tables.orders".
    pub fn path(&self, thing: Thing) -> String {
        format!("{}.{}", thing.section(), self.head(thing).name)
    }
}
