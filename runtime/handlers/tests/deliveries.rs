//! What a test of a handler can do with deliveries: steps and their attempts, waits and their answers on both engines, work that is done
//! once, failures as the deliverer sees them.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod contract;

use contract::{OrderEvents, OrderStatus, Orders, PaymentProcessed, ProcessPayment, ProcessPaymentInput};
use contract::{ProcessPaymentError, ProcessPaymentOutput, order, orders};
use evc_runtime::testing::{Failed, Fault, Signal, World};
use evc_runtime::{Context, Error, Function, Kind, Source, Unit, grant};
use serde_json::{Value, json};
use std::cell::Cell;
use std::time::Duration;

/// A function as generated crates have them: its context type, input and output.
macro_rules! function {
    ($name:ident, $wire:literal, $input:ty, $output:ty) => {
        struct $name {
            context: Context,
        }

        impl Function for $name {
            type Input = $input;
            type Output = $output;
            type Error = Error;
            const NAME: &'static str = $wire;
            const SOURCES: &'static [Source] = &[Source::Direct, Source::Step];

            fn new(context: Context) -> Self {
                Self { context }
            }
        }

        impl std::ops::Deref for $name {
            type Target = Context;

            fn deref(&self) -> &Context {
                &self.context
            }
        }
    };
}

function!(Ask, "ask", u32, ());
function!(Decide, "decide", (String, bool), ());
function!(Charge, "charge", u32, u32);

impl grant::Signals for Decide {
    const WAITS: &'static [(&'static str, &'static str)] =
        &[("buy", "approved"), ("buy", "refused"), ("buy", "late"), ("buy", "open")];
}
impl grant::Signal<bool> for Decide {
    const WAITS: &'static [(&'static str, &'static str)] = <Self as grant::Signals>::WAITS;
}

/// Hands its token on: to the test, as what it fails with.
async fn ask(cx: &Ask, _: u32) -> Result<(), Error> {
    let token = cx.task_token().ok_or_else(|| Error::new(Kind::Internal, "nobody waits"))?;
    Err(Error::new(Kind::Internal, token.to_owned()))
}

/// Answers, or lets the step fail.
async fn decide(cx: &Decide, (token, approved): (String, bool)) -> Result<(), Error> {
    if approved {
        cx.signal::<Decide, _>(&token, &true).await
    } else {
        cx.signal_error::<Decide>(&token, "Refused", "too expensive").await
    }
}

fn failed(result: Result<impl std::fmt::Debug, Failed>) -> String {
    result.expect_err("it fails").name
}

#[tokio::test]
async fn all_attempts_of_a_step_are_the_same_work() {
    let world = World::new();
    let step = || world.step("charge", "payment").execution("fulfil/1");
    let (first, second) = (step().context(), step().attempt(1).context());
    assert_eq!(first.idempotency_key(), Some("fulfil/1/payment"));
    assert_eq!(first.stable_id(&["payment"]), second.stable_id(&["payment"]));
    let attempts = [&first, &second].map(|cx| cx.step().map(|step| step.attempt));
    assert_eq!(attempts, [Some(0), Some(1)]);
    let others = [
        step().item(0).context(),
        step().item(1).context(),
        step().visit("2").context(),
        step().execution("fulfil/2").context(),
        world.step("charge", "refund").execution("fulfil/1").context(),
    ];
    for other in others {
        assert_ne!(other.idempotency_key(), first.idempotency_key());
        assert_ne!(other.stable_id(&["payment"]), first.stable_id(&["payment"]));
    }
    assert_eq!(first.task_token(), None, "it waits for nothing");
    assert_eq!(world.context("charge").step(), None);
}

/// One wait after the other is answered, refused and given up; `wait` makes the context of the function that asks.
async fn waits(world: &World, wait: impl AsyncFn(&'static str) -> Context) {
    let asked = async |name| {
        let cx = wait(name).await;
        world.deliver::<Ask, _>(cx, &1, ask).await.expect_err("its token").message
    };
    let (approved, refused, late, open) =
        (asked("approved").await, asked("refused").await, asked("late").await, asked("open").await);
    assert_eq!(world.signals(), [], "nobody answered yet");
    let decided =
        async |token: &str, answer| world.deliver::<Decide, _>(world.context("decide"), &(token, answer), decide).await;
    decided(&refused, false).await.expect("answered");
    decided(&approved, true).await.expect("answered");
    assert_eq!(failed(decided(&approved, true).await), "Conflict", "it has its answer");
    assert_eq!(failed(decided(&refused, true).await), "Conflict", "it has its answer");
    world.stop_waiting(&late).await.expect("it waited");
    assert_eq!(failed(decided(&late, true).await), "Conflict", "its time is over");
    let answers = [
        Signal { token: approved, answer: Ok(json!(true)) },
        Signal { token: refused, answer: Err(("Refused".to_owned(), "too expensive".to_owned())) },
    ];
    assert_eq!(world.signals(), answers);
    decided(&open, true).await.expect("it waits still");
    assert_eq!(failed(decided("made-up", true).await), "InvalidInput");
}

#[tokio::test]
async fn steps_on_step_functions_wait_and_are_answered() {
    let world = World::new();
    waits(&world, async |name| world.step("ask", name).token(name).context()).await;
}

#[tokio::test]
async fn steps_on_redis_wait_and_are_answered() {
    let world = World::new();
    waits(&world, async |name| world.step("ask", name).context_on_redis("buy").await.expect("it waits")).await;
    // A token of another step, and of another workflow.
    for (step, workflow) in [("elsewhere", "buy"), ("open", "sell")] {
        let cx = world.step("ask", step).context_on_redis(workflow).await.expect("it waits");
        let token = cx.task_token().expect("a token").to_owned();
        let decided = world.deliver::<Decide, _>(world.context("decide"), &(token, true), decide).await;
        assert_eq!(failed(decided), "InvalidInput", "{step} of {workflow}");
    }
}

#[tokio::test]
async fn work_that_comes_again_is_done_once() {
    let (world, runs) = (World::new().idempotency(), Cell::new(0));
    let charge = async |_: &Charge, amount: u32| {
        runs.set(runs.get() + 1);
        Ok(amount + runs.get())
    };
    let deliver = async |key: &str, amount: u32| {
        world.deliver_once::<Charge, _>(world.delivery("charge", key), &amount, charge).await
    };
    assert_eq!((deliver("a", 10).await, deliver("a", 10).await), (Ok(11), Ok(11)));
    assert_eq!(failed(deliver("a", 20).await), "KeyReused");
    assert_eq!(deliver("b", 20).await, Ok(22), "other work");
    for attempt in 0..3 {
        let cx = world.step("charge", "payment").attempt(attempt).context();
        assert_eq!(world.deliver_once::<Charge, _>(cx, &30, charge).await, Ok(33), "one step");
    }
    for run in 4..6 {
        let again = world.deliver_once::<Charge, _>(world.context("charge"), &0, charge).await;
        assert_eq!(again, Ok(run), "without a key it runs each time");
    }
}

#[tokio::test]
async fn work_that_is_being_done_or_died_is_in_progress() {
    let world = World::new().idempotency();
    let deliver = |handler| world.deliver_once::<Charge, _>(world.delivery("charge", "k"), &1_u32, handler);
    let inner = async |_: &Charge, _: u32| panic!("it is being done");
    let outer = async |_: &Charge, _: u32| {
        let again = world.deliver_once::<Charge, _>(world.delivery("charge", "k"), &1_u32, inner).await;
        assert_eq!(failed(again), "InProgress");
        std::future::pending().await
    };
    // The handler dies in the middle.
    tokio::time::timeout(Duration::from_millis(50), deliver(outer)).await.expect_err("it died");
    let charge = async |_: &Charge, amount: u32| Ok(amount);
    let again = || world.deliver_once::<Charge, _>(world.delivery("charge", "k"), &1_u32, charge);
    assert_eq!(failed(again().await), "InProgress");
    world.end_claims();
    assert_eq!(again().await, Ok(1));
    assert_eq!(again().await, Ok(1));
}

fn input() -> ProcessPaymentInput {
    let order = order("c");
    ProcessPaymentInput { order_id: order.order_id, customer_id: order.customer_id, amount: order.total_amount }
}

/// Pays, and stores its answer in the same transaction.
async fn pay(cx: &ProcessPayment, input: ProcessPaymentInput) -> Result<ProcessPaymentOutput, ProcessPaymentError> {
    let order = order("c");
    let output = ProcessPaymentOutput { payment_id: format!("pay_{}", cx.stable_id(&[])) };
    let update = cx.orders().update(&order.key()).set(orders::STATUS, OrderStatus::Paid);
    let update = update.when(orders::STATUS.eq(OrderStatus::Pending));
    let event = PaymentProcessed { order_id: input.order_id, amount: input.amount };
    cx.transact().update(update).publish(&event).answer(&output).commit().await?;
    Ok(output)
}

#[tokio::test]
async fn an_answer_that_is_stored_with_the_work_outlives_a_lost_commit() {
    let world = World::new().table::<Orders>().outbox::<OrderEvents>().idempotency();
    world.put::<Orders>(&order("c")).expect("stored");
    let deliver = async || {
        let cx = world.step("process-payment", "payment").context();
        world.deliver_once::<ProcessPayment, _>(cx, &input(), pay).await.map(|output| output.payment_id)
    };
    let handler = async |cx: &ProcessPayment, input| {
        // The claim is written; the answer of the next write is lost.
        world.fail_next(Fault::AnswerLost);
        pay(cx, input).await
    };
    let cx = world.step("process-payment", "payment").context();
    let first = world.deliver_once::<ProcessPayment, _>(cx, &input(), handler).await.map(|output| output.payment_id);
    assert_eq!(first, deliver().await);
    assert!(first.is_ok(), "{first:?}");
    assert_eq!(world.events::<OrderEvents>().len(), 1);
}

#[tokio::test]
async fn failures_are_told_as_their_deliverer_sees_them() {
    let world = World::new().timeout(Duration::from_millis(300));
    let declined = async |_: &ProcessPayment, _| Err(ProcessPaymentError::PaymentDeclined("no money".to_owned()));
    let failure = world.deliver::<ProcessPayment, _>(world.context("process-payment"), &input(), declined).await;
    let failure = failure.map(drop).expect_err("declined");
    assert_eq!((failure.name.as_str(), failure.message.as_str()), ("PaymentDeclined", "no money"));
    let charge = async |_: &Charge, amount: u32| Ok(amount);
    let unread = world.deliver::<Charge, _>(world.context("charge"), &Value::Null, charge).await;
    assert_eq!(unread.expect_err("no number").status, 400);
    let panics = async |_: &Charge, _: u32| panic!("a mistake");
    assert_eq!(failed(world.deliver::<Charge, _>(world.context("charge"), &1, panics).await), "Panic");
    let hangs = async |_: &Charge, _: u32| std::future::pending().await;
    assert_eq!(failed(world.deliver::<Charge, _>(world.context("charge"), &1, hangs).await), "Timeout");
}

#[tokio::test]
async fn metrics_are_seen() {
    let world = World::new();
    for amount in [2, 3] {
        let cx = world.context("charge");
        cx.metric("Amount", f64::from(amount), Unit::Count);
        cx.metric("Amount", 1.0, Unit::Count);
    }
    assert_eq!((world.metric("Amount"), world.metric("Other")), (vec![2.0, 1.0, 3.0, 1.0], Vec::new()));
}

/// As on AWS: the row of the first event says what was asked for.
#[tokio::test]
async fn a_key_that_is_used_for_another_input_is_refused_by_the_outbox() {
    let publish = async |cx: &ProcessPayment, input: ProcessPaymentInput| {
        let paid = PaymentProcessed { order_id: input.order_id, amount: input.amount };
        let committed = cx.transact().publish(&paid).commit().await?;
        Ok::<_, ProcessPaymentError>(ProcessPaymentOutput { payment_id: committed.before.to_string() })
    };
    let contexts: [fn(&World) -> Context; 2] =
        [|world| world.delivery("process-payment", "k"), |world| world.request("process-payment", "k")];
    for context in contexts {
        let (world, input) = (World::new().outbox::<OrderEvents>(), input());
        let deliver = async |customer: &str| {
            // A repeated transaction has another time in it, and with it another token.
            std::thread::sleep(Duration::from_millis(3));
            let input = ProcessPaymentInput { customer_id: customer.to_owned(), ..input.clone() };
            world.deliver::<ProcessPayment, _>(context(&world), &input, publish).await.map(|output| output.payment_id)
        };
        assert_eq!(deliver("c").await, Ok("false".to_owned()));
        assert_eq!(deliver("c").await, Ok("true".to_owned()), "the same again");
        assert_eq!(failed(deliver("d").await), "KeyReused");
        assert_eq!(world.events::<OrderEvents>().len(), 1);
    }
}

/// The ids of what a caller's key leads to depend on what was asked for, and those of a delivery on its key alone.
#[tokio::test]
async fn a_key_of_a_caller_may_be_used_for_several_things() {
    let (world, input) = (World::new().env("ORDERS_BUS", "bus"), input());
    let publish = async |cx: &ProcessPayment, input: ProcessPaymentInput| {
        let paid = PaymentProcessed { order_id: input.order_id, amount: input.amount };
        let id = cx.publish::<ProcessPayment, _>(&paid).await?;
        Ok::<_, ProcessPaymentError>(ProcessPaymentOutput { payment_id: id.to_string() })
    };
    let id = async |cx: Context, customer: &str| {
        let input = ProcessPaymentInput { customer_id: customer.to_owned(), ..input.clone() };
        world.deliver::<ProcessPayment, _>(cx, &input, publish).await.expect("published").payment_id
    };
    let (request, delivery) = (|| world.request("process-payment", "k"), || world.delivery("process-payment", "k"));
    assert_eq!(id(request(), "c").await, id(request(), "c").await);
    assert_ne!(id(request(), "c").await, id(request(), "d").await);
    assert_eq!(id(delivery(), "c").await, id(delivery(), "d").await);
}
