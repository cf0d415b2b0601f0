//! Where an expression is counted: its tree, with calls of the guards of [`super::bounds`] put into it.
//!
//! The law that they keep: every value that is used to make another has been measured, with what occurs in it twice counted twice,
//! and is no greater than a bound. What the library then does in one go is in proportion to it. Where it is not (`$pad`,
//! `$replace`, `$distinct`, …), a guard looks at all arguments first. What is evaluated again and again (the body of a function, a
//! step of a path, a predicate) begins with a step on the account.
//!
//! Most expressions need none of it: what a path, a comparison or a `$map` costs is in proportion to a power of their data, and
//! where that is small they are evaluated as they are ([`Cost`]).
//!
//! The library decides some things by the kind of a node (an array in an array stays one, `~>` takes a call on its right), so a guard
//! stands only where the kind does not count. `tests.rs` holds what is guarded against what is not.

use std::cell::Cell;
use std::collections::HashSet;

use jsonata_core::ast::{AstNode, BinaryOp, PathStep, Stage, StepId};
use jsonata_core::value::with_stack;

use super::bounds::{ARGUMENT, COPY, END, FIELD, FUNCTION, GIVE, ITEM, SELECT, STEP, TARGETS, USE};

/// What an expression costs at most, where that is known: `nodes` times a power of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cost {
    nodes: u64,
    power: u32,
    /// Whether texts of the data become lists or objects, which are many times their size.
    of_texts: bool,
}

/// An expression that costs no more than this is evaluated without guards: about 50 ms, and as much memory as 64 MiB.
const CHEAP: u64 = 500_000;

impl Cost {
    /// Whether it is small over data of so many nodes.
    pub(super) fn is_small(self, data: usize) -> bool {
        // What stands in the expression is data as well.
        let data = u64::try_from(data).unwrap_or(u64::MAX).saturating_add(self.nodes);
        let data = data.saturating_mul(if self.of_texts { 32 } else { 1 });
        data.saturating_pow(self.power).saturating_mul(self.nodes) <= CHEAP
    }
}

/// How the result of a function of the library grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Growth {
    /// It is a number or a boolean, or the function only looks at its argument.
    None,
    /// It is a part of its argument.
    Part,
    /// It is in proportion to its arguments, this many times their size.
    Linear(u32),
    /// It has parts of the parts of its arguments.
    Deep,
    /// It depends on all arguments together.
    Joint,
}

/// The functions, their parameters and how they grow.
fn function(name: &str) -> Option<(usize, Growth)> {
    use Growth::{Deep, Joint, Linear, None as Nothing, Part};
    Some(match name {
        "abs" | "boolean" | "ceil" | "count" | "exists" | "floor" | "length" | "not" | "number" | "sqrt" | "sum"
        | "max" | "min" | "average" | "type" => (1, Nothing),
        "contains" | "power" | "round" | "formatBase" | "parseInteger" => (2, Nothing),
        "millis" | "random" | "uuid" => (0, Nothing),
        "lookup" => (2, Part),
        "base64decode" | "decodeUrl" | "decodeUrlComponent" | "lowercase" | "trim" | "uppercase" | "reverse"
        | "shuffle" | "clone" => (1, Linear(2)),
        "base64encode" => (1, Linear(3)),
        "merge" | "spread" => (1, Deep),
        "encodeUrl" | "encodeUrlComponent" => (1, Linear(10)),
        // A field of four bytes of JSON takes a hundred.
        "parse" => (1, Linear(32)),
        "append" | "each" | "filter" | "map" | "sift" | "single" | "sort" | "substringAfter" | "substringBefore"
        | "hash" | "partition" => (2, Linear(2)),
        "substring" | "range" | "reduce" => (3, Linear(2)),
        "zip" => (0, Deep),
        "error" | "assert" => (2, Linear(1)),
        "distinct" | "keys" => (1, Joint),
        "string" => (1, Joint),
        "formatInteger" | "join" | "toMillis" | "now" => (2, Joint),
        "formatNumber" | "fromMillis" | "match" | "pad" | "split" => (3, Joint),
        "replace" => (4, Joint),
        _ => return None,
    })
}

/// Functions whose result has parts of their arguments in it.
const COMBINES: &[&str] = &[
    "append",
    "each",
    "filter",
    "merge",
    "reverse",
    "shuffle",
    "sift",
    "single",
    "sort",
    "spread",
    "zip",
    "partition",
];

/// Functions whose result is longer than their argument, so that a chain of them doubles and doubles.
const GROWING: &[&str] = &["base64encode", "encodeUrl", "encodeUrlComponent", "string", "spread", "zip", "keys"];

/// The place of the function that one of these applies.
fn callback(name: &str, arguments: usize) -> Option<usize> {
    match (name, arguments) {
        ("map" | "filter" | "reduce" | "single" | "sort", 2..) => Some(1),
        ("sift" | "each", 1) => Some(0),
        ("sift" | "each", 2..) => Some(1),
        _ => None,
    }
}

/// An expression with guards.
pub(super) fn guarded(ast: &AstNode) -> AstNode {
    let guard = Guard { bound: bound_names(ast), collected: Cell::new(true), repeated: Cell::new(false) };
    guard.used(ast, 1)
}

struct Guard {
    /// What the expression itself binds, and so may hide functions of the library.
    bound: HashSet<String>,
    /// Whether what the function or step at hand gives becomes one of many. What `$reduce` goes on with does not: it is measured
    /// whenever it is used.
    collected: Cell<bool>,
    /// Whether the part at hand may be evaluated more than once.
    repeated: Cell<bool>,
}

fn call(name: &str, args: Vec<AstNode>) -> AstNode {
    AstNode::Function { name: name.to_owned(), args, is_builtin: true }
}

fn number(number: u32) -> AstNode {
    AstNode::Number(f64::from(number))
}

fn literal(node: &AstNode) -> bool {
    matches!(node, AstNode::String(_) | AstNode::Number(_) | AstNode::Boolean(_) | AstNode::Null | AstNode::Undefined)
}

impl Guard {
    fn builtin(&self, name: &str) -> Option<(usize, Growth)> {
        if self.bound.contains(name) { None } else { function(name) }
    }

    /// A node whose value is used; its immediate parts are copied so many times.
    fn used(&self, node: &AstNode, copies: u32) -> AstNode {
        self.by(USE, node, copies)
    }

    /// A node whose value becomes a part of another, or one of many.
    fn part(&self, node: &AstNode, copies: u32) -> AstNode {
        self.by(if self.collected.get() { GIVE } else { USE }, node, copies)
    }

    /// Within `inside`, which is evaluated again and again, what is given becomes one of many or not.
    fn with<T>(&self, collected: bool, inside: impl FnOnce() -> T) -> T {
        let outer = (self.collected.replace(collected), self.repeated.replace(true));
        let made = inside();
        self.collected.set(outer.0);
        self.repeated.set(outer.1);
        made
    }

    /// A part that is evaluated again and again.
    fn again(&self, node: &AstNode) -> AstNode {
        Self::begun(node, self.with(self.collected.get(), || self.value(node)))
    }

    fn by(&self, guard: &str, node: &AstNode, copies: u32) -> AstNode {
        let inner = self.value(node);
        match node {
            AstNode::Number(_)
            | AstNode::Boolean(_)
            | AstNode::Null
            | AstNode::Undefined
            | AstNode::Placeholder
            | AstNode::Regex { .. }
            | AstNode::Lambda { .. }
            | AstNode::Transform { .. } => inner,
            _ => call(guard, vec![inner, number(copies)]),
        }
    }

    /// A node whose value is kept by a variable or an argument: a path makes a new list.
    fn held(&self, node: &AstNode) -> AstNode {
        match node {
            AstNode::Path { .. }
            | AstNode::Sort { .. }
            | AstNode::ObjectTransform { .. }
            | AstNode::Conditional { .. }
            | AstNode::Block(_)
            | AstNode::Array(_) => self.used(node, 1),
            _ => self.value(node),
        }
    }

    /// A node where its kind does not count.
    fn value(&self, node: &AstNode) -> AstNode {
        with_stack(|| match node {
            AstNode::Variable(name) => self.variable(name),
            AstNode::Path { .. } | AstNode::Sort { .. } | AstNode::ObjectTransform { .. } => {
                let inner = self.input(node);
                match rows(node) {
                    // Each of them becomes a row with all its bindings.
                    Some(name) => {
                        AstNode::Block(vec![call(USE, vec![AstNode::Variable(name.to_owned()), number(ROW)]), inner])
                    }
                    None => inner,
                }
            }
            AstNode::Binary { op, lhs, rhs } => self.binary(*op, lhs, rhs),
            AstNode::Unary { op, operand } => AstNode::Unary { op: *op, operand: Box::new(self.value(operand)) },
            AstNode::Function { name, args, is_builtin } => self.function(name, args, *is_builtin),
            AstNode::Call { procedure, args } => AstNode::Call {
                procedure: Box::new(self.value(procedure)),
                args: args.iter().map(|arg| self.held(arg)).collect(),
            },
            AstNode::Lambda { .. } => self.lambda(node, true),
            AstNode::Array(items) => AstNode::Array(items.iter().map(|item| self.item(item)).collect()),
            AstNode::ArrayGroup(items) => AstNode::ArrayGroup(items.iter().map(|item| self.item(item)).collect()),
            AstNode::Object(fields) => {
                let field = |(name, value): &(AstNode, AstNode)| match name {
                    AstNode::String(_) => (name.clone(), self.part(value, 1)),
                    // Each item of the context may have another name.
                    _ => (self.again(name), Self::begun(value, self.with(true, || self.part(value, 1)))),
                };
                AstNode::Object(fields.iter().map(field).collect())
            }
            AstNode::Block(parts) => AstNode::Block(parts.iter().map(|part| self.value(part)).collect()),
            AstNode::Conditional { condition, then_branch, else_branch } => AstNode::Conditional {
                condition: Box::new(self.value(condition)),
                then_branch: Box::new(self.value(then_branch)),
                else_branch: else_branch.as_ref().map(|branch| Box::new(self.value(branch))),
            },
            AstNode::FunctionApplication(inner) => AstNode::FunctionApplication(Box::new(self.value(inner))),
            AstNode::Transform { location, update, delete } => AstNode::Transform {
                location: Box::new(call(TARGETS, vec![self.value(location), context()])),
                update: Box::new(self.again(update)),
                delete: delete.as_ref().map(|delete| Box::new(self.again(delete))),
            },
            other => other.clone(),
        })
    }

    /// A path, a sort or a grouping where another one takes it as its input.
    fn input(&self, node: &AstNode) -> AstNode {
        match node {
            AstNode::Path { steps } => self.path(steps),
            AstNode::Sort { input, terms } => AstNode::Sort {
                input: Box::new(self.input(input)),
                terms: terms.iter().map(|(term, up)| (self.again(term), *up)).collect(),
            },
            AstNode::ObjectTransform { input, pattern } => AstNode::ObjectTransform {
                input: Box::new(self.input(input)),
                pattern: pattern
                    .iter()
                    .map(|(name, value)| {
                        (self.again(name), Self::begun(value, self.with(true, || self.part(value, 1))))
                    })
                    .collect(),
            },
            other => self.value(other),
        }
    }

    fn lambda(&self, node: &AstNode, collected: bool) -> AstNode {
        match node {
            AstNode::Lambda { params, body, signature, thunk } => AstNode::Lambda {
                params: params.clone(),
                body: Box::new(Self::begun(body, self.with(collected, || self.tail(body)))),
                signature: signature.clone(),
                thunk: *thunk,
            },
            other => self.value(other),
        }
    }

    /// A function of the library as a value gets guards of its own.
    fn variable(&self, name: &str) -> AstNode {
        let variable = AstNode::Variable(name.to_owned());
        match self.builtin(name) {
            Some((parameters @ 1.., Growth::Part | Growth::Linear(_) | Growth::Deep | Growth::Joint)) => {
                let params: Vec<String> = (0..parameters).map(|index| format!("evc {index}")).collect();
                let args: Vec<AstNode> = params.iter().cloned().map(AstNode::Variable).collect();
                let body = Box::new(self.function(name, &args, true));
                call(FUNCTION, vec![variable, AstNode::Lambda { params, body, signature: None, thunk: true }])
            }
            _ => variable,
        }
    }

    fn binary(&self, op: BinaryOp, lhs: &AstNode, rhs: &AstNode) -> AstNode {
        let both = |lhs, rhs| AstNode::Binary { op, lhs: Box::new(lhs), rhs: Box::new(rhs) };
        match op {
            // An object becomes its JSON.
            BinaryOp::Concatenate => both(self.by(GIVE, lhs, 2), self.by(GIVE, rhs, 2)),
            // Comparing with a literal ends at the first difference.
            BinaryOp::Equal | BinaryOp::NotEqual if literal(lhs) || literal(rhs) => {
                both(self.value(lhs), self.value(rhs))
            }
            BinaryOp::Equal | BinaryOp::NotEqual => both(self.used(lhs, 0), self.used(rhs, 0)),
            BinaryOp::Range => {
                let end = |node: &AstNode| match node {
                    AstNode::Number(number) if number.abs() <= 9e15 => node.clone(),
                    _ => call(END, vec![self.value(node)]),
                };
                both(end(lhs), end(rhs))
            }
            BinaryOp::ColonEqual => both(lhs.clone(), self.held(rhs)),
            BinaryOp::ChainPipe => match rhs {
                // As the library does it.
                AstNode::Function { name, args, is_builtin } if !args.contains(&AstNode::Placeholder) => {
                    let args: Vec<AstNode> = std::iter::once(lhs.clone()).chain(args.iter().cloned()).collect();
                    self.function(name, &args, *is_builtin)
                }
                // A call on the right would be taken for one.
                AstNode::Variable(_) => both(self.used(lhs, 2), AstNode::Block(vec![self.value(rhs)])),
                AstNode::Function { .. } => both(self.used(lhs, 2), AstNode::Block(vec![self.value(rhs)])),
                _ => both(self.used(lhs, 2), self.value(rhs)),
            },
            _ => both(self.value(lhs), self.value(rhs)),
        }
    }

    fn function(&self, name: &str, args: &[AstNode], is_builtin: bool) -> AstNode {
        let made = |args| AstNode::Function { name: name.to_owned(), args, is_builtin };
        let Some((_, growth)) = self.builtin(name).filter(|_| is_builtin) else {
            return made(args.iter().map(|arg| self.held(arg)).collect());
        };
        if args.contains(&AstNode::Placeholder) {
            return self.partial(name, args);
        }
        match growth {
            Growth::None => made(args.iter().map(|arg| self.value(arg)).collect()),
            Growth::Part => call(GIVE, vec![made(args.iter().map(|arg| self.value(arg)).collect()), number(1)]),
            Growth::Deep => made(args.iter().map(|arg| self.by(COPY, arg, 1)).collect()),
            Growth::Linear(copies) => {
                let applied = callback(name, args.len());
                let argument = |(place, arg): (usize, &AstNode)| match arg {
                    AstNode::Variable(bound) if applied == Some(place) && self.builtin(bound).is_none() => arg.clone(),
                    AstNode::Lambda { .. } if applied == Some(place) && name == "reduce" => self.lambda(arg, false),
                    _ if applied == Some(place) => self.value(arg),
                    _ => self.used(arg, copies),
                };
                made(args.iter().enumerate().map(argument).collect())
            }
            Growth::Joint => made(self.joint(name, args)),
        }
    }

    /// The arguments of a function whose result depends on all of them.
    fn joint(&self, name: &str, args: &[AstNode]) -> Vec<AstNode> {
        let regex = args.iter().find_map(|arg| match arg {
            AstNode::Regex { pattern, flags } => Some([pattern.clone(), flags.clone()].map(AstNode::String)),
            _ => None,
        });
        // A function that replaces or matches is guarded by its own body.
        let seen = |arg: &AstNode| !matches!(arg, AstNode::Regex { .. } | AstNode::Lambda { .. });
        let count = args.iter().filter(|arg| seen(arg)).count();
        let short = match name {
            "pad" | "split" | "match" => args.len() < 2,
            "replace" => args.len() < 3,
            _ => args.is_empty(),
        };
        let guard = |place: usize, count: usize, inner: AstNode| {
            let place_and_count =
                [place, count].map(|number| AstNode::Number(u32::try_from(number).unwrap_or(0).into()));
            let parameters = [inner, AstNode::String(name.to_owned())].into_iter().chain(place_and_count);
            let of_context = [context(), AstNode::Boolean(short)];
            call(ARGUMENT, parameters.chain(of_context).chain(regex.clone().into_iter().flatten()).collect())
        };
        if count == 0 {
            // The context, which the library would have taken.
            return std::iter::once(guard(0, 1, context())).chain(args.iter().map(|arg| self.value(arg))).collect();
        }
        let mut place = 0;
        let argument = |arg: &AstNode| {
            if !seen(arg) {
                return self.value(arg);
            }
            place += 1;
            guard(place - 1, count, self.value(arg))
        };
        args.iter().map(argument).collect()
    }

    /// A function with some of its arguments: one of the others.
    fn partial(&self, name: &str, args: &[AstNode]) -> AstNode {
        let mut params = Vec::new();
        let full: Vec<AstNode> = args
            .iter()
            .map(|arg| {
                if *arg != AstNode::Placeholder {
                    return arg.clone();
                }
                params.push(format!("evc {}", params.len()));
                AstNode::Variable(format!("evc {}", params.len() - 1))
            })
            .collect();
        AstNode::Lambda { params, body: Box::new(self.function(name, &full, true)), signature: None, thunk: true }
    }

    /// An item of an array: an array in it stays one, so its kind counts.
    fn item(&self, node: &AstNode) -> AstNode {
        match node {
            AstNode::Array(_) => self.value(node),
            _ => self.part(node, 1),
        }
    }

    /// What a function gives. A call stays one, since the library makes no frame for it; the body that it calls has guards.
    fn tail(&self, node: &AstNode) -> AstNode {
        with_stack(|| match node {
            AstNode::Conditional { condition, then_branch, else_branch } => AstNode::Conditional {
                condition: Box::new(self.value(condition)),
                then_branch: Box::new(self.tail(then_branch)),
                else_branch: else_branch.as_ref().map(|branch| Box::new(self.tail(branch))),
            },
            AstNode::Block(parts) => AstNode::Block(self.last(parts, |last| self.tail(last))),
            AstNode::Variable(_) | AstNode::Path { .. } | AstNode::Sort { .. } | AstNode::ObjectTransform { .. } => {
                self.part(node, 1)
            }
            // What these give has parts of what they are given.
            AstNode::Function { name, args, is_builtin: true }
                if self.collected.get() && self.builtin(name).is_some_and(|_| COMBINES.contains(&name.as_str())) =>
            {
                match self.value(node) {
                    AstNode::Function { name, args: guarded, is_builtin } => {
                        let give = |(guarded, arg): (AstNode, &AstNode)| match (guarded, arg) {
                            (guarded, AstNode::Lambda { .. } | AstNode::Placeholder) => guarded,
                            (AstNode::Function { name, args, is_builtin }, _) if name == USE => {
                                AstNode::Function { name: GIVE.to_owned(), args, is_builtin }
                            }
                            (guarded, _) => guarded,
                        };
                        AstNode::Function { name, args: guarded.into_iter().zip(args).map(give).collect(), is_builtin }
                    }
                    other => other,
                }
            }
            _ => self.value(node),
        })
    }

    fn last(&self, parts: &[AstNode], last: impl Fn(&AstNode) -> AstNode) -> Vec<AstNode> {
        let at = parts.len().saturating_sub(1);
        parts.iter().enumerate().map(|(i, part)| if i == at { last(part) } else { self.value(part) }).collect()
    }

    /// A part that is evaluated again and again: a step on the account, and the part with its guards.
    fn begun(node: &AstNode, with_guards: AstNode) -> AstNode {
        let step = step(node);
        match with_guards {
            AstNode::Block(parts) => AstNode::Block(std::iter::once(step).chain(parts).collect()),
            other => AstNode::Block(vec![step, other]),
        }
    }

    fn path(&self, steps: &[PathStep]) -> AstNode {
        let tuples = in_rows(steps);
        let last = steps.len() - 1;
        let guarded = steps.iter().enumerate().map(|(index, step)| {
            let plain = step.stages.is_empty() && !makes_rows(step);
            let node = match &step.node {
                AstNode::Name(_) if tuples && index > 0 && !(index == last && plain) => {
                    call(GIVE, vec![step.node.clone(), number(ROW)])
                }
                node if index == 0 => self.first(node),
                node => self.with(true, || self.step(node, step.inner_tuple, if tuples { ROW } else { 1 })),
            };
            let stages = step.stages.iter().map(|stage| match stage {
                Stage::Filter(predicate)
                    if !is_number(predicate) && (self.repeated.get() || !flat_condition(predicate)) =>
                {
                    Stage::Filter(Box::new(call(SELECT, vec![self.again(predicate)])))
                }
                other => other.clone(),
            });
            PathStep { node, stages: stages.collect(), id: StepId::default(), ..step.clone() }
        });
        AstNode::Path { steps: guarded.collect() }
    }

    /// The first step of a path. It is evaluated for each item of its context if that is a list.
    fn first(&self, node: &AstNode) -> AstNode {
        match node {
            AstNode::Variable(_) => node.clone(),
            AstNode::Block(parts) => Self::begun(node, AstNode::Block(self.last(parts, |last| self.given(last)))),
            AstNode::FunctionApplication(inner) => {
                AstNode::FunctionApplication(Box::new(Self::begun(inner, self.given(inner))))
            }
            AstNode::Path { .. } | AstNode::Sort { .. } | AstNode::ObjectTransform { .. } => self.input(node),
            _ => self.value(node),
        }
    }

    /// A step of a path after its first: it is evaluated for each item of what the steps before it gave.
    fn step(&self, node: &AstNode, inner_tuple: bool, copies: u32) -> AstNode {
        match node {
            AstNode::Variable(name) if name.is_empty() => node.clone(),
            AstNode::Variable(_) => Self::begun(node, call(GIVE, vec![self.value(node), number(copies)])),
            AstNode::Name(_)
            | AstNode::Wildcard
            | AstNode::Descendant
            | AstNode::Parent(_)
            | AstNode::ParentVariable(_)
            | AstNode::String(_)
            | AstNode::Number(_)
            | AstNode::Boolean(_)
            | AstNode::Null
            | AstNode::Undefined => node.clone(),
            AstNode::Sort { .. } => self.input(node),
            AstNode::FunctionApplication(inner) => {
                let given = if inner_tuple { self.value(inner) } else { self.given(inner) };
                AstNode::FunctionApplication(Box::new(Self::begun(inner, given)))
            }
            AstNode::Block(_) if inner_tuple => Self::begun(node, self.value(node)),
            AstNode::Object(fields) => match self.value(node) {
                AstNode::Object(mut guarded) if !fields.is_empty() => {
                    if let Some((_, value)) = guarded.first_mut() {
                        let inner = std::mem::replace(value, AstNode::Null);
                        *value = AstNode::Block(vec![step(node), inner]);
                    }
                    AstNode::Object(guarded)
                }
                other => other,
            },
            AstNode::ArrayGroup(items) => {
                let items = items.iter().map(|item| self.item(item));
                AstNode::ArrayGroup(std::iter::once(step(node)).chain(items).collect())
            }
            _ => Self::begun(node, self.given(node)),
        }
    }

    /// What a step gives for an item.
    fn given(&self, node: &AstNode) -> AstNode {
        match node {
            AstNode::Block(parts) => AstNode::Block(self.last(parts, |last| self.given(last))),
            // The library looks at how these begin.
            AstNode::Path { steps }
                if matches!(steps.first().map(|step| &step.node), Some(AstNode::Array(_) | AstNode::Block(_))) =>
            {
                self.value(node)
            }
            AstNode::Sort { .. } => self.value(node),
            _ => self.tail(node),
        }
    }
}

/// A row of a path with bindings (`@`, `#`, `%`) is an object with all of them: so many items of a list.
const ROW: u32 = 24;

fn context() -> AstNode {
    AstNode::Variable(String::new())
}

fn is_number(node: &AstNode) -> bool {
    match node {
        AstNode::Number(_) => true,
        AstNode::Unary { operand, .. } => is_number(operand),
        _ => false,
    }
}

fn makes_rows(step: &PathStep) -> bool {
    step.focus.is_some() || step.index_var.is_some() || step.ancestor_label.is_some()
}

fn in_rows(steps: &[PathStep]) -> bool {
    steps.iter().any(|step| step.is_tuple || makes_rows(step))
}

/// The variable that the rows of a path begin with.
fn rows(node: &AstNode) -> Option<&str> {
    match node {
        AstNode::Path { steps } => match &steps.first()?.node {
            AstNode::Variable(name) if in_rows(steps) => Some(name),
            AstNode::Variable(_) => None,
            first => rows(first),
        },
        AstNode::Sort { input, .. } | AstNode::ObjectTransform { input, .. } => rows(input),
        _ => None,
    }
}

/// A condition over fields of the item at hand, variables and literals: it takes the same time whatever the data.
fn flat_condition(node: &AstNode) -> bool {
    use BinaryOp::{And, Equal, GreaterThan, GreaterThanOrEqual, LessThan, LessThanOrEqual, NotEqual, Or};
    match node {
        AstNode::Binary { op: And | Or, lhs, rhs } => flat_condition(lhs) && flat_condition(rhs),
        AstNode::Binary { op: LessThan | LessThanOrEqual | GreaterThan | GreaterThanOrEqual, lhs, rhs } => {
            flat(lhs) && flat(rhs)
        }
        AstNode::Binary { op: Equal | NotEqual, lhs, rhs } => flat(lhs) && flat(rhs) && (literal(lhs) || literal(rhs)),
        _ => false,
    }
}

fn flat(node: &AstNode) -> bool {
    match node {
        AstNode::Name(_) | AstNode::Variable(_) => true,
        AstNode::Path { steps } => steps.iter().all(|step| {
            matches!(step.node, AstNode::Name(_) | AstNode::Variable(_)) && step.stages.is_empty() && !makes_rows(step)
        }),
        _ => literal(node),
    }
}

/// A step on the account: as many as the part has nodes, and the bytes of the literals, objects and functions that it makes.
fn step(node: &AstNode) -> AstNode {
    let (mut steps, mut bytes) = (0_u32, 0_usize);
    walk(node, &mut |node| {
        steps = steps.saturating_add(1);
        bytes = bytes.saturating_add(match node {
            AstNode::String(text) => text.len(),
            AstNode::Lambda { .. } | AstNode::Transform { .. } => 64 * count(node),
            AstNode::Object(fields) => fields.len() * FIELD,
            AstNode::Array(items) | AstNode::ArrayGroup(items) => items.len() * ITEM,
            _ => 0,
        });
    });
    call(STEP, vec![number(steps), number(u32::try_from(bytes).unwrap_or(u32::MAX))])
}

fn count(node: &AstNode) -> usize {
    let mut nodes = 0;
    walk(node, &mut |_| nodes += 1);
    nodes
}

/// All nodes of a tree.
fn walk<'a>(node: &'a AstNode, each: &mut impl FnMut(&'a AstNode)) {
    each(node);
    children(node, &mut |child| with_stack(|| walk(child, each)));
}

fn children<'a>(node: &'a AstNode, each: &mut dyn FnMut(&'a AstNode)) {
    match node {
        AstNode::Path { steps } => {
            for step in steps {
                each(&step.node);
                for stage in &step.stages {
                    if let Stage::Filter(predicate) = stage {
                        each(predicate);
                    }
                }
            }
        }
        AstNode::Binary { lhs, rhs, .. } => {
            each(lhs);
            each(rhs);
        }
        AstNode::Unary { operand, .. } => each(operand),
        AstNode::Function { args, .. } => args.iter().for_each(each),
        AstNode::Call { procedure, args } => std::iter::once(&**procedure).chain(args).for_each(each),
        AstNode::Lambda { body, .. } => each(body),
        AstNode::Array(items) | AstNode::ArrayGroup(items) | AstNode::Block(items) => items.iter().for_each(each),
        AstNode::Object(fields) => fields.iter().flat_map(|(name, value)| [name, value]).for_each(each),
        AstNode::ObjectTransform { input, pattern } => {
            each(input);
            pattern.iter().flat_map(|(name, value)| [name, value]).for_each(each);
        }
        AstNode::Conditional { condition, then_branch, else_branch } => {
            for node in [condition, then_branch].into_iter().chain(else_branch) {
                each(node);
            }
        }
        AstNode::FunctionApplication(inner) => each(inner),
        AstNode::Sort { input, terms } => {
            each(input);
            for (term, _) in terms {
                each(term);
            }
        }
        AstNode::Transform { location, update, delete } => {
            for node in [location, update].into_iter().chain(delete) {
                each(node);
            }
        }
        _ => {}
    }
}

/// The names that an expression binds.
fn bound_names(ast: &AstNode) -> HashSet<String> {
    let mut bound = HashSet::new();
    walk(ast, &mut |node| match node {
        AstNode::Lambda { params, .. } => bound.extend(params.iter().cloned()),
        AstNode::Binary { op: BinaryOp::ColonEqual, lhs, .. } => {
            if let AstNode::Variable(name) = &**lhs {
                bound.insert(name.clone());
            }
        }
        AstNode::Path { steps } => {
            for step in steps {
                bound.extend(step.focus.iter().chain(&step.index_var).cloned());
                bound.extend(step.stages.iter().filter_map(|stage| match stage {
                    Stage::Index(name) => Some(name.clone()),
                    _ => None,
                }));
            }
        }
        _ => {}
    });
    bound
}

/// Whether an expression refers to this function.
pub(super) fn calls(ast: &AstNode, function: &str) -> bool {
    let mut found = false;
    walk(ast, &mut |node| {
        found |= match node {
            AstNode::Function { name, .. } | AstNode::Variable(name) => name == function,
            _ => false,
        };
    });
    found
}

/// The most nodes of an expression whose cost is looked at.
const SIMPLE: u64 = 400;

impl Cost {
    /// What the expression costs at most; `None` if nobody can tell: it repeats by other means than going through its data, or what
    /// it makes is used to make more.
    pub(super) fn of(ast: &AstNode) -> Option<Self> {
        let nodes = u64::try_from(count(ast)).ok().filter(|nodes| *nodes <= SIMPLE)?;
        let powers = Costs { names: Vec::new() }.of(ast, 0)?;
        let of_texts = calls(ast, "parse");
        let mut growing = 0;
        walk(ast, &mut |node| {
            if let AstNode::Function { name, .. } | AstNode::Variable(name) = node {
                growing += usize::from(GROWING.contains(&name.as_str()));
            }
        });
        if growing > 4 {
            return None;
        }
        Some(Self { nodes, power: powers.size.max(powers.work), of_texts })
    }
}

/// Powers of the size of the data.
#[derive(Clone, Copy, Default)]
struct Powers {
    /// Of what an expression gives, with what occurs in it twice counted twice.
    size: u32,
    /// Of the work of its dearest part.
    work: u32,
}

impl Powers {
    fn and(self, other: Self) -> Self {
        Self { size: self.size.max(other.size), work: self.work.max(other.work) }
    }

    /// Something that is done for each item of a value of this size.
    fn each(size: u32, body: Self) -> Self {
        Self { size: size.saturating_add(body.size), work: size.saturating_add(body.work.max(body.size)) }
    }
}

/// Finds powers. A variable of the workflow has one; the parameters of the functions around have that of the list they go through.
struct Costs<'a> {
    names: Vec<(&'a str, u32)>,
}

impl<'a> Costs<'a> {
    fn all(&mut self, nodes: impl IntoIterator<Item = &'a AstNode>, context: u32) -> Option<Powers> {
        nodes.into_iter().try_fold(Powers::default(), |all, node| Some(all.and(self.of(node, context)?)))
    }

    fn of(&mut self, node: &'a AstNode, context: u32) -> Option<Powers> {
        with_stack(|| self.of_kind(node, context))
    }

    fn of_kind(&mut self, node: &'a AstNode, context: u32) -> Option<Powers> {
        let whole = |size| Powers { size, work: size };
        match node {
            AstNode::String(_)
            | AstNode::Number(_)
            | AstNode::Boolean(_)
            | AstNode::Null
            | AstNode::Undefined
            | AstNode::Regex { .. } => Some(Powers::default()),
            AstNode::Name(_) => Some(whole(context)),
            AstNode::Variable(name) => {
                if let Some((_, size)) = self.names.iter().rev().find(|(known, _)| known == name) {
                    return Some(whole(*size));
                }
                if name.is_empty() {
                    return Some(whole(context));
                }
                // A function as a value.
                function(name).is_none().then_some(whole(1))
            }
            AstNode::Unary { operand, .. } => self.of(operand, context),
            AstNode::Binary { op, lhs, rhs } => match op {
                BinaryOp::Range
                | BinaryOp::ColonEqual
                | BinaryOp::ChainPipe
                | BinaryOp::FocusBind
                | BinaryOp::IndexBind => None,
                _ => {
                    let both = self.all([&**lhs, &**rhs], context)?;
                    Some(Powers { work: both.work.max(both.size), ..both })
                }
            },
            AstNode::Conditional { condition, then_branch, else_branch } => {
                self.all([condition, then_branch].into_iter().chain(else_branch).map(|node| &**node), context)
            }
            // It has items, be they literals.
            AstNode::Array(items) => Some(self.all(items, context)?.and(whole(1))),
            AstNode::Object(fields) => {
                let inner = self.all(fields.iter().flat_map(|(name, value)| [name, value]), context)?.and(whole(1));
                // Another name may be another one for each item of the context.
                let literal = fields.iter().all(|(name, _)| matches!(name, AstNode::String(_)));
                Some(if literal { inner } else { Powers::each(context, inner) })
            }
            AstNode::Path { steps } => self.path(steps, context),
            AstNode::Function { name, args, is_builtin: true } => self.function(name, args, context),
            _ => None,
        }
    }

    fn path(&mut self, steps: &'a [PathStep], context: u32) -> Option<Powers> {
        let mut at = Powers { size: context, work: 0 };
        for (index, step) in steps.iter().enumerate() {
            if makes_rows(step) || step.is_tuple {
                return None;
            }
            at = match &step.node {
                AstNode::Name(_) => at,
                AstNode::Variable(_) if index == 0 => self.of(&step.node, context)?,
                AstNode::Array(_) | AstNode::ArrayGroup(_) | AstNode::Object(_) => {
                    let inner = match &step.node {
                        AstNode::ArrayGroup(items) => self.all(items, at.size)?.and(Powers { size: 1, work: 1 }),
                        other => self.of(other, at.size)?,
                    };
                    at.and(Powers::each(at.size, inner))
                }
                // It is evaluated for each item of its context.
                node if index == 0 => Powers::each(context, self.of(node, context)?),
                _ => return None,
            };
            for stage in &step.stages {
                match stage {
                    Stage::KeepArray => {}
                    Stage::Filter(predicate) if is_number(predicate) => {}
                    Stage::Filter(predicate) if is_condition(predicate) => {
                        let inner = self.of(predicate, at.size)?;
                        at.work = at.work.max(Powers::each(at.size, inner).work);
                    }
                    _ => return None,
                }
            }
        }
        Some(Powers { work: at.work.max(at.size), ..at })
    }

    fn function(&mut self, name: &'a str, args: &'a [AstNode], context: u32) -> Option<Powers> {
        let (_, growth) = function(name)?;
        if self.names.iter().any(|(known, _)| *known == name) {
            return None;
        }
        if name == "range" || growth == Growth::Joint && !of_literals(name, args) {
            return None;
        }
        let Some(applied) = callback(name, args.len()) else {
            let all = self.all(args, context)?;
            // These compare each with each.
            let work = if matches!(name, "distinct" | "keys") { all.size.saturating_mul(2) } else { all.size };
            return Some(Powers { work: all.work.max(work), ..all });
        };
        let list =
            self.all(args.iter().enumerate().filter(|(place, _)| *place != applied).map(|(_, arg)| arg), context)?;
        // What is taken from the context has its size.
        let over = list.size.max(context);
        let body = match args.get(applied)? {
            // What it goes on with does not grow if it is a number.
            AstNode::Lambda { body, .. } if name == "reduce" && !is_arithmetic(body) => return None,
            AstNode::Lambda { params, body, .. } => {
                let known = self.names.len();
                self.names.extend(params.iter().map(|param| (param.as_str(), over)));
                let body = self.of(body, context);
                self.names.truncate(known);
                body?
            }
            AstNode::Variable(of) if name != "reduce" => match function(of)?.1 {
                Growth::Joint if of != "string" => return None,
                _ => Powers { size: over, work: over },
            },
            _ => return None,
        };
        // A sort compares an item with some others.
        let more = u32::from(name == "sort");
        let each = Powers::each(over.saturating_add(more), body);
        Some(list.and(each))
    }
}

/// Whether what a function makes beyond its first argument is as little as literals say.
fn of_literals(name: &str, args: &[AstNode]) -> bool {
    let short = |arg: &AstNode| match arg {
        AstNode::String(text) => text.len() <= 64 && !text.contains(',') && !text.starts_with(['i', 'I']),
        AstNode::Number(number) => number.abs() <= 64.0,
        _ => false,
    };
    match name {
        "string" => args.len() == 1,
        "distinct" | "keys" => true,
        "join" => {
            matches!(args, [_] | [_, AstNode::String(_)]) && args.iter().skip(1).all(|arg| literal_within(arg, 64))
        }
        "now" => args.iter().all(short),
        "formatNumber" => args.len() == 2 && literal_within(&args[1], 64),
        "pad" => args.len() >= 2 && args.iter().skip(1).all(short),
        "formatInteger" | "fromMillis" | "toMillis" => !args.is_empty() && args.iter().skip(1).all(short),
        _ => false,
    }
}

fn literal_within(node: &AstNode, bytes: usize) -> bool {
    matches!(node, AstNode::String(text) if text.len() <= bytes)
}

fn is_arithmetic(node: &AstNode) -> bool {
    use BinaryOp::{Add, Divide, Modulo, Multiply, Subtract};
    matches!(node, AstNode::Binary { op: Add | Subtract | Multiply | Divide | Modulo, .. })
}

/// Whether a predicate gives true or false, and so no indexes.
fn is_condition(node: &AstNode) -> bool {
    use BinaryOp::{And, Equal, GreaterThan, GreaterThanOrEqual, In, LessThan, LessThanOrEqual, NotEqual, Or};
    match node {
        AstNode::Binary { op, .. } => {
            matches!(
                op,
                And | Or | Equal | NotEqual | In | LessThan | LessThanOrEqual | GreaterThan | GreaterThanOrEqual
            )
        }
        AstNode::Function { name, .. } => matches!(name.as_str(), "exists" | "not" | "boolean" | "contains"),
        _ => false,
    }
}
