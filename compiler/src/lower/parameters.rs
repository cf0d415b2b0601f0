//! The template's parameters: the environment, the project's name, the processor architecture.

use indexmap::IndexMap;

use super::builder::Builder;
use super::names::MAX_ENVIRONMENT;
use super::plan::{ENVIRONMENT, Parameter};

/// Adds the parameters; after everything that has a name, since that bounds the project's.
pub(super) fn lower(b: &mut Builder<'_>) {
    let max_length = b.longest_project();
    let declared: Vec<String> = b
        .model
        .environments
        .iter()
        .filter(|environment| environment.span.is_some())
        .map(|environment| environment.name.clone())
        .collect();
    let any = declared.is_empty();
    let environment = Parameter {
        type_: "String",
        description: "The environment, which is part of every name.".to_owned(),
        default: b.model.environments.first().map(|environment| environment.name.clone()),
        allowed_values: declared,
        allowed_pattern: any.then(|| "^[a-z][a-z0-9-]*$".to_owned()),
        max_length: any.then_some(MAX_ENVIRONMENT),
    };
    let project = Parameter {
        type_: "String",
        description: "What every name starts with; another one allows a second stack in the same account.".to_owned(),
        default: Some(b.model.service.value.clone()),
        allowed_values: Vec::new(),
        allowed_pattern: Some("^[a-z][a-z0-9-]*$".to_owned()),
        max_length: Some(max_length),
    };
    let architecture = Parameter {
        type_: "String",
        description: "The processors that functions run on. `sam build` compiles for it.".to_owned(),
        default: Some("arm64".to_owned()),
        allowed_values: vec!["arm64".to_owned(), "x86_64".to_owned()],
        allowed_pattern: None,
        max_length: None,
    };
    b.plan.parameters = IndexMap::from([
        (ENVIRONMENT.to_owned(), environment),
        ("ProjectName".to_owned(), project),
        ("Architecture".to_owned(), architecture),
    ]);
}
