//! `evc build --explain iam`: who may do what, and why.

use crate::emit::Input;
use crate::lower::value::{Part, Value};

/// A table of every permission: who, the actions, on what, the reason and the line of the spec.
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
    let rows: Vec<[String; 5]> = std::iter::once(header).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 5] = std::array::from_fn(width);
    let line = |row: &[String; 5]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

/// What a permission is on, as people read it.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Ref(id) => id.to_string(),
        Value::Attribute(id, "Arn") => id.to_string(),
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
