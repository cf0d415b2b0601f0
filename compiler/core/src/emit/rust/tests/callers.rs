//! What functions know of their callers, by the routes that lead to them.

use super::{files, is_well_formed, text};

const SPEC: &str = r#"
evc: 1
service: shop
types:
  Shopper: { sub: string(1..64), email?: string }
apis:
  web:
    auth:
      jwt:
        issuer: https://login.example
        audience: shop
        claims: { sub: string(1..64), level?: integer, "cognito:groups?": [string], tier: GOLD | NONE, vip?: boolean }
    routes:
      GET /one: { function: one }
      GET /open: { function: open, auth: none }
      GET /open/mine: { function: open }
      GET /several: { function: several }
      POST /events: { function: events }
  partners:
    auth: { jwt: { issuer: "https://partner.example", audience: [shop, "a\"b"], claims: Shopper } }
    routes:
      GET /several: { function: several }
      GET /partner: { function: partner }
  more:
    auth: { jwt: { issuer: "https://more.example", audience: shop, claims: Shopper } }
    routes: { GET /partner: { function: partner } }
  plain:
    auth: { jwt: { issuer: "https://plain.example", audience: shop } }
    routes: { GET /plain: { function: plain } }
  machines:
    kind: rest
    auth: api-key
    routes:
      GET /several: { function: several }
      GET /signed: { function: several, auth: iam }
      GET /keys: { function: keys }
      GET /nobody: { function: nobody, auth: none }
tables:
  notes:
    item: { user: string(1..64), id: uuid, at: timestamp, state: OPEN | DONE }
    key: [user, id]
    indexes: { by-time: [user, at], by-state: [state, at] }
  profiles: { item: { user: string(1..64), name: string }, key: user }
functions:
  one:
    tables:
      notes: { operations: [read, write, check], own: caller.sub }
      profiles: { operations: [get, put], own: caller.sub }
    queries:
      timed: { table: notes, index: by-time, sort: between }
      named: { table: profiles }
  open: {}
  several: {}
  events: { input: { id: uuid } }
  partner: {}
  plain: {}
  keys: {}
  nobody: {}
queues: { ids: { message: { id: uuid }, to: events } }
"#;

#[test]
fn each_function_knows_its_callers_by_its_routes() {
    let files = files(SPEC);
    is_well_formed(&files);
    let of = |function: &str| text(&files, &format!("contract/src/functions/{function}.rs")).to_owned();
    for (function, expected) in [
        ("one", "fn caller(&self) -> &crate::WebCaller {"),
        ("open", "fn caller(&self) -> Option<&crate::WebCaller> {"),
        ("events", "fn caller(&self) -> Option<&crate::WebCaller> {"),
        ("several", "fn caller(&self) -> &crate::SeveralCaller {"),
        ("partner", "fn caller(&self) -> &crate::Shopper {"),
        ("plain", "fn caller(&self) -> &crate::PlainCaller {"),
        ("keys", "fn caller(&self) -> &evc_runtime::ApiKey {"),
    ] {
        let text = of(function);
        assert!(text.contains(expected), "{function}:\n{text}");
        let how = if expected.contains("Option") { "context.admit_if_known::<" } else { "context.admit::<" };
        assert!(text.contains(how), "{function}:\n{text}");
    }
    assert!(!of("nobody").contains("caller"), "{}", of("nobody"));
    insta::assert_snapshot!("callers", text(&files, "contract/src/callers.rs"));
    insta::assert_snapshot!("callers-several", of("several"));
    insta::assert_snapshot!("callers-own", of("one"));
    let tables = text(&files, "contract/src/tables.rs");
    assert!(
        tables.contains("SamePartition for NotesByTime {}") && !tables.contains("SamePartition for NotesByState"),
        "{tables}"
    );
}

const ASKED: &str = r#"
evc: 1
service: shop
types:
  Shopper: { sub: string(1..64), plan: FREE | PAID }
apis:
  web:
    kind: rest
    auth: { authorizer: check-session }
    routes:
      GET /one: { function: one }
      GET /key: { function: key, auth: { authorizer: check-key } }
      GET /several: { function: several }
      GET /several/key: { function: several, auth: { authorizer: check-key } }
      GET /several/token: { function: several, auth: { jwt: { issuer: "https://login.example", audience: shop } } }
  more:
    auth: { authorizer: check-session }
    routes: { GET /one: { function: one } }
tables:
  notes: { item: { user: string(1..64), id: uuid }, key: [user, id] }
functions:
  one: { tables: { notes: { operations: [read], own: caller.sub } } }
  key: {}
  several: {}
  check-session:
    authorizer: { cookies: { session: session }, query: { "a$b": level }, method: method, path: path, source-ip: address, cache: 5m }
    input: { session: string(1..64), level: integer, method: string, path: string, address: string }
    output: Shopper
    errors: [UnknownSession]
  check-key:
    authorizer: { headers: { X-Key: key } }
    input: { key: string }
    output: { sub: string, level?: integer, teams: [string] }
"#;

#[test]
fn what_an_authorizer_says_is_who_calls() {
    let files = files(ASKED);
    is_well_formed(&files);
    let of = |function: &str| text(&files, &format!("contract/src/functions/{function}.rs")).to_owned();
    for (function, expected) in [
        ("one", "fn caller(&self) -> &crate::Shopper {"),
        ("key", "fn caller(&self) -> &crate::CheckKeyOutput {"),
        ("several", "fn caller(&self) -> &crate::SeveralCaller {"),
        ("several", r#"request.is_let_in_by("check-session")"#),
        ("several", r#"request.is_let_in_by("check-key")"#),
        ("several", r#"request.is_of("https://login.example", &["shop"])"#),
        ("check_key", "type Output = crate::CheckKeyOutput;"),
        ("check_key", "&[evc_runtime::Source::RestAuthorizer];"),
    ] {
        assert!(of(function).contains(expected), "{function}: {expected}\n{}", of(function));
    }
    // Nobody invokes it directly, and it has no caller itself.
    let authorizer = of("check_session");
    assert!(!authorizer.contains("Source::Direct") && !authorizer.contains("fn caller"), "{authorizer}");
    insta::assert_snapshot!("callers-authorizer", authorizer);
    insta::assert_snapshot!("callers-asked", text(&files, "contract/src/callers.rs"));
}
