//! What of a function's input comes from where, as its contract tells the runtime.

use super::{files, is_well_formed, text};

const SPEC: &str = r#"
evc: 1
service: shop
types:
  Page: integer(1..100)
apis:
  shop:
    auth: none
    routes:
      GET /carts/{owner}:
        function: list
        query: { order-by: order, "it's": quoted }
        headers: { If-None-Match: known, X-Sizes: sizes }
        cookies: { session: session }
        defaults: { limit: 20, order: NEWEST, tags: [a, b] }
      GET /plain/{owner}: { function: plain }
      GET /all/{owner}: { function: plain, headers: { X-After: after } }
      POST /notes: { function: note, query: { dry-run: dryRun }, defaults: { dryRun: false } }
      POST /hooks: { function: hook, headers: { X-Signature: signature }, body: payload }
      GET /numbers/{number}: { function: number }
functions:
  list:
    input:
      owner: string(1..64)
      limit: Page
      order: NEWEST | OLDEST
      quoted?: string
      known?: string(..200)
      sizes?: "[integer; ..5]"
      session?: uuid
      tags: "[string(1..10); 1..9]"
      prices?: [money]
      at?: timestamp
  plain: { input: { owner: string, after?: string } }
  note: { input: { text: string, dryRun: boolean } }
  number: { input: { number: integer } }
  hook: { input: { payload: bytes, signature: string(1..100), at?: timestamp } }
"#;

#[test]
fn routes_say_what_comes_from_where() {
    let files = files(SPEC);
    is_well_formed(&files);
    let of = |function: &str| {
        let text = text(&files, &format!("contract/src/functions/{function}.rs"));
        let from = text.find("impl evc_runtime::Function for").unwrap();
        text[from..].lines().take_while(|line| *line != "}").collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!("requests-list", of("list"));
    insta::assert_snapshot!("requests-plain", of("plain"));
    insta::assert_snapshot!("requests-note", of("note"));
    for line in [
        "header(\"X-Signature\", \"signature\", Text);",
        "query(\"at\", \"at\", Text);",
        "body(\"body\", \"payload\", Bytes);",
    ] {
        assert!(of("hook").contains(line), "{}", of("hook"));
    }
    assert!(of("number").contains("path(\"number\", \"number\", Integer);"), "{}", of("number"));
}
