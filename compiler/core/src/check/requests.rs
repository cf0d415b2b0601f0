//! What a request brings to a function or a workflow: the parameters of the path are fields of the input, and what comes as text
//! can be read from text.

use super::inputs::not_an_event;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Input, Integration, MappingValue, Model, Route, TableRoute, parameter_kind};
use crate::types::{Kind, Type, describe};

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for (_, route) in model.routes() {
        let to = match &route.integration {
            Integration::Function(id) => {
                let function = &model.functions[*id];
                let input = match &function.input {
                    Input::Value(input) => Some(input),
                    Input::Nothing => None,
                    Input::Events(_) => {
                        diagnostics.push(not_an_event(route.span, "a request", &function.head));
                        continue;
                    }
                };
                To { model, route, name: format!("function `{}`", function.head.name), input }
            }
            Integration::Workflow(id) => {
                let workflow = &model.workflows[*id];
                To { model, route, name: format!("workflow `{}`", workflow.head.name), input: Some(&workflow.input) }
            }
            Integration::Table(to) => {
                of_table(model, route, to, diagnostics);
                continue;
            }
        };
        if to.union(diagnostics) {
            continue;
        }
        to.path(diagnostics);
        to.texts(diagnostics);
        to.given(diagnostics);
    }
}

/// Every parameter of a path is what an attribute comes from.
fn of_table(model: &Model, route: &Route, to: &TableRoute, diagnostics: &mut Vec<Diagnostic>) {
    for parameter in route.parameters() {
        let takes = |value: &MappingValue| matches!(value, MappingValue::Path(name) if name == parameter);
        if to.mappings().any(|mapping| takes(&mapping.value)) {
            continue;
        }
        let table = &model.tables[to.table];
        let message = format!("nothing of table `{}` comes from `{parameter}`", table.head.name);
        diagnostics.push(
            Diagnostic::new(Code::EVC0610, route.parameter_span(parameter), message)
                .secondary(table.key_span, "the key is here")
                .note("a parameter of the path is the attribute of the key that has its name, or what `path.x` takes"),
        );
    }
}

/// A route and what it brings requests to.
struct To<'m> {
    model: &'m Model,
    route: &'m Route,
    /// "function `pay`".
    name: String,
    input: Option<&'m Type>,
}

impl To<'_> {
    /// What the route gives a workflow itself is a field of its input, which nothing else is.
    fn given(&self, diagnostics: &mut Vec<Diagnostic>) {
        let (types, Some(input)) = (&self.model.types, self.input) else { return };
        let Some(fields) = types.record(input) else { return };
        for mapping in &self.route.with {
            let refuse = |message: String| Diagnostic::new(Code::EVC0610, mapping.span, message);
            let name = mapping.attribute.as_str();
            let Some(field) = fields.get(name) else {
                let message = format!("the input of {} has no field `{name}`", self.name);
                let diagnostic = refuse(message).secondary(input.span, "the input is declared here");
                diagnostics.push(diagnostic.suggest(name, fields.keys().copied()));
                continue;
            };
            if self.route.parameters().any(|parameter| parameter == name) {
                let message = format!("`{name}` is a parameter of the path already");
                diagnostics.push(refuse(message).secondary(self.route.parameter_span(name), "it is here"));
            }
            if let Err(mismatch) = types.accepts(&field.ty, &mapping.ty) {
                let message = format!("this cannot be the `{name}` of {}", self.name);
                diagnostics.push(
                    refuse(message).label(mismatch.to_string()).secondary(field.ty.span, "the field is declared here"),
                );
            }
        }
    }

    /// Every parameter of a path is a field of the input, where the handler finds it.
    fn path(&self, diagnostics: &mut Vec<Diagnostic>) {
        let types = &self.model.types;
        for parameter in self.route.parameters() {
            let at = self.route.parameter_span(parameter);
            let refuse = |message: String| Diagnostic::new(Code::EVC0610, at, message);
            let Some(input) = self.input else {
                let message = format!("{} has no `input` that could take `{parameter}`", self.name);
                let help = format!("say `input: {{ {parameter}: string }}`");
                diagnostics.push(refuse(message).help(help));
                continue;
            };
            let Err(no) = types.field_at(input, &[parameter]) else { continue };
            if no.reported {
                continue;
            }
            let is_record = matches!(types.resolve(input).kind, Kind::Record(_));
            let message = if is_record {
                format!("the input of {} has no field `{parameter}`", self.name)
            } else {
                format!("the input of {} is `{}`, which has no fields", self.name, describe(input))
            };
            diagnostics.push(
                refuse(message)
                    .secondary(input.span, "the input is declared here")
                    .suggest(parameter, no.known)
                    .note("a parameter of the path comes to the handler as a field of its input"),
            );
        }
    }

    /// One of several records comes as a whole in a body, where its reader tells which it is.
    fn union(&self, diagnostics: &mut Vec<Diagnostic>) -> bool {
        let Some(input) = self.input.filter(|input| self.model.types.union(input).is_some()) else { return false };
        let place = match self.route.parameters().next() {
            Some(parameter) => self.route.parameter_span(parameter),
            None if self.route.has_body() => return false,
            None => self.route.span,
        };
        let message =
            format!("the input of {} is one of several records, `{}`, and comes in parts", self.name, describe(input));
        diagnostics.push(
            Diagnostic::new(Code::EVC0213, place, message)
                .secondary(input.span, "the input is declared here")
                .help("use a method that has a body, and no parameters in the path")
                .help(format!("or make it a field of the input: `input: {{ id: string, of: {} }}`", describe(input))),
        );
        true
    }

    /// What comes with a path, and with a request that has no body, is text: every such field can be read from text. What a route says
    /// beyond that is for another check.
    fn texts(&self, diagnostics: &mut Vec<Diagnostic>) {
        let types = &self.model.types;
        // Where one field is the whole body, others come with the query.
        let bodiless = !self.route.has_body() || self.route.sources.body.is_some();
        let fields = self.input.and_then(|input| types.record(input)).unwrap_or_default();
        let said = self.route.sources.fields();
        for (name, field) in fields.iter().filter(|(name, _)| !said.contains(*name)) {
            let in_path = self.route.parameters().any(|parameter| parameter == *name);
            if !in_path && !bodiless || self.is_readable(&field.ty, in_path) {
                continue;
            }
            let place = if in_path { "path" } else { "query" };
            let (to, ty) = (&self.name, describe(&field.ty));
            let message = format!("the field `{name}` of {to} is `{ty}`, and comes from the {place} as text");
            let at = if in_path { self.route.parameter_span(name) } else { self.route.span };
            let help =
                if bodiless && !in_path { "make it a text, or use a method that has a body" } else { "make it a text" };
            diagnostics.push(
                Diagnostic::new(Code::EVC0610, at, message)
                    .secondary(field.name_span, "the field is declared here")
                    .help(help),
            );
        }
    }

    /// A function reads numbers, booleans and, of a query, lists from texts; the template before a workflow does not.
    fn is_readable(&self, ty: &Type, in_path: bool) -> bool {
        let ty = self.model.types.resolve(ty);
        match self.route.function() {
            Some(_) => {
                let is_list = matches!(ty.kind, Kind::List(..));
                parameter_kind(&self.model.types, ty).is_some() && !(is_list && in_path)
            }
            None => is_text(&ty.kind),
        }
    }
}

/// Whether the JSON of a type is a text, or may be one.
pub(super) fn is_text(kind: &Kind) -> bool {
    match kind {
        Kind::Integer(_) | Kind::Number(_) | Kind::Money(_) | Kind::Boolean => false,
        Kind::List(..) | Kind::Map(_) | Kind::Record(_) => false,
        Kind::Any | Kind::String(_) | Kind::Enum(_) | Kind::Named(_) => true,
        Kind::Uuid | Kind::Timestamp | Kind::Date | Kind::Duration | Kind::Bytes => true,
        // What specs do not write.
        Kind::Union(_) | Kind::Tagged(..) => true,
    }
}
