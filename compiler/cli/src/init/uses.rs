//! The `use` lines of a system that has another name than it was written with: in the order and the width that rustfmt gives them.

/// The width of a project's code: `templates/rustfmt.toml`.
const WIDTH: usize = 120;

/// A source whose `use` lines of a crate are laid out afresh, and those beside them sorted.
pub(super) fn laid_out(text: &str, name: &str) -> String {
    let (mut out, mut run) = (Vec::new(), Vec::new());
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if !line.trim_start().starts_with("use ") {
            out.extend(sorted(&mut run, name));
            out.push(line.to_owned());
            continue;
        }
        let mut whole = line.to_owned();
        while !whole.ends_with(';') {
            let Some(more) = lines.next() else { break };
            whole.push('\n');
            whole.push_str(more);
        }
        run.push(whole);
    }
    out.extend(sorted(&mut run, name));
    out.join("\n") + "\n"
}

/// A run of `use` items, if the crate is among them: sorted by what they are of, where none is of this very crate.
fn sorted(run: &mut Vec<String>, name: &str) -> Vec<String> {
    let run = std::mem::take(run);
    let of = |item: &String| item.trim_start()["use ".len()..].split([':', ';', ' ']).next().map(str::to_owned);
    if !run.iter().any(|item| of(item).as_deref() == Some(name)) {
        return run;
    }
    let own = |item: &String| matches!(of(item).as_deref(), Some("crate" | "self" | "super"));
    let mut run: Vec<String> =
        run.iter().map(|item| if of(item).as_deref() == Some(name) { filled(item) } else { item.clone() }).collect();
    if !run.iter().any(own) {
        run.sort_by_key(of);
    }
    run
}

/// An item with one pair of braces on one line if it fits, else with as many names on a line as fit. One with more stays as it is.
fn filled(item: &str) -> String {
    let indent = " ".repeat(item.len() - item.trim_start().len());
    let Some((path, names)) = item.trim().strip_suffix("};").and_then(|item| item.split_once('{')) else {
        return item.to_owned();
    };
    if names.contains('{') {
        return item.to_owned();
    }
    let names: Vec<&str> = names.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    let short = format!("{indent}{path}{{{}}};", names.join(", "));
    if short.len() <= WIDTH {
        return short;
    }
    let mut lines = vec![format!("{indent}{path}{{")];
    let mut line = format!("{indent}   ");
    for name in names {
        if line.len() + name.len() + 2 > WIDTH {
            lines.push(std::mem::replace(&mut line, format!("{indent}   ")));
        }
        line.extend([" ", name, ","]);
    }
    lines.push(line);
    lines.push(format!("{indent}}};"));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_name_takes_more_lines_and_another_place() {
        let text = "//! Why.\n\nuse evc_runtime::Uuid;\nuse a_contract::{Order, Orders};\n\nuse crate::b;\n\nfn f() {\n    use a_contract::c;\n}\n";
        let sorted = "//! Why.\n\nuse a_contract::{Order, Orders};\nuse evc_runtime::Uuid;\n\nuse crate::b;\n\nfn f() {\n    use a_contract::c;\n}\n";
        assert_eq!(laid_out(text, "a_contract"), sorted);
        let long = format!("{}_contract", "a".repeat(90));
        let names = "Order, Orders, OrderPlaced, OrderStatus";
        let one = format!("use {long}::{{{names}}};\n");
        let three = format!("use {long}::{{\n    {names},\n}};\n");
        assert_eq!(laid_out(&one, &long), three);
        assert_eq!(laid_out(&three.replace(&long, "b"), "b"), format!("use b::{{{names}}};\n"));
        assert_eq!(laid_out("use b::{c::{D, E}, F};\n", "b"), "use b::{c::{D, E}, F};\n");
    }
}
