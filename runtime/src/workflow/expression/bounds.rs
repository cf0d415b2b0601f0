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
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::rc::Rc;

use jsonata_core::evaluator::{Evaluator, EvaluatorError};
use jsonata_core::functions::string::build_regex;
use jsonata_core::value::{JValue, with_stack};
use serde_json::Value;

/// How deep an evaluation may nest. The library moves to stacks on the heap, of about 3 KiB a level, so this bounds memory.
pub(super) const STACK_DEPTH: usize = 2_000;
/// How long a list an evaluation may make: what 256 KiB of numbers could hold.
pub(super) const SEQUENCE_LENGTH: usize = 131_072;
/// How long an evaluation may take, milliseconds. What the steps count takes less; without optimisation it takes ten times as long.
pub(super) const TIME_MS: u64 = if cfg!(debug_assertions) { 30_000 } else { 2_000 };
/// How many steps an evaluation may take: parts of it that are evaluated, and sixteenths of the values that they look at.
pub(super) const STEPS: u64 = 1_000_000;
/// How many steps the evaluations of one transition may take together, since it may enter many states.
pub(super) const TRANSITION_STEPS: u64 = 4 * STEPS;
/// How many bytes an evaluation may make, whether it keeps them or not.
pub(super) const BYTES: u64 = 64 << 20;
/// How many bytes a text may have: as all variables of an execution together.
pub(super) const TEXT: usize = 1 << 20;
/// How many bytes a value may stand for, with what occurs in it twice counted twice.
pub(super) const VALUE: usize = 4 << 20;
/// How deep a value may nest: as deep as JSON that `serde_json` reads.
pub(super) const DEPTH: usize = 128;
/// How often an index may occur in a predicate that selects by indexes.
const SAME_INDEX: usize = 8;
/// The greatest width in a picture of a time. The pictures of integers have no more digits than characters.
const WIDTH: u64 = 1_000;
/// The greatest number in Roman numerals: a thousand times M.
const ROMAN: f64 = 1_000_000.0;
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
    Bytes,
    Text,
    List,
    Value,
    Depth,
    Stack,
    Time,
    Width,
    Range,
    Index,
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Steps => write!(f, "it takes more than {STEPS} steps"),
            Self::TransitionSteps => {
                write!(f, "the expressions of this transition take more than {TRANSITION_STEPS} steps")
            }
            Self::Bytes => write!(f, "it makes more than {} MiB", BYTES >> 20),
            Self::Text => write!(f, "it makes a text of more than {} MiB", TEXT >> 20),
            Self::List => write!(f, "it makes a list of more than {SEQUENCE_LENGTH} items"),
            Self::Value => write!(f, "it makes a value of more than {} MiB", VALUE >> 20),
            Self::Depth => write!(f, "it makes a value that nests more than {DEPTH} deep"),
            Self::Stack => write!(f, "it nests more than {STACK_DEPTH} deep; does a function call itself for ever?"),
            Self::Time => write!(f, "it takes more than {} seconds", TIME_MS / 1_000),
            Self::Width => write!(f, "a picture is wider than {WIDTH}, or a Roman numeral above {ROMAN}"),
            Self::Range => write!(f, "a range ends beyond ±{WHOLE}"),
            Self::Index => write!(f, "it selects one item more than {SAME_INDEX} times"),
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
    /// The arguments so far of the calls under way whose cost depends on all of them.
    arguments: RefCell<Vec<JValue>>,
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

type Result<T, E = Bound> = std::result::Result<T, E>;

impl Account {
    pub(super) fn met(&self) -> Option<Bound> {
        self.met.get()
    }

    pub(super) fn steps(&self) -> u64 {
        self.steps.get()
    }

    fn charge(&self, steps: u64, bytes: u64) -> Result<()> {
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

    /// A value is used, and its immediate parts are copied `copies` times.
    fn uses(&self, value: &JValue, copies: u64) -> Result<Size> {
        let size = self.measure(value, 0)?;
        if size.total() > VALUE {
            return Err(Bound::Value);
        }
        let flat = match value {
            JValue::String(text) if text.len() > TEXT => return Err(Bound::Text),
            JValue::Array(items) if items.len() > SEQUENCE_LENGTH => return Err(Bound::List),
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
    fn measure(&self, value: &JValue, depth: usize) -> Result<Size> {
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
/// A function of the library as a value, or what else has its name; and the same with guards.
pub(super) const FUNCTION: &str = "evc function";

/// Makes the guards known to an evaluator. Their names have blanks, so that no expression can call them.
pub(super) fn register(evaluator: &mut Evaluator, account: &Rc<Account>) -> Result<(), EvaluatorError> {
    let own = account.clone();
    evaluator.register_fn(STEP, move |arguments: &[JValue]| {
        let (steps, bytes) = (number(arguments, 0), number(arguments, 1));
        own.fail(own.charge(steps, bytes))?;
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

fn number(arguments: &[JValue], index: usize) -> u64 {
    arguments.get(index).and_then(JValue::as_i64).and_then(|number| u64::try_from(number).ok()).unwrap_or(0)
}

fn wide(size: usize) -> u64 {
    u64::try_from(size).unwrap_or(u64::MAX)
}

impl Account {
    /// A predicate may give indexes: an item is selected as often as its index occurs, which nothing else bounds.
    fn selects(&self, value: &JValue) -> Result<()> {
        self.uses(value, 1)?;
        let JValue::Array(indexes) = value else { return Ok(()) };
        let mut seen: HashMap<u64, usize> = HashMap::new();
        for index in indexes.iter().filter_map(JValue::as_f64) {
            let times = seen.entry(index.floor().to_bits()).or_default();
            *times += 1;
            if *times > SAME_INDEX {
                return Err(Bound::Index);
            }
        }
        Ok(())
    }

    /// A transformation copies what it is applied to, and compares each part of it with each target.
    fn targets(&self, targets: &JValue, applied_to: &JValue) -> Result<()> {
        self.uses(targets, 1)?;
        let size = self.uses(applied_to, 1)?;
        let count = targets.as_array().map_or(1, Vec::len);
        let compared = wide(size.nodes).saturating_mul(wide(count)).saturating_mul(wide(size.depth + 1));
        self.charge(compared / 8, wide(size.nodes * FIELD + size.bytes))
    }

    /// Remembers an argument; with the last one of its call, looks at all of them.
    ///
    /// The parameters: the argument, the function, the argument's place, how many there are, the context, whether the call has too few
    /// arguments without it, and the pattern and the flags of a regular expression that is written in the call.
    fn argument(&self, value: &JValue, parameters: &[JValue]) -> Result<()> {
        self.uses(value, 1)?;
        self.arguments.borrow_mut().push(value.clone());
        let text = |index: usize| parameters.get(index).and_then(JValue::as_str);
        let (place, count) = (number(parameters, 2), number(parameters, 3));
        if place + 1 < count {
            return Ok(());
        }
        let mut arguments = {
            let mut all = self.arguments.borrow_mut();
            let begin = all.len().saturating_sub(usize::try_from(count).unwrap_or(0));
            all.split_off(begin)
        };
        let name = text(1).unwrap_or_default();
        // What is left out in front is the context.
        let of_number = matches!(name, "formatInteger" | "formatNumber" | "fromMillis");
        let of_text = matches!(name, "pad" | "replace" | "match" | "split" | "toMillis");
        let first = arguments.first();
        let absent = parameters.get(5).and_then(JValue::as_bool).unwrap_or(false)
            || of_number && first.and_then(JValue::as_f64).is_none()
            || of_text && first.and_then(JValue::as_str).is_none();
        let context = parameters.get(4).filter(|context| absent && !context.is_undefined());
        if let Some(context) = context {
            self.uses(context, 1)?;
            arguments.insert(0, context.clone());
        }
        let regex = text(6).map(|pattern| (pattern, text(7).unwrap_or_default()));
        if regex.is_some() {
            // It stands in the call, as the second argument.
            arguments.insert(arguments.len().min(1), JValue::Undefined);
        }
        self.call(name, &arguments, regex)
    }

    /// What a call makes, and how long it takes, beyond what is in proportion to its arguments.
    fn call(&self, name: &str, arguments: &[JValue], regex: Option<(&str, &str)>) -> Result<()> {
        let text = |index: usize| arguments.get(index).and_then(JValue::as_str).unwrap_or_default();
        let list = |index: usize| arguments.get(index).and_then(JValue::as_array);
        match name {
            "pad" => {
                let width = arguments.get(1).and_then(JValue::as_f64).unwrap_or(0.0).abs();
                #[expect(clippy::cast_precision_loss, reason = "1 MiB fits a double")]
                let most = TEXT as f64;
                if width > most { Err(Bound::Text) } else { self.makes(wide(TEXT).min(bytes_of(width) * 4), TEXT * 4) }
            }
            "join" => {
                let items = list(0).map_or(&[][..], Vec::as_slice);
                let parts: usize = items.iter().filter_map(JValue::as_str).map(str::len).sum();
                let separators = items.len().saturating_sub(1).saturating_mul(text(1).len());
                self.makes(2 * wide(parts.saturating_add(separators)), 2 * TEXT)
            }
            "replace" => self.replaces(text(0), arguments.get(1), text(2), regex),
            "match" => {
                // A matching function is charged by what it does.
                let Some((count, groups)) = occurrences(text(0), arguments.get(1), regex) else { return Ok(()) };
                self.charge(wide(text(0).len() / 16), wide(count.saturating_mul(6 * FIELD + groups * 3 * ITEM)))
            }
            "split" => {
                let separator = arguments.get(1).and_then(JValue::as_str);
                let count = match separator {
                    Some("") => text(0).chars().count(),
                    Some(separator) => text(0).matches(separator).count(),
                    None => occurrences(text(0), arguments.get(1), regex).map_or(0, |found| found.0),
                };
                self.charge(wide(text(0).len() / 16), wide(count.saturating_mul(3 * ITEM)))
            }
            "string" => {
                // Indented, each part has a line of its own.
                let value = arguments.first().unwrap_or(&JValue::Null);
                let size = self.measure(value, 0)?;
                let indented = arguments.get(1).and_then(JValue::as_bool) == Some(true);
                let line = if indented { 2 * size.depth + 4 } else { 0 };
                // A number has some twenty digits, and a text has escapes.
                self.makes(wide(2 * size.bytes + size.nodes * (line + 20)), 4 * VALUE)
            }
            "distinct" => {
                let count = wide(list(0).map_or(0, Vec::len));
                // Each item is compared with all that are different from those before it.
                self.charge(count.saturating_mul(count) / 64, 0)
            }
            "keys" => {
                let objects = list(0).map_or(&[][..], Vec::as_slice).iter().filter_map(JValue::as_object);
                let (mut all, mut different) = (0_u64, HashSet::new());
                for name in objects.flat_map(|object| object.keys()) {
                    all += 1;
                    different.insert(name.as_str());
                }
                self.charge(all.saturating_mul(wide(different.len())) / 64, 0)
            }
            "formatInteger" => {
                let number = arguments.first().and_then(JValue::as_f64).unwrap_or(0.0);
                let roman = text(1).starts_with(['i', 'I']);
                if roman && number.abs() > ROMAN {
                    Err(Bound::Width)
                } else {
                    self.makes(4 * wide(text(1).len()), VALUE)
                }
            }
            "fromMillis" | "toMillis" | "now" => {
                let wide = widths(text(1)).chain(widths(text(0))).any(|width| width > WIDTH);
                if wide { Err(Bound::Width) } else { Ok(()) }
            }
            _ => Ok(()),
        }
    }

    fn makes(&self, bytes: u64, most: usize) -> Result<()> {
        if bytes > wide(most) {
            return Err(Bound::Text);
        }
        self.charge(0, bytes)
    }

    fn replaces(
        &self,
        text: &str,
        pattern: Option<&JValue>,
        replacement: &str,
        regex: Option<(&str, &str)>,
    ) -> Result<()> {
        let count = match pattern.and_then(JValue::as_str) {
            Some("") => 0,
            Some(pattern) => text.matches(pattern).count(),
            None => occurrences(text, pattern, regex).map_or(0, |found| found.0),
        };
        // A `$1` stands for a part of a match, and the matches are parts of the text.
        let groups = replacement.matches('$').count();
        let most = count.saturating_mul(replacement.len()).saturating_add((groups + 1).saturating_mul(text.len()));
        self.makes(wide(most), 2 * TEXT)
    }
}

/// A width or a number of bytes that is not negative.
fn bytes_of(width: f64) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
    let bytes = width.ceil() as u64;
    bytes
}

/// How often a pattern occurs in a text, and how many groups it has.
fn occurrences(text: &str, pattern: Option<&JValue>, regex: Option<(&str, &str)>) -> Option<(usize, usize)> {
    let of_value = match pattern {
        Some(JValue::Regex { pattern, flags }) => Some((&**pattern, &**flags)),
        _ => None,
    };
    let (pattern, flags) = regex.or(of_value)?;
    // A pattern that is none is the library's to refuse.
    let regex = build_regex(pattern, flags).ok()?;
    Some((regex.find_iter(text).count(), regex.captures_len()))
}

/// The widths that the markers of a picture say: `[Y,4-8]`.
/// <https://www.w3.org/TR/xpath-functions-31/#rules-for-datetime-formatting>
fn widths(picture: &str) -> impl Iterator<Item = u64> + '_ {
    let markers = picture.split('[').skip(1).filter_map(|marker| marker.split(']').next());
    let after = markers.filter_map(|marker| marker.rsplit_once(',').map(|(_, width)| width));
    after.flat_map(|width| width.split('-')).filter_map(|width| {
        let digits = width.trim();
        (!digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit()))
            .then(|| digits.parse().unwrap_or(u64::MAX))
    })
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
