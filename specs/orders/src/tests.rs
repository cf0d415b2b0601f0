//! The functions, on tables in memory.

use evc_runtime::testing::World;
use evc_runtime::{Function as _, FunctionError as _, Money};
use orders_contract::*;

use super::{complete_order, create_order, process_payment, refund_payment, reserve_inventory};

fn world(rate: &str) -> World {
    World::new()
        .table::<Orders>()
        .outbox::<CreateOrder>()
        .env("SUCCESS_RATE", rate)
        .env("SIMULATION_SEED", "")
}

/// The order of the README: 2 × 29.99 and 49.99.
fn new_order(total: i64) -> NewOrder {
    let line = |product: &str, quantity, cents| OrderLine {
        product_id: product.to_owned(),
        quantity,
        price: Money::cents(cents).unwrap(),
    };
    NewOrder {
        customer_id: "customer-123".to_owned(),
        items: vec![line("prod-001", 2, 2999), line("prod-002", 1, 4999)],
        total_amount: Money::cents(total).unwrap(),
    }
}

async fn created(world: &World) -> Order {
    let cx = CreateOrder::new(world.context("create-order"));
    create_order::create_order(&cx, new_order(10_997)).await.unwrap();
    only(world)
}

fn only(world: &World) -> Order {
    let mut items = world.items::<Orders>().unwrap();
    assert_eq!(items.len(), 1);
    items.remove(0)
}

fn events(world: &World) -> Vec<String> {
    world.events::<CreateOrder>().into_iter().map(|event| event.detail_type).collect()
}

async fn pay(world: &World, order: &Order) -> Result<ProcessPaymentOutput, ProcessPaymentError> {
    let cx = ProcessPayment::new(world.context("process-payment"));
    let input = ProcessPaymentInput {
        order_id: order.order_id,
        customer_id: order.customer_id.clone(),
        amount: order.total_amount,
    };
    process_payment::process_payment(&cx, input).await
}

async fn reserve(world: &World, order: &Order) -> Result<ReserveInventoryOutput, ReserveInventoryError> {
    let cx = ReserveInventory::new(world.context("reserve-inventory"));
    let input = ReserveInventoryInput {
        order_id: order.order_id,
        customer_id: order.customer_id.clone(),
        items: order.items.clone(),
    };
    reserve_inventory::reserve_inventory(&cx, input).await
}

#[tokio::test(flavor = "current_thread")]
async fn an_order_is_stored_and_announced() {
    let world = world("1");
    let order = created(&world).await;
    assert_eq!(order.status, OrderStatus::Pending);
    assert_eq!(order.total_amount.to_string(), "109.97");
    let published = world.events::<CreateOrder>();
    assert_eq!(published.len(), 1);
    assert_eq!(published[0].detail["totalAmount"].to_string(), "109.97");
}

#[tokio::test(flavor = "current_thread")]
async fn a_total_that_the_lines_do_not_add_up_to_is_refused() {
    let world = world("1");
    let cx = CreateOrder::new(world.context("create-order"));
    let error = create_order::create_order(&cx, new_order(10_000)).await.unwrap_err();
    assert_eq!(error.name(), "TotalMismatch");
    assert!(world.items::<Orders>().unwrap().is_empty());
    assert!(events(&world).is_empty());
}

#[tokio::test(flavor = "current_thread")]
async fn an_order_is_charged_once() {
    let world = world("1");
    let order = created(&world).await;
    let paid = pay(&world, &order).await.unwrap();
    assert_eq!(only(&world).status, OrderStatus::Paid);
    assert_eq!(only(&world).payment_id, Some(paid.payment_id));
    assert_eq!(pay(&world, &order).await.unwrap_err().name(), "Conflict");
    assert_eq!(events(&world), ["Order Created", "Payment Processed"]);
}

#[tokio::test(flavor = "current_thread")]
async fn a_declined_payment_is_a_named_error_and_an_event() {
    let world = world("0");
    let order = created(&world).await;
    assert_eq!(pay(&world, &order).await.unwrap_err().name(), "PaymentDeclined");
    assert_eq!(only(&world).status, OrderStatus::PaymentFailed);
    assert_eq!(events(&world), ["Order Created", "Payment Failed"]);
}

#[tokio::test(flavor = "current_thread")]
async fn goods_are_reserved_for_paid_orders_only() {
    let world = world("1");
    let order = created(&world).await;
    assert_eq!(reserve(&world, &order).await.unwrap_err().name(), "Conflict");
    pay(&world, &order).await.unwrap();
    reserve(&world, &order).await.unwrap();
    assert_eq!(only(&world).status, OrderStatus::InventoryReserved);
    assert_eq!(events(&world), ["Order Created", "Payment Processed", "Inventory Reserved"]);
}

#[tokio::test(flavor = "current_thread")]
async fn missing_goods_lead_to_one_refund() {
    let paying = world("1");
    let order = created(&paying).await;
    let paid = pay(&paying, &order).await.unwrap();
    let world = paying.env("SUCCESS_RATE", "0");
    assert_eq!(reserve(&world, &order).await.unwrap_err().name(), "InventoryUnavailable");

    let refund = || RefundPaymentInput {
        order_id: order.order_id,
        customer_id: order.customer_id.clone(),
        payment_id: paid.payment_id.clone(),
        amount: order.total_amount,
    };
    let cx = RefundPayment::new(world.context("refund-payment"));
    refund_payment::refund_payment(&cx, refund()).await.unwrap();
    assert_eq!(refund_payment::refund_payment(&cx, refund()).await.unwrap_err().name(), "Conflict");
    assert_eq!(only(&world).payment_id, None);

    let cx = CompleteOrder::new(world.context("complete-order"));
    let end = CompleteOrderInput {
        order_id: order.order_id,
        customer_id: order.customer_id.clone(),
        status: OrderStatus::InventoryFailed,
    };
    complete_order::complete_order(&cx, end).await.unwrap();
    assert_eq!(only(&world).status, OrderStatus::InventoryFailed);
    assert_eq!(events(&world), ["Order Created", "Payment Processed", "Inventory Unavailable", "Payment Refunded"]);
}
