//! What is known of templates, in a file: findings that are not reported again.
//!
//! A finding is known again by its template, its code and its message, which names the resource; the line it stands on may change.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use evc_compiler::diagnostics::Diagnostic;
use evc_compiler::session::Analysis;
use evc_compiler::source::SourceMap;
use serde::{Deserialize, Serialize};

/// The only version of the file that there is.
const VERSION: u32 = 1;

/// The file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Baseline {
    version: u32,
    known: Vec<Known>,
}

/// A finding, and how often it occurs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    template: String,
    code: String,
    message: String,
    #[serde(default = "once", skip_serializing_if = "is_once")]
    count: usize,
}

fn once() -> usize {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_once(count: &usize) -> bool {
    *count == 1
}

/// What a finding is known again by.
type Key = (String, String, String);

fn key(diagnostic: &Diagnostic, sources: &SourceMap) -> Key {
    let path = sources.file(diagnostic.primary.span.file).path.display().to_string();
    (path.replace('\\', "/"), diagnostic.code.to_string(), diagnostic.message.clone())
}

/// Writes all findings to the file. Gives how many there are.
pub(super) fn write(path: &Path, analyses: &[Analysis]) -> io::Result<usize> {
    let mut counts: BTreeMap<Key, usize> = BTreeMap::new();
    for analysis in analyses {
        for diagnostic in &analysis.diagnostics {
            *counts.entry(key(diagnostic, &analysis.sources)).or_default() += 1;
        }
    }
    let known = counts.iter().map(|((template, code, message), &count)| Known {
        template: template.clone(),
        code: code.clone(),
        message: message.clone(),
        count,
    });
    let baseline = Baseline { version: VERSION, known: known.collect() };
    std::fs::write(path, serde_json::to_string_pretty(&baseline)? + "\n")?;
    Ok(counts.values().sum())
}

/// Leaves out of the findings what the file says is known. Gives how many of the known were not found.
pub(super) fn leave_out(path: &Path, analyses: &mut [Analysis]) -> io::Result<usize> {
    let baseline: Baseline = serde_json::from_slice(&std::fs::read(path)?)?;
    if baseline.version != VERSION {
        let message = format!("its version is {}, and this evc reads version {VERSION}", baseline.version);
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    let mut left: BTreeMap<Key, usize> = BTreeMap::new();
    for Known { template, code, message, count } in baseline.known {
        *left.entry((template, code, message)).or_default() += count;
    }
    for Analysis { diagnostics, sources, .. } in analyses {
        diagnostics.retain(|diagnostic| match left.get_mut(&key(diagnostic, sources)) {
            Some(count) if *count > 0 => {
                *count -= 1;
                false
            }
            _ => true,
        });
    }
    Ok(left.values().sum())
}
