//! Calls: known functions by the table, functions written in place, and `~>`.

use std::ops::Range as Bytes;

use super::value::{Absent, classes};
use super::{Class, Context, Infer, Special, Value, join, operators};
use crate::diagnostics::{Code, Diagnostic};
use crate::expr::ast::{Ast, AstKind};
use crate::expr::functions::{self, Function, Takes};
use crate::types::{Kind, Range, Types};

impl Infer<'_> {
    /// `value ~> $function(rest)` is `$function(value, rest)`; `$first ~> $second` is a function.
    pub(super) fn apply(&mut self, left: &Ast, right: &Ast, context: &Context) -> Value {
        let first = self.value(left, context);
        let composed = first.special == Special::Function
            && matches!(right.kind, AstKind::Variable(_) | AstKind::Lambda { .. } | AstKind::Apply(..));
        match &right.kind {
            // Of two functions, `~>` makes one that calls the second with what the first gives.
            _ if composed => {
                self.value(right, context);
                self.untyped |= self.chain_of(left).is_none() || self.chain_of(right).is_none();
                Value::special(Special::Function, self.span(&right.range))
            }
            AstKind::Call(callee, arguments) => self.call(right, callee, arguments, Some((left, first)), context),
            AstKind::Variable(name) if functions::is_known(name) || self.named(name).is_some() => {
                self.call(right, right, &[], Some((left, first)), context)
            }
            _ => {
                self.value(right, context);
                self.untyped = true;
                Value::any(self.span(&right.range))
            }
        }
    }

    /// Checks a call; `first` is an argument from before `~>`.
    pub(super) fn call(
        &mut self,
        ast: &Ast,
        callee: &Ast,
        arguments: &[Ast],
        first: Option<(&Ast, Value)>,
        context: &Context,
    ) -> Value {
        let span = self.span(&ast.range);
        if let AstKind::Variable(name) = &callee.kind
            && let Some((first_of, rest)) = self.composed_of(name)
        {
            let value = self.call(ast, &first_of, arguments, first, context);
            return rest.iter().fold(value, |value, next| self.call(next, next, &[], Some((ast, value)), context));
        }
        if let AstKind::Variable(name) = &callee.kind
            && let Some(named) = self.named(name)
        {
            return self.call_named(named, ast, arguments, first, context);
        }
        let function = match &callee.kind {
            AstKind::Variable(name) if !self.locals.iter().any(|(local, _)| local == name) => {
                self.function(name, &callee.range)
            }
            AstKind::Name { name, .. } => {
                let message = format!("`{name}` is not a function");
                let diagnostic = Diagnostic::new(Code::EVC0406, self.span(&callee.range), message);
                let known: Vec<String> = functions::callable().map(|function| format!("${}", function.name)).collect();
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                let diagnostic = self.suggest(diagnostic, &format!("${name}"), &known);
                self.report(diagnostic);
                None
            }
            _ => {
                self.value(callee, context);
                None
            }
        };
        let Some(function) = function else {
            for argument in arguments {
                self.value(argument, context);
            }
            self.untyped = true;
            return Value::any(span);
        };
        self.known_call(function, ast, callee, arguments, first, context)
    }

    /// Reports a function of JSONata's own that is given to another one where a function ends with that call: 2.0.6 calls such a
    /// function in a way that fails. <https://github.com/jsonata-js/jsonata/blob/v2.0.6/src/jsonata.js>, `apply`
    fn unwrapped(&mut self, body: &Ast) {
        match &body.kind {
            AstKind::Block(parts) => {
                if let Some(last) = parts.last() {
                    self.unwrapped(last);
                }
            }
            AstKind::Conditional(_, then, otherwise) => {
                self.unwrapped(then);
                if let Some(otherwise) = otherwise {
                    self.unwrapped(otherwise);
                }
            }
            AstKind::Filter(base, _) | AstKind::KeepArray(base) if ends_with_call(base) => {
                let of = self.text(base).to_owned();
                let message = format!("what stands after `{of}` is left out at the end of a function");
                let help = "leave the parentheses away, or give the value a name first: `($x := …; $x[0])`";
                self.report(
                    Diagnostic::new(Code::EVC0412, self.span(&body.range), message)
                        .note("JSONata 2.0.6, which Step Functions evaluates, gives what the call gives there")
                        .help(help),
                );
            }
            AstKind::Call(_, arguments) => {
                for argument in arguments {
                    let AstKind::Variable(name) = &argument.kind else { continue };
                    if !self.is_builtin(name) {
                        continue;
                    }
                    let message = format!("`${name}` cannot be given to another function at the end of a function");
                    let lambda = format!("function($x) {{ ${name}($x) }}");
                    let diagnostic = Diagnostic::new(Code::EVC0412, self.span(&argument.range), message)
                        .note("JSONata 2.0.6, which Step Functions evaluates, fails there")
                        .help(format!("write `{lambda}`"));
                    self.report(diagnostic);
                }
            }
            _ => {}
        }
    }

    fn is_builtin(&self, name: &str) -> bool {
        functions::find(name).is_some() && !self.locals.iter().any(|(local, _)| local == name)
    }

    /// The function that `$name` calls; reports one that is unknown or refused.
    fn function(&mut self, name: &str, range: &Bytes<usize>) -> Option<&'static Function> {
        let span = self.span(range);
        if let Some((_, instead)) = functions::REFUSED.iter().find(|(refused, _)| *refused == name) {
            self.report(
                Diagnostic::new(Code::EVC0412, span, format!("`${name}` cannot be called here")).help(*instead),
            );
            return None;
        }
        let found = functions::find(name);
        if found.is_none() {
            let diagnostic = Diagnostic::new(Code::EVC0406, span, format!("unknown function `${name}`"));
            let known: Vec<String> = functions::callable().map(|function| format!("${}", function.name)).collect();
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            let diagnostic = self.suggest(diagnostic, &format!("${name}"), &known);
            self.report(diagnostic);
        }
        found
    }

    fn known_call(
        &mut self,
        function: &'static Function,
        ast: &Ast,
        callee: &Ast,
        arguments: &[Ast],
        first: Option<(&Ast, Value)>,
        context: &Context,
    ) -> Value {
        let span = self.span(&ast.range);
        let partial = arguments.iter().any(|argument| argument.kind == AstKind::Placeholder);
        let mut given: Vec<(&Ast, Value)> = first.into_iter().collect();
        let mut result = None;
        for (at, argument) in arguments.iter().enumerate() {
            let element = given.first().map(|(_, list)| list.item(self.types));
            let value = match (&argument.kind, element) {
                (AstKind::Lambda { params, body }, Some(element)) if function.name == "reduce" => {
                    let start = arguments.get(at + 1);
                    result = Some(self.reduction(argument, (params, body), element, start, context));
                    Value::special(Special::Function, self.span(&argument.range))
                }
                (AstKind::Lambda { params, body }, Some(element)) => {
                    let types = self.lambda_parameters(function.name, element, given.get(1));
                    result = Some(self.lambda(params, body, &types, context));
                    Value::special(Special::Function, self.span(&argument.range))
                }
                (AstKind::Variable(name), Some(element)) if self.is_simple(name) => {
                    result = functions::find(name).map(|function| {
                        self.argument(function, argument, &element, function.params[0].takes);
                        self.returned(function, argument, &[(argument, element)], None, context)
                    });
                    Value::special(Special::Function, self.span(&argument.range))
                }
                _ => self.value(argument, context),
            };
            given.push((argument, value));
        }
        if partial {
            self.untyped = true;
            return Value::special(Special::Function, span);
        }
        if !self.arity(function, callee, given.len(), context) {
            return Value::any(span);
        }
        // Inside a predicate or map, a first argument that is left out is the value at hand.
        let left_out = function.params.iter().filter(|param| !param.optional).count() > given.len();
        let mut ok = true;
        let more = function.params.last().filter(|_| function.is_variadic());
        let params = function.params.iter().chain(more.into_iter().cycle());
        for ((argument, value), param) in given.iter().zip(params.skip(usize::from(left_out))) {
            ok &= self.argument(function, argument, value, param.takes);
        }
        self.absent_arguments(function, &given);
        if !left_out {
            self.literals(function, &given);
            self.outside(function, &given, context);
        } else if let Some(item) = context.item.clone().filter(|item| item.class(self.types) != Class::Any) {
            ok &= self.argument(function, callee, &item, function.params[0].takes);
        }
        if let ("sqrt", [(of, value)]) = (function.name, given.as_slice())
            && ok
            && !self.is_negative(value)
        {
            self.risk(of, super::Without::Negative, context);
        }
        if ok && !left_out {
            self.partly_outside(function, &given, context);
        }
        if function.computes && given.iter().any(|(_, value)| value.is_money(self.types)) {
            self.money(&ast.range, &format!("`${}`", function.name));
            return Value::any(span);
        }
        if !ok {
            return Value::any(span);
        }
        self.returned(function, ast, &given, result, context)
    }

    /// Checks the function of a `$reduce`; gives what it comes to. What has come together so far is of the type of the start, or
    /// of an element without one, joined with what the function gives of that.
    fn reduction(
        &mut self,
        ast: &Ast,
        (params, body): (&[(String, Bytes<usize>)], &Ast),
        element: Value,
        start: Option<&Ast>,
        context: &Context,
    ) -> Value {
        let span = self.span(&ast.range);
        if params.len() < 2 {
            let message = format!("the function of `$reduce` takes at least two parameters; found {}", params.len());
            let diagnostic = Diagnostic::new(Code::EVC0407, span, message);
            self.report(
                diagnostic.help("what has come together so far, and the element: `function($so_far, $element) { … }`"),
            );
        }
        // The start is an argument of its own, and reported as that.
        let reported = self.diagnostics.len();
        let start = start.map(|start| self.value(start, context));
        self.diagnostics.truncate(reported);
        let first = match start {
            // Of a start that is nothing, JSONata starts from the first element.
            Some(start) if start.may_be_absent() => {
                let is_plain = start.special == Special::No && !start.many && !start.null;
                let ty = join(&start.ty, &element.ty, self.types);
                if is_plain { Value::of(ty) } else { Value::any(span) }
            }
            Some(start) => start,
            None => element.clone(),
        };
        let mut so_far = widened(first, self.types);
        // Why the function may give nothing, which is what has come together then.
        let mut nothing: Option<Absent> = None;
        let so_far_absent = params.first().map(|(name, range)| Absent::new(self.span(range), &format!("${name}")));
        for _ in 0..3 {
            let untyped = self.untyped;
            let index = Value::new(Kind::Integer(Range::default()), span);
            let given = self.lambda(params, body, &[so_far.clone(), element.clone(), index], context);
            let joined = join(&so_far.ty, &widened(given.clone(), self.types).ty, self.types);
            if self.diagnostics.len() > reported {
                return Value::any(span);
            }
            let is_known = |value: &Value| value.special == Special::No && !value.many && !value.null;
            let is_plain = is_known(&given) && is_known(&so_far);
            let is_new = given.may_be_absent() && nothing.is_none();
            if is_new {
                let whole = || Absent::new(self.span(&body.range), self.text(body));
                nothing = Some(given.absent.clone().unwrap_or_else(whole));
            }
            if is_plain && !is_new && joined.kind == so_far.ty.kind {
                return Value { absent: nothing, ..so_far };
            }
            self.untyped = untyped;
            so_far = if is_plain { Value::of(joined) } else { Value::any(span) };
            so_far.absent = nothing.as_ref().and(so_far_absent.clone());
        }
        // No type of the language holds both.
        self.lambda(params, body, &[Value { absent: so_far.absent, ..Value::any(span) }, element], context);
        self.untyped = true;
        Value::any(span).maybe(nothing)
    }

    fn arity(&mut self, function: &Function, callee: &Ast, given: usize, context: &Context) -> bool {
        let most = if function.is_variadic() { usize::MAX } else { function.params.len() };
        let least = function.params.iter().filter(|param| !param.optional).count();
        let enough = given >= least || (context.item.is_some() && given + 1 == least);
        if enough && given <= most {
            return true;
        }
        let takes = match (least, most) {
            (least, most) if least == most => format!("{most}"),
            (least, most) => format!("{least} to {most}"),
        };
        let plural = if most == 1 { "argument" } else { "arguments" };
        let params: Vec<String> = function
            .params
            .iter()
            .map(|param| format!("{}{}", param.takes.as_str(), if param.optional { "?" } else { "" }))
            .collect();
        let name = function.name;
        let message = format!("`${name}` takes {takes} {plural}; found {given}");
        let diagnostic = Diagnostic::new(Code::EVC0407, self.span(&callee.range), message);
        self.report(diagnostic.help(format!("it is `${name}({})`: {}", params.join(", "), function.does)));
        false
    }

    /// Reports an argument that a parameter does not accept; says whether it does.
    fn argument(&mut self, function: &Function, ast: &Ast, value: &Value, takes: Takes) -> bool {
        let class = value.class(self.types);
        let element = value.item(self.types).class(self.types);
        let is_function = value.special == Special::Function;
        let fits = match takes {
            Takes::Any | Takes::List => !is_function || takes == Takes::Any,
            Takes::Function | Takes::Regex => is_function || (class == Class::Any && value.special == Special::No),
            Takes::Pattern | Takes::Replacement => is_function || matches!(class, Class::Text | Class::Any),
            _ if is_function => false,
            Takes::Numbers => matches!(element, Class::Number | Class::Any),
            Takes::Texts => matches!(element, Class::Text | Class::Any),
            Takes::Objects => matches!(element, Class::Object | Class::Any),
            Takes::Text => matches!(class, Class::Text | Class::Any),
            Takes::Number => matches!(class, Class::Number | Class::Any),
            Takes::Boolean => matches!(class, Class::Boolean | Class::Any),
            Takes::Object => matches!(class, Class::Object | Class::Any),
            Takes::Scalar => classes(&value.ty, self.types)
                .iter()
                .all(|class| matches!(class, Class::Text | Class::Number | Class::Boolean | Class::Any)),
        };
        if !fits || ((value.special == Special::Null || value.null) && takes != Takes::Any) {
            let message =
                format!("`${}` takes `{}` here; found {}", function.name, takes.as_str(), operators::describe(value));
            let diagnostic = Diagnostic::new(Code::EVC0407, self.span(&ast.range), message);
            let text = matches!(takes, Takes::Text | Takes::Texts | Takes::Pattern)
                && matches!(element, Class::Number | Class::Boolean);
            self.report(if text { diagnostic.help("`$string(…)` makes a text of it") } else { diagnostic });
            return false;
        }
        let one = matches!(
            takes,
            Takes::Text
                | Takes::Number
                | Takes::Boolean
                | Takes::Object
                | Takes::Scalar
                | Takes::Pattern
                | Takes::Replacement
        );
        if one && value.many {
            self.one_or_many(ast, value, "one value");
        }
        match takes {
            Takes::Text => self.unknown(ast, value, "a text"),
            Takes::Number => self.unknown(ast, value, "a number"),
            Takes::Boolean => self.unknown(ast, value, "a boolean"),
            Takes::Object => self.unknown(ast, value, "an object"),
            _ => {}
        }
        true
    }

    /// Checks the body of a function with its parameters; gives what it gives.
    pub(super) fn lambda(
        &mut self,
        params: &[(String, Bytes<usize>)],
        body: &Ast,
        types: &[Value],
        context: &Context,
    ) -> Value {
        let outer = self.locals.len();
        for (at, (name, range)) in params.iter().enumerate() {
            let value = types.get(at).cloned().unwrap_or_else(|| Value::any(self.span(range)));
            self.bind(name, range, value);
        }
        let value = self.value(body, context);
        self.unwrapped(body);
        self.remember(body, &value);
        self.locals.truncate(outer);
        value
    }
}

/// The type that a literal is of: more than this one number, or this one text.
pub(super) fn widened(value: Value, types: &Types) -> Value {
    let mut value = value.unbounded(types);
    if matches!(&value.ty.kind, Kind::Enum(literals) if literals.len() == 1) {
        value.ty.kind = Kind::String(Range::default());
    }
    let mut value = value.listed();
    value.ty.widen();
    Value { absent: None, ..value }
}

/// Whether this is in parentheses, and ends with a call.
fn ends_with_call(ast: &Ast) -> bool {
    match &ast.kind {
        AstKind::Block(parts) => parts.last().is_some_and(calls_last),
        AstKind::Filter(base, _) | AstKind::KeepArray(base) => ends_with_call(base),
        _ => false,
    }
}

/// Whether this is a `$map` whose function ends with a call. JSONata leaves the sequence that such a call gives as it is, so that the one
/// list of a `$map` may still be taken apart. <https://github.com/jsonata-js/jsonata/blob/v2.0.6/src/jsonata.js>, `apply`
pub(super) fn maps_to_calls(ast: &Ast) -> bool {
    let AstKind::Call(callee, arguments) = &ast.kind else { return false };
    match (&callee.kind, arguments.as_slice()) {
        (AstKind::Variable(name), [_, Ast { kind: AstKind::Lambda { body, .. }, .. }]) => {
            name == "map" && calls_last(body)
        }
        _ => false,
    }
}

/// Whether the last that this does is a call.
fn calls_last(ast: &Ast) -> bool {
    match &ast.kind {
        AstKind::Call(..) => true,
        AstKind::Conditional(_, then, otherwise) => calls_last(then) || otherwise.as_deref().is_some_and(calls_last),
        AstKind::Block(_) | AstKind::Filter(..) | AstKind::KeepArray(_) => ends_with_call(ast),
        _ => false,
    }
}
