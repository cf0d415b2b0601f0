use super::{Engine, Execution, Workflow, execution_name};
use crate::testing::World;
use crate::{Context, Error, Kind, grant};
use serde_json::json;

struct Ship;
impl Workflow for Ship {
    type Input = String;
    type Output = u32;
    const NAME: &'static str = "ship";
    const ENGINE: Engine = Engine::StepFunctions { env: "STATE_MACHINE_SHIP" };
}

struct Order;
impl grant::Start<Ship> for Order {}
impl grant::Describe<Ship> for Order {}

async fn get(cx: &Context, name: &str) -> Result<Option<Execution<u32>>, Error> {
    cx.executions::<Ship, Order>().get(name).await
}

#[tokio::test]
async fn an_execution_is_started_once_under_its_name() {
    let world = World::new();
    let cx = world.context("order");
    let ship = cx.executions::<Ship, Order>();
    assert_eq!(get(&cx, "1").await.expect("asked"), None);
    for input in ["a", "b"] {
        ship.start("1", &input.to_owned()).await.expect("started");
    }
    let started: Vec<_> = world.executions().into_iter().map(|one| (one.workflow, one.name, one.input)).collect();
    assert_eq!(started, [("ship", "1".to_owned(), json!("a"))]);
    assert_eq!(get(&cx, "1").await.expect("asked"), Some(Execution::Running));
    world.end_execution::<Ship>("1", Execution::Succeeded(json!(3)));
    assert_eq!(get(&cx, "1").await.expect("asked"), Some(Execution::Succeeded(3)));
}

#[tokio::test]
async fn what_an_execution_gives_and_cannot_be_read_is_not_shown() {
    let world = World::new();
    world.end_execution::<Ship>("1", Execution::Succeeded(json!("a secret")));
    let error = get(&world.context("order"), "1").await.expect_err("no number");
    assert_eq!(error.kind(), Kind::Internal);
    assert!(!format!("{error} {error:?}").contains("a secret"), "{error:?}");
}

#[tokio::test]
async fn an_input_over_the_limit_is_refused_before_any_call() {
    let world = World::new();
    let cx = world.context("order");
    let input = "x".repeat(crate::limits::WORKFLOW_PAYLOAD_BYTES - 2);
    cx.executions::<Ship, Order>().start("1", &input).await.expect("just fits");
    let refused = cx.executions::<Ship, Order>().start("2", &format!("{input}x")).await.expect_err("too large");
    assert_eq!((refused.kind(), world.executions().len()), (Kind::TooLarge, 1));
}

#[test]
fn a_name_that_no_engine_takes_is_hashed() {
    assert_eq!(execution_name("order_1-2"), "order_1-2");
    for name in ["", "a/b", "a b", "\u{e9}", &"x".repeat(81)] {
        assert_eq!(execution_name(name).len(), 64, "{name}");
    }
}

/// The starters of workflows make names of the ids of events, by the crate of workflows and by a state machine.
#[cfg(feature = "engine")]
#[test]
fn names_are_made_as_starters_make_them() {
    for name in ["order-1", "", "a/b", &"x".repeat(80), &"x".repeat(81)] {
        assert_eq!(execution_name(name), crate::workflow::message::execution_name(name));
    }
}

#[cfg(feature = "engine")]
mod on_redis {
    use super::*;
    use crate::backend::Services;
    use crate::observe::Metrics;
    use std::sync::Arc;

    struct Pack;
    impl Workflow for Pack {
        type Input = u32;
        type Output = u32;
        const NAME: &'static str = "pack";
        const ENGINE: Engine = Engine::Redis {
            definition: r#"{"evc": 1, "workflow": "pack", "leases": {}, "machine": {"QueryLanguage": "JSONata", "TimeoutSeconds": 60,
                "StartAt": "end", "States": {"end": {"Type": "Succeed", "Output": "{% $states.input * 2 %}"}}}}"#,
        };
    }
    struct Fail;
    impl Workflow for Fail {
        type Input = u32;
        type Output = u32;
        const NAME: &'static str = "fail";
        const ENGINE: Engine = Engine::Redis {
            definition: r#"{"evc": 1, "workflow": "fail", "leases": {}, "machine": {"QueryLanguage": "JSONata", "TimeoutSeconds": 60,
                "StartAt": "end", "States": {"end": {"Type": "Fail", "Error": "Broken", "Cause": "dropped"}}}}"#,
        };
    }
    impl grant::Start<Pack> for Order {}
    impl grant::Describe<Pack> for Order {}
    impl grant::Start<Fail> for Order {}
    impl grant::Describe<Fail> for Order {}

    /// The engine itself, over a store in memory.
    fn context(world: &World) -> Context {
        let services = Services { executions: None, ..world.services() };
        let delivery = world.context("order").delivery().clone();
        Context::new(Arc::new(services), Arc::new(Metrics::new("test".to_owned(), "order")), delivery)
    }

    #[tokio::test]
    async fn the_engine_is_asked() {
        let world = World::new();
        let cx = context(&world);
        let pack = cx.executions::<Pack, Order>();
        assert_eq!(pack.get("1").await.expect("asked"), None);
        for input in [21, 50] {
            pack.start("1", &input).await.expect("started");
        }
        assert_eq!(pack.get("1").await.expect("asked"), Some(Execution::Succeeded(42)));
        let fail = cx.executions::<Fail, Order>();
        fail.start("1", &1).await.expect("started");
        let failed = Execution::Failed { error: "Broken".to_owned(), cause: Some("dropped".to_owned()) };
        assert_eq!(fail.get("1").await.expect("asked"), Some(failed));
    }
}
