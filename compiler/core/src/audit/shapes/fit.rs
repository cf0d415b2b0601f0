//! Whether a value is like a shape: yes, no, or not known before it is deployed.

use super::path::Path;
use super::pattern::Patterns;
use super::problem::Problem;
use super::say::{describe, excluded, is_no_value, left_out, never, none_of, range, together, wrong_kind};
use super::{format, lists};
use crate::audit::template::{Call, Entry, Kind, Map, Node};
use crate::aws::{self, Bounds, Condition, Shape};
use crate::diagnostics::{Code, nearest};

/// How a value and a shape go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Fits,
    Fails,
    Unknown,
}

/// Collects what does not fit.
#[derive(Debug, Default)]
pub(super) struct Fit<'t> {
    pub(super) problems: Vec<Problem>,
    /// How many there are, while only their number is wanted.
    count: Option<usize>,
    /// Whether something is not known before it is deployed.
    unknown: bool,
    patterns: Patterns,
    template: std::marker::PhantomData<&'t ()>,
}

impl Fit<'_> {
    fn report(&mut self, problem: impl FnOnce() -> Problem) {
        match &mut self.count {
            Some(count) => *count += 1,
            None => self.problems.push(problem()),
        }
    }

    /// How a value and a shape go together, without a report.
    fn judge(&mut self, look: impl FnOnce(&mut Self)) -> (Verdict, usize) {
        let (count, unknown) = (self.count.replace(0), std::mem::replace(&mut self.unknown, false));
        look(self);
        let problems = std::mem::replace(&mut self.count, count).unwrap_or_default();
        let is_unknown = std::mem::replace(&mut self.unknown, unknown);
        let verdict = match (problems, is_unknown) {
            (0, false) => Verdict::Fits,
            (0, true) => Verdict::Unknown,
            _ => Verdict::Fails,
        };
        (verdict, problems)
    }

    /// Looks at a value.
    pub(super) fn node(&mut self, node: &Node<'_>, shape: Shape, path: &Path<'_>) {
        let path = &Path { place: node.place.unwrap_or(path.place), ..*path };
        if shape.never {
            return self.report(|| never(path));
        }
        match &node.kind {
            Kind::Error => self.unknown = true,
            Kind::Call(call) => self.call(call, shape, path),
            Kind::Map(map) => self.map(map, Some(node), shape, path),
            Kind::List(items) => {
                if self.kind(node, shape, path) {
                    self.list(items, shape, path);
                    self.more(node, shape, path);
                }
            }
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) => {
                if self.kind(node, shape, path) {
                    self.literal(node, shape, path);
                    self.more(node, shape, path);
                }
            }
        }
    }

    /// Looks at a map: a value, or the properties of a resource, which are no value.
    pub(super) fn map(&mut self, map: &Map<'_>, node: Option<&Node<'_>>, shape: Shape, path: &Path<'_>) {
        if let Some(node) = node
            && !self.kind(node, shape, path)
        {
            return;
        }
        self.properties(map, shape, path);
        match node {
            Some(node) => self.more(node, shape, path),
            // Alternatives look at a value.
            None if shape.more.is_some() => {
                let node = Node { kind: Kind::Map(map.clone()), place: None };
                self.more(&node, shape, path);
            }
            None => {}
        }
    }

    fn call(&mut self, call: &Call<'_>, shape: Shape, path: &Path<'_>) {
        let gives = match call {
            Call::If(_, yes, no) => {
                for branch in [yes, no].into_iter().filter(|branch| !is_no_value(branch)) {
                    self.node(branch, shape, path);
                }
                self.unknown = true;
                return;
            }
            Call::Join(..) | Call::Sub { .. } | Call::Base64(_) | Call::ToJsonString(_) => aws::Kind::String,
            Call::Split(..) | Call::Cidr(_) | Call::GetAZs(_) => aws::Kind::Array,
            _ => {
                self.unknown = true;
                return;
            }
        };
        let is_scalar = |kind: aws::Kind| !matches!(kind, aws::Kind::Object | aws::Kind::Array);
        let right = shape.kinds.is_any()
            || shape.kinds.iter().any(|kind| kind == gives || (gives == aws::Kind::String && is_scalar(kind)));
        if !right {
            self.report(|| wrong_kind(gives.describe(), shape, path));
        }
        self.unknown = true;
    }

    /// Whether a value is of a kind that is wanted. CloudFormation makes text of numbers and the reverse.
    fn kind(&mut self, node: &Node<'_>, shape: Shape, path: &Path<'_>) -> bool {
        if shape.kinds.is_any() || shape.kinds.iter().any(|kind| is_of(node, kind)) {
            return true;
        }
        self.report(|| {
            let found = node.as_literal().filter(|text| text.len() <= 60);
            wrong_kind(&found.map_or(node.describe().to_owned(), |text| format!("`{text}`")), shape, path)
        });
        false
    }

    fn properties(&mut self, map: &Map<'_>, shape: Shape, path: &Path<'_>) {
        let is_open = map.entries.iter().any(|entry| entry.key.text.starts_with("Fn::"));
        self.unknown |= is_open;
        for entry in map.entries.iter().filter(|entry| !entry.key.text.starts_with("Fn::")) {
            self.entry(entry, shape, path);
        }
        let has = |name: &str| map.entry(name).filter(|entry| !is_no_value(&entry.value));
        for found in shape.required.iter().filter_map(|name| left_out(has(name)?, path)) {
            self.report(|| found);
        }
        if is_open {
            return;
        }
        for name in shape.required.iter().filter(|name| has(name).is_none() && !is_misspelt(map, shape, name)) {
            self.report(|| {
                let message = format!("{} lacks `{name}`", path.subject());
                Problem::new(Code::EVC1018, path.place, message)
            });
        }
        for name in shape.required.iter().filter_map(|name| has(name)) {
            self.unknown |= matches!(name.value.as_call(), Some(Call::If(..)));
        }
        if let Some(bounds) = &shape.bounds {
            let count = map.entries.len();
            self.count(count, bounds.min_properties, bounds.max_properties, "entries", path);
        }
        if let Some(more) = &shape.more {
            let maybe = |entry: &&Entry<'_>| matches!(entry.value.as_call(), Some(Call::If(..)));
            if !more.exactly_one.is_empty() || !more.at_least_one.is_empty() {
                let names = if more.exactly_one.is_empty() { &more.at_least_one } else { &more.exactly_one };
                let there: Vec<&Entry<'_>> = names.iter().filter_map(|name| has(name)).collect();
                let many = !more.exactly_one.is_empty() && there.iter().filter(|entry| !maybe(entry)).count() > 1;
                if there.is_empty() {
                    self.report(|| none_of(names, path));
                } else if many {
                    self.report(|| together(&there[0].key, &there[1].key, path));
                }
                self.unknown |= there.iter().any(maybe);
            }
            for (name, others) in &more.excludes {
                let Some(entry) = has(name).filter(|entry| !maybe(entry)) else { continue };
                for other in others.iter().filter_map(|other| has(other)).filter(|other| !maybe(other)) {
                    // Each of the two may exclude the other: one report.
                    let mutual = more
                        .excludes
                        .iter()
                        .any(|(it, others)| *it == &*other.key.text && others.contains(name) && *it < *name);
                    if !mutual {
                        self.report(|| together(&entry.key, &other.key, path));
                    }
                }
            }
            for (name, others) in &more.requires {
                if has(name).is_none_or(|entry| maybe(&entry)) {
                    continue;
                }
                for other in others.iter().filter(|other| has(other).is_none()) {
                    self.report(|| {
                        let message = format!("{} has `{name}`, which wants `{other}` beside it", path.subject());
                        Problem::new(Code::EVC1019, path.place, message)
                    });
                }
            }
        }
    }

    fn entry(&mut self, entry: &Entry<'_>, shape: Shape, path: &Path<'_>) {
        let name = &*entry.key.text;
        let inner = path.at(name, entry.key.place);
        if is_no_value(&entry.value) {
            return;
        }
        if let Some(names) = shape.more.as_ref().and_then(|more| more.names) {
            let node = Node { kind: Kind::Text(name.into()), place: entry.key.place };
            self.node(&node, names, &inner);
        }
        if let Some((_, property)) = shape.properties.iter().find(|(known, _)| *known == name) {
            if property.never {
                return self.report(|| never(&inner));
            }
            return self.node(&entry.value, *property, &inner);
        }
        let by_pattern = shape
            .more
            .as_ref()
            .and_then(|more| more.pattern_properties.iter().find(|(pattern, _)| self.patterns.fits(pattern, name)));
        if let Some((_, property)) = by_pattern {
            return self.node(&entry.value, *property, &inner);
        }
        if let Some(additional) = shape.additional {
            return self.node(&entry.value, additional, &inner);
        }
        if shape.closed {
            self.report(|| {
                let outer = match path.shown() {
                    outer if outer.is_empty() => "{}".to_owned(),
                    outer => format!("`{outer}` of {{}}"),
                };
                let known: Vec<&'static str> = shape.properties.iter().map(|(known, _)| *known).collect();
                let problem = Problem::new(Code::EVC1016, inner.place, format!("{outer} has no property `{name}`"));
                problem.names(name, known, entry.key.place.is_some())
            });
        }
    }

    fn list(&mut self, items: &[Node<'_>], shape: Shape, path: &Path<'_>) {
        let is_certain = !items.iter().any(|item| item.as_call().is_some());
        if let Some(bounds) = shape.bounds.as_ref().filter(|_| is_certain) {
            self.count(items.len(), bounds.min_items, bounds.max_items, "items", path);
        }
        if let Some(inner) = shape.items {
            for item in items.iter().filter(|item| !is_no_value(item)) {
                self.node(item, inner, &path.at("", item.place));
            }
        }
        if let Some(more) = &shape.more {
            for (item, inner) in items.iter().zip(&more.first_items).filter(|_| is_certain) {
                // What is wrong with any item has been told.
                let own = shape.items.map_or(0, |all| self.judge(|fit| fit.node(item, all, path)).1);
                if own == 0 {
                    self.node(item, *inner, &path.at("", item.place));
                }
            }
            for found in lists::twice(items, more) {
                self.report(|| found.report(path));
            }
            if let Some(most) = more.most_unique.filter(|_| is_certain) {
                self.count(lists::different(items), None, Some(most), "different items", path);
            }
        }
    }

    /// Looks at tags, whose keys are unique everywhere.
    pub(super) fn tags(&mut self, tags: &Node<'_>, shape: Shape, path: &Path<'_>) {
        let requires_keys = shape.items.is_some_and(|item| item.required.contains(&"Key"));
        let items = tags.as_list().unwrap_or_default();
        for item in items.iter().filter(|item| item.as_map().is_some_and(|map| map.entry("Key").is_none())) {
            let misspelt = item.as_map().is_some_and(|map| map.entries.iter().any(|it| it.key.text != "Value"));
            if !misspelt && !requires_keys {
                self.report(|| {
                    let message = format!("a tag of {} lacks its `Key`", path.subject());
                    Problem::new(Code::EVC1018, item.place.unwrap_or(path.place), message)
                });
            }
        }
        for found in lists::twice_by(items, &["Key"]) {
            self.report(|| found.report(path));
        }
        let keys = items.iter().filter_map(|item| item.get("Key")).filter_map(|key| Some((key.as_text()?, key.place)));
        let names = tags.as_map().into_iter().flat_map(|map| &map.entries);
        let names = names.map(|entry| (&*entry.key.text, entry.key.place));
        let bounded = |item: Shape| item.property("Key").and_then(|key| key.bounds.as_ref()?.min_length).is_some();
        let is_bounded = shape.items.is_some_and(bounded);
        for (key, place) in keys.chain(names) {
            let what = match key {
                "" if !is_bounded => "a key without a character".to_owned(),
                key if key.starts_with("aws:") => format!("`{key}`; what begins with `aws:` is for AWS alone"),
                _ => continue,
            };
            let message = || format!("{} has {what}", path.subject());
            self.report(|| Problem::new(Code::EVC1021, place.unwrap_or(path.place), message()));
        }
    }

    fn literal(&mut self, node: &Node<'_>, shape: Shape, path: &Path<'_>) {
        let Some(text) = node.as_literal() else { return };
        // `{{resolve:...}}` is replaced when it is deployed.
        if text.contains("{{resolve:") {
            self.unknown = true;
            return;
        }
        if !shape.values.is_empty() && !is_among(text, node, shape) {
            return self.report(|| {
                let problem = Problem::new(
                    Code::EVC1020,
                    path.place,
                    format!("{} is `{text}`, which AWS does not know there", path.subject()),
                );
                problem.names(text, shape.values.clone(), false)
            });
        }
        if let Some(pattern) = shape.pattern
            && !self.patterns.fits(pattern, text)
        {
            return self.report(|| {
                Problem::new(
                    Code::EVC1021,
                    path.place,
                    format!("{} is `{text}`, which AWS does not take", path.subject()),
                )
                .help(format!("expected what matches `{pattern}`"))
            });
        }
        if let Some((pattern, what)) = shape.format.and_then(format::of)
            && !self.patterns.fits(pattern, text)
        {
            return self.report(|| {
                let message = format!("{} is `{text}`; expected {what}", path.subject());
                Problem::new(Code::EVC1021, path.place, message).help(format!("{what} matches `{pattern}`"))
            });
        }
        if let Some(bounds) = &shape.bounds {
            self.size(node, text, shape, bounds, path);
        }
        if let (Some(of), Some(number)) = (shape.more.as_ref().and_then(|more| more.multiple_of), node.as_number())
            && number % of != 0.0
        {
            self.report(|| {
                let message = format!("{} is {text}; expected a multiple of {of}", path.subject());
                Problem::new(Code::EVC1022, path.place, message)
            });
        }
    }

    fn size(&mut self, node: &Node<'_>, text: &str, shape: Shape, bounds: &Bounds, path: &Path<'_>) {
        let numeric = shape.kinds.is_any() || shape.kinds.has(aws::Kind::Integer) || shape.kinds.has(aws::Kind::Number);
        if let Some(number) = node.as_number().filter(|_| numeric) {
            let low = bounds.minimum.is_some_and(|least| number < least) || bounds.above.is_some_and(|it| number <= it);
            let high = bounds.maximum.is_some_and(|most| number > most) || bounds.below.is_some_and(|it| number >= it);
            if low || high {
                self.report(|| {
                    let message = format!("{} is {text}; expected {}", path.subject(), range(bounds));
                    Problem::new(Code::EVC1022, path.place, message)
                });
            }
        }
        if shape.kinds.has(aws::Kind::String) && !numeric {
            self.count(text.chars().count(), bounds.min_length, bounds.max_length, "characters", path);
        }
    }

    fn count(&mut self, count: usize, least: Option<u64>, most: Option<u64>, what: &str, path: &Path<'_>) {
        let count = count as u64;
        if least.is_some_and(|least| count < least) || most.is_some_and(|most| count > most) {
            self.report(|| {
                let expected = match (least, most) {
                    (Some(least), Some(most)) if least == most => format!("{most}"),
                    (Some(least), Some(most)) => format!("{least} to {most}"),
                    (Some(least), None) => format!("at least {least}"),
                    (None, Some(most)) => format!("at most {most}"),
                    (None, None) => String::new(),
                };
                let message = format!("{} has {count} {what}; expected {expected}", path.subject());
                Problem::new(Code::EVC1022, path.place, message)
            });
        }
    }

    /// Alternatives and conditions.
    fn more(&mut self, node: &Node<'_>, shape: Shape, path: &Path<'_>) {
        let Some(more) = &shape.more else { return };
        for other in &more.all_of {
            self.node(node, *other, path);
        }
        for (alternatives, exactly_one) in [(&more.any_of, false), (&more.one_of, true)] {
            if !alternatives.is_empty() {
                self.alternatives(node, alternatives, exactly_one, path);
            }
        }
        if let Some(not) = more.not {
            match self.judge(|fit| fit.node(node, not, path)).0 {
                Verdict::Fits => self.report(|| excluded(node, not, path)),
                Verdict::Unknown => self.unknown = true,
                Verdict::Fails => {}
            }
        }
        if let Some(condition) = &more.condition {
            self.condition(node, condition, path);
        }
    }

    fn condition(&mut self, node: &Node<'_>, condition: &Condition, path: &Path<'_>) {
        let (then, holds) = match self.judge(|fit| fit.node(node, condition.if_, path)).0 {
            Verdict::Unknown => {
                self.unknown = true;
                return;
            }
            Verdict::Fits => (condition.then, true),
            Verdict::Fails => (condition.else_, false),
        };
        let before = self.problems.len();
        self.node(node, then, path);
        if let Some(said) = describe(condition.if_).filter(|_| holds) {
            let found = self.problems.split_off(before);
            self.problems.extend(found.into_iter().map(|problem| problem.note(format!("that is so where {said}"))));
        }
    }

    fn alternatives(&mut self, node: &Node<'_>, shapes: &[Shape], exactly_one: bool, path: &Path<'_>) {
        let verdicts: Vec<(Verdict, usize)> =
            shapes.iter().map(|shape| self.judge(|fit| fit.node(node, *shape, path))).collect();
        let fitting = verdicts.iter().filter(|(verdict, _)| *verdict == Verdict::Fits).count();
        if fitting == 0 && verdicts.iter().any(|(verdict, _)| *verdict == Verdict::Unknown) {
            self.unknown = true;
            return;
        }
        // Each that says which properties are there and nothing else.
        let by_names = shapes.iter().all(|shape| {
            !shape.required.is_empty() && shape.properties.is_empty() && shape.more.is_none() && !shape.closed
        });
        if fitting > 1 && exactly_one && by_names {
            let fits = verdicts.iter().zip(shapes).filter(|((verdict, _), _)| *verdict == Verdict::Fits);
            let names: Vec<&str> = fits.filter_map(|(_, shape)| shape.required.first().copied()).collect();
            let entry = |name: &str| node.as_map().and_then(|map| map.entry(name));
            if let [one, other, ..] = names.as_slice()
                && let (Some(one), Some(other)) = (entry(one), entry(other))
            {
                self.report(|| together(&one.key, &other.key, path));
            }
        }
        if fitting > 0 {
            return;
        }
        if by_names {
            let names: Vec<&'static str> = shapes.iter().filter_map(|shape| shape.required.first().copied()).collect();
            return self.report(|| none_of(&names, path));
        }
        // What is nearest to right says best what is wrong; an alternative of another kind is far.
        let kinds = |shape: &Shape| shape.kinds.is_any() || shape.kinds.iter().any(|kind| is_of(node, kind));
        let nearest = verdicts.iter().zip(shapes).min_by_key(|((_, problems), shape)| (!kinds(shape), *problems));
        if let Some((_, nearest)) = nearest {
            self.node(node, *nearest, path);
        }
    }
}

/// Whether something in a map that is not known there is likely to be meant for this name, which is told.
fn is_misspelt(map: &Map<'_>, shape: Shape, name: &str) -> bool {
    if !shape.closed {
        return false;
    }
    let known: Vec<&str> = shape.properties.iter().map(|(known, _)| *known).collect();
    let mut unknown = map.entries.iter().filter(|entry| !known.contains(&&*entry.key.text));
    unknown.any(|entry| nearest(&entry.key.text, &known) == Some(name))
}

/// Whether a value is of a kind, after CloudFormation has made of it what is wanted.
fn is_of(node: &Node<'_>, kind: aws::Kind) -> bool {
    match kind {
        aws::Kind::String => node.as_literal().is_some(),
        aws::Kind::Integer => node.as_number().is_some_and(|number| number.fract() == 0.0),
        aws::Kind::Number => node.as_number().is_some(),
        aws::Kind::Boolean => node
            .as_literal()
            .is_some_and(|text| text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false")),
        aws::Kind::Object => matches!(node.kind, Kind::Map(_)),
        aws::Kind::Array => matches!(node.kind, Kind::List(_)),
    }
}

fn is_among(text: &str, node: &Node<'_>, shape: Shape) -> bool {
    shape.values.iter().any(|known| {
        *known == text
            || (shape.any_case && known.eq_ignore_ascii_case(text))
            || (shape.kinds.has(aws::Kind::Boolean) && known.eq_ignore_ascii_case(text))
            || node.as_number().is_some_and(|number| known.parse() == Ok(number))
    })
}
