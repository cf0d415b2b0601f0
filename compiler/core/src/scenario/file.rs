//! The file of scenarios.

use evc_macros::Section;
use indexmap::IndexMap;
use schemars::{Schema, SchemaGenerator, json_schema};

use super::action::Action;
use super::expectation::Expectation;
use super::lenient::{each, named, named_lists, some};
use super::mock::{Mock, Mocks};
use crate::diagnostics::Diagnostic;
use crate::source::Spanned;
use crate::spec::decode::{Decode as _, Decoder};
use crate::spec::scalar::{Name, map_of, one_or_many, one_or_more};
use crate::types::{Kind, text_problem};
use crate::yaml::Node;

/// The only version of the language of scenarios so far.
pub const VERSION: u64 = 1;

/// When a scenario begins that does not say it.
pub const DEFAULT_CLOCK: &str = "2026-01-01T00:00:00Z";

/// Scenarios of a system: what is sent to it, and what is to come of it.
#[derive(Debug, Clone, Section)]
#[section(what = "a file of scenarios")]
pub struct File {
    /// The version of the language of scenarios: `1`.
    #[key(check = version, schema = versions)]
    pub evc_test: Spanned<u64>,
    /// The spec of the system, relative to this file.
    pub spec: Spanned<String>,
    /// The environment; the first one of the spec by default.
    pub environment: Option<Name>,
    /// Mocks of all scenarios; those of a scenario come before them.
    #[key(default, decode = named_lists, schema = mocks)]
    pub mocks: Mocks,
    /// Scenarios, by what they show.
    #[key(decode = named, schema = scenarios)]
    pub scenarios: IndexMap<Name, Scenario>,
}

/// A scenario.
#[derive(Debug, Clone, Section)]
#[section(what = "a scenario")]
pub struct Scenario {
    /// More on what it shows, for people.
    pub description: Option<String>,
    /// When it begins, by its own clock: `2026-01-01T00:00:00Z` by default.
    #[key(check = clock)]
    pub clock: Option<Spanned<String>>,
    /// What stands in the place of functions.
    #[key(default, decode = named_lists, schema = mocks)]
    pub mocks: Mocks,
    /// What is sent to the system, in this order; each leads to all that it leads to before the next comes.
    #[key(decode = some, schema = one_or_more::<Action>)]
    pub send: Spanned<Vec<Action>>,
    /// What is to be observed then.
    #[key(default, decode = each, schema = one_or_many::<Expectation>)]
    pub expect: Vec<Expectation>,
}

/// Mocks by function: one, or a list of them.
fn mocks(generator: &mut SchemaGenerator) -> Schema {
    let mocks = one_or_more::<Mock>(generator);
    json_schema!({"type": ["object", "null"], "additionalProperties": mocks})
}

fn scenarios(generator: &mut SchemaGenerator) -> Schema {
    map_of::<Scenario>(generator)
}

fn versions(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"const": VERSION})
}

fn version(version: &Spanned<u64>, cx: &mut Decoder) {
    if version.value != VERSION {
        let message = format!("this evc reads version {VERSION} of scenarios, found {}", version.value);
        cx.bad_value(version.span, message);
    }
}

fn clock(clock: &Spanned<String>, cx: &mut Decoder) {
    if let Some(problem) = text_problem(&Kind::Timestamp, clock) {
        cx.bad_value(clock.span, problem);
    }
}

/// Reads a file's tree.
pub fn decode(node: &Node) -> (Option<File>, Vec<Diagnostic>) {
    let mut cx = Decoder::default();
    let file = match node.kind {
        crate::yaml::NodeKind::Error => None,
        _ => File::decode(node, &mut cx),
    };
    (file, cx.diagnostics)
}
