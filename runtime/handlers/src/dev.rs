//! All handlers of a stack in one program, which `evc dev` runs: one environment variable says which of them a process is.
//!
//! Standard input is a pipe whose other end `evc dev` has and writes nothing to. It ends when `evc dev` does, also when that is killed, and
//! the handler ends with it: nobody would give it work, or know that it is there.

use std::io::Read as _;

use evc_interface::environment::DEV_HANDLER;

use crate::{Error, Kind};

/// The program of a handler.
type Main = fn() -> Result<(), Error>;

/// Handlers by the names of their binaries.
#[derive(Debug, Default)]
pub struct Handlers(Vec<(&'static str, Main)>);

impl Handlers {
    /// Adds a handler.
    pub fn add(&mut self, binary: &'static str, main: Main) {
        self.0.push((binary, main));
    }

    /// Runs the handler that the environment names.
    ///
    /// # Errors
    ///
    /// When there is none of that name, and what the handler fails with.
    pub fn run(&self) -> Result<(), Error> {
        let asked = std::env::var(DEV_HANDLER).unwrap_or_default();
        let main = self.find(&asked)?;
        std::thread::spawn(end_with_input);
        main()
    }

    fn find(&self, asked: &str) -> Result<Main, Error> {
        let found = self.0.iter().find(|(binary, _)| *binary == asked).map(|(_, main)| *main);
        found.ok_or_else(|| {
            let known: Vec<&str> = self.0.iter().map(|(binary, _)| *binary).collect();
            let known = known.join(", ");
            Error::new(Kind::Configuration, format!("{DEV_HANDLER} is `{asked}`, and this program has {known}"))
        })
    }
}

/// Ends the process when its input does.
fn end_with_input() {
    let mut input = std::io::stdin().lock();
    let mut bytes = [0; 64];
    while input.read(&mut bytes).is_ok_and(|read| read > 0) {}
    std::process::exit(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_handler_that_is_named_runs_and_no_other() {
        let mut handlers = Handlers::default();
        handlers.add("orders-a", || Err(Error::new(Kind::Configuration, "a ran")));
        handlers.add("orders-b", || Err(Error::new(Kind::Configuration, "b ran")));
        let ran = |asked: &str| handlers.find(asked).and_then(|main| main()).unwrap_err().message().to_owned();
        assert_eq!(ran("orders-b"), "b ran");
        assert_eq!(ran("orders"), "EVC_DEV_HANDLER is `orders`, and this program has orders-a, orders-b");
    }
}
