//! Text to a tree of nodes with spans, and values back to text. Knows nothing of AWS or of the spec.

mod node;

pub use node::{Entry, Key, Mapping, Node, NodeKind, Scalar, ScalarStyle};
