//! Configuration: parameters of Systems Manager, made by the stack or there already.

use super::environment::Setting;
use super::graph::{Relates, Relation};
use super::names::head;
use super::settings::setting;
use super::{Head, Model, Thing};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{Span, Spanned};
use crate::spec::Sections;
use crate::spec::config as spec;
use crate::spec::decode::Declared;
use crate::spec::given::Given;
use crate::spec::scalar::{Duration, Json};
use crate::types::{Kind, Range, Type, is_text};

/// How long a function may use a value that it has read, where the spec does not say.
const MAX_AGE: Duration = Duration::minutes(1);

/// The most characters of a standard parameter. <https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html>
const MAX_VALUE: usize = 4096;

/// A value of the configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// Name, places, description.
    pub head: Head,
    /// What it is.
    pub ty: Type,
    /// Who makes the parameter.
    pub kind: ConfigKind,
    /// How old a value may be that a function uses.
    pub max_age: Duration,
}

/// Who makes a parameter.
#[derive(Debug, Clone)]
pub enum ConfigKind {
    /// This stack, with this value, as the parameter has it.
    Own(Setting<String>),
    /// It exists already, and has this name.
    Imported(Given<String>),
}

pub(super) fn config(
    sections: &Sections,
    model: &Model,
    name: &str,
    item: &Declared<spec::Config>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Config {
    let ty = item
        .type_
        .as_ref()
        .map_or_else(|| Type { kind: Kind::String(Range::default()), span: item.name_span }, |ty| ty.0.clone());
    let unknown = model.types.check_type(&ty);
    let is_known = unknown.is_empty();
    diagnostics.extend(unknown);
    let mut problems = Vec::new();
    let mut text = |value: &Spanned<Json>| text(model, &ty, value, &mut problems).unwrap_or_default();
    let base = item.value.value.as_ref().map(&mut text);
    let environments = sections.environments.items.values();
    let elsewhere = environments.filter_map(|environment| environment.config.get(name));
    let kind = match (base, &item.parameter) {
        (_, Some(parameter)) => {
            let said: Vec<Span> = elsewhere.map(|value| value.span).collect();
            diagnostics.extend(said.into_iter().map(|at| {
                Diagnostic::new(Code::EVC0105, at, format!("`{name}` exists already, and has a value"))
                    .secondary(parameter.span, "it is imported here")
            }));
            ConfigKind::Imported(parameter.value.clone())
        }
        (base, None) => {
            let texts: Vec<Spanned<String>> = elsewhere.map(|value| Spanned::new(text(value), value.span)).collect();
            ConfigKind::Own(setting(sections, base.unwrap_or_default(), |environment| {
                let at = environment.config.get(name)?.span;
                texts.iter().find(|text| text.span == at).cloned()
            }))
        }
    };
    diagnostics.extend(problems.into_iter().filter(|_| is_known));
    Config {
        head: head(name, item, item.description.as_ref(), &item.allow),
        ty,
        kind,
        max_age: item.max_age.as_ref().map_or(MAX_AGE, |age| age.value),
    }
}

impl Config {
    /// Whether the parameter has the value as a text, and not as JSON.
    pub fn is_text(&self, model: &Model) -> bool {
        is_text(&model.types.resolve(&self.ty).kind)
    }
}

/// What the parameter has for a value. `None`: what is wrong with it is reported.
fn text(model: &Model, ty: &Type, value: &Spanned<Json>, problems: &mut Vec<Diagnostic>) -> Option<String> {
    let node = &value.value.0;
    // YAML reads `value: 5` as a number, which a text may be as well.
    let given = match node.scalar_text() {
        Some(text) if is_text(&model.types.resolve(ty).kind) => text.into(),
        _ => node.json()?,
    };
    if let Some(first) = model.types.validate(ty, &given).first() {
        let place = if first.pointer.is_empty() { String::new() } else { format!("`{}`: ", first.pointer) };
        problems.push(
            Diagnostic::new(Code::EVC0610, value.span, "the value is not of its type")
                .label(format!("{place}{}", first.reason))
                .secondary(ty.span, "the type is declared here"),
        );
        return None;
    }
    let text = given.as_str().map_or_else(|| given.to_string(), str::to_owned);
    let problem = match text.chars().count() {
        0 => "a parameter has at least one character".to_owned(),
        length if length > MAX_VALUE => {
            format!("it has {length} characters, and a parameter has at most {MAX_VALUE}")
        }
        _ if text.contains("{{") => "a parameter cannot have `{{`, which stands for another one".to_owned(),
        _ => return Some(text),
    };
    problems.push(Diagnostic::new(Code::EVC0105, value.span, problem));
    None
}

/// It says nothing of others.
impl Relates for Config {
    fn relate(&self, _: &mut dyn FnMut(Relation, Thing, Span)) {}
}
