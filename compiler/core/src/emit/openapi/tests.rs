//! The document of each kind of API. Read the snapshots; a validator of OpenAPI accepts what stands under `generated/`.

use super::*;
use crate::session::analyze_text;

const SHOP: &str = r#"
evc: 1
service: shop
description: A shop.
types:
  Line: { sku: string(1..20), count: integer(1..) }
  Cart: { cartId: uuid, lines: [Line] }
  New: { note?: string, total: money }
  Order: { extends: New, orderId: uuid, region: string, status: NEW | PAID }
tables:
  orders:
    item: Order
    key: [orderId, region]
    indexes: { by-region: { key: region, projection: keys } }
functions:
  create-cart:
    description: Makes a cart.
    api: { route: POST /carts, status: 201 }
    input: { owner: string, lines: [Line] }
    output: Cart
    idempotent: true
  get-cart: { api: { route: "GET /carts/{cartId}", auth: none }, input: { cartId: uuid, fields?: string }, output: Cart }
  close-cart:
    api: "DELETE /carts/{id}"
    input: { id: uuid }
    errors: { CartNotFound: 404, CartClosed: 409, CartOpen: 409 }
  get-file: { input: { path: string }, output: any }
  hook: { api: { route: POST /hooks, auth: none, headers: { X-Signature: signature }, body: payload }, input: { payload: bytes, signature: string, at?: date } }
  note: { api: { route: PUT /note, auth: none, body: text }, input: { text: string(..1000) } }
  notes: { api: { route: PUT /notes, auth: none, body: texts }, input: { texts: [string] } }
  list-carts:
    api:
      route: GET /carts
      auth: none
      query: { page-size: limit }
      headers: { If-None-Match: known }
      cookies: { session: session }
      defaults: { limit: 20 }
    input: { limit: "integer(1..100)", known?: "string(..200)", session: uuid, tags?: "[string; ..9]" }
    responses:
      Found:
        description: Carts, a page of them.
        status: 200
        body: [Cart]
        headers: { ETag: "string(1..64)", Cache-Control?: string }
        cookies: { session: { max-age: 1h } }
      Unchanged: { status: 304, headers: { ETag: string } }
      Wrong: { status: 400, body: { field: string } }
      Plain: { status: 202, body: string, type: text/plain }
      Picture: { status: 203, body: bytes, type: image/png }
workflows:
  fulfil:
    description: Fulfils an order.
    input: { orderId: uuid, lines: [Line] }
    steps: { done: { succeed: } }
apis:
  orders:
    kind: rest
    auth: api-key
    routes:
      POST /orders: { table: orders, input: New, put: { orderId: request.id, region: header.x-region, status: "'NEW'" } }
      GET /orders/{orderId}/{region}: { description: One order., table: orders, get: {} }
      PATCH /areas/{area}/orders/{order}:
        table: orders
        input: { status: NEW | PAID }
        update: { status: body.status }
        key: { orderId: path.order, region: path.area }
        output: [status]
      GET /by-region/{region}: { table: orders, query: { index: by-region } }
      POST /orders/{orderId}/fulfil: { workflow: fulfil, auth: iam }
  files:
    auth: { jwt: { issuer: "https://login.example/", audience: [files] } }
    routes:
      GET /files/{path+}: { function: get-file }
      GET /trash/{path+}:
        function: get-file
        auth: { jwt: { issuer: "https://login.example/", audience: [files], scopes: [trash, admin] } }
      HEAD /files/{path+}:
        function: get-file
        auth: { jwt: { issuer: "https://other.example", audience: [files] } }
"#;

#[test]
fn every_kind_of_route() {
    let analysis = analyze_text("shop.yaml", SHOP);
    assert!(!analysis.has_errors(), "{:#?}", analysis.diagnostics);
    let model = analysis.model.expect("the spec names its service");
    for api in model.apis.values() {
        insta::assert_snapshot!(api.head.name.clone(), format!("{:#}", document(&model, api)));
    }
}

/// A function that is not idempotent refuses a key that was used for another request if it has an outbox, which remembers.
#[test]
fn who_remembers_keys_may_refuse_them() {
    for (function, refuses) in [("outbox: out", true), ("idempotent: true", true), ("timeout: 1s", false)] {
        let spec = format!(
            "evc: 1\nservice: shop\nevents:\n  E: {{ source: s, detail-type: E, detail: {{ id: uuid }}, consumer: external }}\n\
             outboxes:\n  out: {{ publishes: [E], aggregate: id }}\n\
             functions:\n  a: {{ api: POST /a, input: {{ id: uuid }}, {function} }}\n"
        );
        let model = analyze_text("shop.yaml", &spec).model.expect("the spec names its service");
        let text = model.apis.values().map(|api| document(&model, api).to_string()).collect::<String>();
        assert_eq!(text.contains("KeyReused"), refuses, "{function}: {text}");
    }
}

/// Callers use the domain name, to whose root the stage is mapped.
#[test]
fn a_domain_name_is_the_server() {
    let certificate = "arn:aws:acm:eu-west-1:123456789012:certificate/6f2b7ab1-1d2c-4b6d-9f5c-0a1b2c3d4e5f";
    for (kind, name, url) in [
        ("http", "api.shop.example", "https://api.shop.example"),
        ("rest", "api.shop.example", "https://api.shop.example"),
        ("rest", "parameter", "https://{domain}"),
    ] {
        let spec = format!(
            "evc: 1\nservice: shop\napis:\n  front:\n    kind: {kind}\n    domain: {{ name: {name}, certificate: \"{certificate}\" }}\n    \
             routes: {{ GET /a: {{ function: a }} }}\nfunctions:\n  a: {{ input: {{}} }}\n"
        );
        let model = analyze_text("shop.yaml", &spec).model.expect("the spec names its service");
        let urls: Vec<_> = model.apis.values().map(|api| document(&model, api)["servers"][0]["url"].clone()).collect();
        assert_eq!(urls, [url], "{kind}");
    }
}

/// Tools find operations by their ids, which are made of words that may come out the same.
#[test]
fn operations_have_ids_of_their_own() {
    let spec = "evc: 1\nservice: shop\nfunctions:\n  a: { api: GET /a/b, input: {} }\n  b: { api: \"GET /a/{b}\", input: { b: string } }\n";
    let model = analyze_text("shop.yaml", spec).model.expect("the spec names its service");
    let text = model.apis.values().map(|api| document(&model, api).to_string()).collect::<String>();
    assert!(text.contains(r#""operationId":"getAB""#) && text.contains(r#""operationId":"getAB2""#), "{text}");
}
