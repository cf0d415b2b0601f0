//! What stands in the template, by the names that the spec has for it: `evc build --explain resources`.

use serde_json::json;

use crate::emit::Input;

/// A table of every resource: what the spec calls it, its logical id, its type, what changes it, and the line of the spec.
pub fn table(input: Input<'_>) -> String {
    let header = ["NAME", "LOGICAL ID", "TYPE", "SPEC"].map(str::to_owned);
    let rows = input
        .plan
        .resources
        .iter()
        .map(|(id, it)| [it.address.clone(), id.to_string(), it.type_.clone(), input.location(it.place())]);
    let rows: Vec<[String; 4]> = std::iter::once(header).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 4] = std::array::from_fn(width);
    let line = |row: &[String; 4]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

/// The same for programs: a JSON object a line, a line for each resource.
///
/// ```json
/// {"reason":"resource","name":"functions.pay.role","id":"PayFunctionRole","type":"AWS::IAM::Role","overridden":false,"spec":"specs/shop.yaml:4"}
/// ```
///
/// Later versions may add fields.
pub fn json(input: Input<'_>) -> String {
    let line = |(id, it): (&crate::plan::LogicalId, &crate::plan::Resource)| {
        let line = json!({
            "reason": "resource", "name": it.address, "id": id.as_str(), "type": it.type_,
            "overridden": it.overridden.is_some(), "spec": input.location(it.place()),
        });
        format!("{line}\n")
    };
    input.plan.resources.iter().map(line).collect()
}
