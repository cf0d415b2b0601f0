//! A bus in memory, which refuses what it is told to.

use crate::Error;
use crate::backend::BoxFuture;
use crate::publish::{Bus, Entry, Rejection};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// What one call answers: an error of the whole call, or the numbers of the entries to refuse and the code to refuse them with.
pub(crate) type Script = Result<(Vec<usize>, &'static str), Error>;

/// A bus that keeps what it takes.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    taken: Mutex<Vec<Entry>>,
    calls: Mutex<Vec<usize>>,
    script: Mutex<VecDeque<Script>>,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Recorder {
    /// What was taken, in order.
    pub(crate) fn taken(&self) -> Vec<Entry> {
        lock(&self.taken).clone()
    }

    /// How many entries each call had.
    #[cfg(test)]
    pub(crate) fn calls(&self) -> Vec<usize> {
        lock(&self.calls).clone()
    }

    /// How the next call without such an instruction answers.
    #[cfg(test)]
    pub(crate) fn answer(&self, script: Script) {
        lock(&self.script).push_back(script);
    }
}

impl Bus for Recorder {
    fn put_events(&self, entries: Vec<Entry>) -> BoxFuture<'_, Result<Vec<Result<String, Rejection>>, Error>> {
        lock(&self.calls).push(entries.len());
        let (refused, code) = match lock(&self.script).pop_front() {
            None => (Vec::new(), ""),
            Some(Ok(script)) => script,
            Some(Err(error)) => return Box::pin(async { Err(error) }),
        };
        let answers = entries.into_iter().enumerate().map(|(number, entry)| {
            if refused.contains(&number) {
                return Err(Rejection { code: code.to_owned(), message: "as the test wants it".to_owned() });
            }
            let mut taken = lock(&self.taken);
            taken.push(entry);
            Ok(format!("event-{}", taken.len()))
        });
        let answers = answers.collect();
        Box::pin(async { Ok(answers) })
    }
}
