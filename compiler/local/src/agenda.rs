//! What is due when: the only thing that makes time pass in a system.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use crate::system::System;

/// What is done when its time has come.
pub type Task = Box<dyn FnOnce(&mut System) + Send>;

/// Tasks by time; those of one time in the order in which they were put.
#[derive(Default)]
pub struct Agenda {
    heap: BinaryHeap<Reverse<(u64, u64)>>,
    tasks: HashMap<u64, Task>,
    /// Those of the tasks that only time brings.
    idle: HashSet<u64>,
    next: u64,
}

impl std::fmt::Debug for Agenda {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Agenda").field("tasks", &self.tasks.len()).finish_non_exhaustive()
    }
}

impl Agenda {
    /// Puts a task, due at this time, milliseconds since 1970. Gives the number by which it can be taken off again.
    pub fn put(&mut self, at_ms: u64, task: Task) -> u64 {
        self.next += 1;
        self.heap.push(Reverse((at_ms, self.next)));
        self.tasks.insert(self.next, task);
        self.next
    }

    /// Puts a task that only time brings: the next turn of what goes on for ever, or the limit of something that waits. While there are
    /// no others, nothing is under way.
    pub fn put_idle(&mut self, at_ms: u64, task: Task) -> u64 {
        let number = self.put(at_ms, task);
        self.idle.insert(number);
        number
    }

    /// Whether something is under way: a task that is not only brought by time.
    pub fn is_busy(&self) -> bool {
        self.tasks.len() > self.idle.len()
    }

    /// Takes a task off that is no longer wanted.
    pub fn cancel(&mut self, number: u64) {
        self.tasks.remove(&number);
        self.idle.remove(&number);
    }

    /// When the next task is due.
    pub fn next_ms(&mut self) -> Option<u64> {
        while let Some(Reverse((at_ms, number))) = self.heap.peek().copied() {
            if self.tasks.contains_key(&number) {
                return Some(at_ms);
            }
            self.heap.pop();
        }
        None
    }

    /// Takes the next task that is due by this time, with its time.
    pub fn take(&mut self, by_ms: u64) -> Option<(u64, Task)> {
        loop {
            let Reverse((at_ms, number)) = self.heap.peek().copied()?;
            if at_ms > by_ms {
                return None;
            }
            self.heap.pop();
            if let Some(task) = self.tasks.remove(&number) {
                self.idle.remove(&number);
                return Some((at_ms, task));
            }
        }
    }
}
