//! What Application Auto Scaling is to scale, by the id that the service gives it.
//!
//! <https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html>

use crate::audit::text::Text;
use crate::audit::view::View;
use crate::diagnostics::{Code, Diagnostic};

const READY: &str = "lambda:function:ProvisionedConcurrency";

pub(in crate::audit) fn check(view: &View<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for target in view.of_type("AWS::ApplicationAutoScaling::ScalableTarget").filter(|it| !view.is_settled(&[*it])) {
        let of = |property: &str| target.resource.property(property);
        if of("ScalableDimension").and_then(|dimension| dimension.as_text()) != Some(READY) {
            continue;
        }
        let Some(id) = of("ResourceId").and_then(Text::of) else { continue };
        // What is put in may have a colon, where it is more than a name.
        let Some(name) = id.text.strip_prefix("function:").filter(|name| without_names(name).is_some()) else {
            continue;
        };
        let place = of("ResourceId").and_then(|id| id.place).unwrap_or_else(|| target.place_of("ResourceId"));
        let message = format!("`{}` scales what a function keeps ready, and names no alias of it", target.id);
        diagnostics.push(
            Diagnostic::new(Code::EVC1043, place, message)
                .note("executions are kept ready for an alias or a version, never for the function itself")
                .help(format!(
                    "`function:{name}:Live`, where `Live` is the alias that evc makes of a function with `provisioned`"
                )),
        );
    }
}

/// The name, if it has no alias behind it: one reference, or text without a colon.
fn without_names(name: &str) -> Option<()> {
    let inside = name.strip_prefix("${").and_then(|name| name.strip_suffix('}'));
    match inside {
        // An alias is named by its ARN, and a parameter may be anything.
        Some(inside) => (!inside.contains(['$', '.', ':'])).then_some(()),
        None => (!name.contains([':', '$'])).then_some(()),
    }
}
