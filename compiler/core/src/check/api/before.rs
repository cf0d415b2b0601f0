//! What is put before APIs and cannot be: a web ACL before an HTTP API, one domain name before two.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Api, ApiKind, Model};
use crate::source::Spanned;
use crate::spec::given::Given;

pub(in crate::check) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    let mut named: Vec<(&Api, &Spanned<Given<String>>)> = Vec::new();
    for api in model.apis.values() {
        diagnostics.extend(guarded(api));
        let Some(name) = api.domain.as_ref().map(|domain| &domain.name) else { continue };
        let is_known =
            |(_, known): &&(&Api, &Spanned<Given<String>>)| known.value == name.value && name.value != Given::Parameter;
        if let Some((first, known)) = named.iter().find(is_known) {
            let message = format!("API `{}` has the domain name of API `{}`", api.head.name, first.head.name);
            let diagnostic = Diagnostic::new(Code::EVC0681, name.span, message)
                .secondary(known.span, "it leads there already")
                .help("give each a name of its own");
            diagnostics.push(super::item(api, diagnostic));
        }
        named.push((api, name));
    }
}

/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-vs-rest.html>
fn guarded(api: &Api) -> Option<Diagnostic> {
    let acl = api.web_acl.as_ref().filter(|_| api.kind == ApiKind::Http)?;
    let message = format!("API `{}` is an HTTP API, which cannot have a web ACL", api.head.name);
    let diagnostic = Diagnostic::new(Code::EVC0679, acl.span, message)
        .note("AWS WAF protects stages of REST APIs; an HTTP API has to stand behind CloudFront for it")
        .help("say `kind: rest` on the API");
    Some(super::item(api, diagnostic))
}
