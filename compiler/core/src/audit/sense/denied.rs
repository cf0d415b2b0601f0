//! Rights that a role is given and that another of its statements takes away.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_AccessPolicyLanguage_Interplay.html>

use crate::audit::iam::rights;
use crate::audit::view::{Named, View};
use crate::diagnostics::{Code, Diagnostic};

pub(in crate::audit) fn check(view: &View<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for role in view.of_type("AWS::IAM::Role") {
        diagnostics.extend(of_role(view, role));
    }
}

/// One report for each statement that denies what another allows.
fn of_role(view: &View<'_>, role: Named<'_>) -> Vec<Diagnostic> {
    let rights = rights(view, role);
    let mut found: Vec<Diagnostic> = Vec::new();
    for (allow, deny, action) in rights.taken_away() {
        let place = deny.place(deny.node);
        if view.is_settled(&[deny.resource]) || found.iter().any(|it| it.primary.span == place) {
            continue;
        }
        let message = format!("`{}` is denied `{action}` on everything, which it is allowed", role.id);
        let diagnostic = Diagnostic::new(Code::EVC1036, place, message)
            .note("what any statement denies is denied, whatever others allow: the call is refused")
            .help("deny it on other resources alone, or by a condition; or do not allow it");
        let allowed = allow.place(allow.node);
        found.push(if allowed == place { diagnostic } else { diagnostic.secondary(allowed, "allowed here") });
    }
    found
}
