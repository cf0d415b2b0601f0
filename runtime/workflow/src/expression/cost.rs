//! What an expression costs at most, by its tree: a power of the size of its data, where nothing repeats but going through them.

use jsonata_core::ast::{AstNode, BinaryOp, PathStep, Stage};
use jsonata_core::value::with_stack;

use super::tree::{GROWING, Growth, callback, calls, count, function, is_number, makes_rows, walk};
use evc_interface::pattern;

/// What an expression costs at most, where that is known: `nodes` times a power of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cost {
    nodes: u64,
    /// What its patterns come to, in nodes.
    patterns: u64,
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
        data.saturating_pow(self.power).saturating_mul(self.nodes.saturating_add(self.patterns)) <= CHEAP
    }
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
        let (mut growing, mut patterns, mut is_bounded) = (0, 0_u64, true);
        walk(ast, &mut |node| {
            if let AstNode::Regex { pattern, .. } = node {
                let size = pattern::size(pattern);
                is_bounded &= size.parts <= pattern::PARTS;
                // A node of the data is 64 bytes of a text.
                patterns = patterns.saturating_add(size.parts.saturating_mul(16)).saturating_add(size.made_of);
            }
            if let AstNode::Function { name, .. } | AstNode::Variable(name) = node {
                growing += usize::from(GROWING.contains(&name.as_str()));
            }
        });
        if growing > 4 || !is_bounded {
            return None;
        }
        Some(Self { nodes, patterns, power: powers.size.max(powers.work), of_texts })
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
        if name == "range" || growth == Growth::Joint && !of_literals(name, args, context) {
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
fn of_literals(name: &str, args: &[AstNode], context: u32) -> bool {
    let short = |arg: &AstNode| match arg {
        AstNode::String(text) => text.len() <= 64 && !text.contains(',') && !text.starts_with(['i', 'I']),
        AstNode::Number(number) => number.abs() <= 64.0,
        _ => false,
    };
    match name {
        "string" => args.len() == 1,
        "contains" | "distinct" | "keys" => true,
        "join" => {
            matches!(args, [_] | [_, AstNode::String(_)]) && args.iter().skip(1).all(|arg| literal_within(arg, 64))
        }
        "now" => args.iter().all(short),
        "formatNumber" => args.len() == 2 && literal_within(&args[1], 64),
        "pad" => args.len() >= 2 && args.iter().skip(1).all(short),
        "formatInteger" | "parseInteger" | "fromMillis" | "toMillis" => {
            // Where there is a context, the first argument may be the second.
            (args.len() > 1 || args.len() == 1 && context == 0) && args.iter().skip(1).all(short)
        }
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
