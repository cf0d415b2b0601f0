//! What an evaluation may take, and the account of what it has taken.
//!
//! Everything of a worker is on one thread, and a batch of tasks shares it: an expression that takes a second or a gigabyte takes it
//! from all of them. The library can bound its stack, the length of its sequences and its time; this counts what it makes.
//! [`super::guard`] says where.
//!
//! The account is of steps and bytes, which are the same whenever a transition is planned again. The clock is the last resort, for
//! what is slow without making anything. Step Functions documents no bounds of its own but those of a state's data
//! (<https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>); where AWS names bounds of JSONata, for
//! another service, they are of the same order
//! (<https://docs.aws.amazon.com/elemental-inference/latest/userguide/functions-expressions-guardrails.html>).

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;
use std::time::{Duration, Instant};

use jsonata_core::evaluator::{Evaluator, EvaluatorError, live_lambda_count};
use jsonata_core::value::{JValue, with_stack};
use serde_json::Value;

use evc_interface::expression::{
    GREATEST_ROMAN, LIST_LENGTH, MARKER_WIDTH, PICTURE_BYTES, PICTURE_MARKERS, TEXT_BYTES,
};
use evc_interface::pattern::PARTS;

/// How deep an evaluation may nest. The library moves to stacks on the heap, of about 3 KiB a level, so this bounds memory.
pub(super) const STACK_DEPTH: usize = 2_000;
/// How long an evaluation may take, milliseconds. What the steps count takes less; without optimisation it takes ten times as long.
pub(super) const TIME_MS: u64 = if cfg!(debug_assertions) { 30_000 } else { 2_000 };
/// How long the evaluations of one transition may take together, milliseconds: what looks without making anything takes few steps.
pub(super) const TRANSITION_TIME_MS: u64 = 5 * TIME_MS / 2;
/// How many steps an evaluation may take: parts of it that are evaluated, and sixteenths of the values that they look at.
pub(super) const STEPS: u64 = 1_000_000;
/// How many steps the evaluations of one transition may take together, since it may enter many states.
pub(super) const TRANSITION_STEPS: u64 = 4 * STEPS;
/// How many bytes the evaluations of one transition may give together: each step may copy what the one before gave, twice.
pub(super) const TRANSITION_BYTES: usize = 32 << 20;
/// How many bytes an evaluation may make, whether it keeps them or not.
pub(super) const BYTES: u64 = 64 << 20;
/// How many bytes a value may stand for, with what occurs in it twice counted twice.
pub(super) const VALUE: usize = 4 << 20;
/// How deep a value may nest: as deep as JSON that `serde_json` reads.
pub(super) const DEPTH: usize = 128;
/// How many functions an evaluation may keep at a time. A function keeps those that it refers to, and the library drops a chain of them
/// by recursion. A call within a call keeps some as well, so the bound is no less than what [`STACK_DEPTH`] allows.
pub(super) const FUNCTIONS: usize = 2_048;
/// How often an index may occur in a predicate that selects by indexes.
pub(super) const SAME_INDEX: usize = 8;
/// How many parts a pattern may have that is applied as a function: to how much text is not seen.
pub(super) const APPLIED_PARTS: u64 = 64;
/// How many bytes of a text a part of a pattern is compared with in a step.
pub(super) const COMPARED: u64 = 32;
/// The greatest end of a range. Beyond it the doubles of JSONata skip integers.
const WHOLE: f64 = 9_007_199_254_740_992.0;
/// What a value takes beside its text: the library's item of a list.
pub(super) const ITEM: usize = 24;
/// What a field of an object takes beside its name and its value.
pub(super) const FIELD: usize = 100;

/// A bound that an evaluation met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    Steps,
    TransitionSteps,
    TransitionBytes,
    TransitionTime,
    TimeLeft,
    Bytes,
    Text,
    List,
    Value,
    Depth,
    Functions,
    Stack,
    Time,
    Width,
    Picture,
    Range,
    Index,
    Pattern,
    AppliedPattern,
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Steps => write!(f, "it takes more than {STEPS} steps"),
            Self::TransitionSteps => {
                write!(f, "the expressions of this transition take more than {TRANSITION_STEPS} steps")
            }
            Self::TransitionBytes => {
                write!(f, "the expressions of this transition give more than {} MiB", TRANSITION_BYTES >> 20)
            }
            Self::TransitionTime => {
                write!(f, "the expressions of this transition take more than {} seconds", TRANSITION_TIME_MS / 1_000)
            }
            Self::TimeLeft => write!(f, "it takes longer than there is time for it"),
            Self::Bytes => write!(f, "it makes more than {} MiB", BYTES >> 20),
            Self::Text => write!(f, "it makes a text of more than {} MiB", TEXT_BYTES >> 20),
            Self::List => write!(f, "it makes a list of more than {LIST_LENGTH} items"),
            Self::Value => write!(f, "it makes a value of more than {} MiB", VALUE >> 20),
            Self::Depth => write!(f, "it makes a value that nests more than {DEPTH} deep"),
            Self::Functions => write!(f, "it keeps more than {FUNCTIONS} functions at a time"),
            Self::Stack => write!(f, "it nests more than {STACK_DEPTH} deep; does a function call itself for ever?"),
            Self::Time => write!(f, "it takes more than {} seconds", TIME_MS / 1_000),
            Self::Width => {
                write!(f, "a picture is wider than {MARKER_WIDTH}, or a Roman numeral above {GREATEST_ROMAN}")
            }
            Self::Picture => write!(f, "a picture has more than {PICTURE_BYTES} bytes or {PICTURE_MARKERS} markers"),
            Self::Range => write!(f, "a range ends beyond ±{WHOLE}"),
            Self::Index => write!(f, "it selects one item more than {SAME_INDEX} times"),
            Self::Pattern => write!(f, "a pattern has more than {PARTS} parts, repetitions written out"),
            Self::AppliedPattern => {
                write!(f, "a pattern that is used as a function has more than {APPLIED_PARTS} parts")
            }
        }
    }
}

impl Bound {
    /// The bound that the library met, by the code of its error.
    pub(super) fn of_code(code: &str) -> Option<Self> {
        Some(match code {
            "D1011" | "U1001" => Self::Stack,
            "D1012" => Self::Time,
            "D2014" | "D2015" => Self::List,
            _ => return None,
        })
    }
}

/// What one evaluation has taken.
#[derive(Debug, Default)]
pub(super) struct Account {
    steps: Cell<u64>,
    bytes: Cell<u64>,
    met: Cell<Option<Bound>>,
    /// How many functions this thread had before.
    functions: usize,
    /// When what is done twice, by a guard and then by the library, has to be done once.
    half: Option<Instant>,
    /// The arguments so far of the calls under way whose cost depends on all of them.
    pub(super) arguments: RefCell<Vec<JValue>>,
    /// What large values come to. The values are kept, so that no other gets their address.
    measured: RefCell<HashMap<usize, (JValue, Size)>>,
}

/// What a value comes to, with what occurs in it twice counted twice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) nodes: usize,
    pub(super) bytes: usize,
    pub(super) depth: usize,
}

impl Size {
    fn total(self) -> usize {
        self.nodes.saturating_mul(8).saturating_add(self.bytes)
    }
}

/// A value whose parts are more than this is measured once.
const LARGE: usize = 256;
/// How many large values are remembered.
const REMEMBERED: usize = 256;

pub(super) type Result<T, E = Bound> = std::result::Result<T, E>;

impl Account {
    /// The account of an evaluation that begins now and may take so long.
    pub(super) fn new(time: Duration) -> Self {
        Self { functions: live_lambda_count(), half: Instant::now().checked_add(time / 2), ..Self::default() }
    }

    /// Whether something that the library does again is to be given up.
    pub(super) fn late(&self) -> bool {
        self.half.is_some_and(|half| Instant::now() > half)
    }

    pub(super) fn met(&self) -> Option<Bound> {
        self.met.get()
    }

    pub(super) fn steps(&self) -> u64 {
        self.steps.get()
    }

    pub(super) fn charge(&self, steps: u64, bytes: u64) -> Result<()> {
        let (steps, bytes) = (self.steps.get().saturating_add(steps), self.bytes.get().saturating_add(bytes));
        // What is refused is not done.
        self.steps.set(steps.min(STEPS));
        self.bytes.set(bytes);
        match (steps > STEPS, bytes > BYTES) {
            (true, _) => Err(Bound::Steps),
            (_, true) => Err(Bound::Bytes),
            _ => Ok(()),
        }
    }

    /// A part of the expression is evaluated once more.
    fn step(&self, steps: u64, bytes: u64) -> Result<()> {
        if live_lambda_count().saturating_sub(self.functions) > FUNCTIONS {
            return Err(Bound::Functions);
        }
        self.charge(steps, bytes)
    }

    /// A value is used, and its immediate parts are copied `copies` times.
    pub(super) fn uses(&self, value: &JValue, copies: u64) -> Result<Size> {
        let size = self.measure(value, 0)?;
        if size.total() > VALUE {
            return Err(Bound::Value);
        }
        let flat = match value {
            JValue::String(text) if text.len() > TEXT_BYTES => return Err(Bound::Text),
            JValue::Array(items) if items.len() > LIST_LENGTH => return Err(Bound::List),
            JValue::String(text) => text.len(),
            JValue::Array(items) => items.len() * ITEM,
            JValue::Object(fields) => fields.len() * FIELD,
            _ => 0,
        };
        // What is only looked at is gone through.
        let steps = if copies == 0 { wide(size.nodes / 16 + size.bytes / 1024) } else { 0 };
        self.charge(steps, copies * wide(flat))?;
        Ok(size)
    }

    /// A value is used and becomes one of many: what goes through them all goes through all of it.
    fn gives(&self, value: &JValue, copies: u64) -> Result<()> {
        let size = self.uses(value, copies)?;
        self.charge(0, wide(size.nodes * ITEM + size.bytes))
    }

    /// A value is used, and its parts' parts are copied.
    fn copies(&self, value: &JValue) -> Result<()> {
        let size = self.uses(value, 1)?;
        self.charge(0, wide(size.nodes * FIELD + size.bytes))
    }

    /// What a value comes to; what it takes to find out is charged.
    pub(super) fn measure(&self, value: &JValue, depth: usize) -> Result<Size> {
        let address = match value {
            JValue::Array(items) if items.len() > LARGE => items.as_ptr().addr(),
            JValue::Object(fields) if !fields.is_empty() => Rc::as_ptr(fields).addr(),
            JValue::String(text) => return Ok(Size { nodes: 1, bytes: text.len(), depth: 0 }),
            JValue::Array(_) => 0,
            _ => return Ok(Size { nodes: 1, bytes: 0, depth: 0 }),
        };
        if let Some((_, known)) = (address != 0).then(|| self.measured.borrow().get(&address).cloned()).flatten() {
            return if depth + known.depth > DEPTH { Err(Bound::Depth) } else { Ok(known) };
        }
        if depth >= DEPTH {
            return Err(Bound::Depth);
        }
        let mut size = Size { nodes: 1, bytes: 0, depth: 0 };
        let mut add = |part: &JValue, name: usize| {
            let part = self.measure(part, depth + 1)?;
            size.nodes = size.nodes.saturating_add(part.nodes);
            size.bytes = size.bytes.saturating_add(part.bytes).saturating_add(name);
            size.depth = size.depth.max(part.depth + 1);
            if size.total() > VALUE { Err(Bound::Value) } else { Ok(()) }
        };
        let parts = match value {
            JValue::Array(items) => {
                items.iter().try_for_each(|item| add(item, 0))?;
                items.len()
            }
            JValue::Object(fields) => {
                fields.iter().try_for_each(|(name, field)| add(field, name.len()))?;
                fields.len()
            }
            _ => 0,
        };
        self.charge(wide(parts / 16), 0)?;
        if size.nodes > LARGE && address != 0 {
            let mut measured = self.measured.borrow_mut();
            if measured.len() == REMEMBERED {
                measured.clear();
            }
            measured.insert(address, (value.clone(), size));
        }
        Ok(size)
    }

    /// An error that the evaluation ends with; the caller asks for the bound.
    fn fail<T>(&self, result: Result<T>) -> Result<T, EvaluatorError> {
        result.map_err(|bound| {
            self.met.set(self.met.get().or(Some(bound)));
            EvaluatorError::EvaluationError(bound.to_string())
        })
    }
}

/// A part of the expression is evaluated once more: its weight in steps, and what it makes whatever the data.
pub(super) const STEP: &str = "evc step";
/// A value is used; its immediate parts are copied so many times.
pub(super) const USE: &str = "evc use";
/// The same for a value that may become one of many.
pub(super) const GIVE: &str = "evc give";
/// The same for a value whose parts' parts are copied.
pub(super) const COPY: &str = "evc copy";
/// An argument of a function whose result is not in proportion to each of its arguments.
pub(super) const ARGUMENT: &str = "evc argument";
/// An end of a range.
pub(super) const END: &str = "evc end";
/// What a predicate gives.
pub(super) const SELECT: &str = "evc select";
/// What a transformation is to change, and what it is applied to.
pub(super) const TARGETS: &str = "evc targets";
/// A value is gone through, again and again, on the way to these fields of it.
pub(super) const LOOK: &str = "evc look";
/// A pattern that is used as a function is too large for that.
pub(super) const APPLIED: &str = "evc applied";
/// A function of the library as a value, or what else has its name; and the same with guards.
pub(super) const FUNCTION: &str = "evc function";

/// Makes the guards known to an evaluator. Their names have blanks, so that no expression can call them.
pub(super) fn register(evaluator: &mut Evaluator, account: &Rc<Account>) -> Result<(), EvaluatorError> {
    let own = account.clone();
    evaluator.register_fn(STEP, move |arguments: &[JValue]| {
        let (steps, bytes) = (number(arguments, 0), number(arguments, 1));
        own.fail(own.step(steps, bytes))?;
        Ok(JValue::Undefined)
    })?;
    let own = account.clone();
    evaluator.register_fn(USE, move |arguments: &[JValue]| {
        let value = given(arguments, 0);
        own.fail(own.uses(&value, number(arguments, 1)))?;
        Ok(again(value))
    })?;
    let own = account.clone();
    evaluator.register_fn(GIVE, move |arguments: &[JValue]| {
        let value = given(arguments, 0);
        own.fail(own.gives(&value, number(arguments, 1)))?;
        Ok(again(value))
    })?;
    let own = account.clone();
    evaluator.register_fn(COPY, move |arguments: &[JValue]| {
        let value = given(arguments, 0);
        own.fail(own.copies(&value))?;
        Ok(again(value))
    })?;
    let own = account.clone();
    evaluator.register_fn(ARGUMENT, move |arguments: &[JValue]| {
        let value = given(arguments, 0);
        own.fail(own.argument(&value, arguments))?;
        Ok(again(value))
    })?;
    let own = account.clone();
    evaluator.register_fn(END, move |arguments: &[JValue]| {
        let value = given(arguments, 0);
        let whole = value.as_f64().is_none_or(|number| number.abs() <= WHOLE);
        own.fail(if whole { Ok(()) } else { Err(Bound::Range) })?;
        Ok(again(value))
    })?;
    let own = account.clone();
    evaluator.register_fn(SELECT, move |arguments: &[JValue]| {
        let value = given(arguments, 0);
        own.fail(own.selects(&value))?;
        Ok(again(value))
    })?;
    let own = account.clone();
    evaluator.register_fn(TARGETS, move |arguments: &[JValue]| {
        let value = given(arguments, 0);
        own.fail(own.targets(&value, &given(arguments, 1)))?;
        Ok(again(value))
    })?;
    let own = account.clone();
    evaluator.register_fn(LOOK, move |arguments: &[JValue]| {
        let value = given(arguments, 0);
        own.fail(own.looks(&value, arguments.get(1..).unwrap_or_default()))?;
        Ok(again(value))
    })?;
    let own = account.clone();
    evaluator.register_fn(APPLIED, move |_: &[JValue]| {
        own.fail(Err(Bound::AppliedPattern))?;
        Ok(JValue::Undefined)
    })?;
    evaluator.register_fn(FUNCTION, move |arguments: &[JValue]| {
        let value = given(arguments, 0);
        Ok(if value.is_builtin() { given(arguments, 1) } else { value })
    })
}

fn given(arguments: &[JValue], index: usize) -> JValue {
    arguments.get(index).cloned().unwrap_or(JValue::Undefined)
}

/// A value that the library has taken out of its sequence, which it does once more to what a guard gives.
fn again(value: JValue) -> JValue {
    match value {
        JValue::Array(mut items) if items.sequence && items.len() < 2 => {
            items.sequence = false;
            JValue::Array(items)
        }
        other => other,
    }
}

pub(super) fn number(arguments: &[JValue], index: usize) -> u64 {
    arguments.get(index).and_then(JValue::as_i64).and_then(|number| u64::try_from(number).ok()).unwrap_or(0)
}

pub(super) fn wide(size: usize) -> u64 {
    u64::try_from(size).unwrap_or(u64::MAX)
}

/// What JSON comes to, for the cost of an expression over it.
pub(super) fn nodes(value: &Value) -> usize {
    with_stack(|| match value {
        Value::String(text) => 1 + text.len() / 64,
        Value::Array(items) => 1 + items.iter().map(nodes).sum::<usize>(),
        Value::Object(fields) => 1 + fields.iter().map(|(name, field)| name.len() / 64 + nodes(field)).sum::<usize>(),
        _ => 1,
    })
}
