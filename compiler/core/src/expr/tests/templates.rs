//! Argument trees: read from YAML, checked against a type, lowered to the JSON of a state machine.

use serde_json::json;

use super::{scope, types};
use crate::diagnostics::{Code, Diagnostic};
use crate::expr::Template;
use crate::source::{SourceMap, Span};
use crate::types::{Type, testing};
use crate::yaml;

/// A template from YAML text, with the map its spans point into.
fn template(text: &str) -> (SourceMap, Template, Vec<String>) {
    let mut map = SourceMap::default();
    let id = map.add("with.yaml", text);
    let (node, diagnostics) = yaml::parse(&map, id);
    assert_eq!(diagnostics, [], "{text}");
    let mut diagnostics = Vec::new();
    let template = Template::decode(&node, &scope().step_names(), &mut diagnostics);
    let problems =
        diagnostics.iter().map(|found| format!("{} [{}]", found.code, map.text(found.primary.span))).collect();
    (map, template.unwrap_or_else(|| panic!("{text} is a template")), problems)
}

/// The diagnostics of a template against a type, as `CODE [text]: message`.
fn check(expected: &str, text: &str) -> Vec<String> {
    let (map, found, mut problems) = diagnostics(expected, text);
    problems.extend(
        found.iter().map(|found| format!("{} [{}]: {}", found.code, map.text(found.primary.span), found.message)),
    );
    problems
}

/// What checking a template against a type reports, with the map its spans point into and what reading it reports.
fn diagnostics(expected: &str, text: &str) -> (SourceMap, Vec<Diagnostic>, Vec<String>) {
    let expected: Type = testing::ty(expected);
    let (map, template, problems) = template(text);
    let at = Span::new(template.span().file, 0..0);
    let found = template.check(&expected, at, &scope(), &types());
    (map, found, problems)
}

fn lower(text: &str) -> serde_json::Value {
    let (_, template, problems) = template(text);
    assert!(problems.is_empty(), "{problems:?}");
    template.to_asl(&scope(), &types())
}

#[test]
fn what_fits_is_accepted() {
    let expected = "{id: uuid, total: money, lines: [{productId: string}], note?: string, status: PAID | OPEN, labels: map(string), \
                    product: [string], more: any, deep: {a: integer}}";
    let text = "
id: input.orderId
total: 29.99
lines: input.items
note: input.note
status: \"'PAID'\"
labels: { color: \"'red'\", note: input.note }
product: \"[input.items.productId]\"
more: { anything: [1, input.weight] }
deep: { a: reserve-inventory.reserved ? 1 }
";
    let text = text.replace("reserve-inventory.reserved ? 1", "\"reserve-inventory.reserved ? 1 : 2\"");
    assert_eq!(check(expected, &text), Vec::<String>::new());
}

#[test]
fn literals_reach_money_as_they_are_written() {
    for (expected, text) in [
        ("money", "\"input.express ? 9.90 : 4.90\""),
        ("money", "\"input.express ? input.totalAmount : 4.90\""),
        ("{fee: money}", "\"{'fee': 4.90}\""),
        ("[{fee: money}]", "\"[{'fee': 4.90}, {'fee': 5}]\""),
        ("map(money)", "\"{'a': -4.90}\""),
        ("money", "-4.90"),
    ] {
        assert_eq!(check(expected, text), Vec::<String>::new(), "{expected} <- {text}");
    }
}

#[test]
fn literals_with_too_many_digits_are_found_wherever_they_reach_money() {
    let digits = "`money` has at most 15 significant digits; found 16";
    for (expected, text) in [
        ("money", "-1234567890.123456"),
        ("money", "-(1234567890.123456)"),
        ("money", "\"input.express ? 1234567890.123456 : 1\""),
        ("money", "\"input.express ? 1 : (1234567890.123456)\""),
        ("money", "1234567890123456"),
        ("{fee: money}", "\"{'fee': 1234567890.123456}\""),
        ("{fee: money}", "{fee: 1234567890.123456}"),
        ("[money]", "\"[1, 1234567890.123456]\""),
        ("map(money)", "\"{'a': 1234567890.123456}\""),
    ] {
        let found = check(expected, text);
        assert!(
            matches!(found.as_slice(), [one] if one.starts_with("EVC0419") && one.ends_with(digits)),
            "{text}: {found:?}"
        );
    }
}

#[test]
fn computed_numbers_are_no_money() {
    for (expected, text) in [
        ("money", "0.1 + 0.2"),
        ("money", "\"input.express ? 0.1 : input.weight\""),
        ("{fee: money}", "\"{'fee': input.weight}\""),
        ("[{fee: money}]", "\"[{'fee': input.weight / 2}]\""),
    ] {
        let (_, found, _) = diagnostics(expected, text);
        assert!(
            matches!(found.as_slice(), [one] if one.code == Code::EVC0414 && one.help.first().is_some_and(|help| help.starts_with("compute it in a function's handler"))),
            "{text}: {found:?}"
        );
    }
}

#[test]
fn each_mistake_is_reported_at_its_text() {
    let expected = "{id: uuid, amount: money, count: integer(1..), names: [string], nested: {a: string, b?: string}, note: string}";
    let text = "
id: input.customerId
amout: input.totalAmount
amount: 1234567890.123456
count: 0
names: input.items.productId
nested: { b: input.weight }
note: input.note
";
    assert_eq!(
        check(expected, text),
        [
            "EVC0414 [input.customerId]: found `string`; expected `uuid`",
            "EVC0416 [amout]: unknown field `amout`",
            "EVC0419 [1234567890.123456]: `money` has at most 15 significant digits; found 16",
            "EVC0414 [0]: found `0`; expected `integer(1..)`",
            "EVC0417 [input.items.productId]: `input.items.productId` gives nothing, one value or a list, as many as there are; \
             expected `[string]`",
            "EVC0414 [input.weight]: found `number`; expected `string`",
            "EVC0415 [nested]: missing field `a`: `string`",
            "EVC0405 [note]: `input.note` may be absent; expected `string`",
        ]
    );
    assert_eq!(check("{orderId: uuid}", "{}"), ["EVC0415 []: missing field `orderId`: `uuid`"]);
    assert_eq!(check("string", "[1]"), ["EVC0414 [[1]]: found a list; expected `string`"]);
    assert_eq!(check("{a: string}", "a:\n"), ["EVC0414 []: found nothing; expected `string`"]);
    assert_eq!(
        check("{a: string, b: integer}", "a: hello there\nb: input.express"),
        ["EVC0401 [there]", "EVC0414 [input.express]: found `boolean`; expected `integer`"]
    );
    assert_eq!(check("PAID | OPEN", "\"'PAYED'\""), ["EVC0414 [\"'PAYED'\"]: found `'PAYED'`; expected `PAID | OPEN`"]);
}

#[test]
fn spans_survive_quotes_and_fall_back_in_blocks() {
    assert_eq!(check("string", "\"input.custmerId\""), ["EVC0403 [custmerId]: unknown field `custmerId` of `Order`"]);
    assert_eq!(
        check("string", "\"input.\\x63ustmerId\""),
        ["EVC0403 [\"input.\\x63ustmerId\"]: unknown field `custmerId` of `Order`"]
    );
    let block = "|\n  'a' &\n  input.custmerId\n";
    let (map, template, _) = template(block);
    let found = template.check(&testing::ty("string"), template.span(), &scope(), &types());
    assert_eq!(found.len(), 1);
    assert!(map.text(found[0].primary.span).contains("custmerId"));
    assert!(found[0].fixes.is_empty(), "a fix would replace the whole block");
}

#[test]
fn literals_stay_literals_and_expressions_are_wrapped() {
    let lowered = lower(
        "{ a: input.orderId, b: 29.99, c: 12, d: true, e: \"'it''s'\", f: [1, index], g: { h: sum.total }, i: , j: \"'{% x %}'\", k: -3 }"
            .replace("it''s", "its")
            .as_str(),
    );
    assert_eq!(
        lowered,
        json!({"a": "{% $input.orderId %}", "b": 29.99, "c": 12, "d": true, "e": "its", "f": [1, "{% $index %}"],
            "g": {"h": "{% $sum_.total %}"}, "i": null, "j": "{% '{\\u0025 x \\u0025}' %}", "k": -3})
    );
}

#[test]
fn an_object_with_a_field_that_may_be_absent_is_one_expression() {
    assert_eq!(
        lower("{ outer: { id: input.orderId, note: input.note, list: [input.items, 1], text: \"'50%'\" }, other: 1 }"),
        json!({"outer": "{% {\"id\": $input.orderId, \"note\": $input.note, \"list\": [[$input.items], 1], \"text\": '50%'} %}", "other": 1})
    );
}

#[test]
fn references_are_found_everywhere() {
    let (map, template, _) =
        template("{ a: [input.x, payment.y], b: { c: \"$exists(reserve-inventory) ? $input.z : 1\" } }");
    let found = template.references();
    let names: Vec<&str> = found.iter().map(|found| found.value).collect();
    assert_eq!(names, ["input", "payment", "reserve-inventory", "input"]);
    assert!(found.iter().all(|found| map.text(found.span).ends_with(found.value)));
    let (_, template, _) =
        self::template("- $input.items[quantity > $reserve_inventory.x]\n- $reserve-inventory\n- $sum_ + $sum(1)\n");
    let names: Vec<&str> = template.references().iter().map(|found| found.value).collect();
    assert_eq!(names, ["input", "reserve-inventory", "reserve-inventory", "sum"]);
}

#[test]
fn the_type_of_a_template_is_what_it_makes() {
    let (_, template, _) = template("{ id: input.orderId, note: input.note, all: [1, 2], who: \"'me'\" }");
    let ty = template.ty(&scope(), &types());
    assert_eq!(crate::types::describe(&ty), "{ id: uuid, note?: string, all: [integer(1..2); 2..], who: 'me' }");
}
