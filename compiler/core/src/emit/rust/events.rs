//! `contract/src/events.rs`: each event as the type of its detail.

use super::bounds;
use super::names::{Home, Names, is_detail};
use super::print::{Code, literal};
use super::types::{DERIVES, definitions, head_docs, record};
use super::unions;
use crate::emit::Input;
use crate::model::{Event, Id};
use crate::types::rust::field_name;
use crate::types::{Field, Kind, Type, Types};

/// All events.
pub(super) fn events(names: &Names<'_>, input: Input<'_>) -> Code {
    let mut code = Code::default();
    for (id, event) in names.model.events.iter() {
        self::event(names, input, id, event, &mut code);
    }
    definitions(names, input, Home::Events, &mut code);
    code
}

fn event(names: &Names<'_>, input: Input<'_>, id: Id<Event>, event: &Event, code: &mut Code) {
    let name = names.event(id);
    let what = format!("The event `{}`: `{}` of `{}`.", event.head.name, event.detail_type.value, event.source.value);
    // Backticks in a source would end the code.
    let what = if what.matches('`').count() == 6 { what } else { format!("The event `{}`.", event.head.name) };
    let docs = head_docs(&what, event.head.description.as_deref(), &input.location(event.head.name_span));
    let itself = is_detail(event, names.model);
    let is_record = matches!(event.detail.kind, Kind::Record(_));
    let wraps = !itself && !is_record;
    if is_record {
        record(names, &event.detail, name, &docs, Home::Events, code);
    }
    if wraps {
        let detail = names.type_of(&event.detail, Home::Events);
        code.item(format_args!(
            "{docs}{DERIVES}
#[serde(crate = \"evc_runtime::serde\", transparent)]
pub struct {name}(
    /// What it carries.
    pub {detail},
);"
        ));
        bounds::of_wrapper(names, &event.detail, name, code);
    }
    let path = if itself { "crate::" } else { "" };
    let (source, detail_type) = (literal(&event.source.value), literal(&event.detail_type.value));
    let aggregate = aggregate(names, id, &event.detail, wraps).unwrap_or_default();
    let bounded = if bounds::is_bounded(names, &event.detail) { BOUNDED } else { "" };
    code.item(format_args!(
        "impl evc_runtime::Event for {path}{name} {{
    const SOURCE: &'static str = {source};
    const DETAIL_TYPE: &'static str = {detail_type};{aggregate}{bounded}
}}"
    ));
}

/// The method that checks the ranges of an event.
const BOUNDED: &str = "

    fn bounded(&self) -> Result<(), evc_runtime::Error> {
        evc_runtime::Bounded::check(self, &evc_runtime::At::root())
    }";

/// What the event is about, if an outbox that carries it says which field tells.
fn aggregate(names: &Names<'_>, id: Id<Event>, detail: &Type, wrapped: bool) -> Option<String> {
    let types = &names.model.types;
    let carries = |outbox: &&crate::model::Outbox| outbox.publishes.iter().any(|event| event.value == id);
    let name = names.model.outboxes.values().filter(carries).find_map(|outbox| outbox.aggregate.as_ref())?;
    let record = types.record(detail)?;
    let field = record.get(name.as_str())?;
    let own = if wrapped { "self.0" } else { "self" };
    let value = match unions::named(names, detail) {
        Some((union, of)) => {
            let arm = |member: &Type| {
                let field = types.record(member)?.get(name.as_str()).map(|field| text_of("record", name, field, types));
                let (bound, text) = match field {
                    Some(text) => ("record", text?),
                    None => ("_", "None".to_owned()),
                };
                let variant = names.type_of(member, Home::Types);
                Some(format!("            crate::{union}::{variant}({bound}) => {text},\n"))
            };
            let arms = of.members.iter().map(arm).collect::<Option<String>>()?;
            format!("match {}{own} {{\n{arms}        }}", if wrapped { "&" } else { "" })
        }
        None => text_of(own, name, field, types)?,
    };
    Some(format!(
        "

    fn aggregate(&self) -> Option<String> {{
        {value}
    }}"
    ))
}

/// The text of a field, if it is one that is there; `None` if its type has none.
fn text_of(value: &str, name: &str, field: &Field, types: &Types) -> Option<String> {
    let is_text = matches!(
        types.resolve(&field.ty).kind,
        Kind::String(_) | Kind::Integer(_) | Kind::Uuid | Kind::Timestamp | Kind::Date | Kind::Money(_) | Kind::Enum(_)
    );
    let value = format!("{value}.{}", field_name(name));
    is_text.then(|| {
        if field.optional {
            format!("{value}.as_ref().map(ToString::to_string)")
        } else {
            format!("Some({value}.to_string())")
        }
    })
}
