//! Crates around a stack, in memory; the examples of the pages among them.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::*;
use evc_compiler::diagnostics::Code;
use evc_compiler::session::analyze;

/// Files by path.
#[derive(Default)]
struct Memory(BTreeMap<PathBuf, String>);

impl World for Memory {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let path = paths::absolute(path);
        let text = self.0.get(&path).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        Ok(text.clone().into_bytes())
    }
}

fn memory(files: &[(&str, &str)]) -> Memory {
    Memory(files.iter().map(|(path, text)| (paths::absolute(Path::new(path)), (*text).to_owned())).collect())
}

const SPEC: &str = "evc: 1\nservice: orders\nfunctions:\n  place-order: { api: POST /orders }\n  type: {}\n";

/// The runtime, in the root of the project.
const CRATE: (&str, &str) = ("runtime/handlers/Cargo.toml", "[package]\nname = \"evc-runtime\"\n");

/// What is found for the spec at `path`, with the sources to print places.
fn find_at(world: &Memory, path: &str, directory: &str) -> (Found, SourceMap) {
    let mut analysis = analyze(world, Path::new(path)).unwrap();
    let model = analysis.model.take().unwrap();
    let found = find_in(world, places(path, directory), &model, &mut analysis.sources);
    (found, analysis.sources)
}

fn places<'a>(spec: &'a str, directory: &'a str) -> Places<'a> {
    Places { spec: Path::new(spec), directory: Path::new(directory), runtime: None }
}

fn lines(found: &Found, sources: &SourceMap) -> Vec<String> {
    let place = |diagnostic: &Diagnostic| sources.text(diagnostic.primary.span).to_owned();
    found.diagnostics.iter().map(|d| format!("{} {} @ {}", d.code, d.message, place(d))).collect()
}

#[test]
fn a_new_project_gets_a_whole_crate() {
    let world = memory(&[("specs/orders.yaml", SPEC), CRATE]);
    let (found, sources) = find_at(&world, "specs/orders.yaml", "generated/orders");
    assert_eq!(lines(&found, &sources), [""; 0]);
    let project = &found.project;
    assert_eq!(project.spec_path, "specs/orders.yaml");
    assert_eq!(project.logic_path, "../../specs/orders");
    assert_eq!(project.stack_path, "../../generated/orders");
    assert_eq!((project.logic_crate.as_str(), project.runtime_path.as_str()), ("orders", "../../runtime/handlers"));
    let paths: Vec<_> = found.scaffold.iter().map(|(path, _)| path.to_string_lossy().into_owned()).collect();
    let expected = ["Cargo.toml", "src/lib.rs", "src/place_order.rs", "src/type_.rs"];
    assert_eq!(paths, expected.map(|path| format!("specs/orders/{path}")));
}

#[test]
fn what_people_wrote_is_left_alone() {
    let world = memory(&[
        ("specs/orders.yaml", SPEC),
        ("specs/orders/Cargo.toml", "[package]\nname = \"shop-logic\"\n[lib]\nname = \"shop\"\n"),
        ("specs/orders/src/lib.rs", "pub mod place_order;\npub mod type_ { pub async fn type_() {} }\n"),
        CRATE,
    ]);
    let (found, sources) = find_at(&world, "specs/orders.yaml", "generated/orders");
    assert_eq!(lines(&found, &sources), [""; 0]);
    assert_eq!((found.project.logic_crate.as_str(), found.project.logic_lib.as_str()), ("shop-logic", "shop"));
    assert_eq!(found.project.runtime_path, "../../runtime/handlers");
    let paths: Vec<_> = found.scaffold.iter().map(|(path, _)| path.to_string_lossy().into_owned()).collect();
    assert_eq!(paths, ["specs/orders/src/place_order.rs"]);
}

#[test]
fn modules_may_come_in_other_ways() {
    for root in [
        "pub use elsewhere::{place_order, type_};",
        "pub use elsewhere::*;",
        "handlers! { place_order, type_ }",
        "#[path = \"a.rs\"] pub mod place_order; pub mod type_ {}",
        "this is { not Rust yet",
    ] {
        let world = memory(&[("specs/orders.yaml", SPEC), ("specs/orders/src/lib.rs", root), CRATE]);
        let (found, sources) = find_at(&world, "specs/orders.yaml", "generated/orders");
        assert_eq!(lines(&found, &sources), [""; 0], "{root}");
        assert!(found.scaffold.iter().all(|(path, _)| path.ends_with("Cargo.toml")), "{root}");
    }
    let own = "use std::fmt;\n\npub mod place_order;\n";
    let world = memory(&[("specs/orders.yaml", SPEC), ("specs/orders/src/lib.rs", own), CRATE]);
    let (found, sources) = find_at(&world, "specs/orders.yaml", "generated/orders");
    assert_eq!((found.root.is_none(), found.scaffold.len()), (true, 2));
    assert_eq!(lines(&found, &sources), ["EVC0801 `specs/orders/src/lib.rs` has no module for function `type` @ type"]);
    assert_eq!(sources.text(found.diagnostics[0].secondary[0].span), "pub mod place_order;");
}

#[test]
fn a_root_that_nobody_has_changed_gets_the_modules_that_it_lacks() {
    let root = "//! The business logic of `orders`.\n\npub mod place_order;\n";
    let files = [("specs/orders.yaml", SPEC), ("specs/orders/src/lib.rs", root), CRATE];
    let (found, sources) = find_at(&memory(&files), "specs/orders.yaml", "generated/orders");
    assert_eq!(lines(&found, &sources), [""; 0]);
    let root = found.root.unwrap();
    assert_eq!((root.path, root.added), (PathBuf::from("specs/orders/src/lib.rs"), vec!["type_".to_owned()]));
    assert_eq!(root.text, "//! The business logic of `orders`.\n\npub mod place_order;\npub mod type_;\n");
    let paths: Vec<_> = found.scaffold.iter().map(|(path, _)| path.to_string_lossy().into_owned()).collect();
    assert_eq!(paths, ["specs/orders/Cargo.toml", "specs/orders/src/place_order.rs", "specs/orders/src/type_.rs"]);

    // A file that waits for its module is looked at as any other, and a root elsewhere is its owner's.
    let written = ("specs/orders/src/type_.rs", "pub async fn other() {}\n");
    let (found, sources) =
        find_at(&memory(&[files[0], files[1], written, CRATE]), "specs/orders.yaml", "generated/orders");
    assert_eq!(lines(&found, &sources), ["EVC0802 `specs/orders/src/type_.rs` has no function `type_` @ type"]);
    let elsewhere = "[package]\nname = \"orders\"\n[lib]\npath = \"src/orders.rs\"\n";
    let files = [files[0], ("specs/orders/src/orders.rs", ""), ("specs/orders/Cargo.toml", elsewhere), CRATE];
    let (found, _) = find_at(&memory(&files), "specs/orders.yaml", "generated/orders");
    assert!(found.root.is_none() && found.diagnostics.iter().all(|found| found.code == Code::EVC0801));
}

#[test]
fn a_vendored_runtime_is_the_one_of_this_evc() {
    let (spec, listed) = (("specs/orders.yaml", SPEC), ("runtime/.evc-manifest", ""));
    let state = format!("{}\n", crate::embedded::FINGERPRINT);
    for (state, fits) in [(Some(state.as_str()), true), (Some("0.0.1-0123456789abcdef\n"), false), (None, false)] {
        let mut world = memory(&[spec, CRATE, listed]);
        let path = paths::absolute(Path::new("runtime/.evc-runtime"));
        world.0.extend(state.map(|state| (path, state.to_owned())));
        let (found, sources) = find_at(&world, "specs/orders.yaml", "generated/orders");
        let expected = "EVC0808 the runtime in `runtime` is not the one of this evc @ orders";
        assert_eq!(lines(&found, &sources), if fits { vec![] } else { vec![expected] }, "{state:?}");
        let help = found.diagnostics.iter().flat_map(|found| &found.help).map(String::as_str).collect::<Vec<_>>();
        assert!(fits || help == ["bring it up to date: `evc vendor runtime`"], "{help:?}");
    }
    // That of a clone has no list of what evc wrote, and nobody but its owner brings it up to date.
    let (found, sources) = find_at(&memory(&[spec, CRATE]), "specs/orders.yaml", "generated/orders");
    assert_eq!(lines(&found, &sources), [""; 0]);
}

#[test]
fn another_runtime_is_refused_whatever_way_it_is_asked_for() {
    let version = rust::RUNTIME_VERSION;
    for (asked, fits) in [
        ("{ path = \"../../runtime/handlers\" }", true),
        ("{ path = \"../runtime/handlers\" }", false),
        (&format!("\"{version}\""), false),
        ("\"99\"", false),
        ("{ workspace = true }", true),
    ] {
        let manifest = format!("[package]\nname = \"orders\"\n[dependencies]\nevc-runtime = {asked}\n");
        let files = [("specs/orders.yaml", SPEC), ("specs/orders/Cargo.toml", manifest.as_str()), CRATE];
        let (found, sources) = find_at(&memory(&files), "specs/orders.yaml", "generated/orders");
        let codes: Vec<_> = found.diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
        assert_eq!(codes, if fits { vec![] } else { vec![Code::EVC0804] }, "{asked}");
        assert!(found.diagnostics.iter().all(|d| sources.text(d.primary.span) == asked), "{asked}");
    }
}

#[test]
fn a_runtime_that_is_nowhere_is_missed_and_never_a_registrys() {
    for (spec, directory) in [("specs/orders.yaml", "generated/orders"), ("orders.yaml", "generated/orders")] {
        let (found, sources) = find_at(&memory(&[(spec, SPEC)]), spec, directory);
        let codes: Vec<_> = found.diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
        assert_eq!(codes, [Code::EVC0807], "{:?}", lines(&found, &sources));
        assert_eq!(found.project.runtime_path, "../../runtime/handlers");
    }
    let world = memory(&[("specs/orders.yaml", SPEC), ("clone/runtime/handlers/Cargo.toml", CRATE.1)]);
    let mut analysis = analyze(&world, Path::new("specs/orders.yaml")).unwrap();
    let model = analysis.model.take().unwrap();
    for (given, codes) in [("clone/runtime/handlers", vec![]), ("clone", vec![Code::EVC0807])] {
        let places = Places { runtime: Some(Path::new(given)), ..places("specs/orders.yaml", "generated/orders") };
        let found = find_in(&world, places, &model, &mut analysis.sources);
        assert_eq!(found.diagnostics.iter().map(|diagnostic| diagnostic.code).collect::<Vec<_>>(), codes);
        assert_eq!(found.project.runtime_path, format!("../../{given}"));
    }
}

#[test]
fn stacks_stand_beside_the_business_logic() {
    for (spec, directory, fits) in [
        ("specs/orders.yaml", "generated/orders", true),
        ("specs/orders.yaml", "specs/orders-stack", true),
        ("specs/orders.yaml", "specs/orders", false),
        ("specs/orders.yaml", "./specs/../specs/orders/", false),
        ("specs/orders.yaml", "specs/orders/stack", false),
        ("specs/orders.yaml", "specs", false),
        ("specs/orders.yaml", ".", false),
        ("generated.yaml", "generated/generated", false),
        ("specs/orders", "generated/orders", false),
        ("specs/.yaml", "generated/.yaml", false),
    ] {
        assert_eq!(places(spec, directory).problem().is_none(), fits, "{spec} {directory}");
    }
}

/// The files of a section of a page: `example.yaml`, and those that name themselves.
fn example(code: Code, section: &str) -> Memory {
    let mut files = if code == Code::EVC0807 { Memory::default() } else { memory(&[CRATE]) };
    let page = code.page().split(&format!("## {section}\n")).nth(1).unwrap_or_default();
    let page = page.split("\n## ").next().unwrap_or_default();
    for block in page.split("```").skip(1).step_by(2) {
        let (head, text) = block.split_once('\n').unwrap();
        let path = head.split_once("file=").map_or("example.yaml", |(_, path)| path);
        let text = text.replace("FINGERPRINT", crate::embedded::FINGERPRINT);
        files.0.insert(paths::absolute(Path::new(path)), text);
    }
    files
}

#[test]
fn the_examples_of_the_pages_do_what_they_say() {
    // What Cargo has to say about the other one is tested below.
    use Code::{EVC0801, EVC0802, EVC0803, EVC0804, EVC0805, EVC0807, EVC0808};
    for code in [EVC0801, EVC0802, EVC0803, EVC0804, EVC0805, EVC0807, EVC0808] {
        let (found, _) = find_at(&example(code, "Example"), "example.yaml", "generated/example");
        let codes: Vec<_> = found.diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
        assert_eq!(codes, [code]);
        let (found, sources) = find_at(&example(code, "Mended"), "example.yaml", "generated/example");
        assert_eq!(lines(&found, &sources), [""; 0], "{code}");
    }
}

#[test]
fn cargo_is_asked_only_about_what_was_built() {
    let found = ask_cargo(Path::new("/nowhere/at/all"), &Project::default(), evc_compiler::source::Span::default());
    assert_eq!(found.iter().map(|diagnostic| diagnostic.code).collect::<Vec<_>>(), [Code::EVC0806]);
}
