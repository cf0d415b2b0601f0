//! What a company asks of every stack.

use super::Setting;
use super::settings::setting;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{Span, Spanned};
use crate::spec::Sections;
use crate::spec::given::Given;

/// What holds for everything in the stack.
#[derive(Debug, Clone, Default)]
pub struct Security {
    /// The managed policy that bounds every role: its name, with its path, or its ARN.
    pub permissions_boundary: Option<Spanned<Given<String>>>,
    /// The KMS key that encrypts what the stack keeps.
    pub key: Option<Key>,
}

/// A KMS key that exists already.
#[derive(Debug, Clone)]
pub struct Key {
    /// Its ARN, in each environment.
    pub arn: Setting<Given<String>>,
    /// Where the top level says it.
    pub span: Span,
}

pub(super) fn security(sections: &Sections, diagnostics: &mut Vec<Diagnostic>) -> Security {
    Security { permissions_boundary: sections.security.permissions_boundary.clone(), key: key(sections, diagnostics) }
}

/// The key, by environment. One that environments alone say would leave the others without; one that each deployment gives is by
/// environment already.
fn key(sections: &Sections, diagnostics: &mut Vec<Diagnostic>) -> Option<Key> {
    let said = sections.security.key.as_ref();
    let environments = sections.environments.items.values();
    let own = environments.filter_map(|it| it.security.as_ref()?.key.as_ref());
    match said.map(|given| &given.value) {
        Some(Given::Here(_)) => {}
        None => diagnostics.extend(own.map(|key| {
            Diagnostic::new(Code::EVC0693, key.span, "the other environments have no key")
                .help("say under the top level's `security` as well which key there is elsewhere")
        })),
        Some(Given::Parameter) => diagnostics.extend(own.map(|key| {
            Diagnostic::new(Code::EVC0693, key.span, "the key is a parameter, which each deployment gives")
                .help("take the key out here, and give it when this environment is deployed")
        })),
    }
    let said = said?;
    let arn = match &said.value {
        Given::Parameter => setting(sections, Given::Parameter, |_| None),
        Given::Here(_) => setting(sections, said.value.clone(), |environment| {
            let own = environment.security.as_ref()?.key.as_ref()?;
            Some(Spanned::new(Given::Here(own.value.clone()), own.span))
        }),
    };
    Some(Key { arn, span: said.span })
}
