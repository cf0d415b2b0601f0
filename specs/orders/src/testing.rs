//! Tables in memory and orders to put into them.

use evc_runtime::testing::PublishedEvent;
use evc_runtime::{Function, Money, Timestamp, Uuid};
use orders_contract::{
    CompleteOrder, CreateOrder, ListOrders, NewOrder, Notify, Order, OrderEvents, OrderLine, OrderStatus, Orders,
    OrdersOnAPage, PaymentProvider, ProcessPayment, RefundPayment, ReserveInventory,
};

/// What surrounds a function.
pub(crate) struct World {
    pub(crate) world: evc_runtime::testing::World,
}

/// A world with an empty table and an empty outbox.
pub(crate) fn world() -> World {
    let world = evc_runtime::testing::World::new().table::<Orders>().outbox::<OrderEvents>();
    World { world: world.secret::<PaymentProvider>("key").config::<OrdersOnAPage>(&20) }
}

/// The context of a delivery.
pub(crate) fn context<F: Function>(world: &evc_runtime::testing::World, name: &'static str, delivery: &str) -> F {
    F::new(world.delivery(name, delivery))
}

macro_rules! contexts {
    ($($method:ident $context:ident $name:literal,)*) => {
        impl World {
            $(pub(crate) fn $method(&self, delivery: &str) -> $context {
                context(&self.world, $name, delivery)
            })*
        }
    };
}

contexts! {
    create_order CreateOrder "create-order",
    list_orders ListOrders "list-orders",
    process_payment ProcessPayment "process-payment",
    refund_payment RefundPayment "refund-payment",
    reserve_inventory ReserveInventory "reserve-inventory",
    complete_order CompleteOrder "complete-order",
    notify Notify "notify",
}

impl World {
    /// With this rate of success.
    pub(crate) fn rate(self, rate: &str) -> Self {
        Self { world: self.world.env("SUCCESS_RATE", rate) }
    }

    /// With outcomes that follow from this seed.
    pub(crate) fn seed(self, seed: &str) -> Self {
        Self { world: self.world.env("SIMULATION_SEED", seed) }
    }

    /// Stores an order.
    pub(crate) fn with(&self, order: Order) -> Order {
        self.world.put::<Orders>(&order).unwrap();
        order
    }

    /// What is stored.
    pub(crate) fn orders(&self) -> Vec<Order> {
        self.world.items::<Orders>().unwrap()
    }

    /// What was published.
    pub(crate) fn events(&self) -> Vec<PublishedEvent> {
        self.world.events::<OrderEvents>()
    }
}

/// An amount.
pub(crate) fn money(text: &str) -> Money {
    text.parse().unwrap()
}

/// A line of an order.
pub(crate) fn line(product_id: &str, quantity: i64, price: &str) -> OrderLine {
    OrderLine { product_id: product_id.into(), quantity, price: money(price) }
}

/// The order of the README.
pub(crate) fn new_order() -> NewOrder {
    NewOrder {
        customer_id: "customer-123".into(),
        items: vec![line("prod-001", 2, "29.99"), line("prod-002", 1, "49.99")],
        total_amount: money("109.97"),
        method: None,
    }
}

/// The same, just stored.
pub(crate) fn order() -> Order {
    let NewOrder { customer_id, items, total_amount, method } = new_order();
    Order {
        customer_id,
        items,
        total_amount,
        method,
        order_id: Uuid::from_u128(1),
        status: OrderStatus::Pending,
        payment_id: None,
        refund_id: None,
        reservation_id: None,
        created_at: Timestamp::from_millis(1_700_000_000_000).unwrap(),
        updated_at: None,
    }
}
