//! What people send to try a system: for each way in, a payload that is right by its type, with the command that sends it.

use minijinja::{Value as Context, context};
use serde_json::Value;

use super::shell;
use crate::model::{Auth, AuthorizerPlace, Bus, Event, Input as Takes, Model, Parameter, Route, Thing};
use crate::plan::{Plan, ids};
use crate::spec::bus::BusKind;
use crate::types::Type;

/// Examples of one kind: a large system has hundreds, and its schemas say the rest.
const MOST: usize = 10;
/// The most bytes of a payload that is shown.
const LARGEST: usize = 2_000;

/// The examples of each kind, with how many more there are.
pub(super) fn examples(plan: &Plan<'_>) -> Option<Context> {
    let requests = requests(plan.model);
    let sections = [
        section("Events, by who may `events:PutEvents` on the bus:", events(plan)),
        section("Messages to queues, by who may `sqs:SendMessage`:", messages(plan)),
        section("Workflows, without what starts them otherwise, by who may `states:StartExecution`:", executions(plan)),
        section("Functions that nothing here calls, by who may `lambda:InvokeFunction`:", calls(plan)),
    ];
    let commands: Vec<_> = sections.into_iter().flatten().collect();
    if requests.is_empty() && commands.is_empty() {
        return None;
    }
    let more = requests.len().saturating_sub(MOST);
    let shown: Vec<String> = requests.into_iter().take(MOST).collect();
    Some(context! { requests => shown, more => more, commands => commands })
}

/// Commands of one kind, if there are any.
fn section(who: &str, commands: Vec<String>) -> Option<Context> {
    let more = commands.len().saturating_sub(MOST);
    let shown: Vec<String> = commands.into_iter().take(MOST).collect();
    (!shown.is_empty()).then(|| context! { who => who, commands => shown, more => more })
}

/// A payload, if there is one that is not too large to show.
fn payload(model: &Model, ty: &Type) -> Option<Value> {
    named(model, ty, "text")
}

/// The same, where a text that is all of it says a name.
fn named(model: &Model, ty: &Type, name: &str) -> Option<Value> {
    model.types.example(ty, name).filter(|value| value.to_string().len() <= LARGEST)
}

/// A request to each route, as HTTP has it.
fn requests(model: &Model) -> Vec<String> {
    model.routes().filter_map(|(_, route)| request(model, route)).collect()
}

/// An example of what comes beside a body, as text.
fn text(model: &Model, parameter: &Parameter<'_>) -> Option<String> {
    let Some(ty) = parameter.ty else { return Some("example-1".to_owned()) };
    // Of a list, its first item: a query has the name again for each.
    let value = named(model, ty, parameter.name)?;
    let value = value.as_array().map_or(Some(&value), |items| items.first())?;
    Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

/// What a request to a route needs beside its body: the query, with its question mark, and options of `curl`.
pub(super) fn needed(model: &Model, route: &Route) -> (String, String) {
    let request = model.request(route);
    let pairs = |parameters: &[Parameter<'_>], is_query: bool| -> Vec<String> {
        let needed = parameters.iter().filter(|parameter| parameter.required);
        let pair = |parameter: &Parameter<'_>| {
            let value = text(model, parameter)?;
            Some(format!("{}={}", parameter.name, if is_query { percent(&value) } else { value }))
        };
        needed.filter_map(pair).collect()
    };
    let query = pairs(&request.query, true).join("&");
    let query = if query.is_empty() { query } else { format!("?{query}") };
    let headers = request.headers.iter().filter(|header| header.required);
    let headers = headers.filter_map(|header| Some(format!("{}: {}", header.name, text(model, header)?)));
    let headers = headers.map(|header| format!(" --header {}", shell(&header)));
    let cookies = pairs(&request.cookies, false).join("; ");
    let cookies = (!cookies.is_empty()).then(|| format!(" --cookie {}", shell(&cookies)));
    let options = headers.chain(cookies).collect();
    (query, options)
}

fn request(model: &Model, route: &Route) -> Option<String> {
    let request = model.request(route);
    let text = |parameter: &Parameter<'_>| text(model, parameter);
    let mut path = route.path.clone();
    let names = route.path.split('/').filter(|segment| segment.starts_with('{') && segment.ends_with('}'));
    for (segment, parameter) in names.zip(&request.path) {
        path = path.replacen(segment, &percent(&text(parameter)?), 1);
    }
    let query =
        request.query.iter().map(|parameter| Some(format!("{}={}", parameter.name, percent(&text(parameter)?))));
    let query = query.collect::<Option<Vec<String>>>()?;
    if !query.is_empty() {
        path = format!("{path}?{}", query.join("&"));
    }
    let mut lines = vec![format!("{} {path}", route.method)];
    lines.extend(shown(&route.auth).map(str::to_owned));
    let asked = model.shown(route).into_iter().filter(|(place, _)| *place == AuthorizerPlace::Header);
    lines.extend(asked.map(|(_, name)| format!("{name}: VALUE")));
    lines.extend(request.headers.iter().filter_map(|header| Some(format!("{}: {}", header.name, text(header)?))));
    let cookies = request.cookies.iter().filter_map(|cookie| Some(format!("{}={}", cookie.name, text(cookie)?)));
    let asked = model.shown(route).into_iter().filter(|(place, _)| *place == AuthorizerPlace::Cookie);
    let cookies: Vec<String> = asked.map(|(_, name)| format!("{name}=VALUE")).chain(cookies).collect();
    if !cookies.is_empty() {
        lines.push(format!("Cookie: {}", cookies.join("; ")));
    }
    if let Some(body) = &request.body {
        let body = payload(model, body)?;
        if request.is_json() {
            lines.extend(["content-type: application/json".to_owned(), String::new(), format!("{body:#}")]);
        } else {
            lines.extend([String::new(), "any text".to_owned()]);
        }
    }
    Some(lines.join("\n"))
}

/// What a request shows, beside a signature.
fn shown(auth: &Auth) -> Option<&'static str> {
    match auth {
        Auth::Jwt(_) => Some("Authorization: Bearer TOKEN"),
        Auth::ApiKey => Some("X-Api-Key: KEY"),
        Auth::Iam | Auth::None | Auth::Function(_) | Auth::Webhook(_) => None,
    }
}

/// A text within a path or a query.
fn percent(text: &str) -> String {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    text.bytes()
        .map(|byte| if is_plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// The events of the stack's buses and of the default bus: what is published from outside first.
fn events(plan: &Plan<'_>) -> Vec<String> {
    let model = plan.model;
    let (outside, inside): (Vec<&Event>, Vec<&Event>) =
        model.events.values().partition(|event| event.published_outside);
    let command = |event: &Event| {
        // Events of AWS's own services cannot be put by anybody else.
        if event.source.value.starts_with("aws.") {
            return None;
        }
        let bus = bus(plan, &model.buses[event.bus])?;
        let detail = payload(model, &event.detail)?.to_string();
        let entry = serde_json::json!({
            "Source": event.source.value,
            "DetailType": event.detail_type.value,
            "Detail": detail,
            "EventBusName": "BUS",
        });
        // The name of the bus is put in by the shell.
        let entries = shell(&format!("[{entry}]"));
        let (before, after) = entries.rsplit_once("BUS")?;
        Some(format!("aws events put-events --entries {before}'{bus}'{after}"))
    };
    outside.into_iter().chain(inside).filter_map(command).collect()
}

/// A bus as the shell finds its name. `None` for one whose name is known only where another stack makes it.
fn bus(plan: &Plan<'_>, bus: &Bus) -> Option<String> {
    let id = ids::bus(bus);
    match bus.kind {
        BusKind::Custom => plan.resources.contains_key(&id).then(|| format!("\"$(of {id})\"")),
        BusKind::Default => Some("default".to_owned()),
        BusKind::Imported => None,
    }
}

fn messages(plan: &Plan<'_>) -> Vec<String> {
    let model = plan.model;
    let command = |queue: &crate::model::Queue| {
        let body = payload(model, queue.message.as_ref()?)?.to_string();
        let group = if queue.group.is_some() { " --message-group-id one" } else { "" };
        let id = ids::queue(queue);
        Some(format!("aws sqs send-message --queue-url \"$(of {id})\"{group} --message-body {}", shell(&body)))
    };
    model.queues.values().filter_map(command).collect()
}

/// Workflows on Redis start by their rules, routes and schedules.
fn executions(plan: &Plan<'_>) -> Vec<String> {
    let model = plan.model;
    let command = |(id, workflow): (_, &crate::model::Workflow)| {
        let machine = ids::thing(model, Thing::Workflow(id));
        let starts = plan.resources.get(&machine)?.type_.ends_with("::StateMachine");
        let input = payload(model, &workflow.input).filter(|_| starts)?.to_string();
        Some(format!(
            "aws stepfunctions start-execution --state-machine-arn \"$(of {machine})\" --input {}",
            shell(&input)
        ))
    };
    model.workflows.iter().filter_map(command).collect()
}

/// Functions that take a value and that nothing invokes.
fn calls(plan: &Plan<'_>) -> Vec<String> {
    let model = plan.model;
    let command = |(id, function): (_, &crate::model::Function)| {
        let Takes::Value(input) = &function.input else { return None };
        if !model.triggers(id).is_empty() {
            return None;
        }
        let input = payload(model, input)?.to_string();
        let id = ids::function(function);
        Some(format!(
            "aws lambda invoke --function-name \"$(of {id})\" --cli-binary-format raw-in-base64-out --payload {} /dev/stdout",
            shell(&input)
        ))
    };
    model.functions.iter().filter_map(command).collect()
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::super::tests::readme_of;

    #[test]
    fn each_way_in_has_an_example() {
        let readme = readme_of(
            "evc: 1\nservice: shop\nenvironments: { dev: {} }\n\
             types: { Job: { id: uuid, note?: string } }\n\
             events: { Placed: { source: BUS, detail-type: It's placed, detail: Job, publisher: external } }\n\
             functions:\n  place: { api: 'PUT /jobs/{id}', input: Job, sends: jobs }\n  work: { input: Job }\n  \
             take: {}\n  step: { input: Job }\n  idle: { input: { count: integer(5..) }, allow: [EVC0904: called by hand] }\n\
             queues: { jobs: { message: Job, to: work } }\n\
             rules: { placed: { event: Placed, to: { function: take } } }\n\
             workflows: { run: { input: Job, steps: { one: { call: step, with: input } } } }\n\
             outputs: { Run: workflows.run.arn }\n",
        );
        let id = "3f2c8a1e-6d3b-4b0f-9b57-2c1d9a7e4f10";
        for expected in [
            format!("```http\nPUT /jobs/{id}\ncontent-type: application/json\n\n{{\n  \"note\": \"note\"\n}}\n```\n"),
            format!(
                "aws events put-events --entries '[{{\"Source\":\"BUS\",\"DetailType\":\"It'\\''s placed\",\"Detail\":\"{{\\\"id\\\":\\\"{id}\\\",\\\"note\\\":\\\"note\\\"}}\",\"EventBusName\":\"'default'\"}}]'\n"
            ),
            format!("aws sqs send-message --queue-url \"$(of JobsQueue)\" --message-body '{{\"id\":\"{id}\",\"note\":\"note\"}}'\n"),
            format!("--state-machine-arn \"$(of RunWorkflow)\" --input '{{\"id\":\"{id}\",\"note\":\"note\"}}'\n"),
            "--function-name \"$(of IdleFunction)\" --cli-binary-format raw-in-base64-out --payload '{\"count\":5}' /dev/stdout\n".to_owned(),
        ] {
            assert!(readme.contains(&expected), "{expected}\n{readme}");
        }
    }

    #[test]
    fn a_large_system_has_a_few_and_says_how_many_more_there_are() {
        let mut spec = "evc: 1\nservice: shop\nfunctions:\n".to_owned();
        for number in 0..40 {
            let _ = writeln!(spec, "  f{number}: {{ api: POST /f{number}, input: {{ id: uuid }} }}");
        }
        let readme = readme_of(&spec);
        assert_eq!(readme.matches("```http").count(), 10, "{readme}");
        assert!(readme.contains("\n30 more are in `openapi/`.\n"), "{readme}");
    }
}
