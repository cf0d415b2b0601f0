//! Faults by chance: what AWS may do to a system and seldom does, often enough to be seen. A seed repeats them.
//!
//! | fault | where | because |
//! | --- | --- | --- |
//! | duplicate | targets of rules, of pipes and of schedules, asynchronous invocations, batches of streams, messages of standard queues and topics | they are delivered at least once |
//! | reorder | targets of rules, asynchronous invocations, messages of standard queues and topics | nobody orders them |
//! | delay | the same, messages of FIFO queues, batches of streams | nothing says how long it takes |
//! | throttle | calls of services by functions, functions that workflows call | every service has a limit, and SDKs try again |
//! | kill | handlers: before they begin, in the midst of it, or when they are done and nobody has been told | a machine fails |
//!
//! What AWS excludes does not happen: a FIFO queue keeps the order of a group and takes a message once, a stream keeps the order of its
//! records (a batch comes again as a whole, before the next), and a step of a Standard workflow is not done twice unless it failed.
//!
//! Whether a fault happens follows from the seed, the kind of fault, the thing that it would happen to, and how often that was asked
//! before: not from what happens elsewhere meanwhile. So it repeats also where handlers take their own time.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use evc_values::hash;
use serde_json::{Value, json};

use crate::system::System;
use crate::trace::{HopId, Kind, New};

/// A million: odds are counted in millionths.
const CERTAIN: u32 = 1_000_000;

/// How much later something comes that is overtaken, at most, milliseconds.
const REORDER_MS: u64 = 2_000;

/// How much later something comes that is delayed, at most, milliseconds.
const DELAY_MS: u64 = 10_000;

/// How much later something comes again, at most, milliseconds: well within the five minutes for which FIFO queues know what they took.
const AGAIN_MS: u64 = 2_000;

/// How far a handler gets that is killed in the midst of its work, at most, milliseconds.
const MIDST_MS: u64 = 50;

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// Something is delivered twice.
    Duplicate,
    /// Something is overtaken by what comes after it.
    Reorder,
    /// Something is late.
    Delay,
    /// A call is refused since there were too many.
    Throttle,
    /// A handler dies.
    Kill,
}

impl What {
    /// All kinds, with their names and how likely they are unless it is said, in millionths.
    pub const ALL: [(Self, &'static str, u32); 5] = [
        (Self::Duplicate, "duplicate", 50_000),
        (Self::Reorder, "reorder", 50_000),
        (Self::Delay, "delay", 50_000),
        (Self::Throttle, "throttle", 20_000),
        (Self::Kill, "kill", 20_000),
    ];

    fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(what, ..)| *what == self).map_or("", |(_, name, _)| name)
    }
}

/// Which faults happen how often: `seed=42,duplicate=5%,kill=0.5%`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chaos {
    /// What all chance follows from; none: whoever switches it on draws one.
    pub seed: Option<u64>,
    /// How likely each kind is, in millionths; those that are not here do not happen.
    odds: BTreeMap<What, u32>,
}

impl Chaos {
    /// With a seed: its own, or one that follows from this number and is short enough to be said again.
    #[must_use]
    pub fn seeded(self, random: u64) -> Self {
        Self { seed: Some(self.seed.unwrap_or(random % 1_000_000)), ..self }
    }
}

impl Default for Chaos {
    /// Each kind, by its own odds.
    fn default() -> Self {
        Self { seed: None, odds: What::ALL.into_iter().map(|(what, _, odds)| (what, odds)).collect() }
    }
}

impl FromStr for Chaos {
    type Err = String;

    /// Reads a seed alone, or `NAME=VALUE` with commas between them: `seed`, and kinds of faults with how likely they are. Where a kind is
    /// named, those that are not named do not happen.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut chaos = Self { seed: None, odds: BTreeMap::new() };
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or(("seed", part));
            if name == "seed" {
                let seed = value.parse().map_err(|_| format!("`{value}` is no seed: a seed is a whole number"))?;
                chaos.seed = Some(seed);
                continue;
            }
            let Some((what, ..)) = What::ALL.into_iter().find(|(_, own, _)| *own == name) else {
                let known: Vec<&str> = What::ALL.into_iter().map(|(_, name, _)| name).collect();
                return Err(format!("there is no fault `{name}`: there are {}", known.join(", ")));
            };
            chaos.odds.insert(what, odds(value)?);
        }
        if chaos.odds.is_empty() {
            chaos.odds = Self::default().odds;
        }
        Ok(chaos)
    }
}

/// `5%` or `0.05` in millionths.
fn odds(text: &str) -> Result<u32, String> {
    let wrong = || format!("`{text}` is not how likely something is: write `5%` or `0.05`");
    let (number, unit) = text.strip_suffix('%').map_or((text, 1.0), |number| (number, 100.0));
    let share = number.trim().parse::<f64>().map_err(|_| wrong())? / unit;
    if !(0.0..=1.0).contains(&share) {
        return Err(wrong());
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to a million")]
    let millionths = (share * f64::from(CERTAIN)).round() as u32;
    Ok(millionths)
}

impl fmt::Display for Chaos {
    /// As it is read.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seed = self.seed.map(|seed| format!("seed={seed}"));
        let odds = self.odds.iter().map(|(what, odds)| {
            let (whole, rest) = (odds / 10_000, odds % 10_000);
            let share = if rest == 0 { whole.to_string() } else { format!("{whole}.{rest:04}") };
            let share = if rest == 0 { share.as_str() } else { share.trim_end_matches('0') };
            format!("{}={share}%", what.name())
        });
        f.write_str(&seed.into_iter().chain(odds).collect::<Vec<_>>().join(","))
    }
}

/// The faults of a system.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    chaos: Option<Chaos>,
    /// How often it was asked whether a fault happens to a thing.
    asked: BTreeMap<(What, String), u64>,
}

impl Faults {
    /// A number to decide by, if this fault happens to this thing now.
    fn strikes(&mut self, what: What, thing: &str) -> Option<u64> {
        let chaos = self.chaos.as_ref()?;
        let odds = *chaos.odds.get(&what)?;
        let count = self.asked.entry((what, thing.to_owned())).or_default();
        *count += 1;
        let words = [what.name(), thing, &count.to_string(), &chaos.seed.unwrap_or_default().to_string()];
        let drawn = hash::fnv128(&words);
        #[expect(clippy::cast_possible_truncation, reason = "the lower half")]
        let (low, high) = (hash::mix(drawn as u64), hash::mix((drawn >> 64) as u64));
        (low % u64::from(CERTAIN) < u64::from(odds)).then_some(high)
    }
}

/// How a handler dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Death {
    /// Before it begins.
    Before,
    /// After so many milliseconds.
    Midst(u64),
    /// When it is done, before it has told anybody.
    After,
}

impl System {
    /// Lets faults happen from here on, as these odds say, or none. Counting begins anew: the same seed gives the same again.
    pub fn set_chaos(&mut self, chaos: Option<Chaos>) {
        self.faults = Faults { chaos, asked: BTreeMap::new() };
    }

    /// Which faults happen, if any do.
    pub fn chaos(&self) -> Option<&Chaos> {
        self.faults.chaos.as_ref()
    }

    /// Which faults happen, for people and tools.
    pub(crate) fn faults_told(&self) -> Value {
        let crashing: Vec<&str> = self.functions.crashing().collect();
        json!({ "chaos": self.chaos().map(Chaos::to_string), "crash": crashing })
    }

    /// Notes a fault that happens to a thing.
    fn note_fault(&mut self, what: What, thing: &str, cause: Option<HopId>, text: &str) {
        let text = format!("{}: {text}", what.name());
        self.note(New::done(cause, Kind::Fault, thing, text, Value::Null));
    }

    /// How much later something is delivered than at once, milliseconds. `ordered`: it may be late, and nothing may overtake it.
    pub(crate) fn lateness(&mut self, thing: &str, cause: Option<HopId>, ordered: bool) -> u64 {
        if let Some(drawn) = self.faults.strikes(What::Delay, thing) {
            let ms = 1 + drawn % DELAY_MS;
            self.note_fault(What::Delay, thing, cause, &format!("comes {ms} ms later"));
            return ms;
        }
        let drawn = if ordered { None } else { self.faults.strikes(What::Reorder, thing) };
        let Some(drawn) = drawn else { return 0 };
        let ms = 1 + drawn % REORDER_MS;
        self.note_fault(What::Reorder, thing, cause, &format!("others may overtake it for {ms} ms"));
        ms
    }

    /// After how many milliseconds something is delivered a second time, if it is.
    pub(crate) fn again(&mut self, thing: &str, cause: Option<HopId>) -> Option<u64> {
        let ms = self.faults.strikes(What::Duplicate, thing)? % AGAIN_MS;
        self.note_fault(What::Duplicate, thing, cause, "comes twice");
        Some(ms)
    }

    /// Whether a call is throttled: `what` is called, for people.
    pub(crate) fn throttled(&mut self, thing: &str, cause: Option<HopId>, what: &str) -> bool {
        let strikes = self.faults.strikes(What::Throttle, thing).is_some();
        if strikes {
            self.note_fault(What::Throttle, thing, cause, &format!("{what} is called too often"));
        }
        strikes
    }

    /// How the handler of an invocation dies, if it does.
    pub(crate) fn death(&mut self, thing: &str, cause: HopId) -> Option<Death> {
        let drawn = self.faults.strikes(What::Kill, thing)?;
        let (death, text) = match drawn % 3 {
            0 => (Death::Before, "dies before it begins".to_owned()),
            1 => {
                let ms = 1 + (drawn / 3) % MIDST_MS;
                (Death::Midst(ms), format!("dies after {ms} ms, unless it is done by then"))
            }
            _ => (Death::After, "dies when it is done, and nobody is told".to_owned()),
        };
        self.note_fault(What::Kill, thing, Some(cause), &text);
        Some(death)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for (text, written) in [
            ("42", "seed=42,duplicate=5%,reorder=5%,delay=5%,throttle=2%,kill=2%"),
            ("", "duplicate=5%,reorder=5%,delay=5%,throttle=2%,kill=2%"),
            ("seed=7, kill=0.5%,duplicate=0.25", "seed=7,duplicate=25%,kill=0.5%"),
            ("delay=100%", "delay=100%"),
        ] {
            let chaos: Chaos = text.parse().unwrap();
            assert_eq!(chaos.to_string(), written);
            assert_eq!(chaos.to_string().parse::<Chaos>().unwrap(), chaos);
        }
        for wrong in ["seed=x", "x", "explode=5%", "kill=200%", "kill=-1%", "kill=NaN", "kill="] {
            assert!(wrong.parse::<Chaos>().is_err(), "{wrong}");
        }
    }

    /// What happens to a thing does not depend on what is asked about others meanwhile.
    #[test]
    fn a_seed_repeats_what_happens_to_a_thing() {
        let struck = |others: bool| {
            let mut faults = Faults { chaos: Some("seed=3,kill=10%".parse().unwrap()), asked: BTreeMap::new() };
            let of_one = |_| {
                if others {
                    faults.strikes(What::Kill, "functions.b");
                }
                faults.strikes(What::Kill, "functions.a")
            };
            (0..1_000).map(of_one).collect::<Vec<_>>()
        };
        let all = struck(false);
        assert_eq!(all, struck(true));
        let count = all.into_iter().flatten().count();
        assert!((60..140).contains(&count), "{count} of 1,000 at 10%");
    }
}
