//! The disk as the compiler sees it.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use crate::source::{MAX_SOURCE_BYTES, World};

/// Reads files from disk.
#[derive(Debug, Clone, Copy)]
pub(super) struct Disk;

impl World for Disk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        // One byte more than allowed tells a file that is too large, also one that has no size, such as a pipe.
        File::open(path)?.take(MAX_SOURCE_BYTES + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_SOURCE_BYTES {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the file is too large for a spec"));
        }
        Ok(bytes)
    }
}
