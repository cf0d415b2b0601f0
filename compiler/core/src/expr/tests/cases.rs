//! Runs `cases.txt`. `EVC_BLESS=1 cargo test` writes what the compiler now says into it; read the difference before keeping it.

use std::fmt::Write as _;
use std::path::Path;

use super::{file, scope, types};
use crate::diagnostics::Diagnostic;
use crate::expr::Expr;
use crate::source::{SourceMap, Span};
use crate::types::describe;

#[test]
fn every_case_says_what_the_table_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/expr/tests/cases.txt");
    let table = include_str!("cases.txt");
    let actual: String = table
        .lines()
        .filter(|line| !line.starts_with("  "))
        .map(|line| if line.is_empty() || line.starts_with('#') { format!("{line}\n") } else { case(line) })
        .collect();
    if std::env::var_os("EVC_BLESS").is_some() {
        std::fs::write(&path, &actual).expect("the table is writable");
        return;
    }
    for (number, (expected, actual)) in table.lines().zip(actual.lines()).enumerate() {
        assert_eq!(expected, actual, "line {} of {}", number + 1, path.display());
    }
    assert_eq!(table.lines().count(), actual.lines().count());
}

/// An expression, and indented: `: type`, `= text for Step Functions`, and `! code at "text": message; help`.
fn case(text: &str) -> String {
    let (map, id) = file(text);
    let scope = scope();
    let mut out = format!("{text}\n");
    match Expr::parse(text, Span::new(id, 0..text.len()), &scope.step_names()) {
        Err(diagnostic) => render(&mut out, &diagnostic, &map),
        Ok(expr) => {
            let checked = expr.check(&scope, &types());
            let mut marks = String::new();
            for (mark, on) in [
                ("one or many", checked.one_or_many),
                ("may be absent", checked.may_be_absent && !checked.one_or_many),
                ("never none", checked.one_or_many && !checked.may_be_absent),
                ("untyped", checked.untyped),
            ] {
                if on {
                    let _ = write!(marks, ", {mark}");
                }
            }
            let _ = writeln!(out, "  : {}{marks}", describe(&checked.ty));
            if checked.diagnostics.is_empty() {
                let _ = writeln!(out, "  = {}", expr.to_asl(&scope));
            }
            for diagnostic in &checked.diagnostics {
                render(&mut out, diagnostic, &map);
            }
        }
    }
    out
}

fn render(out: &mut String, diagnostic: &Diagnostic, map: &SourceMap) {
    let at = map.text(diagnostic.primary.span);
    let _ = write!(out, "  ! {} at [{at}]: {}", diagnostic.code, diagnostic.message);
    for help in &diagnostic.help {
        let _ = write!(out, "; {help}");
    }
    out.push('\n');
}
