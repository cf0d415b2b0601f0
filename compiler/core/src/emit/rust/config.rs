//! `contract/src/config.rs`: each value of the configuration that functions read, with its type; and of a function that reads some, the
//! permissions and the type that gives them.

use super::bounds;
use super::names::{Home, Names};
use super::print::{Code, literal};
use super::text::member_paragraph;
use super::types::{definitions, head_docs};
use crate::emit::Input;
use crate::model::Function;
use crate::plan::ids;
use crate::types::rust::field_name;

/// All values that functions read.
pub(super) fn config(names: &Names<'_>, input: Input<'_>) -> Code {
    let model = names.model;
    let mut code = Code::default();
    let is_read = |id| model.functions.values().flat_map(|function| &function.config).any(|read| read.value == id);
    for (id, config) in model.config.iter().filter(|(id, _)| is_read(*id)) {
        let name = names.config(id);
        let docs = head_docs(
            &format!("The configuration value `{}`.", config.head.name),
            config.head.description.as_deref(),
            &input.location(config.head.name_span),
        );
        code.item(format_args!(
            "{docs}#[derive(Debug, Clone, Copy)]
pub struct {name};"
        ));
        let value = names.type_of(&config.ty, Home::Config);
        let read = if config.is_text(model) { "text" } else { "json" };
        let (config_name, env) = (literal(&config.head.name), literal(&ids::config_variable(config)));
        let max_age = config.max_age.seconds;
        let body = if bounds::is_bounded(names, &config.ty) {
            let checks = bounds::of_value(names, &config.ty);
            format!(
                "        let value: Self::Value = evc_runtime::config::{read}(text)?;
        let at = evc_runtime::At::root();
{checks}        Ok(value)
"
            )
        } else {
            format!("        evc_runtime::config::{read}(text)\n")
        };
        code.item(format_args!(
            "impl evc_runtime::config::Named for {name} {{
    type Value = {value};
    const NAME: &'static str = {config_name};
    const ENV: &'static str = {env};
    const MAX_AGE: std::time::Duration = std::time::Duration::from_secs({max_age});

    fn read(text: &str) -> Result<Self::Value, evc_runtime::Error> {{
{body}    }}
}}"
        ));
    }
    definitions(names, input, Home::Config, &mut code);
    code
}

/// One line a value that a function may read.
pub(super) fn grants(names: &Names<'_>, function: &Function, context: &str, code: &mut Code) {
    for read in &function.config {
        let config = names.config(read.value);
        code.line(format_args!("impl evc_runtime::grant::ReadConfig<crate::{config}> for {context} {{}}"));
    }
}

/// The method of a context that may read configuration.
pub(super) fn method(function: &Function, context: &str) -> Option<String> {
    let docs = member_paragraph("The configuration that this function reads.");
    (!function.config.is_empty()).then(|| {
        format!(
            "{docs}    pub fn config(&self) -> {context}Config<'_> {{
        {context}Config(self.context.config())
    }}
"
        )
    })
}

/// What that method gives: a method for each value.
pub(super) fn clients(names: &Names<'_>, function: &Function, context: &str, code: &mut Code) {
    if function.config.is_empty() {
        return;
    }
    let name = literal(&function.head.name);
    let name = name.trim_matches('"');
    code.item(format_args!(
        "/// The configuration that `{name}` reads.
#[derive(Debug, Clone, Copy)]
pub struct {context}Config<'a>(evc_runtime::config::Config<'a, {context}>);"
    ));
    let mut methods = vec![format!(
        "{}    #[must_use]
    pub fn fresh(self) -> Self {{
        Self(self.0.fresh())
    }}
",
        member_paragraph("The same, each read anew: for a value that may have been changed meanwhile.")
    )];
    for read in &function.config {
        let config = &names.model.config[read.value];
        let docs = member_paragraph(&format!("The configuration value `{}`.", config.head.name));
        let method = match field_name(&config.head.name).as_str() {
            "fresh" => "fresh_value".to_owned(),
            name => name.to_owned(),
        };
        let of = names.config(read.value);
        let value = names.type_text(&config.ty, "crate::");
        methods.push(format!(
            "{docs}    pub async fn {method}(self) -> Result<{value}, evc_runtime::Error> {{
        self.0.read::<crate::{of}>().await
    }}
"
        ));
    }
    code.item(format_args!("impl {context}Config<'_> {{\n{}}}", methods.join("\n")));
}
