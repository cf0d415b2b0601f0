//! Bytes to text: what is wrong with a file before it is YAML at all.

use std::path::PathBuf;

use crate::diagnostics::{Code, Diagnostic};
use crate::source::{FileId, MAX_SOURCE_BYTES, SourceMap, Span};

/// Adds a file's bytes to the map as text, and reports what is not UTF-8.
///
/// UTF-16 is decoded, so that line and column are right in whatever else is reported. A byte that is not part of UTF-8
/// becomes `_`, one for one, so that every offset in the text is one in the file.
pub fn decode_bytes(sources: &mut SourceMap, path: impl Into<PathBuf>, bytes: Vec<u8>) -> (FileId, Vec<Diagnostic>) {
    if let Some((name, text)) = decode_utf16(&bytes) {
        let file = sources.add(path, text);
        let message = format!("the file is {name}, expected UTF-8");
        let diagnostic = Diagnostic::new(Code::EVC0004, Span::new(file, 0..0), message);
        return (file, vec![diagnostic.help("save it as UTF-8 without a byte-order mark")]);
    }
    match String::from_utf8(bytes) {
        Ok(text) => (sources.add(path, text), Vec::new()),
        Err(error) => {
            let (text, bad) = replace_invalid(error.as_bytes());
            let first = bad.first().copied().unwrap_or(0);
            let file = sources.add(path, text);
            let byte = error.as_bytes().get(first).copied().unwrap_or(0);
            let message = format!("the byte 0x{byte:02X} is not UTF-8");
            let diagnostic = Diagnostic::new(Code::EVC0004, Span::new(file, first..first + 1), message)
                .help("save the file as UTF-8");
            let diagnostic = match bad.len() - 1 {
                0 => diagnostic,
                1 => diagnostic.note("there is 1 more such byte"),
                more => diagnostic.note(format!("there are {more} more such bytes")),
            };
            (file, vec![diagnostic])
        }
    }
}

/// The diagnostic for a file that is not read since it has more than [`MAX_SOURCE_BYTES`].
pub fn too_large(file: FileId) -> Diagnostic {
    let limit = MAX_SOURCE_BYTES / 1024 / 1024;
    Diagnostic::new(
        Code::EVC0007,
        Span::new(file, 0..0),
        format!("the file is larger than {limit} MiB; it was not read"),
    )
    .help("split it with `imports:`")
}

/// The text of a file that starts with a UTF-16 byte-order mark, or whose first character is ASCII in two bytes.
fn decode_utf16(bytes: &[u8]) -> Option<(&'static str, String)> {
    let (name, big_endian, rest) = match bytes {
        [0xFE, 0xFF, rest @ ..] => ("UTF-16 (big-endian)", true, rest),
        [0xFF, 0xFE, rest @ ..] => ("UTF-16 (little-endian)", false, rest),
        [0, 1..=0x7F, _, _, ..] => ("UTF-16 (big-endian)", true, bytes),
        [1..=0x7F, 0, _, _, ..] => ("UTF-16 (little-endian)", false, bytes),
        _ => return None,
    };
    let units = rest.chunks_exact(2).map(|pair| {
        let pair = [pair[0], pair[1]];
        if big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
    });
    let text = char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    Some((name, text))
}

/// The text with `_` for every byte that is not part of UTF-8, and where those are.
fn replace_invalid(bytes: &[u8]) -> (String, Vec<usize>) {
    let mut text = String::with_capacity(bytes.len());
    let mut bad = Vec::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for _ in chunk.invalid() {
            bad.push(text.len());
            text.push('_');
        }
    }
    (text, bad)
}
