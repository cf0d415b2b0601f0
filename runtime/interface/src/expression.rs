//! The bounds of expressions that workers of workflows on Redis evaluate, as far as the compiler sees when a literal is beyond one.

/// Bytes of a text.
pub const TEXT_BYTES: usize = 1 << 20;

/// Values of a list.
pub const LIST_LENGTH: usize = 131_072;

/// Numbers that `$range` gives, on Step Functions too.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html>
pub const RANGE_LENGTH: usize = 1_000;

/// The greatest number that is written in Roman numerals: it is a text of a thousand letters.
pub const GREATEST_ROMAN: f64 = 1_000_000.0;

/// Bytes of a picture of numbers or times.
pub const PICTURE_BYTES: usize = 256;

/// Markers of a picture.
pub const PICTURE_MARKERS: usize = 32;

/// The width that a marker may ask for.
pub const MARKER_WIDTH: u64 = 1_000;
