//! What SAM makes of the `Events` of functions and state machines: mappings, rules, schedules, subscriptions, permissions.
//!
//! <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-eventsource.html>

use super::expand::Expansion;
use super::nodes::{arn, list, map, properties, reference, text};
use crate::audit::template::{Entry, Map, Name, Node, Resource};

/// What an event leads to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Target<'t> {
    /// A function, by its logical id, and the alias that is called in its place.
    Function {
        /// Its logical id.
        id: &'t str,
        /// That of the alias.
        alias: Option<&'t str>,
    },
    /// A state machine, by its logical id, and the role that starts it.
    Machine(&'t str),
}

/// Adds what SAM makes of each event of a function or a state machine.
pub(super) fn expand<'a>(into: &mut Expansion<'a>, target: Target<'_>, of: &Resource<'a>, all: &Map<'a>) {
    let Some(events) = all.get("Events").and_then(Node::as_map) else { return };
    for event in &events.entries {
        let (Some(kind), given) = (event.value.get("Type").and_then(Node::as_text), event.value.get("Properties"))
        else {
            continue;
        };
        let empty = Map::default();
        let given = given.and_then(Node::as_map).unwrap_or(&empty);
        let made = Event { written: event, given, of, target };
        match kind {
            "SQS" => made.mapping(into, "Queue"),
            "DynamoDB" | "Kinesis" | "MSK" => made.mapping(into, "Stream"),
            "MQ" => made.mapping(into, "Broker"),
            "EventBridgeRule" | "CloudWatchEvent" => made.rule(into, "EventPattern", "Pattern"),
            "Schedule" => made.rule(into, "ScheduleExpression", "Schedule"),
            "SNS" => made.subscription(into),
            "S3" => made.permission(into, "s3.amazonaws.com", None),
            "Api" | "HttpApi" => made.permission(into, "apigateway.amazonaws.com", None),
            _ => {}
        }
    }
}

struct Event<'e, 'a> {
    written: &'e Entry<'a>,
    given: &'e Map<'a>,
    of: &'e Resource<'a>,
    target: Target<'e>,
}

impl<'t> Target<'t> {
    /// The logical id of what has the events.
    fn id(self) -> &'t str {
        let (Target::Function { id, .. } | Target::Machine(id)) = self;
        id
    }
}

impl<'a> Event<'_, 'a> {
    fn id(&self) -> String {
        format!("{}{}", self.target.id(), self.written.key.text)
    }

    fn resource(&self, type_: &'static str, properties: Map<'a>) -> Resource<'a> {
        Resource {
            place: self.written.key.place.unwrap_or(self.of.place),
            origin: self.of.origin.clone(),
            type_: Name::derived(type_),
            condition: self.of.condition.clone(),
            depends_on: Vec::new(),
            deletion_policy: None,
            update_replace_policy: None,
            others: Vec::new(),
            properties,
            touched: self.of.touched,
        }
    }

    /// The entries of the event that have the same name in the resource that is made of it.
    fn same(&self, names: &[&str]) -> impl Iterator<Item = Entry<'a>> {
        names.iter().filter_map(|name| self.given.entry(name).cloned()).collect::<Vec<_>>().into_iter()
    }

    fn mapping(&self, into: &mut Expansion<'a>, source: &str) {
        let Target::Function { id, alias } = self.target else { return };
        let mut made = properties([("FunctionName", reference(alias.unwrap_or(id)))]);
        if let Some(source) = self.given.entry(source) {
            let key = Name { text: "EventSourceArn".into(), place: source.key.place };
            made.entries.push(Entry { key, value: source.value.clone() });
        }
        made.entries.extend(self.same(&[
            "BatchSize",
            "BisectBatchOnFunctionError",
            "DestinationConfig",
            "Enabled",
            "FilterCriteria",
            "FunctionResponseTypes",
            "MaximumBatchingWindowInSeconds",
            "MaximumRecordAgeInSeconds",
            "MaximumRetryAttempts",
            "ParallelizationFactor",
            "ScalingConfig",
            "StartingPosition",
            "TumblingWindowInSeconds",
        ]));
        into.add(self.id(), self.resource("AWS::Lambda::EventSourceMapping", made));
    }

    fn rule(&self, into: &mut Expansion<'a>, what: &'static str, written: &str) {
        let mut target = vec![("Arn", self.called())];
        target.push(("Id", text("Target")));
        if let Some(dead_letters) = self.given.get("DeadLetterConfig") {
            // SAM makes a queue of its own for `Type: SQS`.
            target.extend(dead_letters.get("Arn").map(|arn| ("DeadLetterConfig", map([("Arn", arn.clone())]))));
        }
        for key in ["RetryPolicy", "Input", "InputPath", "InputTransformer"] {
            target.extend(self.given.get(key).map(|value| (key, value.clone())));
        }
        if let Target::Machine(_) = self.target {
            target.push(("RoleArn", arn(&format!("{}Role", self.id()))));
        }
        let mut made = Map::default();
        made.entries.extend(self.same(&["EventBusName", "State", "Description"]));
        if let Some(value) = self.given.entry(written) {
            made.entries
                .push(Entry { key: Name { text: what.into(), place: value.key.place }, value: value.value.clone() });
        }
        made.entries.push(Entry { key: Name::derived("Targets"), value: list(vec![map(target)]) });
        into.add(self.id(), self.resource("AWS::Events::Rule", made));
        match self.target {
            Target::Function { .. } => self.permission(into, "events.amazonaws.com", Some(arn(&self.id()))),
            Target::Machine(machine) => into.starter(format!("{}Role", self.id()), machine, self.of),
        }
    }

    /// What is called, as ARNs are given: `Ref` of an alias and of a state machine is one.
    fn called(&self) -> Node<'a> {
        match self.target {
            Target::Function { id, alias: None } => arn(id),
            Target::Function { alias: Some(id), .. } | Target::Machine(id) => reference(id),
        }
    }

    fn subscription(&self, into: &mut Expansion<'a>) {
        let Target::Function { .. } = self.target else { return };
        // With a queue between, what is subscribed is that.
        if self.given.get("SqsSubscription").is_some_and(|given| given.as_bool() != Some(false)) {
            return;
        }
        let topic = self.given.get("Topic").cloned();
        let mut made = properties([("Protocol", text("lambda")), ("Endpoint", self.called())]);
        made.entries.extend(topic.clone().map(|value| Entry { key: Name::derived("TopicArn"), value }));
        made.entries.extend(self.same(&["FilterPolicy", "FilterPolicyScope", "RedrivePolicy", "Region"]));
        into.add(self.id(), self.resource("AWS::SNS::Subscription", made));
        self.permission(into, "sns.amazonaws.com", topic);
    }

    fn permission(&self, into: &mut Expansion<'a>, principal: &'static str, source: Option<Node<'a>>) {
        let Target::Function { id, alias } = self.target else { return };
        let mut made = vec![
            ("FunctionName", reference(alias.unwrap_or(id))),
            ("Action", text("lambda:InvokeFunction")),
            ("Principal", text(principal)),
        ];
        made.extend(source.map(|source| ("SourceArn", source)));
        into.add(format!("{}Permission", self.id()), self.resource("AWS::Lambda::Permission", properties(made)));
    }
}
