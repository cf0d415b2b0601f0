//! Keys that stand on something else than where they are looked for: why, and where.

/// Why a map has no such key, and what to do, where the nearest name would not tell.
pub(super) fn elsewhere(what: &str, key: &str) -> Option<(&'static str, &'static str)> {
    match (what, key) {
        ("a workflow", "may" | "tables" | "secrets" | "config") => Some((
            "a workflow calls its functions, publishes and starts by what its steps say, and calls nothing else of AWS",
            "let a step call a function, and say it there: what a function may do stands on the function",
        )),
        _ => None,
    }
}
