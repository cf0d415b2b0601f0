//! The functions of the spec: environment, permissions, and what becomes of asynchronous invocations that fail.

#![warn(clippy::wildcard_enum_match_arm, reason = "a kind of anything that is forgotten here must not compile")]

use indexmap::IndexMap;

use evc_interface::environment;
use evc_interface::metric::function as counted;

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{
    AccessPattern, ApiKind, Bus, Cache, DeadLetterSource, Event, Function, Id, Model, Relation, TableUse, Thing,
};
use crate::plan::alarm::{Alarm, Kind, Metric, Timing, Watched};
use crate::plan::builder::{Builder, Lambda, MAX_DESCRIPTION, Role, Why};
use crate::plan::dead_letters::DeadLetters;
use crate::plan::graph::{Graph, Line};
use crate::plan::names::of_stack;
use crate::plan::value::{Part, Value, description, text};
use crate::plan::variables::{Variables, purposes};
use crate::plan::{
    Handler, HandlerKind, LogicalId, api, arn, bus, cache, config, ids, pascal_case, policy, secret, work,
};
use crate::source::{Span, Spanned};
use crate::spec::function::{Deploy, Operation};

/// How often Lambda tries an asynchronous invocation again, and for how long: its own defaults, written out.
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>
const ASYNC_ATTEMPTS: u64 = 2;
const ASYNC_MAX_AGE_SECONDS: u64 = 21_600;

/// Adds each function.
pub(crate) fn lower(b: &mut Builder<'_>) {
    for (id, function) in b.model.functions.iter() {
        let cache = b.model.cache_of(id);
        let variables = variables(b, id, cache);
        let binary = ids::binary(b.model, function);
        b.plan.handlers.push(Handler {
            binary: binary.clone(),
            kind: HandlerKind::Function(id),
            environment: purposes(&variables),
        });
        let logical = ids::function(function);
        let memory = b.setting(&logical, "Memory", &function.memory, |memory| Value::count(*memory));
        let timeout = b.setting(&logical, "Timeout", &function.timeout, |timeout| Value::seconds(*timeout));
        let concurrency = b.optional(&logical, "Concurrency", &function.concurrency, |most| Value::count(*most));
        let role = b.lambda(Lambda {
            id: logical,
            name: function.head.name.clone(),
            principal: format!("function `{}`", function.head.name),
            description: description(function.head.description.as_ref(), MAX_DESCRIPTION),
            binary,
            memory,
            timeout,
            concurrency,
            variables,
            cache,
            group: b.model.client_group_of(id),
            span: function.head.name_span,
        });
        grants(b, &role, id);
        if function.has_alias() {
            deployment(b, function);
        }
        if b.model.is_asynchronous(id) {
            asynchronous(b, &role, id, function);
        }
        alarm(b, function);
        b.show_function(&function.head.name, &ids::function(function), 0);
        show(b, function);
    }
}

/// What a function measures itself, on the dashboard.
fn show(b: &mut Builder<'_>, function: &Function) {
    let name = &function.head.name;
    let counted = [(counted::FAILURES, "failures"), (counted::BUSINESS, "business errors")];
    let guarded = [
        (counted::REPEATED, "repeated"),
        (counted::IN_PROGRESS, "in progress"),
        (counted::KEY_REUSED, "keys reused"),
        (counted::NOT_KEPT, "results not kept"),
    ];
    let guarded = guarded.into_iter().filter(|_| function.idempotent.is_some()).map(|it| (Graph::Deliveries, it));
    for (graph, (metric, label)) in counted.map(|it| (Graph::FunctionFailures, it)).into_iter().chain(guarded) {
        let own = (counted::DIMENSION, name.as_str().into());
        b.show(graph, Line::of_stack(&format!("{name} {label}"), metric, own));
    }
}

/// What Lambda counts as an error, less what is one of the business, and what Lambda takes for a success since it was answered.
fn alarm(b: &mut Builder<'_>, function: &Function) {
    let (id, name, span) = (ids::function(function), &function.head.name, function.head.name_span);
    let own = |metric| Metric::of(text(of_stack()), metric, (counted::DIMENSION, name.as_str().into()));
    let errors = Alarm::errors(Kind::FunctionErrors, Watched::Function, &id, format!("Function `{name}` failed"), span);
    let Timing { period, periods, .. } = Kind::FunctionErrors.timing();
    // An error counts at the time at which its invocation began, which is as long ago as the invocation took:
    // https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    let periods = function.timeout.map(|timeout| {
        let longest = timeout.seconds.div_ceil(u64::try_from(period).unwrap_or(1));
        i64::try_from(longest).unwrap_or(0) + periods - 1
    });
    let periods = b.setting(&id, "ErrorPeriods", &periods, |periods| Value::Integer(*periods));
    let (added, less) = (vec![own(counted::FAILURES)], vec![own(counted::BUSINESS)]);
    b.alarm(Alarm { added, less, periods: Some(periods), ..errors });
}

/// The alias of a function, what is kept ready of it, and how invocations go over to a new version: back again, if its alarm goes off.
/// <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/automating-updates-to-serverless-apps.html>
fn deployment(b: &mut Builder<'_>, function: &Function) {
    let (id, span) = (ids::function(function), function.head.name_span);
    let ready = b.optional(&id, "Provisioned", &function.provisioned, |ready| Value::count(*ready)).map(provisioned);
    let deploys = function.deploy.values().iter().any(Option::is_some);
    let way = function.deploy.map(|way| way.unwrap_or(Deploy::AllAtOnce));
    let way = b.setting(&id, "Deploy", &way, |way| way.configuration().into());
    let preference = deploys.then(|| {
        let alarm = ids::of(&ids::of(&id, "errors"), "alarm");
        let alarms = b.model.observability.alarms.then(|| ("Alarms", Value::list([Value::Ref(alarm)])));
        let entries = [("Type", way), ("Role", Value::arn(&deployer(b, span)))];
        Value::map(entries.into_iter().chain(alarms))
    });
    let Some(resource) = b.plan.resources.get_mut(&id) else { return };
    resource.properties.insert("AutoPublishAlias", ids::ALIAS.into());
    // A change of a variable is a new version as well as one of the code.
    resource.properties.insert("AutoPublishAliasAllProperties", true.into());
    for (name, value) in [("DeploymentPreference", preference), ("ProvisionedConcurrencyConfig", ready)] {
        if let Some(value) = value {
            resource.properties.insert(name, value);
        }
    }
}

/// What is kept ready. Without any, there is no such property at all.
fn provisioned(ready: Value) -> Value {
    if let Value::If(condition, ready, None) = ready {
        return Value::If(condition, Box::new(provisioned(*ready)), None);
    }
    Value::map([("ProvisionedConcurrentExecutions", ready)])
}

/// The role with which `CodeDeploy` shifts invocations, one for all functions; that of SAM would have no boundary.
/// <https://docs.aws.amazon.com/codedeploy/latest/userguide/getting-started-create-service-role.html>
fn deployer(b: &mut Builder<'_>, span: Span) -> LogicalId {
    let of = LogicalId::new(["deployments"]);
    let id = ids::of(&of, "role");
    if !b.plan.resources.contains_key(&id) {
        b.role(&of, "deployments of functions", span, "codedeploy.amazonaws.com", Some(policy::own_account_if_told()));
        if let Some(role) = b.plan.resources.get_mut(&id) {
            let managed = arn::of_managed("service-role/AWSCodeDeployRoleForLambdaLimited");
            role.properties.insert("ManagedPolicyArns", Value::list([managed]));
        }
    }
    id
}

/// The events that a function publishes itself, by bus.
fn published(b: &Builder<'_>, function: &Function) -> IndexMap<Id<Bus>, Vec<Spanned<Id<Event>>>> {
    let mut by_bus: IndexMap<Id<Bus>, Vec<Spanned<Id<Event>>>> = IndexMap::new();
    for event in &function.publishes {
        by_bus.entry(b.model.events[event.value].bus).or_default().push(*event);
    }
    by_bus
}

fn variables(b: &mut Builder<'_>, of: Id<Function>, cache: Option<Spanned<Id<Cache>>>) -> Variables {
    let model = b.model;
    let function = &model.functions[of];
    let namespace = (text(of_stack()), "the namespace of its metrics".to_owned());
    let mut variables = Variables::from([(environment::METRICS_NAMESPACE.to_owned(), namespace)]);
    for used in &function.tables {
        let table = &model.tables[used.table];
        let purpose = format!("the name of table `{}`", table.head.name);
        variables.insert(ids::table_variable(table), (Value::Ref(ids::table(table)), purpose));
    }
    for pattern in &function.queries {
        let table = &model.tables[pattern.table.value];
        let purpose = format!("the name of table `{}`", table.head.name);
        variables.insert(ids::table_variable(table), (Value::Ref(ids::table(table)), purpose));
    }
    if let Some(outbox) = &function.outbox {
        let outbox = &model.outboxes[outbox.value];
        let purpose = format!("the name of the table of outbox `{}`", outbox.head.name);
        variables.insert(ids::outbox_variable(outbox), (Value::Ref(ids::outbox(outbox)), purpose));
        let purpose = "how long events stay in the outbox, in seconds".to_owned();
        let retention = Value::string(outbox.retention.seconds.to_string());
        variables.insert(environment::OUTBOX_RETENTION.to_owned(), (retention, purpose));
    }
    for bus in published(b, function).into_keys() {
        let bus = &model.buses[bus];
        let purpose = format!("the name of bus `{}`", bus.head.name);
        variables.insert(ids::bus_variable(bus), (bus::name(bus), purpose));
    }
    for queue in &function.sends {
        let queue = &model.queues[queue.value];
        let purpose = format!("the URL of queue `{}`", queue.head.name);
        variables.insert(ids::queue_variable(queue), (Value::Ref(ids::queue(queue)), purpose));
    }
    for read in &function.config {
        let config = &model.config[read.value];
        let purpose = format!("the name of the parameter of `config` value `{}`", config.head.name);
        variables.insert(ids::config_variable(config), (config::name(config), purpose));
    }
    for secret in function.all_secrets() {
        let secret = &model.secrets[secret.value];
        let purpose = format!("where secret `{}` is", secret.head.name);
        variables.insert(ids::secret_variable(secret), (secret::key(secret), purpose));
    }
    for start in function.described() {
        let workflow = &model.workflows[start.value];
        if workflow.redis().is_none() {
            let purpose = format!("the ARN of the state machine of workflow `{}`", workflow.head.name);
            variables.insert(ids::state_machine_variable(workflow), (arn::of_workflow(workflow), purpose));
        }
    }
    if let Some(retention) = function.idempotent {
        let purpose = "the table of what idempotent functions have done".to_owned();
        variables.insert(environment::IDEMPOTENCY_TABLE.to_owned(), (Value::Ref(ids::idempotency()), purpose));
        let purpose = "how long results are kept, in seconds".to_owned();
        let retention = Value::string(retention.seconds.to_string());
        variables.insert(environment::IDEMPOTENCY_RETENTION.to_owned(), (retention, purpose));
    }
    variables.extend(work::variables(model, &model.carried_workflows(of)));
    if let Some(cache) = cache {
        variables.extend(cache::variables(model, cache.value));
    }
    variables.extend(origins(model, of));
    for (jwt, issuer, audience) in api::told_tokens(model, of) {
        variables.insert(issuer, (api::issuer(jwt), "who signs tokens of its callers".to_owned()));
        let joined = Value::Join(",", Box::new(api::audience(jwt)));
        variables.insert(audience, (joined, "whom these tokens are for".to_owned()));
    }
    let id = ids::function(function);
    for (name, variable) in &function.environment {
        if let Some((_, purpose)) = variables.get(name.as_str()) {
            let message = format!("`{}` is set by evc on this function", name.value);
            let diagnostic = Diagnostic::new(Code::EVC0608, name.span, message).note(format!("it is {purpose}"));
            b.diagnostics.push(diagnostic.help("give the variable another name"));
            continue;
        }
        let key = format!("Variable{}", pascal_case(name));
        // What a reference tells is known once all that the stack has is there: `finish/variables.rs` puts it in.
        if let Some(value) = b.optional(&id, &key, &variable.texts, |text| text.as_str().into()) {
            variables.insert(name.value.clone(), (value, "from the spec".to_owned()));
        }
    }
    variables
}

/// What tells a function behind REST APIs which pages may read its answers: those of all of these APIs.
fn origins(model: &Model, function: Id<Function>) -> Variables {
    let apis = model
        .apis
        .values()
        .filter(|api| api.kind == ApiKind::Rest && api.routes.iter().any(|route| route.function() == Some(function)));
    let (mut origins, mut credentials) = (Vec::new(), false);
    for cors in apis.filter_map(|api| api.cors.as_ref()) {
        credentials |= cors.credentials.is_some();
        for origin in &cors.origins {
            if !origins.contains(&origin.as_str()) {
                origins.push(origin.as_str());
            }
        }
    }
    let mut variables = Variables::new();
    if !origins.is_empty() {
        let purpose = "the origins of pages that may read its answers".to_owned();
        variables.insert(environment::CORS_ORIGINS.to_owned(), (origins.join(" ").into(), purpose));
    }
    if credentials {
        let purpose = "whether these pages may send credentials".to_owned();
        variables.insert(environment::CORS_CREDENTIALS.to_owned(), ("true".into(), purpose));
    }
    variables
}

fn grants(b: &mut Builder<'_>, role: &Role, of: Id<Function>) {
    let model = b.model;
    let function = &model.functions[of];
    for used in &function.tables {
        of_table(b, role, used);
    }
    for pattern in &function.queries {
        of_pattern(b, role, pattern);
    }
    if let Some(outbox) = &function.outbox {
        let table = ids::outbox(&model.outboxes[outbox.value]);
        let why = Why::new(format!("`outbox: {}`", model.outboxes[outbox.value].head.name), outbox.span);
        b.grant(role, &["dynamodb:PutItem"], [Value::arn(&table)], why);
    }
    for (bus, events) in published(b, function) {
        let names: Vec<&str> = events.iter().map(|event| model.events[event.value].head.name.as_str()).collect();
        let span = events.first().map_or(function.head.name_span, |event| event.span);
        let why = Why::new(format!("`publishes: [{}]`", names.join(", ")), span);
        b.publish(role, &model.buses[bus], &events, why);
    }
    for sent in &function.sends {
        let queue = &model.queues[sent.value];
        let why = Why::new(format!("`sends: {}`", queue.head.name), sent.span);
        b.grant(role, &["sqs:SendMessage"], [Value::arn(&ids::queue(queue))], why);
    }
    for read in &function.config {
        let config = &model.config[read.value];
        let why = Why::new(format!("`config: {}`", config.head.name), read.span);
        b.grant(role, &["ssm:GetParameter"], [config::arn(config)], why);
    }
    for read in function.all_secrets() {
        let secret = &model.secrets[read.value];
        let is_said = function.secrets.iter().any(|said| said.value == read.value);
        let key = if is_said { "secrets" } else { "webhook" };
        let why = Why::new(format!("`{key}: {}`", secret.head.name), read.span);
        b.grant(role, &[secret::action(secret)], [secret::arn(secret)], why);
    }
    if function.idempotent.is_some() {
        let why = Why::new("`idempotent`", function.idempotent_span);
        b.grant(role, &["dynamodb:PutItem"], [Value::arn(&ids::idempotency())], why);
    }
    if model.works_on_redis(of) {
        b.consume_work(role, &ids::task_queue(function), function.head.name_span);
    }
    b.hand_on_work(role, &model.carried_workflows(of));
    signals(b, role, function);
    starts(b, role, function);
    for edge in model.graph().to(Thing::Function(of)).filter(|edge| edge.relation == Relation::Feeds) {
        let Thing::Queue(id) = edge.from else { continue };
        let queue = &model.queues[id];
        let why = Why::new(format!("works off queue `{}`", queue.head.name), edge.span);
        b.consume(role, &ids::queue(queue), why);
    }
}

/// Lets a function answer what waits in workflows on Step Functions. A state machine is named by its name: it refers to the functions
/// that it calls, which may be those that answer.
fn signals(b: &mut Builder<'_>, role: &Role, function: &Function) {
    for signal in &function.signals {
        let workflow = &b.model.workflows[signal.value];
        if workflow.redis().is_some() {
            continue;
        }
        let why = Why::new(format!("`signals: {}`", workflow.head.name), signal.span);
        b.grant(role, &["states:SendTaskFailure", "states:SendTaskSuccess"], [arn::of_workflow(workflow)], why);
    }
}

/// Lets a function start workflows on Step Functions, and ask how their executions are.
fn starts(b: &mut Builder<'_>, role: &Role, function: &Function) {
    for start in &function.starts {
        let workflow = &b.model.workflows[start.value];
        if workflow.redis().is_some() {
            continue;
        }
        let why = Why::new(format!("`starts: {}`", workflow.head.name), start.span);
        b.grant(role, &["states:StartExecution"], [arn::of_workflow(workflow)], why.clone());
        b.grant(role, &["states:DescribeExecution"], [arn::of_executions(workflow)], why);
    }
    for described in function.described().skip(function.starts.len()) {
        let workflow = &b.model.workflows[described.value];
        if workflow.redis().is_none() {
            let why = Why::new(format!("`describes: {}`", workflow.head.name), described.span);
            b.grant(role, &["states:DescribeExecution"], [arn::of_executions(workflow)], why);
        }
    }
}

/// Transactions need no action of their own: each write in one is authorized by its own, and a check by `ConditionCheckItem`.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html>
fn of_table(b: &mut Builder<'_>, role: &Role, used: &TableUse) {
    let table = &b.model.tables[used.table];
    let id = ids::table(table);
    let mut actions = Vec::new();
    let mut queries = false;
    for operation in &used.operations {
        match operation {
            Operation::Get => actions.push("dynamodb:GetItem"),
            Operation::Query => queries = true,
            Operation::Put => actions.push("dynamodb:PutItem"),
            Operation::Update => actions.push("dynamodb:UpdateItem"),
            Operation::Delete => actions.push("dynamodb:DeleteItem"),
            Operation::Check => actions.push("dynamodb:ConditionCheckItem"),
            // The model has single operations only.
            Operation::Read | Operation::Write => {}
        }
    }
    let words: Vec<String> = used.operations.iter().map(|operation| format!("{operation:?}").to_lowercase()).collect();
    let why = Why::new(format!("`tables: {{ {}: [{}] }}`", table.head.name, words.join(", ")), used.span);
    if !actions.is_empty() {
        b.grant(role, &actions, [Value::arn(&id)], why.clone());
    }
    if queries {
        let indexes = text([Part::Attribute(id.clone(), "Arn"), "/index/*".into()]);
        let with_indexes = (!table.indexes.is_empty()).then_some(indexes);
        b.grant(role, &["dynamodb:Query"], [Value::arn(&id)].into_iter().chain(with_indexes), why);
    }
}

/// An access pattern may query what it names, and no other index.
fn of_pattern(b: &mut Builder<'_>, role: &Role, pattern: &AccessPattern) {
    let table = &b.model.tables[pattern.table.value];
    let id = ids::table(table);
    let resource = match &pattern.index {
        None => Value::arn(&id),
        Some(index) => text([Part::Attribute(id, "Arn"), Part::Literal(format!("/index/{}", index.value))]),
    };
    let why = Why::new(format!("`queries: {}`", pattern.name.value), pattern.place());
    b.grant(role, &["dynamodb:Query"], [resource], why);
}

/// An invocation nobody waits for that fails goes to the function's dead-letter queue, with its payload and the error.
fn asynchronous(b: &mut Builder<'_>, role: &Role, id: Id<Function>, function: &Function) {
    let logical = ids::function(function);
    let dead = b.dead_letter(DeadLetters::of(b.model, DeadLetterSource::Function(id)));
    let span = function.head.name_span;
    let why = Why::new("keeps asynchronous invocations that failed", span);
    b.grant(role, &["sqs:SendMessage"], [Value::arn(&dead)], why);
    let origin = format!("asynchronous invocations of function `{}`", function.head.name);
    b.asynchronous(&logical, (ASYNC_ATTEMPTS, ASYNC_MAX_AGE_SECONDS), Some(&dead), origin, span);
}
