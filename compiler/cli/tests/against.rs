//! `evc check --against` as a command: exit codes, the old file in reports, workflows without executions.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value as Json;

/// A folder that is gone with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("evc-against-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, text).expect("a file");
        path.display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const OLD: &str = "evc: 1
service: shop
functions:
  charge: { input: { orderId: uuid } }
workflows:
  pay:
    input: { orderId: uuid }
    steps:
      charged: { call: charge, with: { orderId: input.orderId } }
outputs: { Arn: workflows.pay.arn }
";

fn check(arguments: &[&str]) -> (Option<i32>, String, String) {
    // Without a crate beside the spec, evc says what it would write; the runtime is where it is.
    let runtime = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../runtime/handlers");
    let mut command = Command::new(env!("CARGO_BIN_EXE_evc"));
    let output = command.arg("check").args(arguments).arg("--runtime").arg(runtime).output().expect("evc runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn an_incompatible_change_is_an_error_that_points_into_both_files() {
    let folder = Folder::new();
    let old = folder.write("old.yaml", OLD);
    let new = folder.write("shop.yaml", &OLD.replace("charge", "charge-card"));

    let (code, lines, _) = check(&[&new, "--against", &old, "--message-format", "json"]);
    assert_eq!(code, Some(1), "{lines}");
    let found: Vec<Json> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let broken = found.iter().find(|found| found["code"] == "EVC1001").expect("an error");
    let file = |place: &Json| place["file"].as_str().expect("a file").to_owned();
    assert_eq!((file(&broken["primary"]), file(&broken["secondary"][0])), (new.clone(), old.clone()));
    assert_eq!(found.last().map(|summary| (&summary["errors"], &summary["notes"])), Some((&1.into(), &1.into())));
    for (format, part) in [("short", "note[EVC1003]"), ("github", "::notice "), ("sarif", "\"level\": \"note\"")] {
        let (code, text, _) = check(&[&new, "--against", &old, "--message-format", format]);
        assert!(code == Some(1) && text.contains(part) && text.contains("EVC1001"), "{format}: {text}");
    }

    // Nobody is in flight, nothing changed, and what is wrong with the command line.
    assert_eq!(check(&[&new, "--against", &old, "--drained", "pay"]).0, Some(0));
    let (code, _, told) = check(&[&old, "--against", &old]);
    assert!(code == Some(0) && told.contains("also for executions in flight"), "{told}");
    for (arguments, expected) in [
        (&[new.as_str(), "--against", &old, "--drained", "pya"][..], 2),
        (&[new.as_str(), "--drained", "pay"], 2),
        (&[new.as_str(), old.as_str(), "--against", &old], 2),
        (&[new.as_str(), "--against", "nowhere.yaml"], 3),
    ] {
        let (code, _, told) = check(arguments);
        assert_eq!(code, Some(expected), "{arguments:?}: {told}");
    }
}
