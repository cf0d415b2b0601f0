//! What it costs a warm handler to know who calls, to take headers, cookies and a query, and to verify a signature; beside one that takes a body
//! alone. In one process, in turns, without a network: everything between the event of Lambda and its answer.
//!
//! `cargo xtask bench requests` runs it.

#![allow(clippy::expect_used, clippy::print_stdout, reason = "a benchmark stops where something is wrong, and prints")]

use evc_runtime::caller::{Claim, Request};
use evc_runtime::secret::{Named, Unreadable, text};
use evc_runtime::testing::{HttpRequest, World};
use evc_runtime::{Caller, Context, Error, Function, Source, serde};
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

/// Requests in a turn, and turns.
const REQUESTS: u32 = 2_000;
const TURNS: usize = 15;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(crate = "evc_runtime::serde")]
struct Input {
    items: Vec<Item>,
    #[serde(default)]
    limit: u32,
    #[serde(default)]
    known: Option<String>,
    #[serde(default)]
    language: Option<String>,
    #[serde(default)]
    session: Option<String>,
    #[serde(default)]
    theme: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(crate = "evc_runtime::serde")]
struct Item {
    sku: String,
    count: u32,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(crate = "evc_runtime::serde")]
struct Shopper {
    sub: String,
    level: i64,
}

impl Caller for Shopper {
    fn of(request: &Request) -> Result<Self, Error> {
        request.claims(&[("sub", Claim::Text), ("level", Claim::Integer)])?.decode()
    }
}

struct Signing;
impl Named for Signing {
    type Value = String;
    const NAME: &'static str = "signing";
    const ENV: &'static str = "SIGNING_SECRET_ARN";
    const MAX_AGE: Duration = Duration::from_mins(5);
    fn read(value: &str) -> Result<String, Unreadable> {
        text(value)
    }
}

macro_rules! function {
    ($name:ident { $($items:tt)* }) => {
        struct $name(Context);
        impl Function for $name {
            type Input = Input;
            type Output = usize;
            type Error = Error;
            const NAME: &'static str = stringify!($name);
            const SOURCES: &'static [Source] = &[Source::HttpApi];
            $($items)*
            fn new(context: Context) -> Self {
                Self(context)
            }
        }
    };
}

function!(Plain {});

function!(Known {
    evc_runtime::routes! {
        "POST /carts" {
            query("page-size", "limit", Integer, "20");
            header("If-None-Match", "known", Text);
            header("Content-Language", "language", Text);
            cookie("session", "session", Text);
            cookie("theme", "theme", Text);
        }
    }
    fn admit(context: &Context) -> Result<(), Error> {
        context.admit::<Shopper>()
    }
});

function!(Signed {
    evc_runtime::routes! {
        "POST /carts" {}
    }
    evc_runtime::webhooks! {
        "POST /carts" {
            secret(Signing, Text);
            signature("X-Signature", "sha256=", HmacSha256, Hex);
            signed(Body);
        }
    }
});

async fn plain(cx: &Plain, input: Input) -> Result<usize, Error> {
    Ok(input.items.len() + cx.0.request_id().len())
}

async fn known(cx: &Known, input: Input) -> Result<usize, Error> {
    let caller: &Shopper = cx.0.caller_of();
    let parts = [&input.known, &input.language, &input.session, &input.theme];
    let brought = parts.into_iter().flatten().map(String::len).sum::<usize>();
    Ok(input.items.len() + brought + caller.sub.len() + usize::try_from(caller.level).unwrap_or_default())
}

async fn signed(cx: &Signed, input: Input) -> Result<usize, Error> {
    Ok(input.items.len() + cx.0.request_id().len())
}

fn request() -> HttpRequest {
    let items: Vec<Item> = (0..20).map(|at| Item { sku: format!("sku-{at:04}"), count: at + 1 }).collect();
    let body = evc_runtime::serde_json::json!({ "items": items }).to_string();
    HttpRequest::to("POST /carts").header("content-type", "application/json").body(body)
}

/// How long a request takes, in microseconds.
async fn turn<F, H>(world: &World, request: &HttpRequest, handler: H) -> f64
where
    F: Function<Input = Input, Output = usize, Error = Error>,
    H: AsyncFn(&F, Input) -> Result<usize, Error> + Copy,
{
    let started = Instant::now();
    for _ in 0..REQUESTS {
        let answer = world.http::<F, _>(request.clone(), handler).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    started.elapsed().as_secs_f64() * 1e6 / f64::from(REQUESTS)
}

/// The middle of all turns.
fn middle(mut turns: Vec<f64>) -> f64 {
    turns.sort_by(f64::total_cmp);
    turns[turns.len() / 2]
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let world = World::new().secret::<Signing>("what the sender signs with");
    let claims =
        evc_runtime::serde_json::json!({ "sub": "kim", "level": "3", "iss": "https://login.example", "aud": "shop" });
    let rich = request()
        .query("page-size", "50")
        .header("If-None-Match", "\"abc\"")
        .header("Content-Language", "en")
        .cookie("session", "s-1")
        .cookie("theme", "dark")
        .claims(claims);
    let hook = request().signed::<Signed>("what the sender signs with", "");
    let (mut of_plain, mut of_known, mut of_signed) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..TURNS {
        of_plain.push(turn(&world, &request(), plain).await);
        of_known.push(turn(&world, &rich, known).await);
        of_signed.push(turn(&world, &hook, signed).await);
    }
    let plain = middle(of_plain);
    println!("| a request with | microseconds | more | times |\n| --- | --- | --- | --- |");
    println!("| a body of 20 items | {plain:.1} | | 1.00 |");
    for (what, turns) in [
        ("the same, a caller with claims, a query, two headers and two cookies", of_known),
        ("the same body, signed", of_signed),
    ] {
        let took = middle(turns);
        println!("| {what} | {took:.1} | {:.1} | {:.2} |", took - plain, took / plain);
    }
}
