//! The disk as the compiler sees it.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use evc_compiler::source::{MAX_SOURCE_BYTES, World};

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

    fn real(&self, path: &Path) -> io::Result<PathBuf> {
        // The folder of a spec that is named without one.
        let here = path.as_os_str().is_empty();
        std::fs::canonicalize(if here { Path::new(".") } else { path })
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use evc_compiler::diagnostics::Code;
    use evc_compiler::session::analyze;

    #[test]
    fn imports_do_not_leave_the_project_through_links() {
        let scratch = std::env::temp_dir().join(format!("evc-world-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&scratch);
        let specs = scratch.join("project/specs");
        std::fs::create_dir_all(&specs).unwrap();
        let types = "evc: 1\ntypes: { Order: { orderId: uuid } }\n";
        for file in ["secret.yaml", "project/shared.yaml", "project/specs/secret.env"] {
            std::fs::write(scratch.join(file), types).unwrap();
        }
        let spec = "evc: 1\nservice: x\nimports: [./link.yaml]\nfunctions: { f: { api: GET /, input: Order } }\n";
        std::fs::write(specs.join("x.yaml"), spec).unwrap();
        for (target, fits) in
            [("secret.yaml", false), ("project/specs/secret.env", false), ("project/shared.yaml", true)]
        {
            let link = specs.join("link.yaml");
            let _ = std::fs::remove_file(&link);
            std::os::unix::fs::symlink(scratch.join(target), &link).unwrap();
            let found = analyze(&Disk, &specs.join("x.yaml")).unwrap().diagnostics;
            let refused =
                found.iter().any(|found| found.code == Code::EVC0110 && found.message.ends_with("symbolic link"));
            assert_eq!(refused, !fits, "{target}: {found:?}");
        }
        std::fs::remove_dir_all(scratch).unwrap();
    }
}
