//! `evc test`: scenarios of systems, on virtual time.

mod files;
mod junit;
mod lcov;
mod mutants;
mod text;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use evc_compiler::scenario::{File, Scenario};
use evc_compiler::session::{self, Analysis, Scenarios};
use evc_compiler::source::{SourceMap, Span};
use evc_local::Stack;
use evc_local::scenario::{Coverage, Report, Suite};
use evc_local::stack::Place;
use serde_json::json;

use super::console::{self, Format as Diagnostics};
use super::world::Disk;
use super::{Exit, terminal};

/// Run scenarios of your system: what is sent to it, and what is to come of it
///
/// Scenarios stand in `NAME.test.yaml` beside the spec. The whole system runs in this process on a clock of its own, so that retries,
/// waits and time-outs take no time: rules, queues, streams, tables, roles and workflows as the template says, with mocks in the place of
/// functions. A failure shows what was expected, what was observed, and the trace up to it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 if all scenarios passed, 1 if one failed or a file has errors.\n\n\
    Examples:\n  evc test\n  evc test specs/orders.test.yaml -t 'declined'\n  evc test --seeds 100\n  \
    evc test --format junit > junit.xml\n  evc test --lcov coverage.info")]
pub(super) struct Arguments {
    /// Files of scenarios, or folders that are searched for them; this folder by default.
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Run only scenarios whose name has this text; may be given more than once.
    #[arg(long = "test", short, value_name = "TEXT")]
    only: Vec<String>,
    /// What chance decides follows from this number: ids, jitter.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// Run each scenario with so many seeds, from `--seed` on. The first that fails is told.
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    seeds: u64,
    /// How results are written.
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,
    /// Write which lines of the specs scenarios came by, as LCOV reads it.
    #[arg(long, value_name = "FILE")]
    lcov: Option<PathBuf>,
    /// Name what no scenario came by.
    #[arg(long)]
    uncovered: bool,
    /// Change one thing of the spec at a time, so often (a retry, a catch, a pattern, an undo, a key), and name the changes that no scenario
    /// notices.
    #[arg(long, value_name = "COUNT", conflicts_with_all = ["lcov", "list", "uncovered"])]
    mutants: Option<usize>,
    /// Print the names of scenarios, and run none.
    #[arg(long)]
    list: bool,
}

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line a scenario, and what failed with its trace.
    Human,
    /// A JSON object a scenario, a line each.
    Json,
    /// The XML of `JUnit`, which CI systems read.
    Junit,
    /// Workflow commands, which GitHub Actions shows beside the code.
    Github,
}

/// A file of scenarios with its system.
struct Loaded {
    path: PathBuf,
    scenarios: Scenarios,
}

/// What came of one scenario.
struct Ran {
    name: String,
    span: Span,
    /// The seed that failed, or the last one.
    seed: u64,
    took: Duration,
    report: Result<Report, String>,
}

impl Ran {
    fn passed(&self) -> bool {
        self.report.as_ref().is_ok_and(|report| report.failures.is_empty())
    }
}

/// What came of the scenarios of a file.
struct Results<'l> {
    path: &'l PathBuf,
    sources: &'l SourceMap,
    ran: Vec<Ran>,
    coverage: Coverage,
}

/// Runs the scenarios and tells what came of them.
pub(super) fn run(arguments: &Arguments) -> Exit {
    let paths = match files::find(&arguments.paths) {
        Ok(paths) => paths,
        Err(why) => {
            console::fail(&why);
            return Exit::Usage;
        }
    };
    let mut loaded = Vec::new();
    for path in paths {
        match session::scenarios(&Disk, &path) {
            Ok(scenarios) => loaded.push(Loaded { path, scenarios }),
            Err(error) => {
                console::fail(&format!("cannot read `{}`: {error}", path.display()));
                return Exit::Io;
            }
        }
    }
    if loaded.iter().any(|it| it.scenarios.analysis.has_errors()) {
        let analyses: Vec<_> = loaded.into_iter().map(|it| it.scenarios.analysis).collect();
        console::report(&analyses, Diagnostics::Human);
        return Exit::Diagnostics;
    }
    if let Some(count) = arguments.mutants {
        return mutants::run(&loaded, count, arguments.seed);
    }
    let started = Instant::now();
    let mut all = Vec::new();
    for it in &loaded {
        match results(arguments, it) {
            Ok(results) => all.push(results),
            Err(why) => {
                console::fail(&why);
                return Exit::Usage;
            }
        }
    }
    if arguments.list {
        let names = all.iter().flat_map(|it| &it.ran).map(|ran| format!("{}\n", ran.name));
        console::print(&names.collect::<String>());
        return Exit::Clean;
    }
    tell(arguments, &all, started.elapsed());
    if let Some(path) = &arguments.lcov
        && let Err(error) = std::fs::write(path, lcov::render(&all))
    {
        console::fail(&format!("cannot write `{}`: {error}", path.display()));
        return Exit::Io;
    }
    let ran = all.iter().map(|it| it.ran.len()).sum::<usize>();
    if ran == 0 {
        console::fail("no scenario has such a name");
        return Exit::Usage;
    }
    if all.iter().flat_map(|it| &it.ran).all(Ran::passed) { Exit::Clean } else { Exit::Diagnostics }
}

fn tell(arguments: &Arguments, all: &[Results<'_>], took: Duration) {
    match arguments.format {
        Format::Human => {
            for results in all {
                console::print(&text::results(results, arguments.uncovered));
            }
            console::print(&text::summary(all, took));
        }
        Format::Json => {
            for results in all {
                for ran in &results.ran {
                    console::print(&format!("{}\n", object(results, ran)));
                }
            }
        }
        Format::Junit => console::print(&junit::render(all)),
        Format::Github => {
            for results in all {
                for ran in results.ran.iter().filter(|ran| !ran.passed()) {
                    console::print(&text::github(results, ran));
                }
            }
        }
    }
}

/// A scenario for machines.
fn object(results: &Results<'_>, ran: &Ran) -> serde_json::Value {
    let place = |span: Span| {
        let position = results.sources.position(span);
        json!({ "file": results.sources.file(span.file).path, "line": position.line, "column": position.column })
    };
    let (failures, error) = match &ran.report {
        Ok(report) => {
            let failure = |it: &evc_local::scenario::Failure| json!({ "expected": it.expected, "observed": it.observed, "place": place(it.span), "hop": it.hop });
            (report.failures.iter().map(failure).collect(), None)
        }
        Err(why) => (Vec::new(), Some(why)),
    };
    let mut object = json!({
        "scenario": ran.name,
        "place": place(ran.span),
        "passed": ran.passed(),
        "seed": ran.seed,
        "micros": u64::try_from(ran.took.as_micros()).unwrap_or(u64::MAX),
        "failures": failures,
    });
    if let Some(error) = error {
        object["error"] = error.as_str().into();
    }
    if let (false, Ok(report)) = (ran.passed(), &ran.report) {
        object["hops"] = json!(report.hops);
    }
    object
}

/// Runs the scenarios of a file that are asked for.
fn results<'l>(arguments: &Arguments, loaded: &'l Loaded) -> Result<Results<'l>, String> {
    let Scenarios { file: Some(file), analysis } = &loaded.scenarios else {
        return Err(format!("`{}` has no scenarios", loaded.path.display()));
    };
    let Some(model) = &analysis.model else { return Err(format!("`{}` has no system", loaded.path.display())) };
    let wanted =
        |name: &str| arguments.only.is_empty() || arguments.only.iter().any(|text| name.contains(text.as_str()));
    let chosen: Vec<(&str, Span, &Scenario)> = file
        .scenarios
        .iter()
        .filter(|(name, _)| wanted(name))
        .map(|(name, scenario)| (name.as_str(), name.span, scenario))
        .collect();
    let suite = Suite { model, file, stack: Arc::new(stack(file, analysis)?) };
    let ran = if arguments.list {
        let listed = chosen.iter().map(|(name, span, _)| Ran {
            name: (*name).to_owned(),
            span: *span,
            seed: arguments.seed,
            took: Duration::ZERO,
            report: Err(String::new()),
        });
        listed.collect()
    } else {
        at_once(&suite, &chosen, arguments)
    };
    let mut coverage = Coverage::of_model(model);
    ran.iter().filter_map(|ran| ran.report.as_ref().ok()).for_each(|report| coverage.add(&report.coverage));
    Ok(Results { path: &loaded.path, sources: &analysis.sources, ran, coverage })
}

/// The stack of the system.
fn stack(file: &File, analysis: &Analysis) -> Result<Stack, String> {
    let Some(model) = &analysis.model else { return Err("there is no system".to_owned()) };
    let planned = session::plan(model);
    let first = model.environments.first().map_or("dev", |environment| environment.name.as_str());
    let environment = file.environment.as_ref().map_or(first, |environment| environment.as_str());
    let place = Place::local(&format!("{}-{environment}", model.service.value), "http://127.0.0.1:4566");
    let place_of = |span: Span| {
        let path = analysis.sources.file(span.file).path.display();
        format!("{path}:{}", analysis.sources.position(span).line)
    };
    Stack::resolve(&planned.plan, environment, place, &BTreeMap::new(), &place_of)
}

/// Runs scenarios on all processors. What came of each stands in the order of the file.
fn at_once(suite: &Suite<'_>, chosen: &[(&str, Span, &Scenario)], arguments: &Arguments) -> Vec<Ran> {
    let next = AtomicUsize::new(0);
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(chosen.len().max(1));
    let work = || {
        let mut ran = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some((name, span, scenario)) = chosen.get(at) else { return ran };
            ran.push((at, one(suite, name, *span, scenario, arguments)));
        }
    };
    let mut ran: Vec<(usize, Ran)> = std::thread::scope(|scope| {
        let handles: Vec<_> = (1..workers).map(|_| scope.spawn(work)).collect();
        let mut ran = work();
        for handle in handles {
            match handle.join() {
                Ok(more) => ran.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        ran
    });
    ran.sort_by_key(|(at, _)| *at);
    ran.into_iter().map(|(_, ran)| ran).collect()
}

/// Runs a scenario with its seeds, until one fails.
fn one(suite: &Suite<'_>, name: &str, span: Span, scenario: &Scenario, arguments: &Arguments) -> Ran {
    let started = Instant::now();
    let mut seed = arguments.seed;
    let last = arguments.seed.saturating_add(arguments.seeds.max(1) - 1);
    loop {
        let report = suite.run(scenario, seed);
        let passed = report.as_ref().is_ok_and(|report| report.failures.is_empty());
        if !passed || seed == last {
            return Ran { name: name.to_owned(), span, seed, took: started.elapsed(), report };
        }
        seed += 1;
    }
}

/// How results are drawn.
fn style() -> terminal::Style {
    terminal::Style { width: console::table_width(), color: console::colored_output() }
}
