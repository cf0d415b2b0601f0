//! The names of errors: those that the runtime gives to what goes wrong outside the business logic, and those of AWS that both sides know.

/// What kind of failure this is. [`Kind::name`] is what `Retry` and `Catch` of a state machine see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A service did not answer, or answered with a fault of its own: trying again may help.
    Transient,
    /// A service refused for the moment because of the rate of calls: trying again later helps.
    Throttled,
    /// A condition or a version did not hold: somebody else wrote first. Read again, decide again.
    Conflict,
    /// The input is not what the contract says; the message has the path to what is wrong.
    InvalidInput,
    /// An amount of money has more than 15 significant digits.
    MoneyTooPrecise,
    /// An item, an event, a transaction or a result is over a limit of a service.
    TooLarge,
    /// Another invocation with the same idempotency key is running.
    InProgress,
    /// The function failed too often lately: its circuit breaker does not let it run for a while.
    CircuitOpen,
    /// The idempotency key was used before with another payload.
    KeyReused,
    /// Who calls is not known, or is not what the spec says of callers.
    Forbidden,
    /// The service does not allow this call to this function.
    AccessDenied,
    /// The function lacks a setting, or a setting cannot be read.
    Configuration,
    /// The handler panicked.
    Panic,
    /// The invocation would not end before its deadline, or a call in it had no answer before that.
    Timeout,
    /// Anything else; trying again is not known to help.
    Internal,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::Transient,
        Self::Throttled,
        Self::Conflict,
        Self::InvalidInput,
        Self::MoneyTooPrecise,
        Self::TooLarge,
        Self::InProgress,
        Self::CircuitOpen,
        Self::KeyReused,
        Self::Forbidden,
        Self::AccessDenied,
        Self::Configuration,
        Self::Panic,
        Self::Timeout,
        Self::Internal,
    ];

    /// The error name in `errorType`, as `Retry` and `Catch` match it.
    ///
    /// ```
    /// assert_eq!(evc_interface::Kind::Throttled.name(), "Throttled");
    /// ```
    pub const fn name(self) -> &'static str {
        match self {
            Self::Transient => "Transient",
            Self::Throttled => "Throttled",
            Self::Conflict => "Conflict",
            Self::InvalidInput => "InvalidInput",
            Self::MoneyTooPrecise => "MoneyTooPrecise",
            Self::TooLarge => "TooLarge",
            Self::InProgress => "InProgress",
            Self::CircuitOpen => "CircuitOpen",
            Self::KeyReused => "KeyReused",
            Self::Forbidden => "Forbidden",
            Self::AccessDenied => "AccessDenied",
            Self::Configuration => "Configuration",
            Self::Panic => "Panic",
            Self::Timeout => "Timeout",
            Self::Internal => "Internal",
        }
    }

    /// The HTTP status an API caller gets.
    pub fn status(self) -> u16 {
        match self {
            Self::InvalidInput | Self::MoneyTooPrecise => 400,
            Self::Forbidden => 403,
            Self::Conflict | Self::InProgress => 409,
            Self::TooLarge => 413,
            Self::KeyReused => 422,
            Self::Transient | Self::Throttled | Self::CircuitOpen => 503,
            Self::AccessDenied | Self::Configuration | Self::Panic | Self::Internal => 500,
            Self::Timeout => 504,
        }
    }

    /// Whether something that the function depends on, or the function itself, is in trouble: not its input, its callers, or who wrote first.
    pub fn is_of_infrastructure(self) -> bool {
        match self {
            Self::Transient
            | Self::Throttled
            | Self::AccessDenied
            | Self::Configuration
            | Self::Panic
            | Self::Timeout
            | Self::Internal => true,
            Self::Conflict
            | Self::InvalidInput
            | Self::MoneyTooPrecise
            | Self::TooLarge
            | Self::InProgress
            | Self::CircuitOpen
            | Self::KeyReused
            | Self::Forbidden => false,
        }
    }

    /// Whether somebody has to look at it. Who wrote first and who is at work already are part of doing things at the same time: whoever
    /// called brings it again.
    pub const fn is_trouble(self) -> bool {
        !matches!(self, Self::Conflict | Self::InProgress)
    }

    /// Whether trying the same again may succeed.
    pub const fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::Transient | Self::Throttled | Self::Conflict | Self::InProgress | Self::CircuitOpen | Self::Timeout
        )
    }
}

/// The names that Step Functions, and the engine of workflows on Redis as it does, give to what fails in a workflow.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-error-representation>
pub mod states {
    /// Every error but [`RUNTIME`] and [`DATA_LIMIT`]. Stands alone, and last.
    pub const ALL: &str = "States.ALL";
    /// Every failure of a task but a timeout.
    pub const TASK_FAILED: &str = "States.TaskFailed";
    /// A state took too long.
    pub const TIMEOUT: &str = "States.Timeout";
    /// An expression gave nothing, or could not be evaluated.
    pub const QUERY: &str = "States.QueryEvaluationError";
    /// A payload or all variables together are over their limit. Only its own name catches it.
    pub const DATA_LIMIT: &str = "States.DataLimitExceeded";
    /// The machine itself is at fault. Only its own name catches it.
    pub const RUNTIME: &str = "States.Runtime";
    /// No rule of a choice matched.
    pub const NO_CHOICE: &str = "States.NoChoiceMatched";
}

/// A function's process ended, or what it answered is no answer.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html#bp-lambda-serviceexception>
pub const LAMBDA_UNKNOWN: &str = "Lambda.Unknown";

/// Some entry of a `PutEvents` was not taken.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/connect-eventbridge.html>
pub const EVENT_NOT_TAKEN: &str = "EventBridge.FailedEntry";
