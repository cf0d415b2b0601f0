//! `evc workflow signal`, `cancel` and `retry`: what changes an execution. The engine of the stack finds within a minute what is to be
//! done next, since nothing is sent from here.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use evc_workflow::ops::Signalled;
use evc_workflow::{ExecutionId, Status, Token, Waiting, waits, work_number};
use serde::Serialize;
use serde_json::Value as Json;

use super::server::Server;
use super::{Problem, execution, not_there, text, to_json, word};
use crate::console;
use evc_compiler::diagnostics::list;

/// Answer a step that waits for a signal, or let it fail.
///
/// The step is named by its execution (and its name, if several wait), or by the token that its function was given. The answer is not
/// held against the type that the spec declares: the expressions after it see what is given here.
#[derive(Debug, clap::Args)]
#[command(
    group = clap::ArgGroup::new("what").required(true),
    group = clap::ArgGroup::new("whom").required(true),
    after_help = "Examples:\n  \
        evc workflow signal fulfil-order/0197a2f0 --answer '{\"approved\": true, \"by\": \"eva\"}'\n  \
        evc workflow signal fulfil-order/0197a2f0 --step approval --answer-file answer.json\n  \
        evc workflow signal order-dinner/0197a2f0 --work 12 --answer '\"fish\"'\n  \
        evc workflow signal --token evc2.kJ3Vx0… --error Refused --cause 'too expensive'"
)]
pub(super) struct Signal {
    /// The execution: WORKFLOW/NAME.
    #[arg(value_name = "EXECUTION", value_parser = execution, group = "whom")]
    execution: Option<ExecutionId>,
    /// The step, if several wait.
    #[arg(long, value_name = "STEP", conflicts_with = "token")]
    step: Option<String>,
    /// The number that `evc workflow history` prints for the work that waits: for one of several items at a step.
    #[arg(long, value_name = "NUMBER", conflicts_with = "token")]
    work: Option<u64>,
    /// The token of the wait, in place of the execution.
    #[arg(long, value_name = "TOKEN", group = "whom")]
    token: Option<String>,
    /// The answer, as JSON.
    #[arg(long, value_name = "JSON", group = "what")]
    answer: Option<String>,
    /// A file with the answer, as JSON; `-` is standard input.
    #[arg(long, value_name = "FILE", group = "what")]
    answer_file: Option<PathBuf>,
    /// Let the step fail with this error, which it may catch.
    #[arg(long, value_name = "NAME", group = "what")]
    error: Option<String>,
    /// Why it fails.
    #[arg(long, value_name = "TEXT", requires = "error")]
    cause: Option<String>,
}

/// End an execution that is under way.
///
/// Its steps are not undone: an undo that the spec declares is for errors. What a handler is doing just now is done to its end, and its
/// result is refused.
#[derive(Debug, clap::Args)]
pub(super) struct Cancel {
    /// The execution: WORKFLOW/NAME.
    #[arg(value_name = "EXECUTION", value_parser = execution)]
    execution: ExecutionId,
    /// Why, for those who look at it later.
    #[arg(long, value_name = "TEXT")]
    cause: Option<String>,
    /// Do not ask. Needed where there is no terminal to ask at.
    #[arg(long, short = 'y')]
    yes: bool,
}

/// Let an execution that failed, timed out or was cancelled go on at the step where it stopped.
///
/// It keeps its definition and its variables, and its time begins again. Steps before the one where it stopped are not done again; but
/// if that is within a `parallel` or a `for-each`, the outermost one begins anew, with all its branches and rounds. An execution that
/// ended in a `fail` step stops there again.
#[derive(Debug, clap::Args)]
pub(super) struct Retry {
    /// The execution: WORKFLOW/NAME.
    #[arg(value_name = "EXECUTION", value_parser = execution)]
    execution: ExecutionId,
}

pub(super) async fn signal(arguments: &Signal, server: &Server, json: bool) -> Result<String, Problem> {
    let answer = answer(arguments)?;
    let (token, execution) = match (&arguments.token, &arguments.execution) {
        (Some(token), _) => {
            let read = Token::read(token);
            let read = read.ok_or_else(|| Problem::Usage("this is no token of a workflow on Redis".to_owned()))?;
            (token.clone(), read.execution)
        }
        (None, Some(execution)) => {
            let wait = waiting(server, execution, arguments).await?;
            (wait.token(execution).write(), execution.clone())
        }
        (None, None) => return Err(Problem::Usage("name an execution or a token".to_owned())),
    };
    // Who has the cache's credentials may answer whatever waits.
    match server.carrier.signal(&token, |_, _| true, answer).await? {
        Signalled::Delivered => Ok(done(&execution, "signalled", "the step that waited goes on", json)),
        Signalled::Over => Err(Problem::Impossible(format!(
            "nothing waits for this answer any more: `{}` had one before, ran out of time, or is over",
            execution.0
        ))),
    }
}

/// What the step is answered with.
fn answer(arguments: &Signal) -> Result<Result<Json, (String, Option<String>)>, Problem> {
    if let Some(error) = &arguments.error {
        return Ok(Err((error.clone(), arguments.cause.clone())));
    }
    let text = match (&arguments.answer, &arguments.answer_file) {
        (Some(text), _) => text.clone(),
        (None, Some(path)) => read(path)?,
        (None, None) => return Err(Problem::Usage("give an answer or an error".to_owned())),
    };
    serde_json::from_str(&text).map(Ok).map_err(|error| {
        Problem::Usage(format!("the answer is not JSON: {error}; a text is written with quotes: '\"yes\"'"))
    })
}

fn read(path: &Path) -> Result<String, Problem> {
    let text = if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(path)
    };
    text.map_err(|error| Problem::Server(format!("cannot read `{}`: {error}", path.display())))
}

/// The wait that is meant: the one of this step or number, or the only one.
async fn waiting(server: &Server, execution: &ExecutionId, arguments: &Signal) -> Result<Waiting, Problem> {
    let Some(snapshot) = server.store.load(execution).await? else { return Err(not_there(execution)) };
    let definition = server.carrier.definition(&snapshot.definition).await?;
    let waits = waits(&definition, &snapshot)?;
    let (step, work) = (arguments.step.as_deref(), arguments.work);
    let names: Vec<&str> = waits.iter().map(|wait| wait.step.as_str()).collect();
    let chosen: Vec<&Waiting> = waits
        .iter()
        .filter(|wait| step.is_none_or(|step| step == wait.step))
        .filter(|wait| work.is_none_or(|work| work == work_number(wait.seq)))
        .collect();
    match (chosen.as_slice(), names.as_slice()) {
        ([wait], _) => Ok((*wait).clone()),
        ([], []) => Err(Problem::Impossible(format!(
            "no step of `{}` waits for a signal; it is {}",
            execution.0,
            word(snapshot.status)
        ))),
        ([], names) => {
            Err(Problem::Impossible(format!("that step does not wait for a signal; those that do: {}", list(names))))
        }
        (_, names) if step.is_none() && names.iter().any(|name| *name != names[0]) => {
            Err(Problem::Usage(format!("several steps wait for a signal: say `--step` and one of {}", list(names))))
        }
        (chosen, _) => {
            let numbers: Vec<String> = chosen.iter().map(|wait| work_number(wait.seq).to_string()).collect();
            let message =
                "several items wait at this step: say `--work` and the number that `evc workflow history` has for one";
            Err(Problem::Usage(format!("{message}: {}", list(&numbers.iter().map(String::as_str).collect::<Vec<_>>()))))
        }
    }
}

pub(super) async fn cancel(arguments: &Cancel, server: &Server, json: bool) -> Result<String, Problem> {
    let id = &arguments.execution;
    let Some(snapshot) = server.store.load(id).await? else { return Err(not_there(id)) };
    if snapshot.status != Status::Running {
        return Err(over(id, snapshot.status));
    }
    if !arguments.yes {
        let question = format!("Cancel `{}`? Its steps are not undone.", text::plain(&id.0));
        match console::confirm(&question) {
            Some(true) => {}
            Some(false) => return Err(Problem::Impossible("not cancelled".to_owned())),
            None => return Err(Problem::Usage("there is no terminal to ask at: say `--yes`".to_owned())),
        }
    }
    if server.carrier.cancel(id, arguments.cause.clone()).await? {
        return Ok(done(id, "cancelled", "it ended", json));
    }
    // Somebody was faster.
    Err(over(id, status(server, id).await?))
}

pub(super) async fn retry(arguments: &Retry, server: &Server, json: bool) -> Result<String, Problem> {
    let id = &arguments.execution;
    let now = status(server, id).await?;
    if matches!(now, Status::Running | Status::Succeeded) {
        return Err(over(id, now));
    }
    if server.carrier.retry(id).await? {
        return Ok(done(id, "retried", "it goes on where it stopped", json));
    }
    Err(over(id, status(server, id).await?))
}

async fn status(server: &Server, id: &ExecutionId) -> Result<Status, Problem> {
    server.store.load(id).await?.map(|snapshot| snapshot.status).ok_or_else(|| not_there(id))
}

fn over(id: &ExecutionId, status: Status) -> Problem {
    Problem::Impossible(format!("`{}` is {}", id.0, word(status)))
}

fn done(execution: &ExecutionId, what: &'static str, means: &str, json: bool) -> String {
    #[derive(Serialize)]
    struct Document<'a> {
        execution: &'a str,
        done: &'static str,
    }
    if json {
        return to_json(&Document { execution: &execution.0, done: what });
    }
    let late = if what == "cancelled" { "" } else { ", within a minute: the engine sends its work" };
    format!("{what} `{}`: {means}{late}\n", text::plain(&execution.0))
}
