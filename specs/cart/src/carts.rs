//! What the functions share: reading a cart of who calls, and putting items together.

use cart_contract::{Cart, CartCaller, CartItem, Carts, CartsKey};
use evc_runtime::table::TableClient;
use evc_runtime::{Error, Uuid, grant};

/// As many of one item as a cart holds: the bound of `CartItem.quantity` in the spec.
const MOST_OF_AN_ITEM: i64 = 1000;
/// As many different items: the bound of `Cart.items` in the spec.
const MOST_ITEMS: usize = 500;

/// Reads a cart as it is now, with its version, which says how often it was changed. One of somebody else is as one that is not there.
pub(crate) async fn load<F>(
    carts: TableClient<'_, Carts, F>,
    cart_id: Uuid,
    caller: &CartCaller,
) -> Result<Option<(Cart, u64)>, Error>
where
    F: grant::Get<Carts>,
{
    let found = carts.get(&CartsKey { cart_id }).consistent().send_versioned().await?;
    Ok(found.filter(|(cart, _)| cart.user_id == caller.sub))
}

/// Puts items on top of others: one line an item, in the order in which the items first came. What does not fit is an error text.
pub(crate) fn together(
    items: impl IntoIterator<Item = CartItem>,
    more: impl IntoIterator<Item = CartItem>,
) -> Result<Vec<CartItem>, String> {
    let mut lines: Vec<CartItem> = Vec::new();
    for item in items.into_iter().chain(more) {
        match lines.iter_mut().find(|line| line.item_id == item.item_id) {
            Some(line) => line.quantity += item.quantity,
            None => lines.push(item),
        }
    }
    if let Some(line) = lines.iter().find(|line| line.quantity > MOST_OF_AN_ITEM) {
        return Err(format!("{} of one item; a cart holds {MOST_OF_AN_ITEM}", line.quantity));
    }
    if lines.len() > MOST_ITEMS {
        return Err(format!("{} different items; a cart holds {MOST_ITEMS}", lines.len()));
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::item;

    #[test]
    fn an_item_that_comes_twice_is_one_line_with_both_quantities() {
        let items = together([item("a", 2), item("b", 1), item("a", 1)], [item("b", 4), item("c", 1)]);
        assert_eq!(items, Ok(vec![item("a", 3), item("b", 5), item("c", 1)]));
        assert_eq!(together([], []), Ok(vec![]));
    }

    #[test]
    fn a_cart_has_bounds() {
        assert!(together([item("a", 1000)], []).is_ok());
        assert_eq!(together([item("a", 1000)], [item("a", 1)]), Err("1001 of one item; a cart holds 1000".to_owned()));
        let many = |count: usize| (0..count).map(|number| item(&number.to_string(), 1));
        assert!(together(many(500), []).is_ok());
        assert_eq!(together(many(500), [item("x", 1)]), Err("501 different items; a cart holds 500".to_owned()));
    }
}
