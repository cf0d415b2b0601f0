//! What the backend writes for small systems, and that nothing in a spec can break out of where it stands.

#![expect(clippy::case_sensitive_file_extension_comparisons, reason = "the backend names the files")]

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::*;
use crate::emit::Project;
use crate::session::analyze_text;

mod callers;
mod requests;
mod responses;
mod unions;
mod wide;

fn project() -> Project {
    Project {
        spec_path: "specs/shop.yaml".into(),
        logic_path: "../../specs/shop".into(),
        logic_crate: "shop".into(),
        logic_lib: "shop".into(),
        stack_path: "../../generated/shop".into(),
        runtime_path: "../../runtime/handlers".into(),
    }
}

/// The files of a spec, which has no errors.
fn files(spec: &str) -> Files {
    let analysis = analyze_text("shop.yaml", spec);
    assert!(!analysis.has_errors(), "{:#?}", analysis.diagnostics);
    let model = analysis.model.unwrap();
    let plan = crate::session::plan(&model).plan;
    let mut files = Files::default();
    Rust.emit(Input { plan: &plan, sources: &analysis.sources, project: &project() }, &mut files);
    files
}

fn text<'f>(files: &'f Files, path: &str) -> &'f str {
    files.get(path).unwrap_or_else(|| panic!("no {path} among {:?}", files.iter().map(|f| f.path).collect::<Vec<_>>()))
}

/// What rustfmt would change about a file; none if nothing.
fn rustfmt(text: &str) -> Option<String> {
    let mut settings = String::new();
    for line in print::RUSTFMT.lines().filter(|line| !line.starts_with('#')) {
        settings.push_str(&line.replace([' ', '"'], ""));
        settings.push(',');
    }
    let mut command = Command::new("rustfmt");
    command.args(["--check", "--edition", "2024", "--config", settings.trim_end_matches(',')]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (!output.status.success() || !complaint.is_empty()).then_some(complaint)
}

/// Every file is what its reader takes: Rust parses and is as rustfmt wants it, manifests are TOML.
fn is_well_formed(files: &Files) {
    for file in files.iter() {
        if file.path.ends_with(".rs") {
            // Module declarations lead to files that rustfmt would look for.
            let alone = file.path.ends_with("lib.rs") || file.path.ends_with("mod.rs");
            let parsed = syn::parse_file(file.text);
            assert!(parsed.is_ok(), "{}: {:?}\n{}", file.path, parsed.err(), file.text);
            if !alone {
                assert_eq!(rustfmt(file.text), None, "{}", file.text);
            }
        } else {
            let parsed = toml::from_str::<toml::Table>(file.text);
            assert!(parsed.is_ok(), "{}: {parsed:?}\n{}", file.path, file.text);
        }
    }
}

const SHOP: &str = r#"
evc: 1
service: shop
description: A small shop.
types:
  Line: { sku: string(1..20), count: integer(1..) }
  Parcel: { id: uuid, lines: [Line], inside: [string], state: OPEN | SENT, extra: map(any) }
  Label: string(..40)
  Move: { parcel: Parcel, at?: Label, rates: "map([[number(0..1.5)]])", fee?: money(-5..), steps?: "[Line; 1..9]" }
events:
  ParcelSent:
    description: A parcel left the house.
    source: shop
    detail-type: Parcel Sent
    detail: { parcelId: uuid, weight?: number }
    consumer: external
  ParcelLost: { source: shop, detail-type: Parcel Lost, detail: Parcel, publisher: external }
  ParcelFound: { source: shop, detail-type: Parcel Found, detail: Parcel, publisher: external }
buses: { shop: {} }
tables:
  parcels:
    item: Parcel
    key: id
    indexes: { by-state: [state, id] }
outboxes:
  news: { publishes: [ParcelSent], aggregate: parcelId }
functions:
  send-parcel:
    description: Sends a parcel.
    api: PUT /parcels/{id}
    input: { id: uuid }
    output: Parcel
    errors: { NotPacked: 409, NoSuchParcel: 404, NotPaid: 422 }
    tables: { parcels: [get, update] }
    outbox: news
    idempotent: true
  search:
    publishes: [ParcelSent]
    sends: [jobs, notes]
    queries:
      parcels-of: { table: parcels, index: by-state }
      parcels-between: { table: parcels, index: by-state, sort: between }
      table: { table: parcels }
  pack: { description: Packs. }
  move-parcel: { api: POST /moves, input: Move }
  label-parcels: { api: { route: POST /labels, status: 201 }, input: "[Label; ..3]" }
apis:
  counter:
    kind: rest
    routes: { "POST /labels": { function: label-parcels, status: 201 }, "POST /moves": { function: move-parcel } }
queues:
  jobs: { message: { parcel: uuid }, fifo: { group: parcel }, to: pack }
  notes: { description: What was noted., message: string }
rules:
  trouble: { events: [ParcelLost, ParcelFound], to: { function: search } }
"#;

#[test]
fn access_patterns_are_methods() {
    let files = files(SHOP);
    is_well_formed(&files);
    let search = text(&files, "contract/src/functions/search.rs");
    for part in [
        "impl evc_runtime::grant::QueryBy<crate::ParcelsByState> for Search {}",
        "impl evc_runtime::grant::QueryBy<crate::Parcels> for Search {}",
        "pub fn parcels_of(",
        "pub fn table_query(",
        "query.between(low, high)",
        "query items of `parcels`",
    ] {
        assert!(search.contains(part), "{part} in {search}");
    }
    assert!(!search.contains("grant::Query<"), "{search}");
}

/// A table may be called as an access pattern is, and as what that is called instead: no two methods have one name.
#[test]
fn no_two_methods_have_one_name() {
    let spec = "
evc: 1
service: shop
types: { O: { id: uuid } }
tables: { t: { item: O, key: id }, t-query: { item: O, key: id } }
functions:
  f: { api: POST /x, input: O, tables: { t: put, t-query: put }, queries: { t: { table: t }, t-query: { table: t }, t-query-query: { table: t } } }
";
    let files = files(spec);
    is_well_formed(&files);
    let methods = text(&files, "contract/src/functions/f.rs").lines().filter_map(|line| {
        let (name, _) = line.trim().strip_prefix("pub fn ")?.split_once('(')?;
        Some(name.to_owned())
    });
    let mut methods: Vec<String> = methods.collect();
    let count = methods.len();
    methods.sort();
    methods.dedup();
    assert!(methods.len() == count && count >= 5, "{methods:?}");
}

/// Methods of access patterns are laid out as rustfmt does, whatever their tables, indexes and keys are called.
#[test]
fn access_patterns_of_every_width() {
    let mut spec = "
evc: 1
service: shop
tables:
"
    .to_owned();
    let mut queries = String::new();
    for length in (1..44).step_by(2) {
        let (key, by) = ("k".repeat(length), "b".repeat(length.max(3)));
        spec.extend([format!(
            "  t{length}: {{ item: {{ {key}: string, at: timestamp, id: uuid }}, key: id, indexes: {{ {by}: [{key}, at] }} }}\n"
        )]);
        for sort in ["", ", sort: ge", ", sort: between"] {
            let name = format!("q{length}{}", sort.trim_start_matches(", sort: "));
            queries.extend([format!("      {name}: {{ table: t{length}, index: {by}{sort} }}\n")]);
        }
    }
    spec.extend([format!("functions:\n  search:\n    publishes: []\n    queries:\n{queries}")]);
    is_well_formed(&files(&spec));
}

#[test]
fn a_small_shop() {
    let files = files(SHOP);
    is_well_formed(&files);
    for path in [
        "Cargo.toml",
        "contract/Cargo.toml",
        "contract/src/types.rs",
        "contract/src/events.rs",
        "contract/src/tables.rs",
        "contract/src/functions/send_parcel.rs",
        "contract/src/functions/search.rs",
        "contract/src/functions/label_parcels.rs",
        "contract/src/queues.rs",
        "functions/send-parcel/Cargo.toml",
        "functions/send-parcel/src/main.rs",
        "functions/news-forwarder/src/main.rs",
        "dev/Cargo.toml",
        "dev/src/main.rs",
    ] {
        insta::assert_snapshot!(path.replace('/', "-"), text(&files, path));
    }
}

/// A queue that a function sends to and that a rule brings events to: its function says an `input` that both fit.
const FED_TWICE: &str = "
evc: 1
service: shop
types:
  Parcel: { id: uuid, lines: integer(1..) }
events:
  ParcelLost: { source: shop, detail-type: Parcel Lost, detail: Parcel, publisher: external }
functions:
  report: { api: POST /reports, input: Parcel, sends: searches }
  search: { input: { id: uuid, lines: integer(1..) }, idempotent: true }
  deliver: {}
queues:
  searches: { message: Parcel, to: search }
  letters: { message: { text: string }, to: deliver }
rules:
  lost: { event: ParcelLost, to: { queue: searches } }
";

#[test]
fn a_queue_that_is_fed_by_functions_and_rules() {
    let files = files(FED_TWICE);
    is_well_formed(&files);
    for path in [
        "contract/src/functions/report.rs",
        "contract/src/functions/search.rs",
        "contract/src/functions/deliver.rs",
        "functions/report/Cargo.toml",
    ] {
        insta::assert_snapshot!(format!("fed-twice-{}", path.replace('/', "-")), text(&files, path));
    }
    // The type of a message is there for its receiver; who sends it is somebody else.
    let queues = text(&files, "contract/src/queues.rs");
    assert!(queues.contains("pub struct LettersMessage") && !queues.contains("pub struct Letters;"), "{queues}");
}

#[test]
fn the_same_spec_gives_the_same_files() {
    assert_eq!(files(SHOP), files(SHOP));
}

#[test]
fn the_skeleton_of_the_logic() {
    let analysis = analyze_text("shop.yaml", SHOP);
    let files = scaffold(&analysis.model.unwrap(), &project());
    let all: String = files.iter().map(|(path, text)| format!("--- {path}\n{text}")).collect();
    insta::assert_snapshot!(all);
    for (path, text) in files.iter().filter(|(path, _)| path.ends_with(".rs") && !path.ends_with("lib.rs")) {
        // The user's rustfmt has its own defaults.
        syn::parse_file(text).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(text.lines().filter(|line| !line.starts_with("///")).all(|line| line.len() <= 100), "{text}");
    }
}

/// Texts that end comments, strings, templates and doc tests in one language or another.
const HOSTILE: &[&str] = &[
    "*/ fn main() {} /*",
    "\\\"; panic!(); \\\"",
    "{{ x }} {% y %} ${Z} #{w}",
    "first\\n\\n```rust\\npanic!()\\n```\\n- item\\n    indented code",
    "# heading <script> [link](x) [`Orders`] \\\\",
    "tab\\tbell\\u0007nul\\u0000 cr\\rnel\\u0085ls\\u2028",
    "'single' `tick` ``` r#\\\"raw\\\"#",
    "1. one 2) two * three",
    "\\u202eright to left \\ud83d\\ude00",
];

#[test]
fn no_text_of_a_spec_breaks_out() {
    for hostile in HOSTILE {
        let spec = format!(
            r#"
evc: 1
service: shop
description: "{hostile}"
types:
  Odd: {{ "a \" b": string, type: integer, Self: boolean, "2fa": string }}
  Word: "'it''s' | 'a \" b' | '`' | '{{{{' | '${{x}}'"
events:
  Told: {{ description: "{hostile}", source: "so{hostile}", detail-type: "dt{hostile}", detail: Odd, publisher: external }}
tables:
  t: {{ description: "{hostile}", item: {{ id: string, "x y": Word }}, key: id }}
functions:
  fn: {{ description: "{hostile}", tables: {{ t: put }} }}
rules:
  r: {{ event: Told, to: {{ function: fn }} }}
"#
        );
        let analysis = analyze_text("shop.yaml", &spec);
        let Some(model) = analysis.model else { panic!("no model for {hostile}") };
        let plan = crate::session::plan(&model).plan;
        let mut files = Files::default();
        let project = Project { spec_path: "specs/a\u{7f}\n\"b.yaml".into(), ..project() };
        Rust.emit(Input { plan: &plan, sources: &analysis.sources, project: &project }, &mut files);
        for file in files.iter().filter(|file| file.path.ends_with(".rs")) {
            let parsed =
                syn::parse_file(file.text).unwrap_or_else(|error| panic!("{}: {error}\n{}", file.path, file.text));
            assert_eq!(count_mains(&parsed), usize::from(file.path.ends_with("main.rs")), "{}", file.text);
        }
        for file in files.iter().filter(|file| file.path.ends_with(".toml")) {
            let parsed = toml::from_str::<toml::Table>(file.text);
            assert!(parsed.is_ok(), "{}: {parsed:?}\n{}", file.path, file.text);
        }
    }
}

#[test]
fn a_function_with_a_cache_counts_in_it() {
    let files = files(
        "
evc: 1
service: shop
caches: { state: {} }
functions:
  count-orders: { input: { id: uuid }, cache: state }
  charge: { input: { id: uuid }, cache: state, circuit-breaker: { failures: 5, window: 1m, open: 30s } }
",
    );
    is_well_formed(&files);
    let count = text(&files, "contract/src/functions/count_orders.rs");
    assert!(count.contains("impl evc_runtime::grant::UseCache for CountOrders {}"), "{count}");
    assert!(count.contains("pub fn cache(&self) -> evc_runtime::cache::Cache<'_> {"), "{count}");
    assert!(!count.contains("CIRCUIT_BREAKER"), "{count}");
    let charge = text(&files, "contract/src/functions/charge.rs");
    assert!(charge.contains("        window_seconds: 60,\n"), "{charge}");
    for manifest in ["contract/Cargo.toml", "functions/charge/Cargo.toml"] {
        let manifest = text(&files, manifest);
        assert!(manifest.contains("evc-runtime = { workspace = true, features = [\"cache\"] }"), "{manifest}");
    }
}

fn count_mains(file: &syn::File) -> usize {
    file.items.iter().filter(|item| matches!(item, syn::Item::Fn(item) if item.sig.ident == "main")).count()
}

#[test]
fn names_that_meet_get_their_kind_appended() {
    let files = files(
        "
evc: 1
service: shop
types:
  Order: { id: string }
  OrderKey: { id: string }
  Parcel: { id: string }
events:
  Parcel: { source: a, detail-type: Parcel, detail: Parcel, publisher: external }
tables:
  order: { item: Order, key: id }
  event: { item: Order, key: id }
functions:
  order: { api: GET /a, tables: { order: read, event: get } }
  match: { api: GET /b }
  lib: { api: GET /c }
  string: {}
rules:
  r: { event: Parcel, to: { function: string } }
",
    );
    is_well_formed(&files);
    let tables = text(&files, "contract/src/tables.rs");
    assert!(tables.contains("pub struct OrderTable;") && tables.contains("pub struct OrderTableKey "), "{tables}");
    let order = text(&files, "contract/src/functions/order.rs");
    assert!(order.contains("pub struct OrderFunction ") && order.contains("pub fn event_table("), "{order}");
    // An event that is named like its detail is that type.
    let events = text(&files, "contract/src/events.rs");
    assert!(events.contains("impl evc_runtime::Event for crate::Parcel ") && !events.contains("struct"), "{events}");
    assert!(text(&files, "functions/match/src/main.rs").contains("use shop::match_::match_;"));
    assert!(text(&files, "functions/lib/src/main.rs").contains("use shop::lib_::lib_;"));
    assert!(text(&files, "contract/src/functions/string.rs").contains("pub struct StringFunction "));
}

#[test]
fn a_type_may_have_a_name_that_rust_has_as_well() {
    let files = files(
        "
evc: 1
service: shop
types:
  Kind: A | B
  Error: { kind: Kind, all: '[Option]' }
  ErrorType: { id: string }
  Option: { id: string }
  Self: { id: string }
events:
  Error: { source: a, detail-type: Error, detail: Error, publisher: external }
functions:
  take: { input: Self, output: ErrorType }
  note: {}
rules:
  r: { event: Error, to: { function: note } }
",
    );
    is_well_formed(&files);
    let types = text(&files, "contract/src/types.rs");
    for part in [
        "pub enum KindType ",
        "pub struct ErrorType2 ",
        "pub kind: KindType,",
        "pub all: Vec<OptionType>,",
        "pub struct ErrorType ",
    ] {
        assert!(types.contains(part), "{part}: {types}");
    }
    assert!(text(&files, "contract/src/events.rs").contains("impl evc_runtime::Event for crate::ErrorType2 "));
    assert!(text(&files, "contract/src/functions/take.rs").contains("type Input = crate::SelfType;"));
}

#[test]
fn long_names_are_laid_out_as_rustfmt_does() {
    let long = "a-function-with-a-very-long-name-of-many-words";
    let files = files(&format!(
        "
evc: 1
service: shop
types:
  AnItemOfThisShopWithAVeryLongNameIndeed: {{ thePartitionKeyWithAVeryLongNameIndeed: string, theSortKeyWithAVeryLongNameIndeed: uuid }}
events:
  AnEventOfThisShopWithAVeryLongNameIndeed:
    {{ source: shop, detail-type: Long, detail: {{ a: string }}, publisher: external }}
  AnotherEventOfThisShopWithAVeryLongNameIndeed:
    {{ source: shop, detail-type: Longer, detail: {{ a: string }}, publisher: external, consumer: external }}
buses: {{ b: {{}} }}
tables:
  a-table-with-a-very-long-name-of-many-words:
    item: AnItemOfThisShopWithAVeryLongNameIndeed
    key: [thePartitionKeyWithAVeryLongNameIndeed, theSortKeyWithAVeryLongNameIndeed]
    indexes: {{ an-index-with-a-long-name: [theSortKeyWithAVeryLongNameIndeed] }}
outboxes:
  an-outbox-with-a-very-long-name-of-many-words: {{ publishes: [AnotherEventOfThisShopWithAVeryLongNameIndeed] }}
functions:
  {long}:
    idempotent: true
    tables: {{ a-table-with-a-very-long-name-of-many-words: [get, query, put, update, delete] }}
    outbox: an-outbox-with-a-very-long-name-of-many-words
    output: {{ aLongListOfThings: [AnItemOfThisShopWithAVeryLongNameIndeed] }}
    errors: [AnErrorOfThisFunctionWithAVeryLongNameIndeed]
rules:
  r:
    events: [AnEventOfThisShopWithAVeryLongNameIndeed, AnotherEventOfThisShopWithAVeryLongNameIndeed]
    to: {{ function: {long} }}
"
    ));
    is_well_formed(&files);
}
