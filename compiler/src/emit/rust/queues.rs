//! `contract/src/queues.rs`: each queue that functions send to, with what its messages carry; and of a function that sends, the
//! permissions and the method.

use proc_macro2::TokenStream;
use quote::quote;

use super::names::{Home, Names, ident};
use super::text::paragraph;
use super::types::{definitions, head_docs};
use crate::emit::Input;
use crate::lower::ids;
use crate::model::Function;

/// All queues that functions send to. The checks see to it that those say what their messages are.
pub(super) fn queues(names: &Names<'_>, input: Input<'_>) -> TokenStream {
    let model = names.model;
    let sent_to = |id| model.functions.values().flat_map(|function| &function.sends).any(|queue| queue.value == id);
    let queues = model.queues.iter().filter(|(id, _)| sent_to(*id)).filter_map(|(id, queue)| {
        let (name, env, queue_name) = (ident(names.queue(id)), ids::queue_variable(queue), &queue.head.name);
        let message = names.type_of(queue.message.as_ref()?, Home::Queues);
        let docs = head_docs(
            &format!("The queue `{queue_name}`."),
            queue.head.description.as_deref(),
            &input.location(queue.head.name_span),
        );
        Some(quote! {
            #docs
            #[derive(Debug, Clone, Copy)]
            pub struct #name;
            impl evc_runtime::Queue for #name {
                type Message = #message;
                const NAME: &'static str = #queue_name;
                const ENV: &'static str = #env;
            }
        })
    });
    let mut tokens: TokenStream = queues.collect();
    tokens.extend(definitions(names, input, Home::Queues));
    tokens
}

/// One line a queue that a function may send to.
pub(super) fn grants(names: &Names<'_>, function: &Function, context: &str) -> TokenStream {
    let context = ident(context);
    let lines = function.sends.iter().map(|queue| {
        let queue = ident(names.queue(queue.value));
        quote!(impl evc_runtime::grant::SendTo<crate::#queue> for #context {})
    });
    lines.collect()
}

/// The method of a context that may send.
pub(super) fn send(function: &Function) -> Option<TokenStream> {
    let docs = paragraph(
        "Sends a message to a queue; returns the id that the queue gave it. It may arrive more than once, also when this \
         work is repeated; each time with the same idempotency key.",
    );
    (!function.sends.is_empty()).then(|| {
        quote! {
            #docs
            pub async fn send<Q>(&self, queue: Q, message: &Q::Message) -> Result<String, evc_runtime::Error>
            where
                Q: evc_runtime::Queue,
                Self: evc_runtime::grant::SendTo<Q>,
            {
                self.context.send::<Self, Q>(queue, message).await
            }
        }
    })
}
