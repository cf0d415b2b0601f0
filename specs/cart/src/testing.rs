//! Tables in memory and carts to put into them.

use cart_contract::{AddItems, Cart, CartEvents, CartItem, CartStatus, Carts, Checkout, CreateCart};
use evc_runtime::testing::{Fault, PublishedEvent};
use evc_runtime::{Function, Uuid};

/// What surrounds a function.
pub(crate) struct World {
    world: evc_runtime::testing::World,
}

/// A world without carts and with an empty outbox.
pub(crate) fn world() -> World {
    World { world: evc_runtime::testing::World::new().table::<Carts>().outbox::<CartEvents>() }
}

impl World {
    /// The context of a delivery of `create-cart`.
    pub(crate) fn create_cart(&self, delivery: &str) -> CreateCart {
        CreateCart::new(self.world.delivery(CreateCart::NAME, delivery))
    }

    /// The context of a delivery of `add-items`.
    pub(crate) fn add_items(&self, delivery: &str) -> AddItems {
        AddItems::new(self.world.delivery(AddItems::NAME, delivery))
    }

    /// The context of a delivery of `checkout`.
    pub(crate) fn checkout(&self, delivery: &str) -> Checkout {
        Checkout::new(self.world.delivery(Checkout::NAME, delivery))
    }

    /// With this cart, in the place of one with the same id.
    pub(crate) fn with(self, cart: &Cart) -> Self {
        self.world.put::<Carts>(cart).unwrap();
        self
    }

    /// The next write meets this fault.
    pub(crate) fn fail_next(&self, fault: Fault) {
        self.world.fail_next(fault);
    }

    /// What is stored.
    pub(crate) fn carts(&self) -> Vec<Cart> {
        self.world.items::<Carts>().unwrap()
    }

    /// What was published.
    pub(crate) fn events(&self) -> Vec<PublishedEvent> {
        self.world.events::<CartEvents>()
    }
}

/// So many of an item.
pub(crate) fn item(item_id: &str, quantity: i64) -> CartItem {
    CartItem { item_id: item_id.into(), quantity }
}

/// An open cart, just created, with two different items.
pub(crate) fn cart() -> Cart {
    Cart {
        cart_id: Uuid::from_u128(1),
        user_id: "user-1".into(),
        status: CartStatus::Open,
        items: vec![item("a", 2), item("b", 1)],
        version: 1,
    }
}
