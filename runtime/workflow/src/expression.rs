//! The values of a machine's fields: JSON in which a text `{% … %}` is a JSONata expression.
//!
//! Plain paths (`$input.orderId`, `$states.result.Payload`) are most of what a machine evaluates; they are followed here. The rest is
//! `jsonata-core`'s. Both give what the reference implementation gives: `tests/expressions.rs` holds all three against each other.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html>

mod bounds;
mod calls;
mod cost;
mod guard;
mod pictures;
mod spent;
mod tree;
mod values;

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use jsonata_core::ast::AstNode;
use jsonata_core::evaluator::{Context, Evaluator, EvaluatorError, EvaluatorOptions};
use jsonata_core::value::JValue;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use self::bounds::{Account, Bound};
use self::cost::Cost;
pub(crate) use self::spent::{LONGEST_MS, Patience, Spent};
use self::values::{copied, json, jvalue};
use crate::hash;

/// What is wrong with an evaluation; the text names the expression and no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct QueryError(pub(super) String);

/// JSON with expressions in it.
#[derive(Debug, Clone)]
pub(super) enum Template {
    /// No expression anywhere in it.
    Literal(Value),
    Expression(Expression),
    Array(Vec<Template>),
    Object(Vec<(String, Template)>),
}

/// One expression.
#[derive(Debug, Clone)]
pub(super) struct Expression {
    text: Arc<str>,
    /// The variable and the fields, if it is a plain path.
    path: Option<(Arc<str>, Vec<String>)>,
    /// The variables that it refers to, without their dollars.
    variables: Arc<[String]>,
}

/// Where names come from.
pub(super) trait Names {
    /// The value of a variable.
    fn variable(&self, name: &str) -> Option<&Value>;
    /// The value of `$states`.
    fn states(&self) -> &Value;
    /// A number that is the same whenever the same transition is planned again, and differs from call to call.
    fn seed(&self) -> u64;
    /// The time of the transition, milliseconds since 1970.
    fn now_ms(&self) -> u64;
    /// What the evaluations of the transition have taken so far.
    fn spent(&self) -> &Spent;
}

impl Template {
    /// Reads the value of a field.
    pub(super) fn parse(value: Value) -> Result<Self, QueryError> {
        Ok(match value {
            Value::String(text) => match text.strip_prefix("{%").and_then(|text| text.strip_suffix("%}")) {
                Some(jsonata) => Self::Expression(Expression::parse(jsonata.trim())?),
                None => Self::Literal(Value::String(text)),
            },
            Value::Array(items) => {
                let items = items.into_iter().map(Self::parse).collect::<Result<Vec<_>, _>>()?;
                match items.iter().map(Self::literal).collect::<Option<Vec<_>>>() {
                    Some(values) => Self::Literal(Value::Array(values)),
                    None => Self::Array(items),
                }
            }
            Value::Object(fields) => {
                let parse = |(name, value)| Ok((name, Self::parse(value)?));
                let fields = fields.into_iter().map(parse).collect::<Result<Vec<_>, _>>()?;
                let literal = |(name, value): &(String, Self)| Some((name.clone(), value.literal()?));
                match fields.iter().map(literal).collect::<Option<Map<_, _>>>() {
                    Some(values) => Self::Literal(Value::Object(values)),
                    None => Self::Object(fields),
                }
            }
            other => Self::Literal(other),
        })
    }

    fn literal(&self) -> Option<Value> {
        match self {
            Self::Literal(value) => Some(value.clone()),
            _ => None,
        }
    }

    /// The value, with every expression in it evaluated.
    pub(super) fn evaluate(&self, names: &impl Names) -> Result<Value, QueryError> {
        let room = Cell::new(bounds::VALUE);
        let value = self.evaluate_into(names, &room, 0)?;
        names.spent().given(bounds::VALUE - room.get()).map_err(|bound| QueryError(bound.to_string()))?;
        Ok(value)
    }

    /// The same, with so much room for what its expressions make, and so many lists and objects around it.
    fn evaluate_into(&self, names: &impl Names, room: &Cell<usize>, depth: usize) -> Result<Value, QueryError> {
        let inner = |template: &Self| template.evaluate_into(names, room, depth + 1);
        Ok(match self {
            Self::Literal(value) => value.clone(),
            Self::Expression(expression) => expression.evaluate(names, room, depth)?,
            Self::Array(items) => Value::Array(items.iter().map(inner).collect::<Result<_, _>>()?),
            Self::Object(fields) => {
                let field = |(name, value): &(String, Self)| Ok((name.clone(), inner(value)?));
                Value::Object(fields.iter().map(field).collect::<Result<_, _>>()?)
            }
        })
    }

    /// Whether an expression in it may look at this field of `$states`.
    pub(super) fn looks_at(&self, field: &str) -> bool {
        match self {
            Self::Literal(_) => false,
            Self::Expression(expression) => expression.looks_at(field),
            Self::Array(items) => items.iter().any(|item| item.looks_at(field)),
            Self::Object(fields) => fields.iter().any(|(_, value)| value.looks_at(field)),
        }
    }
}

impl Expression {
    fn parse(text: &str) -> Result<Self, QueryError> {
        let path = plain_path(text);
        if path.is_none() {
            // Syntax is looked at once, where the definition is read.
            parsed(text)?;
        }
        Ok(Self { text: text.into(), path, variables: variables(text).into() })
    }

    fn evaluate(&self, names: &impl Names, room: &Cell<usize>, depth: usize) -> Result<Value, QueryError> {
        if let Some((root, fields)) = &self.path {
            match follow(names, root, fields) {
                Followed::Value(value) => return copied(value, room, depth).map_err(|bound| self.met(bound)),
                Followed::Nothing => return Err(self.failed("it gives nothing")),
                // What a path means in a list is JSONata's to say.
                Followed::List => {}
            }
        }
        self.query(names, room, depth)
    }

    /// Evaluates by the library, whatever the expression.
    fn query(&self, names: &impl Names, room: &Cell<usize>, depth: usize) -> Result<Value, QueryError> {
        let parsed = parsed(&self.text)?;
        let values = self.values(names);
        let data = values.iter().map(|(_, value)| bounds::nodes(value)).sum::<usize>();
        names.spent().add(u64::try_from(data / 16).unwrap_or(u64::MAX)).map_err(|bound| self.met(bound))?;
        let cheap = parsed.cost.is_some_and(|cost| cost.is_small(data));
        // A panic of the library is the error of this execution, and of no other of its batch.
        let begun = Instant::now();
        let evaluation = AssertUnwindSafe(|| self.evaluate_by_library(names, &parsed, &values, !cheap, (room, depth)));
        let found = catch_unwind(evaluation).unwrap_or_else(|_| Err(self.failed("it cannot be evaluated")));
        names.spent().took(begun);
        found
    }

    /// The values of its variables.
    fn values<'v>(&'v self, names: &'v impl Names) -> Vec<(&'v String, &'v Value)> {
        let values = self.variables.iter().filter_map(|name| {
            let value = if name == "states" { Some(names.states()) } else { names.variable(name) };
            Some((name, value?))
        });
        values.collect()
    }

    fn evaluate_by_library(
        &self,
        names: &impl Names,
        parsed: &Parsed,
        values: &[(&String, &Value)],
        guarded: bool,
        (room, depth): (&Cell<usize>, usize),
    ) -> Result<Value, QueryError> {
        let mut context = Context::new();
        for (name, value) in values {
            context.bind((*name).clone(), jvalue(value));
        }
        let time = names.spent().time().map_err(|bound| self.met(bound))?;
        let options = EvaluatorOptions {
            max_stack_depth: Some(bounds::STACK_DEPTH),
            max_sequence_length: Some(evc_interface::expression::LIST_LENGTH),
            timeout_ms: Some(u64::try_from(time.as_millis()).unwrap_or(u64::MAX)),
            ..EvaluatorOptions::default()
        };
        let mut evaluator = Evaluator::with_options(context, options);
        let account = Rc::new(Account::new(time));
        let registered = register(&mut evaluator, names, &self.text)
            .and_then(|()| if guarded { bounds::register(&mut evaluator, &account) } else { Ok(()) });
        registered.map_err(|error| self.failed(error.message()))?;
        let ast = if guarded { parsed.guarded() } else { &parsed.plain };
        let found = evaluator.evaluate(ast, &JValue::Undefined);
        let spent = names.spent().add(account.steps());
        let met = |bound| match bound {
            Bound::Time => self.met(names.spent().over(time)),
            other => self.met(other),
        };
        if let Some(bound) = account.met().or(spent.err()) {
            return Err(met(bound));
        }
        let found = found.map_err(|error| match error.code().map(|code| (Bound::of_code(code), code)) {
            Some((Some(bound), _)) => met(bound),
            // A message of the library may quote a value; its code does not.
            Some((None, code)) => self.failed(code),
            None => self.failed("it cannot be evaluated"),
        })?;
        if found.is_undefined() {
            return Err(self.failed("it gives nothing"));
        }
        if found.is_function() || found.is_regex() {
            return Err(self.failed("it gives a function"));
        }
        json(&found, room, depth).map_err(|bound| self.met(bound))
    }

    /// Whether it may look at this field of `$states`: a use of `$states` of another form than `$states.field` counts as one of all.
    fn looks_at(&self, field: &str) -> bool {
        self.text.split("$states").skip(1).any(|after| {
            let named =
                after.strip_prefix('.').filter(|name| name.starts_with(|first: char| first.is_ascii_alphabetic()));
            named.is_none_or(|name| name.starts_with(field))
        })
    }

    fn met(&self, bound: Bound) -> QueryError {
        self.failed(&bound.to_string())
    }

    fn failed(&self, why: &str) -> QueryError {
        QueryError(format!("The JSONata expression '{}' failed: {why}", self.text))
    }
}

enum Followed<'v> {
    Value(&'v Value),
    Nothing,
    List,
}

fn follow<'v>(names: &'v impl Names, root: &str, fields: &[String]) -> Followed<'v> {
    let variable = if root == "states" { Some(names.states()) } else { names.variable(root) };
    let Some(mut at) = variable else { return Followed::Nothing };
    for field in fields {
        at = match at {
            Value::Object(object) => match object.get(field) {
                Some(value) => value,
                None => return Followed::Nothing,
            },
            Value::Array(_) => return Followed::List,
            _ => return Followed::Nothing,
        };
    }
    Followed::Value(at)
}

/// The variable and the fields of `$name.field.field`.
fn plain_path(text: &str) -> Option<(Arc<str>, Vec<String>)> {
    let mut parts = text.strip_prefix('$')?.split('.');
    let root = parts.next().filter(|name| is_identifier(name))?;
    // Words that JSONata takes for operators are not fields.
    let field = |name: &str| (is_identifier(name) && !matches!(name, "and" | "or" | "in")).then(|| name.to_owned());
    let fields = parts.map(field).collect::<Option<Vec<_>>>()?;
    Some((root.into(), fields))
}

fn is_identifier(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|other| other.is_ascii_alphanumeric() || other == '_')
}

/// The names that follow a dollar in the text; some may stand in a string, which does no harm.
fn variables(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for after in text.split('$').skip(1) {
        let end = after.find(|other: char| !(other.is_alphanumeric() || other == '_')).unwrap_or(after.len());
        let name = &after[..end];
        if !name.is_empty() && found.iter().all(|known| known != name) {
            found.push(name.to_owned());
        }
    }
    found
}

/// The most expressions that are kept parsed, a thread.
const KEPT: usize = 4_096;

/// An expression as the library reads it.
struct Parsed {
    plain: AstNode,
    cost: Option<Cost>,
    guarded: OnceCell<AstNode>,
}

impl Parsed {
    fn guarded(&self) -> &AstNode {
        self.guarded.get_or_init(|| guard::guarded(&self.plain))
    }
}

fn parsed(text: &str) -> Result<Rc<Parsed>, QueryError> {
    thread_local! {
        static PARSED: RefCell<HashMap<String, Rc<Parsed>>> = RefCell::new(HashMap::new());
    }
    PARSED.with_borrow_mut(|kept| {
        if let Some(parsed) = kept.get(text) {
            return Ok(parsed.clone());
        }
        let not = |why: &str| QueryError(format!("'{text}' is not JSONata: {why}"));
        let plain = jsonata_core::parser::parse(text).map_err(|error| not(&error.display_message()))?;
        // Step Functions has none either, and nothing could bound what it evaluates.
        if tree::calls(&plain, "eval") {
            return Err(not("there is no $eval"));
        }
        let cost = Cost::of(&plain);
        let parsed = Rc::new(Parsed { plain, cost, guarded: OnceCell::new() });
        if kept.len() == KEPT {
            kept.clear();
        }
        kept.insert(text.to_owned(), parsed.clone());
        Ok(parsed)
    })
}

/// The functions that Step Functions adds to JSONata, and those of JSONata that depend on time and chance: the same transition
/// planned again gives the same.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html#jsonata-functions-provided-by-sfn>
fn register(evaluator: &mut Evaluator, names: &impl Names, text: &str) -> Result<(), EvaluatorError> {
    let has = |name: &str| text.contains(name);
    if has("$parse") {
        evaluator.register_fn("parse", |arguments: &[JValue]| {
            let json = text_argument(arguments, 0)?;
            JValue::from_json_str(&json).map_err(|_| EvaluatorError::EvaluationError("not JSON".to_owned()))
        })?;
    }
    if has("$hash") {
        evaluator.register_fn("hash", |arguments: &[JValue]| {
            let (data, algorithm) = (text_argument(arguments, 0)?, text_argument(arguments, 1)?);
            // The others that Step Functions has are refused by the compiler for this engine.
            if algorithm != "SHA-256" {
                return Err(EvaluatorError::EvaluationError("only SHA-256".to_owned()));
            }
            Ok(JValue::string(sha256_hex(&data)))
        })?;
    }
    if has("$partition") {
        evaluator.register_fn("partition", |arguments: &[JValue]| {
            let items = arguments.first().and_then(JValue::as_array).cloned().unwrap_or_default();
            let size = arguments.get(1).and_then(JValue::as_i64).and_then(|size| usize::try_from(size).ok());
            let size = size.filter(|size| *size > 0);
            let size = size.ok_or_else(|| EvaluatorError::EvaluationError("the size is above 0".to_owned()))?;
            Ok(JValue::array(items.chunks(size).map(|part| JValue::array(part.to_vec())).collect()))
        })?;
    }
    if has("$range") {
        evaluator.register_fn("range", |arguments: &[JValue]| {
            let number = |index: usize| arguments.get(index).and_then(JValue::as_i64).map(i128::from);
            let wrong = |why: &str| EvaluatorError::EvaluationError(why.to_owned());
            let (Some(from), Some(to), Some(step)) = (number(0), number(1), number(2)) else {
                return Err(wrong("three integers"));
            };
            if step == 0 {
                return Err(wrong("a step other than 0"));
            }
            let count = (to - from).div_euclid(step).max(-1) + 1;
            // As many as Step Functions takes.
            let count = usize::try_from(count).ok().filter(|count| *count <= 1_000);
            let count = count.ok_or_else(|| wrong("at most 1000 numbers"))?;
            let numbers = std::iter::successors(Some(from), |number| Some(number + step)).take(count);
            let numbers = numbers.map(|number| i64::try_from(number).map(JValue::from));
            numbers.collect::<Result<Vec<_>, _>>().map(JValue::array).map_err(|_| wrong("numbers in range"))
        })?;
    }
    if has("$uuid") || has("$random") || has("$now") || has("$millis") {
        chance_and_time(evaluator, names.seed(), names.now_ms())?;
    }
    Ok(())
}

fn chance_and_time(evaluator: &mut Evaluator, seed: u64, now_ms: u64) -> Result<(), EvaluatorError> {
    let calls = Rc::new(RefCell::new(0_u64));
    let next = move |what: &str| {
        *calls.borrow_mut() += 1;
        hash::fnv128(&[what, &seed.to_string(), &calls.borrow().to_string()])
    };
    let another = next.clone();
    evaluator.register_fn("uuid", move |_: &[JValue]| Ok(JValue::string(hash::random_id(next("uuid")).to_string())))?;
    evaluator.register_fn_override("random", move |arguments: &[JValue]| {
        let of = arguments.first().and_then(JValue::as_f64).map(|seed| hash::fnv128(&["random", &seed.to_string()]));
        Ok(JValue::from(hash::fraction(of.unwrap_or_else(|| another("random")))))
    })?;
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit a double for 285 thousand years")]
    let millis = now_ms as f64;
    evaluator.register_fn_override("millis", move |_: &[JValue]| Ok(JValue::from(millis)))?;
    evaluator.register_fn_override("now", move |arguments: &[JValue]| {
        if arguments.is_empty() {
            return Ok(JValue::string(timestamp(now_ms)));
        }
        let mut context = Context::new();
        context.bind("at".to_owned(), JValue::from(millis));
        for (name, argument) in ["picture", "zone"].into_iter().zip(arguments) {
            context.bind(name.to_owned(), argument.clone());
        }
        let ast =
            parsed("$fromMillis($at, $picture, $zone)").map_err(|error| EvaluatorError::EvaluationError(error.0))?;
        Evaluator::with_context(context).evaluate(&ast.plain, &JValue::Undefined)
    })
}

fn text_argument(arguments: &[JValue], index: usize) -> Result<String, EvaluatorError> {
    let text = arguments.get(index).and_then(JValue::as_str);
    text.map(str::to_owned).ok_or_else(|| EvaluatorError::EvaluationError("expected a text".to_owned()))
}

/// SHA-256 in hexadecimal.
pub(super) fn sha256_hex(text: &str) -> String {
    Sha256::digest(text).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// A point in time as Step Functions writes it: `2026-11-28T12:00:00.000Z`.
pub(super) fn timestamp(millis: u64) -> String {
    i64::try_from(millis)
        .ok()
        .and_then(|millis| crate::Timestamp::from_millis(millis).ok())
        .map(|time| time.to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
