//! Results for people: a line a scenario, and of what failed what was expected, what was observed, and the trace.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use evc_compiler::report::excerpt::escaped;
use evc_local::scenario::{Failure, Report};
use evc_local::trace::{Hop, HopId, Kind, Outcome};

use super::{Ran, Results, style};

/// The most hops of a trace that are drawn before and after the one that shows the failure.
const AROUND: usize = 12;

/// The most characters of a payload on a line.
const WIDE: usize = 240;

struct Paint {
    red: &'static str,
    green: &'static str,
    yellow: &'static str,
    dim: &'static str,
    plain: &'static str,
}

const COLORS: Paint =
    Paint { red: "\u{1b}[31m", green: "\u{1b}[32m", yellow: "\u{1b}[33m", dim: "\u{1b}[2m", plain: "\u{1b}[0m" };
const NO_COLORS: Paint = Paint { red: "", green: "", yellow: "", dim: "", plain: "" };

fn paint(color: bool) -> &'static Paint {
    if color { &COLORS } else { &NO_COLORS }
}

/// The results of a file.
pub(super) fn results(results: &Results<'_>, uncovered: bool) -> String {
    let paint = paint(style().color);
    let mut out = format!("{}\n", results.path.display());
    let widest = results.ran.iter().map(|ran| ran.name.chars().count()).max().unwrap_or(0).min(72);
    for ran in &results.ran {
        let (mark, color) = if ran.passed() { ("✓", paint.green) } else { ("✗", paint.red) };
        let pad = " ".repeat(widest.saturating_sub(ran.name.chars().count()));
        let name = escaped(&ran.name);
        let _ = writeln!(out, "  {color}{mark}{0} {name}{pad}  {1}{2}{0}", paint.plain, paint.dim, time(ran.took));
        if !ran.passed() {
            out.push_str(&failure(results, ran, style().color));
        }
    }
    let missed = results.coverage.0.iter().filter(|covered| covered.hits == 0);
    if uncovered {
        for covered in missed {
            let line = results.sources.position(covered.span).line;
            let path = results.sources.file(covered.span.file).path.display();
            let kind = covered.kind.trim_end_matches('s').replace("catche", "catch");
            let _ = writeln!(
                out,
                "  {}no scenario came by{} {kind} {}  {path}:{line}",
                paint.yellow, paint.plain, covered.name
            );
        }
    }
    out
}

/// What failed in a scenario.
pub(super) fn failure(results: &Results<'_>, ran: &Ran, color: bool) -> String {
    let paint = paint(color);
    let mut out = String::new();
    match &ran.report {
        Err(why) => {
            let _ = writeln!(out, "    {}{}{}", paint.red, escaped(why), paint.plain);
        }
        Ok(report) => {
            for failure in &report.failures {
                out.push_str(&one(results, report, failure, paint));
            }
        }
    }
    let path = results.path.display();
    let again = if ran.seed == 1 { String::new() } else { format!(" --seed {}", ran.seed) };
    let name = ran.name.replace('\'', "'\\''");
    let _ = writeln!(out, "    {}again: evc test {path} -t '{}'{again}{}\n", paint.dim, escaped(&name), paint.plain);
    out
}

fn one(results: &Results<'_>, report: &Report, failure: &Failure, paint: &Paint) -> String {
    let mut out = String::from("\n");
    let _ = writeln!(out, "    expected  {}", short(&failure.expected));
    for (index, observed) in failure.observed.iter().enumerate() {
        let word = if index == 0 { "observed" } else { "        " };
        let _ = writeln!(out, "    {word}  {}{}{}", paint.red, short(observed), paint.plain);
    }
    if let Some(hop) = failure.hop {
        out.push('\n');
        out.push_str(&trace(report, hop, paint));
    }
    let position = results.sources.position(failure.span);
    let file = results.sources.file(failure.span.file);
    let line = file.text.lines().nth(position.line - 1).unwrap_or_default();
    let number = position.line.to_string();
    let pad = " ".repeat(number.len());
    let _ = writeln!(
        out,
        "   {pad}{}╭─[{}:{}:{}]{}",
        paint.dim,
        file.path.display(),
        position.line,
        position.column,
        paint.plain
    );
    let _ = writeln!(out, "  {}{number} │{} {}", paint.dim, paint.plain, escaped(line.trim_end()));
    let _ = writeln!(out, "   {pad}{}╰────{}", paint.dim, paint.plain);
    out
}

/// The trace of a hop's first cause, around the hop.
fn trace(report: &Report, hop: HopId, paint: &Paint) -> String {
    let Some(shown) = report.hops.iter().find(|it| it.id == hop) else { return String::new() };
    let of_root: Vec<&Hop> = report.hops.iter().filter(|it| it.root == shown.root && it.kind != Kind::Log).collect();
    let mut ordered = Vec::new();
    descend(&of_root, shown.root, 0, &mut ordered);
    let at = ordered.iter().position(|(it, _)| it.id == hop).unwrap_or(0);
    // What led to it is always shown.
    let mut causes = BTreeSet::new();
    let mut cause = Some(hop);
    while let Some(id) = cause {
        causes.insert(id);
        cause = of_root.iter().find(|it| it.id == id).and_then(|it| it.cause);
    }
    let mut out = String::new();
    let mut left_out = false;
    for (index, (it, depth)) in ordered.iter().enumerate() {
        let near = index + AROUND >= at && index <= at + AROUND;
        if !near && !causes.contains(&it.id) {
            if !left_out {
                let _ = writeln!(out, "      {}…{}", paint.dim, paint.plain);
            }
            left_out = true;
            continue;
        }
        left_out = false;
        let name = it.thing.split_once('.').map_or(it.thing.as_str(), |(_, name)| name);
        let (color, end) = match &it.outcome {
            Outcome::Failed(why) => (paint.red, format!("  ✗ {}", short(why))),
            Outcome::Denied(why) => (paint.red, format!("  ✗ {}", short(why))),
            Outcome::Done if matches!(it.kind, Kind::Miss) => (paint.yellow, String::new()),
            Outcome::Done if matches!(it.kind, Kind::DeadLetter) => (paint.yellow, String::new()),
            Outcome::Done | Outcome::Running => ("", String::new()),
        };
        let said = match it.kind {
            Kind::Miss => format!("does not match: {}", it.text),
            Kind::DeadLetter => format!("dead letter: {}", it.text),
            _ => it.text.clone(),
        };
        let here = if it.id == hop { "   ← here" } else { "" };
        let late = clock(it.at_ms.saturating_sub(report.began_ms));
        let indent = "  ".repeat((*depth).min(20));
        let _ = writeln!(
            out,
            "      {}{late}{} {indent}{color}{name} {}{end}{}{here}",
            paint.dim,
            paint.plain,
            short(&said),
            if color.is_empty() { "" } else { paint.plain }
        );
    }
    out
}

/// The hops below one, in the order in which they happened, each after what caused it.
fn descend<'h>(hops: &[&'h Hop], id: HopId, depth: usize, into: &mut Vec<(&'h Hop, usize)>) {
    if let Some(hop) = hops.iter().find(|hop| hop.id == id) {
        into.push((hop, depth));
    }
    for hop in hops.iter().filter(|hop| hop.cause == Some(id)) {
        descend(hops, hop.id, depth + 1, into);
    }
}

/// What all files came to.
pub(super) fn summary(all: &[Results<'_>], took: Duration) -> String {
    let paint = paint(style().color);
    let ran: Vec<&Ran> = all.iter().flat_map(|results| &results.ran).collect();
    let failed = ran.iter().filter(|ran| !ran.passed()).count();
    let mut counts: Vec<(&str, usize, usize)> = Vec::new();
    for covered in all.iter().flat_map(|results| &results.coverage.0) {
        let hit = usize::from(covered.hits > 0);
        match counts.iter_mut().find(|(kind, ..)| *kind == covered.kind) {
            Some((_, hits, all)) => (*hits, *all) = (*hits + hit, *all + 1),
            None => counts.push((covered.kind, hit, 1)),
        }
    }
    let covered: Vec<String> = counts.iter().map(|(kind, hits, all)| format!("{kind} {hits}/{all}")).collect();
    let color = if failed == 0 { paint.green } else { paint.red };
    format!(
        "\n  {color}{} passed, {failed} failed{} in {}      {}{}{}\n",
        ran.len() - failed,
        paint.plain,
        time(took),
        paint.dim,
        covered.join("  "),
        paint.plain
    )
}

/// A failure as a workflow command.
pub(super) fn github(results: &Results<'_>, ran: &Ran) -> String {
    let mut out = String::new();
    let encoded = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| encoded(text).replace(':', "%3A").replace(',', "%2C");
    match &ran.report {
        Ok(report) => {
            for failure in &report.failures {
                let position = results.sources.position(failure.span);
                let path = property(&results.sources.file(failure.span.file).path.display().to_string());
                let message =
                    format!("{}: expected {}, observed {}", ran.name, failure.expected, failure.observed.join("; "));
                let _ = writeln!(
                    out,
                    "::error file={path},line={},col={}::{}",
                    position.line,
                    position.column,
                    encoded(&message)
                );
            }
        }
        Err(why) => {
            let path = property(&results.path.display().to_string());
            let _ = writeln!(out, "::error file={path}::{}", encoded(&format!("{}: {why}", ran.name)));
        }
    }
    out
}

fn short(text: &str) -> String {
    let plain = escaped(text);
    if plain.chars().count() <= WIDE {
        plain.into_owned()
    } else {
        format!("{}…", plain.chars().take(WIDE).collect::<String>())
    }
}

fn time(took: Duration) -> String {
    let micros = took.as_micros();
    if micros < 10_000 {
        format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100)
    } else if micros < 10_000_000 {
        format!("{} ms", micros / 1_000)
    } else {
        format!("{} s", micros / 1_000_000)
    }
}

/// A time since the beginning: `+00:01:04.120`.
fn clock(ms: u64) -> String {
    let (seconds, millis) = (ms / 1_000, ms % 1_000);
    format!("+{:02}:{:02}:{:02}.{millis:03}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}
