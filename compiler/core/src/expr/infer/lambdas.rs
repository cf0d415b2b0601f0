//! Functions that an expression gives a name and calls: what each gives is inferred where it is called, by what it is given there. One that
//! calls itself gives what its ends give, which is followed until nothing changes any more.

use std::ops::Range as Bytes;

use super::calls::widened;
use super::{Class, Context, Infer, Special, Value, established, join};
use crate::expr::ast::{Ast, AstKind};
use crate::types::{Kind, Range, Type};

/// How often a function that calls itself is looked at until what it gives is taken for unknown.
const MOST_ROUNDS: usize = 5;

/// How many calls of an expression's own functions are looked into. Functions that call others twice make more of them than are written.
const MOST_CALLS: u32 = 200;

/// A function that has a name.
#[derive(Debug, Clone)]
pub(super) struct Named {
    name: String,
    params: Vec<(String, Bytes<usize>)>,
    body: Ast,
    /// What its signature says that each parameter is, as far as it says one thing: `<n-s:n>`.
    signature: Vec<Option<Class>>,
}

/// A function that calls itself, while it is looked at.
#[derive(Debug)]
pub(super) struct Run {
    at: usize,
    given: Vec<Value>,
    gives: Value,
}

impl Infer<'_> {
    /// The function that is bound here, if all that the expression does with it is to call it: it is looked into where it is called then.
    pub(super) fn only_called(&self, name: &str, ast: &Ast, context: &Context) -> Option<Named> {
        let AstKind::Lambda { params, body } = &ast.kind else { return None };
        let is_outermost = context.item.is_none() && context.depth == 0;
        let mut calls = Calls { name, inside: &ast.range, outside: 0, others: 0 };
        calls.count(&self.expr.tree);
        if !is_outermost || calls.others > 0 || calls.outside == 0 {
            return None;
        }
        let start = params.last().map_or(ast.range.start, |(_, range)| range.end);
        let between = self.expr.text.get(start..body.range.start).unwrap_or_default();
        let signature = signature(between);
        Some(Named { name: name.to_owned(), params: params.clone(), body: (**body).clone(), signature })
    }

    /// The function that a name is bound to, and its place among what is.
    pub(super) fn named(&self, name: &str) -> Option<(usize, Named)> {
        let at = self.locals.iter().rposition(|(local, _)| local == name)?;
        let (_, named) = self.lambdas.iter().find(|(of, _)| *of == at)?;
        Some((at, named.clone()))
    }

    /// What a call of such a function gives.
    pub(super) fn call_named(
        &mut self,
        (at, named): (usize, Named),
        ast: &Ast,
        arguments: &[Ast],
        first: Option<(&Ast, Value)>,
        context: &Context,
    ) -> Value {
        let span = self.span(&ast.range);
        let mut given: Vec<Value> = first.into_iter().map(|(_, value)| value).collect();
        given.extend(arguments.iter().map(|argument| self.value(argument, context)));
        self.calls += 1;
        if self.calls > MOST_CALLS || arguments.iter().any(|argument| argument.kind == AstKind::Placeholder) {
            self.untyped = true;
            return Value::any(span);
        }
        for (value, class) in given.iter_mut().zip(&named.signature) {
            value.ty = signed(value, *class, self).unwrap_or_else(|| value.ty.clone());
        }
        if let Some(run) = self.running.iter().rposition(|run| run.at == at) {
            let types = self.types;
            let run = &mut self.running[run];
            for (known, new) in run.given.iter_mut().zip(given) {
                let joined = join(&known.ty, &widened(new.clone(), types).ty, types);
                *known = Value { absent: known.absent.clone().or(new.absent), ..Value::of(joined) };
            }
            return Value { ty: Type { kind: run.gives.ty.kind.clone(), span }, ..run.gives.clone() };
        }
        if !mentions(&named.body, &named.name) {
            return self.inside(at, |infer, context| infer.lambda(&named.params, &named.body, &given, context));
        }
        let found = self.rounds(at, &named, given);
        self.untyped |= found.is_none();
        found.map_or_else(|| Value::any(span), |value| Value { ty: Type { span, ..value.ty }, ..value })
    }

    /// What a function gives that calls itself.
    fn rounds(&mut self, at: usize, named: &Named, given: Vec<Value>) -> Option<Value> {
        let is_plain = |value: &Value| value.special == Special::No && !value.many && !value.null;
        if !given.iter().all(is_plain) {
            return None;
        }
        let types = self.types;
        let absent = |value: &Value| value.absent.clone();
        let mut given: Vec<Value> =
            given.into_iter().map(|value| Value { absent: absent(&value), ..widened(value, types) }).collect();
        let reported = self.diagnostics.len();
        let end =
            self.inside(at, |infer, context| infer.ends(&named.params, &named.body, &given, &named.name, context));
        self.diagnostics.truncate(reported);
        let end = end.filter(is_plain)?;
        let mut gives = Value { absent: end.absent.clone(), ..widened(end, types) };
        for _ in 0..MOST_ROUNDS {
            let (reported, risks) = (self.diagnostics.len(), self.risks.len());
            self.running.push(Run { at, given: given.clone(), gives: gives.clone() });
            let value = self.inside(at, |infer, context| infer.lambda(&named.params, &named.body, &given, context));
            let run = self.running.pop()?;
            if !is_plain(&value) {
                return None;
            }
            let joined = join(&gives.ty, &widened(value.clone(), types).ty, types);
            let is_same = |a: &Value, b: &Value| a.ty.kind == b.ty.kind && a.absent.is_some() == b.absent.is_some();
            let absent = gives.absent.clone().or(value.absent);
            let next = Value { absent, ..Value::of(joined) };
            if is_same(&next, &gives) && run.given.iter().zip(&given).all(|(a, b)| is_same(a, b)) {
                return Some(next);
            }
            (given, gives) = (run.given, next);
            self.diagnostics.truncate(reported);
            self.risks.truncate(risks);
        }
        None
    }

    /// What a function gives where it does not call itself.
    fn ends(
        &mut self,
        params: &[(String, Bytes<usize>)],
        body: &Ast,
        given: &[Value],
        name: &str,
        context: &Context,
    ) -> Option<Value> {
        let outer = self.locals.len();
        for (at, (param, range)) in params.iter().enumerate() {
            let value = given.get(at).cloned().unwrap_or_else(|| Value::any(self.span(range)));
            self.bind(param, range, value);
        }
        let end = self.end_of(body, name, context);
        self.locals.truncate(outer);
        end
    }

    fn end_of(&mut self, body: &Ast, name: &str, context: &Context) -> Option<Value> {
        match &body.kind {
            _ if !mentions(body, name) => Some(self.value(body, context)),
            AstKind::Block(parts) => {
                let (last, before) = parts.split_last()?;
                for part in before {
                    if mentions(part, name) {
                        return None;
                    }
                    self.value(part, context);
                }
                self.end_of(last, name, context)
            }
            AstKind::Conditional(condition, then, otherwise) => {
                let [held, failed] = established(condition, &self.names(context));
                let one = self.knowing(&held, |infer| infer.end_of(then, name, context));
                let other = otherwise
                    .as_ref()
                    .and_then(|otherwise| self.knowing(&failed, |infer| infer.end_of(otherwise, name, context)));
                match (one, other) {
                    (Some(one), Some(other)) => Some(self.either(one, other)),
                    (one, other) => one.or(other),
                }
            }
            _ => None,
        }
    }

    /// Runs where a function stands that is bound at a place: what is bound after it, and what is known of that, it does not see.
    fn inside<T>(&mut self, at: usize, run: impl FnOnce(&mut Self, &Context) -> T) -> T {
        let locals = self.locals.split_off((at + 1).min(self.locals.len()));
        let (aliases, composed, lambdas) = (self.aliases.clone(), self.composed.clone(), self.lambdas.clone());
        self.aliases.retain(|(of, _)| *of <= at);
        self.composed.retain(|(of, _)| *of <= at);
        self.lambdas.retain(|(of, _)| *of <= at);
        let (facts, shown) = (self.facts.clone(), self.shown.clone());
        self.facts.keep_outside(at);
        self.shown.keep_outside(at);
        let result = run(self, &Context { item: None, depth: 0 });
        (self.facts, self.shown) = (facts, shown);
        (self.aliases, self.composed, self.lambdas) = (aliases, composed, lambdas);
        self.locals.truncate(at + 1);
        self.locals.extend(locals);
        result
    }
}

/// What is done with a name in an expression.
struct Calls<'a> {
    name: &'a str,
    /// Where the function itself stands.
    inside: &'a Bytes<usize>,
    /// How often it is called from outside of itself.
    outside: usize,
    /// How often something else is done with it: it is handed on, or the name is bound again.
    others: usize,
}

impl Calls<'_> {
    fn count(&mut self, ast: &Ast) {
        let is_it = |ast: &Ast| matches!(&ast.kind, AstKind::Variable(name) if name == self.name);
        let is_inside = self.inside.contains(&ast.range.start);
        match &ast.kind {
            AstKind::Call(function, arguments) if is_it(function) => {
                self.outside += usize::from(!is_inside);
                for argument in arguments {
                    self.count(argument);
                }
            }
            AstKind::Apply(left, right) if is_it(right) => {
                self.outside += usize::from(!is_inside);
                self.count(left);
            }
            AstKind::Variable(_) => self.others += usize::from(is_it(ast)),
            AstKind::Bind { name, value, .. } => {
                let is_again = name == self.name && value.range != *self.inside;
                self.others += usize::from(is_again);
                self.count(value);
            }
            AstKind::Lambda { params, body } => {
                self.others += usize::from(params.iter().any(|(param, _)| param == self.name));
                self.count(body);
            }
            _ => ast.children().into_iter().for_each(|child| self.count(child)),
        }
    }
}

/// Whether a part names a variable.
fn mentions(ast: &Ast, name: &str) -> bool {
    matches!(&ast.kind, AstKind::Variable(of) if of == name)
        || ast.children().into_iter().any(|child| mentions(child, name))
}

/// What a signature says of each parameter. JSONata holds a call against it.
/// <https://docs.jsonata.org/programming#function-signatures>
fn signature(between: &str) -> Vec<Option<Class>> {
    let Some((_, written)) = between.split_once('<') else { return Vec::new() };
    let params = written.split([':', '>']).next().unwrap_or_default();
    let is_plain = params.chars().all(|letter| "nsbaojx-?".contains(letter));
    let letters = params.chars().filter(|letter| is_plain && letter.is_ascii_lowercase());
    let class = |letter| match letter {
        'n' => Some(Class::Number),
        's' => Some(Class::Text),
        'b' => Some(Class::Boolean),
        'a' => Some(Class::List),
        _ => None,
    };
    letters.map(class).collect()
}

/// The type of what nothing is known of where a signature says what it is.
fn signed(value: &Value, class: Option<Class>, infer: &Infer<'_>) -> Option<Type> {
    let is_unknown = value.special == Special::No && value.class(infer.types) == Class::Any;
    let span = value.ty.span;
    let kind = match class.filter(|_| is_unknown)? {
        Class::Number => Kind::Number(Range::default()),
        Class::Text => Kind::String(Range::default()),
        Class::Boolean => Kind::Boolean,
        Class::List => Kind::List(Box::new(Type::any(span)), Range::default()),
        Class::Any | Class::Object | Class::Mixed => return None,
    };
    Some(Type { kind, span })
}
