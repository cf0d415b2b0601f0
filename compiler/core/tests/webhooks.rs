//! What a webhook says of its signature (a prefix, the text around what is signed, the time's place) reaches Rust, OpenAPI and a command
//! of the README as that text, and as nothing else.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::Command;

use evc_compiler::emit::Project;
use evc_compiler::session::{self, Extent};
use serde_json::{Value, json};

/// Texts that end strings, comments, templates and commands in one language or another. A header has visible ASCII alone.
const HOSTILE: [&str; 10] = [
    "v0='; touch broken; '=",
    "$(touch broken)",
    "`touch broken`",
    r#"a"; touch broken; ""#,
    r"back\slash\",
    "*/ fn main() {} /*",
    "{{ x }} {% y %} ${Z} #{w}",
    "r#\"raw\"# 'single'",
    "!history & | > < ( ) * ? [ ] ~ #",
    "``` <script> [link](x)",
];

fn spec(prefix: &str, before: &str) -> String {
    let webhook = json!({
        "secret": "key", "header": "X-Signature", "prefix": prefix, "encoding": "base64",
        "signed": format!("{before}.{{timestamp}}.{{body}}"), "timestamp": "X-Time", "id": "X-Id",
    });
    format!(
        "evc: 1\nservice: shop\nsecrets: {{ key: {{}} }}\nfunctions: {{ take: {{ input: {{ id: string }} }} }}\n\
         apis: {{ hooks: {{ routes: {{ POST /hook: {{ function: take, auth: {{ webhook: {webhook} }} }} }} }} }}\n"
    )
}

/// The files of a spec. A brace that stands for nothing signed is told, and is no case of this test.
fn files(text: &str) -> Option<evc_compiler::emit::Files> {
    let analysis = session::analyze_text("shop.yaml", text);
    let mut told = analysis.diagnostics.iter().filter(|it| it.message.contains("stands for nothing that is signed"));
    if told.next().is_some() {
        return None;
    }
    assert!(!analysis.has_errors(), "{text}\n{:?}", analysis.diagnostics);
    let planned = session::plan(analysis.model.as_ref().expect("a model"));
    Some(planned.build(&analysis.sources, &Project::default(), Extent::Whole).files)
}

/// Runs the README's command with programs that write down what they are given: what was signed, and the arguments of `curl`.
fn sent(readme: &str, folder: &Path) -> (String, Vec<String>) {
    let script = readme.split("To send one yourself:\n\n```sh\n").nth(1).expect("the command");
    let script = script.split("\n```").next().expect("its end");
    let programs = "openssl() { cat > signed; printf sig; }\nbase64() { cat; }\ntr() { cat; }\ncurl() { printf '%s\\n' \"$@\" > sent; }\n";
    std::fs::write(folder.join("payload.json"), "BODY").expect("a file");
    let given = "SECRET=s; API_URL=u; TIME=1; ID=2\n";
    // The README's own lines for the time and the id come after these.
    let mut shell = Command::new("sh");
    shell.args(["-euc", &format!("{programs}{given}{script}")]).current_dir(folder);
    let done = shell.output().expect("a shell");
    assert!(done.status.success(), "{script}\n{}", String::from_utf8_lossy(&done.stderr));
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).expect(name);
    (read("signed"), read("sent").lines().map(str::to_owned).collect())
}

#[test]
fn no_text_of_a_webhook_breaks_out() {
    let folder = std::env::temp_dir().join(format!("evc-webhooks-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let mut tried = 0;
    for hostile in HOSTILE {
        for (prefix, before) in [(hostile, "v0"), ("v0=", hostile)] {
            let Some(files) = files(&spec(prefix, before)) else { continue };
            tried += 1;
            for file in files.iter() {
                let extension = Path::new(file.path).extension().and_then(|it| it.to_str());
                if extension == Some("rs") {
                    syn::parse_file(file.text).unwrap_or_else(|error| panic!("{}: {error}\n{}", file.path, file.text));
                } else if extension == Some("json") {
                    serde_json::from_str::<Value>(file.text).unwrap_or_else(|error| panic!("{}: {error}", file.path));
                }
            }
            let contract = files.get("contract/src/functions/take.rs").expect("the function's contract");
            let quoted = format!("{prefix:?}");
            assert!(contract.contains(&quoted), "{quoted} in\n{contract}");
            let (signed, arguments) = sent(files.get("README.md").expect("a README"), &folder);
            assert!(signed.starts_with(&format!("{before}.")) && signed.ends_with("BODY"), "{before}: {signed}");
            let header = arguments.iter().find(|it| it.starts_with("X-Signature: ")).expect("the signature");
            assert_eq!(header.strip_prefix("X-Signature: ").expect("it"), format!("{prefix}sig"), "{arguments:?}");
            assert!(!folder.join("broken").exists(), "{hostile} was run");
        }
    }
    assert!(tried > HOSTILE.len(), "{tried}");
    let _ = std::fs::remove_dir_all(folder);
}
