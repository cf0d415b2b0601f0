//! The scripts: each is atomic on the server. They are sent by their hash, and whole to a server that does not have them.

use super::connect::Connection;
use crate::Error;
use redis::{Arg, Cmd, ErrorKind, ServerErrorKind, ToRedisArgs, Value};
use std::sync::LazyLock;

/// A script and the hash that the server knows it by.
pub(crate) struct Script {
    /// What stands before it: the clock, and what scripts share.
    clock: bool,
    body: &'static str,
    prepared: redis::Script,
}

const CLOCK: &str = include_str!("scripts/clock.lua");

impl Script {
    /// With `clock`, the body may use `now` and `digits`: the server's time, milliseconds since 1970.
    pub(crate) fn new(clock: bool, body: &'static str) -> Self {
        let prepared = if clock { redis::Script::new(&format!("{CLOCK}{body}")) } else { redis::Script::new(body) };
        Self { clock, body, prepared }
    }

    fn text(&self) -> String {
        if self.clock { format!("{CLOCK}{}", self.body) } else { self.body.to_owned() }
    }

    /// The same with a time of the test's choice.
    fn text_at(&self, now_ms: u64) -> String {
        if self.clock {
            format!("local now, digits = {now_ms}, '{now_ms}'\n{}", self.body)
        } else {
            self.body.to_owned()
        }
    }
}

macro_rules! scripts {
    ($($name:ident: $($file:literal)+;)+) => {
        $(pub(crate) static $name: LazyLock<Script> =
            LazyLock::new(|| Script::new(true, concat!($(include_str!(concat!("scripts/", $file))),+)));)+
    };
}

scripts! {
    START: "start.lua" "apply.lua";
    COMMIT: "commit.lua" "apply.lua";
    CLAIM: "claim.lua";
    ACK: "ack.lua";
    UNTIL: "until.lua";
    LOOK: "look.lua";
    LOAD: "load.lua";
    VIEW: "view.lua";
}

/// The one that needs no clock.
pub(crate) static ARCHIVE: LazyLock<Script> = LazyLock::new(|| Script::new(false, include_str!("scripts/archive.lua")));

/// A call of a script: keys first, then arguments.
pub(crate) struct Call<'a> {
    script: &'a Script,
    keys: Vec<String>,
    /// Only arguments: a command keeps them all in one piece of memory.
    arguments: Cmd,
}

impl<'a> Call<'a> {
    pub(crate) fn new(script: &'a Script, keys: Vec<String>) -> Self {
        Self { script, keys, arguments: Cmd::new() }
    }

    #[must_use]
    pub(crate) fn arg(mut self, argument: impl ToRedisArgs) -> Self {
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

    /// Runs it; with a time, as if it were that time.
    pub(crate) async fn run(&self, connection: &Connection, now_ms: Option<u64>) -> Result<Value, Error> {
        if let Some(now_ms) = now_ms {
            return connection.send(&self.command("EVAL", &self.script.text_at(now_ms))).await;
        }
        let sent = connection.try_send(&self.command("EVALSHA", self.script.prepared.get_hash())).await;
        match sent {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                // `EVAL` leaves the script behind, on the very server that lacked it.
                connection.send(&self.command("EVAL", &self.script.text())).await
            }
            other => connection.settle(other),
        }
    }
}
