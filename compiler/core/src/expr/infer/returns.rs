//! What known functions give, and when they give nothing. `tests/oracle.rs` holds it against the reference implementation.

use std::ops::Range as Bytes;

use super::value::Absent;
use super::{Class, Context, Infer, Special, Value, WayOut, join};
use crate::diagnostics::{Code, Diagnostic};
use crate::expr::ast::{Ast, AstKind, Operator};
use crate::expr::bounds;
use crate::expr::fits::absent_diagnostic;
use crate::expr::functions::{self, Function, Returns, Takes};
use crate::source::{Span, Spanned};
use crate::types::{Field, Kind, Range, Record, Type};

/// The picture by which a time gives a date.
const DATE_PICTURE: &str = "[Y0001]-[M01]-[D01]";

/// What an argument is to the rules below: the text of it, and its value.
pub(super) type Given<'a> = (&'a Ast, Value);

impl Infer<'_> {
    pub(super) fn returned(
        &mut self,
        function: &Function,
        ast: &Ast,
        given: &[Given<'_>],
        lambda: Option<Value>,
        context: &Context,
    ) -> Value {
        let span = self.span(&ast.range);
        // Without its first argument, a function works on the value at hand, whose type is not followed here.
        let first = given.first().map_or_else(|| Value::any(span), |(_, value)| value.clone());
        let item = first.item(self.types);
        let lengths = first.lengths(self.types);
        let least = lengths.min.unwrap_or(0);
        if let ("replace", Some((replacement, _)), Some(body)) = (function.name, given.get(2), &lambda) {
            self.replacement(replacement, body);
        }
        let value = match function.returns {
            Returns::Text => Value::new(Kind::String(self.text_lengths(function, given)), span),
            Returns::Number => Value::new(Kind::Number(Range::default()), span),
            Returns::Sum if matches!(self.types.resolve(&item.ty).kind, Kind::Integer(_)) => integer(span),
            Returns::Sum => Value::new(Kind::Number(Range::default()), span),
            Returns::Rounded if given.len() < 2 => integer(span),
            Returns::Rounded => Value::new(Kind::Number(Range::default()), span),
            Returns::Integer => Value::new(Kind::Integer(self.counted(function, &first, &lengths)), span),
            Returns::Boolean => Value::new(Kind::Boolean, span),
            Returns::Texts => {
                let separated = matches!(given, [_, (Ast { kind: AstKind::String(by), .. }, _)] if !by.is_empty());
                list_of(text(span).ty, super::lengths(u64::from(separated), None), span)
            }
            Returns::Names => text(span).many().counted(self.field_count(&first)),
            Returns::Integers => list_of(integer(span).ty, Range::default(), span),
            Returns::Timestamp
                if function.name != "toTimestamp" && given.len() > usize::from(function.name == "fromMillis") =>
            {
                match given.last() {
                    Some((Ast { kind: AstKind::String(picture), .. }, _)) if picture == DATE_PICTURE => {
                        Value::new(Kind::Date, span)
                    }
                    _ => text(span),
                }
            }
            Returns::Timestamp => Value::new(Kind::Timestamp, span),
            Returns::Uuid => Value::new(Kind::Uuid, span),
            Returns::Date => Value::new(Kind::Date, span),
            Returns::OneOf => match given.get(1).map(|(_, of)| of.item(self.types)) {
                Some(of) if matches!(self.types.resolve(&of.ty).kind, Kind::Enum(_)) => Value { absent: None, ..of },
                _ => text(span),
            },
            Returns::First => Value { absent: None, ..first.clone() }.unbounded(self.types),
            Returns::Element => item,
            Returns::Filter => {
                let item = match given.get(1) {
                    Some((Ast { kind: AstKind::Lambda { params, body }, .. }, _)) => {
                        self.held(params, body, item, context)
                    }
                    _ => item,
                };
                let some = u64::from(function.name == "distinct" && least > 0);
                let count = super::lengths(some, lengths.max);
                // Of a list, `$distinct` gives a list, but of a sequence, a sequence.
                let is_list = first.class(self.types) == Class::List && !first.many && !self.keeps_sequences;
                if function.name == "distinct" && is_list {
                    list_of(self.kept(&item), count, span)
                } else {
                    item.many().counted(count)
                }
            }
            Returns::ListLikeFirst => {
                if function.name == "sort" && given.len() == 1 {
                    self.sortable(ast, &item);
                }
                if let ("sort", Some((comparator, _)), Some(body)) = (function.name, given.get(1), &lambda) {
                    self.comparator(comparator, body);
                }
                // A list of less than two elements is given back as it came.
                if given.first().is_some_and(|(list, _)| super::calls::maps_to_calls(list)) {
                    return Value::of(self.kept(&item)).many().counted(lengths);
                }
                list_of(self.kept(&item), lengths, span)
            }
            Returns::ListsLikeFirst => {
                let size = given.get(1).and_then(|(size, _)| bounds::number(size)).filter(|size| *size >= 1.0);
                self.parts_of(&item, &lengths, size, span)
            }
            Returns::Append => match given {
                [(_, a), (_, b)] => self.appended(a, b),
                _ => Value::any(span),
            },
            Returns::Merge => self.merged(given, span, context),
            Returns::Map | Returns::Each => match lambda {
                Some(body) if body.special == Special::No => {
                    // Fields of several types, or of which nothing is known.
                    self.untyped |= function.returns == Returns::Each && self.any_field(&first, span).kind == Kind::Any;
                    let count = if function.returns == Returns::Map { lengths } else { self.field_count(&first) };
                    // Of what nothing is known there may be nothing for one of them.
                    let known = if body.class(self.types) == Class::Any { 1 } else { u64::MAX };
                    let least = count.min.filter(|_| !body.may_be_absent()).map(|least| least.min(known));
                    Value::of(self.kept(&body)).many().counted(Range { min: least, ..count })
                }
                _ => {
                    self.untyped = true;
                    Value::any(span)
                }
            },
            Returns::Reduced => {
                self.untyped |= lambda.is_none();
                lambda.unwrap_or_else(|| Value::any(span))
            }
            Returns::Matches => matches_of(given.get(1).map(|(pattern, _)| self.text(pattern)), span),
            Returns::Lookup => self.looked_up(given, span),
            Returns::Spread if item.class(self.types) == Class::Object => {
                let count = super::value::times(&lengths, &self.field_count(&item));
                Value::new(Kind::Map(Box::new(self.any_field(&item, span))), span).many().counted(count)
            }
            Returns::Sift => self.sifted(&first, span),
            Returns::Zip => {
                // As many as the shortest has.
                let least = given.iter().map(|(_, list)| list.least(self.types)).min().unwrap_or(0);
                let most = given.iter().filter_map(|(_, list)| list.most(self.types)).min();
                let items: Vec<Type> = given.iter().map(|(_, list)| self.kept(&list.item(self.types))).collect();
                let joined = self.types.join(&items).unwrap_or(Type { kind: Kind::Any, span });
                let each = given.len() as u64;
                list_of(list_of(joined, super::lengths(each, Some(each)), span).ty, super::lengths(least, most), span)
            }
            Returns::Form => {
                let forms = ["null", "number", "string", "boolean", "array", "object", "function"];
                let forms = forms.iter().map(|form| Spanned::new((*form).to_owned(), span));
                Value::new(Kind::Enum(forms.collect()), span)
            }
            Returns::Any | Returns::Spread => {
                self.untyped = true;
                Value::any(span)
            }
        };
        let value = self.with_bounds(value, function, given);
        if matches!(function.name, "exists" | "count" | "append" | "zip") {
            return value;
        }
        if self.is_present(ast, context) {
            // What is there of these has a value in it.
            let is_sequence = matches!(function.name, "map" | "filter" | "match" | "keys" | "each");
            let filled = value.many && is_sequence;
            return value.filled(filled);
        }
        if function.name == "single" {
            self.one_alone(given, ast, &lengths);
            return value.maybe(first.absent);
        }
        let absent = self.of_nothing(function, ast, given);
        value.maybe(first.absent).maybe(absent)
    }

    /// Lists of at most so many of the elements of a list, in order.
    fn parts_of(&mut self, item: &Value, lengths: &Range<u64>, size: Option<f64>, span: Span) -> Value {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "positive; beyond all counts it is still beyond them"
        )]
        let size = size.map(|size| size as u64);
        let least = lengths.min.unwrap_or(0);
        let inner = list_of(self.kept(item), super::lengths(1, size), span).ty;
        let least = size.map_or(least.min(1), |size| least.div_ceil(size));
        let most = lengths.max.map(|most| size.map_or(most, |size| most.div_ceil(size)));
        list_of(inner, super::lengths(least, most), span)
    }

    /// The bounds of a whole number that counts elements or characters.
    fn counted(&self, function: &Function, first: &Value, lengths: &Range<u64>) -> Range<i64> {
        let lengths = match (function.name, &self.types.resolve(&first.ty).kind) {
            ("count", _) => *lengths,
            ("length", Kind::String(range)) => *range,
            ("length", _) => Range::default(),
            ("millis", _) => return Range { min: Some(super::never::NOW_AT_LEAST), max: None },
            _ => return Range::default(),
        };
        let number = |length: u64| i64::try_from(length).unwrap_or(i64::MAX);
        Range { min: Some(number(lengths.min.unwrap_or(0))), max: lengths.max.map(number) }
    }

    /// Why a function may give nothing: there may be nothing in a list, no list, or nothing that it finds.
    fn of_nothing(&self, function: &Function, ast: &Ast, given: &[Given<'_>]) -> Option<Absent> {
        let (list, value) = given.first()?;
        let list = self.text(list);
        let filled = value.is_filled(self.types);
        let way = match function.name {
            "reduce" if given.len() == 2 && !filled => {
                let function = given.get(1).map_or("…", |(function, _)| self.text(function));
                WayOut::Says(format!(
                    "write what it starts from, which it gives of none: `$reduce([{list}], {function}, …)`"
                ))
            }
            // Of no element, it gives what it starts from.
            "reduce" if !filled && !value.many && given.get(2).is_some_and(|(_, start)| start.may_be_absent()) => {
                let (start, value) = given.get(2)?;
                let whole = || Absent::new(self.span(&start.range), self.text(start));
                return Some(value.absent.clone().unwrap_or_else(whole));
            }
            "max" | "min" | "average" if !filled => WayOut::Bounds,
            "sum" | "join" if value.many && !filled => WayOut::Says(format!(
                "write `${}([{list}])`, which is {} for none",
                function.name,
                if function.name == "sum" { "0" } else { "an empty text" }
            )),
            // A text that is not by the picture is no time.
            "toMillis" if given.len() > 1 => WayOut::Exists,
            "parseInteger" => WayOut::Says(format!(
                "of a text that is no number it gives none, without a word: `$number({list})` fails then, and the step can `catch` it"
            )),
            "lookup" => return self.lookup_absent(ast, given),
            "sift" => WayOut::Exists,
            // What gives several gives none of none.
            "map" | "filter" | "distinct" | "keys" | "each" | "spread" | "match" => return None,
            _ if value.many && !filled => WayOut::Exists,
            _ => return None,
        };
        Some(Absent { way, ..Absent::new(self.span(&ast.range), self.text(ast)) })
    }

    /// Reports a `$single` of what may be none or several: it gives no nothing then, but fails.
    fn one_alone(&mut self, given: &[Given<'_>], ast: &Ast, lengths: &Range<u64>) {
        let Some((list, value)) = given.first() else { return };
        let is_known = value.class(self.types) != Class::Any;
        let list = self.text(list);
        let first = match given.get(1) {
            None if !is_known || (lengths.min, lengths.max) == (Some(1), Some(1)) => return,
            None => format!("({list})[0]"),
            Some((test, _)) => format!("$filter({list}, {})[0]", self.text(test)),
        };
        let message = "`$single` fails unless there is exactly one, and there may be none or several";
        let diagnostic = Diagnostic::new(Code::EVC0405, self.span(&ast.range), message)
            .note("JSONata ends with the error D3138 or D3139, and the step fails")
            .help(format!("take the first: `{first}`"));
        self.report(diagnostic);
    }

    /// Reports arguments that may be nothing where the function fails of that: others than the first, as a rule.
    pub(super) fn absent_arguments(&mut self, function: &Function, given: &[Given<'_>]) {
        let takes_nothing = |at: usize| {
            let by_kind = function.params.get(at).is_none_or(|param| {
                let is_open = matches!(param.takes, Takes::Any | Takes::Function | Takes::List);
                param.optional || (is_open && !function.is_own())
            });
            by_kind || matches!((function.name, at), ("substring" | "lookup" | "pad", 1))
        };
        for (at, (argument, value)) in given.iter().enumerate() {
            let takes_nothing = if at == 0 { !function.is_own() } else { takes_nothing(at) };
            if !takes_nothing && value.may_be_absent() && (!value.many || at == 0) {
                let expected = function.params.get(at).map_or("a value", |param| param.takes.as_str());
                self.absent_argument(argument, value, &format!("expected `{expected}`"));
            }
        }
    }

    /// Reports a part that may be nothing where that cannot be.
    pub(super) fn absent_argument(&mut self, ast: &Ast, value: &Value, expected: &str) {
        let absent = value.absent.clone().unwrap_or_else(|| Absent::new(self.span(&ast.range), self.text(ast)));
        self.report(absent_diagnostic(&absent, expected));
    }

    /// Reports what `$sort` has no order for.
    fn sortable(&mut self, ast: &Ast, item: &Value) {
        if matches!(item.class(self.types), Class::Number | Class::Text | Class::Any) {
            self.ordered_times(ast, item);
            return;
        }
        let message =
            format!("`$sort` has an order for numbers or for texts; found {}", super::operators::describe(item));
        let help =
            "say which is first with a function of two elements: `$sort(list, function($a, $b) { $a.n > $b.n })`";
        self.report(Diagnostic::new(Code::EVC0407, self.span(&ast.range), message).help(help));
    }

    /// Reports a function of a `$sort` that gives a number or a text. JSONata swaps two elements where it gives what counts as true, as
    /// a negative number does. <https://docs.jsonata.org/higher-order-functions#sort>
    fn comparator(&mut self, function: &Ast, given: &Value) {
        let body = if let AstKind::Lambda { body, .. } = &function.kind { body } else { function };
        let swaps_by_sign = match &self.types.resolve(&given.ty).kind {
            Kind::Integer(range) => range.min.is_none_or(|min| min < 0),
            Kind::Number(range) | Kind::Money(range) => range.min.is_none_or(|min| min < 0.0),
            kind => crate::types::is_text(kind),
        };
        if given.special != Special::No || given.many || !swaps_by_sign {
            return;
        }
        let message = format!(
            "the function of `$sort` says whether the first element comes after the second; found {}",
            super::operators::describe(given)
        );
        let help = match &body.kind {
            AstKind::Binary(Operator::Subtract, left, right) => {
                format!("write `{} > {}`", self.text(left), self.text(right))
            }
            _ => "give a boolean: `function($a, $b) { $a.n > $b.n }`".to_owned(),
        };
        self.report(
            Diagnostic::new(Code::EVC0426, self.span(&body.range), message)
                .note("a negative number counts as true as well, so that the list comes out in no order")
                .help(help),
        );
    }

    /// Reports what `^( )` has no order for.
    pub(super) fn ordering(&mut self, term: &Ast, by: &Value) {
        if matches!(by.class(self.types), Class::Number | Class::Text | Class::Any) && !by.many {
            self.ordered_times(term, by);
            return;
        }
        let message = format!("`^( )` has an order for numbers or for texts; found {}", super::operators::describe(by));
        let help = format!("a condition has an order as a number: `^({} ? 0 : 1)`", self.text(term));
        let diagnostic = Diagnostic::new(Code::EVC0407, self.span(&term.range), message);
        let is_condition = matches!(by.class(self.types), Class::Boolean) && !by.many;
        self.report(if is_condition { diagnostic.help(help) } else { diagnostic });
    }

    /// Reports what the function of a `$replace` gives, if it may be no text.
    fn replacement(&mut self, function: &Ast, given: &Value) {
        let body = if let AstKind::Lambda { body, .. } = &function.kind { body } else { function };
        let is_text = given.special == Special::No && matches!(given.class(self.types), Class::Text | Class::Any);
        if !is_text || given.null {
            let message = format!(
                "the function of a `$replace` gives the text that stands for a match; found {}",
                super::operators::describe(given)
            );
            let help = format!("`$string({})` makes a text of it", self.text(body));
            self.report(Diagnostic::new(Code::EVC0407, self.span(&body.range), message).help(help));
        } else if given.many {
            self.one_or_many(body, given, "one text");
        } else if given.may_be_absent() {
            self.absent_argument(body, given, "expected the text that stands for a match");
        }
    }

    /// What an element is where the function of a `$filter` held for it.
    fn held(&self, params: &[(String, Bytes<usize>)], body: &Ast, item: Value, context: &Context) -> Value {
        let Some((name, _)) = params.first() else { return item };
        let mut locals = self.locals.clone();
        locals.push((name.clone(), item.clone()));
        let base = super::Base::Local(locals.len() - 1);
        let names = super::Names { scope: self.scope, locals: &locals, depth: context.depth };
        let [held, _] = super::established(body, &names);
        match held.narrowed(&base, &item.ty, self.types) {
            Some(ty) => Value { ty, ..item },
            None => item,
        }
    }

    /// The type of both lists in one.
    pub(super) fn appended(&mut self, a: &Value, b: &Value) -> Value {
        let is_list = |value: &Value| value.class(self.types) == Class::List && !value.many;
        let is_empty = |value: &Value| super::is_empty_list(value, self.types);
        let (one, other) = (self.kept(&a.item(self.types)), self.kept(&b.item(self.types)));
        let joined = match (is_empty(a), is_empty(b)) {
            (true, false) => other,
            (false, true) => one,
            _ => join(&one, &other, self.types),
        };
        let span = joined.span;
        let (some, more) = (a.lengths(self.types), b.lengths(self.types));
        let least = some.min.unwrap_or(0).saturating_add(more.min.unwrap_or(0));
        let most = some.max.zip(more.max).map(|(some, more)| some.saturating_add(more));
        let count = super::lengths(least, most);
        let there = |value: &Value| !value.may_be_absent();
        // To nothing, JSONata appends nothing: the other value comes back as it is.
        if there(a) && there(b) || there(a) && is_list(a) || there(b) && is_list(b) {
            list_of(joined, count, span)
        } else {
            Value::of(joined).many().counted(count)
        }
    }

    /// The types of the parameters that a function over lists calls its argument with.
    pub(super) fn lambda_parameters(&self, function: &str, element: Value, second: Option<&Given<'_>>) -> Vec<Value> {
        let span = element.ty.span;
        match function {
            "map" | "filter" | "single" => {
                let all = list_of(element.kept(self.types), super::lengths(1, None), span);
                vec![element, integer(span), all]
            }
            "sort" => vec![element.clone(), element],
            "each" | "sift" => vec![Value::of(self.any_field(&element, span)), text(span)],
            "replace" => {
                let found = matches_of(second.map(|(pattern, _)| self.text(pattern)), span);
                vec![Value { many: false, ..found }]
            }
            _ => Vec::new(),
        }
    }

    /// Whether a function takes one argument, so that it can stand for one that is written in place.
    pub(super) fn is_simple(&self, name: &str) -> bool {
        let taken = self.locals.iter().any(|(local, _)| local == name);
        // Given to another function, one that makes a sequence gives it as it is.
        let of_one = |function: &Function| {
            (function.params.len() == 1 || function.name == "string")
                && !matches!(
                    function.returns,
                    Returns::Names | Returns::Filter | Returns::Spread | Returns::Any | Returns::Merge
                )
        };
        !taken && functions::find(name).is_some_and(of_one) && functions::callable().any(|known| known.name == name)
    }
}

fn text(span: Span) -> Value {
    Value::new(Kind::String(Range::default()), span)
}

fn integer(span: Span) -> Value {
    Value::new(Kind::Integer(Range::default()), span)
}

fn list_of(item: Type, range: Range<u64>, span: Span) -> Value {
    Value::new(Kind::List(Box::new(item), range), span)
}

/// The matches of a regular expression, as it is written.
fn matches_of(pattern: Option<&str>, span: Span) -> Value {
    // A group that took no part in a match is nothing.
    let groups = pattern.and_then(super::regex::shape_of).map(|shape| shape.groups);
    let always = groups.as_ref().map_or(0, |groups| groups.iter().take_while(|always| **always).count());
    let optional = groups.is_none_or(|groups| groups.len() > always);
    let group = if optional { Type { kind: Kind::Any, span } } else { text(span).ty };
    let field = |ty: Type| Field { ty, optional: false, name_span: span };
    let fields = [
        ("match".to_owned(), field(text(span).ty)),
        ("index".to_owned(), field(integer(span).ty)),
        ("groups".to_owned(), field(list_of(group, super::lengths(always as u64, None), span).ty)),
    ];
    Value::new(Kind::Record(Record { extends: None, exact: false, fields: fields.into_iter().collect() }), span).many()
}
