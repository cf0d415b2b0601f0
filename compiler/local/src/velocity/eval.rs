//! A template and its variables to text.

use std::ops::ControlFlow;

use indexmap::IndexMap;

use super::expression::{Expression, Operator, Reference, Step};
use super::methods;
use super::parse::{Node, Template};
use super::value::Value;
use super::{Error, ITERATIONS, OUTPUT_BYTES};

/// Variables by name.
pub(crate) type Variables = IndexMap<String, Value>;

/// Why a block is left before its end.
enum Leave {
    Loop,
    Template,
}

type Flow = ControlFlow<Leave>;

impl Template {
    /// The text that a template makes. What it sets stays in the variables.
    pub(crate) fn render(&self, variables: &mut Variables) -> Result<String, Error> {
        let mut out = String::new();
        let _: Flow = run(&self.nodes, variables, &mut out)?;
        Ok(out)
    }
}

fn run(nodes: &[Node], variables: &mut Variables, out: &mut String) -> Result<Flow, Error> {
    for node in nodes {
        let flow = one(node, variables, out)?;
        if flow.is_break() {
            return Ok(flow);
        }
        if out.len() > OUTPUT_BYTES {
            return Err(Error::new(format!("the template makes more than {OUTPUT_BYTES} bytes")));
        }
    }
    Ok(Flow::Continue(()))
}

fn one(node: &Node, variables: &mut Variables, out: &mut String) -> Result<Flow, Error> {
    match node {
        Node::Text(text) => out.push_str(text),
        Node::Reference(reference) => match resolve(reference, variables)? {
            // What is not there is nothing: API Gateway does not print the reference itself.
            Value::Null => {}
            value => out.push_str(&value.to_string()),
        },
        Node::Set(target, value) => {
            let value = evaluate(value, variables)?;
            set(target, value, variables)?;
        }
        Node::If(arms, otherwise) => {
            for (condition, nodes) in arms {
                if evaluate(condition, variables)?.holds() {
                    return run(nodes, variables, out);
                }
            }
            return run(otherwise, variables, out);
        }
        Node::Foreach(item, of, nodes) => return foreach(item, of, nodes, variables, out),
        Node::Break => return Ok(Flow::Break(Leave::Loop)),
        Node::Stop => return Ok(Flow::Break(Leave::Template)),
    }
    Ok(Flow::Continue(()))
}

fn foreach(
    item: &str,
    of: &Expression,
    nodes: &[Node],
    variables: &mut Variables,
    out: &mut String,
) -> Result<Flow, Error> {
    let items: Vec<Value> = match evaluate(of, variables)? {
        Value::List(items) => items.borrow().clone(),
        Value::Map(entries) => entries.borrow().values().cloned().collect(),
        // Nothing, and what is no collection, goes round no time.
        _ => Vec::new(),
    };
    if items.len() > ITERATIONS {
        return Err(Error::new(format!(
            "a #foreach goes round {ITERATIONS} times at most, and this one {}",
            items.len()
        )));
    }
    let before = (variables.get("foreach").cloned(), variables.get(item).cloned());
    let count = items.len();
    let mut flow = Flow::Continue(());
    for (index, value) in items.into_iter().enumerate() {
        let number = |value: usize| Value::Integer(i128::try_from(value).unwrap_or_default());
        let mut about = vec![
            ("count", number(index + 1)),
            ("index", number(index)),
            ("hasNext", Value::Bool(index + 1 < count)),
            ("first", Value::Bool(index == 0)),
            ("last", Value::Bool(index + 1 == count)),
        ];
        about.extend(before.0.clone().map(|outer| ("parent", outer)));
        variables.insert("foreach".to_owned(), Value::map(about));
        variables.insert(item.to_owned(), value);
        match run(nodes, variables, out)? {
            Flow::Break(Leave::Loop) => break,
            Flow::Break(Leave::Template) => {
                flow = Flow::Break(Leave::Template);
                break;
            }
            Flow::Continue(()) => {}
        }
    }
    restore(variables, "foreach", before.0);
    restore(variables, item, before.1);
    Ok(flow)
}

fn restore(variables: &mut Variables, name: &str, before: Option<Value>) {
    match before {
        Some(value) => drop(variables.insert(name.to_owned(), value)),
        None => drop(variables.shift_remove(name)),
    }
}

/// Sets a variable, or an entry of a map or a list. Nothing is not set: what was there stays.
/// <https://velocity.apache.org/engine/1.7/user-guide.html#set>
fn set(target: &Reference, value: Value, variables: &mut Variables) -> Result<(), Error> {
    if matches!(value, Value::Null) {
        return Ok(());
    }
    let Some((last, way)) = target.steps.split_last() else {
        variables.insert(target.name.clone(), value);
        return Ok(());
    };
    let within = variables.get(&target.name).cloned().unwrap_or_default();
    let within = walk(within, way, variables)?;
    methods::check_held(&within, &value)?;
    let key = match last {
        Step::Property(name) => Value::text(name.as_str()),
        Step::Index(index) => evaluate(index, variables)?,
        Step::Method(name, _) => return Err(Error::new(format!("what `{name}(…)` gives cannot be set"))),
    };
    match (&within, &key) {
        (Value::Map(entries), _) => {
            entries.borrow_mut().insert(key.to_string(), value);
        }
        (Value::List(_), Value::Integer(_)) => {
            methods::call(&within, "set", &[key, value])?;
        }
        _ => {
            return Err(Error::new(format!(
                "`${}` has nothing that can be set there: it is {}",
                target.name,
                within.kind()
            )));
        }
    }
    Ok(())
}

/// What a reference stands for; nothing if there is nothing.
fn resolve(reference: &Reference, variables: &mut Variables) -> Result<Value, Error> {
    let value = variables.get(&reference.name).cloned().unwrap_or_default();
    let value = walk(value, &reference.steps, variables)?;
    match (&value, &reference.otherwise) {
        (Value::Null, Some(otherwise)) => evaluate(otherwise, variables),
        _ => Ok(value),
    }
}

fn walk(mut value: Value, steps: &[Step], variables: &mut Variables) -> Result<Value, Error> {
    for step in steps {
        value = match (step, &value) {
            // Nothing has nothing.
            (_, Value::Null) => return Ok(Value::Null),
            (Step::Property(name), _) => methods::property(&value, name),
            (Step::Index(index), _) => {
                let index = evaluate(index, variables)?;
                methods::at(&value, &index)
            }
            (Step::Method(name, arguments), _) => {
                let arguments = arguments.iter().map(|it| evaluate(it, variables)).collect::<Result<Vec<_>, _>>()?;
                methods::call(&value, name, &arguments)?
            }
        };
    }
    Ok(value)
}

fn evaluate(expression: &Expression, variables: &mut Variables) -> Result<Value, Error> {
    Ok(match expression {
        Expression::Bool(value) => Value::Bool(*value),
        Expression::Integer(value) => Value::Integer(*value),
        Expression::Double(value) => Value::Double(*value),
        Expression::Text(text) => Value::text(text.as_str()),
        Expression::Template(nodes) => {
            let mut out = String::new();
            let _: Flow = run(nodes, variables, &mut out)?;
            Value::text(out)
        }
        Expression::List(items) => {
            let items = items.iter().map(|it| evaluate(it, variables)).collect::<Result<Vec<_>, _>>()?;
            Value::list(items)
        }
        Expression::Range(first, last) => range(&evaluate(first, variables)?, &evaluate(last, variables)?)?,
        Expression::Map(entries) => {
            let mut map = Vec::new();
            for (key, value) in entries {
                map.push((evaluate(key, variables)?.to_string(), evaluate(value, variables)?));
            }
            Value::map(map)
        }
        Expression::Reference(reference) => resolve(reference, variables)?,
        Expression::Not(of) => Value::Bool(!evaluate(of, variables)?.holds()),
        Expression::Binary(Operator::Or, left, right) => {
            Value::Bool(evaluate(left, variables)?.holds() || evaluate(right, variables)?.holds())
        }
        Expression::Binary(Operator::And, left, right) => {
            Value::Bool(evaluate(left, variables)?.holds() && evaluate(right, variables)?.holds())
        }
        Expression::Binary(operator, left, right) => {
            binary(*operator, &evaluate(left, variables)?, &evaluate(right, variables)?)
        }
    })
}

/// Whole numbers from one to another, also downwards.
fn range(first: &Value, last: &Value) -> Result<Value, Error> {
    let (Value::Integer(first), Value::Integer(last)) = (first, last) else { return Ok(Value::Null) };
    let most = i128::try_from(ITERATIONS).unwrap_or(i128::MAX);
    if last.saturating_sub(*first).saturating_abs() >= most {
        return Err(Error::new(format!("a range has {ITERATIONS} numbers at most")));
    }
    let numbers: Vec<i128> = if first <= last { (*first..=*last).collect() } else { (*last..=*first).rev().collect() };
    Ok(Value::list(numbers.into_iter().map(Value::Integer)))
}

/// What cannot be computed is nothing, as in Velocity, which logs it.
fn binary(operator: Operator, left: &Value, right: &Value) -> Value {
    let compared = || match (left, right) {
        (Value::Integer(a), Value::Integer(b)) => Some(a.cmp(b)),
        _ => left.as_number()?.partial_cmp(&right.as_number()?),
    };
    let is =
        |wanted: fn(std::cmp::Ordering) -> bool| compared().map_or(Value::Bool(false), |it| Value::Bool(wanted(it)));
    match operator {
        Operator::Equal => Value::Bool(left.equals(right)),
        Operator::Unequal => Value::Bool(!left.equals(right)),
        Operator::Less => is(std::cmp::Ordering::is_lt),
        Operator::LessOrEqual => is(std::cmp::Ordering::is_le),
        Operator::Greater => is(std::cmp::Ordering::is_gt),
        Operator::GreaterOrEqual => is(std::cmp::Ordering::is_ge),
        Operator::Add if matches!(left, Value::Text(_)) || matches!(right, Value::Text(_)) => match (left, right) {
            (Value::Null, _) | (_, Value::Null) => Value::Null,
            _ => Value::text(format!("{left}{right}")),
        },
        _ => computed(operator, left, right),
    }
}

fn computed(operator: Operator, left: &Value, right: &Value) -> Value {
    if let (Value::Integer(a), Value::Integer(b)) = (left, right) {
        let found = match operator {
            Operator::Add => a.checked_add(*b),
            Operator::Subtract => a.checked_sub(*b),
            Operator::Multiply => a.checked_mul(*b),
            Operator::Divide => a.checked_div(*b),
            _ => a.checked_rem(*b),
        };
        return found.map_or(Value::Null, Value::Integer);
    }
    let (Some(a), Some(b)) = (left.as_number(), right.as_number()) else { return Value::Null };
    Value::Double(match operator {
        Operator::Add => a + b,
        Operator::Subtract => a - b,
        Operator::Multiply => a * b,
        Operator::Divide => a / b,
        _ => a % b,
    })
}
