//! The processes of handlers: spawned when there is work and none is free, one invocation at a time each, as environments of Lambda are.

use std::collections::{BTreeMap, VecDeque};
use std::process::Stdio;
use std::sync::Arc;

use evc_interface::environment;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::Command;
use tokio::sync::Notify;

use super::{Host, Programs, lock};
use crate::sim::lambda::{Ended, Function, Order};

/// What the access keys of handlers begin with; the number of the process follows.
pub(crate) const ACCESS_KEY: &str = "AKIAEVCLOCAL";

/// An invocation, as a process is given it.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    pub(crate) invocation: u64,
    pub(crate) request_id: String,
    pub(crate) payload: String,
    /// By this machine's clock.
    pub(crate) deadline_ms: u64,
}

/// A process of a handler.
struct Process {
    function: Arc<Function>,
    /// What it is to do next.
    given: VecDeque<Given>,
    /// What it does.
    busy: Option<Given>,
    /// The number of what it was given last, done or not.
    last: Option<u64>,
    /// It waits, or has just begun.
    work: Arc<Notify>,
    /// Ends it.
    end: Arc<Notify>,
    /// Of an older build: it takes no further work.
    old: bool,
}

impl Process {
    fn is_free(&self) -> bool {
        self.busy.is_none() && self.given.is_empty() && !self.old
    }
}

/// All processes.
pub(crate) struct Pool {
    programs: Programs,
    endpoint: String,
    /// The server that is the cache of the stacks.
    cache: Option<String>,
    processes: BTreeMap<u64, Process>,
    last: u64,
}

impl Pool {
    pub(crate) fn new(programs: Programs, endpoint: &str, cache: Option<String>) -> Self {
        // A process of a system before this one, which was killed, may still ask: it is nobody here.
        let last = super::random_seed() >> 24;
        Self { programs, endpoint: endpoint.to_owned(), cache, processes: BTreeMap::new(), last }
    }

    pub(crate) fn replace(&mut self, programs: Programs) {
        self.programs = programs;
        for process in self.processes.values_mut() {
            if process.is_free() {
                process.end.notify_one();
            }
            process.old = true;
        }
    }

    /// The function of a process, and the invocation that it has.
    pub(crate) fn of_process(&self, number: u64) -> Option<(Arc<Function>, Option<u64>)> {
        let process = self.processes.get(&number)?;
        Some((process.function.clone(), process.busy.as_ref().map(|given| given.invocation)))
    }
}

/// Carries out what a system orders.
pub(crate) fn carry_out(host: &Arc<Host>, order: Order) {
    match order {
        Order::Invoke { invocation, function, payload, deadline_ms, request_id } => {
            let deadline_ms = deadline_ms.saturating_sub(host.ahead_ms());
            give(host, &function, Given { invocation, request_id, payload, deadline_ms });
        }
        Order::Restart { function } => {
            let mut pool = lock(&host.pool);
            for process in pool.processes.values_mut().filter(|it| it.function.arn == function) {
                if process.is_free() {
                    process.end.notify_one();
                }
                process.old = true;
            }
        }
        Order::Kill { invocation } => {
            let mut pool = lock(&host.pool);
            let has_it = |process: &Process| {
                process.last == Some(invocation) || process.given.iter().any(|given| given.invocation == invocation)
            };
            if let Some(process) = pool.processes.values_mut().find(|process| has_it(process)) {
                process.old = true;
                process.end.notify_one();
            }
        }
    }
}

fn give(host: &Arc<Host>, arn: &str, given: Given) {
    let mut pool = lock(&host.pool);
    if let Some(process) = pool.processes.values_mut().find(|it| it.function.arn == arn && it.is_free()) {
        process.given.push_back(given);
        process.work.notify_one();
        return;
    }
    drop(pool);
    let function = lock(&host.system).functions().find(arn).cloned();
    let Some(function) = function else { return };
    spawn(host, &function, given);
}

fn failed(host: &Arc<Host>, invocation: u64, name: &str, message: String) {
    let (host, name) = (host.clone(), name.to_owned());
    tokio::spawn(
        async move { host.with(|system| system.invocation_ended(invocation, Ended::Error { name, message })) },
    );
}

fn spawn(host: &Arc<Host>, function: &Arc<Function>, given: Given) {
    let invocation = given.invocation;
    let (number, command) = {
        let mut pool = lock(&host.pool);
        pool.last += 1;
        let number = pool.last;
        (number, pool.programs.get(&function.binary).map(|program| command(program, &pool, function, number)))
    };
    let Some(mut command) = command else {
        let message = format!("{} is not built: see what cargo said", function.binary);
        return failed(host, invocation, "Runtime.InvalidEntrypoint", message);
    };
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return failed(host, invocation, "Runtime.InvalidEntrypoint", error.to_string()),
    };
    let (work, end) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let process = Process {
        function: function.clone(),
        given: VecDeque::from([given]),
        busy: None,
        last: None,
        work,
        end: end.clone(),
        old: false,
    };
    lock(&host.pool).processes.insert(number, process);
    if let Some(out) = child.stdout.take() {
        tokio::spawn(read_log(host.clone(), number, out));
    }
    if let Some(err) = child.stderr.take() {
        tokio::spawn(read_log(host.clone(), number, err));
    }
    let host = host.clone();
    let input = child.stdin.take();
    tokio::spawn(async move {
        // To wait would close it.
        let _input = input;
        let status = tokio::select! {
            status = child.wait() => status.map(|status| status.to_string()).unwrap_or_default(),
            () = end.notified() => {
                // It is gone already if that fails.
                let _ = child.kill().await;
                "signal: killed".to_owned()
            }
        };
        let Some(process) = lock(&host.pool).processes.remove(&number) else { return };
        for given in process.busy.into_iter().chain(process.given) {
            let message = format!("RequestId: {} Error: Runtime exited with error: {status}", given.request_id);
            let ended = Ended::Error { name: "Runtime.ExitError".to_owned(), message };
            host.with(|system| system.invocation_ended(given.invocation, ended));
        }
    });
}

/// The environment of a handler: its own variables and those of Lambda, and nothing of this process's.
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime>
fn command(program: &std::path::Path, pool: &Pool, function: &Function, number: u64) -> Command {
    let endpoint = &pool.endpoint;
    let mut command = Command::new(program);
    command.env_clear().envs(&function.environment).kill_on_drop(true);
    // A handler ends when the pipe does: `evc_runtime::dev`.
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if let Some(cache) = pool.cache.as_ref().filter(|_| function.environment.contains_key(environment::CACHE_ENDPOINT))
    {
        command.env(environment::CACHE_ENDPOINT, cache).env(environment::CACHE_AUTH, environment::cache_auth::NONE);
        command.env(environment::CACHE_CLUSTER, "false").env(environment::CACHE_SERVERLESS, "false");
    }
    let region = function.arn.split(':').nth(3).unwrap_or("us-east-1");
    // With its scheme: without one, the client of the Runtime API takes no path.
    let runtime_api = format!("{endpoint}/fn/{number}");
    let access_key = format!("{ACCESS_KEY}{number}");
    let memory = function.memory_mb.to_string();
    for (name, value) in [
        // The program may be that of all handlers of its stack.
        (environment::DEV_HANDLER, function.binary.as_str()),
        ("AWS_LAMBDA_RUNTIME_API", &runtime_api),
        ("AWS_LAMBDA_FUNCTION_NAME", &function.name),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &memory),
        ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
        ("AWS_LAMBDA_LOG_LEVEL", "INFO"),
        ("AWS_REGION", region),
        ("AWS_DEFAULT_REGION", region),
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_ACCESS_KEY_ID", &access_key),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("TZ", ":UTC"),
        ("RUST_BACKTRACE", "1"),
    ] {
        command.env(name, value);
    }
    command
}

/// Takes the lines that a handler writes as the log of what it does.
async fn read_log(host: Arc<Host>, number: u64, out: impl AsyncRead + Unpin) {
    let mut lines = BufReader::new(out).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let process = lock(&host.pool).of_process(number);
        let Some((function, invocation)) = process else { return };
        host.with(|system| system.logged(&function, invocation, &line));
    }
}

impl Host {
    /// Waits for the next invocation of a process. `None` if there is no such process any more.
    pub(crate) async fn next_invocation(self: &Arc<Self>, number: u64) -> Option<(Arc<Function>, Given)> {
        loop {
            let work = {
                let mut pool = lock(&self.pool);
                let process = pool.processes.get_mut(&number)?;
                if let Some(given) = process.given.pop_front() {
                    process.busy = Some(given.clone());
                    process.last = Some(given.invocation);
                    return Some((process.function.clone(), given));
                }
                if process.old {
                    process.end.notify_one();
                    return None;
                }
                process.work.clone()
            };
            work.notified().await;
        }
    }

    /// Takes what a process answers to an invocation; false if it has no such invocation.
    pub(crate) fn answered(self: &Arc<Self>, number: u64, request_id: &str, ended: Ended) -> bool {
        let given = {
            let mut pool = lock(&self.pool);
            let Some(process) = pool.processes.get_mut(&number) else { return false };
            if process.busy.as_ref().is_none_or(|given| given.request_id != request_id) {
                return false;
            }
            process.busy.take()
        };
        let Some(given) = given else { return false };
        self.with(|system| system.invocation_ended(given.invocation, ended))
    }
}
