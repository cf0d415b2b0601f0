//! How fast executions are carried through Redis, for `tests/bench/workflows.py`.
//!
//!     workflow_bench REDIS_URL DEFINITION run WORKERS SECONDS
//!     workflow_bench REDIS_URL DEFINITION fill EXECUTIONS
//!
//! `run`: each worker starts an execution, carries it through its steps with [`Carrier::work_on`], as a worker of the pull transport
//! does, and starts the next one when it has ended; handlers do nothing. They share four connections.
//! Prints a line of JSON. `fill`: stores copies of a finished execution until there are so many.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use evc_workflow::store::{Redis, Store};
use evc_workflow::{
    Carrier, Chance, Definition, ExecutionId, Job, Started, TaskError, Worked, dispatches, start, work_number,
};
use futures_util::future::try_join_all;
use serde_json::json;

type Failed = Box<dyn std::error::Error + Send + Sync>;

const NAMESPACE: &str = "bench";

/// How many connections workers share, at most one each. Those of one connection wait for each other: their commands are read, and
/// answered, together. With many connections, it is the system calls that cost.
const CONNECTIONS: usize = 4;

/// What all workers share.
struct Bench {
    /// One a connection.
    links: Vec<(Redis, Carrier)>,
    definition: Definition,
    /// Tells this run's executions from those of earlier ones.
    run: u128,
    started: AtomicU64,
    until: Instant,
}

/// How long things took, in microseconds.
#[derive(Default)]
struct Times {
    steps: Vec<u64>,
    workflows: Vec<u64>,
}

fn main() -> Result<(), Failed> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match arguments.as_slice() {
        [url, definition, "run", workers, seconds] => {
            let seconds = Duration::from_secs_f64(seconds.parse()?);
            runtime.block_on(measure(url, definition, workers.parse()?, seconds))
        }
        [url, definition, "fill", executions] => runtime.block_on(fill(url, definition, executions.parse()?)),
        _ => Err("workflow_bench REDIS_URL DEFINITION run WORKERS SECONDS | fill EXECUTIONS".into()),
    }
}

async fn measure(url: &str, definition: &str, workers: usize, time: Duration) -> Result<(), Failed> {
    let bench = bench(url, definition, workers, time).await?;
    let begin = Instant::now();
    let mut times = Times::default();
    for done in try_join_all((0..workers).map(|number| worker(&bench, number % CONNECTIONS))).await? {
        times.steps.extend(done.steps);
        times.workflows.extend(done.workflows);
    }
    let seconds = begin.elapsed().as_secs_f64();
    times.steps.sort_unstable();
    times.workflows.sort_unstable();
    #[expect(clippy::cast_precision_loss, reason = "counts of one run")]
    let rate = |count: usize| count as f64 / seconds;
    let line = json!({
        "transitions": rate(times.steps.len()),
        "workflows": rate(times.workflows.len()),
        "step": quantiles(&times.steps),
        "workflow": quantiles(&times.workflows),
        "executions": times.workflows.len(),
    });
    println(&line.to_string());
    Ok(())
}

async fn bench(url: &str, definition: &str, workers: usize, time: Duration) -> Result<Bench, Failed> {
    let text = std::fs::read_to_string(definition)?;
    let definition = Definition::parse(&text)?;
    let mut links = Vec::new();
    for _ in 0..workers.min(CONNECTIONS) {
        let store = Redis::open(url, NAMESPACE)?;
        store.put_definition(definition.id(), &text).await?;
        links.push((store.clone(), Carrier::new(Arc::new(store), None)));
    }
    let run = std::time::SystemTime::UNIX_EPOCH.elapsed()?.as_nanos();
    let started = AtomicU64::new(0);
    Ok(Bench { links, definition, run, started, until: Instant::now() + time })
}

async fn worker(bench: &Bench, link: usize) -> Result<Times, Failed> {
    let mut times = Times::default();
    while Instant::now() < bench.until {
        let begin = Instant::now();
        execute(bench, link, &mut times.steps).await?;
        times.workflows.push(micros(begin));
    }
    Ok(times)
}

/// One execution, from its start to its end; adds how long each step took, from the end of the one before to its own.
async fn execute(bench: &Bench, link: usize, steps: &mut Vec<u64>) -> Result<ExecutionId, Failed> {
    let Bench { links, definition, .. } = bench;
    let (store, carrier) = links.get(link).ok_or("no such connection")?;
    let number = bench.started.fetch_add(1, Ordering::Relaxed);
    let id = ExecutionId::new(definition.workflow(), &format!("{}-{number}", bench.run));
    let input = json!({ "orderId": format!("order-{number}"), "amount": 4990, "items": ["apple", "pear"] });
    let now_ms = u64::try_from(std::time::SystemTime::UNIX_EPOCH.elapsed()?.as_millis())?;
    let begun = start(definition, &id, input, now_ms, Chance::fixed(number))?;
    if store.start(&begun).await? != Started::Now {
        return Err("an execution of this name was there".into());
    }
    let (task, _) = dispatches(&id, &begun.transition).pop().ok_or("it ended at once")?;
    let begin = Mutex::new(Instant::now());
    let done = Mutex::new(Vec::with_capacity(8));
    let lap = || {
        let mut begin = begin.lock().unwrap_or_else(PoisonError::into_inner);
        done.lock().unwrap_or_else(PoisonError::into_inner).push(micros(*begin));
        *begin = Instant::now();
    };
    let handler = async |job: Job<'_>| -> Result<String, TaskError> {
        // The first step's time has its claim in it.
        if work_number(job.task.seq) > 1 {
            lap();
        }
        Ok(format!(r#"{{"done":true,"number":{number}}}"#))
    };
    if carrier.work_on(&task, Duration::from_mins(1), &|_| true, &handler).await? != Worked::Done {
        return Err("the step was not to be claimed".into());
    }
    lap();
    steps.append(&mut done.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(id)
}

/// Stores copies of a finished execution until there are this many of them.
async fn fill(url: &str, definition: &str, executions: u64) -> Result<(), Failed> {
    /// Copies in one round trip.
    const BATCH: u64 = 500;
    let bench = bench(url, definition, 1, Duration::ZERO).await?;
    let finished = execute(&bench, 0, &mut Vec::new()).await?;
    let mut connection = redis::Client::open(url)?.get_multiplexed_async_connection().await?;
    let (store, _) = bench.links.first().ok_or("no connection")?;
    let keys = store.keys();
    let key = |id: &ExecutionId, kind: &str| format!("evc:{{{NAMESPACE}.{}}}:{kind}:{}", keys.partition(id), id.0);
    let set = |id: &ExecutionId, kind: &str| format!("evc:{{{NAMESPACE}.{}}}:{kind}", keys.partition(id));
    let dump = |kind: &str| redis::cmd("DUMP").arg(key(&finished, kind)).to_owned();
    let state: Vec<u8> = dump("x").query_async(&mut connection).await?;
    let now_ms = u64::try_from(std::time::SystemTime::UNIX_EPOCH.elapsed()?.as_millis())?;
    for batch in 0..executions.div_ceil(BATCH) {
        let mut pipe = redis::pipe();
        for number in batch * BATCH..executions.min((batch + 1) * BATCH) {
            let id = ExecutionId::new(finished.workflow(), &format!("{}-copy-{number}", bench.run));
            pipe.cmd("RESTORE").arg(key(&id, "x")).arg(0).arg(&state).ignore();
            for kind in ["all", "done"] {
                pipe.cmd("ZADD").arg(set(&id, kind)).arg(now_ms).arg(&id.0).ignore();
            }
        }
        pipe.query_async::<()>(&mut connection).await?;
    }
    Ok(())
}

/// Milliseconds: the median and the 99th percentile.
fn quantiles(sorted: &[u64]) -> serde_json::Value {
    let at = |part: usize| {
        sorted.get(sorted.len() * part / 100).map(|micros| {
            #[expect(clippy::cast_precision_loss, reason = "durations")]
            let millis = *micros as f64 / 1000.0;
            millis
        })
    };
    json!({ "p50": at(50), "p99": at(99) })
}

fn micros(begin: Instant) -> u64 {
    u64::try_from(begin.elapsed().as_micros()).unwrap_or(u64::MAX)
}

#[expect(clippy::print_stdout, reason = "the result of the measurement")]
fn println(line: &str) {
    println!("{line}");
}
