//! `contract/src/secrets.rs`: each secret that functions read, with what its value is; and of a function that reads some, the permissions
//! and the type that gives them.

use super::names::{Home, Names};
use super::print::{Code, literal};
use super::text::member_paragraph;
use super::types::{definitions, head_docs};
use crate::emit::Input;
use crate::model::{Function, Secret, SecretKind};
use crate::plan::ids;
use crate::types::rust::field_name;

/// All secrets that functions read.
pub(super) fn secrets(names: &Names<'_>, input: Input<'_>) -> Code {
    let model = names.model;
    let mut code = Code::default();
    let is_read = |id| model.functions.values().flat_map(Function::all_secrets).any(|read| read.value == id);
    for (id, secret) in model.secrets.iter().filter(|(id, _)| is_read(*id)) {
        let name = names.secret(id);
        let docs = head_docs(
            &format!("The secret `{}`.", secret.head.name),
            secret.head.description.as_deref(),
            &input.location(secret.head.name_span),
        );
        code.item(format_args!(
            "{docs}#[derive(Debug, Clone, Copy)]
pub struct {name};"
        ));
        let (value, read) = (value(names, secret), if secret.json.is_some() { "json" } else { "text" });
        let (secret_name, env) = (literal(&secret.head.name), literal(&ids::secret_variable(secret)));
        let max_age = secret.max_age.seconds;
        let store = match secret.kind {
            SecretKind::Own(_) | SecretKind::Imported(_) => "",
            SecretKind::Parameter(_) => {
                "    const STORE: evc_runtime::secret::Store = evc_runtime::secret::Store::ParameterStore;\n"
            }
        };
        code.item(format_args!(
            "impl evc_runtime::secret::Named for {name} {{
    type Value = {value};
    const NAME: &'static str = {secret_name};
    const ENV: &'static str = {env};
{store}    const MAX_AGE: std::time::Duration = std::time::Duration::from_secs({max_age});

    fn read(text: &str) -> Result<Self::Value, evc_runtime::secret::Unreadable> {{
        evc_runtime::secret::{read}(text)
    }}
}}"
        ));
    }
    definitions(names, input, Home::Secrets, &mut code);
    code
}

/// What its value is in Rust.
fn value(names: &Names<'_>, secret: &Secret) -> String {
    secret.json.as_ref().map_or_else(|| "String".to_owned(), |json| names.type_of(json, Home::Secrets))
}

/// One line a secret that a function may read.
pub(super) fn grants(names: &Names<'_>, function: &Function, context: &str, code: &mut Code) {
    for read in &function.secrets {
        let secret = names.secret(read.value);
        code.line(format_args!("impl evc_runtime::grant::Read<crate::{secret}> for {context} {{}}"));
    }
}

/// The method of a context that may read secrets.
pub(super) fn method(function: &Function, context: &str) -> Option<String> {
    let docs = member_paragraph("The secrets that this function reads.");
    (!function.secrets.is_empty()).then(|| {
        format!(
            "{docs}    pub fn secrets(&self) -> {context}Secrets<'_> {{
        {context}Secrets(self.context.secrets())
    }}
"
        )
    })
}

/// What that method gives: a method for each secret.
pub(super) fn clients(names: &Names<'_>, function: &Function, context: &str, code: &mut Code) {
    if function.secrets.is_empty() {
        return;
    }
    let name = literal(&function.head.name);
    let name = name.trim_matches('"');
    code.item(format_args!(
        "/// The secrets that `{name}` reads.
#[derive(Debug, Clone, Copy)]
pub struct {context}Secrets<'a>(evc_runtime::secret::Secrets<'a, {context}>);"
    ));
    let mut methods = vec![format!(
        "{}    #[must_use]
    pub fn fresh(self) -> Self {{
        Self(self.0.fresh())
    }}
",
        member_paragraph(
            "The same, each read anew: for a value that somebody has refused, since it may have been rotated meanwhile."
        )
    )];
    for read in &function.secrets {
        let secret = &names.model.secrets[read.value];
        let docs = member_paragraph(&format!("The secret `{}`.", secret.head.name));
        let method = match field_name(&secret.head.name).as_str() {
            "fresh" => "fresh_secret".to_owned(),
            name => name.to_owned(),
        };
        let of = names.secret(read.value);
        let value = value(names, secret);
        methods.push(format!(
            "{docs}    pub async fn {method}(self) -> Result<evc_runtime::Secret<{value}>, evc_runtime::Error> {{
        self.0.read::<crate::{of}>().await
    }}
"
        ));
    }
    code.item(format_args!("impl {context}Secrets<'_> {{\n{}}}", methods.join("\n")));
}
