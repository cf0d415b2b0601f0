//! What functions, queues and workflows of a spec take, and whether what is brought is that.

use serde_json::{Map, Value};

use crate::audit::json;
use crate::audit::template::{Call, Kind, Node, Origin};
use crate::audit::text::Text;
use crate::audit::view::{Named, View};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Function, Id, Input, Model, Thing};
use crate::source::Span;
use crate::types::{Kind as TypeKind, Type};

/// What takes something.
pub(super) struct Taken<'m> {
    model: &'m Model,
    /// "function `pay`".
    name: String,
    /// The function that reads it in the end.
    function: Option<Id<Function>>,
    /// What it takes; nothing where it takes events alone.
    ty: Option<&'m Type>,
    is: Is,
    /// Where it is declared.
    place: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Is {
    Function,
    Queue,
    Workflow,
}

/// What is brought, as far as it is known.
pub(super) struct Given {
    value: Value,
    /// Whether the values are known as well, and not what there is alone.
    whole: bool,
    /// What is not known, as JSON pointers.
    unknown: Vec<String>,
}

impl Given {
    /// Something of which the form is known: which fields there are, whether it is a list.
    pub(super) fn form(value: Value) -> Self {
        Self { value, whole: false, unknown: Vec::new() }
    }

    fn is_of_no_fields(&self) -> bool {
        self.value.as_object().is_some_and(Map::is_empty)
    }

    /// What is written as JSON in a text, or as what becomes one.
    pub(super) fn of_json(view: &View<'_>, node: &Node<'_>) -> Option<Self> {
        let read = match node.as_call() {
            Some(Call::ToJsonString(value)) => return Some(Self::known(value)),
            _ => json::read(&Text::of(node)?, view.beside.sources).ok()?,
        };
        Some(Self::known(&read))
    }

    fn known(node: &Node<'_>) -> Self {
        let mut unknown = Vec::new();
        let value = value(node, false, "", &mut unknown);
        Self { value, whole: true, unknown }
    }

    /// What a step of a machine gives: what it computes is not known.
    pub(super) fn of_step(node: &Node<'_>) -> Self {
        let mut unknown = Vec::new();
        let value = value(node, true, "", &mut unknown);
        Self { value, whole: true, unknown }
    }
}

/// The JSON that a node is; what is not known is told by its pointer.
fn value(node: &Node<'_>, in_step: bool, pointer: &str, unknown: &mut Vec<String>) -> Value {
    match &node.kind {
        Kind::Null => Value::Null,
        Kind::Bool(value) => (*value).into(),
        Kind::Number(text) => serde_json::from_str(text).unwrap_or(Value::Null),
        Kind::Text(text) if !is_put_in(text, in_step) => text.as_ref().into(),
        Kind::List(items) => {
            let items = items.iter().enumerate();
            items.map(|(at, item)| value(item, in_step, &format!("{pointer}/{at}"), unknown)).collect()
        }
        Kind::Map(map) => {
            let mut fields = Map::new();
            for entry in &map.entries {
                let name = &*entry.key.text;
                let name = if in_step { name.strip_suffix(".$").unwrap_or(name) } else { name };
                let pointer = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
                if name.len() < entry.key.text.len() {
                    unknown.push(pointer);
                    fields.insert(name.to_owned(), Value::Null);
                } else {
                    fields.insert(name.to_owned(), value(&entry.value, in_step, &pointer, unknown));
                }
            }
            Value::Object(fields)
        }
        Kind::Text(_) | Kind::Call(_) | Kind::Error => {
            unknown.push(pointer.to_owned());
            Value::Null
        }
    }
}

/// Whether something else stands in the place of a text when it arrives.
fn is_put_in(text: &str, in_step: bool) -> bool {
    text.contains("${") || text.contains("<aws.") || in_step && is_computed(text)
}

fn is_computed(text: &str) -> bool {
    text.trim_start().starts_with("{%") || text.starts_with("$.") || text.starts_with("States.")
}

/// What a value of a template calls, if that is of the spec.
pub(super) fn taken<'m>(view: &View<'m>, to: &Node<'_>) -> Option<Taken<'m>> {
    if let Some(taken) = view.function_of(to).and_then(|target| of_resource(view, target)) {
        return Some(taken);
    }
    // A path of API Gateway, and a name in a text.
    let only = |mut named: Vec<&str>| {
        named.retain(|id| view.resource(id).is_some());
        if named.len() == 1 { named.pop().map(str::to_owned) } else { None }
    };
    let id = only(View::named_in(to))?;
    of_resource(view, view.resource(&id)?)
}

/// The same, of a resource.
pub(super) fn of_resource<'m>(view: &View<'m>, target: Named<'_>) -> Option<Taken<'m>> {
    let (model, Origin::Derived(of)) = (view.beside.model?, &target.resource.origin) else { return None };
    let is = |what: &str, name: &str| *of == format!("{what} `{name}`");
    match &*target.resource.type_.text {
        "AWS::Lambda::Function" | "AWS::Serverless::Function" => {
            let (id, _) = model.functions.iter().find(|(_, it)| is("function", &it.head.name))?;
            of_function(model, id, Is::Function, (*of).to_owned())
        }
        // The queue of its dead letters hands on to nothing.
        "AWS::SQS::Queue" if target.resource.property("RedrivePolicy").is_some() => {
            let (_, queue) = model.queues.iter().find(|(_, it)| is("queue", &it.head.name))?;
            let function = queue.to.as_ref().map(|to| to.value);
            let name = (*of).to_owned();
            match (&queue.message, function) {
                (Some(ty), function) => {
                    Some(Taken { model, name, function, ty: Some(ty), is: Is::Queue, place: ty.span })
                }
                (None, Some(function)) => of_function(model, function, Is::Queue, name),
                (None, None) => None,
            }
        }
        "AWS::StepFunctions::StateMachine" => {
            let (_, workflow) = model.workflows.iter().find(|(_, it)| is("workflow", &it.head.name))?;
            let ty = &workflow.input;
            Some(Taken {
                model,
                name: (*of).to_owned(),
                function: None,
                ty: Some(ty),
                is: Is::Workflow,
                place: ty.span,
            })
        }
        _ => None,
    }
}

fn of_function(model: &Model, id: Id<Function>, is: Is, name: String) -> Option<Taken<'_>> {
    let function = &model.functions[id];
    let (ty, place) = match &function.input {
        Input::Value(ty) => (Some(ty), ty.span),
        Input::Events(_) => (None, function.head.name_span),
        Input::Nothing => return None,
    };
    Some(Taken { model, name, function: Some(id), ty, is, place })
}

impl Taken<'_> {
    fn has(&self, is: impl Fn(&Thing) -> bool) -> bool {
        self.is == Is::Function && self.function.is_some_and(|id| self.model.triggers(id).iter().any(is))
    }

    /// Whether events are taken apart: from a queue they are, and to a function where a rule of the spec brings some.
    pub(super) fn takes_events(&self) -> bool {
        self.is == Is::Queue || self.ty.is_none() || self.has(|it| matches!(it, Thing::Rule(_)))
    }

    /// Whether it takes the events of schedules.
    fn is_told_the_time(&self) -> bool {
        let Some(Input::Events(events)) = self.function.map(|id| &self.model.functions[id].input) else { return false };
        events.iter().any(|id| ["aws.events", "aws.scheduler"].contains(&self.model.events[*id].source.as_str()))
    }

    /// Whether a batch of messages is taken apart.
    pub(super) fn takes_messages(&self) -> bool {
        self.has(|it| matches!(it, Thing::Queue(_)))
    }

    /// Whether a request of an API is.
    pub(super) fn takes_requests(&self) -> bool {
        self.has(|it| matches!(it, Thing::Api(_)))
    }

    /// Whether records come to it in a list.
    pub(super) fn takes_batches(&self) -> bool {
        self.is != Is::Queue
    }

    /// Whether what reads it can know of a field.
    pub(super) fn knows(&self, field: &str) -> bool {
        let Some(ty) = self.ty else { return false };
        match &self.model.types.resolve(ty).kind {
            TypeKind::Record(_) => self.model.types.record(ty).is_some_and(|fields| fields.contains_key(field)),
            TypeKind::Any | TypeKind::Map(_) | TypeKind::Union(_) | TypeKind::Tagged(_) | TypeKind::Named(_) => true,
            TypeKind::String(_)
            | TypeKind::Integer(_)
            | TypeKind::Number(_)
            | TypeKind::Money(_)
            | TypeKind::Boolean
            | TypeKind::Uuid
            | TypeKind::Timestamp
            | TypeKind::Date
            | TypeKind::Duration
            | TypeKind::Bytes
            | TypeKind::Enum(_)
            | TypeKind::List(..) => false,
        }
    }

    /// The report of what is not taken, if it is not.
    pub(super) fn unfit(
        &self,
        from: Named<'_>,
        at: &Node<'_>,
        what: &str,
        given: &Given,
        help: &str,
    ) -> Option<Diagnostic> {
        let reason = match self.ty {
            Some(ty) => self.problem(ty, given)?,
            // What comes by an event is known by its source.
            None if given.value.get("detail").is_some() || !given.unknown.is_empty() => return None,
            None if given.is_of_no_fields() && self.is_told_the_time() => return None,
            None => "events are what it takes".to_owned(),
        };
        let message = format!("`{}` brings {what} to {}, which does not take it", from.id, self.name);
        let place = at.place.unwrap_or(from.resource.place);
        Some(
            Diagnostic::new(Code::EVC0610, place, message)
                .label(reason)
                .secondary(self.place, "what it takes is declared here")
                .help(help),
        )
    }

    fn problem(&self, ty: &Type, given: &Given) -> Option<String> {
        let problems = self.model.types.validate(ty, &given.value);
        let is_told = |pointer: &str| {
            let is_known = !given.unknown.iter().any(|unknown| pointer.starts_with(unknown.as_str()));
            is_known && (given.whole || pointer.is_empty())
        };
        let problem = problems.into_iter().find(|problem| is_told(&problem.pointer))?;
        let at = if problem.pointer.is_empty() { String::new() } else { format!("`{}`: ", problem.pointer) };
        Some(format!("{at}{}", problem.reason))
    }

    /// The report of a request of CloudFormation that nothing can answer.
    pub(super) fn unanswered(&self, from: Named<'_>, at: &Node<'_>, help: &str) -> Diagnostic {
        let message = format!("{} does not know where to answer to `{}`", self.name, from.id);
        Diagnostic::new(Code::EVC0610, at.place.unwrap_or(from.resource.place), message)
            .label("its input has no `ResponseURL`")
            .secondary(self.place, "what it takes is declared here")
            .note("CloudFormation waits for an answer at that URL, for an hour, and then gives the deployment up")
            .help(help)
    }
}
