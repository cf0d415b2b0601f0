//! What the documentation of five senders says is right, and what is not. The signatures are theirs where they publish one, else `openssl`'s.

use super::*;
use crate::request::Route;
use crate::secret::{Unreadable, text};
use crate::serve::{App, Invocation, Unguarded};
use crate::testing::{HttpRequest, HttpResponse, World};
use crate::{Context, Function, Source};
use serde_json::{Value, json};
use std::cell::Cell;

macro_rules! secret {
    ($name:ident, $env:literal) => {
        struct $name;
        impl Named for $name {
            type Value = String;
            const NAME: &'static str = stringify!($name);
            const ENV: &'static str = $env;
            const MAX_AGE: Duration = Duration::from_mins(5);
            fn read(value: &str) -> Result<String, Unreadable> {
                text(value)
            }
        }
    };
}

secret!(Current, "CURRENT_SECRET_ARN");
secret!(Next, "NEXT_SECRET_ARN");

const PLAIN: Webhook = Webhook {
    route: "POST /hook",
    keys: &[Key::of::<Current>(KeyEncoding::Text), Key::of::<Next>(KeyEncoding::Text)],
    header: "X-Signature",
    prefix: "",
    algorithm: Algorithm::HmacSha256,
    encoding: Encoding::Hex,
    signed: &[Part::Body],
    timestamp: None,
    id: None,
};
const GITHUB: Webhook = Webhook { header: "X-Hub-Signature-256", prefix: "sha256=", ..PLAIN };
const SHOPIFY: Webhook = Webhook { header: "X-Shopify-Hmac-Sha256", encoding: Encoding::Base64, ..PLAIN };
const SLACK: Webhook = Webhook {
    header: "X-Slack-Signature",
    prefix: "v0=",
    signed: &[Part::Text("v0:"), Part::Timestamp, Part::Text(":"), Part::Body],
    timestamp: Some(Stamp { place: Place::Header("X-Slack-Request-Timestamp"), tolerance: 300 }),
    ..PLAIN
};
const STRIPE: Webhook = Webhook {
    header: "Stripe-Signature",
    prefix: "v1=",
    signed: &[Part::Timestamp, Part::Text("."), Part::Body],
    timestamp: Some(Stamp { place: Place::Prefix("t="), tolerance: 300 }),
    ..PLAIN
};
const STANDARD: Webhook = Webhook {
    keys: &[Key::of::<Current>(KeyEncoding::Base64)],
    header: "webhook-signature",
    prefix: "v1,",
    encoding: Encoding::Base64,
    signed: &[Part::Id, Part::Text("."), Part::Timestamp, Part::Text("."), Part::Body],
    timestamp: Some(Stamp { place: Place::Header("webhook-timestamp"), tolerance: 300 }),
    id: Some("webhook-id"),
    ..PLAIN
};
const PAYSTACK: Webhook = Webhook { header: "x-paystack-signature", algorithm: Algorithm::HmacSha512, ..PLAIN };

/// The documents' own examples: secret, headers, body, and the second at which it was signed.
struct Example {
    webhook: &'static Webhook,
    secret: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
    at: i64,
}

const EXAMPLES: [Example; 6] = [
    // https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation
    Example {
        webhook: &GITHUB,
        secret: "It's a Secret to Everybody",
        headers: &[("X-Hub-Signature-256", "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17")],
        body: "Hello, World!",
        at: 0,
    },
    // https://docs.slack.dev/authentication/verifying-requests-from-slack
    Example {
        webhook: &SLACK,
        secret: "8f742231b10e8888abcd99yyyzzz85a5",
        headers: &[
            ("X-Slack-Request-Timestamp", "1531420618"),
            ("X-Slack-Signature", "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"),
        ],
        body: "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar\
               &user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com\
               %2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c",
        at: 1_531_420_618,
    },
    // https://github.com/standard-webhooks/standard-webhooks/tree/main/libraries
    Example {
        webhook: &STANDARD,
        secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        headers: &[
            ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
            ("webhook-timestamp", "1614265330"),
            ("webhook-signature", "v1a,AAAA v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
        ],
        body: "{\"test\": 2432232314}",
        at: 1_614_265_330,
    },
    // Its secrets begin with `whsec_` as well, and are texts.
    Example {
        webhook: &STRIPE,
        secret: "whsec_test_secret",
        headers: &[(
            "Stripe-Signature",
            "t=1492774577,v0=6ffbb59b2300aae63f272406069a9788598b792a944a07aba816edb039989a39,v1=799c4ba7bb339f3c8601adfd112f0e477c930a268be1243d341abb8286501c2f",
        )],
        body: "{\"id\":\"evt_1\"}",
        at: 1_492_774_577,
    },
    Example {
        webhook: &SHOPIFY,
        secret: "hush",
        headers: &[("X-Shopify-Hmac-Sha256", "VnKUjZsLuN5iZWjn5EntcBVCF9kMN43LglzCE1/GSeY=")],
        body: "{\"id\":1}",
        at: 0,
    },
    Example {
        webhook: &PAYSTACK,
        secret: "sk_test",
        headers: &[(
            "x-paystack-signature",
            "aec692efb040bc11c4382e53b5177859cf1742a669d4a691a38eeee28ac2f5131ad9f56bb163e77132afe75408bd89753c1945bbb90dab64caae57cebba6c56a",
        )],
        body: "{\"event\":\"charge.success\"}",
        at: 0,
    },
];

/// What becomes of a request: it is refused when it is read, or when it is verified.
async fn verdict(
    webhook: &'static Webhook,
    secret: &str,
    headers: &[(&str, &str)],
    body: &str,
    at: i64,
) -> Result<(), Failure> {
    let world = World::new().secret::<Current>(secret).empty_secret::<Next>();
    let header = |name: &str| {
        let found: Vec<&str> =
            headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| *value).collect();
        (!found.is_empty()).then(|| found.join(","))
    };
    let now = Timestamp::from_millis(at * 1000).expect("a time");
    let claimed = Claimed::read(webhook, header, &Bytes(body.as_bytes().to_vec()), now)?;
    claimed.verify(&world.services()).await
}

fn is_refused(verdict: &Result<(), Failure>) -> bool {
    verdict.as_ref().is_err_and(|failure| failure.status == 403 && failure.name == "Forbidden")
}

#[tokio::test]
async fn what_well_known_senders_sign_is_taken() {
    for Example { webhook, secret, headers, body, at } in &EXAMPLES {
        assert_eq!(verdict(webhook, secret, headers, body, *at).await, Ok(()), "{}", webhook.header);
        // Pasted with the end of its line.
        assert_eq!(verdict(webhook, &format!("{secret}\n"), headers, body, *at).await, Ok(()), "{}", webhook.header);
    }
}

#[tokio::test]
async fn what_is_forged_cut_off_or_moved_is_not() {
    for Example { webhook, secret, headers, body, at } in &EXAMPLES {
        let name = webhook.header;
        assert!(is_refused(&verdict(webhook, "whsec_b3RoZXI=", headers, body, *at).await), "{name}: another secret");
        assert!(
            is_refused(&verdict(webhook, secret, headers, &format!("{body} "), *at).await),
            "{name}: a longer body"
        );
        assert!(is_refused(&verdict(webhook, secret, headers, &body[1..], *at).await), "{name}: a shorter body");
        assert!(is_refused(&verdict(webhook, secret, headers, "", *at).await), "{name}: no body");
        for without in 0..headers.len() {
            let mut less = headers.to_vec();
            less.remove(without);
            assert!(is_refused(&verdict(webhook, secret, &less, body, *at).await), "{name}: without {without}");
        }
        for (at_header, (header, value)) in headers.iter().enumerate() {
            // Every header is signed, or is the signature: a letter of each, and what is left when it is cut off.
            for cut in 0..value.len() {
                let mut other = headers.to_vec();
                other[at_header] = (header, &value[..cut]);
                assert!(is_refused(&verdict(webhook, secret, &other, body, *at).await), "{name}: {header} to {cut}");
            }
        }
    }
}

#[tokio::test]
async fn a_time_that_is_not_near_is_a_replay() {
    for Example { webhook, secret, headers, body, at } in EXAMPLES.iter().filter(|it| it.webhook.timestamp.is_some()) {
        for (offset, near) in [(300, true), (-300, true), (301, false), (-301, false), (86_400, false)] {
            let verdict = verdict(webhook, secret, headers, body, at + offset).await;
            assert_eq!(verdict.is_ok(), near, "{} {offset}: {verdict:?}", webhook.header);
            assert!(near || is_refused(&verdict));
        }
    }
}

#[tokio::test]
async fn the_time_that_is_signed_is_the_time_that_is_looked_at() {
    let Example { webhook, secret, body, at, .. } = EXAMPLES[3];
    let old = "t=1492774577,v1=799c4ba7bb339f3c8601adfd112f0e477c930a268be1243d341abb8286501c2f";
    let now = at + 86_400;
    // Old signatures with a new time, before, after, instead.
    for text in [
        format!("t={now},{}", &old[13..]),
        format!("{old},t={now}"),
        format!("t={now},{old}"),
        format!("{},t={now}", &old[13..]),
        format!("t=,{}", &old[13..]),
        format!("t=-1,{}", &old[13..]),
        format!("t=+{now},{}", &old[13..]),
        format!("t=99999999999999999999999,{}", &old[13..]),
        old[13..].to_owned(),
    ] {
        let verdict = verdict(webhook, secret, &[("Stripe-Signature", &text)], body, now).await;
        assert!(is_refused(&verdict), "{text}: {verdict:?}");
    }
    // A header that comes twice is one with commas, and two times are none.
    let twice = [("Stripe-Signature", old), ("Stripe-Signature", old)];
    assert!(is_refused(&verdict(webhook, secret, &twice, body, at).await));
}

#[tokio::test]
async fn times_are_seconds_or_milliseconds() {
    let sign = |time: &str| {
        let signature: String = mac::<Hmac<Sha256>>(b"key", format!("{time}.x").as_bytes())
            .iter()
            .map(|byte| format!("{byte:02X}"))
            .collect();
        format!("t={time}, v1={signature}")
    };
    for (time, is_near) in
        [("1700000000", true), ("1700000000123", true), ("1700000000.5", false), ("0x6553f100", false)]
    {
        let header = sign(time);
        let verdict = verdict(&STRIPE, "key", &[("Stripe-Signature", &header)], "x", 1_700_000_000).await;
        assert_eq!(verdict.is_ok(), is_near, "{time}");
    }
}

#[tokio::test]
async fn many_signatures_are_not_all_looked_at() {
    let Example { webhook, secret, headers, body, at } = EXAMPLES[0];
    let right = headers[0].1;
    let wrong = format!("sha256={}", "0".repeat(64));
    let few = format!("{},{right}", vec![wrong.as_str(); 15].join(","));
    let many = format!("{},{right}", vec![wrong.as_str(); 16].join(","));
    assert_eq!(verdict(webhook, secret, &[(webhook.header, &few)], body, at).await, Ok(()));
    assert!(is_refused(&verdict(webhook, secret, &[(webhook.header, &many)], body, at).await));
}

#[test]
fn signatures_are_written_in_one_way() {
    assert_eq!(Encoding::Hex.decode("00fFA1"), Some(vec![0, 255, 161]));
    for text in ["0", "0g", "ä0", "+1", " 1"] {
        assert_eq!(Encoding::Hex.decode(text), None, "{text}");
    }
    assert_eq!(texts("v1,a v1,b,v2,c xv1,d", "v1,").collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(texts("a, b", "").collect::<Vec<_>>(), ["a, b"]);
}

/// A function behind a webhook and a route for everybody.
struct Hook(Context);

thread_local! {
    /// How often it ran in this test, which is a thread.
    static RUNS: Cell<u32> = const { Cell::new(0) };
}

impl Function for Hook {
    type Input = Value;
    type Output = Value;
    type Error = Error;
    const NAME: &'static str = "hook";
    const SOURCES: &'static [Source] = &[Source::HttpApi, Source::RestApi];
    const ROUTES: &'static [Route] =
        &[Route { key: "POST /hook", parameters: &[] }, Route { key: "POST /open", parameters: &[] }];

    crate::webhooks! {
        "POST /hook" {
            secret(Current, Text);
            secret(Next, Text);
            signature("X-Signature", "", HmacSha256, Hex);
            signed(Body);
            id("X-Id");
        }
    }

    fn new(context: Context) -> Self {
        Self(context)
    }
}

async fn hook(cx: &Hook, input: Value) -> Result<Value, Error> {
    RUNS.set(RUNS.get() + 1);
    let asked = cx.0.delivery().origin.content.as_ref().map(|content| content.hash().to_owned());
    Ok(json!({ "key": cx.0.idempotency_key(), "asked": asked, "input": input }))
}

/// A process of the function, which keeps what it has read.
fn process(world: &World) -> App<Hook, impl AsyncFn(&Hook, Value) -> Result<Value, Error>, Unguarded> {
    App::new(hook, Unguarded, world.services()).expect("an app")
}

async fn send(
    app: &App<Hook, impl AsyncFn(&Hook, Value) -> Result<Value, Error>, Unguarded>,
    request: HttpRequest,
) -> HttpResponse {
    let invocation = Invocation { request_id: "r".to_owned(), deadline: Timestamp::now().after(LONG), trace: None };
    let answer = app.invoke(&request.two().to_string(), &invocation).await.expect("an answer");
    HttpResponse::read(&serde_json::from_str(&answer).expect("JSON"))
}

/// More than a request takes.
const LONG: Duration = Duration::from_secs(10);

fn request() -> HttpRequest {
    HttpRequest::to("POST /hook").body("{\"a\":1}")
}

#[tokio::test]
async fn a_request_is_verified_before_anything_runs() {
    let world = World::new().secret::<Current>("key").empty_secret::<Next>();
    let app = process(&world);
    for forged in
        [request(), request().signed::<Hook>("other", "1"), request().header("X-Signature", "00").header("X-Id", "1")]
    {
        let answer = send(&app, forged).await;
        assert_eq!(answer.status, 403, "{answer:?}");
    }
    // What is wrong with a body is the sender's alone to know.
    assert_eq!(
        send(&app, HttpRequest::to("POST /hook").body("{").header("X-Signature", "00").header("X-Id", "1"))
            .await
            .status,
        403
    );
    assert_eq!(send(&app, HttpRequest::to("POST /hook").body("{").signed::<Hook>("key", "0")).await.status, 400);
    // A route that nobody has declared is none that lets anybody in.
    assert_eq!(send(&app, HttpRequest::to("POST /other").body("{}")).await.status, 403);
    assert_eq!(RUNS.get(), 0);
    assert_eq!(send(&app, request().signed::<Hook>("key", "1")).await.status, 200);
    assert_eq!(send(&app, HttpRequest::to("POST /open").body("{}")).await.status, 200);
    assert_eq!(RUNS.get(), 2);
}

#[tokio::test]
async fn a_rest_api_hands_over_the_same() {
    let world = World::new().secret::<Current>("key").empty_secret::<Next>();
    let app = process(&world);
    for (request, expected) in [
        (request().signed::<Hook>("key", "1"), 200),
        (request().signed::<Hook>("other", "1"), 403),
        // A header that comes twice is all of it, and no signature.
        (request().signed::<Hook>("key", "1").header("x-signature", "00"), 403),
        (request(), 403),
    ] {
        let invocation = Invocation { request_id: "r".to_owned(), deadline: Timestamp::now().after(LONG), trace: None };
        let answer = app.invoke(&request.one().to_string(), &invocation).await.expect("an answer");
        assert_eq!(HttpResponse::read(&serde_json::from_str(&answer).expect("JSON")).status, expected);
    }
}

#[tokio::test]
async fn the_key_of_a_delivery_is_what_the_spec_says_and_no_header_of_the_senders() {
    let world = World::new().secret::<Current>("key").empty_secret::<Next>();
    let app = process(&world);
    let key = async |request: HttpRequest| {
        let answer: Value = send(&app, request).await.json().expect("JSON");
        answer["key"].as_str().expect("a key").to_owned()
    };
    let first = key(request().signed::<Hook>("key", "1")).await;
    assert_eq!(key(request().signed::<Hook>("key", "1").header("Idempotency-Key", "mine")).await, first);
    assert_ne!(key(request().signed::<Hook>("key", "2")).await, first);
    // What is signed anew, or counted, in each attempt makes no other work of it; another path does.
    let asked = async |request: HttpRequest| {
        let answer: Value = send(&app, request).await.json().expect("JSON");
        answer["asked"].clone()
    };
    let one = asked(request().signed::<Hook>("key", "1")).await;
    assert_eq!(asked(request().signed::<Hook>("key", "1").header("X-Retry", "2")).await, one);
    assert_ne!(asked(request().path("a", "b").signed::<Hook>("key", "1")).await, one);
    // Nobody else's key is one of the webhook's.
    let stolen = key(HttpRequest::to("POST /open").body("{}").header("Idempotency-Key", "1")).await;
    assert_ne!(stolen, first);
    assert_ne!(key(HttpRequest::to("POST /open").body("{}").header("Idempotency-Key", &first)).await, first);
}

#[tokio::test]
async fn a_secret_that_was_rotated_is_read_anew() {
    let world = World::new().secret::<Current>("old").empty_secret::<Next>();
    let app = process(&world);
    assert_eq!(send(&app, request().signed::<Hook>("old", "1")).await.status, 200);
    world.rotate::<Current>("new");
    assert_eq!(
        send(&app, request().signed::<Hook>("new", "2")).await.status,
        403,
        "within a second of the last reading"
    );
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(send(&app, request().signed::<Hook>("new", "3")).await.status, 200);
    assert_eq!(send(&app, request().signed::<Hook>("old", "4")).await.status, 403);
    // While the sender goes over, both are right.
    world.rotate::<Next>("next");
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(send(&app, request().signed::<Hook>("next", "5")).await.status, 200);
    assert_eq!(send(&app, request().signed::<Hook>("new", "6")).await.status, 200);
}

#[tokio::test]
async fn forged_requests_do_not_ask_for_the_secret_each_time() {
    let world = World::new().secret::<Current>("key").secret::<Next>("next");
    let app = process(&world);
    for id in 0..20 {
        assert_eq!(send(&app, request().signed::<Hook>("other", &id.to_string())).await.status, 403);
    }
    assert_eq!(world.secret_reads(), 2);
}

#[tokio::test]
async fn without_a_secret_nobody_gets_in() {
    let world = World::new().empty_secret::<Current>().empty_secret::<Next>();
    let app = process(&world);
    let answer = send(&app, request().signed::<Hook>("", "1")).await;
    assert_eq!((answer.status, answer.body.expect("a problem").contains("secret")), (500, false));
    let world = World::new().secret::<Current>(" \n").secret::<Next>("");
    let app = process(&world);
    assert_eq!(send(&app, request().signed::<Hook>("", "1")).await.status, 500, "an empty key signs for everybody");
    let world = World::new().secret::<Current>("key").empty_secret::<Next>();
    let app = process(&world);
    world.fail_next_secret(Kind::Transient);
    assert!(send(&app, request().signed::<Hook>("key", "1")).await.status >= 500, "the sender sends again");
}
