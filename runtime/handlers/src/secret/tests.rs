use super::{Named, Secret, Unreadable, json, text};
use crate::testing::World;
use crate::{Context, Error, Kind, grant};
use serde::Deserialize;
use std::time::Duration;

struct Charge;

struct Provider;
impl Named for Provider {
    type Value = String;
    const NAME: &'static str = "provider";
    const ENV: &'static str = "PROVIDER_SECRET_ARN";
    const MAX_AGE: Duration = Duration::from_mins(5);
    fn read(value: &str) -> Result<String, Unreadable> {
        text(value)
    }
}

#[derive(Debug, PartialEq, Deserialize)]
struct Keys {
    id: String,
    key: u32,
}

struct Pair;
impl Named for Pair {
    type Value = Keys;
    const NAME: &'static str = "pair";
    const ENV: &'static str = "PAIR_SECRET_ARN";
    const MAX_AGE: Duration = Duration::from_mins(5);
    fn read(value: &str) -> Result<Keys, Unreadable> {
        json(value)
    }
}

impl grant::Read<Provider> for Charge {}
impl grant::Read<Pair> for Charge {}

async fn read(cx: &Context) -> Result<String, Error> {
    cx.secrets::<Charge>().read::<Provider>().await.map(|value| value.expose().clone())
}

async fn provider(cx: &Context) -> String {
    read(cx).await.expect("a value")
}

#[tokio::test(start_paused = true)]
async fn a_value_is_read_once_until_it_is_too_old() {
    let world = World::new().secret::<Provider>("old");
    let cx = world.context("charge");
    assert_eq!(provider(&cx).await, "old");
    world.rotate::<Provider>("new");
    assert_eq!(provider(&cx).await, "old", "it is kept");
    tokio::time::advance(Duration::from_secs(299)).await;
    assert_eq!(provider(&cx).await, "old");
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(provider(&cx).await, "new", "it was too old");
    assert_eq!(world.secret_reads(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_value_that_was_refused_is_read_anew_but_not_for_every_request() {
    let world = World::new().secret::<Provider>("old");
    let cx = world.context("charge");
    assert_eq!(provider(&cx).await, "old");
    world.rotate::<Provider>("new");
    tokio::time::advance(Duration::from_secs(2)).await;
    let fresh = async || {
        let value = cx.secrets::<Charge>().fresh().read::<Provider>().await;
        value.expect("a value").expose().clone()
    };
    assert_eq!(fresh().await, "new");
    assert_eq!(provider(&cx).await, "new", "others get it as well");
    world.rotate::<Provider>("newer");
    for _ in 0..100 {
        assert_eq!(fresh().await, "new");
    }
    assert_eq!(world.secret_reads(), 2);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(fresh().await, "newer");
}

#[tokio::test]
async fn json_is_read_as_its_type_and_nothing_of_it_is_told_where_it_is_not() {
    let world = World::new().secret::<Pair>(r#"{ "id": "a", "key": 7 }"#);
    let value = world.context("charge").secrets::<Charge>().read::<Pair>().await.expect("a value");
    assert_eq!(*value.expose(), Keys { id: "a".to_owned(), key: 7 });
    for wrong in [r#"{ "id": "a", "key": "sk_live_51" }"#, "sk_live_51", r#"{ "id": "sk_live_51" }"#] {
        let world = World::new().secret::<Pair>(wrong);
        let error = world.context("charge").secrets::<Charge>().read::<Pair>().await.expect_err("no such JSON");
        assert_eq!(error.kind(), Kind::Configuration);
        let told = format!("{error} {error:?}");
        assert!(told.contains("`pair`") && !told.contains("sk_live"), "{told}");
    }
}

#[tokio::test]
async fn a_secret_without_a_value_says_what_to_do() {
    let world = World::new().empty_secret::<Provider>();
    let error = read(&world.context("charge")).await.expect_err("there is none");
    assert_eq!(error.kind(), Kind::Configuration);
    assert!(error.to_string().contains("put-secret-value"), "{error}");
}

#[tokio::test]
async fn a_failure_is_not_kept() {
    let world = World::new().secret::<Provider>("value");
    let cx = world.context("charge");
    world.fail_next_secret(Kind::Throttled);
    assert_eq!(read(&cx).await.expect_err("it fails").kind(), Kind::Throttled);
    assert_eq!(provider(&cx).await, "value");
}

#[test]
fn nothing_shows_a_value() {
    let value = Secret::new("sk_live_51".to_owned());
    let nested = Some(vec![("key", value.clone())]);
    assert_eq!(format!("{value:?} {value:#?} {nested:?}"), "Secret(..) Secret(..) Some([(\"key\", Secret(..))])");
}
