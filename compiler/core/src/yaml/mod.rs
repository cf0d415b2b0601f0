//! Text to a tree of nodes with spans, and values back to text. Knows nothing of AWS or of the spec.
//!
//! Reading: [`decode_bytes`] turns what is on disk into text, [`parse`] turns text into a [`Node`]. Both report and go on;
//! neither fails. What YAML allows and a spec does not (anchors, merge keys, tags, keys that are not text, a second
//! document, words that older readers take for booleans) is refused here, once, so that no later stage has to think of it.
//!
//! Writing: [`write`] lays out an [`Out`] so that YAML 1.1 readers, which CloudFormation and SAM are, read it right.

mod bare;
mod build;
mod comma;
mod decode;
mod frame;
mod joined;
mod left_out;
mod merge;
mod node;
mod recover;
mod refuse;
mod scan;
mod syntax;
mod tabs;
mod template;
#[cfg(test)]
mod tests;
mod write;

pub use decode::{decode_bytes, too_large};
pub use left_out::names_left_out;
pub use merge::Conflict;
pub use node::{Entry, Key, Mapping, Node, NodeKind, Room, Scalar, ScalarStyle};
pub use write::{Document, Out, OutEntry, write};

use crate::diagnostics::Diagnostic;
use crate::source::{FileId, SourceMap};

/// Most levels of lists and maps inside each other. The deepest spec anybody writes has fewer than twenty.
pub const MAX_DEPTH: usize = 64;

/// Most keys and values in one file. A spec that fills the largest deployable template has about ten thousand.
pub const MAX_NODES: usize = 100_000;

/// Whose YAML a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// A spec's: without anchors, aliases, merge keys, tags, and words that readers of YAML 1.1 take for booleans.
    Spec,
    /// A template's, as CloudFormation and SAM read it: tags are calls of its functions (`!Ref`), anchors and merge keys stand for
    /// what they name, `yes` and `on` are booleans. JSON is read as the YAML that it is.
    Template,
}

/// Reads a spec's text into a tree. Whatever is wrong with it is reported, and the rest is read as if that were not there:
/// values that could not be read are [`NodeKind::Error`].
///
/// Takes time and memory in proportion to the text, which must not be longer than
/// [`MAX_SOURCE_BYTES`](crate::source::MAX_SOURCE_BYTES).
pub fn parse(sources: &SourceMap, file: FileId) -> (Node, Vec<Diagnostic>) {
    recover::parse(&sources.file(file).text, file, Dialect::Spec)
}

/// Reads the text of a CloudFormation or SAM template into a tree, as [`parse`] does with a spec's. Short forms of functions are long
/// ones in it: `!GetAtt Queue.Arn` is a map whose only key is `Fn::GetAtt`.
pub fn parse_template(sources: &SourceMap, file: FileId) -> (Node, Vec<Diagnostic>) {
    joined::parse(&sources.file(file).text, file)
}
