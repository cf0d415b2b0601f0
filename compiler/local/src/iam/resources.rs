//! The policies of resources: who may send to a queue, publish on a topic, invoke a function, write into a log group, use a key.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_identity-vs-resource.html>

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::statement::{Misses, Statement, raw, texts};
use super::{Asked, Denied, shown};
use crate::Stack;
use crate::stack::Resource;

/// The policies of the resources of all stacks.
#[derive(Debug, Default)]
pub(crate) struct Resources {
    documents: Vec<Document>,
    /// What the spec calls resources, and where that is, by ARN.
    things: IndexMap<String, (String, String)>,
}

/// A policy, or one statement of a function's policy: each permission is a resource of its own.
#[derive(Debug)]
struct Document {
    /// What the spec calls it, and where that is.
    address: String,
    place: String,
    /// The ARNs of what it stands on; `None`: of whatever its statements name.
    on: Option<Vec<String>>,
    written: Vec<Value>,
    statements: Vec<Statement>,
}

impl Document {
    fn of(resource: &Resource, on: Option<Vec<String>>, written: Vec<Value>) -> Self {
        let statements = written.iter().filter_map(Statement::of).collect();
        Self { address: resource.address.clone(), place: resource.place.clone(), on, written, statements }
    }

    fn by_hand(on: &str, written: Vec<Value>) -> Self {
        let statements = written.iter().filter_map(Statement::of).collect();
        let (address, on) = (format!("the policy of {on}"), Some(vec![on.to_owned()]));
        Self { address, place: "set by hand".to_owned(), on, written, statements }
    }

    fn is_on(&self, arn: &str) -> bool {
        self.on.as_ref().is_none_or(|on| on.iter().any(|on| on == arn))
    }
}

impl Resources {
    /// Those of the stacks.
    pub(crate) fn of(stacks: &[Arc<Stack>]) -> Self {
        let mut resources = Self::default();
        for stack in stacks {
            for (id, it) in &stack.resources {
                if !it.arn.is_empty() {
                    resources.things.insert(it.arn.clone(), (it.address.clone(), it.place.clone()));
                }
                let document =
                    |name: &str, on: Option<Vec<String>>| Some(Document::of(it, on, raw(it.at(&format!("/{name}"))?)));
                let document = match it.type_.as_str() {
                    "AWS::SQS::QueuePolicy" => {
                        let queues = it.list("/Queues").iter().filter_map(Value::as_str);
                        document("PolicyDocument", Some(queues.map(|url| queue_arn(stack, url)).collect()))
                    }
                    "AWS::SNS::TopicPolicy" => {
                        document("PolicyDocument", Some(it.at("/Topics").map(texts).unwrap_or_default()))
                    }
                    "AWS::Logs::ResourcePolicy" => document("PolicyDocument", None),
                    "AWS::KMS::Key" => document("KeyPolicy", Some(vec![it.arn.clone()])),
                    "AWS::SecretsManager::ResourcePolicy" => {
                        document("ResourcePolicy", Some(it.text("/SecretId").into_iter().map(str::to_owned).collect()))
                    }
                    "AWS::Events::EventBusPolicy" => {
                        let bus = it.text("/EventBusName").unwrap_or("default");
                        let arn =
                            format!("arn:aws:events:{}:{}:event-bus/{bus}", stack.place.region, stack.place.account);
                        let statement = it.at("/Statement").cloned().unwrap_or_default();
                        Some(Document::of(it, Some(vec![arn]), vec![statement]))
                    }
                    "AWS::Lambda::Permission" => {
                        let function = function_arn(stack, it.text("/FunctionName").unwrap_or_default());
                        Some(Document::of(
                            it,
                            Some(vec![function.clone()]),
                            vec![permission(id, &function, &it.properties)],
                        ))
                    }
                    _ => None,
                };
                resources.documents.extend(document);
            }
        }
        resources
    }

    /// What the spec calls a resource; its ARN, if it is none of the stacks.
    pub(super) fn called<'a>(&'a self, arn: &'a str) -> &'a str {
        self.things.get(arn).map_or(arn, |(address, _)| address.as_str())
    }

    fn documents_on<'d>(&'d self, arn: &'d str) -> impl Iterator<Item = &'d Document> {
        self.documents.iter().filter(move |it| it.is_on(arn))
    }

    /// Whether a policy denies a role what is asked: then nothing allows it.
    pub(super) fn denies(&self, role: &str, asked: &Asked, context: &BTreeMap<String, Vec<String>>) -> Option<Denied> {
        let denies = |it: &Statement| it.denies && it.misses(asked, context, |it| it.is_of_role(role)).is_none();
        let document = self.documents_on(&asked.resource).find(|it| it.statements.iter().any(denies))?;
        let Asked { action, resource, .. } = asked;
        let message = format!(
            "User: {role} is not authorized to perform: {action} on resource: {resource} with an explicit deny in a resource-based policy"
        );
        let help = format!("a statement of {} denies it", shown(&document.address, &document.place));
        Some(Denied { message, help, assumes: false })
    }

    /// Whether a policy allows a role by its name what is asked.
    pub(super) fn allows(&self, role: &str, asked: &Asked, context: &BTreeMap<String, Vec<String>>) -> bool {
        let allows = |it: &Statement| !it.denies && it.misses(asked, context, |it| it.is_of_role(role)).is_none();
        self.documents_on(&asked.resource).any(|it| it.statements.iter().any(allows))
    }

    /// Whether a service may do what is asked: a statement of the resource's policy allows it, and none denies it.
    pub(super) fn service(
        &self,
        service: &str,
        asked: &Asked,
        context: &BTreeMap<String, Vec<String>>,
    ) -> Result<(), Denied> {
        let Asked { action, resource, .. } = asked;
        let refused = |help: String| {
            let message = format!("{service} is not authorized to perform: {action} on resource: {resource}");
            Err(Denied { message, help, assumes: false })
        };
        let (mut allowed, mut near) = (false, None);
        for document in self.documents_on(resource) {
            for statement in &document.statements {
                let whose = || shown(&document.address, &document.place);
                match statement.misses(asked, context, |it| it.is_of_service(service)) {
                    None if statement.denies => return refused(format!("a statement of {} denies it", whose())),
                    None => allowed = true,
                    Some(Misses::Conditions(unmet)) if !statement.denies => {
                        near = Some(format!("{} allows it, if not for its condition: {unmet}", whose()));
                    }
                    Some(Misses::Principal) if !statement.denies && near.is_none() => {
                        near = Some(format!("{} allows it, but to others than {service}", whose()));
                    }
                    Some(_) => {}
                }
            }
        }
        if allowed {
            return Ok(());
        }
        let nothing = || {
            let (address, place) =
                self.things.get(resource).cloned().unwrap_or_else(|| (resource.clone(), String::new()));
            let source = context.get("aws:sourcearn").and_then(|it| it.first()).cloned().unwrap_or_default();
            format!(
                "a policy of {} would allow it with: Allow {action} to {service}, where aws:SourceArn is {source}",
                shown(&address, &place)
            )
        };
        refused(near.unwrap_or_else(nothing))
    }

    /// The statements of a resource's policy, as they are written.
    pub(crate) fn written(&self, arn: &str) -> Vec<Value> {
        let on = |it: &&Document| it.on.is_some() && it.is_on(arn);
        self.documents.iter().filter(on).flat_map(|it| it.written.iter().cloned()).collect()
    }

    /// Gives a resource another policy; an empty text takes it away.
    pub(crate) fn put(&mut self, arn: &str, policy: &str) {
        for on in self.documents.iter_mut().filter_map(|it| it.on.as_mut()) {
            on.retain(|on| on != arn);
        }
        self.documents.retain(|it| it.on.as_ref().is_none_or(|on| !on.is_empty()));
        if !policy.is_empty() {
            self.documents.push(Document::by_hand(arn, raw(&json!(policy))));
        }
    }

    /// Adds a permission to a function's policy, as `AddPermission` does.
    pub(crate) fn add_permission(&mut self, id: &str, function: &str, asked: &Value) {
        self.documents.push(Document::by_hand(function, vec![permission(id, function, asked)]));
    }

    /// Takes the permission of this id from a function's policy; whether it was there.
    pub(crate) fn remove_permission(&mut self, id: &str, function: &str) -> bool {
        let before = self.documents.len();
        let is_it = |it: &Document| {
            it.on.as_deref() == Some(&[function.to_owned()])
                && it.written.iter().any(|it| it.get("Sid").and_then(Value::as_str) == Some(id))
        };
        self.documents.retain(|it| !is_it(it));
        self.documents.len() < before
    }
}

/// The ARN of a queue that a policy names by its URL.
fn queue_arn(stack: &Stack, url: &str) -> String {
    let name = url.rsplit('/').next().unwrap_or(url);
    format!("arn:aws:sqs:{}:{}:{name}", stack.place.region, stack.place.account)
}

/// The ARN of a function that is given by its name or its ARN.
fn function_arn(stack: &Stack, name: &str) -> String {
    if name.starts_with("arn:") {
        return name.to_owned();
    }
    format!("arn:aws:lambda:{}:{}:function:{name}", stack.place.region, stack.place.account)
}

/// The statement that a permission is: the properties of an `AWS::Lambda::Permission`, or the parameters of `AddPermission`.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html>
fn permission(id: &str, function: &str, asked: &Value) -> Value {
    let text = |name: &str| asked.get(name).and_then(Value::as_str);
    let principal = text("Principal").unwrap_or_default();
    let kind = if principal.ends_with(".amazonaws.com") { "Service" } else { "AWS" };
    let mut statement = json!({
        "Sid": id,
        "Effect": "Allow",
        "Principal": { kind: principal },
        "Action": text("Action").unwrap_or_default(),
        "Resource": function,
    });
    if let Some(account) = text("SourceAccount") {
        statement["Condition"]["StringEquals"]["AWS:SourceAccount"] = json!(account);
    }
    if let Some(source) = text("SourceArn") {
        statement["Condition"]["ArnLike"]["AWS:SourceArn"] = json!(source);
    }
    statement
}
