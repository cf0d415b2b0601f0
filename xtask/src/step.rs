//! Running one command with a line that says what it is, how it ended and how long it took.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::project;

/// Print one line at once, so that progress shows in logs too.
#[expect(clippy::print_stdout, reason = "progress is what a task prints")]
pub(crate) fn say(line: &str) {
    println!("{line}");
    let _ = std::io::stdout().flush();
}

/// A command in the repository's root.
pub(crate) fn command(program: impl AsRef<Path>, arguments: &[&str]) -> Command {
    let mut command = Command::new(program.as_ref());
    command.args(arguments).current_dir(project::root());
    command
}

/// Run a command with its output kept back: shown only when it fails.
pub(crate) fn quietly(title: &str, command: &mut Command) -> Result<(), String> {
    let start = Instant::now();
    let output = command.stdin(Stdio::null()).output().map_err(|error| cannot_start(command, &error))?;
    if output.status.success() {
        say(&format!("  ok    {title} ({:.1} s)", start.elapsed().as_secs_f64()));
        return Ok(());
    }
    say(&format!("  FAIL  {title} ({:.1} s)", start.elapsed().as_secs_f64()));
    say(&indented(&output.stdout));
    say(&indented(&output.stderr));
    Err(format!("{title}: {} ended with {}", shown(command), output.status))
}

/// Run a command whose own output is the progress.
pub(crate) fn loudly(title: &str, command: &mut Command) -> Result<(), String> {
    let start = Instant::now();
    let status = command.stdin(Stdio::null()).status().map_err(|error| cannot_start(command, &error))?;
    let seconds = start.elapsed().as_secs_f64();
    if status.success() {
        say(&format!("  ok    {title} ({seconds:.1} s)"));
        Ok(())
    } else {
        say(&format!("  FAIL  {title} ({seconds:.1} s)"));
        Err(format!("{title}: {} ended with {status}", shown(command)))
    }
}

/// What a command prints on its standard output, when it succeeds; nothing when it fails or is not there.
pub(crate) fn output_of(program: &str, arguments: &[&str]) -> Option<String> {
    let output = command(program, arguments).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

fn cannot_start(command: &Command, error: &std::io::Error) -> String {
    format!("cannot run {}: {error}", shown(command))
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

fn indented(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).lines().map(|line| format!("        {line}")).collect::<Vec<_>>().join("\n")
}
