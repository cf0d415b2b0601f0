//! What is said of patterns holds for events: random types, values of them and patterns over them, with [`super::naive`], which was
//! written from AWS's documentation by somebody who had not read ours, as the judge.
//!
//! `EVC_PATTERN_CASES` says how many patterns (10,000), `EVC_ORACLE_SEED` from where (printed).

use std::fmt::Write as _;
use std::io::Write as _;

use serde_json::Value as Json;

use super::{naive, shapes};
use crate::pattern::{Pattern, Verdict, can_match, matches, misses, narrowed, parse, to_json};
use crate::random::Random;
use crate::types::{Type, Types, describe, testing};

/// How many values of its type each pattern is tried on.
const EVENTS: usize = 5;

struct Case {
    ty: Type,
    pattern: Pattern,
    json: Json,
    events: Vec<Json>,
    /// Events that are of no type, on which the two evaluators agree all the same.
    strange: Vec<Json>,
}

#[test]
fn what_is_said_of_patterns_holds_for_events() {
    let number =
        |name: &str, default: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (cases, seed) = (number("EVC_PATTERN_CASES", 10_000), number("EVC_ORACLE_SEED", 2026));
    let mut stderr = std::io::stderr();
    let _ = writeln!(stderr, "{cases} patterns from seed {seed}");
    let mut random = Random::new(seed);
    let types = shapes::declared();
    let (mut made, mut accepted, mut verdicts, mut found) = (0, 0, [0_u64; 3], 0);
    let mut faults = String::new();
    while made < cases && found < 20 {
        made += 1;
        let Some(case) = case(&mut random, &types) else { continue };
        accepted += 1;
        let verdict = can_match(&case.pattern, &types, &case.ty);
        verdicts[match verdict {
            Verdict::Always => 0,
            Verdict::Sometimes => 1,
            Verdict::Never(..) => 2,
        }] += 1;
        if let Some(fault) = fault(&case, &verdict, &types) {
            found += 1;
            let _ = writeln!(faults, "{} on {}\n  {fault}\n", case.json, full(&case.ty));
        }
    }
    let [always, sometimes, never] = verdicts;
    let _ = writeln!(
        stderr,
        "{accepted} of {made} were accepted: {always} match always, {sometimes} sometimes, {never} never"
    );
    assert!(faults.is_empty(), "seed {seed}:\n{faults}");
    assert!(accepted * 3 > made, "{accepted} of {made} were accepted: too much is made that is refused");
    assert!(always * 100 > accepted && never * 100 > accepted, "too few are certain: {verdicts:?} of {accepted}");
}

/// A random pattern that is accepted, over a random type, with values.
fn case(random: &mut Random, types: &Types) -> Option<Case> {
    let ty = shapes::record(random, 2);
    let text = shapes::pattern(random, &ty, types, 3).to_string();
    let events = (0..EVENTS).map(|_| shapes::value(random, &ty, types, 3)).collect();
    let strange = (0..1).map(|_| shapes::event(random)).collect();
    let mut diagnostics = Vec::new();
    let pattern = parse(&testing::node(&text), &mut diagnostics)?.whole()?.clone();
    let json = to_json(&pattern);
    diagnostics.is_empty().then_some(Case { ty, pattern, json, events, strange })
}

/// What is wrong with what is said of a pattern, if anything is.
fn fault(case: &Case, verdict: &Verdict, types: &Types) -> Option<String> {
    let narrowed = narrowed(&case.pattern, &case.ty, types);
    for (at, event) in case.events.iter().chain(&case.strange).enumerate() {
        let expected = naive::matches(&case.json, event);
        if matches(&case.pattern, event) != expected {
            return Some(format!("should match: {expected}: {event}"));
        }
        if misses(&case.pattern, event).is_empty() != expected {
            return Some(format!("matches: {expected}, but misses {:?}: {event}", misses(&case.pattern, event)));
        }
        if at >= EVENTS {
            continue;
        }
        let problems = types.validate(&case.ty, event);
        assert!(problems.is_empty(), "{event} is no {}: {problems:?}", full(&case.ty));
        let wrong = match (expected, verdict, &narrowed) {
            (true, Verdict::Never(_, reason), _) => format!("never, {reason}; but matches"),
            (false, Verdict::Always, _) => "always; but does not match".to_owned(),
            (true, _, None) => "narrowed to nothing; but matches".to_owned(),
            (true, _, Some(narrowed)) => match types.validate(narrowed, event).first() {
                Some(problem) => format!("narrowed to {}: {problem:?}", full(narrowed)),
                None => continue,
            },
            (false, ..) => continue,
        };
        return Some(format!("{wrong} {event}"));
    }
    None
}

/// A type with all of its fields.
fn full(ty: &Type) -> String {
    match &ty.kind {
        crate::types::Kind::Record(record) => {
            let field = |(name, field): (&String, &crate::types::Field)| {
                format!("{name}{}: {}", if field.optional { "?" } else { "" }, full(&field.ty))
            };
            format!("{{ {} }}", record.fields.iter().map(field).collect::<Vec<_>>().join(", "))
        }
        crate::types::Kind::List(item, range) => format!("list({range:?}) of {}", full(item)),
        crate::types::Kind::Map(inner) => format!("map of {}", full(inner)),
        crate::types::Kind::Tagged(of) => of.members.iter().map(full).collect::<Vec<_>>().join(" or "),
        _ => describe(ty),
    }
}
