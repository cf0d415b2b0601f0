//! Each kind of step in a state machine, and what Step Functions wants of every machine.

use super::machines;
use crate::compile::analyze_text;
use crate::emit::asl::text;

#[test]
fn orders() {
    let analysis = analyze_text("orders.yaml", include_str!("../../../../specs/orders.yaml"));
    for d in &analysis.diagnostics {
        eprintln!("{} {}", d.code, d.message);
    }
    let model = analysis.model.expect("a model");
    for machine in machines(&model) {
        eprintln!("{}", text(&machine));
    }
}
