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
        let file = File::open(path)?;
        // Room for all of it: a vector that grows is read into in small steps.
        let size = file.metadata()?.len().min(MAX_SOURCE_BYTES);
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
        // One byte more than allowed tells a file that is too large, also one that has no size, such as a pipe.
        file.take(MAX_SOURCE_BYTES + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_SOURCE_BYTES {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the file is too large for a spec"));
        }
        Ok(bytes)
    }
}
