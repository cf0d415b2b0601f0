//! The page of a code for a terminal: its Markdown, with headings and code set off if there are colours.

use crate::diagnostics::Code;

const BOLD: &str = "\u{1b}[1m";
const CYAN: &str = "\u{1b}[36m";
const RESET: &str = "\u{1b}[0m";

/// Renders what `evc explain` prints. Without colours that is the page as written.
pub fn render(code: Code, color: bool) -> String {
    if !color {
        return code.page().to_owned();
    }
    let mut in_code = false;
    let mut text = String::new();
    for line in code.page().lines() {
        let fence = line.starts_with("```");
        in_code ^= fence;
        if fence {
            continue;
        }
        if in_code {
            text.extend(["    ", CYAN, line, RESET]);
        } else if let Some(heading) = line.strip_prefix("## ").or_else(|| line.strip_prefix("# ")) {
            text.extend([BOLD, heading, RESET]);
        } else {
            text.push_str(&line.replace('`', ""));
        }
        text.push('\n');
    }
    text
}
