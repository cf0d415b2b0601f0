//! Puts into the binary what `evc init` and `evc vendor` write: the sources of the runtime, as far as stacks are built of them, the systems
//! of `specs/`, and the templates of a project. Why so: docs/decisions/0043-vendored-runtime.md.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

#[path = "build/sources.rs"]
mod sources;

use sources::{Text, files_below, runtime};

fn main() -> Result<(), Box<dyn Error>> {
    let package = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let root = package.join("../..");
    let mut text = String::new();
    let runtime = runtime(&root)?;
    writeln!(text, "/// Tells one state of the runtime from another: the version, and a hash of all files.")?;
    let fingerprint = format!("{}-{:016x}", env::var("CARGO_PKG_VERSION")?, hash(&runtime));
    writeln!(text, "pub(crate) const FINGERPRINT: &str = {fingerprint:?};")?;
    writeln!(text, "/// The files of the runtime, by path.")?;
    writeln!(text, "pub(crate) static RUNTIME: &[(&str, &str)] = &{runtime:?};")?;
    let examples = examples(&root.join("specs"))?;
    writeln!(text, "/// The systems of `specs/`, by name, each with its files by path: the spec is `NAME.yaml`.")?;
    writeln!(text, "pub(crate) static EXAMPLES: &[(&str, &[(&str, &str)])] = &[")?;
    for (name, files) in &examples {
        writeln!(text, "({name:?}, &{files:?}),")?;
    }
    writeln!(text, "];")?;
    writeln!(text, "/// What a project has beside its system, and the system of one without an example, by path.")?;
    writeln!(text, "pub(crate) static TEMPLATES: &[(&str, &str)] = &{:?};", files_below(&package.join("templates"))?)?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("embedded.rs"), text)?;
    for path in ["Cargo.toml", "LICENSE-APACHE", "LICENSE-MIT", "runtime", "specs", "compiler/cli/templates"] {
        tell_cargo(&root.join(path));
    }
    Ok(())
}

fn tell_cargo(path: &Path) {
    println!("cargo::rerun-if-changed={}", path.display());
}

/// The name of a system, and its files.
type Example = (String, Vec<Text>);

/// Every spec of a folder that has a crate beside it, with the files of both.
fn examples(specs: &Path) -> Result<Vec<Example>, Box<dyn Error>> {
    let mut examples: Vec<Example> = Vec::new();
    for (path, text) in files_below(specs)? {
        let name = path.split(['/', '.']).next().unwrap_or_default().to_owned();
        match examples.iter_mut().find(|(known, _)| *known == name) {
            Some((_, files)) => files.push((path, text)),
            None => examples.push((name, vec![(path, text)])),
        }
    }
    Ok(examples)
}

/// FNV-1a: no secret depends on it, and the same files give the same number with every compiler.
/// <https://datatracker.ietf.org/doc/html/draft-eastlake-fnv>
fn hash(files: &[Text]) -> u64 {
    let bytes = files.iter().flat_map(|(path, text)| [path.as_bytes(), &[0], text.as_bytes(), &[0]]).flatten();
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
