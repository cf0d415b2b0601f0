//! The policy of a queue names each rule that sends to it; where that is too long, the rules of each bus.

use super::functions::of_bus;
use super::statement;
use crate::plan::LogicalId;
use crate::plan::builder::Builder;
use crate::plan::policy;
use crate::plan::value::Value;

/// Puts in place of the rules those of their buses.
pub(super) fn merge(b: &mut Builder<'_>, id: &LogicalId) {
    let mut buses: Vec<Value> = Vec::new();
    let Some(resource) = b.plan.resources.get(id) else { return };
    let Some(Value::Map(document)) = resource.properties.get("PolicyDocument") else { return };
    let Some(Value::List(statements)) = document.get("Statement") else { return };
    let Some(sources) = statements.first().and_then(sources) else { return };
    for source in sources {
        let Value::Attribute(rule, "Arn") = &source else { return };
        let Some(bus) = b.plan.resources.get(rule).and_then(|rule| rule.properties.get("EventBusName")) else { return };
        let (_, all) = of_bus(bus);
        if !buses.contains(&all) {
            buses.push(all);
        }
    }
    let Some(resource) = b.plan.resources.get_mut(id) else { return };
    let Some(statements) = resource.properties.get_mut("PolicyDocument").and_then(statement::all) else { return };
    if let Some(Value::Map(statement)) = statements.first_mut() {
        statement.insert("Condition".to_owned(), policy::of_rules(buses));
    }
}

/// The rules that a statement is for.
fn sources(statement: &Value) -> Option<Vec<Value>> {
    let Value::Map(condition) = statement::entries(statement)?.get("Condition")? else { return None };
    let Value::Map(equals) = condition.get("ArnEquals")? else { return None };
    equals.get("aws:SourceArn").map(statement::many)
}
