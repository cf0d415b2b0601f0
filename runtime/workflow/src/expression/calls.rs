//! What calls cost whose results are not in proportion to each of their arguments.

use std::collections::{HashMap, HashSet};

use jsonata_core::functions::string::build_regex;
use jsonata_core::value::JValue;

use super::bounds::{Account, Bound, COMPARED, FIELD, ITEM, Result, SAME_INDEX, VALUE, number, wide};
use super::pictures;
use evc_interface::expression::TEXT_BYTES;
use evc_interface::pattern;

impl Account {
    /// A predicate may give indexes: an item is selected as often as its index occurs, which nothing else bounds.
    pub(super) fn selects(&self, value: &JValue) -> Result<()> {
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

    /// What is on the way to a field is looked at: a list has it in each of its items, and those may have lists in turn.
    pub(super) fn looks(&self, value: &JValue, fields: &[JValue]) -> Result<()> {
        let mut at = value.clone();
        for (index, field) in fields.iter().enumerate() {
            match &at {
                JValue::Array(items) => {
                    let is_last = index + 1 == fields.len();
                    let nodes = if is_last { items.len() } else { self.measure(&at, 0)?.nodes };
                    return self.charge(wide(nodes / 16), 0);
                }
                JValue::Object(object) => match field.as_str().and_then(|name| object.get(name)) {
                    Some(inner) => {
                        let inner = inner.clone();
                        at = inner;
                    }
                    None => return Ok(()),
                },
                _ => return Ok(()),
            }
        }
        Ok(())
    }

    /// A transformation copies what it is applied to, and compares each part of it with each target.
    pub(super) fn targets(&self, targets: &JValue, applied_to: &JValue) -> Result<()> {
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
    pub(super) fn argument(&self, value: &JValue, parameters: &[JValue]) -> Result<()> {
        let text = |index: usize| parameters.get(index).and_then(JValue::as_str);
        // It only looks.
        self.uses(value, u64::from(text(1) != Some("contains")))?;
        self.arguments.borrow_mut().push(value.clone());
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
        let of_text = matches!(name, "contains" | "pad" | "replace" | "match" | "split" | "toMillis" | "parseInteger");
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
                let most = TEXT_BYTES as f64;
                if width > most {
                    Err(Bound::Text)
                } else {
                    self.makes(wide(TEXT_BYTES).min(bytes_of(width) * 4), TEXT_BYTES * 4)
                }
            }
            "join" => {
                let items = list(0).map_or(&[][..], Vec::as_slice);
                let parts: usize = items.iter().filter_map(JValue::as_str).map(str::len).sum();
                let separators = items.len().saturating_sub(1).saturating_mul(text(1).len());
                self.makes(2 * wide(parts.saturating_add(separators)), 2 * TEXT_BYTES)
            }
            "replace" => self.replaces(arguments, regex),
            // It is searched once, where the others are searched here as well.
            "contains" | "applied" => match pattern_of(arguments.get(1), regex) {
                Some((pattern, _)) => self.searches(text(0), pattern, 1),
                None => Ok(()),
            },
            "match" => {
                // A matching function is charged by what it does.
                let found = self.occurrences(text(0), arguments.get(1), regex, limit(arguments, 2))?;
                let Some((count, groups)) = found else { return Ok(()) };
                self.charge(wide(text(0).len() / 16), wide(count.saturating_mul(6 * FIELD + groups * 3 * ITEM)))
            }
            "split" => {
                let separator = arguments.get(1).and_then(JValue::as_str);
                let count = match separator {
                    Some("") => text(0).chars().count(),
                    Some(separator) => text(0).matches(separator).count(),
                    // The library looks at its limit when all is done.
                    None => self.occurrences(text(0), arguments.get(1), regex, usize::MAX)?.map_or(0, |found| found.0),
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
                let size = self.measure(arguments.first().unwrap_or(&JValue::Null), 0)?;
                let count = wide(list(0).map_or(0, Vec::len));
                // Each item, with all its parts, is compared with all that are different from those before it.
                self.charge(count.saturating_mul(wide(size.nodes + size.bytes / 1024)) / 64, 0)
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
            _ if pictures::takes(name) => pictures::check(name, arguments),
            _ => Ok(()),
        }
    }

    fn makes(&self, bytes: u64, most: usize) -> Result<()> {
        if bytes > wide(most) {
            return Err(Bound::Text);
        }
        self.charge(0, bytes)
    }

    fn replaces(&self, arguments: &[JValue], regex: Option<(&str, &str)>) -> Result<()> {
        let [text, replacement] = [0, 2].map(|index| arguments.get(index).and_then(JValue::as_str).unwrap_or_default());
        let (pattern, limit) = (arguments.get(1), limit(arguments, 3));
        let count = match pattern.and_then(JValue::as_str) {
            Some("") => 0,
            Some(pattern) => text.matches(pattern).take(limit).count(),
            None => self.occurrences(text, pattern, regex, limit)?.map_or(0, |found| found.0),
        };
        // A `$1` stands for a part of a match, and the matches are parts of the text.
        let groups = replacement.matches('$').count();
        let most = count.saturating_mul(replacement.len()).saturating_add((groups + 1).saturating_mul(text.len()));
        self.makes(wide(most), 2 * TEXT_BYTES)
    }

    /// A pattern is made and searched for in a text, so many times. Nothing interrupts a search.
    fn searches(&self, text: &str, pattern: &str, times: u64) -> Result<()> {
        let size = pattern::size(pattern);
        if size.parts > pattern::PARTS {
            return Err(Bound::Pattern);
        }
        let compared = size.parts.saturating_mul(wide(text.len())) / COMPARED;
        self.charge(times.saturating_mul(size.made_of.saturating_add(compared)), 0)
    }

    /// How often a pattern occurs in a text, up to a limit, and how many groups it has.
    ///
    /// What all searches together look at is not known: `/a.*z|a/` goes to the end of the text for each `a`. So only the clock ends them.
    fn occurrences(
        &self,
        text: &str,
        pattern: Option<&JValue>,
        regex: Option<(&str, &str)>,
        limit: usize,
    ) -> Result<Option<(usize, usize)>> {
        let Some((pattern, flags)) = pattern_of(pattern, regex) else { return Ok(None) };
        // Once here, once by the library.
        self.searches(text, pattern, 2)?;
        // A pattern that is none is the library's to refuse.
        let Ok(regex) = build_regex(pattern, flags) else { return Ok(None) };
        let mut count = 0;
        for _ in regex.find_iter(text).take(limit) {
            count += 1;
            if self.late() {
                return Err(Bound::Time);
            }
        }
        Ok(Some((count, regex.captures_len())))
    }
}

/// The pattern and the flags of a regular expression: of one that is written in the call, or of an argument.
fn pattern_of<'a>(argument: Option<&'a JValue>, regex: Option<(&'a str, &'a str)>) -> Option<(&'a str, &'a str)> {
    regex.or(match argument {
        Some(JValue::Regex { pattern, flags }) => Some((&**pattern, &**flags)),
        _ => None,
    })
}

/// How many matches a call asks for.
fn limit(arguments: &[JValue], index: usize) -> usize {
    let limit = arguments.get(index).and_then(JValue::as_f64).map(|limit| bytes_of(limit.max(0.0)));
    limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX)
}

/// A width or a number of bytes that is not negative.
fn bytes_of(width: f64) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
    let bytes = width.ceil() as u64;
    bytes
}
