//! Which lines of specs scenarios came by, as LCOV has it: <https://github.com/linux-test-project/lcov>.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Results;

/// The tracefile of all files.
pub(super) fn render(all: &[Results<'_>]) -> String {
    let mut lines: BTreeMap<String, BTreeMap<usize, u64>> = BTreeMap::new();
    for results in all {
        for covered in &results.coverage.0 {
            let path = results.sources.file(covered.span.file).path.display().to_string();
            let line = results.sources.position(covered.span).line;
            *lines.entry(path).or_default().entry(line).or_default() += covered.hits;
        }
    }
    let mut text = String::new();
    for (path, lines) in lines {
        let _ = writeln!(text, "TN:\nSF:{path}");
        for (line, hits) in &lines {
            let _ = writeln!(text, "DA:{line},{hits}");
        }
        let hit = lines.values().filter(|hits| **hits > 0).count();
        let _ = writeln!(text, "LF:{}\nLH:{hit}\nend_of_record", lines.len());
    }
    text
}
