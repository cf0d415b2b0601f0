//! Environment variables of functions: texts, and references to what the stack has.

use indexmap::IndexMap;

use super::resource::Known;
use super::settings::of_function;
use super::{Setting, Thing};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{Span, Spanned};
use crate::spec::Sections;
use crate::spec::function::Function;
use crate::spec::scalar::Name;
use crate::spec::variable::VariableValue;

/// An environment variable that the spec gives.
#[derive(Debug, Clone)]
pub struct Variable {
    /// The place of its value at the top level.
    pub span: Span,
    /// Its text in each environment. `None` where it has what `reference` tells.
    pub texts: Setting<Option<String>>,
    /// The path of what the stack has: `apis.shop.url`.
    pub reference: Option<Spanned<String>>,
    /// The thing that the reference tells something of.
    pub refers: Option<Spanned<Thing>>,
}

/// The variables of a function, each with its value everywhere.
pub(super) fn variables(
    sections: &Sections,
    known: &Known,
    name: &str,
    function: &Function,
    diagnostics: &mut Vec<Diagnostic>,
) -> IndexMap<Name, Variable> {
    let mut variables = IndexMap::new();
    for (key, value) in &function.environment {
        let values = of_function(sections, name, value.value.clone(), |function| {
            function.environment.get(key.as_str()).cloned()
        });
        let mut all = std::iter::once(&value.value).chain(values.values()).filter_map(VariableValue::reference);
        let reference = all.next().cloned();
        for other in all.filter(|other| Some(*other) != reference.as_ref()) {
            let first = reference.as_ref().map_or(value.span, |path| path.span);
            let message = format!("`{}` refers to one thing here and to another elsewhere", key.value);
            diagnostics.push(
                Diagnostic::new(Code::EVC0105, other.span, message)
                    .secondary(first, "the other is here")
                    .note(
                        "a stack has the same things in each environment: what they are called there differs by itself",
                    )
                    .help("make two variables of them"),
            );
        }
        let refers = reference.as_ref().and_then(|path| Some(Spanned::new(known.told(path)?, path.span)));
        let texts = values.map(|value| value.text().cloned());
        variables.insert(key.clone(), Variable { span: value.span, texts, reference, refers });
    }
    variables
}
