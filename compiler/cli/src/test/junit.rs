//! Results as the XML that CI systems read: <https://github.com/testmoapp/junitxml>.

use std::fmt::Write as _;

use super::{Results, text};

/// The document of all files.
pub(super) fn render(all: &[Results<'_>]) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for results in all {
        let failed = results.ran.iter().filter(|ran| !ran.passed()).count();
        let name = escaped(&results.path.display().to_string());
        let _ = writeln!(out, "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{failed}\">", results.ran.len());
        for ran in &results.ran {
            let (title, seconds) = (escaped(&ran.name), ran.took.as_secs_f64());
            let line = results.sources.position(ran.span).line;
            let case = format!(
                "    <testcase name=\"{title}\" classname=\"{name}\" file=\"{name}\" line=\"{line}\" time=\"{seconds:.6}\""
            );
            if ran.passed() {
                let _ = writeln!(out, "{case}/>");
            } else {
                let told = text::failure(results, ran, false);
                let _ = writeln!(out, "{case}>\n      <failure>{}</failure>\n    </testcase>", escaped(&told));
            }
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

/// A text in XML, without the control characters that XML has no place for.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}
