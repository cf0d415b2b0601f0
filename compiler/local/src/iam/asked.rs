//! What IAM is asked for one call of an SDK: which actions, on which resources, with which keys of conditions.
//!
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>

use std::collections::BTreeMap;

use serde_json::Value;

use super::LEADING_KEYS;

/// One thing that IAM is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// `dynamodb:PutItem`.
    pub action: String,
    /// The ARN of what it is done with; `*` if it is done with nothing of its own. One that ends in `*` is of something whose name the
    /// request does not say.
    pub resource: String,
    /// What conditions may look at.
    pub context: BTreeMap<String, Vec<String>>,
}

/// What turns the names of requests into ARNs.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a> {
    /// The account's number.
    pub account: &'a str,
    /// The Region.
    pub region: &'a str,
}

impl Names<'_> {
    fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.region, self.account)
    }

    /// An ARN of what a request names by its name or by its ARN.
    fn named(&self, name: &str, service: &str, kind: &str) -> String {
        if name.starts_with("arn:") { name.to_owned() } else { self.arn(service, &format!("{kind}{name}")) }
    }

    /// The keys that every request has. What is asked here is asked over HTTPS once it is deployed.
    pub(crate) fn ask(&self, action: impl Into<String>, resource: String) -> Asked {
        let key = |key: &str, value: &str| (key.to_owned(), vec![value.to_owned()]);
        let context = BTreeMap::from([
            key("aws:RequestedRegion", self.region),
            key("aws:ResourceAccount", self.account),
            key("aws:SecureTransport", "true"),
        ]);
        Asked { action: action.into(), resource, context }
    }
}

impl Asked {
    fn with(mut self, key: impl Into<String>, value: Option<&str>) -> Self {
        if let Some(value) = value {
            self.context.entry(key.into()).or_default().push(value.to_owned());
        }
        self
    }

    /// The values of the attributes that may be a partition key.
    fn of_keys<'k>(self, keys: impl IntoIterator<Item = &'k Value>) -> Self {
        let attributes = keys.into_iter().filter_map(Value::as_object).flatten();
        attributes.fold(self, |asked, (name, value)| asked.with(format!("{LEADING_KEYS}/{name}"), scalar(value)))
    }
}

/// The text of a value of a key: of `S`, `N` or `B`.
fn scalar(value: &Value) -> Option<&str> {
    ["S", "N", "B"].iter().find_map(|kind| value.get(kind)).and_then(Value::as_str)
}

fn text<'b>(body: &'b Value, name: &str) -> &'b str {
    body.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn list<'b>(body: &'b Value, name: &str) -> &'b [Value] {
    body.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// What IAM is asked for a call. Nothing of a service that the local system does not have: it says so itself.
pub fn asked(service: &str, operation: &str, body: &Value, names: &Names<'_>) -> Vec<Asked> {
    match service {
        "DynamoDB_20120810" => dynamodb(operation, body, names),
        "DynamoDBStreams_20120810" => vec![streams(operation, body, names)],
        "AWSEvents" => eventbridge(operation, body, names),
        "AmazonSQS" => sqs(operation, body, names),
        "AWSStepFunctions" => vec![stepfunctions(operation, body, names)],
        "secretsmanager" => vec![secretsmanager(operation, body, names)],
        "AmazonSSM" => ssm(operation, body, names),
        "SNS" => vec![sns(operation, body, names)],
        "IAM" => vec![names.ask(format!("iam:{operation}"), "*".to_owned())],
        "Logs_20140328" => vec![names.ask(format!("logs:{operation}"), "*".to_owned())],
        "Lambda" => vec![lambda(operation, body, names)],
        _ => Vec::new(),
    }
}

/// A transaction needs what each of its parts needs by itself, a batch has actions of its own.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html>
fn dynamodb(operation: &str, body: &Value, names: &Names<'_>) -> Vec<Asked> {
    let on =
        |action: &str, table: &str| names.ask(format!("dynamodb:{action}"), names.named(table, "dynamodb", "table/"));
    let all = |action: &str| vec![names.ask(format!("dynamodb:{action}"), "*".to_owned())];
    match operation {
        "TransactWriteItems" | "TransactGetItems" => {
            let parts = list(body, "TransactItems").iter().filter_map(Value::as_object).flatten();
            let part = |(kind, part): (&String, &Value)| {
                let action = match kind.as_str() {
                    "ConditionCheck" => "ConditionCheckItem".to_owned(),
                    kind => format!("{kind}Item"),
                };
                on(&action, text(part, "TableName")).of_keys([part.get("Key"), part.get("Item")].into_iter().flatten())
            };
            parts.map(part).collect()
        }
        "BatchGetItem" | "BatchWriteItem" => {
            let tables = body.get("RequestItems").and_then(Value::as_object).into_iter().flatten();
            let table = |(table, of): (&String, &Value)| {
                let requests = of.as_array().map_or(&[][..], Vec::as_slice).iter();
                let written = requests
                    .filter_map(|it| it.pointer("/PutRequest/Item").or_else(|| it.pointer("/DeleteRequest/Key")));
                on(operation, table).of_keys(list(of, "Keys").iter().chain(written))
            };
            tables.map(table).collect()
        }
        "ExecuteStatement" => vec![partiql(text(body, "Statement"), names)],
        "BatchExecuteStatement" => {
            list(body, "Statements").iter().map(|it| partiql(text(it, "Statement"), names)).collect()
        }
        "ExecuteTransaction" => {
            list(body, "TransactStatements").iter().map(|it| partiql(text(it, "Statement"), names)).collect()
        }
        "Query" | "Scan" => {
            let mut asked = on(operation, text(body, "TableName"));
            if let Some(index) = body.get("IndexName").and_then(Value::as_str) {
                asked.resource = format!("{}/index/{index}", asked.resource);
            }
            let equal = equalities(body);
            vec![
                equal
                    .into_iter()
                    .fold(asked, |asked, (name, value)| asked.with(format!("{LEADING_KEYS}/{name}"), scalar(value))),
            ]
        }
        _ if body.get("TableName").is_some() => {
            vec![
                on(operation, text(body, "TableName"))
                    .of_keys([body.get("Key"), body.get("Item")].into_iter().flatten()),
            ]
        }
        "TagResource" | "UntagResource" | "ListTagsOfResource" => vec![on(operation, text(body, "ResourceArn"))],
        _ => all(operation),
    }
}

/// The attributes that a query asks to be equal to a value, with the value.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.KeyConditionExpressions.html>
fn equalities(body: &Value) -> Vec<(String, &Value)> {
    let expression = text(body, "KeyConditionExpression").replace(['(', ')'], " ").replace('=', " = ");
    let words: Vec<&str> = expression.split_whitespace().collect();
    let name = |word: &str| match body.get("ExpressionAttributeNames").and_then(|names| names.get(word)) {
        Some(name) => name.as_str().unwrap_or_default().to_owned(),
        None => word.to_owned(),
    };
    let equality = |words: &[&str]| match words {
        // Of `a <= :b`, the sign before `=` is a word as well.
        [attribute, "=", value] if !["<", ">"].contains(attribute) => {
            Some((name(attribute), body.get("ExpressionAttributeValues")?.get(value)?))
        }
        _ => None,
    };
    words.windows(3).filter_map(equality).collect()
}

/// A statement of `PartiQL`, which has an action for each of its verbs.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-iam.html>
fn partiql(statement: &str, names: &Names<'_>) -> Asked {
    let words: Vec<&str> = statement.split_whitespace().collect();
    let (action, before) = match words.first().map(|verb| verb.to_ascii_uppercase()).as_deref() {
        Some("INSERT") => ("PartiQLInsert", "INTO"),
        Some("UPDATE") => ("PartiQLUpdate", "UPDATE"),
        Some("DELETE") => ("PartiQLDelete", "FROM"),
        _ => ("PartiQLSelect", "FROM"),
    };
    let at = words.iter().position(|word| word.eq_ignore_ascii_case(before));
    let table = at.and_then(|at| words.get(at + 1)).copied().unwrap_or("*");
    let table = table.replace("\".\"", "/index/").replace(['"', '\''], "");
    names.ask(format!("dynamodb:{action}"), names.named(&table, "dynamodb", "table/"))
}

/// A shard's iterator does not say of which stream it is.
fn streams(operation: &str, body: &Value, names: &Names<'_>) -> Asked {
    let resource = match (operation, body.get("StreamArn").and_then(Value::as_str)) {
        ("ListStreams", _) => "*".to_owned(),
        (_, Some(arn)) => arn.to_owned(),
        (_, None) => names.arn("dynamodb", "table/*"),
    };
    names.ask(format!("dynamodb:{operation}"), resource)
}

/// Each entry is asked for by itself: its bus, its source and what it says it is.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html>
fn eventbridge(operation: &str, body: &Value, names: &Names<'_>) -> Vec<Asked> {
    if let "StartReplay" | "DescribeReplay" | "CancelReplay" = operation {
        let replay = names.arn("events", &format!("replay/{}", text(body, "ReplayName")));
        return vec![names.ask(format!("events:{operation}"), replay)];
    }
    if operation != "PutEvents" {
        return vec![names.ask(format!("events:{operation}"), "*".to_owned())];
    }
    let entry = |entry: &Value| {
        let said = |key: &str| entry.get(key).and_then(Value::as_str);
        names
            .ask("events:PutEvents", names.named(said("EventBusName").unwrap_or("default"), "events", "event-bus/"))
            .with("events:source", said("Source"))
            .with("events:detail-type", said("DetailType"))
    };
    list(body, "Entries").iter().map(entry).collect()
}

/// A batch needs what one message needs.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html>
fn sqs(operation: &str, body: &Value, names: &Names<'_>) -> Vec<Asked> {
    let on = |action: &str, arn: &str| names.ask(format!("sqs:{action}"), arn.to_owned());
    match operation {
        "ListQueues" => vec![on(operation, "*")],
        "GetQueueUrl" => vec![on(operation, &names.arn("sqs", text(body, "QueueName")))],
        // <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html>
        "StartMessageMoveTask" => {
            let needed = [operation, "ReceiveMessage", "DeleteMessage", "GetQueueAttributes"];
            let source = needed.map(|action| on(action, text(body, "SourceArn")));
            let destination = body.get("DestinationArn").and_then(Value::as_str).map(|arn| on("SendMessage", arn));
            source.into_iter().chain(destination).collect()
        }
        _ => {
            let path = text(body, "QueueUrl").rsplit('/').collect::<Vec<_>>();
            let (name, account) =
                (path.first().copied().unwrap_or_default(), path.get(1).copied().unwrap_or(names.account));
            let arn = format!("arn:aws:sqs:{}:{account}:{name}", names.region);
            vec![on(operation.strip_suffix("Batch").unwrap_or(operation), &arn)]
        }
    }
}

/// The token of a task does not say of which machine it is.
fn stepfunctions(operation: &str, body: &Value, names: &Names<'_>) -> Asked {
    let named = ["stateMachineArn", "executionArn"].iter().find_map(|name| body.get(name)).and_then(Value::as_str);
    let resource = match (operation, named) {
        ("SendTaskSuccess" | "SendTaskFailure" | "SendTaskHeartbeat", _) => names.arn("states", "stateMachine:*"),
        (_, Some(arn)) => arn.to_owned(),
        (_, None) => "*".to_owned(),
    };
    names.ask(format!("states:{operation}"), resource)
}

/// The ARN of a secret ends in six characters that its name does not have.
/// <https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_iam-permissions.html#iam-resources>
fn secretsmanager(operation: &str, body: &Value, names: &Names<'_>) -> Asked {
    let resource = match body.get("SecretId").and_then(Value::as_str) {
        Some(arn) if arn.starts_with("arn:") => arn.to_owned(),
        Some(name) => names.arn("secretsmanager", &format!("secret:{name}-AbCdEf")),
        None => "*".to_owned(),
    };
    let stage = body.get("VersionStage").and_then(Value::as_str);
    names.ask(format!("secretsmanager:{operation}"), resource).with("secretsmanager:VersionStage", stage)
}

/// A batch needs what one message needs.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html>
fn sns(operation: &str, body: &Value, names: &Names<'_>) -> Asked {
    let topic = ["TopicArn", "TargetArn"].iter().map(|name| text(body, name)).find(|arn| !arn.is_empty());
    let action = operation.strip_suffix("Batch").unwrap_or(operation);
    names.ask(format!("sns:{action}"), topic.unwrap_or("*").to_owned())
}

/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html>
fn lambda(operation: &str, body: &Value, names: &Names<'_>) -> Asked {
    let action = if operation == "Invoke" { "InvokeFunction" } else { operation };
    match text(body, "FunctionName") {
        "" => names.ask(format!("lambda:{action}"), "*".to_owned()),
        name => names.ask(format!("lambda:{action}"), names.named(name, "lambda", "function:")),
    }
}

/// What `SecureString`s need of their key is not asked: AWS's own key for them is everybody's in the account.
fn ssm(operation: &str, body: &Value, names: &Names<'_>) -> Vec<Asked> {
    let on = |name: &str| {
        // `name:3` is a version of it. The slash that a name begins with stands in the ARN once.
        let plain = if name.starts_with("arn:") {
            name
        } else {
            name.split(':').next().unwrap_or(name).trim_start_matches('/')
        };
        names.ask(format!("ssm:{operation}"), names.named(plain, "ssm", "parameter/"))
    };
    match operation {
        "GetParameters" => list(body, "Names").iter().filter_map(Value::as_str).map(on).collect(),
        "GetParametersByPath" => vec![on(text(body, "Path"))],
        _ => match body.get("Name").and_then(Value::as_str) {
            Some(name) => vec![on(name)],
            None => vec![names.ask(format!("ssm:{operation}"), "*".to_owned())],
        },
    }
}
