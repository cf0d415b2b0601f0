//! Limits that only long specs reach.

use std::fmt::Write as _;

use evc_compiler::session::analyze_text;

/// What is reported about one rule for so many events with names of 47 characters.
fn of_events(count: usize) -> Vec<String> {
    let name = |number: usize| format!("{:A<44}{number:03}", "Event");
    let mut spec = "evc: 1\nservice: shop\nevents:\n".to_owned();
    for number in 0..count {
        let _ = writeln!(
            spec,
            "  {}: {{ source: shop, detail-type: {}, detail: {{ n: integer }}, publisher: external }}",
            name(number),
            name(number)
        );
    }
    let names: Vec<String> = (0..count).map(name).collect();
    let _ = write!(
        spec,
        "functions: {{ f: {{ input: any }} }}\nrules:\n  r: {{ events: [{}], to: {{ function: f }} }}\n",
        names.join(", ")
    );
    let found = analyze_text("spec.yaml", &spec).diagnostics;
    found.iter().map(|diagnostic| format!("{} {}", diagnostic.code, diagnostic.message)).collect()
}

#[test]
fn the_events_of_a_rule_count_in_its_pattern() {
    let of_size = |found: Vec<String>| found.into_iter().filter(|text| text.contains("characters")).collect::<Vec<_>>();
    assert_eq!(of_size(of_events(10)), [""; 0]);
    let some = of_size(of_events(50));
    assert!(some.len() == 1 && some[0].starts_with("EVC0311 the pattern that this rule comes to has"), "{some:?}");
    let many = of_size(of_events(100));
    assert!(many.len() == 1 && many[0].starts_with("EVC0304 the pattern that this rule comes to has"), "{many:?}");
}
