//! The root of the user's crate, as long as nobody has made it theirs: documentation and modules, a line each, as evc writes it. There,
//! and only there, evc adds the lines of functions that the spec has since got.

use std::path::PathBuf;

/// The root of a crate with modules that it lacks on disk.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Root {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Its text with the modules.
    pub(crate) text: String,
    /// Their names.
    pub(crate) added: Vec<String>,
}

/// What stands above a module of tests.
const FOR_TESTS: &str = "#[cfg(test)]";

/// Whether a root has nothing but documentation and modules, a line each; modules of tests among them.
pub(super) fn is_scaffold(text: &str) -> bool {
    text.lines().all(|line| line.is_empty() || line.starts_with("//!") || line == FOR_TESTS || module(line).is_some())
}

/// The name of a module that a line declares, and nothing else.
fn module(line: &str) -> Option<&str> {
    let name = line.strip_prefix("pub ").unwrap_or(line).strip_prefix("mod ")?.strip_suffix(';')?;
    name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_').then_some(name)
}

/// The text of such a root with further modules: each before the first one that comes after it in the alphabet, as rustfmt has them.
pub(super) fn with(text: &str, lacking: &[String]) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for name in lacking {
        let modules = || lines.iter().enumerate().filter_map(|(at, line)| Some((at, module(line)?)));
        let before = modules().find(|(_, other)| *other > name.as_str()).map(|(at, _)| at);
        let before = before.map(|at| if at > 0 && lines[at - 1] == FOR_TESTS { at - 1 } else { at });
        let after = modules().next_back().map(|(at, _)| at + 1);
        let at = before.or(after).unwrap_or_else(|| {
            if lines.last().is_some_and(|line| !line.is_empty()) {
                lines.push(String::new());
            }
            lines.len()
        });
        lines.insert(at, format!("pub mod {name};"));
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_is_evcs_while_it_has_only_documentation_and_modules() {
        for (text, is) in [
            ("", true),
            ("//! Orders.\n\npub mod a;\nmod b;\n", true),
            ("//! Orders.\n\npub mod a;\n// mine\n", false),
            ("pub mod a; // mine\n", false),
            ("#![allow(dead_code)]\npub mod a;\n", false),
            ("#[path = \"b.rs\"]\npub mod a;\n", false),
            ("mod a;\n#[cfg(test)]\nmod testing;\n", true),
            ("pub(crate) mod a;\n", false),
            ("pub mod a;\nuse a::b;\n", false),
            ("pub mod a;\n/*\npub mod c;\n*/\n", false),
            ("pub mod a { }\n", false),
        ] {
            assert_eq!(is_scaffold(text), is, "{text}");
        }
    }

    #[test]
    fn modules_come_where_rustfmt_has_them() {
        for (text, lacking, expected) in [
            ("//! Orders.\n\npub mod b;\n", &["a", "c"][..], "//! Orders.\n\npub mod a;\npub mod b;\npub mod c;\n"),
            ("//! Orders.\n\nmod b;\n\npub mod d;\n", &["c"], "//! Orders.\n\nmod b;\n\npub mod c;\npub mod d;\n"),
            (
                "mod b;\n#[cfg(test)]\nmod testing;\n",
                &["say", "u"],
                "mod b;\npub mod say;\n#[cfg(test)]\nmod testing;\npub mod u;\n",
            ),
            ("//! Orders.\n", &["b", "a"], "//! Orders.\n\npub mod a;\npub mod b;\n"),
            ("", &["a"], "pub mod a;\n"),
        ] {
            let lacking: Vec<String> = lacking.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(with(text, &lacking), expected);
        }
    }
}
