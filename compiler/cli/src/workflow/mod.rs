//! `evc workflow`: looks after executions of workflows on Redis. The only part that knows the runtime's store, and through it Redis.

mod change;
mod history;
mod list;
mod server;
mod show;
mod text;
mod timeline;

use evc_workflow::{Error, ExecutionId, Kind, Status};
use serde::Serialize;

use super::{Exit, console};

/// Look at executions of workflows on Redis, answer what they wait for, end them, or let them go on.
///
/// An execution is named WORKFLOW/NAME, as `evc workflow list` shows it; its name is the id of the event that started it. Step
/// Functions has its own console and commands: this is about workflows with `engine: redis`.
#[derive(Debug, clap::Args)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Examples:\n  \
        export EVC_REDIS_URL='rediss://cache.example.com:6379?cluster=true'\n  \
        export EVC_WORKFLOW_NAMESPACE=orders-prod\n  \
        evc workflow list --status failed --since 24h\n  \
        evc workflow show fulfil-order/0197a2f0\n  \
        evc workflow signal fulfil-order/0197a2f0 --answer '{\"approved\": true}'\n  \
        evc workflow retry fulfil-order/0197a2f0\n\n\
        Exit codes: 0 done, 1 there is no such execution or it is not in a state for that, 2 usage, 3 the server does not answer."
)]
pub(super) struct Arguments {
    #[command(flatten)]
    server: server::Arguments,
    /// Print one JSON document.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    List(list::Arguments),
    Show(show::Arguments),
    History(history::Arguments),
    Signal(change::Signal),
    Cancel(change::Cancel),
    Retry(change::Retry),
}

/// Why a command did not do what it was asked for.
#[derive(Debug)]
enum Problem {
    /// The command line is wrong.
    Usage(String),
    /// There is nothing to do it to, or it cannot be done any more.
    Impossible(String),
    /// What the server or the way to it said.
    Server(String),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error.kind() {
            Kind::InvalidInput | Kind::TooLarge => Self::Impossible(error.message().to_owned()),
            Kind::AccessDenied if error.message().contains("NOAUTH") => {
                Self::Server(format!("{}: set `EVC_REDIS_PASSWORD`", error.message()))
            }
            _ => Self::Server(error.message().to_owned()),
        }
    }
}

/// Runs a command against the server that the options name.
pub(super) fn run(arguments: &Arguments) -> Exit {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            console::fail(&format!("cannot start: {error}"));
            return Exit::Io;
        }
    };
    let (text, exit) = match runtime.block_on(answer(arguments)) {
        Ok(text) => return done(&text),
        Err(Problem::Usage(text)) => (text, Exit::Usage),
        Err(Problem::Impossible(text)) => (text, Exit::Diagnostics),
        Err(Problem::Server(text)) => (text, Exit::Io),
    };
    console::fail(&text::plain(&text));
    exit
}

fn done(text: &str) -> Exit {
    console::print(text);
    Exit::Clean
}

async fn answer(arguments: &Arguments) -> Result<String, Problem> {
    let server = server::connect(&arguments.server).await?;
    let json = arguments.json;
    match &arguments.command {
        Command::List(arguments) => list::run(arguments, &server, json).await,
        Command::Show(arguments) => show::run(arguments, &server, json).await,
        Command::History(arguments) => history::run(arguments, &server, json).await,
        Command::Signal(arguments) => change::signal(arguments, &server, json).await,
        Command::Cancel(arguments) => change::cancel(arguments, &server, json).await,
        Command::Retry(arguments) => change::retry(arguments, &server, json).await,
    }
}

/// One JSON document, for programs.
fn to_json(value: &impl Serialize) -> String {
    // These structs hold texts, numbers and JSON; none of those can fail to serialize.
    serde_json::to_string_pretty(value).map_or_else(|error| format!("{error}\n"), |json| json + "\n")
}

/// The execution that an argument names.
fn execution(text: &str) -> Result<ExecutionId, String> {
    match text.split_once('/') {
        Some((workflow, name)) if !workflow.is_empty() && !name.is_empty() => Ok(ExecutionId(text.to_owned())),
        _ => Err("expected WORKFLOW/NAME, as `evc workflow list` shows it".to_owned()),
    }
}

fn not_there(execution: &ExecutionId) -> Problem {
    Problem::Impossible(format!(
        "there is no execution `{}` in this namespace; finished ones are kept for some days only",
        execution.0
    ))
}

/// The word for a status.
fn word(status: Status) -> &'static str {
    match status {
        Status::Running => "running",
        Status::Succeeded => "succeeded",
        Status::Failed => "failed",
        Status::TimedOut => "timed-out",
        Status::Aborted => "cancelled",
    }
}
