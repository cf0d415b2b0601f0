//! The sections of a spec: the maps from names to things that [`kinds!`](crate::kinds) lists, and the settings, which are one thing each.

use indexmap::IndexMap;
use schemars::JsonSchema;

use super::decode::{Case, Decoder, Fields, Item, Section};
use super::{observability, overrides, security};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{Span, Spanned};
use crate::spec::scalar::Name;
use crate::yaml::{Conflict, Mapping, Node, NodeKind};

/// What a section declares at the top level of a spec.
pub trait TopLevel: Item {
    /// The key of its section: "tables".
    const SECTION: &'static str;

    /// The section with all of its things.
    fn section(sections: &Sections) -> &Section<Self>;
}

macro_rules! sections {
    (
        around { $($(#[doc = $around_doc:literal])* $around:ident: $around_module:ident::$Around:ident, $around_what:literal, $around_case:ident;)* }
        things { $($(#[doc = $doc:literal])* $section:ident: $module:ident::$Thing:ident, $what:literal, $case:ident, [$($property:ident),*];)* }
        last { $($(#[doc = $last_doc:literal])* $last:ident: $last_module:ident::$Last:ident, $last_what:literal, $last_case:ident;)* }
    ) => {
        /// What a spec file, or one that it imports, declares.
        #[derive(Debug, Clone, Default, JsonSchema)]
        #[schemars(rename_all = "kebab-case")]
        pub struct Sections {
            $($(#[doc = $around_doc])* #[schemars(default)] pub $around: Section<super::$around_module::$Around>,)*
            $($(#[doc = $doc])* #[schemars(default)] pub $section: Section<super::$module::$Thing>,)*
            /// Logs, traces, the dashboard and the alarms.
            #[schemars(default)]
            pub observability: observability::Observability,
            /// What a company asks of every role.
            #[schemars(default)]
            pub security: security::Security,
            $($(#[doc = $last_doc])* #[schemars(default)] pub $last: Section<super::$last_module::$Last>,)*
            /// Changes to emitted resources, and further resources, by logical id.
            #[schemars(default, with = "std::collections::BTreeMap<String, overrides::Override>")]
            pub overrides: IndexMap<Name, overrides::Override>,
            /// Tags on everything that can have them.
            #[schemars(default, with = "std::collections::BTreeMap<String, String>", extend("maxProperties" = MAX_TAGS))]
            pub tags: IndexMap<Spanned<String>, Spanned<String>>,
        }

        sections!(@kinds $($around: $around_module::$Around, $around_what, $around_case;)*);
        sections!(@kinds $($section: $module::$Thing, $what, $case;)*);
        sections!(@kinds $($last: $last_module::$Last, $last_what, $last_case;)*);

        impl Sections {
            /// Every section in the order of the language, with the word for one of its things in the sources: "buses" and "bus".
            pub const KINDS: &[(&str, &str)] = &[
                $((stringify!($around), stringify!($around_module)),)*
                $((stringify!($section), stringify!($module)),)*
                $((stringify!($last), stringify!($last_module)),)*
            ];

            /// Reads the sections of a file. The settings stay as they are; [`Self::settle`] reads them.
            pub(super) fn decode(fields: &mut Fields<'_>, cx: &mut Decoder) -> Self {
                let all: Vec<&str> = Self::KINDS.iter().map(|(section, _)| *section).chain(AROUND).chain(SETTINGS).collect();
                Self {
                    $($around: fields.or_misspelt(stringify!($around), &all, cx),)*
                    $($section: fields.or_misspelt(stringify!($section), &all, cx),)*
                    $($last: fields.or_misspelt(stringify!($last), &all, cx),)*
                    ..Self::default()
                }
            }

            /// Adds the things of another file. One that is declared already keeps its first declaration; both are told.
            pub(super) fn join(&mut self, other: Self) -> Vec<Diagnostic> {
                let mut twice = Vec::new();
                $(join(&mut self.$around, other.$around, &mut twice);)*
                $(join(&mut self.$section, other.$section, &mut twice);)*
                $(join(&mut self.$last, other.$last, &mut twice);)*
                twice
            }
        }
    };
    (@kinds $($section:ident: $module:ident::$Thing:ident, $what:literal, $case:ident;)*) => {$(
        impl Item for super::$module::$Thing {
            const WHAT: &'static str = $what;
            const CASE: Case = Case::$case;
        }

        impl TopLevel for super::$module::$Thing {
            const SECTION: &'static str = stringify!($section);

            fn section(sections: &Sections) -> &Section<Self> {
                &sections.$section
            }
        }
    )*};
}

kinds!(sections);

fn join<T: TopLevel>(into: &mut Section<T>, from: Section<T>, diagnostics: &mut Vec<Diagnostic>) {
    for (name, item) in from.items {
        if let Some(first) = into.items.get(&name) {
            let message = format!("`{}.{name}` is declared twice", T::SECTION);
            diagnostics.push(twice(message, first.name_span, item.name_span));
        } else {
            into.items.insert(name, item);
        }
    }
    into.broken.extend(from.broken);
}

fn twice(message: String, first: Span, second: Span) -> Diagnostic {
    Diagnostic::new(Code::EVC0108, second, message).secondary(first, "the first is here")
}

/// The keys of a file that are no sections.
const AROUND: [&str; 4] = ["evc", "service", "description", "imports"];

/// The sections that are one thing each, of which several files may say parts.
const SETTINGS: [&str; 4] = ["observability", "security", "overrides", "tags"];

/// What files say of the settings, joined before it is read: so every key of every setting is joined in the same way.
#[derive(Debug, Clone, Default)]
pub(super) struct Settings(Mapping);

impl Settings {
    /// Those of a file. One without a value says nothing.
    pub(super) fn of(fields: &mut Fields<'_>) -> Self {
        let said = SETTINGS.into_iter().filter_map(|key| fields.entry(key));
        let entries = said.filter(|entry| !matches!(entry.value.kind, NodeKind::Null)).cloned().collect();
        Self(Mapping { entries, room: None })
    }

    /// Adds those of another file. A key that is given already keeps its first value; one with another value is told.
    pub(super) fn join(&mut self, other: Self) -> Vec<Diagnostic> {
        let conflicts = self.0.merge(other.0).into_iter();
        let differs = |Conflict { path, first, second }| {
            twice(format!("`{path}` is given twice, with different values"), first, second)
        };
        conflicts.map(differs).collect()
    }

    /// Reads them into the sections.
    pub(super) fn decode(self, sections: &mut Sections, cx: &mut Decoder) {
        let node = Node { span: Span::default(), kind: NodeKind::Mapping(self.0) };
        let Some(mut fields) = cx.fields(&node, "a spec") else { return };
        sections.observability = fields.or_default("observability", cx);
        sections.security = fields.or_default("security", cx);
        sections.overrides = fields.or_default("overrides", cx);
        sections.tags = tags(&mut fields, cx);
    }
}

/// The most tags of a resource are 50: `project` and `environment` are there already, and SAM adds `lambda:createdBy` to a function.
/// <https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html>
const MAX_TAGS: usize = 47;

/// The characters of tags that all services take, and how many: <https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html>
fn tags(fields: &mut Fields<'_>, cx: &mut Decoder) -> IndexMap<Spanned<String>, Spanned<String>> {
    let tags: IndexMap<Spanned<String>, Spanned<String>> = fields.or_default("tags", cx);
    if let Some((key, _)) = tags.get_index(MAX_TAGS) {
        cx.bad_value(key.span, format!("there are {} tags, at most {MAX_TAGS} fit beside those of evc", tags.len()));
    }
    let wrong = |text: &str| text.chars().find(|c| !c.is_alphanumeric() && !" _.:/=+-@".contains(*c));
    for (key, value) in &tags {
        for (text, what, most) in [(key, "key", 128), (value, "value", 256)] {
            let length = text.chars().count();
            if let Some(character) = wrong(text) {
                let message = format!("the {what} of a tag cannot have the character `{}`", character.escape_default());
                cx.bad_value(text.span, message).help.push("it has letters, digits, spaces and `_.:/=+-@`".to_owned());
            } else if length > most {
                cx.bad_value(text.span, format!("the {what} of a tag has {length} characters, at most {most} fit"));
            }
        }
        if key.to_ascii_lowercase().starts_with("aws:") {
            cx.bad_value(key.span, "keys of tags that start with `aws:` are reserved");
        }
    }
    tags
}
