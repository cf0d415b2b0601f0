//! The kinds of alarms: THE list. Templates have these and no others, the runbook (`docs/alarms.md`) has a section for each, and a test
//! holds the two to each other.

use super::super::value::{Part, Value};

/// A kind of alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Something is in a dead-letter queue.
    DeadLetters,
    /// Messages wait in a queue for too long.
    QueueAge,
    /// Requests of an API were answered with a status from 500 on.
    ApiErrors,
    /// An API answers slowly.
    ApiLatency,
    /// Executions failed, and not with an outcome.
    ExecutionFailures,
    /// Executions ran out of time.
    ExecutionTimeouts,
    /// Executions were ended by somebody.
    ExecutionAborts,
    /// Executions waited, since Step Functions throttled them.
    ExecutionThrottles,
    /// A function failed, and not with an error of the business.
    FunctionErrors,
    /// The engine of workflows on Redis failed.
    EngineErrors,
    /// Nobody looks after workflows on Redis.
    EngineSweep,
    /// The forwarder of an outbox failed.
    ForwarderErrors,
    /// Events wait in an outbox.
    OutboxDelay,
    /// A forwarder gave events back.
    ForwarderFailures,
    /// A pipe failed.
    PipeErrors,
    /// A pipe delivered a part of a batch.
    PipePartialErrors,
    /// A pipe ran out of time.
    PipeTimeouts,
    /// Some alarm of the service.
    Service,
}

/// When a kind of alarm goes off: so many of the last periods are beyond the threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Timing {
    /// The length of a period, seconds.
    pub(crate) period: i64,
    /// How many periods are looked at.
    pub(crate) periods: i64,
    /// In how many of them it has to be.
    pub(crate) of_them: i64,
}

/// Five minutes: what is one fault is seldom told twice.
const PERIOD: i64 = 300;

/// The page of the manual that has a section for each kind.
const PAGE: &str = "docs/alarms.md";

impl Kind {
    /// All of them, in the order of the manual.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 18] = [
        Self::Service,
        Self::DeadLetters,
        Self::QueueAge,
        Self::ApiErrors,
        Self::ApiLatency,
        Self::ExecutionFailures,
        Self::ExecutionTimeouts,
        Self::ExecutionAborts,
        Self::ExecutionThrottles,
        Self::FunctionErrors,
        Self::EngineErrors,
        Self::EngineSweep,
        Self::ForwarderErrors,
        Self::OutboxDelay,
        Self::ForwarderFailures,
        Self::PipeErrors,
        Self::PipePartialErrors,
        Self::PipeTimeouts,
    ];

    /// What the manual, thresholds and descriptions call it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::DeadLetters => "dead-letters",
            Self::QueueAge => "queue-age",
            Self::ApiErrors => "api-errors",
            Self::ApiLatency => "api-latency",
            Self::ExecutionFailures => "execution-failures",
            Self::ExecutionTimeouts => "execution-timeouts",
            Self::ExecutionAborts => "execution-aborts",
            Self::ExecutionThrottles => "execution-throttles",
            Self::FunctionErrors => "function-errors",
            Self::EngineErrors => "engine-errors",
            Self::EngineSweep => "engine-sweep",
            Self::ForwarderErrors => "forwarder-errors",
            Self::OutboxDelay => "outbox-delay",
            Self::ForwarderFailures => "forwarder-failures",
            Self::PipeErrors => "pipe-errors",
            Self::PipePartialErrors => "pipe-partial-errors",
            Self::PipeTimeouts => "pipe-timeouts",
            Self::Service => "service",
        }
    }

    /// What it watches and when it goes off, as the manual has it.
    #[cfg(test)]
    pub(crate) fn row(self) -> (&'static str, &'static str) {
        match self {
            Self::DeadLetters => ("`ApproximateNumberOfMessagesVisible` of a dead-letter queue", "above 0"),
            Self::QueueAge => ("`ApproximateAgeOfOldestMessage` of a queue", "above `queue-age`"),
            Self::ApiErrors => ("`5xx`, of REST APIs `5XXError`", "above `api-errors`, 0"),
            Self::ApiLatency => {
                ("`Latency`, the slowest hundredth", "above `api-latency`, `5s`, for a quarter of an hour")
            }
            Self::ExecutionFailures => {
                ("`ExecutionsFailed`, less `ExecutionOutcomes`", "above `execution-failures`, 0")
            }
            Self::ExecutionTimeouts => ("`ExecutionsTimedOut`", "above 0"),
            Self::ExecutionAborts => ("`ExecutionsAborted`", "above 0"),
            Self::ExecutionThrottles => ("`ExecutionThrottled`", "above 0 for a quarter of an hour"),
            Self::FunctionErrors => ("`Errors` and `Failures`, less `BusinessErrors`", "above `function-errors`, 0"),
            Self::EngineErrors => ("`Errors` and `Failures` of the engine of workflows on Redis", "above 0"),
            Self::EngineSweep => ("`Sweeps` of that engine", "none for a quarter of an hour"),
            Self::ForwarderErrors => ("`Errors` of the forwarder of an outbox", "above 0"),
            Self::OutboxDelay => ("`IteratorAge` of that forwarder", "above `outbox-delay`, `5m`"),
            Self::ForwarderFailures => ("`EventsFailed` of that forwarder", "above 0"),
            Self::PipeErrors => ("`ExecutionFailed` of a pipe", "above 0"),
            Self::PipePartialErrors => ("`ExecutionPartiallyFailed` of a pipe", "above 0"),
            Self::PipeTimeouts => ("`ExecutionTimeout` of a pipe", "above 0"),
            Self::Service => ("all alarms of the stack", "one of them does"),
        }
    }

    /// When it goes off. An alarm on what runs for long says itself how far it looks back.
    pub(crate) fn timing(self) -> Timing {
        match self {
            // A message that is there stays there, so one look is enough, and an early one is better.
            Self::DeadLetters => Timing { period: 60, periods: 1, of_them: 1 },
            // A single slow minute, or a moment of throttling, is no trouble; a quarter of an hour of it is.
            Self::ApiLatency | Self::ExecutionThrottles | Self::EngineSweep => {
                Timing { period: PERIOD, periods: 3, of_them: 3 }
            }
            // Lambda counts an error at the time of its invocation, which may lie in the period before; and of numbers that are taken
            // from each other, one may come later than the other.
            Self::FunctionErrors | Self::EngineErrors | Self::ForwarderErrors | Self::ExecutionFailures => {
                Timing { period: PERIOD, periods: 2, of_them: 1 }
            }
            Self::QueueAge
            | Self::ApiErrors
            | Self::ExecutionTimeouts
            | Self::ExecutionAborts
            | Self::OutboxDelay
            | Self::ForwarderFailures
            | Self::PipeErrors
            | Self::PipePartialErrors
            | Self::PipeTimeouts
            | Self::Service => Timing { period: PERIOD, periods: 1, of_them: 1 },
        }
    }

    /// Whether it goes off when there is too little of something, and none is worst.
    pub(crate) fn wants_some(self) -> bool {
        matches!(self, Self::EngineSweep)
    }

    /// The description of an alarm: what has happened, what shows more, and the page that says what to do.
    pub(crate) fn description(self, happened: &str, look: &[Part], runbooks: Option<&str>) -> Value {
        let happened = happened.replace('`', "");
        let mut rest = happened.chars();
        let first = rest.next().map(|first| first.to_ascii_uppercase().to_string()).unwrap_or_default();
        let mut parts: Vec<Part> = vec![Part::Literal(format!("{first}{}.", rest.as_str()))];
        if !look.is_empty() {
            parts.push(" Look: ".into());
            parts.extend_from_slice(look);
            parts.push(".".into());
        }
        let page = format!(" Runbook: {}#{}", runbooks.unwrap_or(PAGE), self.word());
        parts.push(Part::Literal(page));
        super::super::value::text(joined(parts))
    }
}

/// Texts beside each other as one.
fn joined(parts: Vec<Part>) -> Vec<Part> {
    let mut joined: Vec<Part> = Vec::new();
    for part in parts {
        match (joined.last_mut(), part) {
            (Some(Part::Literal(before)), Part::Literal(text)) => before.push_str(&text),
            (_, part) => joined.push(part),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::Kind;

    /// What the manual promises is what there is, row by row, each with a section of its own.
    #[test]
    fn the_manual_has_the_kinds_of_alarms() {
        let manual = include_str!("../../../../../docs/alarms.md");
        let rows: Vec<&str> = manual.lines().filter(|line| line.starts_with("| [`")).collect();
        let expected = Kind::ALL.map(|kind| {
            let (word, (watches, when)) = (kind.word(), kind.row());
            format!("| [`{word}`](#{word}) | {watches} | {when} |")
        });
        assert_eq!(rows, expected, "the table of docs/alarms.md should be:\n{}", expected.join("\n"));
        let sections: Vec<&str> = manual.lines().filter_map(|line| line.strip_prefix("### ")).collect();
        assert_eq!(sections, Kind::ALL.map(Kind::word));
    }
}
