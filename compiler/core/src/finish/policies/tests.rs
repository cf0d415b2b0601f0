//! Small policies stay as they are; large ones are merged, and what is too large then is reported.

use crate::plan::Resource;
use crate::plan::value::Value;
use crate::session::{Planned, analyze_text, plan};

/// The resources of a type, and the messages, for a spec.
fn planned(spec: &str, type_: &str) -> (Vec<Resource>, Vec<String>) {
    let analysis = analyze_text("spec.yaml", spec);
    assert!(!analysis.has_errors(), "{:?}", analysis.diagnostics);
    let model = analysis.model.expect("the spec names its service");
    let Planned { plan, diagnostics } = plan(&model);
    let resources = plan.resources.into_values().filter(|resource| resource.type_ == type_).collect();
    (resources, diagnostics.into_iter().map(|found| format!("{}: {}", found.code, found.message)).collect())
}

/// A spec with this many of each line that has `NNN` in it.
fn times(count: usize, spec: &str) -> String {
    let line = |line: &str| -> String {
        let times = if line.contains("NNN") { count } else { 1 };
        (0..times).map(|number| line.replace("NNN", &number.to_string())).collect()
    };
    spec.split_inclusive('\n').map(line).collect()
}

const RULES: &str = "
evc: 1
service: shop
buses: { own: {} }
events:
  ThingNNN: { source: shop, detail-type: Thing NNN, detail: { id: uuid }, publisher: external }
  OwnNNN: { bus: own, source: shop, detail-type: Own NNN, detail: { id: uuid }, publisher: external }
functions:
  look: {}
rules:
  on-thing-NNN: { event: ThingNNN, to: { function: look } }
  on-own-NNN: { event: OwnNNN, to: { function: look } }
";

#[test]
fn rules_of_one_bus_are_one_permission_where_they_are_many() {
    let (few, _) = planned(&times(10, RULES), "AWS::Lambda::Permission");
    assert_eq!(few.len(), 20);
    let (many, found) = planned(&times(40, RULES), "AWS::Lambda::Permission");
    assert_eq!(found, [""; 0]);
    let origins: Vec<&str> = many.iter().map(|resource| resource.origin.as_str()).collect();
    assert_eq!(origins, ["invocations of function `look` by a rule, for all 80 of OwnBus rules"]);
}

#[test]
fn routes_of_one_api_are_one_permission_where_they_are_many() {
    let spec = "
evc: 1
service: shop
functions:
  look: { output: { id: uuid } }
apis:
  web:
    routes:
      GET /things/some-long-way/NNN: { function: look }
";
    let (many, found) = planned(&times(80, spec), "AWS::Lambda::Permission");
    assert_eq!((many.len(), found), (1, Vec::new()));
}

const QUEUE: &str = "
evc: 1
service: shop
events:
  ThingNNN: { source: shop, detail-type: Thing NNN, detail: { id: uuid }, publisher: external }
functions:
  look: { input: { id: uuid } }
queues:
  things: { to: look }
rules:
  on-a-thing-that-happened-NNN: { event: ThingNNN, to: { queue: things } }
";

#[test]
fn rules_of_one_bus_are_one_source_of_a_queue_where_they_are_many() {
    let sources = |policies: &[Resource]| {
        let longest = policies.iter().map(|policy| format!("{:?}", policy.properties).matches("Arn").count());
        longest.max().unwrap_or(0)
    };
    let (few, _) = planned(&times(20, QUEUE), "AWS::SQS::QueuePolicy");
    assert!(sources(&few) > 20);
    let (many, found) = planned(&times(90, QUEUE), "AWS::SQS::QueuePolicy");
    assert_eq!(found, [""; 0]);
    assert!(sources(&many) < 10, "{}", sources(&many));
}

const TABLES: &str = "
evc: 1
service: shop
tables:
  table-with-a-long-name-NNN: { item: { id: uuid, v: string }, key: id, indexes: { by-v: [v] } }
functions:
  look:
    api: GET /x
    tables:
      table-with-a-long-name-NNN: [get, query, put, check]
";

#[test]
fn tables_stand_in_one_statement_where_they_are_many() {
    let dynamo = |count: usize| {
        let (roles, found) = planned(&times(count, TABLES), "AWS::IAM::Role");
        let role = roles.iter().find(|role| role.origin == "role of function `look`").expect("a role");
        let Some(Value::List(policies)) = role.properties.get("Policies") else { panic!("no policies") };
        (
            format!("{policies:?}").matches("dynamodb:GetItem").count(),
            format!("{policies:?}").matches("\"Resource\"").count(),
            found,
        )
    };
    assert_eq!(dynamo(5), (1, 4, Vec::new()));
    assert_eq!(dynamo(40), (1, 3, Vec::new()));
    let (_, _, found) = dynamo(90);
    // Their names do not fit the environment either.
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found[0].starts_with("EVC0711: the inline policies of the role of function `look` have about "),
        "{found:?}"
    );
}
