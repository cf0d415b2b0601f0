//! Where an expression is counted: its tree, with calls of the guards of [`super::bounds`] put into it.
//!
//! The law that they keep: every value that is used to make another has been measured, with what occurs in it twice counted twice,
//! and is no greater than a bound. What the library then does in one go is in proportion to it. Where it is not (`$pad`,
//! `$replace`, `$distinct`, …), a guard looks at all arguments first. What is evaluated again and again (the body of a function, a
//! step of a path, a predicate) begins with a step on the account.
//!
//! Most expressions need none of it: what a path, a comparison or a `$map` costs is in proportion to a power of their data, and
//! where that is small they are evaluated as they are ([`super::cost`]).
//!
//! The library decides some things by the kind of a node (an array in an array stays one, `~>` takes a call on its right), so a guard
//! stands only where the kind does not count. `tests.rs` holds what is guarded against what is not.

mod joint;

use std::cell::Cell;
use std::collections::HashSet;

use jsonata_core::ast::{AstNode, BinaryOp, PathStep, Stage, StepId};
use jsonata_core::value::with_stack;

use super::bounds::{APPLIED, APPLIED_PARTS, COPY, END, FIELD, FUNCTION, GIVE, ITEM, LOOK, SELECT, STEP, TARGETS, USE};
use super::tree::{
    COMBINES, GOES_THROUGH, Growth, bound_names, callback, count, flat_condition, function, in_rows, is_number,
    literal, makes_rows, rows, walk, way,
};
use evc_interface::pattern;

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
                    None => match way(node).filter(|_| self.repeated.get()) {
                        Some((name, fields)) => {
                            let fields = fields.into_iter().map(|field| AstNode::String(field.to_owned()));
                            let variable = AstNode::Variable(name.to_owned());
                            let look = call(LOOK, std::iter::once(variable).chain(fields).collect());
                            AstNode::Block(vec![look, inner])
                        }
                        None => inner,
                    },
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
            AstNode::Regex { pattern, .. } if pattern::size(pattern).parts > APPLIED_PARTS => call(APPLIED, Vec::new()),
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
                AstNode::Regex { pattern, flags } => {
                    let regex = [pattern.clone(), flags.clone()].map(AstNode::String);
                    both(Self::argument("applied", (0, 1), self.value(lhs), false, Some(&regex)), rhs.clone())
                }
                _ => both(self.used(lhs, 2), self.value(rhs)),
            },
            // It is looked for in the whole list.
            BinaryOp::In => both(self.value(lhs), self.seen(rhs)),
            _ => both(self.value(lhs), self.value(rhs)),
        }
    }

    /// A node all of whose value is looked at, which counts where that is done again and again.
    fn seen(&self, node: &AstNode) -> AstNode {
        if self.repeated.get() { self.used(node, 0) } else { self.value(node) }
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
            Growth::None if GOES_THROUGH.contains(&name) => made(args.iter().map(|arg| self.seen(arg)).collect()),
            Growth::None => made(args.iter().map(|arg| self.value(arg)).collect()),
            Growth::Part if name == "lookup" && self.repeated.get() && args.len() == 2 => {
                let field = AstNode::String(String::new());
                let list = call(LOOK, vec![self.value(&args[0]), field]);
                call(GIVE, vec![made(vec![list, self.value(&args[1])]), number(1)])
            }
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
                let given = if inner_tuple { self.value(inner) } else { self.many(inner, copies) };
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
                let item = |item: &AstNode| match item {
                    AstNode::Array(_) | AstNode::Object(_) => self.item(item),
                    // Each item of what it gives is one, or becomes a row.
                    _ => self.part(item, copies),
                };
                AstNode::ArrayGroup(std::iter::once(step(node)).chain(items.iter().map(item)).collect())
            }
            _ => Self::begun(node, self.many(node, copies)),
        }
    }

    /// What a step gives for an item, where each item of that is copied so many times: it becomes a row.
    fn many(&self, node: &AstNode, copies: u32) -> AstNode {
        let given = self.given(node);
        if copies > 1 { call(GIVE, vec![given, number(copies)]) } else { given }
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
