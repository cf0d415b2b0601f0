//! The scripts: each is atomic on the server. They are sent by their hash, and whole to a server that does not have them. What lives in the
//! cache beside workflows (counters, circuit breakers) has scripts of its own, which are run the same way.

use super::connect::Connection;
use super::limits::HistoryBounds;
use crate::Error;
use redis::{Arg, Cmd, ErrorKind, ServerErrorKind, ToRedisArgs, Value};
use std::fmt::Write as _;
use std::sync::LazyLock;

/// A script and the hash that the server knows it by.
pub struct Script {
    prelude: Prelude,
    body: &'static str,
    prepared: redis::Script,
}

/// What stands before a script.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Prelude {
    Nothing,
    /// `now` and `digits`: the server's time, milliseconds since 1970.
    Clock,
    /// The same, and `most_transitions` and `most_bytes`: of how many transitions the history is kept.
    ClockAndHistory,
}

/// What a test has a script see.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Simulated {
    pub(crate) now_ms: u64,
    pub(crate) history: HistoryBounds,
}

const CLOCK: &str = include_str!("scripts/clock.lua");

impl Script {
    /// With `clock`, the body may use `now` and `digits`.
    pub fn new(clock: bool, body: &'static str) -> Self {
        Self::with(if clock { Prelude::Clock } else { Prelude::Nothing }, body)
    }

    fn with(prelude: Prelude, body: &'static str) -> Self {
        let prepared = redis::Script::new(&text(prelude, body, None));
        Self { prelude, body, prepared }
    }
}

fn text(prelude: Prelude, body: &str, simulated: Option<Simulated>) -> String {
    if prelude == Prelude::Nothing {
        return body.to_owned();
    }
    let mut text = simulated
        .map_or_else(|| CLOCK.to_owned(), |simulated| format!("local now, digits = {0}, '{0}'\n", simulated.now_ms));
    if prelude == Prelude::ClockAndHistory {
        let HistoryBounds { transitions, bytes } =
            simulated.map_or_else(HistoryBounds::default, |simulated| simulated.history);
        // Writing to a String cannot fail.
        let _ = writeln!(text, "local most_transitions, most_bytes = {transitions}, {bytes}");
    }
    text + body
}

macro_rules! scripts {
    ($($name:ident: $prelude:ident $($file:literal)+;)+) => {
        $(pub(crate) static $name: LazyLock<Script> = LazyLock::new(|| {
            Script::with(Prelude::$prelude, concat!($(include_str!(concat!("scripts/", $file))),+))
        });)+
    };
}

scripts! {
    START: Clock "start.lua" "apply.lua";
    COMMIT: ClockAndHistory "commit.lua" "apply.lua";
    CLAIM: Clock "claim.lua";
    ACK: Clock "ack.lua";
    UNTIL: Clock "until.lua";
    LOOK: Clock "look.lua";
    LOAD: Clock "load.lua";
    VIEW: Clock "view.lua";
    ENDS: Clock "ends.lua";
    KEEP: Clock "keep.lua";
    FORGET: Clock "forget.lua";
    ARCHIVE: Nothing "archive.lua";
}

/// A call of a script: keys first, then arguments.
pub struct Call<'a> {
    script: &'a Script,
    keys: Vec<String>,
    /// Only arguments: a command keeps them all in one piece of memory.
    arguments: Cmd,
}

impl<'a> Call<'a> {
    /// With these keys and no arguments.
    pub fn new(script: &'a Script, keys: Vec<String>) -> Self {
        Self { script, keys, arguments: Cmd::new() }
    }

    /// The same with one more argument.
    #[must_use]
    pub fn arg(mut self, argument: impl ToRedisArgs) -> Self {
        self.push(argument);
        self
    }

    pub(crate) fn push(&mut self, argument: impl ToRedisArgs) {
        self.arguments.arg(argument);
    }

    /// The place of this key in `KEYS`, counted from one; it is added if it is not there.
    pub(crate) fn key(&mut self, key: String) -> u16 {
        let known = self.keys.iter().position(|known| *known == key);
        let at = known.unwrap_or_else(|| {
            self.keys.push(key);
            self.keys.len() - 1
        });
        // A transition has fewer records than that: see `limits.rs`.
        u16::try_from(at + 1).unwrap_or(u16::MAX)
    }

    fn command(&self, name: &str, script: &str) -> Cmd {
        let mut command = redis::cmd(name);
        command.arg(script).arg(self.keys.len());
        for key in &self.keys {
            command.arg(key);
        }
        for argument in self.arguments.args_iter() {
            if let Arg::Simple(argument) = argument {
                command.arg(argument);
            }
        }
        command
    }

    /// Runs it, as a test would have it if it says so.
    pub(crate) async fn run(&self, connection: &Connection, simulated: Option<Simulated>) -> Result<Value, Error> {
        let text = |simulated| text(self.script.prelude, self.script.body, simulated);
        if simulated.is_some() {
            return connection.send(&self.command("EVAL", &text(simulated))).await;
        }
        let sent = connection.try_send(&self.command("EVALSHA", self.script.prepared.get_hash())).await;
        match sent {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                // `EVAL` leaves the script behind, on the very server that lacked it.
                connection.send(&self.command("EVAL", &text(None))).await
            }
            other => connection.settle(other),
        }
    }
}
