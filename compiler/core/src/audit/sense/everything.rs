//! Rights for more than anything needs: everything, or a whole service.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege>

use crate::audit::iam::{Of, Pattern, Statement, alternatives, managed_name, statements};
use crate::audit::template::Node;
use crate::audit::view::{Named, View};
use crate::diagnostics::{Code, Diagnostic, list};

pub(in crate::audit) fn check(view: &View<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for statement in statements(view) {
        if statement.of == Of::Identity && statement.allows() && !view.is_settled(&[statement.resource]) {
            diagnostics.extend(of_statement(view, &statement));
        }
    }
    for type_ in ["AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group"] {
        for who in view.of_type(type_).filter(|who| !view.is_settled(&[*who])) {
            let arns = who.resource.property("ManagedPolicyArns").map(Node::one_or_many).unwrap_or_default();
            let reports = arns.iter().flat_map(alternatives).filter_map(|arn| of_managed(who, arn));
            diagnostics.extend(reports);
        }
    }
}

fn of_statement(view: &View<'_>, statement: &Statement<'_>) -> Option<Diagnostic> {
    let all = |node| Pattern::of_node(view, node).is_some_and(|pattern| pattern.is_all());
    // `NotResource` is about all others.
    let others = statement.node.get("NotResource");
    let resource = statement.resources().iter().find(|node| all(node)).or(others)?;
    let everything = if others.is_some() { "everything but a few resources" } else { "everything" };
    // What a condition leaves of it is not looked into.
    if statement.has_condition() {
        return None;
    }
    if let Some(others) = statement.node.get("NotAction") {
        let place = statement.place(others);
        let message = format!("`{}` allows everything but a few actions on {everything}", statement.resource.id);
        return Some(of_all(Diagnostic::new(Code::EVC1070, place, message)));
    }
    let actions = statement.actions();
    if let Some(action) = actions.iter().find(|action| matches!(action.text, "*" | "*:*")) {
        let message = format!("`{}` allows everything on {everything}", statement.resource.id);
        return Some(of_all(Diagnostic::new(Code::EVC1070, action.place, message)));
    }
    let whole: Vec<_> = actions.iter().filter(|action| action.text.ends_with(":*")).collect();
    let first = whole.first()?;
    let texts: Vec<&str> = whole.iter().map(|action| action.text).collect();
    let on = match others {
        Some(_) => everything.to_owned(),
        None => format!("`{}`", resource.as_text().unwrap_or("*")),
    };
    let message = format!("`{}` allows {} on {on}", statement.resource.id, list(&texts));
    Some(
        Diagnostic::new(Code::EVC1071, first.place, message)
            .note("who gets hold of it can read, change and delete whatever the service has in the account")
            .help("name the actions that are used, and the ARNs of what they are used on"),
    )
}

fn of_all(diagnostic: Diagnostic) -> Diagnostic {
    diagnostic
        .note("who gets hold of it has the account: it can give itself and others any right, and delete anything")
        .help("name the actions that are used, and the ARNs of what they are used on")
}

/// A policy of AWS that allows as much; SAM takes its name for its ARN.
fn of_managed(who: Named<'_>, arn: &Node<'_>) -> Option<Diagnostic> {
    let name = managed_name(arn).or_else(|| arn.as_text().filter(|text| !text.contains(':')))?;
    let place = arn.place.unwrap_or_else(|| who.place_of("ManagedPolicyArns"));
    if name == "AdministratorAccess" {
        let message = format!("`{}` is allowed everything on everything by `{name}`", who.id);
        return Some(of_all(Diagnostic::new(Code::EVC1070, place, message)));
    }
    if name != "PowerUserAccess" && !name.ends_with("FullAccess") {
        return None;
    }
    let message = format!("`{}` is allowed everything of a service, on anything, by `{name}`", who.id);
    Some(
        Diagnostic::new(Code::EVC1071, place, message)
            .note("who gets hold of it can read, change and delete whatever the service has in the account")
            .help("a policy of its own, with the actions that are used and the ARNs of what they are used on"),
    )
}
