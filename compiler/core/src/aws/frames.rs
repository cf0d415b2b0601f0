//! The file of the schemas: which frame a type is in, and its types once it has been opened.
//!
//! The file has, in this order, where numbers are varints and texts end with a zero byte:
//! - the number of frames, and the first type of each, in alphabetical order;
//! - for each block, how long it is before and after compression;
//! - the blocks, compressed by deflate: the texts that many frames have; what frames begin as if they had read it; the names of all
//!   types; and each frame, as `read.rs` describes it.

use std::sync::OnceLock;

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

use super::ResourceType;
use super::read::{self, Reader};

/// What `cargo xtask schemas` writes.
static FILE: &[u8] = include_bytes!("schemas.bin");

/// The blocks before those of the frames.
const COMMON: usize = 0;
const DICTIONARY: usize = 1;
const NAMES: usize = 2;
const FIRST: usize = 3;

/// Where everything is.
struct Index {
    /// The first type of each frame.
    firsts: Vec<&'static str>,
    /// Each block: its compressed bytes, and how long it is without compression.
    blocks: Vec<(&'static [u8], usize)>,
    /// What each frame has, once it has been opened.
    frames: Vec<OnceLock<Vec<ResourceType>>>,
}

fn index() -> &'static Index {
    static INDEX: OnceLock<Index> = OnceLock::new();
    INDEX.get_or_init(|| {
        let mut reader = Reader::new(FILE);
        let count = reader.number();
        let firsts: Vec<&'static str> = (0..count).map(|_| reader.text()).collect();
        let lengths: Vec<(usize, usize)> = (0..count + FIRST).map(|_| (reader.number(), reader.number())).collect();
        let mut rest = reader.rest();
        let blocks = lengths.into_iter().map(|(length, packed)| {
            let (block, after) = rest.split_at_checked(packed).unwrap_or((rest, &[]));
            rest = after;
            (block, length)
        });
        Index { firsts, blocks: blocks.collect(), frames: (0..count).map(|_| OnceLock::new()).collect() }
    })
}

/// The types of the frame that a type is in, if there is such a type; they are in alphabetical order.
pub(super) fn of(name: &str) -> Option<&'static [ResourceType]> {
    let index = index();
    let at = index.firsts.partition_point(|first| *first <= name).checked_sub(1)?;
    let types = index.frames.get(at)?.get_or_init(|| read::frame(block(FIRST + at, dictionary()), common()));
    Some(types)
}

/// The names of all types.
pub(super) fn names() -> &'static [&'static str] {
    static NAMES_OF_TYPES: OnceLock<Vec<&'static str>> = OnceLock::new();
    NAMES_OF_TYPES.get_or_init(|| read::texts(block(NAMES, &[])))
}

/// The texts that many frames have.
fn common() -> &'static [&'static str] {
    static TEXTS: OnceLock<Vec<&'static str>> = OnceLock::new();
    TEXTS.get_or_init(|| read::texts(block(COMMON, &[])))
}

fn dictionary() -> &'static [u8] {
    static BYTES: OnceLock<&'static [u8]> = OnceLock::new();
    BYTES.get_or_init(|| block(DICTIONARY, &[]))
}

/// A block without its compression. It stays for as long as the program runs, and is asked for once. One that cannot be read, which a
/// test rules out, is empty.
fn block(at: usize, dictionary: &[u8]) -> &'static [u8] {
    let Some((packed, length)) = index().blocks.get(at) else { return &[] };
    inflate(packed, *length, dictionary)
}

/// What was compressed, which is `length` long; it stays for as long as the program runs. Nothing, if it cannot be read.
pub(super) fn inflate(packed: &[u8], length: usize, dictionary: &[u8]) -> &'static [u8] {
    let mut bytes = vec![0; dictionary.len() + length];
    bytes[..dictionary.len()].copy_from_slice(dictionary);
    let mut state = DecompressorOxide::new();
    let flags = TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let (status, _, written) = decompress(&mut state, packed, &mut bytes, dictionary.len(), flags);
    if status != TINFLStatus::Done || written != length {
        return &[];
    }
    &bytes.leak()[dictionary.len()..]
}
