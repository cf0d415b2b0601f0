//! Names, fields and predicates.

use super::value::{Absent, class_of, lengths, times};
use super::{Class, Context, Infer, Special, Value, WayOut};
use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::expr::ast::{Ast, AstKind, Place};
use crate::expr::facts::{Base, established, index};
use crate::expr::scope::{Defined, Origin, Root};
use crate::expr::{functions, variable_name};
use crate::types::{FieldAt, Kind, Side, Step, Type, describe};

impl Infer<'_> {
    pub(super) fn name(&mut self, ast: &Ast, name: &str, place: Place, quoted: bool, context: &Context) -> Value {
        match &context.item {
            Some(item) if place == Place::Head => {
                let item = self.narrowed(&Base::Item(context.depth), item.clone());
                self.field(ast, name, place, quoted, &item, context)
            }
            Some(item) if place == Place::Step => self.field(ast, name, place, quoted, item, context),
            _ => self.root(ast, name, context),
        }
    }

    fn root(&mut self, ast: &Ast, name: &str, context: &Context) -> Value {
        let span = self.span(&ast.range);
        if let Some(root) = self.scope.get(name) {
            let root = root.clone();
            return self.known_root(name, &root, ast, context);
        }
        if self.taken_apart.as_ref().is_some_and(|reported| reported.contains(&ast.range.start)) {
            return Value::any(span);
        }
        if let Some(diagnostic) = self.hyphenated(ast) {
            self.report(diagnostic);
            return Value::any(span);
        }
        let mut diagnostic = Diagnostic::new(Code::EVC0402, span, format!("unknown name `{name}`"));
        let input_field = self
            .scope
            .get("input")
            .is_some_and(|input| self.types.field_at(&input.ty, &[name]).is_ok_and(|at| at.field.is_some()));
        let names: Vec<&str> = self.scope.names().collect();
        if input_field {
            diagnostic = diagnostic.help(format!("did you mean `input.{name}`?"));
            if self.exact() {
                diagnostic = diagnostic.replace(format!("replace with `input.{name}`"), span, format!("input.{name}"));
            }
        } else if self.text(ast) == self.expr.text.trim() && nearest(name, &names).is_none() {
            diagnostic = diagnostic.help(format!("an expression starts with {}", crate::diagnostics::list(&names)));
            diagnostic = diagnostic.help(format!("a text is written in quotes of its own: `\"'{name}'\"`"));
        } else {
            diagnostic = self.suggest(diagnostic, name, &names);
        }
        self.report(diagnostic);
        Value::any(span)
    }

    /// A misspelt name with hyphens, which was parsed as a subtraction.
    fn hyphenated(&mut self, ast: &Ast) -> Option<Diagnostic> {
        let range = run(&self.expr.text, ast.range.start);
        let name = &self.expr.text[range.clone()];
        let known: Vec<&str> = self.scope.names().filter(|known| known.contains('-')).collect();
        if !name.contains('-') || range.start != ast.range.start || nearest(name, &known).is_none() {
            return None;
        }
        let diagnostic = Diagnostic::new(Code::EVC0402, self.span(&range), format!("unknown name `{name}`"));
        let diagnostic = self.suggest(diagnostic, name, &known);
        self.taken_apart = Some(range);
        Some(diagnostic)
    }

    fn known_root(&mut self, name: &str, root: &Root, ast: &Ast, context: &Context) -> Value {
        let span = self.span(&ast.range);
        let what = if root.from == Origin::Workflow { "result" } else { "value" };
        let message = match &root.defined {
            Defined::Always => None,
            Defined::Sometimes(when) => Some(format!("`{name}` has no {what} here {when}")),
            Defined::Inside(outer) if root.from == Origin::Workflow => {
                Some(format!("`{name}` has no result here: it runs inside of `{outer}`, which has the results"))
            }
            Defined::Inside(outer) => {
                Some(format!("`{name}` has no value here: it is a variable of steps inside of `{outer}`"))
            }
            Defined::Nothing(why) => Some(format!("`{name}` has no {what}: {why}")),
            Defined::Never(why) => Some(format!("`{name}` has no {what} here: {why}")),
        };
        if let Some(message) = message {
            // Once for an expression: `$exists(a.b) ? a.b : c`.
            if self.diagnostics.iter().all(|known| known.message != message) {
                let diagnostic = Diagnostic::new(Code::EVC0404, span, message);
                self.report(undefined(diagnostic, name, root));
            }
        }
        let mut value = Value::of(Type::clone(&root.ty));
        if root.from == (Origin::Steps { optional: true }) && !self.is_present(ast, context) {
            let absent = Absent { declared: root.declared, ..Absent::new(span, self.text(ast)) };
            value = value.maybe(Some(absent));
        }
        self.narrowed(&Base::Root(name.to_owned()), value)
    }

    pub(super) fn variable(&mut self, ast: &Ast, name: &str, context: &Context) -> Value {
        let span = self.span(&ast.range);
        if name.is_empty() {
            if let Some(item) = &context.item {
                return self.narrowed(&Base::Item(context.depth), item.clone());
            }
            let message = "`$` is nothing here: no value is at hand outside of predicates and maps";
            self.report(Diagnostic::new(Code::EVC0412, span, message).help("start from a name: `input`"));
            return Value::any(span);
        }
        if let Some((at, (_, value))) = self.locals.iter().enumerate().rev().find(|(_, (local, _))| local == name) {
            return self.narrowed(&Base::Local(at), value.clone());
        }
        if let Some((root_name, root)) = self.scope.by_variable(name) {
            let (root_name, root) = (root_name.to_owned(), root.clone());
            return self.known_root(&root_name, &root, ast, context);
        }
        if functions::is_known(name) {
            if self.scope.names().any(|root| root == name) {
                let variable = format!("${}", variable_name(name));
                let message = format!("`${name}` is the function of this name, not the workflow's `{name}`");
                let diagnostic = Diagnostic::new(Code::EVC0418, span, message).help(format!(
                    "write `{variable}` for the workflow's; for the function, give the step or variable another name"
                ));
                let title = format!("replace with `{variable}`");
                self.report(if self.exact() { diagnostic.propose(title, span, variable) } else { diagnostic });
            }
            return Value::special(Special::Function, span);
        }
        let diagnostic = match name {
            "$" => Diagnostic::new(
                Code::EVC0412,
                span,
                "`$$` is nothing in Step Functions: there is no document around an expression",
            )
            .help("write `$input` for the input of the workflow"),
            "states" => Diagnostic::new(Code::EVC0412, span, "`$states` belongs to the machine that is generated")
                .help("write `input`, the name of a step, `error` or `execution`"),
            _ => {
                let diagnostic = Diagnostic::new(Code::EVC0402, span, format!("unknown variable `${name}`"));
                let locals = self.locals.iter().map(|(local, _)| format!("${local}"));
                let known: Vec<String> =
                    self.scope.names().map(|root| format!("${}", variable_name(root))).chain(locals).collect();
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                self.suggest(diagnostic, &format!("${name}"), &known)
            }
        };
        self.report(diagnostic);
        Value::any(span)
    }

    fn field(&mut self, ast: &Ast, name: &str, place: Place, quoted: bool, item: &Value, context: &Context) -> Value {
        let span = self.span(&ast.range);
        let root_meant = place == Place::Head && !quoted && self.scope.get(name).is_some();
        let resolved = self.types.resolve(&item.ty);
        let unknown = match &resolved.kind {
            Kind::Any | Kind::Named(_) if root_meant => Vec::new(),
            Kind::Any | Kind::Named(_) => return Value::any(span),
            Kind::Map(value) => {
                let absent = Absent::new(span, self.text(ast));
                let value = Value::of((**value).clone());
                return if self.is_present(ast, context) { value } else { value.maybe(Some(absent)) };
            }
            Kind::Record(_) => {
                let fields = self.types.record(resolved).unwrap_or_default();
                match fields.get(name) {
                    Some(field) => {
                        let value = Value::of(field.ty.clone());
                        if !field.optional || self.is_present(ast, context) {
                            return value;
                        }
                        let declared = Some(field.name_span);
                        return value.maybe(Some(Absent { declared, ..Absent::new(span, self.text(ast)) }));
                    }
                    None => fields.into_keys().collect(),
                }
            }
            Kind::Union(members) => {
                // Of what is no object, there is nothing under a name.
                let objects = members.iter().filter(|member| class_of(member, self.types) == Class::Object);
                let fields: Vec<FieldAt<'_>> =
                    objects.filter_map(|object| self.types.field_at(object, &[name]).ok()).collect();
                if let Some(ty) = self.types.join(fields.iter().map(|field| field.ty)) {
                    let absent = (!self.is_present(ast, context)).then(|| Absent::new(span, self.text(ast)));
                    return Value::of(ty).maybe(absent);
                }
                Vec::new()
            }
            _ => Vec::new(),
        };
        let diagnostic = if root_meant {
            let variable = format!("${}", variable_name(name));
            let message = format!("`{name}` is a field of the value at hand here, not the workflow's `{name}`");
            let diagnostic = Diagnostic::new(Code::EVC0413, span, message)
                .note("inside a predicate, a map or a grouping, JSONata takes a bare name for a field of each value")
                .help(format!("write `{variable}` for the workflow's, or `{name}` in backticks for the field"));
            if self.exact() {
                diagnostic.replace(format!("replace with `{variable}`"), span, variable)
            } else {
                diagnostic
            }
        } else if unknown.is_empty() {
            let message = format!("unknown field `{name}`: {} has no fields", article(&item.ty));
            Diagnostic::new(Code::EVC0403, span, message)
        } else {
            let message = format!("unknown field `{name}` of {}", article(&item.ty));
            let diagnostic = Diagnostic::new(Code::EVC0403, span, message);
            match unknown.iter().find(|field| field.strip_prefix(name).is_some_and(|rest| rest.starts_with('-'))) {
                Some(hyphenated) => {
                    self.taken_apart = Some(run(&self.expr.text, ast.range.start));
                    diagnostic.help(format!("write a name with hyphens in backticks: `` `{hyphenated}` ``"))
                }
                None => self.suggest(diagnostic, name, &unknown),
            }
        };
        self.report(diagnostic);
        Value::any(span)
    }

    pub(super) fn path(&mut self, ast: &Ast, left: &Ast, right: &Ast, context: &Context) -> Value {
        let base = self.value(left, context);
        let (mut element, many) = base.element(self.types);
        let mut lengths = base.lengths_throughout(self.types);
        if many && !matches!(right.kind, AstKind::Name { .. }) {
            // Only names look into lists of lists.
            (element, lengths) = (base.item(self.types), base.lengths(self.types));
        }
        let of_any = element.class(self.types) == Class::Any;
        let mut value = self.value(right, &context.inside(element));
        if of_any {
            // There may be a list in `any`, or none.
            let unsure = !self.is_present(ast, context);
            return Value { unsure, ..Value::any(self.span(&ast.range)) }.maybe(base.absent);
        }
        if many && matches!(right.kind, AstKind::Array(_)) {
            // Lists of lists, or one list where there is one value.
            self.untyped = true;
            return Value::any(self.span(&ast.range));
        }
        if many {
            // A list for each of many values becomes one sequence.
            // A list that is all there is may be empty: it is there, and has no item.
            let is_each = !value.element(self.types).1 || value.is_filled(self.types);
            let count = times(&lengths, &value.lengths(self.types));
            return value.item(self.types).many().counted(count).filled(is_each && self.is_present(ast, context));
        }
        if let Some(absent) = &mut value.absent
            && matches!(right.kind, AstKind::Name { .. } | AstKind::Filter(..))
        {
            self.text(ast).clone_into(&mut absent.path);
            absent.side = absent.side.take().or_else(|| self.lacking(ast, context));
        }
        value.absent = base.absent.or(value.absent);
        if self.is_present(ast, context) {
            value.absent = None;
            let filled = value.many && matches!(right.kind, AstKind::Filter(..));
            value = value.filled(filled);
        }
        value
    }

    /// The way by which a value comes that may lack what a path leads to.
    fn lacking(&self, ast: &Ast, context: &Context) -> Option<Side> {
        let way = self.names(context).way(ast)?;
        let Base::Root(root) = &way.base else { return None };
        let fields =
            way.steps.iter().filter_map(|step| if let Step::Field(name) = step { Some(name.as_str()) } else { None });
        let path: Vec<&str> = std::iter::once(root.as_str()).chain(fields).collect();
        self.scope.lacking(&path, self.types).cloned()
    }

    pub(super) fn filter(&mut self, ast: &Ast, base: &Ast, predicate: &Ast, context: &Context) -> Value {
        let value = self.value(base, context);
        // A condition may have counted what the very same call gives.
        let value = if matches!(base.kind, AstKind::Call(..)) { self.guarded(base, value, context) } else { value };
        let (element, many) = (value.item(self.types), value.element(self.types).1);
        // In `a[][0]`, the brackets keep the list around what the index takes.
        let kept = matches!(base.kind, AstKind::KeepArray(_));
        // Nothing is known of what an empty list would have.
        self.untyped |= value.most(self.types) == Some(0);
        if kept || value.class(self.types) == Class::Any {
            self.value(predicate, &context.inside(element));
            self.untyped |= kept;
            return if kept { Value::any(self.span(&base.range)) } else { value };
        }
        let test = self.value(predicate, &context.inside(element.clone()));
        // A number takes the element at that place; one computed from each element takes those that name their own.
        let is_index = test.class(self.types) == Class::Number && !test.many && !uses_item(predicate);
        let nothing = |way| Absent { way, ..Absent::new(self.span(&ast.range), self.text(ast)) };
        match (many, is_index) {
            (true, true) if value.is_filled(self.types) && self.within(&value, predicate) => element,
            (true, true) if self.is_present(ast, context) => element,
            (true, true) => element.maybe(value.absent).maybe(Some(nothing(WayOut::Bounds))),
            (true, false) => {
                let [held, _] = established(predicate, &self.names(&context.inside(element.clone())));
                let narrower = held.narrowed(&Base::Item(context.depth + 1), &element.ty, self.types);
                let element = Value { ty: narrower.unwrap_or_else(|| element.ty.clone()), ..element };
                let count = lengths(0, value.most(self.types));
                element.many().counted(count).filled(self.is_present(ast, context))
            }
            (false, true) if matches!(index(predicate), Some(0 | -1)) || self.is_present(ast, context) => value,
            (false, true) => value.maybe(Some(nothing(WayOut::Exists))),
            (false, false) => {
                let path = self.text(base).to_owned();
                value.maybe(Some(Absent::new(self.span(&predicate.range), &path)))
            }
        }
    }

    /// Whether the place that an index names is within what the bounds of a list promise.
    fn within(&self, list: &Value, predicate: &Ast) -> bool {
        let least = list.least(self.types).max(1);
        index(predicate).is_some_and(|at| at.unsigned_abs() < least + u64::from(at < 0))
    }

    pub(super) fn keep_array(&mut self, base: &Ast, context: &Context) -> Value {
        let value = self.value(base, context);
        let span = self.span(&base.range);
        let is_path = matches!(base.kind, AstKind::Name { .. } | AstKind::Path(..) | AstKind::Filter(..));
        // Elsewhere than on a path, what `[]` does depends on how JSONata came by the value: `1[]` is 1.
        if !(is_path || value.many && gives_sequence(base)) {
            self.untyped = true;
            return Value::any(span);
        }
        if value.class(self.types) == Class::List && !value.many {
            return value;
        }
        // Nothing stays nothing: `[]` makes a list of one value, not of none.
        self.keeps_sequences = true;
        let nothing = value.many && value.may_be_absent();
        let absent = nothing.then(|| Absent::new(span, self.text(base)));
        let there = Value { absent: None, ..value.clone() };
        let least = if value.many { there.least(self.types).max(1) } else { there.least(self.types) };
        let item = self.kept(&Value { many: false, ..there.clone() });
        let list = Kind::List(Box::new(item), lengths(least, there.most(self.types)));
        Value::new(list, span).maybe(value.absent.or(absent))
    }
}

/// What to do about a name that has no value on some route.
fn undefined(diagnostic: Diagnostic, name: &str, root: &Root) -> Diagnostic {
    let label = match (&root.defined, root.from) {
        (Defined::Nothing(_), _) => "this is the step",
        (_, Origin::Workflow) => "its result is bound here",
        (_, Origin::Steps { .. }) => "declared here",
    };
    let diagnostic = match root.declared {
        Some(declared) => diagnostic.secondary(declared, label),
        None => diagnostic,
    };
    let where_set = match (&root.defined, root.from) {
        (Defined::Inside(outer), _) => {
            return diagnostic
                .help(format!("let the branch or the round end with the value, and use what `{outer}` gives"));
        }
        (Defined::Nothing(_), _) => return diagnostic,
        (_, Origin::Workflow) => {
            let diagnostic = diagnostic.help("use it only where every route has passed the step");
            if root.declared.is_none() {
                return diagnostic;
            }
            return diagnostic.help(
                "a value that one of several routes gives, or that goes round a loop, is a variable: declare it under `variables:`, \
                 set it on each route with `assign:`, and read it by its name",
            );
        }
        (Defined::Sometimes(_), Origin::Steps { .. }) => "on that route too",
        (Defined::Always | Defined::Never(_), Origin::Steps { .. }) => "before",
    };
    diagnostic.help(format!(
        "set it {where_set}, with `assign: {{ {name}: .. }}`, or give it a first value: `{name}: {{ type: .., value: .. }}`"
    ))
}

/// Whether this is a call of a function that makes a sequence, which `[]` keeps a list even of one.
fn gives_sequence(ast: &Ast) -> bool {
    match &ast.kind {
        AstKind::Call(callee, _) => {
            matches!(&callee.kind, AstKind::Variable(name) if matches!(name.as_str(), "map" | "filter" | "keys" | "each"))
        }
        _ => false,
    }
}

/// Whether a part of an expression refers to the value at hand.
fn uses_item(ast: &Ast) -> bool {
    let here = match &ast.kind {
        AstKind::Name { place, .. } => *place == Place::Head,
        AstKind::Variable(name) => name.is_empty(),
        _ => false,
    };
    here || ast.children().into_iter().any(uses_item)
}

/// The letters, digits and hyphens around a place, which the writer may have meant as one name.
fn run(text: &str, at: usize) -> std::ops::Range<usize> {
    let part = |char: char| char.is_alphanumeric() || matches!(char, '-' | '_');
    let start = text[..at].trim_end_matches(part).len();
    let end = text.len() - text[at..].trim_start_matches(part).len();
    start..end
}

/// The name of a type with its article, for messages.
fn article(ty: &Type) -> String {
    match &ty.kind {
        Kind::Record(_) => "this object".to_owned(),
        _ => format!("`{}`", describe(ty)),
    }
}
