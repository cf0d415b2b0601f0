//! `contract/src/queues.rs`: each queue that functions send to, with what its messages carry; and of a function that sends, the
//! permissions and the method.

use super::names::{Home, Names};
use super::print::{Code, literal};
use super::text::member_paragraph;
use super::types::{definitions, head_docs};
use super::unions;
use crate::emit::Input;
use crate::model::Function;
use crate::plan::ids;
use crate::types::Type;

/// All queues that functions send to. The checks see to it that those say what their messages are.
pub(super) fn queues(names: &Names<'_>, input: Input<'_>) -> Code {
    let model = names.model;
    let mut code = Code::default();
    let sent_to = |id| model.functions.values().flat_map(|function| &function.sends).any(|queue| queue.value == id);
    for (id, queue) in model.queues.iter().filter(|(id, _)| sent_to(*id)) {
        let Some(of) = &queue.message else { continue };
        let (name, message) = (names.queue(id), names.type_of(of, Home::Queues));
        let docs = head_docs(
            &format!("The queue `{}`.", queue.head.name),
            queue.head.description.as_deref(),
            &input.location(queue.head.name_span),
        );
        code.item(format_args!(
            "{docs}#[derive(Debug, Clone, Copy)]
pub struct {name};"
        ));
        let group = queue.group.as_ref().map_or_else(String::new, |field| group(names, of, field));
        let (queue_name, env) = (literal(&queue.head.name), literal(&ids::queue_variable(queue)));
        code.item(format_args!(
            "impl evc_runtime::Queue for {name} {{
    type Message = {message};
    const NAME: &'static str = {queue_name};
    const ENV: &'static str = {env};{group}
}}"
        ));
    }
    definitions(names, input, Home::Queues, &mut code);
    code
}

/// The method that says what a message of a FIFO queue belongs to. The checks see to it that the field is there.
fn group(names: &Names<'_>, message: &Type, field: &str) -> String {
    let text = unions::text_of_field(names, message, "message", field);
    format!(
        "

    fn group(message: &Self::Message) -> Option<String> {{
        Some({text})
    }}"
    )
}

/// One line a queue that a function may send to.
pub(super) fn grants(names: &Names<'_>, function: &Function, context: &str, code: &mut Code) {
    for queue in &function.sends {
        let queue = names.queue(queue.value);
        code.line(format_args!("impl evc_runtime::grant::SendTo<crate::{queue}> for {context} {{}}"));
    }
}

/// The method of a context that may send.
pub(super) fn send(function: &Function) -> Option<String> {
    let docs = member_paragraph(
        "Sends a message to a queue; returns the id that the queue gave it. It may arrive more than once, also when this \
         work is repeated; each time with the same idempotency key.",
    );
    (!function.sends.is_empty()).then(|| {
        format!(
            "{docs}    pub async fn send<Q>(&self, queue: Q, message: &Q::Message) -> Result<String, evc_runtime::Error>
    where
        Q: evc_runtime::Queue,
        Self: evc_runtime::grant::SendTo<Q>,
    {{
        self.context.send::<Self, Q>(queue, message).await
    }}
"
        )
    })
}
