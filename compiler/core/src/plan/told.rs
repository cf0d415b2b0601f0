//! What there is to tell of the things of a spec: names, ARNs, URLs. Outputs tell it, and raw values refer to it.

#![warn(clippy::wildcard_enum_match_arm, reason = "a kind of anything that is forgotten here must not compile")]

use super::value::{Part, Value, text};
use super::{LogicalId, api, bus, cache, config, ids, secret};
use crate::model::{DeadLetterSource, Model, Property, Thing};

/// A property of a thing. `is_there` says of an id whether the template has it. `None` if there is no such thing to tell: the line of a
/// kind in `kinds.rs` says what there may be.
pub(crate) fn of(
    model: &Model,
    thing: Thing,
    property: Property,
    is_there: &dyn Fn(&LogicalId) -> bool,
) -> Option<Value> {
    let queue = |source: Option<DeadLetterSource>| {
        let id = ids::dead_letters(model, source?);
        is_there(&id).then_some(Value::Ref(id))
    };
    match (property, thing) {
        (Property::Name, thing) => Some(name(model, thing)),
        (Property::Arn, thing) => Some(arn(model, thing)),
        (Property::Url, Thing::Queue(id)) => Some(Value::Ref(ids::queue(&model.queues[id]))),
        (Property::Url, Thing::Cache(id)) => Some(cache::url(&model.caches[id])),
        (Property::Url, Thing::Api(id)) => Some(api::url(&model.apis[id])),
        (Property::Id, Thing::Api(id)) => Some(Value::Ref(ids::api(&model.apis[id]))),
        (Property::Url | Property::Id, _) => None,
        (Property::DeadLetterQueueUrl, thing) => queue(thing.dead_letters()),
        (Property::WorkDeadLetterQueueUrl, thing) => queue(DeadLetterSource::of_work(thing)),
    }
}

/// The URL of the dashboard in the console.
pub(crate) fn dashboard_url() -> Value {
    text([
        "https://".into(),
        Part::Parameter("AWS::Region"),
        ".console.aws.amazon.com/cloudwatch/home?region=".into(),
        Part::Parameter("AWS::Region"),
        "#dashboards/dashboard/".into(),
        Part::Ref(ids::dashboard()),
    ])
}

/// The name of a thing in AWS: what `Ref` gives, but for those whose `Ref` is something else.
fn name(model: &Model, thing: Thing) -> Value {
    if let Thing::Bus(id) = thing {
        return bus::name(&model.buses[id]);
    }
    if let Thing::Outbox(id) = thing {
        return Value::Ref(ids::outbox_source(model, &model.outboxes[id]));
    }
    if let Thing::Queue(_) = thing {
        return Value::Attribute(ids::thing(model, thing), "QueueName");
    }
    if let Thing::Config(id) = thing {
        return config::name(&model.config[id]);
    }
    if let Thing::Workflow(id) = thing {
        let workflow = &model.workflows[id];
        return match workflow.redis() {
            Some(_) => workflow.head.name.as_str().into(),
            None => Value::Attribute(ids::thing(model, thing), "Name"),
        };
    }
    Value::Ref(ids::thing(model, thing))
}

/// The ARN of a thing: its attribute of that name, but for those whose `Ref` it is.
fn arn(model: &Model, thing: Thing) -> Value {
    if let Thing::Bus(id) = thing {
        return bus::arn(&model.buses[id]);
    }
    if let Thing::Outbox(id) = thing {
        return Value::arn(&ids::outbox_source(model, &model.outboxes[id]));
    }
    if let Thing::Config(id) = thing {
        return config::arn(&model.config[id]);
    }
    if let Thing::Secret(id) = thing {
        return secret::arn(&model.secrets[id]);
    }
    if let Thing::Workflow(_) = thing {
        return Value::Ref(ids::thing(model, thing));
    }
    Value::arn(&ids::thing(model, thing))
}
