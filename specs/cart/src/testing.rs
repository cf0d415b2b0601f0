//! Tables in memory and carts to put into them.

use cart_contract::{
    AddItems, Cart, CartCaller, CartEvents, CartItem, CartStatus, Carts, Checkout, CreateCart, ListCarts, UserCarts,
};
use evc_runtime::testing::{Fault, PublishedEvent};
use evc_runtime::{Function, Uuid};

/// What surrounds a function.
pub(crate) struct World {
    world: evc_runtime::testing::World,
}

/// A world without carts and with an empty outbox.
pub(crate) fn world() -> World {
    World { world: evc_runtime::testing::World::new().table::<Carts>().table::<UserCarts>().outbox::<CartEvents>() }
}

impl std::ops::Deref for World {
    type Target = evc_runtime::testing::World;

    fn deref(&self) -> &Self::Target {
        &self.world
    }
}

impl World {
    /// The context of a request of this user, with this key.
    fn request<F: Function>(&self, key: &str, user: &str) -> F {
        F::new(self.world.request(F::NAME, key).called_by(CartCaller { sub: user.into() }))
    }

    /// The context of a request to `create-cart`.
    pub(crate) fn create_cart(&self, key: &str, user: &str) -> CreateCart {
        self.request(key, user)
    }

    /// The context of a request to `list-carts`.
    pub(crate) fn list_carts(&self, user: &str) -> ListCarts {
        self.request("list", user)
    }

    /// The context of a request to `add-items`.
    pub(crate) fn add_items(&self, key: &str, user: &str) -> AddItems {
        self.request(key, user)
    }

    /// The context of a request to `checkout`.
    pub(crate) fn checkout(&self, key: &str, user: &str) -> Checkout {
        self.request(key, user)
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

/// Whose the cart is.
pub(crate) const OWNER: &str = "user-1";

/// An open cart, just created, with two different items.
pub(crate) fn cart() -> Cart {
    Cart {
        cart_id: Uuid::from_u128(1),
        user_id: OWNER.into(),
        status: CartStatus::Open,
        items: vec![item("a", 2), item("b", 1)],
        version: 1,
    }
}
