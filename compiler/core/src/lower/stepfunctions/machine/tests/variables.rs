//! Executions of machines with variables: what they hold on which route.

use serde_json::{Value as Json, json};

use super::super::machines;
use super::interpreter::{Execution, Failure};
use super::validate::problems;
use crate::session::analyze_text;

/// Runs the only workflow of a spec: the inputs of its calls with the functions, and how it ended.
fn run(
    spec: &str,
    input: &Json,
    mut answer: impl FnMut(&str, &Json) -> Result<Json, Failure>,
) -> (Vec<String>, Result<Json, Failure>) {
    let analysis = analyze_text("spec.yaml", &format!("evc: 1\nservice: s\n{spec}"));
    assert!(!analysis.has_errors(), "{:?}", analysis.diagnostics);
    let machine = machines(&analysis.model.expect("a model")).remove(0);
    assert_eq!(problems(&machine.definition), Vec::<String>::new());
    let mut by_function =
        |function: &str, payload: &Json| answer(function.trim_end_matches("FunctionArn"), &payload["input"]);
    let (end, execution) = Execution::run(&machine.definition, input, &mut by_function);
    let call = |(function, payload): &(String, Json)| {
        format!("{} {}", function.trim_end_matches("FunctionArn"), payload["input"])
    };
    (execution.calls.iter().map(call).collect(), end)
}

const EITHER: &str = "
functions:
  small: { input: { id: string }, output: { url: string } }
  big: { input: { id: string }, output: { url: string }, errors: [Broken] }
  tell: { input: { url: string, note?: string } }
workflows:
  w:
    input: { size: integer, note?: string }
    variables: { url: string, note?: { type: string, value: input.note } }
    steps:
      which: { choose: [{ when: input.size > 10, then: big }] }
      small: { call: small, with: { id: \"'s'\" }, assign: { url: small.url }, then: told }
      big: { call: big, with: { id: \"'b'\" }, retry: [], catch: { Broken: none }, assign: { url: big.url, note: \"'big'\" }, then: told }
      none: { assign: { url: \"error.name & ' ' & ($exists(note) ? note : 'nothing')\" } }
      told: { call: tell, with: { url: url, note: note } }
";

#[test]
fn a_variable_is_what_the_route_that_ran_has_set() {
    let answer = |function: &str, _: &Json| match function {
        "Tell" => Ok(json!({})),
        other => Ok(json!({ "url": format!("of {other}") })),
    };
    let (calls, end) = run(EITHER, &json!({ "size": 3 }), answer);
    assert_eq!(calls, [r#"Small {"id":"s"}"#, r#"Tell {"url":"of Small"}"#]);
    assert_eq!(end, Ok(json!({})));
    let (calls, _) = run(EITHER, &json!({ "size": 30, "note": "n" }), answer);
    assert_eq!(calls[1], r#"Tell {"url":"of Big","note":"big"}"#);
}

#[test]
fn a_step_that_failed_has_set_nothing() {
    let answer = |function: &str, _: &Json| match function {
        "Big" => Err(Failure::of_function("Broken", "it is")),
        _ => Ok(json!({})),
    };
    let (calls, _) = run(EITHER, &json!({ "size": 30, "note": "n" }), answer);
    assert_eq!(calls[1], r#"Tell {"url":"Broken n","note":"n"}"#);
    let (calls, _) = run(EITHER, &json!({ "size": 30 }), answer);
    assert_eq!(calls[1], r#"Tell {"url":"Broken nothing"}"#);
}

#[test]
fn a_cursor_goes_round_a_loop_until_there_is_none() {
    let spec = "
functions:
  look: { input: { after?: string, page: integer }, output: { next?: string, found: \"[string]\" } }
workflows:
  w:
    input: { from: integer }
    variables: { page: { type: integer, value: input.from }, all: { type: \"[string]\", value: [] }, after?: string }
    steps:
      looked:
        call: look
        with: { after: after, page: page }
        assign: { after: looked.next, page: page + 1, all: \"[all, looked.found]\" }
      more: { choose: [{ when: $exists(after), then: looked }] }
      end: { succeed: { all: all, after: after } }
";
    let mut pages =
        vec![json!({ "found": ["c"] }), json!({ "found": [], "next": "b" }), json!({ "found": ["a"], "next": "a" })];
    let (calls, end) = run(spec, &json!({ "from": 5 }), |_, _| Ok(pages.pop().unwrap_or_default()));
    assert_eq!(calls, [r#"Look {"page":5}"#, r#"Look {"after":"a","page":6}"#, r#"Look {"after":"b","page":7}"#]);
    assert_eq!(end, Ok(json!({ "all": ["a", "c"] })));
}

#[test]
fn all_values_of_a_step_are_made_of_those_from_before() {
    let spec = "
workflows:
  w:
    input: { a: string, b: string }
    variables: { a: { type: string, value: input.a }, b: { type: string, value: input.b }, n: { type: integer, value: 1 } }
    steps:
      swap: { assign: { a: b, b: a } }
      both: { set: { was: n }, assign: { n: n + 1 } }
      own: { set: { id: input.a & 'z' }, assign: { a: own.id & a } }
      end: { succeed: { a: \"a = own.id & 'y'\", b: b, n: n, was: both.was } }
";
    let (_, end) = run(spec, &json!({ "a": "x", "b": "y" }), |_, _| Ok(Json::Null));
    assert_eq!(end, Ok(json!({ "a": true, "b": "x", "n": 2, "was": 1 })));
}

#[test]
fn each_round_has_its_variables_anew() {
    let spec = "
functions:
  try: { input: { n: integer, base: string }, output: { good: boolean } }
workflows:
  w:
    input: { items: \"[string]\" }
    variables: { base: { type: string, value: \"'b'\" }, tries: { type: \"[integer]\", value: [] } }
    steps:
      each:
        for-each: input.items
        variables: { n: { type: integer, value: index }, last?: string }
        steps:
          tried: { call: try, with: { n: n, base: base }, assign: { n: n + 1, last: item } }
          again: { choose: [{ when: n < 2, then: tried }] }
          gives: { succeed: { n: n, last: last } }
        assign: { tries: \"[each.n]\" }
      end: { succeed: { tries: tries, each: each } }
";
    let (calls, end) = run(spec, &json!({ "items": ["x", "y"] }), |_, _| Ok(json!({ "good": true })));
    assert_eq!(calls, [r#"Try {"n":0,"base":"b"}"#, r#"Try {"n":1,"base":"b"}"#, r#"Try {"n":1,"base":"b"}"#]);
    let each = json!([{ "n": 2, "last": "x" }, { "n": 2, "last": "y" }]);
    assert_eq!(end, Ok(json!({ "tries": [2, 2], "each": each })));
}

#[test]
fn results_of_every_kind_can_be_set() {
    let spec = "
events:
  Told: { source: s, detail-type: Told, detail: { a: string }, consumer: external }
functions:
  ask: { input: { a: string } }
  reply: { api: POST /replies, input: { token: string }, signals: [w] }
workflows:
  w:
    input: { a: string }
    variables: { id: string, left: string, answer?: string, n: { type: integer, value: 0 } }
    steps:
      told: { publish: Told, with: { a: input.a }, assign: { id: told.eventId } }
      both:
        parallel:
          left: { steps: { one: { set: { x: input.a } } } }
          right: { steps: { two: { wait: 1s } } }
        assign: { left: both.left.x }
      asked: { wait: { signal: { by?: string }, call: ask, with: { a: left } }, assign: { answer: asked.by } }
      pause: { wait: 1s, assign: { n: n + 1 } }
      end: { succeed: { id: \"id = told.eventId\", left: left, answer: answer, n: n } }
";
    let (_, end) = run(spec, &json!({ "a": "x" }), |function, _| match function {
        "signal" => Ok(json!({})),
        _ => Ok(Json::Null),
    });
    assert_eq!(end, Ok(json!({ "id": true, "left": "x", "n": 1 })));
}
