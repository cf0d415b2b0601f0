//! What a function answers with, as its contract declares it.

use super::{files, is_well_formed, text};

const SPEC: &str = r#"
evc: 1
service: shop
types:
  Tag: string(1..64)
functions:
  look:
    description: Looks.
    api: { route: GET /carts, auth: none, headers: { If-None-Match: known } }
    input: { known?: Tag }
    responses:
      Found:
        description: There are some.
        status: 200
        body: { carts: [uuid], state: OPEN | DONE }
        headers: { ETag: Tag, Cache-Control?: string, X-State: NEW | OLD, X-Of?: [integer] }
        cookies:
          session: { max-age: 30d, path: /carts, domain: shop.example, same-site: strict }
          "visit?": { http-only: false, secure: false }
      Unchanged: { status: 304, headers: { ETag: Tag } }
      Gone: 410
  file: { api: { route: GET /file, auth: none }, responses: { File: { status: 200, body: bytes, type: image/png } } }
  table: { api: { route: GET /table, auth: none }, responses: { Table: { status: 200, body: string, type: text/csv } } }
"#;

#[test]
fn a_handler_answers_with_what_the_spec_says_and_nothing_else() {
    let files = files(SPEC);
    is_well_formed(&files);
    insta::assert_snapshot!("responses-look", text(&files, "contract/src/functions/look.rs"));
    for (function, line) in [
        ("file", "body: evc_runtime::Bytes => bytes(\"image/png\");"),
        ("table", "body: String => text(\"text/csv\");"),
    ] {
        let text = text(&files, &format!("contract/src/functions/{function}.rs"));
        assert!(text.contains(line), "{text}");
    }
}
