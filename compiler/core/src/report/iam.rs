//! `evc build --explain iam`: who may do what, and why, as the template says it: permissions that evc derives, and statements of the spec's
//! own resources and overrides.

use serde_json::{Map, Value as Json, json};

use crate::emit::Input;
use crate::plan::value;
use crate::plan::value::{Part, Value};
use crate::plan::{LogicalId, Resource};
use crate::source::Span;

/// One statement.
struct Row {
    who: String,
    may: Vec<String>,
    on: Vec<String>,
    conditions: Map<String, Json>,
    allows: bool,
    because: String,
    span: Span,
}

/// A table of every permission: who, the actions, on what, the reason and the line of the spec. First those of roles, then
/// those that resources give to services and others which have no role of this stack.
pub fn table(input: Input<'_>) -> String {
    let header = ["WHO", "MAY", "ON", "BECAUSE", "SPEC"].map(str::to_owned);
    let cells = |row: Row| {
        let Row { who, may, on, because, span, allows, .. } = row;
        let (on, location) = (on.join(", "), input.location(span));
        let not = if allows { "" } else { "not " };
        let cells = move |action: String| {
            [who.clone(), format!("{not}{action}"), on.clone(), because.clone(), location.clone()]
        };
        may.into_iter().map(cells)
    };
    let rows: Vec<[String; 5]> = std::iter::once(header).chain(rows(input).into_iter().flat_map(cells)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 5] = std::array::from_fn(width);
    let line = |row: &[String; 5]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

/// The same for programs: a JSON object a line, a line for each statement.
///
/// ```json
/// {"reason":"permission","who":"function `order`","may":["dynamodb:PutItem"],"on":["OrdersTable"],"conditions":{},
///  "effect":"Allow","because":"`tables: { orders: [put] }`","spec":"specs/shop.yaml:4"}
/// ```
///
/// `on` are logical ids of the template, or ARNs; `conditions` are as IAM writes them: operator, key, value. Later versions may add fields.
pub fn json(input: Input<'_>) -> String {
    let line = |row: Row| {
        let line = json!({
            "reason": "permission", "who": row.who, "may": row.may, "on": row.on, "conditions": row.conditions,
            "effect": if row.allows { "Allow" } else { "Deny" },
            "because": row.because, "spec": input.location(row.span),
        });
        format!("{line}\n")
    };
    rows(input).into_iter().map(line).collect()
}

fn rows(input: Input<'_>) -> Vec<Row> {
    let plan = input.plan;
    let mut rows: Vec<Row> = plan
        .grants
        .iter()
        .map(|grant| Row {
            who: grant.principal.clone(),
            may: grant.actions.clone(),
            on: grant.resources.iter().map(text).collect(),
            conditions: grant.conditions.iter().map(|(operator, keys)| (operator.to_owned(), keys_of(keys))).collect(),
            allows: true,
            because: grant.reason.clone(),
            span: grant.span,
        })
        .collect();
    for (id, resource) in &plan.resources {
        match resource.type_.as_str() {
            "AWS::IAM::Role" | "AWS::IAM::User" | "AWS::IAM::Group" => of_role(input, id, resource, &mut rows),
            "AWS::Serverless::Function" | "AWS::Serverless::StateMachine" => of_sam(resource, &mut rows),
            "AWS::IAM::Policy"
            | "AWS::IAM::ManagedPolicy"
            | "AWS::IAM::RolePolicy"
            | "AWS::IAM::UserPolicy"
            | "AWS::IAM::GroupPolicy" => attached(input, resource, &mut rows),
            _ => {}
        }
    }
    for (id, resource) in &plan.resources {
        if resource.type_ == "AWS::Lambda::Permission" {
            rows.push(of_permission(resource));
        } else if !resource.type_.starts_with("AWS::IAM::") {
            of_resource(id, resource, &mut rows);
        }
    }
    rows
}

fn keys_of(keys: &value::Map) -> Json {
    Json::Object(keys.iter().map(|(key, value)| (key.to_owned(), Json::String(text(value)))).collect())
}

/// What a role has beyond what was derived: statements of an override, or all of a role, user or group of the spec's own; and who may assume
/// that.
fn of_role(input: Input<'_>, id: &LogicalId, role: &Resource, rows: &mut Vec<Row>) {
    let who = holder(input, &Value::Ref(id.clone()));
    for (policy, when) in items(role.properties.get("Policies")) {
        let named = entry(policy, "PolicyName").map(text).unwrap_or_default();
        statements(entry(policy, "PolicyDocument"), &who, &format!("policy `{named}`{when}"), role, rows);
    }
    for (arn, when) in items(role.properties.get("ManagedPolicyArns")) {
        rows.push(managed(&who, arn, &when, role));
    }
    if is_own(role) || role.overridden.is_some() {
        let because = format!("who may assume `{id}`");
        statements(role.properties.get("AssumeRolePolicyDocument"), id.as_str(), &because, role, rows);
    }
}

/// What SAM puts into the role of a function or a workflow of the spec's own: documents, managed policies and policy templates.
fn of_sam(resource: &Resource, rows: &mut Vec<Row>) {
    for (policy, when) in items(resource.properties.get("Policies")) {
        match policy {
            Value::Map(entries) if entries.contains_key("Statement") => {
                let because = format!("its `Policies`{when}");
                statements(Some(policy), &resource.origin, &because, resource, rows);
            }
            Value::Map(entries) if entries.len() == 1 && !is_call(entries) => {
                let names = entries.keys().map(|name| Value::from(format!("{name} of SAM")));
                rows.extend(names.map(|name| managed(&resource.origin, &name, &when, resource)));
            }
            other => rows.push(managed(&resource.origin, other, &when, resource)),
        }
    }
}

/// A policy whose statements are not in the template.
fn managed(who: &str, policy: &Value, when: &str, of: &Resource) -> Row {
    Row {
        who: who.to_owned(),
        may: vec!["what the policy says".to_owned()],
        on: vec![text(policy)],
        conditions: Map::new(),
        allows: true,
        because: format!("managed policy{when}"),
        span: of.place(),
    }
}

/// A policy that is attached to roles, users and groups.
fn attached(input: Input<'_>, policy: &Resource, rows: &mut Vec<Row>) {
    let properties = &policy.properties;
    let many = ["Roles", "Users", "Groups"].into_iter().flat_map(|key| items(properties.get(key))).map(|(it, _)| it);
    let one = ["RoleName", "UserName", "GroupName"].into_iter().filter_map(|key| properties.get(key));
    let holders: Vec<String> = many.chain(one).map(|value| holder(input, value)).collect();
    let who = if holders.is_empty() { "whoever has the policy".to_owned() } else { holders.join(", ") };
    statements(properties.get("PolicyDocument"), &who, &policy.origin, policy, rows);
}

/// Whose a role is: "function `pay`" for that of a function.
fn holder(input: Input<'_>, role: &Value) -> String {
    let name = text(role);
    let resource = input.plan.resources.get(name.as_str());
    resource.map_or(name, |it| it.origin.strip_prefix("role of ").unwrap_or(&it.origin).to_owned())
}

fn of_permission(permission: &Resource) -> Row {
    let property = |name: &str| permission.properties.get(name).map(text).unwrap_or_default();
    Row {
        who: property("Principal"),
        may: vec![property("Action")],
        on: vec![property("FunctionName")],
        conditions: Map::new(),
        allows: true,
        because: permission.origin.clone(),
        span: permission.place(),
    }
}

/// The policies of queues, topics, buckets, buses, keys and the like: whatever has a document with statements.
fn of_resource(id: &LogicalId, resource: &Resource, rows: &mut Vec<Row>) {
    for name in ["PolicyDocument", "KeyPolicy", "ResourcePolicy", "Policy"] {
        statements(resource.properties.get(name), id.as_str(), &resource.origin, resource, rows);
    }
    // That of a bus is one statement.
    if resource.type_ == "AWS::Events::EventBusPolicy" {
        rows.extend(
            resource.properties.get("Statement").and_then(|it| statement(it, id.as_str(), &resource.origin, resource)),
        );
    }
}

/// The statements of a document that nothing was told of yet: those that evc derives for roles are.
fn statements(document: Option<&Value>, who: &str, because: &str, resource: &Resource, rows: &mut Vec<Row>) {
    let Some(document) = document else { return };
    let is_told = |statement: &Value| resource.type_ == "AWS::IAM::Role" && matches!(statement, Value::Because(..));
    for (document, of_document) in alternatives(document) {
        let all = items(entry(document, "Statement")).into_iter().filter(|(it, _)| !is_told(it));
        let row = |(it, when): (_, String)| statement(it, who, &format!("{because}{of_document}{when}"), resource);
        rows.extend(all.filter_map(row));
    }
}

fn statement(value: &Value, who: &str, because: &str, resource: &Resource) -> Option<Row> {
    let value = if let Value::Because(_, inner) = value { inner } else { value };
    let Value::Map(entries) = value else { return None };
    let texts = |key: &str| -> Vec<String> { items(entries.get(key)).into_iter().map(|(it, _)| text(it)).collect() };
    let mut may = texts("Action");
    may.extend(texts("NotAction").into_iter().map(|action| format!("all but {action}")));
    let mut on = texts("Resource");
    on.extend(texts("NotResource").into_iter().map(|resource| format!("all but {resource}")));
    let principals = principals(entries);
    // A policy of a resource is on it, if it says nothing else.
    if on.is_empty() {
        on.push(who.to_owned());
    }
    let conditions = match entries.get("Condition") {
        Some(Value::Map(operators)) => operators
            .iter()
            .map(|(operator, keys)| match keys {
                Value::Map(keys) => (operator.to_owned(), keys_of(keys)),
                other => (operator.to_owned(), as_json(other)),
            })
            .collect(),
        _ => Map::new(),
    };
    Some(Row {
        who: if principals.is_empty() { who.to_owned() } else { principals.join(", ") },
        may,
        on,
        conditions,
        allows: entries.get("Effect").is_none_or(|effect| *effect != "Deny".into()),
        because: because.to_owned(),
        span: resource.place(),
    })
}

/// Whom a statement is about: services, accounts, `*` for everybody.
fn principals(statement: &value::Map) -> Vec<String> {
    let (not, value) = match (statement.get("Principal"), statement.get("NotPrincipal")) {
        (Some(value), _) => ("", value),
        (None, Some(value)) => ("all but ", value),
        (None, None) => return Vec::new(),
    };
    let texts: Vec<String> = match value {
        Value::Map(kinds) if !is_call(kinds) => {
            kinds.values().flat_map(|it| items(Some(it))).map(|(it, _)| text(it)).collect()
        }
        other => vec![text(other)],
    };
    texts.into_iter().map(|text| format!("{not}{text}")).collect()
}

fn is_own(resource: &Resource) -> bool {
    resource.address.starts_with("resources.")
}

fn entry<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    if let Value::Map(entries) = value { entries.get(key) } else { None }
}

/// The items of a list, or a value alone, each with the condition under which it is one.
fn items(value: Option<&Value>) -> Vec<(&Value, String)> {
    let each = value.into_iter().flat_map(alternatives).flat_map(|(value, when)| {
        let items = if let Value::List(items) = value { items.as_slice() } else { std::slice::from_ref(value) };
        let inner = items.iter().flat_map(alternatives);
        inner.map(|(item, inner)| (item, format!("{when}{inner}"))).collect::<Vec<_>>()
    });
    each.collect()
}

/// What a value may be, with the condition under which it is: of `Fn::If` both, and of `AWS::NoValue` nothing.
fn alternatives(value: &Value) -> Vec<(&Value, String)> {
    let (condition, branches) = match value {
        Value::Map(entries) => match entries.first() {
            Some(("Fn::If", Value::List(items))) => match items.as_slice() {
                [Value::String(condition), yes, no] => (condition, [Some(yes), Some(no)]),
                _ => return vec![(value, String::new())],
            },
            Some(("Ref", Value::String(name))) if name == "AWS::NoValue" => return Vec::new(),
            _ => return vec![(value, String::new())],
        },
        Value::If(condition, yes, no) => (condition, [Some(&**yes), no.as_deref()]),
        Value::Parameter(name) if name == "AWS::NoValue" => return Vec::new(),
        _ => return vec![(value, String::new())],
    };
    let words = [format!(", where `{condition}` holds"), format!(", where `{condition}` does not hold")];
    let both = branches.into_iter().zip(words).filter_map(|(branch, words)| Some((branch?, words)));
    both.flat_map(|(branch, words)| {
        alternatives(branch).into_iter().map(move |(it, when)| (it, format!("{words}{when}")))
    })
    .collect()
}

fn is_call(entries: &value::Map) -> bool {
    entries.len() == 1 && entries.keys().all(|key| key == "Ref" || key.starts_with("Fn::"))
}

/// What a permission is on, as people read it.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Ref(id) => id.to_string(),
        Value::Attribute(id, "Arn" | "ARN") => id.to_string(),
        Value::Attribute(id, attribute) => format!("{id}.{attribute}"),
        Value::Parameter(name) => format!("${{{name}}}"),
        Value::Text(parts) => parts.iter().map(part).collect(),
        Value::Because(_, inner) => text(inner),
        Value::Map(entries) if is_call(entries) => called(entries).unwrap_or_else(|| as_json(value).to_string()),
        other => as_json(other).to_string(),
    }
}

/// A function of CloudFormation as people read it. `None` for those that are read best as they are.
fn called(entries: &value::Map) -> Option<String> {
    let (function, argument) = entries.first()?;
    match (function, argument) {
        ("Ref", Value::String(text)) => Some(text.clone()),
        // A reference alone is what it refers to.
        ("Fn::Sub", Value::String(text)) => {
            let only = text
                .strip_prefix("${")
                .and_then(|rest| rest.strip_suffix('}'))
                .filter(|name| !name.contains(['$', '{']));
            Some(only.map_or(text.as_str(), |name| name.trim_end_matches(".Arn")).to_owned())
        }
        ("Fn::Select", Value::List(of)) => match of.as_slice() {
            [Value::Integer(index), Value::List(of)] => of.get(usize::try_from(*index).ok()?).map(text),
            _ => None,
        },
        ("Fn::Join", Value::List(of)) => match of.as_slice() {
            [Value::String(separator), Value::List(of)] => {
                Some(of.iter().map(text).collect::<Vec<_>>().join(separator))
            }
            _ => None,
        },
        ("Fn::Sub", Value::List(items)) => items.first().map(text),
        ("Fn::GetAtt", Value::String(path)) => Some(path.trim_end_matches(".Arn").to_owned()),
        ("Fn::GetAtt", Value::List(path)) => {
            let path: Vec<String> = path.iter().map(text).collect();
            Some(path.join(".").trim_end_matches(".Arn").to_owned())
        }
        _ => None,
    }
}

fn part(part: &Part) -> String {
    match part {
        Part::Literal(text) => text.clone(),
        Part::Ref(id) | Part::Attribute(id, "Arn") => id.to_string(),
        Part::Parameter(name) => format!("${{{name}}}"),
        Part::Attribute(id, attribute) => format!("{id}.{attribute}"),
    }
}

/// A value as JSON, with functions that people have short words for as those.
fn as_json(value: &Value) -> Json {
    match value {
        Value::Bool(value) => Json::Bool(*value),
        Value::Integer(number) => Json::from(*number),
        Value::List(items) => Json::Array(items.iter().map(as_json).collect()),
        Value::Map(entries) => {
            Json::Object(entries.iter().map(|(key, value)| (key.to_owned(), as_json(value))).collect())
        }
        Value::Json(inner) | Value::Because(_, inner) => as_json(inner),
        Value::If(condition, yes, no) => {
            let no = no.as_ref().map_or(Json::Null, |no| as_json(no));
            json!({ "Fn::If": [condition, as_json(yes), no] })
        }
        Value::Piece(index, separator, inner) => {
            json!({ "Fn::Select": [index, { "Fn::Split": [separator, as_json(inner)] }] })
        }
        Value::Join(separator, inner) => json!({ "Fn::Join": [separator, as_json(inner)] }),
        Value::Split(separator, inner) => json!({ "Fn::Split": [separator, as_json(inner)] }),
        Value::Zone(number) => json!({ "Fn::Select": [number, { "Fn::GetAZs": "" }] }),
        Value::ByEnvironment(key) => Json::String(format!("{key} of the environment")),
        Value::Number(text) => Json::String(text.clone()),
        Value::String(_) | Value::Ref(_) | Value::Attribute(..) | Value::Parameter(_) | Value::Text(_) => {
            Json::String(text(value))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emit::Project;

    #[test]
    fn roles_and_services_are_told_with_the_reason() {
        let spec = "evc: 1\nservice: shop\ntables: { orders: { item: { id: uuid }, key: id } }\n\
                    functions: { order: { input: { id: uuid }, tables: { orders: put } } }\n\
                    apis: { web: { routes: { POST /orders: { function: order } } } }\n";
        let analysis = crate::session::analyze_text("specs/a.yaml", spec);
        assert!(!analysis.has_errors(), "{:?}", analysis.diagnostics);
        let model = analysis.model.as_ref().expect("the spec names its service");
        let plan = crate::session::plan(model).plan;
        let project = Project { spec_path: "specs/a.yaml".to_owned(), ..Project::default() };
        let table = table(Input { plan: &plan, sources: &analysis.sources, project: &project });
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        let lines: Vec<String> = table.lines().map(words).collect();
        for line in [
            "function `order` dynamodb:PutItem OrdersTable `tables: { orders: [put] }` specs/a.yaml:4",
            "apigateway.amazonaws.com lambda:InvokeFunction OrderFunction route `POST /orders` of API `web` specs/a.yaml:5",
        ] {
            assert!(lines.iter().any(|it| it == line), "{table}");
        }
        let json = json(Input { plan: &plan, sources: &analysis.sources, project: &project });
        for line in [
            r#"{"reason":"permission","who":"function `order`","may":["dynamodb:PutItem"],"on":["OrdersTable"],"conditions":{},"effect":"Allow","because":"`tables: { orders: [put] }`","spec":"specs/a.yaml:4"}"#,
            r#"{"reason":"permission","who":"apigateway.amazonaws.com","may":["lambda:InvokeFunction"],"on":["OrderFunction"],"conditions":{},"effect":"Allow","because":"route `POST /orders` of API `web`","spec":"specs/a.yaml:5"}"#,
        ] {
            let wanted: Json = serde_json::from_str(line).expect("an object");
            let found = json.lines().map(|line| serde_json::from_str(line).expect("an object"));
            assert!(found.into_iter().any(|found: Json| found == wanted), "{json}");
        }
    }

    #[test]
    fn statements_of_resources_and_overrides_are_told_beside_those_that_are_derived() {
        let spec = "evc: 1
service: shop
functions:
  ping: { api: GET /ping }
overrides:
  functions.ping.role:
    properties:
      Policies: [{ PolicyName: mine, PolicyDocument: { Version: '2012-10-17', Statement: [{ Effect: Allow, Action: 'iot:Publish', Resource: '*' }] } }]
      ManagedPolicyArns: ['arn:aws:iam::aws:policy/ReadOnlyAccess']
conditions: { IsShop: { 'Fn::Equals': [{ Ref: ProjectName }, shop] } }
resources:
  PingMay:
    type: AWS::IAM::RolePolicy
    properties: { RoleName: { Ref: PingFunctionRole }, PolicyName: all, PolicyDocument: { Version: '2012-10-17', Statement: [{ Effect: Deny, NotAction: 's3:*', Resource: { 'Fn::Sub': '${Topic}/*' } }] } }
  Shared:
    type: AWS::IAM::ManagedPolicy
    properties: { Roles: [{ ref: functions.ping.role }, ops], PolicyDocument: { Version: '2012-10-17', Statement: { Effect: Allow, Action: ['sqs:*'], Resource: '*' } } }
  Other:
    type: AWS::IAM::Role
    properties:
      AssumeRolePolicyDocument: { Version: '2012-10-17', Statement: [{ Effect: Allow, Principal: { Service: scheduler.amazonaws.com }, Action: 'sts:AssumeRole' }] }
      Policies: [{ PolicyName: x, PolicyDocument: { Version: '2012-10-17', Statement: [{ Effect: Allow, Action: 'lambda:InvokeFunction', Resource: { ref: functions.ping.arn } }] } }]
  Anybody:
    type: AWS::Lambda::Permission
    properties: { FunctionName: { ref: functions.ping.name }, Action: 'lambda:InvokeFunction', Principal: '*' }
  Topic: { type: AWS::SNS::Topic, properties: { KmsMasterKeyId: alias/aws/sns } }
  User:
    type: AWS::IAM::User
    properties: { Policies: [{ PolicyName: u, PolicyDocument: { Version: '2012-10-17', Statement: [{ Effect: Allow, Action: 'lambda:InvokeFunction', Resource: { 'Fn::Sub': '${PingFunction.Arn}' } }] } }] }
  Sometimes:
    type: AWS::IAM::Policy
    properties:
      PolicyName: sometimes
      Roles: [{ 'Fn::Select': [0, [{ 'Fn::Sub': '${PingFunctionRole}' }]] }]
      PolicyDocument: { Version: '2012-10-17', Statement: [{ 'Fn::If': [IsShop, { Effect: Allow, Action: { 'Fn::If': [IsShop, 's3:GetObject', 's3:PutObject'] }, Resource: 'arn:aws:s3:::a/*' }, { Ref: 'AWS::NoValue' }] }] }
  Sam:
    type: AWS::Serverless::Function
    properties: { Runtime: provided.al2023, Handler: bootstrap, InlineCode: x, Policies: [AmazonSNSReadOnlyAccess, { SQSPollerPolicy: { QueueName: q } }, { Version: '2012-10-17', Statement: [{ Effect: Allow, Action: 's3:GetObject', Resource: 'arn:aws:s3:::b/*' }] }] }
  TopicPolicy:
    type: AWS::SNS::TopicPolicy
    properties: { Topics: [{ Ref: Topic }], PolicyDocument: { Version: '2012-10-17', Statement: [{ Effect: Allow, Principal: '*', Action: 'sns:Publish', Resource: { Ref: Topic }, Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } } }] } }
";
        let analysis = crate::session::analyze_text("specs/a.yaml", spec);
        assert!(!analysis.has_errors(), "{:?}", analysis.diagnostics);
        let model = analysis.model.as_ref().expect("the spec names its service");
        let plan = crate::session::plan(model).plan;
        let project = Project { spec_path: "specs/a.yaml".to_owned(), ..Project::default() };
        let input = Input { plan: &plan, sources: &analysis.sources, project: &project };
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        let table = table(input);
        let lines: Vec<String> = table.lines().map(words).collect();
        for line in [
            "function `ping` xray:PutTelemetryRecords * X-Ray traces; these actions cannot be limited to a resource specs/a.yaml:4",
            "function `ping` iot:Publish * policy `mine` specs/a.yaml:6",
            "function `ping` what the policy says arn:aws:iam::aws:policy/ReadOnlyAccess managed policy specs/a.yaml:6",
            "function `ping` not all but s3:* ${Topic}/* resource `PingMay` of the spec specs/a.yaml:12",
            "function `ping`, ops sqs:* * resource `Shared` of the spec specs/a.yaml:15",
            "resource `Other` of the spec lambda:InvokeFunction PingFunction policy `x` specs/a.yaml:18",
            "scheduler.amazonaws.com sts:AssumeRole Other who may assume `Other` specs/a.yaml:18",
            "* lambda:InvokeFunction PingFunction resource `Anybody` of the spec specs/a.yaml:23",
            "resource `User` of the spec lambda:InvokeFunction PingFunction policy `u` specs/a.yaml:27",
            "function `ping` s3:GetObject arn:aws:s3:::a/* resource `Sometimes` of the spec, where `IsShop` holds specs/a.yaml:30",
            "resource `Sam` of the spec what the policy says AmazonSNSReadOnlyAccess managed policy specs/a.yaml:36",
            "resource `Sam` of the spec what the policy says SQSPollerPolicy of SAM managed policy specs/a.yaml:36",
            "resource `Sam` of the spec s3:GetObject arn:aws:s3:::b/* its `Policies` specs/a.yaml:36",
            "* sns:Publish Topic resource `TopicPolicy` of the spec specs/a.yaml:39",
        ] {
            assert!(lines.iter().any(|it| it == line), "{line}\n{table}");
        }
        assert!(json(input).contains(r#""conditions":{"StringEquals":{"aws:SourceAccount":"AWS::AccountId"}}"#));
    }
}
