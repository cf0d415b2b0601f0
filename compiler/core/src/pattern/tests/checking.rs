use super::pattern;
use crate::pattern::{Verdict, can_match, check, envelope, for_events, matches, to_text};
use crate::source::Span;
use crate::types::testing::{file, render, ty, types};
use crate::types::{Type, Types};
use proptest::prelude::*;
use serde_json::{Value, json};

fn declared() -> Types {
    types(&[
        ("Line", "{ sku: string(1..8), count: integer(1..) }"),
        (
            "Order",
            "{ orderId: uuid, status: PENDING | PAID, total: money(0..), rate: number(0..1), gift: boolean, note?: string, \
             items: [Line], tags: [string; 1..], labels: map(string), ip: string, at: timestamp, extra: any, parent?: Line }",
        ),
    ])
}

fn root() -> Type {
    let span = Span::new(file(), 0..0);
    envelope(Some("order.service"), Some("Order Created"), &ty("Order"), span)
}

fn problems(text: &str) -> String {
    render(text, &check(&pattern(text), &declared(), &root())).join("; ")
}

#[test]
fn mistakes_are_told() {
    for (detail, expected) in [
        ("orderID: [x]", "EVC0305 unknown field `orderID` @ orderID"),
        ("items: { skuu: [x] }", "EVC0305 unknown field `skuu` @ skuu"),
        ("total: { amount: [1] }", "EVC0305 `money(0..)` has no field `amount` @ amount"),
        ("status: [PAYED]", "EVC0307 `PAYED` is not in the enumeration @ PAYED"),
        ("status: [PAID, { prefix: X }]", "EVC0309 no value of `PENDING | PAID` matches this @ { prefix: X }"),
        (
            "status: [{ anything-but: [PENDING, PAID] }]",
            "EVC0309 no value of `PENDING | PAID` matches this @ { anything-but: [PENDING, PAID] }",
        ),
        ("status: [{ anything-but: DONE }]", "EVC0307 `DONE` is not in the enumeration @ DONE"),
        (
            "status: [{ anything-but: 1 }]",
            "EVC0308 `anything-but` works on numbers when it lists numbers, but this is `PENDING | PAID` @ { anything-but: 1 }",
        ),
        ("orderId: [abc]", "EVC0306 `abc` is not a UUID in lower case with hyphens @ abc"),
        ("at: [yesterday]", "EVC0306 `yesterday` is not a timestamp such as `2026-11-21T10:00:00.000Z` @ yesterday"),
        ("at: [{ prefix: 2026 }]", "EVC0303"),
        ("at: [{ prefix: 2026- }]", ""),
        ("total: ['5']", "EVC0306 expected `money(0..)`, found the text `5` @ '5'"),
        ("total: [-1]", "EVC0307 -1 is less than 0 @ -1"),
        ("total: [{ numeric: ['<', 0] }]", "EVC0307 no `money(0..)` is < 0 @ 0"),
        ("total: [{ numeric: ['<=', 0] }]", ""),
        ("total: [{ prefix: '5' }]", "EVC0308 `prefix` works on texts, but this is `money(0..)` @ { prefix: '5' }"),
        ("rate: [{ numeric: ['>', 1] }]", "EVC0307 no `number(0..1)` is > 1 @ 1"),
        (
            "note: [{ numeric: ['>', 1] }]",
            "EVC0308 `numeric` works on numbers, but this is `string` @ { numeric: ['>', 1] }",
        ),
        ("note: [1]", "EVC0306 expected `string`, found the number `1` @ 1"),
        ("note: [null]", "EVC0306 expected `string`, found `null` @ null"),
        ("note: [{ exists: false }]", ""),
        ("gift: ['true']", "EVC0306 expected `boolean`, found the text `true` @ 'true'"),
        ("gift: [{ exists: false }]", "EVC0309 the field is required, so this never matches @ { exists: false }"),
        (
            "items: [x]",
            "EVC0306 a value is compared with `{ sku: string(1..8), count: integer(1..) }`, which has fields instead @ x",
        ),
        (
            "items: [{ exists: true }]",
            "EVC0308 `exists` looks at single values, but this is `[Line]`, so it never matches @ { exists: true }",
        ),
        (
            "items: [{ exists: false }]",
            "EVC0308 `exists` looks at single values, but this is `[Line]`, so it always matches @ { exists: false }",
        ),
        ("items: { count: [{ exists: false }] }", ""),
        ("items: { sku: ['too long for it'] }", "EVC0307 a text of 15 characters is more than 8 @ 'too long for it'"),
        ("parent: { sku: [{ exists: false }] }", ""),
        ("tags: [a, { exists: false }]", ""),
        ("labels: { anything: [a] }", ""),
        ("ip: [{ cidr: 10.0.0.0/8 }]", ""),
        (
            "orderId: [{ cidr: 10.0.0.0/8 }]",
            "EVC0308 `cidr` works on texts that are IP addresses, but this is `uuid` @ { cidr: 10.0.0.0/8 }",
        ),
        ("extra: { deep: [1, x, null, { cidr: 10.0.0.0/8 }] }", ""),
        ("$or: [{ statsu: [PAID] }, { gift: [true] }]", "EVC0305 unknown field `statsu` @ statsu"),
    ] {
        let text = format!("{{ detail: {{ {detail} }} }}");
        // Refused before types are looked at.
        if expected == "EVC0303" {
            let parsed = crate::pattern::parse(&crate::types::testing::node(&text), &mut Vec::new());
            assert!(parsed.is_none_or(|parsed| !parsed.whole));
            continue;
        }
        assert_eq!(problems(&text), expected, "{text}");
    }
}

#[test]
fn the_envelope_has_its_fields() {
    assert_eq!(problems("{ account: ['123456789012'], time: [{ prefix: 2026- }], resources: [{ suffix: x }] }"), "");
    assert_eq!(problems("{ detail_type: [x] }"), "EVC0305 unknown field `detail_type` @ detail_type");
    assert_eq!(
        problems("{ source: [payment.service] }"),
        "EVC0307 `payment.service` is not in the enumeration @ payment.service"
    );
}

fn verdict(text: &str) -> String {
    match can_match(&pattern(text), &declared(), &root()) {
        Verdict::Always => "always".into(),
        Verdict::Sometimes => "sometimes".into(),
        Verdict::Never(span, reason) => format!("never: {reason} @ {}", text.get(span.range()).unwrap_or("?")),
    }
}

#[test]
fn whether_a_pattern_can_match() {
    for (text, expected) in [
        ("{ source: [order.service], detail-type: [Order Created, x] }", "always"),
        ("{ source: [{ prefix: order. }] }", "always"),
        ("{ source: [{ prefix: pay }] }", "never: no value of `'order.service'` matches this @ { prefix: pay }"),
        ("{ detail: { status: [PAID] } }", "sometimes"),
        ("{ detail: { status: [PAID, PENDING] } }", "always"),
        ("{ detail: { gift: [true, false] } }", "always"),
        ("{ detail: { total: [{ numeric: ['>=', 0] }] } }", "always"),
        ("{ detail: { total: [{ numeric: ['>', 0] }] } }", "sometimes"),
        ("{ detail: { note: [{ prefix: '' }] } }", "sometimes"),
        ("{ detail: { at: [{ exists: true }] } }", "always"),
        ("{ detail: { gone: [x] } }", "never: unknown field `gone` @ gone"),
        ("{ detail: { gone: [{ exists: false }] } }", "sometimes"),
        ("{ detail: { status: [PAYED] } }", "never: `PAYED` is not in the enumeration @ PAYED"),
        ("{ detail: { status: [PAYED, PAID] } }", "sometimes"),
        ("{ $or: [{ source: [x] }, { detail: { gift: [true] } }] }", "sometimes"),
        ("{ $or: [{ source: [x] }, { source: [y] }] }", "never: `x` is not in the enumeration @ x"),
        ("{ source: [order.service], $or: [{ region: [x] }, { detail-type: ['Order Created'] }] }", "always"),
        ("{ detail: { extra: [x] } }", "sometimes"),
    ] {
        assert_eq!(verdict(text), expected, "{text}");
    }
}

#[test]
fn events_become_patterns() {
    let span = Span::new(file(), 0..0);
    let filter = pattern("{ total: [{ numeric: ['>', 0] }] }");
    assert_eq!(
        to_text(&for_events(&[("o", "Created")], Some(&filter), span)),
        r#"{"source":["o"],"detail-type":["Created"],"detail":{"total":[{"numeric":[">",0]}]}}"#
    );
    assert_eq!(
        to_text(&for_events(&[("p", "A"), ("p", "B")], None, span)),
        r#"{"source":["p"],"detail-type":["A","B"]}"#
    );
    assert_eq!(
        to_text(&for_events(&[("p", "A"), ("p", "B"), ("q", "A")], None, span)),
        r#"{"$or":[{"source":["p"],"detail-type":["A","B"]},{"source":["q"],"detail-type":["A"]}]}"#
    );
}

fn orders() -> impl Strategy<Value = Value> {
    let lines = prop::collection::vec((("a|b"), 1..4), 0..3);
    let note = prop::option::of("a|b|");
    ("PENDING|PAID", 0..3, any::<bool>(), note, lines).prop_map(|(status, total, gift, note, lines)| {
        let lines: Vec<Value> = lines.into_iter().map(|(sku, count)| json!({ "sku": sku, "count": count })).collect();
        let mut order = json!({
            "orderId": "1f0c9f1e-2b3c-4d5e-8f90-a1b2c3d4e5f6", "status": status, "total": total, "rate": 0.5, "gift": gift,
            "items": lines, "tags": ["a"], "labels": {}, "ip": "10.0.0.1", "at": "2026-11-21T10:00:00.000Z", "extra": null,
        });
        if let Some(note) = note {
            order["note"] = note.into();
        }
        order
    })
}

proptest! {
    /// What is said of a pattern holds for values of the type.
    #[test]
    fn verdicts_hold(order in orders(), parts in prop::collection::vec(prop::sample::select(vec![
        "status: [PAID]", "status: [PAID, PENDING]", "status: [{ anything-but: PAID }]", "status: [DONE]",
        "gift: [true]", "gift: [{ exists: true }]", "gift: [{ exists: false }]", "total: [{ numeric: ['>=', 0] }]",
        "total: [{ numeric: ['<', 0] }]", "total: [1]", "note: [{ exists: false }]", "note: [a]", "note: [{ prefix: '' }]",
        "items: { sku: [{ exists: true }] }", "items: { sku: [{ exists: false }] }", "items: { sku: [a], count: [2] }",
        "tags: [{ exists: true }]", "extra: [null]", "gone: [{ exists: false }]", "gone: [1]", "status: [{ prefix: P }]",
    ]), 1..4), or in any::<bool>()) {
        let text = if or && parts.len() > 1 {
            format!("{{ $or: [{}] }}", parts.iter().map(|part| format!("{{ {part} }}")).collect::<Vec<_>>().join(", "))
        } else {
            format!("{{ {} }}", parts[0])
        };
        let declared = declared();
        let order_type = ty("Order");
        prop_assert_eq!(declared.validate(&order_type, &order), []);
        let matched = matches(&pattern(&text), &order);
        match can_match(&pattern(&text), &declared, &order_type) {
            Verdict::Always => prop_assert!(matched, "{} always matches, but not {}", text, order),
            Verdict::Never(..) => prop_assert!(!matched, "{} never matches, but does {}", text, order),
            Verdict::Sometimes => {}
        }
    }
}
