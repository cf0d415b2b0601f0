//! `README.md` of a stack: what is in it, how to deploy it, how to try it.

#![warn(clippy::wildcard_enum_match_arm, reason = "a kind of anything that is forgotten here must not compile")]

mod examples;
mod webhook;

use std::fmt::Write as _;

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, context};

use super::{Backend, Files, Input, diagram};
use crate::model::{
    Api, ApiKind, Auth, AuthorizerPlace, Input as Takes, Model, Outbox, OutputValue, Property, Route, Secret,
    SecretKind, Thing,
};
use crate::plan::{ENVIRONMENT, HandlerKind, Plan};
use crate::plan::{ids, key};

/// Writes the README.
#[derive(Debug)]
pub struct Docs;

impl Backend for Docs {
    fn name(&self) -> &'static str {
        "docs"
    }

    fn emit(&self, input: Input<'_>, files: &mut Files) {
        files.add("README.md", readme(input));
    }
}

const TEMPLATE: &str = include_str!("README.md.j2");

fn readme(input: Input<'_>) -> String {
    let plan = input.plan;
    let model = plan.model;
    let functions: Vec<_> = model
        .functions
        .iter()
        .map(|(id, function)| {
            let routes: Vec<String> = model.routes_of(id).map(|(_, route)| route.key()).collect();
            let name = &function.head.name;
            context! {
                name => name,
                description => cell(function.head.description.as_deref()),
                spec => input.location(function.head.name_span),
                route => (!routes.is_empty()).then(|| routes.join(", ")),
            }
        })
        .collect();
    let outputs: Vec<_> = plan
        .outputs
        .iter()
        .map(|(name, output)| context! { name => name, description => cell(output.description.as_deref()) })
        .collect();
    let values = context! {
        service => model.service.value.clone(),
        description => model.description.as_deref().map(paragraphs),
        spec => input.project.spec_path.clone(),
        logic => input.project.logic_path.clone(),
        functions => functions,
        has_apis => !model.apis.is_empty(),
        machines => plan.machines.iter().map(|machine| machine.file.clone()).collect::<Vec<_>>(),
        definitions => plan.definitions.iter().map(|definition| definition.file.clone()).collect::<Vec<_>>(),
        environments => model.environments.iter().map(|environment| environment.name.clone()).collect::<Vec<_>>(),
        given => given(plan),
        key_policy => key_policy(plan),
        secrets => empty_secrets(plan),
        outputs => outputs,
        flowchart => diagram::flowchart(model),
        redrives => redrives(plan),
        try_it => try_it(plan),
        signed => signed(model),
        webhook => webhook::webhook(model),
        examples => examples::examples(plan),
        logic_manifest => shell(&format!("{}/Cargo.toml", input.project.logic_path)),
        has_alarms => model.observability.alarms,
        told => told(model),
    };
    environment().render_str(TEMPLATE, values).unwrap_or_else(|error| format!("{error:#}\n"))
}

/// The parameters that have no default, with what each is.
fn given(plan: &Plan<'_>) -> Vec<minijinja::Value> {
    let given = plan.parameters.iter().filter(|(_, parameter)| parameter.default.is_none());
    given
        .map(|(name, parameter)| context! { name => name, description => cell(Some(&parameter.description)) })
        .collect()
}

/// What the policy of the customer's key has to allow, as JSON; empty without a key.
fn key_policy(plan: &Plan<'_>) -> String {
    let statements = key::statements(plan);
    if statements.is_empty() { String::new() } else { format!("{:#}", serde_json::Value::Array(statements)) }
}

/// The secrets of the stack that begin without a value, with their logical ids.
fn empty_secrets(plan: &Plan<'_>) -> Vec<minijinja::Value> {
    let empty = plan.model.secrets.values().filter(|secret| matches!(secret.kind, SecretKind::Own(None)));
    let told = |secret: &Secret| {
        context! {
            name => secret.head.name.clone(),
            id => ids::secret(secret).to_string(),
            what => if secret.json.is_some() { "JSON of the type that the spec says" } else { "a text" },
        }
    };
    empty.map(told).collect()
}

/// The functions that publish the events of outboxes again, called as they are in the default project and environment.
fn redrives(plan: &Plan<'_>) -> Vec<minijinja::Value> {
    let default = |name: &str| plan.parameters.get(name).and_then(|parameter| parameter.default.clone());
    let (project, environment) = (default("ProjectName").unwrap_or_default(), default(ENVIRONMENT).unwrap_or_default());
    let of = plan.handlers.iter().filter_map(|handler| match handler.kind {
        HandlerKind::Redrive(id) => Some(&plan.model.outboxes[id]),
        HandlerKind::Function(_) | HandlerKind::Forwarder(_) | HandlerKind::Engine => None,
    });
    let redrive = |outbox: &Outbox| {
        let name = &outbox.head.name;
        context! {
            outbox => name,
            function => format!("{project}-{environment}-{name}-redrive"),
            retention => outbox.retention.to_string(),
            aggregate => outbox.aggregate.as_ref().map_or_else(|| "the event's own id".to_owned(), |field| code(field)),
        }
    };
    of.map(redrive).collect()
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.add_filter("code", code);
    if let Ok(syntax) =
        SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build()
    {
        environment.set_syntax(syntax);
    }
    environment
}

/// A code span whatever is in it: fenced by more backticks than it has in a row
/// (<https://spec.commonmark.org/0.31.2/#code-spans>).
fn code(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if longest > 0 { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Text for a table cell.
fn cell(text: Option<&str>) -> String {
    literal(text.unwrap_or_default())
}

/// Text in paragraphs, as the spec has them.
fn paragraphs(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let paragraphs = lines.split(|line| line.is_empty()).map(|lines| literal(&lines.join(" ")));
    paragraphs.filter(|paragraph| !paragraph.is_empty()).collect::<Vec<_>>().join("\n\n")
}

/// Text in one line that Markdown shows as it is: with a backslash before all that is markup in a line, and before what starts
/// a block (<https://spec.commonmark.org/0.31.2/#backslash-escapes>).
fn literal(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let digits = line.chars().take_while(char::is_ascii_digit).count();
    let mut escaped = String::new();
    for (at, char) in line.chars().enumerate() {
        let starts_block = (at == 0 && "#+-=".contains(char)) || (at == digits && digits > 0 && ".)".contains(char));
        if starts_block || "\\`*_[]<>|~&$!".contains(char) {
            escaped.push('\\');
        }
        escaped.push(char);
    }
    escaped
}

/// How to try the system: with a function that has a route or, failing that, one that takes a value and that nothing else
/// invokes. A route for everybody is called by its URL.
fn try_it(plan: &Plan<'_>) -> Option<minijinja::Value> {
    let model = plan.model;
    let direct = |(id, function): &(_, &crate::model::Function)| {
        matches!(function.input, Takes::Value(_)) && model.triggers(*id).is_empty()
    };
    let callable = |(api, _): &(&Api, &Route)| api.kind == ApiKind::Http || url(model, api).is_some();
    let routes = || model.routes().filter(|(_, route)| route.function().is_some());
    // A request that has to be signed by hand is the last that people want to begin with.
    let effort = |auth: &Auth| match auth {
        Auth::None => 0,
        Auth::Iam | Auth::ApiKey | Auth::Jwt(_) | Auth::Function(_) => 1,
        Auth::Webhook(_) => 2,
    };
    let called = routes().filter(callable).min_by_key(|(api, route)| (effort(&route.auth), api.declared));
    let called = called.filter(|(_, route)| route.webhook.is_none());
    // Who invokes a function is not told to it: one that wants to know its caller takes requests alone.
    let takes_anybody = |id: &_| !model.callers(*id).are_certain();
    let routed = || routes().filter_map(|(_, route)| route.function()).find(takes_anybody);
    let function = called
        .and_then(|(_, route)| route.function())
        .or_else(routed)
        .map(|id| &model.functions[id])
        .or_else(|| model.functions.iter().find(direct).map(|(_, function)| function))?;
    let default = |name: &str| plan.parameters.get(name).and_then(|parameter| parameter.default.clone());
    let project = default("ProjectName").unwrap_or_default();
    let environment = default(ENVIRONMENT).unwrap_or_default();
    // A request brings the input in its parts; only what is left of it is a body.
    let has_body = |route: &Route| model.request(route).body.is_some();
    Some(context! {
        function => function.head.name.clone(),
        has_input => called.map_or(matches!(function.input, Takes::Value(_)), |(_, route)| has_body(route)),
        project => project.clone(),
        environment => environment.clone(),
        physical => format!("{project}-{environment}-{}", function.head.name),
        api => called.map(|(api, _)| format!("{project}-{environment}{}", ids::api_suffix(api))),
        url => called.and_then(|(api, _)| url(model, api)),
        route => called.map(|(_, route)| context! {
            method => route.method.clone(),
            path => format!("'{}{}'{}", route.path, examples::needed(model, route).0, asked_in_query(model, route)),
            options => examples::needed(model, route).1,
            is_json => model.request(route).is_json(),
            credentials => credentials(model, route),
            token => token(&route.auth),
            asked => asked(model, route),
            has_key => route.auth == Auth::ApiKey,
            is_signed => route.auth == Auth::Iam,
        }),
    })
}

/// What a request shows, as options of `curl`.
fn credentials(model: &Model, route: &Route) -> String {
    let shown = match &route.auth {
        // How a webhook is signed has a section of its own.
        Auth::None | Auth::Webhook(_) => "",
        Auth::Jwt(_) => " --header \"authorization: Bearer $TOKEN\"",
        Auth::ApiKey => " --header \"x-api-key: $API_KEY\"",
        Auth::Iam => {
            " --aws-sigv4 \"aws:amz:$AWS_REGION:execute-api\" \\\n  --user \"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY\" \
            --header \"x-amz-security-token: $AWS_SESSION_TOKEN\""
        }
        Auth::Function(_) => return shown(model, route).map(|it| option(&it)).collect(),
    };
    shown.to_owned()
}

/// What an authorizer is shown: where, under which name, and the variable of the shell with the value.
struct Shown<'m> {
    place: AuthorizerPlace,
    name: &'m str,
    variable: String,
}

fn shown<'m>(model: &'m Model, route: &Route) -> impl Iterator<Item = Shown<'m>> {
    model.shown(route).into_iter().map(|(place, name)| {
        let capital = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
        let variable: String = name.chars().map(capital).collect();
        let is_name = variable.starts_with(|c: char| c.is_ascii_uppercase());
        Shown { place, name, variable: if is_name { variable } else { format!("VALUE_{variable}") } }
    })
}

/// An option of `curl`. The name stands in quotes that keep it from the shell, the variable in those that do not.
fn option(shown: &Shown<'_>) -> String {
    let Shown { place, name, variable } = shown;
    match place {
        AuthorizerPlace::Header => format!(" --header {}\"${variable}\"", quoted(&format!("{name}: "))),
        AuthorizerPlace::Cookie => format!(" --cookie {}\"${variable}\"", quoted(&format!("{name}="))),
        AuthorizerPlace::Query | AuthorizerPlace::Said => String::new(),
    }
}

/// What an authorizer looks at in the query, behind a path in quotes.
fn asked_in_query(model: &Model, route: &Route) -> String {
    let of_query = shown(model, route).filter(|it| it.place == AuthorizerPlace::Query);
    let mut sign = if examples::needed(model, route).0.contains('?') { '&' } else { '?' };
    let mut text = String::new();
    for Shown { name, variable, .. } in of_query {
        let _ = write!(text, "{}\"${variable}\"", quoted(&format!("{sign}{name}=")));
        sign = '&';
    }
    text
}

/// What the variables of a command are that an authorizer is shown, in words.
fn asked(model: &Model, route: &Route) -> Option<String> {
    let Auth::Function(function) = &route.auth else { return None };
    let variables: Vec<String> = shown(model, route).map(|it| format!("`{}`", it.variable)).collect();
    (!variables.is_empty())
        .then(|| format!("{} is what {} takes of who may call", variables.join(" and "), code(function)))
}

/// A text in quotes that keep all of it from a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Whose token a request has, in words.
fn token(auth: &Auth) -> Option<String> {
    let Auth::Jwt(jwt) = auth else { return None };
    let audience: Vec<String> = jwt.audience.iter().map(|one| literal(&one.value)).collect();
    let audience = if jwt.audience_is_left() { "one of `TokenAudience`".to_owned() } else { audience.join(" or ") };
    let issuer = if jwt.issuer_is_left() { "the issuer `TokenIssuer`".to_owned() } else { literal(&jwt.issuer.value) };
    let scopes: Vec<String> = jwt.scopes.iter().map(|one| literal(&one.value)).collect();
    let scopes = if scopes.is_empty() { String::new() } else { format!(", with the scope {}", scopes.join(" or ")) };
    let groups: Vec<String> = jwt.groups.iter().map(|one| literal(&one.value)).collect();
    let groups = if groups.is_empty() { String::new() } else { format!(", of the group {}", groups.join(" or ")) };
    Some(format!("{issuer} for {audience}{scopes}{groups}"))
}

/// The first route that takes signed requests.
fn signed(model: &Model) -> Option<minijinja::Value> {
    let (_, route) = model.routes().filter(|(_, route)| route.auth == Auth::Iam).min_by_key(|(api, _)| api.declared)?;
    Some(context! {
        key => route.key(),
        method => route.method.clone(),
        path => route.path.clone(),
        has_body => !matches!(route.method.as_str(), "GET" | "HEAD" | "DELETE"),
    })
}

/// Who is told of alarms, for people.
fn told(model: &Model) -> String {
    let told: Vec<String> = model.observability.notify.iter().map(|address| literal(&address.value)).collect();
    told.join(", ")
}

/// A word of a command: in quotes where a shell would take it apart.
fn shell(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if word.chars().all(is_plain) { word.to_owned() } else { quoted(word) }
}

/// The output that tells the URL of an API, if one does.
fn url(model: &Model, api: &Api) -> Option<String> {
    let tells = |value| matches!(value, OutputValue::Of(Thing::Api(id), Property::Url) if std::ptr::eq(&raw const model.apis[id], api));
    model.outputs.iter().find(|output| tells(output.value)).map(|output| output.name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_spans_hold_backticks() {
        assert_eq!(code("POST /orders"), "`POST /orders`");
        assert_eq!(code("a`b"), "`` a`b ``");
    }

    #[test]
    fn text_of_the_spec_is_no_markup() {
        assert_eq!(literal("# a | <b> `c` [d](e)"), "\\# a \\| \\<b\\> \\`c\\` \\[d\\](e)");
        assert_eq!(literal("1. one"), "1\\. one");
        assert_eq!(paragraphs("One\n    two\n\n```sh\n- three"), "One two\n\n\\`\\`\\`sh - three");
    }

    pub(super) fn readme_of(spec: &str) -> String {
        let analysis = crate::session::analyze_text("specs/a.yaml", spec);
        assert!(!analysis.has_errors(), "{:?}", analysis.diagnostics);
        let model = analysis.model.as_ref().expect("the spec names its service");
        let plan = crate::session::plan(model).plan;
        let project = crate::emit::Project::default();
        readme(Input { plan: &plan, sources: &analysis.sources, project: &project })
    }

    /// Whoever puts messages into queues that the customer's key encrypts is among those that its policy has to allow, and nobody else.
    #[test]
    fn who_uses_the_key_of_the_customer_is_listed() {
        let spec = |more: &str| {
            format!(
                "evc: 1\nservice: shop\nsecurity: {{ key: parameter }}\nqueues: {{ q: {{ message: {{ a: string }}, to: f }} }}\n\
                 functions: {{ f: {{ input: {{ a: string }} }}, g: {{ api: POST /g, input: {{ a: string }}, sends: q }} }}\n{more}"
            )
        };
        let users = |more: &str| {
            let readme = readme_of(&spec(more));
            let services = readme.lines().filter_map(|line| {
                let (_, service) = line.split_once("\"Service\": \"")?;
                Some(service.trim_end_matches('"').to_owned())
            });
            services.collect::<std::collections::BTreeSet<String>>()
        };
        let plain = users("");
        assert!(plain.contains("logs.REGION.amazonaws.com") && !plain.contains("sns.amazonaws.com"), "{plain:?}");
        let topic = users(
            "resources:\n  T: { type: AWS::SNS::Topic, properties: { KmsMasterKeyId: alias/aws/sns } }\n  \
             S: { type: AWS::SNS::Subscription, properties: { TopicArn: { ref: resources.T }, Protocol: sqs, Endpoint: { ref: queues.q.arn }, RawMessageDelivery: true } }\n",
        );
        assert!(topic.contains("sns.amazonaws.com") && !topic.contains("s3.amazonaws.com"), "{topic:?}");
        let bucket = users(
            "resources:\n  B: { type: AWS::S3::Bucket, properties: { NotificationConfiguration: { QueueConfigurations: [{ Event: 's3:ObjectCreated:*', Queue: { ref: queues.q.arn } }] } } }\n",
        );
        assert!(bucket.contains("s3.amazonaws.com") && !bucket.contains("sns.amazonaws.com"), "{bucket:?}");
    }

    #[test]
    fn a_route_is_tried_by_its_url_with_what_its_callers_show() {
        let spec = |api: &str| {
            format!(
                "evc: 1\nservice: shop\nenvironments: {{ dev: {{}} }}\nfunctions:\n  order: {{ api: {api}, input: {{ id: uuid }} }}\n\
                 outputs: {{ Url: api.url }}\n"
            )
        };
        let open = readme_of(&spec("{ route: POST /orders, auth: none }"));
        assert!(open.contains("OutputKey=='Url'") && open.contains("curl -X POST \"$API_URL\"'/orders'"), "{open}");
        let signed = readme_of(&spec("POST /orders"));
        // A direct invocation has no caller, so that the function would not take it.
        assert!(!signed.contains("--function-name shop-dev-order ") && signed.contains("--aws-sigv4"), "{signed}");
        let jwt = "{ route: POST /orders, auth: { jwt: { issuer: 'https://login.example', audience: shop } } }";
        let token = readme_of(&spec(jwt));
        assert!(token.contains("--header \"authorization: Bearer $TOKEN\""), "{token}");
        assert!(token.contains("`TOKEN` is a token of https://login.example for shop."), "{token}");
        assert!(signed.contains("| `Url` | URL of the HTTP API |"), "{signed}");
        let asked = "{ route: POST /orders, auth: { authorizer: check } }";
        let asked = readme_of(&spec(asked).replace(
            "outputs:",
            "  check:\n    authorizer: { headers: { X-Se$sion: a }, query: { \"k'y\": b }, cookies: { c: c }, path: d }\n    \
             input: { a: string, b: string, c: string, d: string }\n    output: { sub: string }\noutputs:",
        ));
        let curl = r#""$API_URL"'/orders''?k'\''y='"$K_Y" --header 'X-Se$sion: '"$X_SE_SION" --cookie 'c='"$C""#;
        assert!(asked.contains(curl), "{asked}");
        assert!(asked.contains("`X_SE_SION` and `K_Y` and `C` is what `check` takes of who may call."), "{asked}");
    }

    #[test]
    fn a_declared_api_is_tried_by_its_name_in_the_account() {
        let spec = |kind: &str| {
            readme_of(&format!(
                "evc: 1\nservice: shop\nenvironments: {{ dev: {{}} }}\nfunctions:\n  order: {{ input: {{ id: uuid }} }}\n\
                 apis:\n  web:\n    kind: {kind}\n    auth: none\n    routes:\n      POST /orders: {{ function: order }}\n"
            ))
        };
        let http = spec("http");
        assert!(http.contains("[?Name=='shop-dev-web-api']") && http.contains("curl -X POST"), "{http}");
        assert!(http.contains("| `openapi/` |"), "{http}");
        // The URL of a REST API is told by an output alone.
        let rest = spec("rest");
        assert!(rest.contains("--function-name shop-dev-order ") && !rest.contains("curl"), "{rest}");
    }
}
