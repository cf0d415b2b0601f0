//! `evc match`: which rules match an event, what their targets get, and why the others do not match.

use std::fmt::Write as _;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::Exit;
use super::console::{self, Format};
use super::world::Disk;
use evc_compiler::delivery::{Delivery, Outcome, Received, bus_named, deliver, events};
use evc_compiler::diagnostics::nearest;
use evc_compiler::model::{Bus, Destination, Id, Model, Rule, Thing};
use evc_compiler::pattern::{Miss, Saw};
use evc_compiler::session::{Analysis, analyze};
use evc_compiler::source::{MAX_SOURCE_BYTES, SourceMap, Span, World as _};

/// Say which rules match an event, what each target gets, and of the others which condition failed
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The event is a JSON file: as EventBridge delivers it, or as it is put (`Source`, `DetailType`, `Detail`), or a list of such; \
        `-` reads it from standard input. `id`, `time`, `account` and `region` are made up where they are not there.\n\n\
        Exit codes: 0 if a rule matches each event, 1 if none does or the spec has errors.\n\n\
        Examples:\n  evc match specs/orders.yaml order-created.json\n  \
        evc match specs/orders.yaml order-created.json --rule start-fulfilment\n  \
        echo '{\"source\":\"order.service\",\"detail-type\":\"Order Created\",\"detail\":{}}' \\\n    \
        | evc match specs/orders.yaml - --json"
)]
pub(super) struct Arguments {
    /// The spec that has the rules.
    #[arg(value_name = "SPEC")]
    spec: PathBuf,
    /// The event, or several: a JSON file.
    #[arg(value_name = "EVENT")]
    event: PathBuf,
    /// Look at this rule alone.
    #[arg(long, value_name = "RULE")]
    rule: Option<String>,
    /// The bus that the event is put on. Without it: those that the spec's events with its source and detail-type travel on, or all.
    #[arg(long, value_name = "BUS")]
    bus: Option<String>,
    /// Write a JSON object for each event.
    #[arg(long)]
    json: bool,
}

/// Reads the spec and the event, and tells.
pub(super) fn run(arguments: &Arguments) -> Exit {
    let analysis = match analyze(&Disk, &arguments.spec) {
        Ok(analysis) => analysis,
        Err(error) => {
            console::fail(&format!("cannot read `{}`: {error}", arguments.spec.display()));
            return Exit::Io;
        }
    };
    if analysis.has_errors() {
        console::report(&[analysis], Format::Human);
        return Exit::Diagnostics;
    }
    let Analysis { model: Some(model), sources, .. } = &analysis else { return Exit::Diagnostics };
    let bytes = match read(&arguments.event) {
        Ok(bytes) => bytes,
        Err(error) => {
            console::fail(&format!("cannot read `{}`: {error}", arguments.event.display()));
            return Exit::Io;
        }
    };
    // Some editors put a mark before the first character.
    let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&bytes);
    let json = serde_json::from_slice(text).map_err(|error| format!("it is not JSON: {error}"));
    let events = match json.and_then(events) {
        Ok(events) => events,
        Err(why) => {
            console::fail(&format!("`{}` is no event: {why}", arguments.event.display()));
            return Exit::Usage;
        }
    };
    let asked = match asked(model, arguments) {
        Ok(asked) => asked,
        Err(why) => {
            console::fail(&why);
            return Exit::Usage;
        }
    };
    let mut every = !events.is_empty();
    for put in events {
        let named = put.bus.as_deref().filter(|_| asked.bus.is_none());
        let bus = asked.bus.or_else(|| bus_named(model, named?));
        if let (Some(name), None) = (named, bus) {
            console::fail(&format!(
                "the event is put on bus `{name}`, which is none of the spec; say which with `--bus`"
            ));
            return Exit::Usage;
        }
        let mut delivery = deliver(model, put.event, bus);
        delivery.rules.retain(|(id, _)| asked.rule.is_none_or(|rule| rule == *id));
        let told = Told { model, sources, delivery: &delivery };
        every &= told.matching() > 0;
        console::print(&if arguments.json { format!("{}\n", told.json()) } else { told.text() });
    }
    if every { Exit::Clean } else { Exit::Diagnostics }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    if path.as_os_str() != "-" {
        return Disk.read(path);
    }
    let mut bytes = Vec::new();
    io::stdin().lock().take(MAX_SOURCE_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What the command line narrows the question to.
struct Asked {
    rule: Option<Id<Rule>>,
    bus: Option<Id<Bus>>,
}

fn asked(model: &Model, arguments: &Arguments) -> Result<Asked, String> {
    let rules = model.rules.iter().map(|(id, rule)| (id, rule.head.name.as_str()));
    let buses = model.buses.iter().map(|(id, bus)| (id, bus.head.name.as_str()));
    Ok(Asked {
        rule: named("rule", arguments.rule.as_deref(), rules)?,
        bus: named("bus", arguments.bus.as_deref(), buses)?,
    })
}

/// The thing of this name, if one is asked for.
fn named<'m, I>(
    what: &str,
    name: Option<&str>,
    known: impl Iterator<Item = (I, &'m str)>,
) -> Result<Option<I>, String> {
    let Some(name) = name else { return Ok(None) };
    let (ids, names): (Vec<I>, Vec<&str>) = known.unzip();
    if let Some(found) = ids.into_iter().zip(&names).find(|(_, known)| **known == name) {
        return Ok(Some(found.0));
    }
    let meant = nearest(name, &names).map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"));
    Err(format!("there is no {what} `{name}`{meant}"))
}

/// What is told of one event.
struct Told<'a> {
    model: &'a Model,
    sources: &'a SourceMap,
    delivery: &'a Delivery,
}

/// Green, red, dim, and back. Taken out where colours are not wanted.
const MATCH: &str = "\u{1b}[32m✓\u{1b}[0m";
const MISS: &str = "\u{1b}[31m✗\u{1b}[0m";
const DIM: &str = "\u{1b}[2m";
const OFF: &str = "\u{1b}[0m";

/// The most characters of a value that are shown in one line.
const MAX_SHOWN: usize = 160;

impl Told<'_> {
    fn place(&self, span: Span) -> String {
        let at = self.sources.position(span);
        format!("{}:{}:{}", self.sources.file(span.file).path.display(), at.line, at.column)
    }

    fn text(&self) -> String {
        let Delivery { event, declared, nearest, rules } = self.delivery;
        let mut text = String::new();
        let field = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
        let _ = writeln!(text, "{} of {}", field("detail-type"), field("source"));
        for (id, problems) in declared {
            let of = &self.model.events[*id];
            let bus = &self.model.buses[of.bus].head.name;
            let _ = writeln!(
                text,
                "  is event `{}` on bus `{bus}`  {DIM}{}{OFF}",
                of.head.name,
                self.place(of.head.name_span)
            );
            for problem in problems {
                let at = problem.pointer.trim_start_matches('/').replace('/', ".");
                let at = if at.is_empty() { "detail".to_owned() } else { format!("detail.{at}") };
                let _ = writeln!(text, "  {MISS} {at}: {}", problem.reason);
            }
        }
        match nearest.map(|id| &self.model.events[id]) {
            Some(of) if of.source.value == field("source") && of.detail_type.value == field("detail-type") => {
                let bus = &self.model.buses[of.bus].head.name;
                let _ = writeln!(text, "  is no event of this bus; event `{}` travels on `{bus}`", of.head.name);
            }
            Some(of) => {
                let (name, of_type) = (&of.head.name, &of.detail_type.value);
                let meant = format!("did you mean `{name}`: {of_type} of {}?", of.source.value);
                let _ = writeln!(text, "  is no event of the spec; {meant}");
            }
            None if declared.is_empty() => text.push_str("  is no event of the spec\n"),
            None => {}
        }
        text.push('\n');
        for (id, outcome) in rules {
            let rule = &self.model.rules[*id];
            let (name, place) = (&rule.head.name, self.place(rule.head.name_span));
            match outcome {
                Outcome::Matches { off_in, .. } if self.is_off(off_in) => {
                    let _ = writeln!(text, "{MISS} {name}  {DIM}{place}{OFF}\n    matches, and is switched off");
                }
                Outcome::Matches { received, off_in } => {
                    let _ = writeln!(text, "{MATCH} {name}  {DIM}{place}{OFF}");
                    if !off_in.is_empty() {
                        let _ = writeln!(text, "    is switched off in {}", list(off_in));
                    }
                    for one in received {
                        let (kind, name) = self.target(one.to);
                        let detail = one.event.get("detail").unwrap_or(&Value::Null);
                        let _ = writeln!(text, "    {kind} `{name}` gets {}", shown(&detail.to_string()));
                    }
                }
                Outcome::Misses(misses) => {
                    let _ = writeln!(text, "{MISS} {name}  {DIM}{place}{OFF}");
                    for miss in misses {
                        let _ = writeln!(text, "    {}  {DIM}{}{OFF}", condition(miss), self.place(miss.span));
                    }
                }
                Outcome::OtherBus => {
                    let bus = &self.model.buses[rule.bus].head.name;
                    let _ = writeln!(text, "{MISS} {name}  {DIM}{place}{OFF}\n    reads bus `{bus}`");
                }
                Outcome::Unread => {}
            }
        }
        let matching = self.matching();
        let _ = writeln!(
            text,
            "\n{matching} of {} {} it",
            rules.len(),
            if rules.len() == 1 { "rule matches" } else { "rules match" }
        );
        text
    }

    /// How many rules hand the event on, in some environment at least.
    fn matching(&self) -> usize {
        let hands_on = |outcome: &Outcome| matches!(outcome, Outcome::Matches { off_in, .. } if !self.is_off(off_in));
        self.delivery.rules.iter().filter(|(_, outcome)| hands_on(outcome)).count()
    }

    /// Whether a rule is switched off everywhere.
    fn is_off(&self, off_in: &[String]) -> bool {
        off_in.len() == self.model.environments.len()
    }

    /// The kind and the name of a target.
    fn target(&self, to: Destination) -> (&'static str, &str) {
        (to.kind().key(), self.model.head(Thing::from(to)).name.as_str())
    }

    fn json(&self) -> Value {
        let Delivery { event, declared, rules, .. } = self.delivery;
        let declared = declared.iter().map(|(id, problems)| {
            let problems = problems.iter().map(|problem| json!({"pointer": problem.pointer, "reason": problem.reason}));
            json!({"event": self.model.events[*id].head.name, "problems": problems.collect::<Value>()})
        });
        let rules = rules.iter().map(|(id, outcome)| {
            let rule = &self.model.rules[*id];
            let (matches, targets, misses) = match outcome {
                Outcome::Matches { received, .. } => {
                    (true, received.iter().map(|one| self.received(one)).collect(), json!([]))
                }
                Outcome::Misses(misses) => (false, json!([]), misses.iter().map(|miss| self.miss(miss)).collect()),
                Outcome::OtherBus | Outcome::Unread => (false, json!([]), json!([])),
            };
            let off_in = match outcome {
                Outcome::Matches { off_in, .. } => off_in.as_slice(),
                Outcome::Misses(_) | Outcome::OtherBus | Outcome::Unread => &[],
            };
            let bus = &self.model.buses[rule.bus].head.name;
            json!({"rule": rule.head.name, "bus": bus, "matches": matches, "off-in": off_in, "targets": targets, "misses": misses})
        });
        json!({"event": event, "declared": declared.collect::<Value>(), "rules": rules.collect::<Value>()})
    }

    fn received(&self, one: &Received) -> Value {
        let (kind, name) = self.target(one.to);
        json!({"kind": kind, "name": name, "event": one.event})
    }

    fn miss(&self, miss: &Miss) -> Value {
        let saw = match &miss.saw {
            Saw::Absent | Saw::NotTogether => Value::Null,
            Saw::Value(value) => value.clone(),
        };
        let asks: Value = serde_json::from_str(&miss.asks).unwrap_or_default();
        json!({"path": miss.path, "asks": asks, "saw": saw, "absent": miss.saw == Saw::Absent, "at": self.place(miss.span)})
    }
}

fn list(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// A condition that failed, as a sentence.
fn condition(miss: &Miss) -> String {
    let Miss { path, asks, saw, alternatives, .. } = miss;
    let mut text = match saw {
        Saw::Absent => format!("`{path}` is not there; the rule asks for {}", shown(asks)),
        Saw::Value(value) => format!("`{path}` is {}; the rule asks for {}", shown(&value.to_string()), shown(asks)),
        Saw::NotTogether => format!("no one item of `{path}` has all of {}", shown(asks)),
    };
    if *alternatives > 0 {
        let _ = write!(text, " (the nearest of {alternatives} alternatives)");
    }
    text
}

/// A text cut to what fits in a line.
fn shown(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
