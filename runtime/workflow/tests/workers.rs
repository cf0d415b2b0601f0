//! Workers, sweeps and what people do to executions, against a store in memory.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[macro_use]
mod shop;

use evc_workflow::Kind;
use evc_workflow::ops::Signalled;
use evc_workflow::store::{Memory, Store};
use evc_workflow::sweep::sweep;
use evc_workflow::transport::memory;
use evc_workflow::transport::pull::{PullOptions, PullWorker};
use evc_workflow::{
    Carried, Carrier, Definition, Due, Event, ExecutionId, Job, Outcome, Snapshot, Started, Status, TaskError, TaskRef,
    Token, Worked, outcome,
};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const TIME: Duration = Duration::from_secs(30);

struct Stage {
    clock: Arc<AtomicU64>,
    store: Memory,
    sent: Arc<memory::Memory>,
    carrier: Carrier,
    definition: Definition,
}

impl Stage {
    async fn new(definition: &str) -> Self {
        let clock = Arc::new(AtomicU64::new(1_764_331_200_000));
        let store = Memory::new().with_clock(clock.clone());
        let sent = Arc::new(memory::Memory::default());
        let carrier = Carrier::new(Arc::new(store.clone()), Some(sent.clone()));
        let text = definition;
        let definition = Definition::parse(text).expect("a definition");
        store.put_definition(definition.id(), text).await.expect("kept");
        Self { clock, store, sent, carrier, definition }
    }

    async fn start(&self, input: Value) -> ExecutionId {
        assert_eq!(self.carrier.start(&self.definition, "1", input).await.expect("memory"), Started::Now);
        ExecutionId::new(self.definition.workflow(), "1")
    }

    /// The one piece of work of which there is word.
    fn word(&self) -> TaskRef {
        let mut sent = self.sent.take();
        assert_eq!(sent.len(), 1, "{sent:?}");
        sent.remove(0).0
    }

    async fn work(&self, task: &TaskRef, answer: impl Fn(&Job<'_>) -> Result<Value, TaskError>) -> Worked {
        let run = async |job: Job<'_>| answer(&job).map(|output| output.to_string());
        self.carrier.work(task, TIME, run).await.expect("memory")
    }

    async fn outcome(&self) -> Outcome {
        let execution = ExecutionId::new(self.definition.workflow(), "1");
        let snapshot = self.store.load(&execution).await.expect("memory").expect("an execution");
        outcome(&snapshot.state).expect("an outcome")
    }

    async fn sweep(&self) -> evc_workflow::sweep::Swept {
        sweep(&self.carrier, None, TIME).await.expect("memory")
    }

    fn pass(&self, seconds: u64) {
        self.clock.fetch_add(seconds * 1000, Ordering::Relaxed);
    }
}

fn error(name: &str) -> TaskError {
    TaskError { name: name.to_owned(), message: "as the test wants it".to_owned(), of_function: true }
}

fn machine(first: &str, states: &Value) -> String {
    json!({
        "evc": 1, "workflow": "w", "leases": { "ask": 10, "pay": 10 },
        "machine": { "QueryLanguage": "JSONata", "TimeoutSeconds": 3600, "StartAt": first, "States": states },
    })
    .to_string()
}

/// Asks, and waits for an answer for a minute.
fn asking() -> String {
    let payload = json!({
        "evc": { "execution": "{% $states.context.Execution.Id %}", "step": "ask", "token": "{% $states.context.Task.Token %}" },
        "input": {},
    });
    machine(
        "ask",
        &json!({
            "ask": { "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "TimeoutSeconds": 60,
                     "Arguments": { "FunctionName": "ask", "Payload": payload },
                     "Catch": [{ "ErrorEquals": ["Refused"], "Next": "refused" }], "Next": "done" },
            "refused": { "Type": "Succeed", "Output": "refused" },
            "done": { "Type": "Succeed" },
        }),
    )
}

/// The token that the function is given.
async fn ask(stage: &Stage) -> String {
    let token = RefCell::new(String::new());
    let answer = |job: &Job<'_>| {
        let payload: Value = serde_json::from_str(job.payload).expect("JSON");
        payload["evc"]["token"].as_str().expect("a token").clone_into(&mut token.borrow_mut());
        Ok(json!("asked"))
    };
    assert_eq!(stage.work(&stage.word(), answer).await, Worked::Done);
    token.into_inner()
}

/// Tokens of the same wait that nobody was given: made of what can be known, of another secret, of a secret that is off by a bit.
fn forgeries(token: &str) -> Vec<String> {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let told = Token::read(token).expect("a token");
    let bytes = URL_SAFE_NO_PAD.decode(token.trim_start_matches("evc2.")).expect("base64");
    let with = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = bytes.clone();
        change(&mut bytes);
        format!("evc2.{}", URL_SAFE_NO_PAD.encode(bytes))
    };
    let mut forged: Vec<String> = (0..128).map(|bit| with(&|bytes| bytes[bit / 8] ^= 1 << (bit % 8))).collect();
    // As tokens were before they had a secret.
    forged.push(Token { secret: None, ..told.clone() }.write());
    forged.push(with(&|bytes| bytes[..16].fill(0)));
    // The right secret, and another wait.
    forged.push(Token { seq: told.seq + 1, ..told.clone() }.write());
    forged.push(Token { slot: told.slot + 1, ..told.clone() }.write());
    forged.push(Token { execution: ExecutionId::new("w", "2"), ..told }.write());
    forged
}

#[tokio::test]
async fn a_step_that_waits_for_a_signal_goes_on_with_the_first() {
    let stage = Stage::new(&asking()).await;
    stage.start(json!({})).await;
    let token = ask(&stage).await;
    assert_eq!(stage.outcome().await.status, Status::Running);
    for forged in forgeries(&token) {
        let answered = stage.carrier.signal(&forged, |_, _| true, Ok(json!("forged"))).await;
        assert_eq!(answered.expect("memory"), Signalled::Over, "{forged}");
    }
    let another = stage.carrier.signal(&token, |_, step| step != "ask", Ok(json!("another's"))).await;
    assert_eq!(another.expect_err("not to be answered").kind(), Kind::InvalidInput);
    let signal = async |answer| stage.carrier.signal(&token, |_, _| true, answer).await.expect("memory");
    assert_eq!(signal(Ok(json!({ "yes": true }))).await, Signalled::Delivered);
    assert_eq!(signal(Err(("Refused".to_owned(), None))).await, Signalled::Over);
    assert_eq!(stage.outcome().await.output, Some(json!({ "yes": true })));
    let unknown = stage.carrier.signal("AQCEAAAAKgAAAAMAAAAA", |_, _| true, Ok(json!(1))).await;
    assert_eq!(unknown.expect_err("another engine's token").kind(), Kind::InvalidInput);
}

#[tokio::test]
async fn a_step_that_waits_for_a_signal_can_be_refused_and_does_not_wait_for_ever() {
    let stage = Stage::new(&asking()).await;
    stage.start(json!({})).await;
    let token = ask(&stage).await;
    let refused = stage.carrier.signal(&token, |_, _| true, Err(("Refused".to_owned(), Some("no".to_owned())))).await;
    assert_eq!(refused.expect("memory"), Signalled::Delivered);
    assert_eq!(stage.outcome().await.output, Some(json!("refused")));

    let stage = Stage::new(&asking()).await;
    stage.start(json!({})).await;
    let token = ask(&stage).await;
    stage.pass(60);
    stage.sweep().await;
    assert_eq!(stage.outcome().await.error.as_deref(), Some("States.Timeout"));
    assert_eq!(stage.carrier.signal(&token, |_, _| true, Ok(json!(1))).await.expect("memory"), Signalled::Over);
}

/// Pays, and ends.
fn paying() -> String {
    let payload = json!({ "evc": { "execution": "e", "step": "pay" }, "input": {} });
    machine(
        "pay",
        &json!({ "pay": { "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
                          "Arguments": { "FunctionName": "pay", "Payload": payload },
                          "Output": "{% $states.result.Payload %}", "End": true } }),
    )
}

#[tokio::test]
async fn an_execution_that_is_cancelled_ends_and_what_was_under_way_changes_nothing() {
    let stage = Stage::new(&paying()).await;
    let execution = stage.start(json!({})).await;
    let word = stage.word();
    let cancelled = stage.carrier.cancel(&execution, Some("not wanted".to_owned())).await;
    assert!(cancelled.expect("memory"));
    assert_eq!(stage.outcome().await.status, Status::Aborted);
    assert_eq!(stage.work(&word, |_| panic!("not to be done")).await, Worked::Dropped);
    assert!(!stage.carrier.cancel(&execution, None).await.expect("memory"), "it is over");
    let missing = stage.carrier.cancel(&ExecutionId::new("w", "2"), None).await;
    assert_eq!(missing.expect_err("there is none").kind(), Kind::InvalidInput);
}

#[tokio::test]
async fn an_execution_that_failed_goes_on_where_it_stopped() {
    let stage = Stage::new(&paying()).await;
    let execution = stage.start(json!({})).await;
    assert!(!stage.carrier.retry(&execution).await.expect("memory"), "it is under way");
    stage.work(&stage.word(), |_| Err(error("Broke"))).await;
    assert_eq!(stage.outcome().await.error.as_deref(), Some("Broke"));
    assert!(stage.carrier.retry(&execution).await.expect("memory"));
    assert_eq!(stage.outcome().await.status, Status::Running);
    stage.work(&stage.word(), |_| Ok(json!("paid"))).await;
    assert_eq!(stage.outcome().await.output, Some(json!("paid")));
    assert!(!stage.carrier.retry(&execution).await.expect("memory"), "it ended well");
}

#[tokio::test]
async fn without_a_transport_what_follows_is_left_to_the_sweep() {
    let stage = Stage::new(&paying()).await;
    let alone = Carrier::new(Arc::new(stage.store.clone()), None);
    alone.start(&stage.definition, "1", json!({})).await.expect("memory");
    assert!(stage.sent.take().is_empty());
    stage.pass(10);
    assert_eq!(stage.sweep().await.sent, 1);
    stage.work(&stage.word(), |_| Ok(json!("paid"))).await;
    assert_eq!(stage.outcome().await.status, Status::Succeeded);
}

#[tokio::test]
async fn what_is_lost_is_sent_again_less_and_less_often() {
    let stage = Stage::new(&paying()).await;
    stage.start(json!({})).await;
    stage.carrier.acknowledge().await;
    let mut times = Vec::new();
    for seconds in 0..400 {
        stage.sweep().await;
        times.extend((!stage.sent.take().is_empty() && seconds > 0).then_some(seconds));
        stage.pass(1);
    }
    assert_eq!(times, [60, 180], "after a minute, two, four");
}

#[tokio::test]
async fn sweeps_at_once_move_an_execution_once() {
    let stage = Stage::new(&paying()).await;
    stage.start(json!({})).await;
    let word = stage.word();
    // Its worker dies in the handler.
    let died = stage.carrier.work(&word, TIME, async |_| std::future::pending().await);
    assert!(tokio::time::timeout(Duration::from_millis(1), died).await.is_err());
    stage.pass(10);
    let others: Vec<_> = (0..4).map(|_| Carrier::new(Arc::new(stage.store.clone()), None)).collect();
    let sweeps = others.iter().map(|carrier| sweep(carrier, None, TIME));
    let swept: Vec<_> = futures_util::future::join_all(sweeps).await;
    let moved: usize = swept.into_iter().map(|swept| swept.expect("memory").moved).sum();
    assert_eq!((moved, stage.outcome().await.error.as_deref()), (1, Some("Lambda.Unknown")));
}

#[tokio::test]
async fn an_execution_that_takes_too_long_ends() {
    let stage = Stage::new(&paying()).await;
    stage.start(json!({})).await;
    stage.pass(3600);
    stage.sweep().await;
    assert_eq!(stage.outcome().await.status, Status::TimedOut);
}

/// What a sweep is shown of the execution's time, which is over.
async fn time_is_over(stage: &Stage) -> (ExecutionId, Snapshot) {
    for partition in 0..stage.store.keys().partitions() {
        for due in stage.store.due(partition, 10).await.expect("memory") {
            if let Due::Timeout(execution, snapshot) = due {
                return (execution, snapshot);
            }
        }
    }
    panic!("its time is not over")
}

/// That sweep goes on, whatever has become of the execution meanwhile.
async fn times_out(stage: &Stage, (execution, shown): &(ExecutionId, Snapshot)) -> Carried {
    let until = tokio::time::Instant::now() + TIME;
    stage.carrier.carry(execution, shown.clone(), None, Event::TimedOut, until).await.expect("memory")
}

#[tokio::test]
async fn a_timeout_of_a_history_that_was_lost_does_not_end_what_was_retried_in_another() {
    let stage = Stage::new(&paying()).await;
    let execution = stage.start(json!({})).await;
    assert!(stage.carrier.cancel(&execution, None).await.expect("memory"));
    let replica = stage.store.model();
    assert!(stage.carrier.retry(&execution).await.expect("memory"));
    stage.pass(3600);
    let shown = time_is_over(&stage).await;
    stage.store.restore(replica);
    assert!(stage.carrier.retry(&execution).await.expect("memory"));
    assert_eq!(times_out(&stage, &shown).await, Carried::Late);
    assert_eq!(stage.outcome().await.status, Status::Running);
    stage.pass(3600);
    let shown = time_is_over(&stage).await;
    assert_eq!(times_out(&stage, &shown).await, Carried::On);
    assert_eq!(stage.outcome().await.status, Status::TimedOut);
}

#[tokio::test]
async fn a_timeout_of_a_start_that_was_lost_does_not_end_what_was_started_again() {
    // Also where clocks make the two starts the same: the replica's is behind.
    for behind in [0, 3600] {
        let stage = Stage::new(&paying()).await;
        let replica = stage.store.model();
        stage.start(json!({})).await;
        stage.pass(3600);
        let shown = time_is_over(&stage).await;
        stage.store.restore(replica);
        stage.clock.fetch_sub(behind * 1000, Ordering::Relaxed);
        stage.start(json!({})).await;
        assert_eq!(times_out(&stage, &shown).await, Carried::Late, "{behind}");
        assert_eq!(stage.outcome().await.status, Status::Running, "{behind}");
    }
}

#[tokio::test]
async fn a_timeout_is_planned_again_after_another_transition_of_the_same_run() {
    let call = |more: Value| {
        let payload = json!({ "evc": { "execution": "e", "step": "pay" }, "input": {} });
        let mut state = json!({ "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
                                "Arguments": { "FunctionName": "pay", "Payload": payload } });
        state.as_object_mut().expect("a state").extend(more.as_object().expect("fields").clone());
        state
    };
    let states = json!({ "first": call(json!({ "Next": "second" })), "second": call(json!({ "End": true })) });
    let stage = Stage::new(&machine("first", &states)).await;
    stage.start(json!({})).await;
    stage.pass(3600);
    let shown = time_is_over(&stage).await;
    assert_eq!(stage.work(&stage.word(), |_| Ok(json!({}))).await, Worked::Done);
    assert_eq!(times_out(&stage, &shown).await, Carried::On);
    assert_eq!(stage.outcome().await.status, Status::TimedOut);
}

#[tokio::test]
async fn branches_that_end_at_once_are_planned_one_after_the_other() {
    let items = 40;
    let payload = json!({ "evc": { "execution": "e", "step": "pay" }, "input": "{% $item %}" });
    let pay = json!({ "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": true,
                      "Arguments": { "FunctionName": "pay", "Payload": payload }, "Output": "{% $states.result.Payload %}" });
    let item = json!({ "Type": "Pass", "Assign": { "item": "{% $states.input %}" }, "Next": "pay" });
    let each = json!({ "Type": "Map", "Items": "{% $states.input %}", "MaxConcurrency": items, "End": true,
                       "ItemProcessor": { "StartAt": "item", "States": { "item": item, "pay": pay } } });
    let stage = Stage::new(&machine("each", &json!({ "each": each }))).await;
    stage.start((0..items).collect()).await;
    let sent = stage.sent.take();
    assert_eq!(sent.len(), items);
    // All are claimed before the first is done.
    let works = sent.iter().map(|(task, _)| async {
        let run = async |job: Job<'_>| {
            tokio::task::yield_now().await;
            let payload: Value = serde_json::from_str(job.payload).expect("JSON");
            Ok(payload["input"].to_string())
        };
        stage.carrier.work(task, TIME, run).await.expect("memory")
    });
    let worked = futures_util::future::join_all(works).await;
    assert!(worked.iter().all(|worked| *worked == Worked::Done));
    assert_eq!(stage.outcome().await.output, Some((0..items).collect()));
}

#[tokio::test]
async fn a_process_carries_executions_to_their_end() {
    const ORDERS: u64 = 12;
    let store = Memory::new();
    let text = shop::definition(shop::LEASE, 1);
    let definition = Definition::parse(&text).expect("a definition");
    store.put_definition(definition.id(), &text).await.expect("kept");
    let functions = shop::FUNCTIONS.into_iter().chain([""]).map(str::to_owned).collect();
    let options = PullOptions { functions, concurrency: 8, sweep: Some(Duration::from_secs(1)) };
    let worker = PullWorker::new(Arc::new(store.clone()), options);
    let watch = async {
        for order in 0..ORDERS {
            worker.carrier().start(&definition, &order.to_string(), shop::input(order)).await.expect("memory");
        }
        for order in 0..ORDERS {
            let execution = ExecutionId::new("shop", &order.to_string());
            let snapshot = loop {
                let snapshot = store.load(&execution).await.expect("memory").expect("an execution");
                if snapshot.status != Status::Running {
                    break snapshot;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            };
            let outcome = outcome(&snapshot.state).expect("an outcome");
            assert_eq!((snapshot.status, outcome.output), (shop::status(order), shop::output(order)));
            let history = store.history(&execution).await.expect("memory");
            let history: Vec<_> = history.into_iter().flat_map(|moment| moment.entries).collect();
            shop::check_history(order, &history);
        }
        worker.stop();
    };
    let calls = std::cell::Cell::new(0);
    let run = async |job: Job<'_>| {
        tokio::task::yield_now().await;
        calls.set(calls.get() + 1);
        shop::handle(&job, calls.get() % 10 == 0 && job.task.function != "charge")
    };
    tokio::join!(worker.run(run), watch);
}

/// Goes from a first step, or a wait, to one whose arguments nobody evaluates in time if the text is long; that is caught.
fn searching(first: &Value) -> String {
    let search = "{% $count($match($input.text, /a.*z|a/)) %}";
    machine(
        "begin",
        &json!({
            "begin": { "Type": "Pass", "Assign": { "input": "{% $states.input %}" }, "Next": "first" },
            "first": first,
            "search": { "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
                        "Arguments": { "FunctionName": "ask", "Payload": { "input": search } },
                        "Catch": [{ "ErrorEquals": ["States.QueryEvaluationError"], "Next": "caught" }], "Next": "done" },
            "caught": { "Type": "Succeed", "Output": "{% 'caught' & $string($length($input.text) > 0) %}" },
            "done": { "Type": "Succeed" },
        }),
    )
}

/// Starts one execution for each; those that are slow have a long text.
async fn start_all(stage: &Stage, are_slow: &[bool]) {
    for (number, is_slow) in are_slow.iter().enumerate() {
        let text = if *is_slow { "a".repeat(400_000) } else { "a".to_owned() };
        let input = json!({ "text": text });
        stage.carrier.start(&stage.definition, &number.to_string(), input).await.expect("memory");
    }
}

/// Where an execution is: how many transitions it has made, and what it ended with.
async fn place(stage: &Stage, number: usize) -> (u64, Option<Value>) {
    let snapshot = stage.store.load(&ExecutionId::new("w", &number.to_string())).await.expect("memory").expect("there");
    (snapshot.version, outcome(&snapshot.state).expect("an outcome").output)
}

#[tokio::test]
async fn slow_expressions_of_a_batch_take_no_other_with_them() {
    let pay = json!({ "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": { "FunctionName": "pay", "Payload": { "input": {} } }, "Next": "search" });
    let stage = Stage::new(&searching(&pay)).await;
    let mut are_slow = [true; 10];
    (are_slow[0], are_slow[9]) = (false, false);
    start_all(&stage, &are_slow).await;
    let tasks: Vec<TaskRef> = stage.sent.take().into_iter().map(|(task, _)| task).collect();
    let begun = std::time::Instant::now();
    let worked = join_all(tasks.iter().map(async |task| {
        let run = async |_: Job<'_>| {
            tokio::task::yield_now().await;
            Ok("{}".to_owned())
        };
        let worked = stage.carrier.work(task, Duration::from_secs(4), run).await;
        (worked, begun.elapsed())
    }))
    .await;
    for (number, (worked, took)) in worked.iter().enumerate() {
        let (transitions, output) = place(&stage, number).await;
        match (are_slow[number], worked) {
            (false, worked) => {
                assert!(matches!(worked, Ok(Worked::Done)) && *took < Duration::from_secs(2), "{worked:?} {took:?}");
                assert_eq!(transitions, 2);
            }
            (true, Ok(_)) => assert_eq!(output, Some(json!("caughttrue"))),
            // It had less time than is fair, and is delivered again.
            (true, Err(error)) => assert_eq!((error.kind(), transitions), (Kind::Timeout, 1)),
        }
    }
    assert!(worked[1].0.is_ok(), "{:?}", worked[1]);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn slow_expressions_keep_no_sweep_from_moving_others() {
    let stage = Stage::new(&searching(&json!({ "Type": "Wait", "Seconds": 5, "Next": "search" }))).await;
    let are_slow = [true, true, true, true, false, true, true, true, false, false];
    start_all(&stage, &are_slow).await;
    let (mut left, mut sweeps) = (usize::MAX, 0);
    while left > 0 {
        stage.pass(60);
        let begun = std::time::Instant::now();
        sweep(&stage.carrier, None, Duration::from_secs(4)).await.expect("memory");
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
        sweeps += 1;
        let before = std::mem::take(&mut left);
        for (number, is_slow) in are_slow.iter().enumerate() {
            let (transitions, output) = place(&stage, number).await;
            if !is_slow {
                assert!(transitions > 1, "{number} was left in sweep {sweeps}");
            } else if output != Some(json!("caughttrue")) {
                left += 1;
            }
        }
        assert!(left < before, "sweep {sweeps} ended none of {before}");
    }
}
