//! `evc build --explain iam`: who may do what, and why.

use indexmap::IndexMap;
use serde_json::{Map, json};

use evc_compiler::emit::Input;
use evc_compiler::plan::value::{Part, Value};

/// A table of every permission: who, the actions, on what, the reason and the line of the spec. First those of roles, then
/// those that functions give to services which have no role for it.
pub(super) fn table(input: Input<'_>) -> String {
    let header = ["WHO", "MAY", "ON", "BECAUSE", "SPEC"].map(str::to_owned);
    let rows = input.plan.grants.iter().flat_map(|grant| {
        let on = grant.resources.iter().map(text).collect::<Vec<_>>().join(", ");
        let location = input.location(grant.span);
        let row = move |action: &String| {
            [grant.principal.clone(), action.clone(), on.clone(), grant.reason.clone(), location.clone()]
        };
        grant.actions.iter().map(row)
    });
    let rows: Vec<[String; 5]> = std::iter::once(header).chain(rows).chain(to_services(input)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 5] = std::array::from_fn(width);
    let line = |row: &[String; 5]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

/// The same for programs: a JSON object a line, a line for each statement.
///
/// ```json
/// {"reason":"permission","who":"function `order`","may":["dynamodb:PutItem"],"on":["OrdersTable"],"conditions":{},
///  "because":"`tables: { orders: [put] }`","spec":"specs/shop.yaml:4"}
/// ```
///
/// `on` are logical ids of the template, or ARNs; `conditions` are as IAM writes them: operator, key, value. Later versions may add fields.
pub(super) fn json(input: Input<'_>) -> String {
    let of_roles = input.plan.grants.iter().map(|grant| {
        let on: Vec<String> = grant.resources.iter().map(text).collect();
        let of_operator = |keys: &IndexMap<String, Value>| -> Map<String, serde_json::Value> {
            keys.iter().map(|(key, value)| (key.clone(), text(value).into())).collect()
        };
        let conditions: Map<String, serde_json::Value> =
            grant.conditions.iter().map(|(operator, keys)| (operator.clone(), of_operator(keys).into())).collect();
        line(&grant.principal, &grant.actions, &on, &conditions, &grant.reason, &input.location(grant.span))
    });
    let of_services =
        to_services(input).map(|[who, may, on, because, spec]| line(&who, &[may], &[on], &Map::new(), &because, &spec));
    of_roles.chain(of_services).collect()
}

fn line(
    who: &str,
    may: &[String],
    on: &[String],
    conditions: &Map<String, serde_json::Value>,
    because: &str,
    spec: &str,
) -> String {
    let line = json!({
        "reason": "permission", "who": who, "may": may, "on": on, "conditions": conditions, "because": because, "spec": spec,
    });
    format!("{line}\n")
}

/// What the resource policies of functions say: which service may invoke them, for what.
fn to_services(input: Input<'_>) -> impl Iterator<Item = [String; 5]> {
    let permissions = input.plan.resources.values().filter(|resource| resource.type_ == "AWS::Lambda::Permission");
    permissions.map(move |permission| {
        let property = |name: &str| permission.properties.get(name).map(text).unwrap_or_default();
        let location = input.location(permission.span);
        [property("Principal"), property("Action"), property("FunctionName"), permission.origin.clone(), location]
    })
}

/// What a permission is on, as people read it.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Ref(id) => id.to_string(),
        Value::Attribute(id, "Arn" | "ARN") => id.to_string(),
        Value::Attribute(id, attribute) => format!("{id}.{attribute}"),
        Value::Parameter(name) => format!("${{{name}}}"),
        Value::Text(parts) => parts.iter().map(part).collect(),
        other => format!("{other:?}"),
    }
}

fn part(part: &Part) -> String {
    match part {
        Part::Literal(text) => text.clone(),
        Part::Ref(id) | Part::Attribute(id, "Arn") => id.to_string(),
        Part::Parameter(name) => format!("${{{name}}}"),
        Part::Attribute(id, attribute) => format!("{id}.{attribute}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use evc_compiler::emit::Project;

    #[test]
    fn roles_and_services_are_told_with_the_reason() {
        let spec = "evc: 1\nservice: shop\ntables: { orders: { item: { id: uuid }, key: id } }\n\
                    functions: { order: { input: { id: uuid }, tables: { orders: put } } }\n\
                    apis: { web: { routes: { POST /orders: { function: order } } } }\n";
        let analysis = evc_compiler::session::analyze_text("specs/a.yaml", spec);
        assert!(!analysis.has_errors(), "{:?}", analysis.diagnostics);
        let model = analysis.model.as_ref().expect("the spec names its service");
        let plan = evc_compiler::session::plan(model).plan;
        let project = Project { spec_path: "specs/a.yaml".to_owned(), ..Project::default() };
        let table = table(Input { plan: &plan, sources: &analysis.sources, project: &project });
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        let lines: Vec<String> = table.lines().map(words).collect();
        for line in [
            "function `order` dynamodb:PutItem OrdersTable `tables: { orders: [put] }` specs/a.yaml:4",
            "apigateway.amazonaws.com lambda:InvokeFunction OrderFunction route `POST /orders` of API `web` specs/a.yaml:5",
        ] {
            assert!(lines.iter().any(|it| it == line), "{table}");
        }
        let json = json(Input { plan: &plan, sources: &analysis.sources, project: &project });
        for line in [
            r#"{"reason":"permission","who":"function `order`","may":["dynamodb:PutItem"],"on":["OrdersTable"],"conditions":{},"because":"`tables: { orders: [put] }`","spec":"specs/a.yaml:4"}"#,
            r#"{"reason":"permission","who":"apigateway.amazonaws.com","may":["lambda:InvokeFunction"],"on":["OrderFunction"],"conditions":{},"because":"route `POST /orders` of API `web`","spec":"specs/a.yaml:5"}"#,
        ] {
            let wanted: serde_json::Value = serde_json::from_str(line).expect("an object");
            let found = json.lines().map(|line| serde_json::from_str(line).expect("an object"));
            assert!(found.into_iter().any(|found: serde_json::Value| found == wanted), "{json}");
        }
    }
}
