//! What can only be said of types together: names that are not declared, records without end, fields that collide.

use std::collections::{HashMap, HashSet};

use super::tagged::union_problems;
use super::{Field, Kind, MAX_NESTING, Record, Type, Types, rust};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{Span, Spanned};

/// The longest attribute name that DynamoDB takes as part of a key; longer names could never be indexed.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-naming-rules>
const MAX_FIELD_NAME_BYTES: usize = 255;

impl Types {
    /// Everything wrong with the declared types, in the order they are written.
    pub fn check(&self) -> Vec<Diagnostic> {
        let mut diagnostics = Vec::new();
        for (name, ty) in &self.declared {
            self.visit_declared(name, ty, &mut diagnostics);
        }
        self.recursion(&mut diagnostics);
        diagnostics
    }

    /// Takes away what [`Types::check`] found to have no end, so that who follows types comes to one.
    pub fn cut_endless(&mut self, found: &[Diagnostic]) {
        let endless = found.iter().filter(|diagnostic| diagnostic.code == Code::EVC0204);
        let endless: HashSet<Span> = endless.map(|diagnostic| diagnostic.primary.span).collect();
        if !endless.is_empty() {
            self.declared.values_mut().for_each(|ty| cut(ty, &endless));
        }
    }

    /// Everything wrong with a type that stands outside `types:`, such as an event's detail or a function's input.
    pub fn check_type(&self, ty: &Type) -> Vec<Diagnostic> {
        let mut diagnostics = Vec::new();
        self.visit(ty, &mut diagnostics);
        diagnostics
    }

    /// A type that has a name of its own, and may be one of several records.
    fn visit_declared(&self, name: &str, ty: &Type, diagnostics: &mut Vec<Diagnostic>) {
        let Kind::Tagged(union) = &ty.kind else { return self.visit(ty, diagnostics) };
        for member in &union.members {
            self.visit(member, diagnostics);
        }
        diagnostics.extend(union_problems(self, name, union));
    }

    fn visit(&self, ty: &Type, diagnostics: &mut Vec<Diagnostic>) {
        match &ty.kind {
            Kind::Tagged(union) => {
                let place = union.by.as_ref().map_or(ty.span, |by| by.span);
                let message = "a type of several records has a name of its own";
                let help = "declare it under `types:` and write its name here";
                diagnostics.push(Diagnostic::new(Code::EVC0210, place, message).help(help));
            }
            // What could not be read has no name, and has been reported.
            Kind::Named(name) if !name.is_empty() && !self.declared.contains_key(name) => {
                diagnostics.push(self.unknown(name, ty.span));
            }
            Kind::Enum(literals) => {
                diagnostics.extend(self.types_in_place_of_literals(literals));
                let names = literals.iter().map(|literal| (literal.value.as_str(), literal.span));
                collisions("literal", names, rust::variant_name, diagnostics);
            }
            Kind::List(inner, _) | Kind::Map(inner) => self.visit(inner, diagnostics),
            Kind::Record(record) => self.visit_record(record, diagnostics),
            _ => {}
        }
    }

    /// Names of declared types where texts stand.
    fn types_in_place_of_literals(&self, literals: &[Spanned<String>]) -> Vec<Diagnostic> {
        // In quotes, the place is longer than the text, and the text is meant.
        let is_bare = |literal: &&Spanned<String>| literal.span.range().len() == literal.value.len();
        let named: Vec<_> =
            literals.iter().filter(is_bare).filter(|literal| self.declared.contains_key(&literal.value)).collect();
        let names: Vec<&str> = named.iter().map(|literal| literal.value.as_str()).collect();
        let is_record = |name: &&str| self.declared.get(*name).is_some_and(|ty| self.record(ty).is_some());
        let diagnostic = |literal: &Spanned<String>| {
            let message = format!("`{}` is a declared type; `|` joins literals", literal.value);
            Diagnostic::new(Code::EVC0209, literal.span, message)
        };
        if names.len() > 1 && names.len() == literals.len() && names.iter().all(is_record) {
            let help = format!("one of several records is written `{{ one-of: [{}], by: FIELD }}`", names.join(", "));
            let how = "FIELD is one that each of them has, with a value of its own";
            return named.first().map(|first| diagnostic(first).help(help).help(how)).into_iter().collect();
        }
        let help = |name: &str| format!("for the text itself write `'{name}'`; for a value of several types use `any`");
        named.into_iter().map(|literal| diagnostic(literal).help(help(&literal.value))).collect()
    }

    fn visit_record(&self, record: &Record, diagnostics: &mut Vec<Diagnostic>) {
        self.extends(record, diagnostics);
        for (name, field) in &record.fields {
            if let Some(problem) = bad_name(name) {
                let message = format!("`{name}` cannot be the name of a field: {problem}");
                diagnostics.push(Diagnostic::new(Code::EVC0207, field.name_span, message));
            }
            self.visit(&field.ty, diagnostics);
        }
        let inherited = self.inherited(record);
        for (name, first) in &inherited {
            if let Some(again) = record.fields.get(*name) {
                let message = format!("field `{name}` is already declared in what this record extends");
                let diagnostic = Diagnostic::new(Code::EVC0206, again.name_span, message);
                diagnostics.push(diagnostic.secondary(first.name_span, "declared here"));
            }
        }
        let new =
            record.fields.iter().filter(|(name, _)| !inherited.contains_key(name.as_str()) && bad_name(name).is_none());
        let own = new.map(|(name, field)| (name.as_str(), field.name_span));
        let above = inherited.iter().map(|(name, field)| (*name, field.name_span));
        collisions("field", above.chain(own), rust::field_name, diagnostics);
    }

    /// The fields that a record gets from those it extends, by name; not sorted, for look-ups and ordered by place below.
    fn inherited<'a>(&'a self, record: &'a Record) -> indexmap::IndexMap<&'a str, &'a Field> {
        let mut parts = self.lineage(record);
        parts.remove(0);
        parts.iter().rev().flat_map(|part| part.fields.iter()).map(|(name, field)| (name.as_str(), field)).collect()
    }

    fn extends(&self, record: &Record, diagnostics: &mut Vec<Diagnostic>) {
        let Some(base) = &record.extends else { return };
        let Some(declared) = self.declared.get(&base.value) else {
            return diagnostics.push(self.unknown(&base.value, base.span));
        };
        let found = self.named(declared);
        if !matches!(found.kind, Kind::Record(_) | Kind::Named(_)) {
            let message = format!("`{}` is not a record and cannot be extended", base.value);
            diagnostics.push(
                Diagnostic::new(Code::EVC0205, base.span, message)
                    .secondary(found.span, format!("it is `{}`", super::describe(found))),
            );
        }
    }

    fn unknown(&self, name: &str, span: Span) -> Diagnostic {
        let known = self.declared.keys().map(String::as_str).chain(super::SCALARS.iter().copied());
        let diagnostic = Diagnostic::new(Code::EVC0201, span, format!("unknown type `{name}`"));
        // A list of everything there is would only hide the one thing that can be said of `PLACED`.
        let near = crate::diagnostics::nearest(name, &known.clone().collect::<Vec<_>>());
        if near.is_none() && name.len() > 1 && !name.chars().any(|next| next.is_ascii_lowercase()) {
            return diagnostic.help(super::shorthand::one_literal(name));
        }
        if near.is_some() {
            diagnostic.suggest(name, known)
        } else {
            diagnostic.suggest(name, self.declared.keys().map(String::as_str))
        }
    }

    /// Reports each loop of declared types once, at the reference that closes it.
    fn recursion(&self, diagnostics: &mut Vec<Diagnostic>) {
        let mut done = HashSet::new();
        for name in self.declared.keys() {
            self.descend(name, &mut done, &mut Vec::new(), diagnostics);
        }
    }

    fn descend<'a>(
        &'a self,
        name: &'a str,
        done: &mut HashSet<&'a str>,
        path: &mut Vec<&'a str>,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let Some(ty) = self.declared.get(name) else { return };
        if done.contains(name) {
            return;
        }
        if path.len() >= MAX_NESTING {
            let message = format!("types stand within one another more than {MAX_NESTING} levels deep");
            let help = "hold the id of the inner thing instead, or `any`";
            return diagnostics.push(Diagnostic::new(Code::EVC0204, ty.span, message).help(help));
        }
        path.push(name);
        let mut references = Vec::new();
        collect(ty, &mut references);
        for (next, span) in references {
            if let Some(start) = path.iter().position(|on| *on == next) {
                let mut chain = path.get(start..).unwrap_or_default().to_vec();
                chain.push(next);
                let chain = chain.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" → ");
                let message = format!("type `{next}` contains itself");
                diagnostics.push(
                    Diagnostic::new(Code::EVC0204, span, message)
                        .note(format!("the way round is {chain}"))
                        .help("hold the id of the other thing instead, or `any`"),
                );
            } else {
                self.descend(next, done, path, diagnostics);
            }
        }
        path.pop();
        done.insert(name);
    }
}

/// Takes away each part of a type that stands, or extends something, at one of these places.
fn cut(ty: &mut Type, endless: &HashSet<Span>) {
    let extends = match &ty.kind {
        Kind::Record(record) => record.extends.as_ref().map(|base| base.span),
        _ => None,
    };
    if endless.contains(&ty.span) || extends.is_some_and(|span| endless.contains(&span)) {
        *ty = Type::unread(ty.span);
        return;
    }
    match &mut ty.kind {
        Kind::List(inner, _) | Kind::Map(inner) => cut(inner, endless),
        Kind::Record(record) => record.fields.values_mut().for_each(|field| cut(&mut field.ty, endless)),
        Kind::Tagged(union) => union.members.iter_mut().for_each(|member| cut(member, endless)),
        _ => {}
    }
}

/// The names a type refers to, with their places.
fn collect<'a>(ty: &'a Type, into: &mut Vec<(&'a str, Span)>) {
    match &ty.kind {
        Kind::Named(name) => into.push((name, ty.span)),
        Kind::List(inner, _) | Kind::Map(inner) => collect(inner, into),
        Kind::Record(record) => {
            into.extend(record.extends.iter().map(|base| (base.value.as_str(), base.span)));
            record.fields.values().for_each(|field| collect(&field.ty, into));
        }
        Kind::Tagged(union) => union.members.iter().for_each(|member| collect(member, into)),
        _ => {}
    }
}

/// Why this cannot be the name of a field.
fn bad_name(name: &str) -> Option<&'static str> {
    let word = |next: char| next.is_ascii_alphanumeric() || matches!(next, '_' | '-');
    if name.is_empty() {
        Some("it is empty")
    } else if name.contains('.') {
        Some("an event pattern would take `.` for the way into a record")
    } else if !name.chars().all(word) {
        Some("it may have letters, digits, `_` and `-`")
    } else if name.starts_with(|first: char| !first.is_ascii_alphabetic() && first != '_') {
        Some("it must start with a letter or `_`")
    } else if !name.contains(|next: char| next.is_ascii_alphanumeric()) {
        Some("it needs a letter or a digit")
    } else if name.len() > MAX_FIELD_NAME_BYTES {
        Some("DynamoDB takes at most 255 bytes")
    } else {
        None
    }
}

/// Reports names that become the same Rust name, or none.
fn collisions<'a>(
    what: &str,
    names: impl Iterator<Item = (&'a str, Span)>,
    rust_name: impl Fn(&str) -> String,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut seen: HashMap<String, (&str, Span)> = HashMap::new();
    for (name, span) in names {
        let rust = rust_name(name);
        if rust.is_empty() {
            let message = format!("{what} `{name}` has no letter or digit to make a Rust name of");
            diagnostics.push(Diagnostic::new(Code::EVC0207, span, message));
        } else if let Some((first, first_span)) = seen.get(&rust) {
            let message = format!("{what}s `{first}` and `{name}` are both `{rust}` in Rust");
            diagnostics.push(Diagnostic::new(Code::EVC0207, span, message).secondary(*first_span, "the other one"));
        } else {
            seen.insert(rust, (name, span));
        }
    }
}
