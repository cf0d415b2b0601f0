//! Permissions of the spec's own that are wider than they have to be: on everything, where an action can be limited, or of many actions at
//! once.

use crate::aws::iam;
use crate::diagnostics::{Code, Diagnostic, list};
use crate::model::Model;
use crate::spec::permission::Permission;
use crate::yaml::{Node, NodeKind};

/// How many ARNs a help names.
const SHOWN: usize = 3;

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for function in model.functions.values() {
        for may in &function.may {
            let found = many_actions(may).into_iter().chain(on_everything(may));
            diagnostics.extend(found.map(|it| it.on(format!("functions.{}", function.head.name))));
        }
    }
}

/// Actions with `*` or `?` in their names. What allows everything on everything is told by the audit.
fn many_actions(may: &Permission) -> Vec<Diagnostic> {
    let told = |action: &crate::source::Spanned<String>| {
        let prefix = action.split_once(':').map(|(prefix, _)| prefix)?;
        let matching = iam::service(prefix)?.matching(action);
        (action.contains(['*', '?']) && !matching.is_empty()).then(|| {
            let message =
                format!("`{}` is {} actions of {prefix}, and those that it gets later", action.value, matching.len());
            Diagnostic::new(Code::EVC0632, action.span, message).help("name those that the function calls")
        })
    };
    may.actions.iter().filter_map(told).collect()
}

/// Actions that name a resource in some requests and none in others, which `*` alone allows: a metric is no dataset, and speech and
/// translations need no lexicon and no terminology.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/iam-cw-condition-keys-namespace.html>
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonpolly.html>
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazontranslate.html>
const OF_NOTHING: [&str; 3] = ["cloudwatch:PutMetricData", "polly:SynthesizeSpeech", "translate:TranslateText"];

/// Actions that can be limited, on `*` and without a condition that limits them.
fn on_everything(may: &Permission) -> Option<Diagnostic> {
    if may.conditions.is_some() {
        return None;
    }
    let all = may.resources.0.iter().find(|resource| is_everything(resource))?;
    let limited = may.actions.iter().filter(|action| !action.contains(['*', '?'])).filter_map(|action| {
        let takes = &iam::service(action.split_once(':')?.0)?.action(action)?.resources;
        let needs_one = !OF_NOTHING.iter().any(|known| known.eq_ignore_ascii_case(action));
        (!takes.is_empty() && needs_one).then_some((action, takes))
    });
    let limited: Vec<_> = limited.collect();
    let (first, takes) = limited.first()?;
    let names: Vec<String> = limited.iter().map(|(action, _)| format!("`{}`", action.value)).collect();
    let message = format!(
        "{} can be limited, and {} allowed on everything",
        names.join(", "),
        if names.len() == 1 { "is" } else { "are" }
    );
    let arns: Vec<&str> = takes.iter().take(SHOWN).map(String::as_str).collect();
    let diagnostic = Diagnostic::new(Code::EVC0632, all.span, message);
    Some(diagnostic.help(format!("say on what: `{}` takes {}", first.value, list(&arns))))
}

fn is_everything(resource: &Node) -> bool {
    matches!(&resource.kind, NodeKind::Scalar(scalar) if scalar.text == "*")
}
