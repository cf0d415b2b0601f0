//! A stack that is built with `--out` is checked with it: its crate belongs to that workspace and no other.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::{Command, Output};

fn evc(folder: &Path, arguments: &[&str]) -> Output {
    let runtime = concat!(env!("CARGO_MANIFEST_DIR"), "/../../runtime/handlers");
    let mut command = Command::new(env!("CARGO_BIN_EXE_evc"));
    command.current_dir(folder).args(arguments).args(["--runtime", runtime]).output().expect("evc runs")
}

#[test]
fn a_stack_elsewhere_is_checked_where_it_is() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("elsewhere");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    let spec = "evc: 1\nservice: shop\nfunctions:\n  ping: { api: GET /ping }\n";
    std::fs::write(folder.join("shop.yaml"), spec).expect("a spec");
    assert!(evc(&folder, &["build", "shop.yaml", "--out", "built"]).status.success());

    let checked = evc(&folder, &["check", "shop.yaml", "--out", "built", "--deny-warnings"]);
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    let without = evc(&folder, &["check", "shop.yaml", "--message-format", "short"]);
    let found = [without.stdout, without.stderr].concat();
    assert!(String::from_utf8_lossy(&found).contains("EVC0805"), "{}", String::from_utf8_lossy(&found));
    let two = evc(&folder, &["check", "shop.yaml", "shop.yaml", "--out", "built"]);
    assert_eq!(two.status.code(), Some(2));
}
