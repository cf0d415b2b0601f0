//! What holds of every plan: of the reference systems and of each fixture.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::audit::template::{From, of_plan};
use crate::plan::value::Value;
use crate::plan::{HandlerKind, LogicalId, Plan, Resource};
use crate::report::short;
use crate::session::{self, Analysis, Planned, analyze_text};

/// Actions that IAM cannot limit to a resource.
const UNLIMITED: [&str; 16] = [
    "dynamodb:ListStreams",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
    "textract:DetectDocumentText",
];

/// The specs whose plans are looked at.
fn specs() -> Vec<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut specs = Vec::new();
    for folder in ["../../specs", "src/lower/fixtures"] {
        let entries = std::fs::read_dir(root.join(folder)).expect("a readable folder");
        let paths = entries.map(|entry| entry.expect("a readable folder").path());
        let paths = paths.filter(|path| !session::is_scenarios(path));
        specs.extend(paths.filter(|path| path.extension().is_some_and(|extension| extension == "yaml")));
    }
    specs.sort();
    specs
}

/// Runs a test on the plan of each spec.
fn each(test: impl Fn(&str, &Plan<'_>)) {
    for path in specs() {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).expect("a readable spec");
        let mut analysis = analyze_text(&name, &text);
        let model = analysis.model.take().expect("the spec names its service");
        let Planned { plan, diagnostics: found } = session::plan(&model);
        analysis.add(found);
        assert!(!analysis.has_errors(), "{}", short::render(&analysis.diagnostics, &analysis.sources));
        test(&name, &plan);
    }
}

/// What a resource refers to, by name.
fn references(plan: &Plan<'_>, id: &LogicalId) -> BTreeSet<String> {
    let template = of_plan(plan);
    let references = template.references();
    let from = references.iter().filter(|reference| reference.from == From::Resource(id.as_str()));
    from.map(|reference| reference.name.to_owned()).collect()
}

fn of_type<'p>(plan: &'p Plan<'_>, type_: &'static str) -> impl Iterator<Item = (&'p LogicalId, &'p Resource)> {
    plan.resources.iter().filter(move |(_, resource)| resource.type_ == type_)
}

fn found(spec: &str) -> String {
    let mut analysis: Analysis = analyze_text("spec.yaml", spec);
    let model = analysis.model.take().expect("the spec names its service");
    assert!(!analysis.has_errors(), "{}", short::render(&analysis.diagnostics, &analysis.sources));
    // Warnings about the spec itself are not what is looked at here.
    analysis.diagnostics.clear();
    analysis.add(session::plan(&model).diagnostics);
    short::render(&analysis.diagnostics, &analysis.sources)
}

#[test]
fn nothing_is_allowed_on_everything_that_could_be_limited() {
    each(|name, plan| {
        for grant in plan.grants.iter().filter(|grant| grant.resources.contains(&"*".into())) {
            for action in &grant.actions {
                assert!(UNLIMITED.contains(&action.as_str()), "{name}: {} may {action} everywhere", grant.principal);
            }
        }
    });
}

#[test]
fn every_role_may_something_and_every_grant_has_a_role() {
    each(|name, plan| {
        for (id, role) in of_type(plan, "AWS::IAM::Role") {
            let is_ours = !role.address.starts_with("resources.");
            let may = ["Policies", "ManagedPolicyArns"].iter().any(|it| role.properties.contains_key(it));
            assert!(!is_ours || may, "{name}: {id} has no permissions");
        }
        for grant in &plan.grants {
            assert!(plan.resources.contains_key(&grant.role), "{name}: there is no {}", grant.role);
            assert!(!grant.resources.is_empty() && !grant.reason.is_empty(), "{name}: {grant:?}");
        }
    });
}

#[test]
fn every_log_group_forgets() {
    each(|name, plan| {
        for (id, group) in of_type(plan, "AWS::Logs::LogGroup") {
            assert!(group.properties.contains_key("RetentionInDays"), "{name}: {id}");
        }
        for (id, function) in of_type(plan, "AWS::Serverless::Function") {
            assert!(function.properties.contains_key("LoggingConfig"), "{name}: {id}");
        }
    });
}

#[test]
fn every_dead_letter_queue_is_used_and_has_an_alarm() {
    each(|name, plan| {
        let dead = of_type(plan, "AWS::SQS::Queue").filter(|(id, _)| id.as_str().ends_with("DeadLetters"));
        for (id, _) in dead {
            let users = plan.resources.iter().filter(|(other, _)| {
                !other.as_str().starts_with(id.as_str()) && references(plan, other).contains(id.as_str())
            });
            assert!(users.count() > 0, "{name}: nothing sends to {id}");
            let alarm = LogicalId::new([id.as_str(), "alarm"]);
            assert_eq!(plan.resources.contains_key(&alarm), plan.model.observability.alarms, "{name}: {alarm}");
        }
    });
}

#[test]
fn every_target_of_a_rule_has_a_retry_policy_and_a_dead_letter_queue() {
    each(|name, plan| {
        for (id, rule) in of_type(plan, "AWS::Events::Rule") {
            let Some(Value::List(targets)) = rule.properties.get("Targets") else {
                panic!("{name}: {id} has no targets")
            };
            for target in targets {
                let Value::Map(target) = target else { panic!("{name}: {id}") };
                assert!(target.contains_key("RetryPolicy") && target.contains_key("DeadLetterConfig"), "{name}: {id}");
            }
        }
    });
}

#[test]
fn mappings_have_every_environment_with_the_same_keys() {
    each(|name, plan| {
        let mut keys = plan.mappings.values().map(|entries| entries.keys().collect::<Vec<_>>());
        if let Some(first) = keys.next() {
            assert_eq!(plan.mappings.len(), plan.model.environments.len(), "{name}");
            assert!(keys.all(|keys| keys == first), "{name}");
        }
    });
}

#[test]
fn a_variable_of_the_spec_cannot_hide_one_of_evc() {
    let spec = "evc: 1\nservice: a\ntypes: { T: { id: string } }\ntables: { orders: { item: T, key: id } }\n\
                functions: { f: { tables: { orders: get }, environment: { ORDERS_TABLE: mine } } }\n";
    insta::assert_snapshot!(found(spec), @"
    spec.yaml:5:59: error[EVC0608]: `ORDERS_TABLE` is set by evc on this function (it is the name of table `orders`)
    1 error
    ");
}

#[test]
fn an_output_of_a_dead_letter_queue_that_is_not_there_is_reported() {
    let spec = "evc: 1\nservice: a\nfunctions: { f: {} }\noutputs: { Dead: functions.f.dead-letter-queue-url }\n";
    insta::assert_snapshot!(found(spec), @"
    spec.yaml:4:18: error[EVC0105]: function `f` has no dead-letter queue; 3:14 declared here (a function has one if a rule or a schedule invokes it, its work if a workflow on Redis calls it, an outbox if it publishes something, a workflow if it is on Redis or an event starts it)
    1 error
    ");
}

#[test]
fn outputs_tell_the_dead_letter_queues_of_workflows() {
    let spec = "evc: 1
service: a
caches: { state: {} }
events: { E: { source: a, detail-type: e, detail: { n: integer }, publisher: external } }
functions: { f: { input: { n: integer } } }
rules:
  start: { event: E, to: { workflow: on-redis } }
  begin: { event: E, to: { workflow: elsewhere } }
workflows:
  on-redis: { engine: redis, input: { n: integer }, steps: { s: { call: f, with: { n: input.n } } } }
  elsewhere: { input: { n: integer }, steps: { t: { call: f, with: { n: input.n } } } }
outputs:
  Work: functions.f.work-dead-letter-queue-url
  Engine: workflows.on-redis.dead-letter-queue-url
  Starter: workflows.elsewhere.dead-letter-queue-url
";
    let mut analysis = analyze_text("spec.yaml", spec);
    let model = analysis.model.take().expect("the spec names its service");
    let Planned { plan, diagnostics: found } = session::plan(&model);
    analysis.add(found);
    assert!(!analysis.has_errors(), "{}", short::render(&analysis.diagnostics, &analysis.sources));
    for (output, queue) in [
        ("Work", "FFunctionTasksDeadLetters"),
        ("Engine", "WorkflowEngineQueueDeadLetters"),
        ("Starter", "ElsewhereStarterDeadLetters"),
    ] {
        let value = &plan.outputs[output].value;
        assert!(matches!(value, Value::Ref(id) if id.as_str() == queue), "{output}: {value:?}");
        assert!(plan.resources.contains_key(&LogicalId::new([queue])), "{queue}");
    }
}

#[test]
fn an_output_of_a_dashboard_that_is_not_there_is_reported() {
    let spec = "evc: 1\nservice: a\nfunctions: { f: {} }\nobservability: { dashboard: false }\noutputs: { Url: dashboard.url }\n";
    insta::assert_snapshot!(found(spec), @"
    spec.yaml:5:17: error[EVC0105]: there is no dashboard (it is turned off by `observability`, or there is nothing to show on it)
    1 error
    ");
}

#[test]
fn tables_of_outboxes_are_protected_like_tables() {
    let spec = "evc: 1\nservice: a\nenvironments: { dev: {}, prod: { tables: { deletion-protection: true, \
                point-in-time-recovery: false } } }\nevents: { Paid: { source: a, detail-type: Paid, detail: { id: uuid }, consumer: external } }\noutboxes: { events: { publishes: [Paid], aggregate: id } }\n";
    let analysis = analyze_text("spec.yaml", spec);
    let model = analysis.model.as_ref().expect("the spec names its service");
    let plan = session::plan(model).plan;
    let values = |key: &str| plan.mappings.values().map(|entries| entries[key].clone()).collect::<Vec<_>>();
    assert_eq!(values("DeletionProtection"), [false.into(), true.into()]);
    assert_eq!(values("PointInTimeRecovery"), [true.into(), false.into()]);
    let table = of_type(&plan, "AWS::DynamoDB::Table").next().expect("the outbox has a table").1;
    assert_eq!(
        table.properties.get("DeletionProtectionEnabled"),
        Some(&Value::ByEnvironment("DeletionProtection".to_owned()))
    );
}

#[test]
fn events_are_put_on_buses_from_declared_sources_only() {
    each(|name, plan| {
        for grant in plan.grants.iter().filter(|grant| grant.actions.contains(&"events:PutEvents".to_owned())) {
            // A rule passes on what others put, from whatever source.
            if grant.principal.starts_with("rule ") {
                continue;
            }
            let sources = grant.conditions.get("ForAllValues:StringEquals").and_then(|keys| keys.get("events:source"));
            let Some(Value::List(sources)) = sources else {
                panic!("{name}: {} may publish as anybody", grant.principal)
            };
            let declared = plan.model.events.values().map(|event| event.source.as_str());
            let declared: Vec<Value> = declared.chain(["evc.workflow"]).map(Value::from).collect();
            assert!(
                !sources.is_empty() && sources.iter().all(|source| declared.contains(source)),
                "{name}: {sources:?}"
            );
        }
    });
}

#[test]
fn security_groups_let_in_what_talks_to_caches_and_nothing_else() {
    each(|name, plan| {
        for (id, group) in of_type(plan, "AWS::EC2::SecurityGroup") {
            assert!(!group.properties.contains_key("SecurityGroupIngress"), "{name}: {id}");
            // A group that says nothing of ways out has all of them.
            assert!(group.properties.contains_key("SecurityGroupEgress"), "{name}: {id}");
        }
        for (id, ingress) in of_type(plan, "AWS::EC2::SecurityGroupIngress") {
            let Some(Value::Ref(source)) = ingress.properties.get("SourceSecurityGroupId") else {
                panic!("{name}: {id} lets in more than a group")
            };
            assert!(
                ["CacheClients", "NetworkFunctions"].iter().any(|end| source.as_str().ends_with(end)),
                "{name}: {id}"
            );
        }
    });
}

#[test]
fn functions_are_in_the_network_that_they_say_or_of_their_cache_and_in_no_other() {
    each(|name, plan| {
        for (id, function) in plan.model.functions.iter() {
            let cache = plan.model.cache_of(id).map(|cache| &plan.model.caches[cache.value]);
            let id_of_function = crate::plan::ids::function(function);
            let resource = &plan.resources[&id_of_function];
            let function = &function.head.name;
            let is_inside = plan.model.network_of(id).is_some();
            assert_eq!(resource.properties.contains_key("VpcConfig"), is_inside, "{name}: {function}");
            let references = references(plan, &id_of_function);
            // Without these the runtime does not start.
            if cache.is_some() {
                let handler = plan.handlers.iter().find(|handler| handler.kind == HandlerKind::Function(id));
                let variables = &handler.expect("every function has a handler").environment;
                for variable in ["CACHE_ENDPOINT", "CACHE_AUTH", "WORKFLOW_NAMESPACE"] {
                    assert!(variables.contains_key(variable), "{name}: {function} has no {variable}");
                }
            }
            if let Some(cache) = cache.filter(|cache| cache.network.is_some()) {
                assert!(references.contains(crate::plan::ids::cache_clients(cache).as_str()), "{name}: {function}");
            }
        }
    });
}

#[test]
fn an_endpoint_is_there_for_what_is_called_and_for_nothing_else() {
    each(|name, plan| {
        for (id, _) in of_type(plan, "AWS::EC2::VPCEndpoint") {
            let calls = plan.model.clients().into_iter().flat_map(|client| client.services.into_keys());
            let names: Vec<String> = calls.map(|service| service.key().to_owned() + "endpoint").collect();
            let is_called = |called: &String| id.as_str().to_lowercase().ends_with(called.as_str());
            assert!(names.iter().any(is_called), "{name}: {id}");
        }
    });
}

#[test]
fn no_secret_is_in_a_template() {
    each(|name, plan| {
        for (id, secret) in of_type(plan, "AWS::SecretsManager::Secret") {
            assert!(!secret.properties.contains_key("SecretString"), "{name}: {id}");
        }
        for (id, group) in of_type(plan, "AWS::ElastiCache::ReplicationGroup") {
            let Some(token) = group.properties.get("AuthToken") else { continue };
            let Value::Text(parts) = token else { panic!("{name}: {id} has a token that is a text") };
            assert_eq!(parts.first(), Some(&"{{resolve:secretsmanager:".into()), "{name}: {id}");
        }
    });
}

#[test]
fn overrides_of_nothing_are_reported_with_what_might_be_meant() {
    let spec = "evc: 1\nservice: a\nfunctions: { f: {} }\noverrides:\n  FFunctoin: { properties: { Timeout: 3 } }\n  \
                FFunction: { properties: { KmsKeyArn: { Ref: Kye } } }\n  functions.f.roel: {}\n  functions.f.role: {}\n  \
                FFunctionRole: {}\n  Key: {}\nresources: { Key: { type: AWS::KMS::Key } }\n";
    insta::assert_snapshot!(found(spec), @"
    spec.yaml:5:3: error[EVC0101]: there is no resource `FFunctoin`
    spec.yaml:6:48: error[EVC1010]: `FFunction` refers to `Kye`, which is not in the template
    spec.yaml:7:15: error[EVC0101]: `functions.f` has no part `roel`
    spec.yaml:9:3: error[EVC0108]: resource `FFunctionRole` is overridden twice; 8:3 the first is here
    spec.yaml:10:3: error[EVC0105]: resource `Key` is the spec's own; 11:14 declared here
    5 errors
    ");
}

#[test]
fn a_project_name_has_the_length_that_the_tightest_name_leaves() {
    // 48 for the archive, less `-`, `production`, `-main`.
    let spec = "evc: 1\nservice: a\nenvironments: { dev: {}, production: {} }\nbuses: { main: { archive: { retention: 1d } } }\n";
    let analysis = analyze_text("spec.yaml", spec);
    let model = analysis.model.as_ref().expect("the spec names its service");
    let plan = session::plan(model).plan;
    assert_eq!(plan.parameters["ProjectName"].max_length, Some(32));
}

#[test]
fn rules_and_schedules_run_where_their_environment_lets_them() {
    let spec = "evc: 1\nservice: s\nenvironments:\n  dev: { schedules: { nightly: { enabled: false } }, rules: { r: { enabled: true } } }\n  \
        prod: {}\nevents:\n  E: { source: a, detail-type: E, detail: { id: uuid }, publisher: external }\nfunctions:\n  f: {}\n  g: {}\n\
        rules:\n  r: { event: E, enabled: false, to: { function: f } }\nschedules:\n  nightly: { every: 1d, to: { function: g } }\n";
    let analysis = analyze_text("spec.yaml", spec);
    let plan = session::plan(analysis.model.as_ref().expect("the spec names its service")).plan;
    let state = |type_: &'static str| {
        let (_, resource) = of_type(&plan, type_).next().expect("one of them");
        let Some(Value::ByEnvironment(key)) = resource.properties.get("State") else { panic!("one state everywhere") };
        let of = |environment: &str| plan.mappings[environment][key].clone();
        (of("dev"), of("prod"))
    };
    assert_eq!(state("AWS::Scheduler::Schedule"), ("DISABLED".into(), "ENABLED".into()));
    assert_eq!(state("AWS::Events::Rule"), ("ENABLED".into(), "DISABLED".into()));
}

#[test]
fn overrides_name_properties_that_there_are() {
    let spec = "evc: 1\nservice: s\nfunctions:\n  f: { api: GET /f }\noverrides:\n  \
        FFunction: { properties: { MemorySise: 512, EphemeralStorage: { Size: 1024 } } }\n  \
        \nresources:\n  Topic: { type: AWS::SNS::Topic, properties: { Nonsense: 1 } }\n  Db: { type: AWS::Neptune::DBCluster, properties: { Any: 1 } }\n";
    insta::assert_snapshot!(found(spec), @"
    spec.yaml:6:30: error[EVC1016]: `FFunction` has no property `MemorySise`
    spec.yaml:9:49: error[EVC1016]: `Topic` has no property `Nonsense`
    spec.yaml:10:54: error[EVC1016]: `Db` has no property `Any`
    3 errors
    ");
}

#[test]
fn every_resource_has_a_name_of_its_own_in_the_spec() {
    each(|name, plan| {
        let mut ids = indexmap::IndexMap::new();
        for (id, resource) in &plan.resources {
            let address = &resource.address;
            assert!(!address.is_empty(), "{name}: {id}");
            let first = ids.insert(address.clone(), id);
            assert_eq!(first, None, "{name}: {id} is {address} as well");
            // What a thing is for is no resource of its own, and so nothing is called after a part of an id.
            let is_named = address.split('.').all(|part| !part.is_empty() && !part.starts_with('-'));
            assert!(is_named, "{name}: {id} is {address}");
        }
        for thing in plan.model.things() {
            let path = crate::plan::address::of_thing(plan.model, thing);
            let id = crate::plan::ids::thing(plan.model, thing);
            if let Some(resource) = plan.resources.get(&id) {
                assert_eq!(resource.address, path, "{name}: {id}");
            }
        }
    });
}

#[test]
fn parts_of_things_have_the_words_of_outputs() {
    let names = |spec: &str| -> Vec<(String, String)> {
        let analysis = analyze_text("spec.yaml", spec);
        assert!(!analysis.has_errors(), "{}", short::render(&analysis.diagnostics, &analysis.sources));
        let model = analysis.model.as_ref().expect("the spec names its service");
        let plan = session::plan(model).plan;
        plan.resources.iter().map(|(id, it)| (it.address.clone(), id.to_string())).collect()
    };
    let all = names(include_str!("../../../../specs/orders.yaml"));
    for (name, id) in [
        ("functions.create-order", "CreateOrderFunction"),
        ("functions.create-order.role", "CreateOrderFunctionRole"),
        ("functions.create-order.log-group", "CreateOrderFunctionLogs"),
        ("outboxes.order-events", "OrderEventsOutbox"),
        ("outboxes.order-events.forwarder", "OrderEventsForwarder"),
        ("outboxes.order-events.forwarder.role", "OrderEventsForwarderRole"),
        ("outboxes.order-events.dead-letter-queue", "OrderEventsForwarderDeadLetters"),
        ("rules.start-fulfilment", "StartFulfilmentRule"),
        ("rules.start-fulfilment.dead-letter-queue", "StartFulfilmentRuleDeadLetters"),
        ("rules.start-fulfilment.dead-letter-queue.policy", "StartFulfilmentRuleDeadLettersPolicy"),
        ("rules.start-fulfilment.dead-letter-queue.alarm", "StartFulfilmentRuleDeadLettersAlarm"),
        ("workflows.fulfil-order", "FulfilOrderWorkflow"),
        ("workflows.fulfil-order.starter", "FulfilOrderStarter"),
        ("workflows.fulfil-order.dead-letter-queue", "FulfilOrderStarterDeadLetters"),
        ("api", "Api"),
        ("api.stage", "ApiStage"),
        ("dashboard", "Dashboard"),
        ("idempotency-table", "IdempotencyTable"),
    ] {
        assert!(all.contains(&(name.to_owned(), id.to_owned())), "{name}: {all:#?}");
    }
    // A thing that is called like a part of another.
    let spec = "evc: 1\nservice: a\nevents: { Paid: { source: a, detail-type: Paid, detail: { id: uuid }, consumer: external } }\noutboxes: { pay-function-role: { publishes: [Paid], aggregate: id } }\nfunctions: { pay: { api: GET /a } }\n";
    let all = names(spec);
    assert!(all.contains(&("functions.pay.role".to_owned(), "PayFunctionRole".to_owned())), "{all:#?}");
}
