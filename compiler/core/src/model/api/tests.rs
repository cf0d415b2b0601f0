//! What routes are resolved to.

use super::*;
use crate::session::analyze_text;
use crate::types::describe;

const SHOP: &str = r#"
evc: 1
service: shop
types:
  New: { note?: string, total: money, address: { city: string, street?: string } }
  Order: { orderId: uuid, region: string, note?: string, total: money, address: string, city?: string, at: integer, source: string,
           agent: string, status: NEW | PAID, gift: boolean, weight?: number }
tables:
  orders: { item: Order, key: [orderId, region], indexes: { by-region: { key: [region, at], projection: [total] } } }
functions:
  place: { api: { route: PUT /orders, auth: none, status: 201 }, input: New, errors: [A] }
apis:
  orders:
    kind: rest
    throttling: { rate: 7 }
    routes:
      POST /regions/{region}/orders:
        table: orders
        input: New
        put:
          orderId: request.id
          at: request.time
          source: query.source
          agent: header.User-Agent
          city: body.address.city
          address: "'none'"
          status: "'NEW'"
          gift: false
          weight: 0.5
      GET /regions/{region}: { table: orders, query: { index: by-region }, throttling: { burst: 3 } }
      POST /orders: { function: place, status: 201 }
"#;

fn model() -> Model {
    let analysis = analyze_text("shop.yaml", SHOP);
    assert!(!analysis.has_errors(), "{:#?}", analysis.diagnostics);
    analysis.model.expect("the spec names its service")
}

fn table_route(route: &Route) -> &TableRoute {
    match &route.integration {
        Integration::Table(to) => to,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_new_item_is_what_is_said_then_the_body_then_the_path() {
    let model = model();
    let (_, route) = model.routes().next().expect("a route");
    let path = |names: &[&str]| MappingValue::Body(names.iter().map(|name| (*name).to_owned()).collect());
    let literal = |value: serde_json::Value| MappingValue::Literal(value);
    let given: Vec<(&str, MappingValue, String, bool)> = table_route(route)
        .mappings()
        .map(|it| (it.attribute.as_str(), it.value.clone(), describe(&it.ty), it.optional))
        .collect();
    // A field of the body that is taken apart does not go by its own name as well.
    let expected = [
        ("orderId", MappingValue::RequestId, "uuid", false),
        ("at", MappingValue::RequestTime, "integer(1577836800000..)", false),
        ("source", MappingValue::Query("source".to_owned()), "string", false),
        ("agent", MappingValue::Header("User-Agent".to_owned()), "string", false),
        ("city", path(&["address", "city"]), "string", false),
        ("address", literal("none".into()), "'none'", false),
        ("status", literal("NEW".into()), "'NEW'", false),
        ("gift", literal(false.into()), "boolean", false),
        ("weight", literal(0.5.into()), "money", false),
        ("note", path(&["note"]), "string", true),
        ("total", path(&["total"]), "money", false),
        ("region", MappingValue::Path("region".to_owned()), "string", false),
    ];
    assert_eq!(given, expected.map(|(name, value, ty, optional)| (name, value, ty.to_owned(), optional)));
}

#[test]
fn what_is_not_said_has_its_usual_value() {
    let model = model();
    let routes: Vec<(&Api, &Route)> = model.routes().collect();
    let statuses: Vec<u16> = routes.iter().map(|(_, route)| route.status).collect();
    // A put, a query, two routes of one function; the last of the stack's own API.
    assert_eq!(statuses, [201, 200, 201, 201]);
    let auth: Vec<bool> = routes.iter().map(|(_, route)| route.auth == Auth::Iam).collect();
    assert_eq!(auth, [true, true, true, false]);
    let (api, query) = routes[1];
    assert_eq!(
        (api.throttling, query.throttling),
        (Throttling { rate: 7, burst: 500 }, Some(Throttling { rate: 7, burst: 3 }),)
    );
    let names: Vec<&str> = model.apis.values().map(|api| api.head.name.as_str()).collect();
    assert_eq!(names, ["orders", "api"]);
    let (id, function) = model.functions.iter().next().expect("a function");
    assert_eq!((model.status(id), function.errors[0].status), (201, 422));
}

/// An index that holds less than the item answers with what it holds.
#[test]
fn answers_have_what_an_index_holds() {
    let model = model();
    let (_, query) = model.routes().nth(1).expect("a route");
    let names: Vec<&str> = table_route(query).output.iter().map(|name| name.as_str()).collect();
    assert_eq!(names, ["orderId", "region", "at", "total"]);
    let answer = model.answer(query).map(|answer| describe(&answer)).unwrap_or_default();
    assert_eq!(answer, "{ items: [{ orderId: uuid, region: string, at: integer, total: money }] }");
}

#[test]
fn parameters_are_found_where_they_stand() {
    let model = model();
    let (_, route) = model.routes().next().expect("a route");
    let place = route.parameter_span("region");
    assert_eq!(&SHOP[place.range()], "region");
    assert_eq!(route.parameters().collect::<Vec<_>>(), ["region"]);
}
