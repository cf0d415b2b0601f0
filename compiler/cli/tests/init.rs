//! `evc init` and `evc vendor`, in folders that have nothing of this repository around them.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The folder of a test, empty. Not in the repository: a runtime in a folder above would be found.
fn scratch(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("evc-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).expect("a folder");
    path
}

fn evc(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_evc")).current_dir(folder).args(arguments).output().expect("evc runs")
}

/// What a command that has to succeed says.
fn succeeds(folder: &Path, arguments: &[&str]) -> String {
    let output = evc(folder, arguments);
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{arguments:?}: {said}");
    said
}

/// What a command that has to fail says, with its exit code.
fn fails(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = evc(folder, arguments);
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(!output.status.success(), "{arguments:?}: {said}");
    (output.status.code(), said)
}

/// Every file below a folder, with its bytes.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let bytes = fs::read(&path).expect("a file");
            found.insert(path, bytes);
        }
    }
    found
}

#[test]
fn every_project_builds_where_it_is_and_a_second_one_is_refused() {
    let scratch = scratch("init");
    let examples = ["orders", "cart", "hooks", "order-pipe", "choreography", "event-store"];
    let plain = ("first-hour", None);
    // One under a name that is not the example's, longer than all of them.
    let renamed = ("orders-of-the-other-shop", Some("orders"));
    for (name, example) in examples.map(|name| (name, Some(name))).into_iter().chain([plain, renamed]) {
        let project = scratch.join(name);
        let mut init = vec!["init", name];
        init.extend(example.iter().flat_map(|example| ["--example", example]));
        let said = succeeds(&scratch, &init);
        let spec = format!("specs/{name}.yaml");
        assert!(said.contains(&format!("cd {name}\n")) && said.contains(&format!("evc build {spec}\n")), "{said}");
        let before = files(&project);

        assert!(succeeds(&project, &["check", &spec, "--deny-warnings"]).ends_with("no problems\n"));
        assert!(!succeeds(&project, &["build", &spec]).contains("for your business logic"), "{name} lacks a module");
        let manifest = fs::read_to_string(project.join("generated").join(name).join("Cargo.toml")).expect("a manifest");
        assert!(manifest.contains("evc-runtime = { path = \"../../runtime/handlers\" }"), "{manifest}");
        let own = files(&project).into_iter().filter(|(path, _)| !path.starts_with(project.join("generated")));
        assert!(own.collect::<BTreeMap<_, _>>() == before, "{name}: a build changed what is the user's");

        let (code, said) = fails(&scratch, &init);
        assert_eq!(code, Some(3));
        assert!(
            said.contains("nothing was written") && said.contains("README.md") && said.contains("more\n"),
            "{said}"
        );
    }
    // No system has the name of another one left in it.
    let renamed = files(&scratch.join("orders-of-the-other-shop/specs"));
    let left = |text: &[u8]| {
        ["orders_contract", "name = \"orders\"", "service: orders\n"].iter().any(|old| {
            let text = String::from_utf8_lossy(text);
            text.match_indices(old).any(|(at, _)| !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
        })
    };
    assert!(renamed.values().all(|text| !left(text)));
    fs::remove_dir_all(scratch).expect("removed");
}

#[test]
fn a_project_goes_where_nothing_is_in_its_way() {
    let scratch = scratch("beside");
    let home = scratch.join("shop");
    fs::create_dir_all(home.join("docs")).expect("a folder");
    fs::write(home.join("docs/mine.md"), "mine").expect("a file");
    // The folder has the name.
    succeeds(&home, &["init", "--quiet"]);
    assert!(home.join("specs/shop.yaml").is_file() && home.join("docs/mine.md").is_file());

    let other = scratch.join("other");
    fs::create_dir_all(other.join("specs")).expect("a folder");
    fs::write(other.join("specs/shop.yaml"), "mine").expect("a file");
    let (_, said) = fails(&scratch, &["init", "shop", "--dir", "other"]);
    assert!(said.contains("other/specs/shop.yaml") && !said.contains("more"), "{said}");
    assert_eq!(files(&other).len(), 1, "nothing but what was there");

    for (arguments, why) in [
        (&["init", "My-Shop"][..], "cannot name a service"),
        (&["init", "async"], "Rust's or evc's own"),
        (&["init", "a--b"], "lower-case words joined by hyphens"),
        (&["init", "../shop"], "cannot name a service"),
        (&["init", "a\nb"], "cannot name a service"),
        (&["init", "--dir", "My Shop"], "the folder gives no name"),
        (&["init", "a", "--example", "nothing"], "possible values: cart, choreography"),
    ] {
        let (code, said) = fails(&scratch, arguments);
        assert!(code == Some(2) && said.contains(why), "{arguments:?}: {said}");
    }
    assert_eq!(fs::read_dir(&scratch).expect("a folder").count(), 2, "nothing was made for a name that cannot be");
    fs::remove_dir_all(scratch).expect("removed");
}

#[test]
fn a_vendored_runtime_is_brought_up_to_date_and_nothing_else_is_touched() {
    let scratch = scratch("vendor");
    succeeds(&scratch, &["init", "shop", "--quiet"]);
    let (project, runtime) = (scratch.join("shop"), scratch.join("shop/runtime"));
    let fresh = files(&runtime);
    assert!(succeeds(&project, &["vendor"]).contains(" 0 files written"));

    fs::write(runtime.join("values/src/lib.rs"), "changed").expect("a file");
    fs::write(runtime.join("mine.txt"), "mine").expect("a file");
    let said = succeeds(&project, &["vendor"]);
    assert!(
        said.contains("runtime/values/src/lib.rs: was changed by hand") && said.contains(" 1 files written"),
        "{said}"
    );
    assert_eq!(fs::read_to_string(runtime.join("mine.txt")).expect("a file"), "mine");
    fs::remove_file(runtime.join("mine.txt")).expect("removed");
    assert!(files(&runtime) == fresh);

    // As another evc wrote it: an error, until it is brought up to date. What belongs no more goes.
    let listed = fs::read_to_string(runtime.join(".evc-manifest")).expect("a list");
    fs::write(runtime.join(".evc-manifest"), format!("{listed}values/src/old.rs\n")).expect("a file");
    fs::write(runtime.join("values/src/old.rs"), "old").expect("a file");
    fs::write(runtime.join(".evc-runtime"), "0.0.1-0123456789abcdef\n").expect("a file");
    for command in ["check", "build"] {
        let (code, said) = fails(&project, &[command, "specs/shop.yaml", "--message-format", "short"]);
        assert!(code == Some(1) && said.contains("error[EVC0808]"), "{said}");
    }
    let (_, said) = fails(&project.join("specs"), &["check", "shop.yaml"]);
    assert!(said.contains("`evc vendor ../runtime`"), "{said}");
    assert!(succeeds(&project.join("specs"), &["vendor", "../runtime"]).contains(" 1 removed"));
    assert!(files(&runtime) == fresh);
    succeeds(&project, &["check", "specs/shop.yaml", "--deny-warnings"]);

    // A runtime that evc did not write: that of a clone.
    fs::remove_file(runtime.join(".evc-manifest")).expect("removed");
    let (code, said) = fails(&project, &["vendor"]);
    assert!(code == Some(2) && said.contains("did not write"), "{said}");
    // A file in the way.
    fs::create_dir_all(scratch.join("elsewhere")).expect("a folder");
    fs::write(scratch.join("elsewhere/Cargo.toml"), "mine").expect("a file");
    let (code, said) = fails(&scratch, &["vendor", "elsewhere"]);
    assert!(code == Some(3) && said.contains("elsewhere/Cargo.toml"), "{said}");
    assert_eq!(files(&scratch.join("elsewhere")).len(), 1);
    fs::remove_dir_all(scratch).expect("removed");
}

#[test]
fn a_spec_without_a_runtime_is_told_how_to_get_it() {
    let scratch = scratch("missing");
    fs::create_dir_all(scratch.join("specs")).expect("a folder");
    let spec = "evc: 1\nservice: shop\nfunctions:\n  ping: { api: GET /ping }\n";
    fs::write(scratch.join("specs/shop.yaml"), spec).expect("a file");
    let said = succeeds(&scratch, &["check", "specs/shop.yaml"]);
    assert!(said.contains("EVC0807") && said.contains("`evc vendor runtime`"), "{said}");
    succeeds(&scratch, &["vendor"]);
    assert!(succeeds(&scratch, &["check", "specs/shop.yaml"]).ends_with("no problems\n"));
    fs::remove_dir_all(scratch).expect("removed");
}

#[test]
fn a_further_function_gets_its_module_and_its_line() {
    let scratch = scratch("further");
    succeeds(&scratch, &["init", "shop", "--quiet"]);
    let project = scratch.join("shop");
    let spec = project.join("specs/shop.yaml");
    let text = fs::read_to_string(&spec).expect("a spec");
    let text = text.replace("\nrules:\n", "  cancel-order: { api: POST /cancellations }\n\nrules:\n");
    fs::write(&spec, text).expect("a spec");
    let said = succeeds(&project, &["build", "specs/shop.yaml"]);
    let (module, root) = ("specs/shop/src/cancel_order.rs", "specs/shop/src/lib.rs");
    assert!(
        said.contains(&format!("{module}: new")) && said.contains(&format!("{root}: `pub mod cancel_order;` added")),
        "{said}"
    );
    let root = fs::read_to_string(project.join(root)).expect("a root");
    assert!(
        root.ends_with("\n\npub mod cancel_order;\npub mod get_order;\npub mod place_order;\npub mod ship;\n"),
        "{root}"
    );
    assert!(project.join(module).is_file());
    assert_eq!(fs::read_dir(project.join("specs/shop/src")).expect("a folder").count(), 5, "nothing is left over");
    assert!(!succeeds(&project, &["build", "specs/shop.yaml"]).contains("added"));
    fs::remove_dir_all(scratch).expect("removed");
}
