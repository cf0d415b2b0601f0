//! What a handler can do with its tables, outbox and bus, against memory.

mod contract;

use contract::{
    Large, Order, OrderCreated, OrderEvents, OrderStatus, Orders, OrdersByCustomer, PaymentProcessed, ProcessPayment,
    ProcessPaymentOutput, order, orders,
};
use evc_runtime::table::Table;
use evc_runtime::testing::{Fault, World};
use evc_runtime::{Error, Function, Kind, Money, Timestamp, Uuid, grant};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::cell::Cell;

fn world() -> World {
    World::new().table::<Orders>().outbox::<OrderEvents>().env("ORDERS_BUS", "bus")
}

fn function(world: &World) -> ProcessPayment {
    ProcessPayment::new(world.context("process-payment"))
}

fn delivery(world: &World, key: &str) -> ProcessPayment {
    ProcessPayment::new(world.delivery("process-payment", key))
}

fn paid(order: &Order) -> PaymentProcessed {
    PaymentProcessed { order_id: order.order_id, amount: order.total_amount }
}

/// Lets the clock tick, so that a repeated transaction has another content (and with it another token).
fn later() {
    std::thread::sleep(std::time::Duration::from_millis(3));
}

/// The transaction of a payment handler.
async fn pay(cx: &ProcessPayment, order: &Order) -> Result<evc_runtime::Committed, Error> {
    let update =
        cx.orders().update(&order.key()).set(orders::STATUS, OrderStatus::Paid).set(orders::PAYMENT_ID, "pay_1");
    cx.transact().update(update.when(orders::STATUS.eq(OrderStatus::Pending))).publish(&paid(order)).commit().await
}

#[tokio::test(flavor = "current_thread")]
async fn a_put_on_a_versioned_table_creates_once() {
    let world = world();
    let cx = function(&world);
    let order = order("c");
    cx.orders().put(&order).send().await.expect("created");
    assert!(cx.orders().put(&order).send().await.expect_err("there already").is_conflict());
    assert_eq!(cx.orders().get(&order.key()).send_versioned().await.expect("read"), Some((order, 1)));
}

#[tokio::test(flavor = "current_thread")]
async fn of_two_writers_with_one_version_the_second_gets_a_conflict() {
    let world = world();
    let cx = function(&world);
    let mut order = order("c");
    cx.orders().put(&order).send().await.expect("created");
    let (_, version) = cx.orders().get(&order.key()).consistent().send_versioned().await.expect("read").expect("item");
    order.status = OrderStatus::Paid;
    cx.orders().put(&order).if_version(version).send().await.expect("first");
    assert_eq!(cx.orders().put(&order).if_version(version).send().await.expect_err("second").kind(), Kind::Conflict);
    cx.orders().update(&order.key()).remove(orders::PAYMENT_ID).if_version(version + 1).send().await.expect("third");
    let (_, version) = cx.orders().get(&order.key()).send_versioned().await.expect("read").expect("item");
    assert_eq!(version, 3);
}

#[tokio::test(flavor = "current_thread")]
async fn a_version_never_goes_back() {
    let world = world();
    let cx = function(&world);
    let order = order("c");
    cx.orders().put(&order).send().await.expect("created");
    cx.orders().put(&order).if_version(1).send().await.expect("replaced");
    let condition = || orders::STATUS.eq(OrderStatus::Pending);
    assert!(cx.orders().put(&order).when(condition()).send().await.expect_err("no version named").is_conflict());
    cx.orders().put(&order).when(condition()).if_version(2).send().await.expect("replaced");
    assert_eq!(
        cx.orders().put(&order).if_version(0).send().await.expect_err("it has a version").kind(),
        Kind::Conflict
    );
}

#[tokio::test(flavor = "current_thread")]
async fn an_update_of_nothing_is_a_conflict_not_half_an_item() {
    let world = world();
    let cx = function(&world);
    let update = || cx.orders().update(&order("c").key()).set(orders::STATUS, OrderStatus::Paid);
    assert!(update().send().await.expect_err("no item").is_conflict());
    assert!(world.items::<Orders>().expect("items").is_empty());
    update().or_create().send().await.expect("created");
}

#[tokio::test(flavor = "current_thread")]
async fn conditions_combine() {
    let world = world();
    let cx = function(&world);
    let order = order("c");
    world.put::<Orders>(&order).expect("stored");
    let big = || orders::TOTAL_AMOUNT.gt(Money::cents(10_000).expect("money"));
    let update = || cx.orders().update(&order.key()).set(orders::PAYMENT_ID, "p");
    update().when(big().and(orders::PAYMENT_ID.not_exists())).send().await.expect("holds");
    assert!(update().when(!big()).send().await.is_err());
    assert!(
        update()
            .when(orders::STATUS.one_of([OrderStatus::Paid]).or(orders::PAYMENT_ID.not_exists()))
            .send()
            .await
            .is_err()
    );
    cx.orders().delete(&order.key()).when(orders::STATUS.ne(OrderStatus::Paid)).send().await.expect("deleted");
    assert!(world.items::<Orders>().expect("items").is_empty());
}

#[tokio::test(flavor = "current_thread")]
async fn queries_page_in_order_and_stay_in_their_partition() {
    let world = world();
    let cx = function(&world);
    for number in 0..25_u8 {
        let created_at = Timestamp::from_millis(i64::from(number) * 1000).expect("timestamp");
        let order = Order {
            order_id: Uuid::from_u128(u128::from(number)),
            created_at,
            ..order(if number < 20 { "c" } else { "d" })
        };
        world.put::<Orders>(&order).expect("stored");
    }
    let from = Timestamp::from_millis(5000).expect("timestamp");
    let query = || cx.orders().query(OrdersByCustomer, &"c".to_owned()).ge(&from).descending();
    let first = query().limit(10).send().await.expect("page");
    assert_eq!(first.items.len(), 10);
    assert_eq!(first.items[0].created_at.millis(), 19_000);
    let next = first.next.expect("more");
    let second = query().limit(10).after(&next).send().await.expect("page");
    assert_eq!((second.items.len(), second.items[0].created_at.millis(), second.next), (5, 9000, None));
    let other = cx.orders().query(OrdersByCustomer, &"d".to_owned()).after(&next).send().await;
    assert_eq!(other.expect_err("a place in another partition").kind(), Kind::InvalidInput);
    assert_eq!(query().limit(4).all(15).await.expect("all").len(), 15);
    assert_eq!(query().all(14).await.expect_err("too many").kind(), Kind::TooLarge);
}

#[tokio::test(flavor = "current_thread")]
async fn a_transaction_writes_and_publishes_or_does_neither() {
    let world = world();
    let order = order("c");
    let cx = function(&world);
    let create = || cx.transact().put(cx.orders().put(&order)).publish(&OrderCreated(order.clone())).commit();
    let committed = create().await.expect("committed");
    assert!(!committed.before);
    assert_eq!(create().await.expect_err("there already").kind(), Kind::Conflict);
    let events = world.events::<OrderEvents>();
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].source.as_str(), events[0].detail_type.as_str()), ("order.service", "Order Created"));
    assert_eq!(events[0].detail["totalAmount"].to_string(), "109.97");
    assert_eq!(events[0].detail["metadata"]["eventId"], committed.event_ids[0].to_string());
    assert_eq!(events[0].detail["metadata"]["aggregate"], order.order_id.to_string());
}

#[tokio::test(flavor = "current_thread")]
async fn a_repeated_delivery_pays_and_publishes_once() {
    let world = world();
    let order = order("c");
    world.put::<Orders>(&order).expect("stored");
    let first = pay(&delivery(&world, "exec/payment"), &order).await.expect("first");
    later();
    let second = pay(&delivery(&world, "exec/payment"), &order).await.expect("second");
    assert_eq!((first.before, second.before), (false, true));
    assert_eq!(first.event_ids, second.event_ids);
    assert_eq!(world.events::<OrderEvents>().len(), 1);
    // Other work is not mistaken for it: the order is paid.
    assert!(pay(&delivery(&world, "other/payment"), &order).await.expect_err("paid").is_conflict());
}

#[tokio::test(flavor = "current_thread")]
async fn a_commit_whose_answer_was_lost_is_recognised_by_the_retry() {
    let world = world();
    let order = order("c");
    world.put::<Orders>(&order).expect("stored");
    world.fail_next(Fault::AnswerLost);
    assert_eq!(pay(&delivery(&world, "k"), &order).await.expect_err("lost").kind(), Kind::Transient);
    later();
    assert!(pay(&delivery(&world, "k"), &order).await.expect("retry").before);
    assert_eq!(world.events::<OrderEvents>().len(), 1);
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn contention_is_waited_out() {
    let world = world();
    let order = order("c");
    world.put::<Orders>(&order).expect("stored");
    (0..3).for_each(|_| world.fail_next(Fault::Contention));
    pay(&function(&world), &order).await.expect("fourth attempt");
    (0..4).for_each(|_| world.fail_next(Fault::Contention));
    assert_eq!(pay(&function(&world), &order).await.expect_err("too often").kind(), Kind::Transient);
}

/// Sets the order's payment on the version that was read, after somebody else wrote in between so many times.
async fn race(cx: &ProcessPayment, order: &Order, rivals: &Cell<u32>) -> Result<evc_runtime::Committed, Error> {
    cx.retry_conflicts(async || {
        let read = cx.orders().get(&order.key()).consistent().send_versioned().await?;
        let (order, version) = read.ok_or_else(|| Error::new(Kind::Internal, "no order"))?;
        if rivals.get() > 0 {
            rivals.set(rivals.get() - 1);
            cx.orders().put(&order).if_version(version).send().await?;
        }
        let put = cx.orders().put(&order).if_version(version);
        cx.transact().put(put).publish_numbered(&paid(&order), version + 1).commit().await
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn a_lost_race_is_run_again_on_what_the_winner_wrote() {
    let world = world();
    let order = order("c");
    world.put::<Orders>(&order).expect("stored");
    race(&function(&world), &order, &Cell::new(3)).await.expect("the fourth attempt wins");
    let (_, version) = function(&world).orders().get(&order.key()).send_versioned().await.expect("read").expect("item");
    assert_eq!(version, 5);
    let events = world.events::<OrderEvents>();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].detail["metadata"]["sequence"], 5);
}

#[tokio::test(start_paused = true)]
async fn contention_is_waited_for_and_other_errors_are_not_repeated() {
    let world = world();
    let order = order("c");
    world.put::<Orders>(&order).expect("stored");
    (0..9).for_each(|_| world.fail_next(Fault::Contention));
    race(&function(&world), &order, &Cell::new(0)).await.expect("after the contention");
    // Whether this wrote anything nobody knows: to read and write again might do it twice.
    world.fail_next(Fault::AnswerLost);
    assert_eq!(
        race(&function(&world), &order, &Cell::new(0)).await.expect_err("unknown outcome").kind(),
        Kind::Transient
    );
    assert_eq!(world.events::<OrderEvents>().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn work_that_won_at_a_later_attempt_is_recognised_when_it_comes_again() {
    let world = world();
    let order = order("c");
    world.put::<Orders>(&order).expect("stored");
    let first = race(&delivery(&world, "k"), &order, &Cell::new(2)).await.expect("committed");
    let again = race(&delivery(&world, "k"), &order, &Cell::new(0)).await.expect("recognised");
    assert_eq!((first.before, again.before), (false, true));
    assert_eq!(first.event_ids, again.event_ids);
    assert_eq!(world.events::<OrderEvents>().len(), 1);
}

#[tokio::test(flavor = "current_thread")]
async fn limits_are_checked_before_the_call() {
    let world = world();
    let cx = function(&world);
    let large = Large { text: "x".repeat(400 * 1024) };
    let error = cx.transact().publish(&large).commit().await.expect_err("over the item limit");
    assert_eq!(error.kind(), Kind::TooLarge);
    let half = Large { text: "x".repeat(300 * 1024) };
    let many = (0..15).fold(cx.transact(), |transaction, _| transaction.publish(&half)).commit().await;
    assert_eq!(many.expect_err("over 4 MB").kind(), Kind::TooLarge);
    let small = Large { text: String::new() };
    let many = (0..101).fold(cx.transact(), |transaction, _| transaction.publish(&small)).commit().await;
    assert_eq!(many.expect_err("over 100 actions").kind(), Kind::TooLarge);
    assert!(world.events::<OrderEvents>().is_empty());
    (0..100).fold(cx.transact(), |transaction, _| transaction.publish(&small)).commit().await.expect("100 actions");
}

#[tokio::test(flavor = "current_thread")]
async fn a_check_holds_a_transaction_back() {
    let world = world();
    let order = order("c");
    world.put::<Orders>(&order).expect("stored");
    let cx = function(&world);
    let check = |status| cx.orders().check(&order.key()).when(orders::STATUS.eq(status));
    assert!(cx.transact().check(check(OrderStatus::Paid)).publish(&paid(&order)).commit().await.is_err());
    cx.transact()
        .check(check(OrderStatus::Pending))
        .publish_as(&paid(&order), Some("a".to_owned()), Some(7))
        .commit()
        .await
        .expect("holds");
    assert_eq!(world.events::<OrderEvents>()[0].detail["metadata"]["sequence"], 7);
}

#[tokio::test(flavor = "current_thread")]
async fn a_missing_setting_is_named() {
    let world = World::new();
    let error = function(&world).orders().put(&order("c")).send().await.expect_err("not set");
    assert_eq!(
        (error.kind(), error.message()),
        (Kind::Configuration, "the environment variable `ORDERS_TABLE` is not set")
    );
}

#[tokio::test(flavor = "current_thread")]
async fn an_event_goes_straight_to_the_bus_with_its_id() {
    let world = world();
    let cx = function(&world);
    let id = cx.publish::<ProcessPayment, _>(&paid(&order("c"))).await.expect("published");
    let published = world.published();
    assert_eq!(published.len(), 1);
    assert_eq!(published[0].detail["metadata"]["eventId"], id.to_string());
    let error = cx.publish::<ProcessPayment, _>(&Large { text: "x".repeat(1024 * 1024) }).await.expect_err("too large");
    assert_eq!(error.kind(), Kind::TooLarge);
}

/// An item that has its version as a field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Entry {
    id: String,
    version: u64,
}

struct Entries;

#[derive(Serialize)]
struct EntriesKey {
    id: String,
}

impl Table for Entries {
    type Item = Entry;
    type Key = EntriesKey;
    const NAME: &'static str = "entries";
    const ENV: &'static str = "ENTRIES_TABLE";
    const KEY: &'static [&'static str] = &["id"];
    const VERSION: Option<&'static str> = Some("version");
}

impl grant::Put<Entries> for ProcessPayment {}
impl grant::Update<Entries> for ProcessPayment {}
impl grant::Delete<Entries> for ProcessPayment {}

/// How an item is written.
#[derive(Debug, Clone, Copy)]
enum Way {
    Put,
    IfAbsent,
    IfVersion,
    Update,
    UpdateIfVersion,
    Delete,
}

/// Writes an item that says this version, and an event of this number; what the outbox has of it then.
async fn write_and_tell(way: Way, says: u64, read: u64, number: u64) -> Result<(u64, Option<Value>), Error> {
    let world = world().table::<Entries>();
    let (creates, key) = (matches!(way, Way::Put | Way::IfAbsent), || EntriesKey { id: "1".to_owned() });
    if !creates {
        world.put::<Entries>(&Entry { id: "1".to_owned(), version: 0 })?;
    }
    let cx = function(&world);
    let (entries, item) = (cx.table::<Entries, ProcessPayment>(), Entry { id: "1".to_owned(), version: says });
    let transaction = match way {
        Way::Put => cx.transact().put(entries.put(&item)),
        Way::IfAbsent => cx.transact().put(entries.put(&item).if_absent()),
        Way::IfVersion => cx.transact().put(entries.put(&item).if_version(read)),
        Way::Update => cx.transact().update(entries.update(&key())),
        Way::UpdateIfVersion => cx.transact().update(entries.update(&key()).if_version(read)),
        Way::Delete => cx.transact().delete(entries.delete(&key()).if_version(read)),
    };
    let committed = transaction.publish_numbered(&paid(&order("c")), number).commit().await;
    let stored = world.items::<Entries>()?;
    let told = world.events::<OrderEvents>().first().map(|event| event.detail["metadata"]["sequence"].clone());
    if committed.is_err() {
        assert_eq!((stored.len(), &told), (usize::from(!creates), &None), "nothing is written");
    }
    committed.map(|_| (stored.first().map_or(0, |item| item.version), told))
}

#[tokio::test(flavor = "current_thread")]
async fn what_is_published_of_an_item_is_the_version_that_is_stored() {
    for (way, says, read, number, stored) in [
        (Way::Put, 1, 0, 1, Some(1)),
        (Way::Put, 0, 0, 1, None),
        (Way::Put, 1, 0, 0, None),
        (Way::IfAbsent, 1, 0, 1, Some(1)),
        (Way::IfAbsent, 0, 0, 0, None),
        (Way::IfAbsent, 0, 0, 1, None),
        (Way::IfAbsent, 1, 0, 0, None),
        (Way::IfVersion, 2, 1, 2, Some(2)),
        (Way::IfVersion, 1, 1, 2, None),
        (Way::IfVersion, 2, 1, 1, None),
        (Way::UpdateIfVersion, 0, 1, 2, Some(2)),
        (Way::UpdateIfVersion, 0, 1, 1, None),
        // Only who has read the item knows, but no version is 0.
        (Way::Update, 0, 0, 2, Some(2)),
        (Way::Update, 0, 0, 0, None),
        (Way::Delete, 0, 1, 2, Some(0)),
    ] {
        let found = write_and_tell(way, says, read, number).await;
        match (found, stored) {
            (Ok(found), Some(stored)) => assert_eq!(found, (stored, Some(json!(number))), "{way:?} {says} {number}"),
            (Err(error), None) => assert_eq!(error.kind(), Kind::Internal, "{way:?} {says} {number}: {error}"),
            (found, _) => panic!("{way:?} {says} {number}: {found:?}"),
        }
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_version_is_the_store_s_where_nothing_is_told_of_it_and_events_may_be_numbered_otherwise() {
    let world = world().table::<Entries>();
    let cx = function(&world);
    let entries = || cx.table::<Entries, ProcessPayment>();
    let item = Entry { id: "1".to_owned(), version: 0 };
    cx.transact().put(entries().put(&item).if_absent()).commit().await.expect("nobody is told");
    entries().put(&item).if_version(1).send().await.expect("nobody is told");
    let put = entries().put(&Entry { version: 3, ..item.clone() }).if_version(2);
    cx.transact().put(put).publish_as(&paid(&order("c")), None, Some(40)).commit().await.expect("another count");
    assert_eq!(world.items::<Entries>().expect("items")[0].version, 3);
    cx.transact().publish_numbered(&paid(&order("c")), 7).commit().await.expect("no item, no version");
}

#[tokio::test(flavor = "current_thread")]
async fn an_answer_tells_of_the_version_that_is_stored() {
    let world = world().table::<Entries>();
    let cx = function(&world);
    let answer = ProcessPaymentOutput { payment_id: "p".to_owned() };
    for (version, kind) in [(0, Some(Kind::Internal)), (1, None)] {
        let put = cx.table::<Entries, ProcessPayment>().put(&Entry { id: "1".to_owned(), version });
        let committed = cx.transact().put(put).answer(&answer).commit().await;
        assert_eq!(committed.err().map(|error| error.kind()), kind);
    }
}
