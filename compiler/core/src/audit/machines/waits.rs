//! Waiting: heartbeats that are no use, executions of EXPRESS that wait for what they cannot, and tokens that nobody is given.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html>

use super::states::{Machine, State, literal};
use crate::audit::template::{Kind, Node};
use crate::diagnostics::{Code, Diagnostic};

/// Seconds that an execution of EXPRESS may take. Same page.
const EXPRESS_SECONDS: f64 = 300.0;

/// What the ARNs of integrations end in that wait for a token, or for a job to end.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html>
const TOKEN: &str = ".waitForTaskToken";
const SYNC: &str = ".sync";

pub(super) fn check(machine: &Machine<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for group in &machine.groups {
        for state in &group.states {
            heartbeat(state, diagnostics);
            token(machine, state, diagnostics);
            if group.express {
                express(machine, state, diagnostics);
            }
        }
    }
}

/// <https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html>
fn heartbeat(state: &State<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let number = |field| state.get(field).and_then(Node::as_number);
    if let (Some(heartbeat), Some(timeout)) = (number("HeartbeatSeconds"), number("TimeoutSeconds"))
        && heartbeat >= timeout
    {
        let message = format!("the heartbeat of state `{}` is not shorter than its timeout", state.name.text);
        diagnostics.push(
            Diagnostic::new(Code::EVC1088, state.place_of("HeartbeatSeconds"), message)
                .secondary(state.place_of("TimeoutSeconds"), format!("it may take {timeout} s as a whole"))
                .note("Step Functions refuses a heartbeat that is not shorter"),
        );
    }
}

/// <https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-wait-token>
fn token(machine: &Machine<'_>, state: &State<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let Some(resource) = state.get("Resource") else { return };
    let waits = literal(resource).is_some_and(|text| text.ends_with(TOKEN));
    let given = ["Parameters", "Arguments"].into_iter().filter_map(|field| state.get(field));
    let hands_over = |node: &Node<'_>| mentions(node);
    if !waits || given.clone().any(hands_over) {
        return;
    }
    // What comes from the context as a whole, or from the input, may have it.
    let message = format!("state `{}` waits for a token that it gives to nobody", state.name.text);
    let how = match state.language {
        super::states::Language::Path => "`\"token.$\": \"$$.Task.Token\"` among its `Parameters`",
        super::states::Language::Jsonata => "`\"token\": \"{% $states.context.Task.Token %}\"` among its `Arguments`",
    };
    diagnostics.push(Diagnostic::new(Code::EVC1098, machine.place(resource), message).help(how));
}

/// Whether a value has the token in it, or may have.
fn mentions(node: &Node<'_>) -> bool {
    match &node.kind {
        Kind::Text(text) => {
            text.contains("Task.Token") || text.contains("$$") || text.contains("context") || text.contains("${")
        }
        Kind::List(items) => items.iter().any(mentions),
        Kind::Map(map) => map.entries.iter().any(|entry| mentions(&entry.value)),
        Kind::Call(_) | Kind::Error => true,
        Kind::Null | Kind::Bool(_) | Kind::Number(_) => false,
    }
}

fn express(machine: &Machine<'_>, state: &State<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let name = &state.name.text;
    let refused = state.get("Resource").and_then(|resource| Some((resource, literal(resource)?)));
    if let Some((resource, text)) = refused {
        let what = if text.ends_with(TOKEN) {
            Some("waits for a token")
        } else if text.ends_with(SYNC) || text.ends_with(".sync:2") {
            Some("waits for a job to end")
        } else if text.starts_with("arn:") && text.contains(":states:") && text.contains(":activity:") {
            Some("waits for an activity")
        } else {
            None
        };
        if let Some(what) = what {
            let message = format!("state `{name}` {what}, which executions of EXPRESS cannot");
            let diagnostic = Diagnostic::new(Code::EVC1093, machine.place(resource), message);
            diagnostics
                .push(diagnostic.help("let the machine be STANDARD, or start what it waits for without waiting"));
        }
    }
    if let Some(seconds) = state.get("Seconds").and_then(Node::as_number)
        && state.type_ == Some("Wait")
        && seconds >= EXPRESS_SECONDS
    {
        let message =
            format!("state `{name}` waits {seconds} s, and an execution of EXPRESS ends after {EXPRESS_SECONDS}");
        diagnostics.push(Diagnostic::new(Code::EVC1093, state.place_of("Seconds"), message));
    }
    let mode = state.get("ItemProcessor").and_then(|inner| inner.at(&["ProcessorConfig", "Mode"]));
    if let Some(mode) = mode.filter(|mode| mode.as_text() == Some("DISTRIBUTED")) {
        let message = format!("state `{name}` is a distributed map, which executions of EXPRESS cannot have");
        diagnostics.push(Diagnostic::new(Code::EVC1093, machine.place(mode), message));
    }
}
