use super::{Named, json, text};
use crate::testing::World;
use crate::{At, Context, Error, Kind, grant};
use serde::{Deserialize, Serialize};
use std::time::Duration;

struct List;

struct PageSize;
impl Named for PageSize {
    type Value = u32;
    const NAME: &'static str = "page-size";
    const ENV: &'static str = "PAGE_SIZE_CONFIG_NAME";
    const MAX_AGE: Duration = Duration::from_mins(1);
    fn read(text: &str) -> Result<u32, Error> {
        let value: u32 = json(text)?;
        At::root().number(&value, 1..=100)?;
        Ok(value)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
enum Order {
    #[serde(rename = "newest first")]
    Newest,
}

struct Sorted;
impl Named for Sorted {
    type Value = Order;
    const NAME: &'static str = "sorted";
    const ENV: &'static str = "SORTED_CONFIG_NAME";
    const MAX_AGE: Duration = Duration::from_mins(1);
    fn read(value: &str) -> Result<Order, Error> {
        text(value)
    }
}

impl grant::ReadConfig<PageSize> for List {}
impl grant::ReadConfig<Sorted> for List {}

async fn page_size(cx: &Context) -> Result<u32, Error> {
    cx.config::<List>().read::<PageSize>().await
}

#[tokio::test(start_paused = true)]
async fn a_value_is_read_once_until_it_is_too_old() {
    let world = World::new().config::<PageSize>(&20);
    let cx = world.context("list");
    assert_eq!(page_size(&cx).await.expect("a value"), 20);
    world.change_config::<PageSize>(&30);
    tokio::time::advance(Duration::from_secs(59)).await;
    assert_eq!(page_size(&cx).await.expect("a value"), 20, "it is kept");
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(page_size(&cx).await.expect("a value"), 30, "it was too old");
    assert_eq!(world.config_reads(), 2);
    world.change_config::<PageSize>(&40);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(cx.config::<List>().fresh().read::<PageSize>().await.expect("a value"), 40, "it is asked for anew");
}

#[tokio::test]
async fn texts_are_as_they_stand_and_other_values_are_json() {
    let world = World::new().config_text::<Sorted>("newest first").config_text::<PageSize>("7");
    let cx = world.context("list");
    assert_eq!(cx.config::<List>().read::<Sorted>().await.expect("a value"), Order::Newest);
    assert_eq!(page_size(&cx).await.expect("a value"), 7);
    let world = World::new().config::<Sorted>(&Order::Newest);
    let cx = world.context("list");
    assert_eq!(cx.config::<List>().read::<Sorted>().await.expect("a value"), Order::Newest);
}

#[tokio::test]
async fn what_is_missing_or_not_of_its_type_is_a_mistake_of_the_configuration() {
    for (text, says) in [
        ("many", "is not of its type"),
        ("0", "expected 1 to 100"),
        ("101", "expected 1 to 100"),
        ("\"7\"", "is not of its type"),
    ] {
        let world = World::new().config_text::<PageSize>(text);
        let error = page_size(&world.context("list")).await.expect_err(text);
        assert_eq!(error.kind(), Kind::Configuration);
        assert!(error.to_string().contains(says) && error.to_string().contains("page-size"), "{error}");
    }
    let world = World::new().env("PAGE_SIZE_CONFIG_NAME", "/shop/page-size");
    let error = page_size(&world.context("list")).await.expect_err("nothing is there");
    assert!(error.to_string().contains("there is no parameter /shop/page-size"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn nothing_older_is_used_when_it_cannot_be_read() {
    let world = World::new().config::<PageSize>(&20);
    let cx = world.context("list");
    page_size(&cx).await.expect("a value");
    tokio::time::advance(Duration::from_mins(1)).await;
    world.fail_next_config(Kind::Throttled);
    assert_eq!(page_size(&cx).await.expect_err("it fails").kind(), Kind::Throttled);
    assert_eq!(page_size(&cx).await.expect("a value"), 20);
}
