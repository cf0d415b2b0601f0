//! `cargo xtask dist`: the archives of a release, in `target/dist/`.
//!
//! One for each target that this machine can build: the binary, the licences, completions of shells and manual pages. Each is unpacked and
//! tried where its binary runs. The other targets of a release are named with what is missing.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{project, step};

/// What a release has, with the linker that Cargo calls when it builds for it from elsewhere, where that is not `cc`.
const TARGETS: [(&str, &str); 5] = [
    ("x86_64-unknown-linux-gnu", "x86_64-linux-gnu-gcc"),
    ("aarch64-unknown-linux-gnu", "aarch64-linux-gnu-gcc"),
    ("x86_64-apple-darwin", "cc"),
    ("aarch64-apple-darwin", "cc"),
    ("x86_64-pc-windows-msvc", "link.exe"),
];

/// Shells, with the name under which each looks for a completion.
const COMPLETIONS: [(&str, &str); 5] =
    [("bash", "evc.bash"), ("elvish", "evc.elv"), ("fish", "evc.fish"), ("powershell", "_evc.ps1"), ("zsh", "_evc")];

/// What `cargo xtask dist` may be told.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// A target to build; by default every target of a release that this machine can build.
    #[arg(long = "target", value_name = "TRIPLE")]
    targets: Vec<String>,
}

/// Make the archives and `SHA256SUMS`.
pub(crate) fn run(options: &Options) -> Result<(), String> {
    let host = host()?;
    let folder = project::root().join("target/dist");
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|error| format!("cannot remove {}: {error}", folder.display()))?;
    }
    make_folder(&folder)?;
    let mut missing: Vec<(&str, String)> = Vec::new();
    let targets: Vec<&str> = if options.targets.is_empty() {
        let mut targets = Vec::new();
        for (target, linker) in TARGETS {
            match obstacle(target, linker, &host) {
                Some(reason) => missing.push((target, reason)),
                None => targets.push(target),
            }
        }
        targets
    } else {
        options.targets.iter().map(String::as_str).collect()
    };
    let mut archives = Vec::new();
    for target in targets {
        let linker = TARGETS.iter().find(|(known, _)| *known == target).map_or("cc", |(_, linker)| linker);
        archives.push(archive(&folder, target, linker, &host)?);
    }
    if archives.is_empty() {
        return Err("no target of a release can be built here: rustup target add TRIPLE".to_owned());
    }
    let names: Vec<&str> = archives.iter().map(String::as_str).collect();
    let sums = output(step::command("sha256sum", &names).current_dir(&folder))?;
    write(&folder.join("SHA256SUMS"), &sums)?;
    step::quietly("sha256sum --check", step::command("sha256sum", &["--check", "SHA256SUMS"]).current_dir(&folder))?;
    for name in &archives {
        step::say(&format!("  made  target/dist/{name} ({})", size(&folder.join(name))));
    }
    for (target, reason) in missing {
        step::say(&format!("  not   {target}: {reason}"));
    }
    Ok(())
}

/// The target of this machine.
fn host() -> Result<String, String> {
    let told = step::output_of("rustc", &["-vV"]).ok_or("cannot run rustc")?;
    told.lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
        .ok_or_else(|| "rustc names no host".to_owned())
}

/// Why a target cannot be built here.
fn obstacle(target: &str, linker: &str, host: &str) -> Option<String> {
    if target == host {
        return None;
    }
    let library = step::output_of("rustc", &["--print", "target-libdir", "--target", target]);
    if !library.is_some_and(|folder| Path::new(folder.trim()).is_dir()) {
        return Some(format!("its standard library is not installed: rustup target add {target}"));
    }
    let apple = target.contains("apple");
    if apple != host.contains("apple") || (linker != "cc" && step::output_of(linker, &["--version"]).is_none()) {
        return Some(format!("it is linked with `{linker}` of its own system, which is not here"));
    }
    None
}

/// Build a target and pack it; the archive's name.
fn archive(folder: &Path, target: &str, linker: &str, host: &str) -> Result<String, String> {
    let mut build = step::command(
        "cargo",
        &["build", "--release", "--locked", "--quiet", "--package", "evc", "--bin", "evc", "--target", target],
    );
    if target != host {
        let variable = target.to_uppercase().replace('-', "_");
        build.env(format!("CARGO_TARGET_{variable}_LINKER"), linker);
        build.env(format!("CC_{}", target.replace('-', "_")), linker);
    }
    step::quietly(&format!("release build for {target}"), &mut build)?;

    let name = format!("evc-{}-{target}", env!("CARGO_PKG_VERSION"));
    let packed = folder.join(&name);
    make_folder(&packed)?;
    let executable = if target.contains("windows") { "evc.exe" } else { "evc" };
    copy(&project::root().join("target").join(target).join("release").join(executable), &packed.join(executable))?;
    for file in ["README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"] {
        copy(&project::root().join(file), &packed.join(file))?;
    }
    write(&packed.join("THIRD-PARTY-LICENSES.txt"), &licences(target)?)?;
    // The scripts and pages are the same for every target; those of this machine's build are asked.
    let evc = project::root().join("target").join(host).join("release/evc");
    if evc.exists() {
        make_folder(&packed.join("completions"))?;
        for (shell, file) in COMPLETIONS {
            write(&packed.join("completions").join(file), &output(&mut step::command(&evc, &["completions", shell]))?)?;
        }
        let pages = packed.join("man");
        step::quietly("evc man", step::command(&evc, &["man"]).arg(&pages))?;
    }
    let file = pack(folder, &name, target)?;
    if target == host {
        try_out(folder, &name, &file)?;
    }
    fs::remove_dir_all(&packed).map_err(|error| format!("cannot remove {}: {error}", packed.display()))?;
    Ok(file)
}

/// One archive of a folder: the same bytes for the same content.
fn pack(folder: &Path, name: &str, target: &str) -> Result<String, String> {
    let time = step::output_of("git", &["log", "-1", "--format=%ct"]).unwrap_or_default();
    let (kind, options): (_, &[&str]) =
        if target.contains("windows") { ("zip", &["-q", "-r", "-X"]) } else { ("tar.gz", &[]) };
    let file = format!("{name}.{kind}");
    let mut command = if kind == "zip" {
        let mut zip = step::command("zip", options);
        zip.args([&file, name]);
        zip
    } else {
        let mut tar =
            step::command("tar", &["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mode=u+rw,go=rX"]);
        tar.arg(format!("--mtime=@{}", time.trim())).args(["-I", "gzip -9 -n", "-c", "-f", &file, name]);
        tar
    };
    step::quietly(&file, command.current_dir(folder))?;
    Ok(file)
}

/// What somebody does first with the archive: unpack it, ask for the version, begin a project and check its spec.
fn try_out(folder: &Path, name: &str, file: &str) -> Result<(), String> {
    let place = folder.join("tried");
    make_folder(&place)?;
    step::quietly(
        "unpack the archive",
        step::command("tar", &["-x", "-f"]).arg(folder.join(file)).current_dir(&place),
    )?;
    let evc = place.join(name).join("evc");
    let version = output(&mut step::command(&evc, &["--version"]))?;
    if version.trim() != format!("evc {}", env!("CARGO_PKG_VERSION")) {
        return Err(format!("the packed binary says that it is `{}`", version.trim()));
    }
    step::quietly("evc init, in an empty folder", step::command(&evc, &["init", "shop"]).current_dir(&place))?;
    let mut check = step::command(&evc, &["check", "specs/shop.yaml"]);
    step::quietly("evc check of its spec", check.current_dir(place.join("shop")))?;
    fs::remove_dir_all(&place).map_err(|error| format!("cannot remove {}: {error}", place.display()))
}

/// The licences of all crates in the binary: each text once, below the crates that have it.
fn licences(target: &str) -> Result<String, String> {
    let tree = output(&mut step::command(
        "cargo",
        &[
            "tree",
            "--locked",
            "--package",
            "evc",
            "--edges",
            "normal",
            "--target",
            target,
            "--prefix",
            "none",
            "--format",
            "{p}|{l}",
        ],
    ))?;
    let sources = sources()?;
    let mut crates: BTreeMap<String, &str> = BTreeMap::new();
    for line in tree.lines() {
        let Some((package, licence)) = line.split_once('|') else { continue };
        let mut words = package.split(' ');
        let (Some(name), Some(version)) = (words.next(), words.next()) else { continue };
        // Crates of this repository have its licence; the archive has that beside this file.
        if !package.contains(&format!("({}", project::root().display())) {
            crates.insert(format!("{name}-{}", version.trim_start_matches('v')), licence.trim_end_matches(" (*)"));
        }
    }
    let mut by_text: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (folder, licence) in &crates {
        let source = sources.iter().map(|registry| registry.join(folder)).find(|path| path.is_dir());
        let source = source.ok_or_else(|| format!("the sources of {folder} are not in Cargo's registry"))?;
        let texts = licence_files(&source)?;
        if texts.is_empty() {
            by_text.entry(format!("{licence}\n")).or_default().push(format!("{folder} ({licence})"));
        }
        for text in texts {
            by_text.entry(text).or_default().push(format!("{folder} ({licence})"));
        }
    }
    let mut document = String::from("evc contains these works, under their licences.\n");
    let rule = "-".repeat(80);
    for (text, crates) in by_text {
        let _ = write!(document, "\n{rule}\n{}\n{rule}\n\n{}\n", crates.join("\n"), text.trim());
    }
    Ok(document)
}

/// Where Cargo keeps the sources of crates.
fn sources() -> Result<Vec<PathBuf>, String> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    project::entries(&home.ok_or("there is no home directory")?.join("registry/src"))
}

/// The texts of licences and notices that a crate brings.
fn licence_files(source: &Path) -> Result<Vec<String>, String> {
    let mut texts = Vec::new();
    for path in project::entries(source)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
        let named =
            ["LICENSE", "LICENCE", "COPYING", "NOTICE", "UNLICENSE"].iter().any(|start| name.starts_with(start));
        if named && path.is_file() {
            let bytes = fs::read(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
            texts.push(String::from_utf8_lossy(&bytes).replace("\r\n", "\n"));
        }
    }
    Ok(texts)
}

fn output(command: &mut Command) -> Result<String, String> {
    let shown = command.get_program().display().to_string();
    let output = command.output().map_err(|error| format!("cannot run {shown}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{shown} ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn make_folder(folder: &Path) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    fs::copy(from, to).map(|_| ()).map_err(|error| format!("cannot copy {}: {error}", from.display()))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

fn size(path: &Path) -> String {
    let tenths = fs::metadata(path).map_or(0, |about| about.len()) / 100_000;
    format!("{}.{} MB", tenths / 10, tenths % 10)
}
