//! Mocks: their functions, what they are given and answer, and whether the function may do what they do.

use std::collections::BTreeSet;

use super::Checker;
use super::actions::input;
use super::fit::Extent;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Function, Id, Table};
use crate::scenario::mock::{Effect, Mock, Mocks};
use crate::source::Span;
use crate::spec::function::Operation;
use crate::spec::scalar::Name;

/// The names by which a mock refers to the input of the call, and to who calls: the claims of a token.
pub(super) const GIVEN: [&str; 2] = ["input", "caller"];

pub(super) fn check(mocks: &Mocks, captured: &BTreeSet<String>, checker: &mut Checker<'_>) {
    let model = checker.model;
    for (name, several) in mocks {
        let Some(id) = checker.find("function", name, &model.functions, |it| &it.head) else { continue };
        let function = &model.functions[id];
        let mut all: Option<Span> = None;
        for mock in several {
            checker.known.clone_from(captured);
            checker.known.extend(GIVEN.map(str::to_owned));
            checker.mock(function, mock);
        }
        for (at, mock) in several.iter().enumerate() {
            if let (Some(before), Some(place)) = (all, place(mock)) {
                let message = format!("mock {} of `{}` is never used", at + 1, name.value);
                let diagnostic = Diagnostic::new(Code::EVC1304, place, message);
                let help = "write the one for some inputs or calls first, with `given` or `times`";
                checker.diagnostics.push(diagnostic.secondary(before, "this one takes every call").help(help));
            } else if mock.given.is_none() && mock.times.is_none() {
                all = place(mock).or(Some(name.span));
            }
        }
    }
    checker.known.clear();
}

/// A place in a mock.
fn place(mock: &Mock) -> Option<Span> {
    let payload = mock.given.as_ref().or(mock.answer.as_ref()).map(|payload| payload.0.span);
    let named = mock.error.as_ref().map(|error| error.span);
    let effect = mock.does.first().map(|effect| match effect {
        Effect::Put(it) => it.put.span,
        Effect::Update(it) => it.update.span,
        Effect::Delete(it) => it.delete.span,
        Effect::Publish(it) => it.publish.span,
        Effect::Send(it) => it.send.span,
    });
    payload.or(named).or(effect).or(mock.takes.as_ref().map(|takes| takes.span))
}

impl<'m> Checker<'m> {
    fn mock(&mut self, function: &Function, mock: &Mock) {
        self.may_fit(mock.given.as_ref(), input(function));
        for effect in &mock.does {
            self.effect(function, effect);
        }
        if let Some(name) = &mock.response {
            let known: Vec<&str> = function.responses.iter().map(|response| response.name.as_str()).collect();
            self.named(&format!("response of `{}`", function.head.name), name, &known);
        }
        match (&mock.answer, function.answers(mock.response.as_ref().map(|name| name.as_str()))) {
            (Some(answer), Some(ty)) => self.fits(answer, ty, Extent::Part),
            (Some(answer), None) => {
                let message = format!("function `{}` has no output, and its mock an answer", function.head.name);
                self.diagnostics.push(
                    Diagnostic::new(Code::EVC1301, answer.0.span, message)
                        .secondary(function.head.name_span, "the function is declared here"),
                );
            }
            (None, _) => {}
        }
        if let Some(error) = &mock.error {
            self.error_of(function, error);
        }
    }

    fn effect(&mut self, function: &Function, effect: &Effect) {
        let model = self.model;
        match effect {
            Effect::Put(put) => {
                let Some(table) = self.table(function, &put.put, Operation::Put) else { return };
                self.may_fit(put.item.as_ref(), Some(&table.item));
                self.known.insert(put.put.value.clone());
            }
            Effect::Update(update) => {
                let Some(table) = self.table(function, &update.update, Operation::Update) else { return };
                self.may_fit(update.key.as_ref(), Some(&table.item));
                self.fits(&update.set, &table.item, Extent::Part);
                self.known.insert(update.update.value.clone());
            }
            Effect::Delete(delete) => {
                let Some(table) = self.table(function, &delete.delete, Operation::Delete) else { return };
                self.may_fit(delete.key.as_ref(), Some(&table.item));
            }
            Effect::Publish(publish) => {
                let Some(id) = self.find("event", &publish.publish, &model.events, |it| &it.head) else { return };
                let own = || function.outbox_events.iter().chain(&function.publishes);
                if !own().any(|event| event.value == id) {
                    let known: Vec<&str> = own().map(|event| model.events[event.value].head.name.as_str()).collect();
                    self.not_granted(function, &publish.publish, "publish the event", &known);
                }
                self.may_fit(publish.with.as_ref(), Some(&model.events[id].detail));
            }
            Effect::Send(send) => {
                let Some(id) = self.find("queue", &send.send, &model.queues, |it| &it.head) else { return };
                if !function.sends.iter().any(|queue| queue.value == id) {
                    let known = function.sends.iter().map(|queue| model.queues[queue.value].head.name.as_str());
                    self.not_granted(function, &send.send, "send to the queue", &known.collect::<Vec<_>>());
                }
                self.may_fit(send.with.as_ref(), model.queues[id].message.as_ref());
            }
        }
    }

    /// A table, if the function may do this with it. What it may not is reported.
    fn table(&mut self, function: &Function, name: &Name, operation: Operation) -> Option<&'m Table> {
        let model = self.model;
        let id: Id<Table> = self.find("table", name, &model.tables, |it| &it.head)?;
        let uses = || function.tables.iter().filter(move |it| it.table == id);
        if !uses().any(|it| it.operations.contains(&operation)) {
            let known: Vec<&str> = function.tables.iter().map(|it| model.tables[it.table].head.name.as_str()).collect();
            let word = crate::spec::keys::Word::word(operation);
            self.not_granted(function, name, &format!("{word} items of the table"), &known);
        }
        Some(&model.tables[id])
    }

    fn not_granted(&mut self, function: &Function, name: &Name, what: &str, known: &[&str]) {
        let message = format!("function `{}` may not {what} `{}`", function.head.name, name.value);
        let mut diagnostic = Diagnostic::new(Code::EVC1302, name.span, message)
            .secondary(function.head.name_span, "its lines in the spec do not grant it");
        if !known.is_empty() && !known.contains(&name.as_str()) {
            diagnostic = diagnostic.help(format!("it may with {}", crate::diagnostics::list(known)));
        }
        self.diagnostics.push(diagnostic);
    }
}
