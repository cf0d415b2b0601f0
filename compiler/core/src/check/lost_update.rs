//! Lost updates: a function that reads an item and puts it back whole, in a table that does not count its items' versions.

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Function, Model, TableUse};
use crate::spec::function::Operation;

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    for function in model.functions.values() {
        for used in function.tables.iter().filter(|used| model.tables[used.table].version.is_none()) {
            if may(used, Operation::Put) && (may(used, Operation::Get) || may(used, Operation::Query)) {
                diagnostics.push(diagnostic(model, function, used));
            }
        }
    }
}

fn may(used: &TableUse, operation: Operation) -> bool {
    used.operations.iter().any(|granted| granted.expand().contains(&operation))
}

fn diagnostic(model: &Model, function: &Function, used: &TableUse) -> Diagnostic {
    let (table, name) = (&model.tables[used.table], &function.head.name);
    let message = format!("function `{name}` reads items of table `{}` and puts them back", table.head.name);
    Diagnostic::new(Code::EVC0618, used.span, message)
        .secondary(table.head.name_span, "the table counts no versions of its items")
        .note("of two that read an item at the same time, the one that puts it last undoes what the other did")
        .help("give the table `version:`, and the put the version that was read; or grant `update` instead of `put`")
        .on(format!("functions.{name}"))
}
