//! `evc workflow` against a real redis-server: executions that the runtime starts are listed, shown, signalled, cancelled and retried.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says why it did nothing"
)]

#[path = "../../../runtime/workflow/tests/support/mod.rs"]
mod redis;

use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use evc_workflow::planner::Event;
use evc_workflow::store::{Filter, Redis, Store};
use evc_workflow::{Carrier, Claim, Definition, Error, ExecutionId, Phase, TaskRef};
use serde_json::{Value as Json, json};

const NAMESPACE: &str = "orders-test";

/// What the server asks for, and no output may show.
const PASSWORD: &str = "s3cret/pass word";

/// A server with a password, and the runtime on it.
struct World {
    server: redis::Server,
    store: Arc<dyn Store>,
    carrier: Carrier,
    runtime: tokio::runtime::Runtime,
}

/// A workflow that charges, asks whether to ship, and waits an hour.
fn definition() -> String {
    let call = |function: &str, resource: &str, next: Json| {
        let payload = json!({
            "evc": { "execution": "{% $states.context.Execution.Id %}", "step": function },
            "input": { "orderId": "{% $input.orderId %}" },
        });
        let mut state = json!({
            "Type": "Task",
            "Resource": format!("arn:aws:states:::lambda:invoke{resource}"),
            "Arguments": { "FunctionName": function, "Payload": payload },
        });
        let fields = state.as_object_mut().expect("an object");
        fields.extend(next.as_object().expect("an object").clone());
        state
    };
    let machine = json!({
        "QueryLanguage": "JSONata",
        "StartAt": "Start",
        "TimeoutSeconds": 86_400,
        "States": {
            "Start": { "Type": "Pass", "Assign": { "input": "{% $states.input %}" }, "Next": "charge" },
            "charge": call("charge", "", json!({ "Next": "approval" })),
            "approval": call("ask", ".waitForTaskToken", json!({
                "Assign": { "approval": "{% $states.result %}" },
                "Output": "{% $states.result %}",
                "End": true,
            })),
        },
    });
    let leases = json!({ "charge": 40, "ask": 40 });
    json!({ "evc": 1, "workflow": "fulfil-order", "leases": leases, "machine": machine }).to_string()
}

impl World {
    /// `None`, with a message, where there is no redis-server.
    fn new() -> Option<Self> {
        if Command::new("redis-server").arg("--version").stdout(Stdio::null()).status().is_err() {
            eprintln!("skipped: there is no redis-server; `cargo xtask setup` installs it");
            return None;
        }
        let server = redis::Server::start(redis::Kind::Redis);
        server.command(&["CONFIG", "SET", "requirepass", PASSWORD]);
        let url = format!("redis://:{}@127.0.0.1:{}", PASSWORD.replace('/', "%2F").replace(' ', "%20"), server.port());
        let store: Arc<dyn Store> = Arc::new(Redis::open(&url, NAMESPACE).expect("a URL"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        Some(Self { server, carrier: Carrier::new(store.clone(), None), store, runtime })
    }

    fn start(&self, name: &str) {
        let text = definition();
        let definition = Definition::parse(&text).expect("a definition");
        let started = self.runtime.block_on(async {
            self.store.put_definition(definition.id(), &text).await?;
            self.carrier.start(&definition, name, json!({ "orderId": "7", "card": "4111" })).await
        });
        started.expect("a started execution");
    }

    /// Does the only work of an execution that is handed out.
    fn work(&self, name: &str, answer: Result<Json, &str>) {
        let worked: Result<(), Error> = self.runtime.block_on(async {
            let execution = ExecutionId::new("fulfil-order", name);
            let view = self.store.view(&execution).await?.expect("an execution");
            let open = view.open.iter().find(|open| open.phase == Phase::Dispatched).expect("some work");
            let task = TaskRef {
                execution: execution.clone(),
                slot: open.slot,
                seq: open.seq,
                function: open.function.clone(),
            };
            let Claim::Claimed { snapshot, .. } = self.store.claim(&task, 7).await? else { panic!("not claimed") };
            let claimed_ms = snapshot.now_ms;
            let event = match answer {
                Ok(output) => Event::Succeeded { slot: open.slot, output, claimed_ms },
                Err(error) => Event::Failed { slot: open.slot, error: error.to_owned(), cause: None, claimed_ms },
            };
            let until = tokio::time::Instant::now() + std::time::Duration::from_secs(10);
            self.carrier.carry(&execution, snapshot, Some((open.slot, open.seq)), event, until).await?;
            Ok(())
        });
        worked.expect("work that is done");
    }

    /// Runs the command as a user would, with the URL and the password in the environment.
    fn evc(&self, arguments: &[&str]) -> Ended {
        let output = Command::new(env!("CARGO_BIN_EXE_evc"))
            .arg("workflow")
            .args(arguments)
            .env("EVC_REDIS_URL", format!("redis://127.0.0.1:{}", self.server.port()))
            .env("EVC_REDIS_PASSWORD", PASSWORD)
            .env("EVC_WORKFLOW_NAMESPACE", NAMESPACE)
            .env("COLUMNS", "110")
            .env_remove("CLICOLOR_FORCE")
            .stdin(Stdio::null())
            .output()
            .expect("evc runs");
        Ended::of(&output)
    }

    fn json(&self, arguments: &[&str]) -> Json {
        let ended = self.evc(&[arguments, &["--json"]].concat());
        assert_eq!(ended.code, Some(0), "{arguments:?}: {}", ended.error);
        serde_json::from_str(&ended.output).expect("one JSON document")
    }
}

#[derive(Debug)]
struct Ended {
    code: Option<i32>,
    output: String,
    error: String,
}

impl Ended {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let ended = Self { code: output.status.code(), output: text(&output.stdout), error: text(&output.stderr) };
        for shown in [&ended.output, &ended.error] {
            assert!(!shown.contains("s3cret"), "the password is shown: {shown}");
            assert!(!shown.contains('\u{1b}'), "colours where there is no terminal: {shown}");
        }
        ended
    }
}

#[test]
fn executions_are_listed_shown_signalled_cancelled_and_retried() {
    let Some(world) = World::new() else { return };
    for name in ["a", "b", "c"] {
        world.start(name);
        // Starts of one millisecond have no order that a list could show.
        std::thread::sleep(std::time::Duration::from_millis(3));
    }

    // List: latest first, in pages, by status and time.
    let all = world.json(&["list"]);
    let names = |list: &Json| -> Vec<String> {
        let executions = list["executions"].as_array().expect("executions").iter();
        executions.map(|execution| execution["name"].as_str().expect("a name").to_owned()).collect()
    };
    assert_eq!(names(&all), ["c", "b", "a"]);
    assert_eq!(all["executions"][0]["status"], "running");
    let first = world.json(&["list", "--limit", "2"]);
    let second = world.json(&["list", "--limit", "2", "--after", first["next"].as_str().expect("a cursor")]);
    assert_eq!((names(&first).join(""), names(&second).join("")), ("cb".to_owned(), "a".to_owned()));
    assert_eq!(names(&world.json(&["list", "--status", "failed"])), [""; 0]);
    assert_eq!(names(&world.json(&["list", "--workflow", "another"])), [""; 0]);
    assert_eq!(names(&world.json(&["list", "--since", "1h"])).len(), 3);
    assert_eq!(names(&world.json(&["list", "--since", "2999-01-01T00:00:00Z"])), [""; 0]);
    let text = world.evc(&["list"]);
    assert!(text.output.starts_with("EXECUTION ") && text.output.contains("fulfil-order/a  running"), "{text:?}");

    let none = world.evc(&["list", "--namespace", "nosuch"]);
    assert!(none.code == Some(0) && none.output == "no executions in namespace `nosuch`\n", "{none:?}");
    let none = world.evc(&["list", "--workflow", "other", "--status", "failed"]);
    assert_eq!(none.output, "no failed executions of `other` in namespace `orders-test`\n");

    // Show, before and while a step waits for a signal.
    let queued = world.json(&["show", "fulfil-order/a"]);
    assert_eq!((&queued["status"], &queued["steps"][0]["step"]), (&json!("running"), &json!("charge")));
    assert_eq!(queued["steps"][0]["attempts"][0]["result"], "queued");
    world.work("a", Ok(json!("charged")));
    world.work("a", Ok(json!("asked")));
    let shown = world.evc(&["show", "fulfil-order/a"]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    for part in ["fulfil-order/a  running", "charge    succeeded", "waits for signal", "--step approval --answer JSON"]
    {
        assert!(shown.output.contains(part), "no `{part}` in\n{}", shown.output);
    }
    assert!(!shown.output.contains("4111"), "payloads are shown only where they are asked for");
    assert_eq!(world.json(&["show", "fulfil-order/a", "--payloads"])["input"]["card"], "4111");

    // Signal: what is wrong first.
    let wrong = world.evc(&["signal", "fulfil-order/a", "--answer", "yes"]);
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
    let wrong = world.evc(&["signal", "fulfil-order/a", "--step", "charge", "--answer", "1"]);
    assert!(wrong.code == Some(1) && wrong.error.contains("`approval`"), "{wrong:?}");
    let wrong = world.evc(&["signal", "fulfil-order/b", "--answer", "1"]);
    assert!(wrong.code == Some(1) && wrong.error.contains("it is running"), "{wrong:?}");
    let done = world.json(&["signal", "fulfil-order/a", "--answer", r#"{"approved": true}"#]);
    assert_eq!(done, json!({ "execution": "fulfil-order/a", "done": "signalled" }));
    let ended = world.json(&["show", "fulfil-order/a", "--payloads"]);
    assert_eq!((&ended["status"], &ended["output"]), (&json!("succeeded"), &json!({ "approved": true })));
    let again = world.evc(&["signal", "fulfil-order/a", "--answer", "1"]);
    assert!(again.code == Some(1) && again.error.contains("it is succeeded"), "{again:?}");

    // Cancel: never without being asked or told.
    let asked = world.evc(&["cancel", "fulfil-order/b"]);
    assert!(asked.code == Some(2) && asked.error.contains("--yes"), "{asked:?}");
    assert_eq!(world.json(&["show", "fulfil-order/b"])["status"], "running");
    let cancelled = world.evc(&["cancel", "fulfil-order/b", "--yes", "--cause", "twice"]);
    assert_eq!(cancelled.code, Some(0), "{cancelled:?}");
    let shown = world.json(&["show", "fulfil-order/b"]);
    assert_eq!((&shown["status"], &shown["cause"]), (&json!("cancelled"), &json!("twice")));
    assert_eq!(world.evc(&["cancel", "fulfil-order/b", "--yes"]).code, Some(1));

    // Retry: what failed goes on where it stopped.
    assert_eq!(world.evc(&["retry", "fulfil-order/a"]).code, Some(1));
    world.work("c", Err("Declined"));
    assert_eq!(names(&world.json(&["list", "--status", "failed"])), ["c"]);
    assert_eq!(world.evc(&["retry", "fulfil-order/c"]).code, Some(0));
    world.work("c", Ok(json!("charged")));
    let history = world.json(&["history", "fulfil-order/c"]);
    let events: Vec<&str> =
        history["events"].as_array().expect("events").iter().filter_map(|event| event["event"].as_str()).collect();
    assert_eq!(
        events,
        ["started", "dispatched", "failed", "ended", "retried", "dispatched", "succeeded", "dispatched"]
    );
    let text = world.evc(&["history", "fulfil-order/c", "--limit", "3"]);
    assert!(text.output.contains("5 earlier events") && text.output.contains("succeeded"), "{text:?}");

    // What is not there.
    for command in ["show", "history", "retry"] {
        let nobody = world.evc(&[command, "fulfil-order/nobody"]);
        assert!(nobody.code == Some(1) && nobody.error.contains("there is no execution"), "{command}: {nobody:?}");
    }
    assert_eq!(world.evc(&["show", "nobody"]).code, Some(2));
}

#[test]
fn a_server_that_is_not_there_is_an_error_of_its_own() {
    let run = |environment: &[(&str, &str)], arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_evc"));
        command.arg("workflow").args(arguments).env_remove("EVC_REDIS_URL").env_remove("EVC_WORKFLOW_NAMESPACE");
        command.envs(environment.iter().copied());
        Ended::of(&command.output().expect("evc runs"))
    };
    let nowhere = run(&[], &["list", "--namespace", "x"]);
    assert!(nowhere.code == Some(2) && nowhere.error.contains("EVC_REDIS_URL"), "{nowhere:?}");
    let unnamed = run(&[("EVC_REDIS_URL", "redis://:s3cret@127.0.0.1:9")], &["list"]);
    assert!(unnamed.code == Some(2) && unnamed.error.contains("--namespace"), "{unnamed:?}");
    let closed = run(&[("EVC_REDIS_URL", "redis://:s3cret@127.0.0.1:9")], &["list", "--namespace", "x"]);
    assert!(closed.code == Some(3) && closed.error.contains("cannot reach the cache at 127.0.0.1:9"), "{closed:?}");
    let other = run(&[("EVC_REDIS_URL", "http://:s3cret@127.0.0.1:9")], &["list", "--namespace", "x"]);
    assert_eq!(other.code, Some(2), "{other:?}");
    for (url, said) in [
        ("redis://:s3cret@127.0.0.1:9?clustr=true", "`clustr`"),
        ("redis://:s3cret@127.0.0.1:9/1?cluster=true", "database 0"),
        ("redis://someone@127.0.0.1:9", "EVC_REDIS_PASSWORD"),
    ] {
        let refused = run(&[("EVC_REDIS_URL", url)], &["list", "--namespace", "x"]);
        assert!(refused.code == Some(2) && refused.error.contains(said), "{url}: {refused:?}");
    }
    // Help says where a value may come from, and not the value.
    let help = run(&[("EVC_REDIS_URL", "redis://:s3cret@127.0.0.1:9")], &["list", "--help"]);
    assert!(help.code == Some(0) && help.output.contains("EVC_REDIS_URL"), "{help:?}");
}

#[test]
fn a_server_that_says_nothing_is_left_after_a_few_seconds() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let limit = std::time::Duration::from_secs(8);
    let expected = [
        ("rediss", "", "did not answer the TLS handshake in time; if it has no TLS, its URL begins with `redis://`"),
        ("rediss", "?cluster=true", "did not answer the TLS handshake in time"),
        ("redis", "", "did not answer in time"),
    ];
    for (scheme, query, said) in expected {
        let url = format!("{scheme}://:s3cret@{address}{query}");
        let began = std::time::Instant::now();
        let mut command = Command::new(env!("CARGO_BIN_EXE_evc"));
        command.args(["workflow", "list", "--namespace", "x"]).env("EVC_REDIS_URL", &url).stdin(Stdio::null());
        let silent = Ended::of(&command.output().expect("evc runs"));
        assert!(silent.code == Some(3) && silent.error.contains(said), "{url}: {silent:?}");
        assert!(began.elapsed() < limit, "{url}: {:?}", began.elapsed());
    }
    // A handler has no first contact, and repeats what it asks for a while; a list asks many partitions at once.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let store = Redis::open(&format!("rediss://{address}"), NAMESPACE).expect("a URL");
    let began = std::time::Instant::now();
    let error = runtime.block_on(store.list(&Filter::default(), None, 10)).expect_err("nobody answers");
    assert!(began.elapsed() < limit * 2, "{:?}", began.elapsed());
    assert!(error.message().contains("TLS handshake"), "{error}");
}

#[test]
fn what_a_server_refuses_is_said_with_what_helps() {
    if Command::new("redis-server").arg("--version").stdout(Stdio::null()).status().is_err() {
        eprintln!("skipped: there is no redis-server; `cargo xtask setup` installs it");
        return;
    }
    let server = redis::Server::start(redis::Kind::Redis);
    let list = |account: &str, query: &str| {
        let url = format!("redis://{account}127.0.0.1:{}{query}", server.port());
        let mut command = Command::new(env!("CARGO_BIN_EXE_evc"));
        command.args(["workflow", "list", "--namespace", "taken"]).env("EVC_REDIS_URL", url).stdin(Stdio::null());
        Ended::of(&command.env_remove("EVC_REDIS_PASSWORD").output().expect("evc runs"))
    };
    let refused = |ended: Ended, said: &str| {
        assert!(ended.code == Some(3) && ended.error.contains(said), "no `{said}` in {ended:?}");
    };
    refused(list("", "?cluster=true"), "not in cluster mode: take `?cluster=true` out of its URL");
    server.command(&["SET", "evc:{taken.0}:all", "1"]);
    refused(list("", ""), "something else than evc uses the keys of this namespace (WRONGTYPE)");
    server.command(&["CONFIG", "SET", "requirepass", PASSWORD]);
    refused(list("", ""), "asks for a password (NOAUTH): set `EVC_REDIS_PASSWORD`");
    refused(list("", "?cluster=true"), "asks for a password (NOAUTH): set `EVC_REDIS_PASSWORD`");
    refused(list(":other@", ""), "does not take this user and password");
}
