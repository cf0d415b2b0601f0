//! `evc check --fix` changes specs: what is certain, or what somebody says yes to, and nothing else.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const SPEC: &str = "evc: 1
service: shop
imports: [./types.yaml]
functions:
  place: { api: POST /orders, input: Order, timout: 5s }
  work: { api: POST /work, idempotent: yes }
";

const TYPES: &str = "evc: 1
types:
  Order: { id: uuid, total: int } # as it comes
";

/// A folder with a spec and what it imports.
fn project(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fix-{name}"));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("shop.yaml"), SPEC).expect("a spec");
    std::fs::write(folder.join("types.yaml"), TYPES).expect("types");
    folder
}

fn check(folder: &Path, arguments: &[&str], answers: &str) -> Output {
    let runtime = concat!(env!("CARGO_MANIFEST_DIR"), "/../../runtime/handlers");
    let mut child = Command::new(env!("CARGO_BIN_EXE_evc"))
        .current_dir(folder)
        .args(["check", "shop.yaml", "--runtime", runtime])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("evc runs");
    child.stdin.take().expect("a pipe").write_all(answers.as_bytes()).expect("answers");
    child.wait_with_output().expect("evc ends")
}

fn read(folder: &Path, file: &str) -> String {
    std::fs::read_to_string(folder.join(file)).expect("a file")
}

#[test]
fn what_is_certain_is_mended_in_all_files() {
    let folder = project("certain");
    let told = String::from_utf8_lossy(&check(&folder, &[], "").stderr).into_owned();
    // This evc was built without an address of published pages.
    let last = "`evc explain EVC0102` says more\n`evc check --fix` can mend 2 of them\n";
    assert!(told.ends_with(last), "{told}");
    assert_eq!((read(&folder, "shop.yaml").as_str(), read(&folder, "types.yaml").as_str()), (SPEC, TYPES));

    let fixed = check(&folder, &["--fix"], "");
    let told = String::from_utf8_lossy(&fixed.stderr);
    assert!(told.contains("fixed shop.yaml:5:45: replace with `timeout` (EVC0102)"), "{told}");
    assert!(told.contains("fixed types.yaml:3:29: replace with `integer` (EVC0201)"), "{told}");
    // A text or a boolean: that is not certain.
    assert_eq!(read(&folder, "shop.yaml"), SPEC.replace("timout", "timeout"));
    assert_eq!(read(&folder, "types.yaml"), TYPES.replace("int ", "integer "));
    assert_eq!(fixed.status.code(), Some(1));

    let again = check(&folder, &["--fix"], "");
    assert!(!String::from_utf8_lossy(&again.stderr).contains("fixed "));
    let left: Vec<String> = std::fs::read_dir(&folder)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| name.contains("evc-fix"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn what_is_asked_for_is_mended_if_somebody_says_so() {
    let folder = project("ask");
    // By place: `timout` no, `yes` is the boolean; then the type, yes.
    let fixed = check(&folder, &["--fix=ask"], "n\n2\ny\n");
    let told = String::from_utf8_lossy(&fixed.stderr);
    assert_eq!(read(&folder, "shop.yaml"), SPEC.replace("yes", "true"), "{told}");
    assert_eq!(read(&folder, "types.yaml"), TYPES.replace("int ", "integer "), "{told}");
    // Nobody answers, so nothing is done.
    let folder = project("quit");
    check(&folder, &["--fix=ask"], "");
    assert_eq!((read(&folder, "shop.yaml").as_str(), read(&folder, "types.yaml").as_str()), (SPEC, TYPES));
}
