//! Finds the crates around a stack.

use std::path::{Path, PathBuf};

use crate::diagnostics::Diagnostic;
use crate::emit::Project;
use crate::model::Model;

/// Finds them.
pub(super) fn find(_: &Path, _: &Path, _: &Model) -> (Project, Vec<(PathBuf, String)>, Vec<Diagnostic>) {
    (Project::default(), Vec::new(), Vec::new())
}
