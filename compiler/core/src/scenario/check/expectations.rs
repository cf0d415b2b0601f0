//! What is to be observed.

use super::Checker;
use super::actions::{input, steps};
use super::fit::Extent;
use crate::diagnostics::{Code, Diagnostic};
use crate::pattern;
use crate::scenario::Expectation;
use crate::scenario::expectation::{Call, DeadLetters, Event, Expected, Message, Row, Workflow};

/// What is said where nothing may lie in a dead-letter queue.
pub(super) const NONE: &str = "none";

pub(super) fn check(expectation: &Expectation, checker: &mut Checker<'_>) {
    match &expectation.kind {
        Expected::Event(event) => checker.event(event),
        Expected::Call(call) => checker.call(call),
        Expected::Workflow(workflow) => checker.workflow(workflow),
        Expected::Row(row) => checker.row(row),
        Expected::Message(message) => checker.message(message),
        Expected::DeadLetters(letters) => checker.dead_letters(letters),
    }
}

impl Checker<'_> {
    fn event(&mut self, event: &Event) {
        let model = self.model;
        let Some(id) = self.find("event", &event.event, &model.events, |it| &it.head) else { return };
        let detail = &model.events[id].detail;
        self.may_fit(event.has.as_ref(), Some(detail));
        if let Some(payload) = &event.pattern {
            self.refers(payload);
            // With references in it, what it asks for is known when it runs.
            if payload.references().is_empty() {
                let parsed = pattern::parse(&payload.0, &mut self.diagnostics);
                if let Some(parsed) = parsed.as_ref().and_then(pattern::Parsed::whole) {
                    self.diagnostics.extend(pattern::check(parsed, &model.types, detail));
                }
            }
        }
    }

    fn call(&mut self, call: &Call) {
        let model = self.model;
        let Some(id) = self.find("function", &call.call, &model.functions, |it| &it.head) else { return };
        self.may_fit(call.with.as_ref(), input(&model.functions[id]));
    }

    fn workflow(&mut self, expected: &Workflow) {
        let model = self.model;
        let Some(id) = self.find("workflow", &expected.workflow, &model.workflows, |it| &it.head) else { return };
        let workflow = &model.workflows[id];
        self.may_fit(expected.with.as_ref(), Some(&workflow.input));
        self.may_fit(expected.output.as_ref(), workflow.output.as_ref());
        let steps = steps(model, workflow);
        for step in &expected.path {
            self.named(&format!("step of `{}`", workflow.head.name), step, &steps);
        }
    }

    fn row(&mut self, row: &Row) {
        let model = self.model;
        let Some(id) = self.find("table", &row.row, &model.tables, |it| &it.head) else { return };
        let table = &model.tables[id];
        self.may_fit(row.has.as_ref(), Some(&table.item));
        let Some(key) = &row.key else { return };
        self.fits(key, &table.item, Extent::Part);
        let given: Vec<&str> = match &key.0.kind {
            crate::yaml::NodeKind::Mapping(mapping) => {
                mapping.entries.iter().map(|entry| entry.key.text.as_str()).collect()
            }
            _ => Vec::new(),
        };
        let missing: Vec<&str> =
            table.key.iter().map(|name| name.as_str()).filter(|name| !given.contains(name)).collect();
        if !missing.is_empty() {
            let message = format!("the key of `{}` lacks {}", row.row.value, crate::diagnostics::list(&missing));
            let diagnostic = Diagnostic::new(Code::EVC1301, key.0.span, message);
            self.diagnostics.push(diagnostic.secondary(table.key_span, "the key is declared here"));
        }
    }

    fn message(&mut self, message: &Message) {
        let model = self.model;
        let Some(id) = self.find("queue", &message.message, &model.queues, |it| &it.head) else { return };
        self.may_fit(message.has.as_ref(), model.queues[id].message.as_ref());
    }

    fn dead_letters(&mut self, letters: &DeadLetters) {
        let name = &letters.dead_letters;
        let things: Vec<String> = self.model.things().map(|thing| self.model.path(thing)).collect();
        if name.as_str() != NONE && !things.iter().any(|thing| thing == name.as_str()) {
            let message = format!("there is nothing that is `{}`", name.value);
            let diagnostic = Diagnostic::new(Code::EVC0101, name.span, message);
            self.diagnostics.push(diagnostic.suggest(name, things.iter().map(String::as_str)).help("or `none`"));
        }
    }
}
