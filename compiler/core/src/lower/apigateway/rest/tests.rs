//! What holds of every REST API.

use crate::plan::Plan;
use crate::plan::value::Value;
use crate::report::short;
use crate::session::{self, Planned, analyze_text};

const FIXTURE: &str = include_str!("../../fixtures/rest.yaml");

/// Runs a test on the plan of a spec.
fn with_plan<T>(spec: &str, test: impl Fn(&Plan<'_>) -> T) -> T {
    let mut analysis = analyze_text("spec.yaml", spec);
    let model = analysis.model.take().expect("the spec names its service");
    let Planned { plan, diagnostics: found } = session::plan(&model);
    let result = test(&plan);
    analysis.add(found);
    assert!(!analysis.has_errors(), "{}", short::render(&analysis.diagnostics, &analysis.sources));
    result
}

fn property<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    match value {
        Value::Map(entries) => entries.get(name),
        _ => None,
    }
}

fn list(value: Option<&Value>) -> &[Value] {
    match value {
        Some(Value::List(items)) => items,
        _ => &[],
    }
}

/// The integrations of a plan's methods with services of AWS.
fn integrations(plan: &Plan<'_>, test: impl Fn(&str, &Value)) {
    let methods = plan.resources.iter().filter(|(_, it)| it.type_ == "AWS::ApiGateway::Method");
    for (id, method) in methods {
        let Some(integration) = method.properties.get("Integration") else { continue };
        if property(integration, "Type") == Some(&"AWS".into()) {
            test(id.as_str(), integration);
        }
    }
}

#[test]
fn no_body_goes_through_without_a_template() {
    with_plan(FIXTURE, |plan| {
        integrations(plan, |id, integration| {
            assert_eq!(property(integration, "PassthroughBehavior"), Some(&"NEVER".into()), "{id}");
            let templates = property(integration, "RequestTemplates");
            let Some(Value::Map(templates)) = templates else { panic!("{id} has no templates") };
            assert_eq!(templates.keys().collect::<Vec<_>>(), ["application/json"], "{id}");
        });
    });
}

#[test]
fn only_a_success_is_answered_with_one() {
    with_plan(FIXTURE, |plan| {
        integrations(plan, |id, integration| {
            let mut defaults = 0;
            for response in list(property(integration, "IntegrationResponses")) {
                let Some(Value::String(status)) = property(response, "StatusCode") else {
                    panic!("{id} has no status")
                };
                if let Some(Value::String(pattern)) = property(response, "SelectionPattern") {
                    assert_eq!(pattern[..1], status[..1], "{id}");
                } else {
                    defaults += 1;
                    assert_eq!(status, "500", "{id}");
                }
            }
            assert_eq!(defaults, 1, "{id}");
        });
    });
}

fn deployments(spec: &str) -> Vec<String> {
    with_plan(spec, |plan| {
        let of_type = plan.resources.iter().filter(|(_, it)| it.type_ == "AWS::ApiGateway::Deployment");
        of_type.map(|(id, _)| id.to_string()).collect()
    })
}

/// A deployment serves what there was when it was made, so that another content has another one; all else leaves it.
#[test]
fn a_change_of_what_is_served_is_a_new_deployment() {
    let [orders, plain] = deployments(FIXTURE).try_into().expect("two APIs");
    for (from, to) in [
        ("status: \"'CREATED'\"", "status: \"'PAID'\""),
        ("Line: { sku: string(1..64)", "Line: { sku: string(1..65)"),
        ("https://admin.example", "https://desk.example"),
        ("POST /settlements: { workflow: settle }", "POST /settled: { workflow: settle }"),
        (
            "GET /orders/{orderId}/parcels: { function: track,",
            "GET /orders/{orderId}/parcels: { function: track, auth: iam,",
        ),
    ] {
        assert!(FIXTURE.contains(from), "{from}");
        let changed = deployments(&FIXTURE.replacen(from, to, 1));
        assert!(changed[0] != orders && changed[1] == plain, "{from}: {changed:?}");
    }
    for (from, to) in [
        ("throttling: { rate: 100, burst: 50 }", "throttling: { rate: 200, burst: 50 }"),
        ("description: A shop.", "description: |\n  A shop,\n  with a longer description."),
        ("\napis:", "\n# A comment.\n\napis:"),
    ] {
        assert!(FIXTURE.contains(from), "{from}");
        assert_eq!(deployments(&FIXTURE.replacen(from, to, 1)), [orders.clone(), plain.clone()], "{from}");
    }
}

#[test]
fn callers_are_authorized_unless_the_spec_says_otherwise() {
    with_plan(FIXTURE, |plan| {
        let authorization = |id: &str| plan.resources[id].properties.get("AuthorizationType").cloned();
        assert_eq!(authorization("PlainApiGetPingMethod"), Some("AWS_IAM".into()));
        assert_eq!(authorization("OrdersApiPostOrdersMethod"), Some("NONE".into()));
        let key = |id: &str| plan.resources[id].properties.get("ApiKeyRequired").cloned();
        assert_eq!(key("OrdersApiPostOrdersOrderIdSettlementMethod"), Some(true.into()));
        assert_eq!(key("OrdersApiPostOrdersMethod"), None);
    });
}

#[test]
fn an_override_and_another_table_are_another_deployment() {
    let spec = "evc: 1\nservice: s\ntypes:\n  X: { id: uuid, at: integer }\ntables:\n  t: { item: X, key: id }\napis:\n  a:\n    \
        kind: rest\n    routes:\n      POST /x: { table: t, input: X, put: {} }\n";
    let timeout = "overrides:\n  AApiPostXMethod: { properties: { Integration: { TimeoutInMillis: 5000 } } }\n";
    let before = deployments(spec);
    assert_ne!(deployments(&format!("{spec}{timeout}")), before);
    assert_ne!(deployments(&spec.replace("key: id", "key: [id, at]")), before);
    assert_eq!(deployments(&spec.replace("service: s\n", "service: s\ndescription: An API.\n")), before);
}

#[test]
fn the_format_of_an_access_log_is_one_line() {
    with_plan(FIXTURE, |plan| {
        for stage in plan.resources.values().filter(|it| it.type_ == "AWS::ApiGateway::Stage") {
            let log = stage.properties.get("AccessLogSetting").expect("an access log");
            let Some(Value::String(format)) = property(log, "Format") else { panic!("{log:?}") };
            assert!(!format.contains('\n') && serde_json::from_str::<serde_json::Value>(format).is_ok(), "{format}");
        }
    });
}

#[test]
fn an_override_that_answers_failures_with_success_is_reported() {
    let spec = "evc: 1\nservice: s\ntypes:\n  X: { id: uuid }\ntables:\n  t: { item: X, key: id }\napis:\n  a:\n    kind: rest\n    \
        routes:\n      POST /x: { table: t, input: X, put: {} }\noverrides:\n  AApiPostXMethod:\n    properties:\n      \
        Integration: { PassthroughBehavior: WHEN_NO_TEMPLATES, IntegrationResponses: [{ StatusCode: \"200\" }] }\n";
    let analysis = crate::session::analyze_text("spec.yaml", spec);
    let found = session::plan(analysis.model.as_ref().expect("the spec names its service")).diagnostics;
    let messages: Vec<&str> = found.iter().map(|diagnostic| diagnostic.message.as_str()).collect();
    let expected = [
        "`AApiPostXMethod` may answer a failure with a success",
        "`AApiPostXMethod` passes bodies of other types on as they are",
    ];
    assert_eq!(messages, expected);
}

#[test]
fn who_calls_is_what_the_gateway_says() {
    let spec = "evc: 1\nservice: shop\ntables:\n  notes: { item: { owner: string, id: string }, key: [owner, id] }\n\
                apis:\n  notes:\n    kind: rest\n    auth: AUTH\n    routes:\n      \
                POST /notes: { table: notes, input: { id: string }, put: { owner: caller.FACT } }\n      \
                GET /notes: { table: notes, query: {}, key: { owner: caller.FACT } }\n";
    for (auth, fact, variable) in [
        ("api-key", "id", "$context.identity.apiKeyId"),
        ("iam", "account", "$context.identity.accountId"),
        ("iam", "arn", "$context.identity.userArn"),
    ] {
        with_plan(&spec.replace("AUTH", auth).replace("FACT", fact), |plan| {
            integrations(plan, |id, integration| {
                let request = format!("{:?}", property(integration, "RequestTemplates"));
                let escaped = format!("$util.escapeJavaScript({variable})");
                assert!(request.contains(&escaped), "{id}: {request}");
            });
        });
    }
}
