//! Physical names: what a resource is called in the account, `orders-prod-create-order`, and the limits AWS has for it.
//!
//! Only what people look for by name has one, and only where replacing the resource does not need another name. The rest is
//! named by CloudFormation.

use indexmap::IndexMap;

use super::value::{Part, Value, text};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::Model;
use crate::source::Span;
use crate::spec::config::MAX_NAME as MAX_PARAMETER_NAME;

/// What is named. Names of one kind are unique in an account and Region.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Named {
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html>
    Function,
    /// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateEventBus.html>
    Bus,
    /// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateArchive.html>
    Archive,
    /// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html>
    StateMachine,
    /// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html>
    LogGroup,
    /// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutResourcePolicy.html>
    LogPolicy,
    /// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html>
    Dashboard,
    /// <https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis.html>
    Api,
    /// A cache, its user and the group of it, which have one name; as long as a replication group's:
    /// <https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html>
    Cache,
    /// <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html>
    Parameter,
}

impl Named {
    /// The most characters AWS takes.
    fn limit(self) -> usize {
        match self {
            Self::Function => 64,
            Self::Bus => 256,
            Self::Archive => 48,
            Self::StateMachine => 80,
            Self::LogGroup => 512,
            Self::LogPolicy | Self::Dashboard => 255,
            Self::Api => 128,
            Self::Cache => 40,
            Self::Parameter => MAX_PARAMETER_NAME,
        }
    }

    fn what(self) -> &'static str {
        match self {
            Self::Function => "a function",
            Self::Bus => "an event bus",
            Self::Archive => "an archive",
            Self::StateMachine => "a state machine",
            Self::LogGroup => "a log group",
            Self::LogPolicy => "a log policy",
            Self::Dashboard => "a dashboard",
            Self::Api => "an API",
            Self::Cache => "a cache",
            Self::Parameter => "a parameter",
        }
    }
}

/// The physical names of a stack.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// By kind, with what stands before and after project and environment.
    taken: IndexMap<(Named, String, String), Span>,
}

/// Most characters of an environment's name where the spec declares none, so that lengths can be checked all the same.
pub(crate) const MAX_ENVIRONMENT: usize = 16;

/// `${ProjectName}-${Environment}`: what every name has in it.
pub(crate) fn of_stack() -> [Part; 3] {
    [Part::Parameter("ProjectName"), "-".into(), Part::Parameter("Environment")]
}

impl Names {
    /// The name `PREFIX${ProjectName}-${Environment}SUFFIX`. The same name for two things of a kind is reported.
    pub(crate) fn take(
        &mut self,
        kind: Named,
        prefix: &str,
        suffix: &str,
        span: Span,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Value {
        let key = (kind, prefix.to_owned(), suffix.to_owned());
        let known = diagnostics.iter().any(|found| found.code == Code::EVC0703 && found.primary.span == span);
        if let Some(first) = self.taken.get(&key) {
            // A function that has the name of another has that of its log group as well.
            if known {
                return Value::string("");
            }
            let message =
                format!("two things would both be {} called `{}`", kind.what(), shown(&key, "PROJECT", "ENV"));
            diagnostics.push(
                Diagnostic::new(Code::EVC0703, span, message)
                    .secondary(*first, "the first is here")
                    .help("rename one of them"),
            );
        } else {
            self.taken.insert(key, span);
        }
        let parts = [prefix.into()].into_iter().chain(of_stack()).chain([suffix.into()]);
        text(parts.filter(|part| *part != Part::Literal(String::new())))
    }

    /// The longest project name with which every name fits, after reporting names that do not fit even with the service's.
    pub(crate) fn longest_project(&self, model: &Model, diagnostics: &mut Vec<Diagnostic>) -> usize {
        let environments = &model.environments;
        let declared = environments.iter().filter(|environment| environment.span.is_some());
        let longest = declared.map(|environment| environment.name.as_str()).max_by_key(|name| name.len());
        let (environment, length) = longest.map_or(("ENVIRONMENT", MAX_ENVIRONMENT), |name| (name, name.len()));
        let service = &model.service.value;
        let mut most = MAX_PROJECT;
        for (key, span) in &self.taken {
            let (kind, prefix, suffix) = key;
            let fixed = prefix.len() + "-".len() + length + suffix.len();
            let room = kind.limit().saturating_sub(fixed);
            if room < service.len() {
                let over = service.len() - room;
                diagnostics.push(
                    Diagnostic::new(
                        Code::EVC0701,
                        *span,
                        format!("the name of {} is {over} characters too long once it is deployed", kind.what()),
                    )
                    .label(format!("`{}`", shown(key, service, environment)))
                    .note(format!("AWS takes at most {} characters", kind.limit()))
                    .help("shorten this name, the service's or the environment's"),
                );
            } else {
                most = most.min(room);
            }
        }
        most
    }
}

/// Longer project names help nobody.
const MAX_PROJECT: usize = 64;

fn shown((_, prefix, suffix): &(Named, String, String), project: &str, environment: &str) -> String {
    format!("{prefix}{project}-{environment}{suffix}")
}
