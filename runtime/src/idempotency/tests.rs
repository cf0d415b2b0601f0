//! The state machine of a record, with a crash at each point.

use super::*;
use crate::contract::{
    OrderEvents, Orders, PaymentProcessed, ProcessPayment, ProcessPaymentError, ProcessPaymentInput,
    ProcessPaymentOutput, order,
};
use crate::serve::{Invocation, block_on};
use crate::testing::{Fault, World};
use std::cell::Cell;

const T0: i64 = 1_795_000_000_000;
/// A second after T0 the first invocation's lease is over.
const LEASE: i64 = 1000;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(T0 + millis).expect("timestamp")
}

fn world() -> World {
    World::new().raw_table("IDEMPOTENCY_TABLE", &[ID])
}

/// Runs a test with the records of a world.
fn with_records(world: &World, test: impl AsyncFnOnce(&Records<'_>)) {
    let services = world.services();
    block_on(async {
        let records = Records {
            store: services.tables().await,
            table: "IDEMPOTENCY_TABLE".to_owned(),
            retention: Duration::from_mins(1),
        };
        test(&records).await;
    })
    .expect("runtime");
}

async fn claim(records: &Records<'_>, payload: &str, now: i64) -> Result<Claimed, Error> {
    records.claim("f#k".to_owned(), payload.to_owned(), at(now), at(now + LEASE)).await
}

async fn claimed(records: &Records<'_>, now: i64) -> Claim {
    match claim(records, "p", now).await {
        Ok(Claimed::Now(claim)) => claim,
        other => panic!("expected a claim, found {other:?}"),
    }
}

#[test]
fn a_second_delivery_gets_the_stored_result() {
    with_records(&world(), async |records| {
        let first = claimed(records, 0).await;
        records.complete(&first, "{\"a\":1}", at(10)).await.expect("stored");
        assert_eq!(claim(records, "p", 20).await.expect("before"), Claimed::Before("{\"a\":1}".to_owned()));
    });
}

#[test]
fn a_crash_in_the_handler_blocks_until_the_lease_ends_and_no_longer() {
    with_records(&world(), async |records| {
        claimed(records, 0).await;
        assert_eq!(claim(records, "p", LEASE).await.expect_err("leased").kind(), Kind::InProgress);
        claimed(records, LEASE + 1).await;
    });
}

#[test]
fn one_who_lost_the_lease_cannot_overwrite_the_new_owner() {
    with_records(&world(), async |records| {
        let slow = claimed(records, 0).await;
        let second = claimed(records, LEASE + 1).await;
        assert_eq!(records.complete(&slow, "\"slow\"", at(LEASE + 2)).await.expect_err("lost").kind(), Kind::Conflict);
        assert_eq!(records.release(&slow, at(LEASE + 2)).await.expect_err("lost").kind(), Kind::Conflict);
        records.complete(&second, "\"second\"", at(LEASE + 3)).await.expect("stored");
        assert_eq!(claim(records, "p", LEASE + 4).await.expect("before"), Claimed::Before("\"second\"".to_owned()));
    });
}

#[test]
fn a_failed_handler_lets_the_next_run_at_once() {
    with_records(&world(), async |records| {
        let first = claimed(records, 0).await;
        assert_eq!(records.release(&first, at(1)).await.expect("released"), None);
        claimed(records, 2).await;
    });
}

#[test]
fn a_key_with_another_input_is_refused() {
    with_records(&world(), async |records| {
        let first = claimed(records, 0).await;
        assert_eq!(claim(records, "q", 1).await.expect_err("reused").kind(), Kind::KeyReused);
        records.complete(&first, "1", at(2)).await.expect("stored");
        assert_eq!(claim(records, "q", 3).await.expect_err("reused").kind(), Kind::KeyReused);
    });
}

#[test]
fn an_expired_record_counts_as_gone_before_it_is_removed() {
    with_records(&world(), async |records| {
        let first = claimed(records, 0).await;
        records.complete(&first, "1", at(0)).await.expect("stored");
        assert_eq!(claim(records, "p", 60_999).await.expect("before"), Claimed::Before("1".to_owned()));
        claimed(records, 62_000).await;
    });
}

#[test]
fn a_result_too_large_to_store_is_told_and_the_work_not_repeated() {
    with_records(&world(), async |records| {
        let first = claimed(records, 0).await;
        records.complete(&first, &"x".repeat(ITEM_BYTES), at(1)).await.expect("stored");
        assert_eq!(claim(records, "p", 2).await.expect_err("no result").kind(), Kind::TooLarge);
    });
}

#[test]
fn long_keys_are_hashed() {
    assert_eq!(record_id("f", "k"), "f#k");
    assert_eq!(record_id("f", &"k".repeat(5000)).len(), 2 + 64);
}

const STEP: &str = r#"{"evc": {"execution": "arn:e", "step": "payment", "attempt": 0}, "input": {"orderId": "00000000-0000-0000-0000-000000000001", "customerId": "c", "amount": 109.97}}"#;

/// One invocation of the whole function, counting how often the handler runs; `decline` makes it fail.
fn invoke(world: &World, text: &str, runs: &Cell<u32>, decline: bool) -> Result<String, Failure> {
    let handler = async |_: &ProcessPayment, input: ProcessPaymentInput| {
        runs.set(runs.get() + 1);
        if decline {
            Err(ProcessPaymentError::PaymentDeclined("declined".to_owned()))
        } else {
            Ok(ProcessPaymentOutput { payment_id: format!("{}-{}", input.customer_id, runs.get()) })
        }
    };
    let app = App::<ProcessPayment, _, _>::new(handler, Once, world.services()).expect("app");
    let invocation = Invocation {
        request_id: "r".to_owned(),
        deadline: Timestamp::now().after(Duration::from_secs(30)),
        trace: None,
    };
    block_on(app.invoke(text, &invocation)).expect("runtime")
}

#[test]
fn a_retried_step_returns_what_its_first_attempt_returned() {
    let (world, runs) = (world(), Cell::new(0));
    let first = invoke(&world, STEP, &runs, false).expect("output");
    let second = invoke(&world, &STEP.replace("\"attempt\": 0", "\"attempt\": 1"), &runs, false).expect("output");
    assert_eq!((first.as_str(), &second, runs.get()), (r#"{"paymentId":"c-1"}"#, &first, 1));
    invoke(&world, &STEP.replace("arn:e", "arn:other"), &runs, false).expect("output");
    assert_eq!(runs.get(), 2);
}

#[test]
fn a_business_error_is_not_stored() {
    let (world, runs) = (world(), Cell::new(0));
    assert_eq!(invoke(&world, STEP, &runs, true).expect_err("declined").name, "PaymentDeclined");
    invoke(&world, STEP, &runs, false).expect("output");
    assert_eq!(runs.get(), 2);
}

#[test]
fn a_claim_whose_answer_was_lost_does_not_run_the_handler_twice() {
    let (world, runs) = (world(), Cell::new(0));
    world.fail_next(Fault::AnswerLost);
    assert_eq!(invoke(&world, STEP, &runs, false).expect_err("lost").name, "Transient");
    assert_eq!(invoke(&world, STEP, &runs, false).expect_err("leased").name, "InProgress");
    assert_eq!(runs.get(), 0);
}

#[test]
fn without_a_key_every_invocation_runs() {
    let (world, runs) = (world(), Cell::new(0));
    let input: serde_json::Value = serde_json::from_str(STEP).expect("JSON");
    for _ in 0..2 {
        invoke(&world, &input["input"].to_string(), &runs, false).expect("output");
    }
    assert_eq!(runs.get(), 2);
    assert!(world.raw_items("IDEMPOTENCY_TABLE").is_empty());
}

#[test]
fn a_claim_that_the_sdk_sends_twice_is_one_claim() {
    let (world, runs) = (world(), Cell::new(0));
    world.fail_next(Fault::SentTwice);
    invoke(&world, STEP, &runs, false).expect("output");
    world.fail_next(Fault::SentTwice);
    invoke(&world, &STEP.replace("arn:e", "arn:other"), &runs, false).expect("output");
    assert_eq!(runs.get(), 2);
}

/// A world with a table and an outbox, to store work with its answer.
fn shop() -> World {
    world().table::<Orders>().outbox::<OrderEvents>()
}

/// What goes wrong in the handler that stores its answer with its work.
#[derive(Clone, Copy, PartialEq)]
enum Trouble {
    None,
    /// The transaction is committed, but its answer never arrives.
    AnswerLost,
    /// The handler dies after the transaction.
    Crash,
    /// Another delivery claims the work before the transaction.
    Overtaken,
}

/// One invocation of a function that stores an order, an event and its answer in one transaction.
fn pay(world: &World, runs: &Cell<u32>, trouble: Trouble) -> Result<String, Failure> {
    let handler = async |cx: &ProcessPayment, input: ProcessPaymentInput| {
        runs.set(runs.get() + 1);
        match trouble {
            Trouble::AnswerLost => world.fail_next(Fault::AnswerLost),
            Trouble::Overtaken => {
                let services = world.services();
                let table = "IDEMPOTENCY_TABLE".to_owned();
                let records = Records { store: services.tables().await, table, retention: Duration::from_mins(1) };
                let (key, payload) = (cx.idempotency_key().expect("key"), cx.claim().expect("claim").payload.clone());
                let later = cx.deadline().after(Duration::from_secs(1));
                records.claim(record_id("process-payment", key), payload, later, later).await.expect("claimed");
            }
            Trouble::None | Trouble::Crash => {}
        }
        let output = ProcessPaymentOutput { payment_id: format!("pay-{}", runs.get()) };
        let paid = PaymentProcessed { order_id: input.order_id, amount: input.amount };
        cx.transact().put(cx.orders().put(&order("c"))).publish(&paid).answer(&output).commit().await?;
        if trouble == Trouble::Crash {
            return Err(Error::new(Kind::Panic, "the handler panicked").into());
        }
        Ok::<_, ProcessPaymentError>(output)
    };
    let app = App::<ProcessPayment, _, _>::new(handler, Once, world.services()).expect("app");
    let deadline = Timestamp::now().after(Duration::from_secs(30));
    let invocation = Invocation { request_id: "r".to_owned(), deadline, trace: None };
    block_on(app.invoke(STEP, &invocation)).expect("runtime")
}

fn done(world: &World) -> (usize, usize) {
    (world.items::<Orders>().expect("items").len(), world.events::<OrderEvents>().len())
}

#[test]
fn an_answer_that_is_stored_with_the_work_outlives_a_crash_after_it() {
    let (world, runs) = (shop(), Cell::new(0));
    pay(&world, &runs, Trouble::Crash).expect_err("crashed");
    assert_eq!(pay(&world, &runs, Trouble::None).expect("the stored answer"), r#"{"paymentId":"pay-1"}"#);
    assert_eq!((runs.get(), done(&world)), (1, (1, 1)));
}

#[test]
fn a_transaction_whose_answer_was_lost_is_answered_with_what_it_stored() {
    let (world, runs) = (shop(), Cell::new(0));
    for _ in 0..2 {
        let answer = pay(&world, &runs, Trouble::AnswerLost).expect("the stored answer");
        assert_eq!(answer, r#"{"paymentId":"pay-1"}"#);
    }
    assert_eq!((runs.get(), done(&world)), (1, (1, 1)));
}

#[test]
fn one_who_lost_the_claim_commits_nothing() {
    let (world, runs) = (shop(), Cell::new(0));
    assert_eq!(pay(&world, &runs, Trouble::Overtaken).expect_err("overtaken").name, "InProgress");
    assert_eq!(done(&world), (0, 0));
}
