//! Words that the console takes while the system runs: a line of standard input each.
//!
//! On a terminal they are typed; lines that are piped in are taken as well. The end of the input ends nothing. A process in the background
//! of a shell does not read: the shell would stop it.

use std::io::{BufRead as _, IsTerminal as _};
use std::sync::Arc;
use std::time::Duration;

use evc_local::faults::Chaos;
use evc_local::serve::{Host, random_seed};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::super::console;
use super::super::trace;

/// What there is to say, as `help` tells it.
const HELP: &str = "  +15m, +2h30m, +1d   time passes: what is due till then happens now\n  \
    chaos [on]          faults happen by chance; or `chaos 42`, `chaos seed=42,duplicate=5%`\n  \
    chaos off           no more faults\n  \
    trace [ID]          what came of a request, an event, an execution, an order's id; of the latest without one\n  \
    q                   ends the system";

/// The longest line that is taken.
const LONGEST: usize = 4_096;

/// The most that the clock is set forward at once: a year.
const MOST: Duration = Duration::from_hours(366 * 24);

/// What a line says.
#[derive(Debug, PartialEq, Eq)]
enum Word {
    Forward(Duration),
    Chaos(Option<Chaos>),
    Trace(Option<String>),
    Help,
    Quit,
}

/// Does what is said, until `q`.
pub(super) async fn listen(host: Arc<Host>) {
    if is_in_background() {
        return std::future::pending::<()>().await;
    }
    let mut lines = lines();
    while let Some(line) = lines.recv().await {
        match read(&line) {
            Ok(None) => {}
            Ok(Some(Word::Quit)) => return,
            Ok(Some(word)) => act(&host, word),
            Err(why) => console::tell(&format!("{why}; `help` says what there is")),
        }
    }
    std::future::pending::<()>().await;
}

/// Lines as they come. They are read on a thread of its own, which waits for ever where there is nothing to read: a runtime would wait for
/// it when it ends.
fn lines() -> UnboundedReceiver<String> {
    let (sender, receiver) = unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// Whether a shell runs this in the background of its terminal.
fn is_in_background() -> bool {
    #[cfg(unix)]
    if std::io::stdin().is_terminal() {
        return rustix::termios::tcgetpgrp(std::io::stdin()).is_ok_and(|group| group != rustix::process::getpgrp());
    }
    false
}

/// What a line says; nothing if it is empty.
fn read(line: &str) -> Result<Option<Word>, String> {
    let line = line.trim();
    if line.len() > LONGEST {
        return Err("that is too long".to_owned());
    }
    let (word, rest) = line.split_once(char::is_whitespace).map_or((line, ""), |(word, rest)| (word, rest.trim()));
    Ok(Some(match (word, rest) {
        ("", _) => return Ok(None),
        ("help" | "?" | "h", "") => Word::Help,
        ("q" | "quit" | "exit", "") => Word::Quit,
        ("trace", "") => Word::Trace(None),
        ("trace", id) => Word::Trace(Some(id.to_owned())),
        ("chaos", "off") => Word::Chaos(None),
        ("chaos", "on" | "") => Word::Chaos(Some(Chaos::default())),
        ("chaos", odds) => Word::Chaos(Some(odds.parse()?)),
        (span, "") if span.starts_with('+') => Word::Forward(duration(span)?),
        _ => return Err(format!("`{line}` says nothing here")),
    }))
}

/// `+15m`, `+1h30m`, `+45s`, `+1d`; a number without a unit is in seconds.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no span of time, such as `+15m` or `+1h30m`");
    let mut rest = text.trim_start_matches('+');
    let mut seconds = 0_u64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, unit) = rest.split_at_checked(digits).ok_or_else(wrong)?;
        let unit = unit.chars().next();
        let each = match unit {
            None | Some('s') => 1,
            Some('m') => 60,
            Some('h') => 3_600,
            Some('d') => 86_400,
            Some(_) => return Err(wrong()),
        };
        let number: u64 = number.parse().map_err(|_| wrong())?;
        seconds = number.checked_mul(each).and_then(|more| seconds.checked_add(more)).ok_or_else(wrong)?;
        rest = rest.get(digits + unit.map_or(0, char::len_utf8)..).unwrap_or_default();
    }
    match Duration::from_secs(seconds) {
        span if span > MOST => Err(format!("`{text}` is more than a year")),
        span if span.is_zero() => Err(wrong()),
        span => Ok(span),
    }
}

fn act(host: &Arc<Host>, word: Word) {
    match word {
        Word::Forward(by) => {
            host.jump(by);
            console::tell(&format!("it is {} UTC now", trace::tree::clock(host.with(|system| system.now_ms()))));
        }
        Word::Chaos(chaos) => {
            let chaos = chaos.map(|chaos| chaos.seeded(random_seed()));
            console::tell(&chaos_told(chaos.as_ref()));
            host.with(|system| system.set_chaos(chaos));
        }
        Word::Trace(id) => show(host, id.as_deref()),
        Word::Help => console::tell(HELP),
        Word::Quit => {}
    }
}

/// That faults happen, or that they do not.
pub(super) fn chaos_told(chaos: Option<&Chaos>) -> String {
    match chaos {
        Some(chaos) => format!("faults happen by chance: {chaos}"),
        None => "no faults happen".to_owned(),
    }
}

/// Prints what came of a cause, or the causes that have something in them, beside the stream of what happens.
fn show(host: &Arc<Host>, id: Option<&str>) {
    let (told, several) = host.with(|system| {
        let number = id.and_then(|id| id.parse().ok()).and_then(|number| system.trace.get(number)).map(|hop| hop.root);
        let causes = system.trace.causes(id, if id.is_some() { 10 } else { 1 });
        let root = number.or_else(|| causes.first().filter(|_| causes.len() == 1).map(|cause| cause.first.id));
        match root {
            Some(root) => (json!({ "hops": system.trace.of_root(root) }), false),
            None => (json!({ "causes": causes }), true),
        }
    });
    let text =
        if several { trace::listed(&told, console::line_width()) } else { trace::drawn(&told, console::line_width()) };
    let is_empty = told.get("causes").and_then(Value::as_array).is_some_and(Vec::is_empty);
    console::tell(if is_empty { "nothing that is remembered has that in it" } else { text.trim_end() });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read() {
        let forward = |seconds| Ok(Some(Word::Forward(Duration::from_secs(seconds))));
        assert_eq!(read(" +15m "), forward(900));
        assert_eq!(read("+1h30m5s"), forward(5_405));
        assert_eq!(read("+1d"), forward(86_400));
        assert_eq!(read("+90"), forward(90));
        assert_eq!(read(""), Ok(None));
        assert_eq!(read("q"), Ok(Some(Word::Quit)));
        assert_eq!(read("chaos off"), Ok(Some(Word::Chaos(None))));
        assert_eq!(read("chaos on"), Ok(Some(Word::Chaos(Some(Chaos::default())))));
        assert_eq!(read("chaos 42"), Ok(Some(Word::Chaos("42".parse().ok()))));
        assert_eq!(read("trace  o-1 "), Ok(Some(Word::Trace(Some("o-1".to_owned())))));
        for wrong in ["+", "+m", "+5x", "+0s", "+99999999999999999999s", "+400d", "chaos maybe", "what", "q now"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        assert!(read(&"x".repeat(5_000)).is_err());
    }
}
