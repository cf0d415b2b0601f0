//! The carts of who calls.

use std::hash::{DefaultHasher, Hash, Hasher};

use cart_contract::{ListCarts, ListCartsError, ListCartsFoundBody, ListCartsInput, ListCartsResponse};
use evc_runtime::{Error, SetCookie};

/// Browsers keep a page of carts for its owner alone, and ask each time whether it is still right.
const KEPT: &str = "private, no-cache";

/// The ids of a page of carts. The table gives nobody's but the caller's, and a page that another caller got leads nowhere.
pub async fn list_carts(cx: &ListCarts, input: ListCartsInput) -> Result<ListCartsResponse, ListCartsError> {
    let query = cx.user_carts().query().limit(u16::try_from(input.limit).map_err(Error::other)?);
    let query = match &input.after {
        Some(after) => query.after(after),
        None => query,
    };
    let page = query.send().await?;
    let body = ListCartsFoundBody { carts: page.items.into_iter().map(|cart| cart.cart_id).collect(), next: page.next };
    let (e_tag, cache_control) = (tag(&body), KEPT.to_owned());
    if input.known.as_ref() == Some(&e_tag) {
        return Ok(ListCartsResponse::Unchanged { e_tag, cache_control });
    }
    // Who comes for the first time is known again for a month.
    let visit = input.visit.is_none().then(|| SetCookie::to(cx.stable_id(&["visit"])));
    Ok(ListCartsResponse::Found { e_tag, cache_control, visit, body })
}

/// The same for pages that are the same.
fn tag(page: &ListCartsFoundBody) -> String {
    let mut hasher = DefaultHasher::new();
    page.next.hash(&mut hasher);
    for cart in &page.carts {
        cart.to_string().hash(&mut hasher);
    }
    format!("\"{:016x}\"", hasher.finish())
}

#[cfg(test)]
mod tests {
    use cart_contract::CreateCartInput;
    use evc_runtime::serde_json::json;
    use evc_runtime::testing::{HttpRequest, HttpResponse};

    use super::*;
    use crate::create_cart::create_cart;
    use crate::testing::{World, world};

    async fn list(world: &World, user: &str) -> ListCartsFoundBody {
        let input = ListCartsInput { limit: 20, after: None, known: None, visit: None };
        match list_carts(&world.list_carts(user), input).await.unwrap() {
            ListCartsResponse::Found { body, .. } => body,
            other @ ListCartsResponse::Unchanged { .. } => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn everybody_sees_his_own() {
        let world = world();
        for (key, user) in [("a", "user-1"), ("b", "user-1"), ("a", "user-2")] {
            create_cart(&world.create_cart(key, user), CreateCartInput { items: None }).await.unwrap();
        }
        let counts = [list(&world, "user-1").await, list(&world, "user-2").await, list(&world, "user-3").await];
        assert_eq!(counts.map(|page| page.carts.len()), [2, 1, 0]);
        let all = world.carts();
        let of_one = list(&world, "user-2").await;
        assert!(all.iter().all(|cart| of_one.carts.contains(&cart.cart_id) == (cart.user_id == "user-2")), "{all:?}");
    }

    async fn ask(world: &World, change: impl FnOnce(HttpRequest) -> HttpRequest) -> HttpResponse {
        let request = HttpRequest::to("GET /carts").claims(json!({ "sub": "user-1" }));
        world.http::<ListCarts, _>(change(request), list_carts).await
    }

    #[tokio::test]
    async fn a_page_that_did_not_change_is_not_sent_again() {
        let world = world();
        create_cart(&world.create_cart("a", "user-1"), CreateCartInput { items: None }).await.unwrap();
        let first = ask(&world, |request| request).await;
        assert_eq!((first.status, first.header("Cache-Control")), (200, Some(KEPT)));
        let [cookie] = first.cookies.as_slice() else { panic!("{first:?}") };
        assert!(cookie.ends_with("; Path=/; Max-Age=2592000; Secure; HttpOnly; SameSite=None"), "{cookie}");
        let visit = cookie.split(['=', ';']).nth(1).unwrap().to_owned();
        let tag = first.header("ETag").unwrap().to_owned();
        let again = ask(&world, |request| request.header("IF-NONE-MATCH", &tag).cookie("visit", &visit)).await;
        assert_eq!((again.status, again.header("etag"), again.body.as_deref()), (304, Some(tag.as_str()), None));
        create_cart(&world.create_cart("b", "user-1"), CreateCartInput { items: None }).await.unwrap();
        let changed = ask(&world, |request| request.header("If-None-Match", &tag).cookie("visit", &visit)).await;
        assert_eq!((changed.status, changed.cookies.len()), (200, 0));
        assert_ne!(changed.header("ETag"), Some(tag.as_str()));
    }

    #[tokio::test]
    async fn what_a_request_may_not_bring_is_refused() {
        let world = world();
        for (name, value) in [("limit", "0"), ("limit", "101"), ("limit", "ten"), ("after", "")] {
            assert_eq!(ask(&world, |request| request.query(name, value)).await.status, 400, "{name}={value}");
        }
        assert_eq!(ask(&world, |request| request.query("limit", "5").query("limit", "6")).await.status, 400);
        assert_eq!(ask(&world, |request| request.cookie("visit", "nobody")).await.status, 400);
        assert_eq!(ask(&world, |request| request.header("If-None-Match", "a\r\nb")).await.status, 400);
    }
}
