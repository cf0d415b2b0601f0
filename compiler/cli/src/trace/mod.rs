//! `evc trace`: what came of one cause in a running `evc dev`, as a tree.

mod client;
mod hop;
pub(super) mod tree;

use serde_json::{Value, json};

use self::client::Failure;
use super::{Exit, console};

/// Show what came of a request, an event or an execution in a running `evc dev`, as a tree
///
/// Each hop stands below its cause, with the time since the first of them: what ran, what was written, which rules matched and which nearly
/// did, what failed and why. What is looked for is the number of a hop, an id (of a request, an event, a message), the name of an execution,
/// or a value in what was sent or written, such as an order's id. Where several causes have it, they are listed.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 shown, 1 nothing has it, 3 no `evc dev` answers.\n\n\
    Examples:\n  evc trace\n  evc trace --last\n  evc trace 7c1f0a52-6bd0-4f6e-9f6d-0d2f7f6f8a11\n  evc trace 4182 --json | jq '.hops[].text'")]
pub(super) struct Arguments {
    /// What to look for. Without it, the latest causes are listed.
    #[arg(value_name = "ID", conflicts_with = "last")]
    id: Option<String>,
    /// Show what happened last.
    #[arg(long)]
    last: bool,
    /// The port of 127.0.0.1 at which the AWS services of `evc dev` answer.
    #[arg(long, value_name = "PORT", default_value_t = 4566)]
    port: u16,
    /// The address at which they answer, if it is another one: `http://127.0.0.1:4566`.
    #[arg(long, value_name = "URL", conflicts_with = "port")]
    endpoint: Option<String>,
    /// Print the hops, or the causes, as JSON.
    #[arg(long)]
    json: bool,
}

/// How many causes are listed.
const LISTED: usize = 20;

/// Asks `evc dev`, and prints what it tells.
pub(super) fn run(arguments: &Arguments) -> Exit {
    let endpoint = arguments.endpoint.clone().unwrap_or_else(|| format!("http://127.0.0.1:{}", arguments.port));
    match show(arguments, &endpoint) {
        Ok(exit) => exit,
        Err(Failure::Unreachable(why)) => {
            console::fail(&format!("no `evc dev` answers at {endpoint}: {why}"));
            console::tell("  help: start one with `evc dev SPEC`, or say where it is with `--port` or `--endpoint`");
            Exit::Io
        }
        Err(Failure::Answer(why)) => {
            console::fail(&why);
            Exit::Diagnostics
        }
    }
}

fn show(arguments: &Arguments, endpoint: &str) -> Result<Exit, Failure> {
    let number = arguments.id.as_deref().and_then(|id| id.parse::<u64>().ok());
    if let Some(number) = number
        && let Ok(told) = client::get(endpoint, &format!("/_evc/trace/{number}"))
    {
        print_tree(&told, arguments.json);
        return Ok(Exit::Clean);
    }
    let most = if arguments.last { 1 } else { LISTED };
    let find = arguments.id.as_deref().map(|id| format!("&find={}", client::encoded(id))).unwrap_or_default();
    let told = client::get(endpoint, &format!("/_evc/causes?most={most}{find}"))?;
    let causes = hop::causes(&told);
    let one = arguments.last || arguments.id.is_some();
    match (causes.as_slice(), &arguments.id) {
        ([], Some(id)) => {
            console::fail(&format!("nothing that `evc dev` remembers has `{id}` in it"));
            Ok(Exit::Diagnostics)
        }
        ([], None) => {
            console::tell("nothing has happened yet");
            Ok(Exit::Clean)
        }
        ([only], _) if one => {
            let told = client::get(endpoint, &format!("/_evc/trace/{}", only.first.id))?;
            print_tree(&told, arguments.json);
            Ok(Exit::Clean)
        }
        _ => {
            if arguments.json {
                console::print(&format!("{}\n", json!({ "causes": told.get("causes") })));
            } else {
                console::print(&listed(&told, console::line_width()));
                console::tell("`evc trace NUMBER` shows what came of one");
            }
            Ok(Exit::Clean)
        }
    }
}

fn print_tree(told: &Value, as_json: bool) {
    if as_json {
        console::print(&format!("{told}\n"));
    } else {
        console::print(&drawn(told, console::line_width()));
    }
}

/// The tree of the hops that an answer of `evc dev` has.
pub(super) fn drawn(told: &Value, width: Option<usize>) -> String {
    tree::of(&hop::hops(told), width)
}

/// The causes that an answer of `evc dev` has, a line each.
pub(super) fn listed(told: &Value, width: Option<usize>) -> String {
    tree::list(&hop::causes(told), width)
}
