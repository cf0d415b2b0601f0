//! Who imports whom in `plan/`, `lower/` and `finish/`, from the sources: no room of `lower/` knows another, and no module imports one that
//! imports it.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "support/sources.rs"]
mod sources;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use sources::{Source, is_start, none, sources_in};

/// The folders whose modules are looked at.
const LAYERS: [&str; 3] = ["plan", "lower", "finish"];

/// Folders in which modules may import each other in a circle, with the reason.
const CIRCLES: [(&str, &str); 1] = [(
    "lower/stepfunctions/machine",
    "steps hold steps, so that the makers of states call each other; and the machines of both engines are finished in one place",
)];

/// Words of the output that one place writes: what it is, and where it may stand. Whoever needs one calls that place.
const WORDS: [(&str, &str, &[&str]); 4] = [
    ("the start of an ARN", "\"arn:\"", &["plan/arn.rs"]),
    (
        "a rule",
        "\"AWS::Events::Rule\"",
        &["plan/builder/events.rs", "finish/bytes.rs", "finish/policies/", "finish/stopped.rs", "finish/tags.rs"],
    ),
    ("a policy", "\"AWS::SQS::QueuePolicy\"", &["plan/builder/queues.rs", "plan/key.rs", "finish/policies/"]),
    (
        "an intrinsic function",
        "\"Fn::",
        &["finish/conditions.rs", "finish/overrides/", "finish/raw.rs", "finish/references.rs"],
    ),
];

/// The services of AWS whose resources each room makes; those of others it asks for.
const ROOMS: [(&str, &[&str]); 12] = [
    ("apigateway", &["ApiGateway", "ApiGatewayV2", "Route53", "WAFv2"]),
    ("cloudwatch", &["CloudWatch", "KMS", "SNS"]),
    ("dynamodb", &["DynamoDB"]),
    ("ec2", &["EC2"]),
    ("elasticache", &["ElastiCache", "SecretsManager"]),
    ("eventbridge", &["Events", "Pipes", "Scheduler"]),
    ("lambda", &["Lambda"]),
    ("redis", &[]),
    ("secretsmanager", &["SecretsManager"]),
    ("ssm", &["SSM"]),
    ("sqs", &["SQS"]),
    ("stepfunctions", &["Serverless", "StepFunctions"]),
];

/// The modules that each module imports, by path: `lower/eventbridge/rule`. Tests are not looked at.
struct Imports(BTreeMap<String, BTreeSet<String>>);

impl Imports {
    fn of(sources: &[Source]) -> Self {
        let known: BTreeMap<String, &Source> = sources.iter().map(|source| (module(&source.path), source)).collect();
        let of_module = |(own, source): (&String, &&Source)| {
            let exported = |path: &&String| source.exports.contains(path);
            let own_parts = |path: &&String| resolve(&known, own, path).is_some_and(|to| is_below(&to, own));
            // A module that hands on what its parts say does not use it.
            let imported = source.imports.iter().filter(|path| !(exported(path) && own_parts(path)));
            let named = imported.cloned().chain(paths(source)).filter_map(|path| resolve(&known, own, &path));
            (own.clone(), named.filter(|to| to != own).collect())
        };
        Self(known.iter().map(of_module).collect())
    }

    /// Every module that one leads to, over others or straight.
    fn reach<'i>(&'i self, from: &'i str) -> BTreeSet<&'i str> {
        let mut reached = BTreeSet::new();
        let mut next = vec![from];
        while let Some(module) = next.pop() {
            let imported = self.0.get(module).into_iter().flatten();
            next.extend(imported.map(String::as_str).filter(|imported| reached.insert(*imported)));
        }
        reached
    }

    /// The modules that lead to each other, each set once.
    fn circles(&self) -> BTreeSet<Vec<&str>> {
        let reach: BTreeMap<&str, BTreeSet<&str>> = self.0.keys().map(|own| (own.as_str(), self.reach(own))).collect();
        let around = |own: &str| -> Vec<&str> {
            reach[own].iter().copied().filter(|other| reach.get(other).is_some_and(|back| back.contains(own))).collect()
        };
        self.0.keys().map(|own| around(own)).filter(|circle| !circle.is_empty()).collect()
    }
}

/// The module of a file: `lower/sqs/mod.rs` is `lower/sqs`.
fn module(path: &str) -> String {
    let path = path.trim_end_matches(".rs");
    path.strip_suffix("/mod").unwrap_or(path).to_owned()
}

/// Whether a module is a part of another.
fn is_below(module: &str, other: &str) -> bool {
    module.strip_prefix(other).is_some_and(|rest| rest.starts_with('/'))
}

/// The paths in a module's code that start where others can be told by them: at the crate, above, here, or in a part of it.
fn paths(source: &Source) -> Vec<String> {
    let starts = ["crate", "super", "self"].into_iter().chain(source.modules.iter().map(String::as_str));
    let mut paths = Vec::new();
    for start in starts.map(|start| format!("{start}::")) {
        let found = source.code.match_indices(&start);
        for (at, _) in found.filter(|(at, _)| is_start(&source.code, *at) && !source.code[..*at].ends_with("::")) {
            let path = source.code[at..].split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).next();
            paths.extend(path.map(str::to_owned));
        }
    }
    paths
}

/// The module that a path in another leads to: the longest there is, and for what a module hands on, the one that has it.
fn resolve(known: &BTreeMap<String, &Source>, own: &str, path: &str) -> Option<String> {
    let mut words = path.split("::").filter(|word| !word.is_empty()).peekable();
    let mut at = match words.peek()? {
        &"crate" => String::new(),
        &("super" | "self") => own.to_owned(),
        first if known.get(own)?.modules.iter().any(|module| module == first) => own.to_owned(),
        _ => return None,
    };
    for word in words {
        if word == "super" {
            at.truncate(at.rfind('/').unwrap_or_default());
            continue;
        }
        let below = if at.is_empty() { word.to_owned() } else { format!("{at}/{word}") };
        let is_module = known.contains_key(&below) || known.keys().any(|module| is_below(module, &below));
        if is_module {
            at = below;
        } else if word != "crate" && word != "self" {
            let end = format!("::{word}");
            let handed = known.get(&at).and_then(|source| source.exports.iter().find(|export| export.ends_with(&end)));
            let from = handed.and_then(|export| resolve(known, &at, export.strip_suffix(&end)?));
            return known.contains_key(&at).then(|| from.unwrap_or(at));
        }
    }
    known.contains_key(&at).then_some(at)
}

static SOURCES: LazyLock<Vec<Source>> = LazyLock::new(|| sources_in("src"));

static IMPORTS: LazyLock<Imports> = LazyLock::new(|| Imports::of(&SOURCES));

/// The room of a module of `lower/`.
fn room(module: &str) -> Option<&str> {
    module.strip_prefix("lower/")?.split('/').next()
}

#[test]
fn no_room_knows_another() {
    let mut problems = Vec::new();
    for (own, imported) in &IMPORTS.0 {
        let Some(own_room) = room(own) else { continue };
        let elsewhere = |other: &&String| *other == "lower" || room(other).is_some_and(|room| room != own_room);
        let told = imported.iter().filter(elsewhere);
        problems.extend(told.map(|other| format!("{own} imports {other}: what it wants is a verb of the builder")));
    }
    none(&problems);
}

#[test]
fn a_room_makes_the_resources_of_its_own_service() {
    let mut problems = Vec::new();
    for source in SOURCES.iter() {
        let module = module(&source.path);
        let Some(own) = room(&module) else { continue };
        let services = ROOMS.iter().find(|(room, _)| *room == own).map(|(_, services)| *services);
        let Some(services) = services else {
            problems.push(format!("{}: whose resources does this room make?", source.path));
            continue;
        };
        let made = source.code.split("\"AWS::").skip(1).filter_map(|rest| rest.split("::").next());
        let others = made.filter(|service| service.chars().all(char::is_alphanumeric) && !services.contains(service));
        problems.extend(others.map(|service| format!("{} makes something of {service}", source.path)));
    }
    none(&problems);
}

#[test]
fn backends_see_the_plan_and_the_model() {
    let mut problems = Vec::new();
    for (own, imported) in IMPORTS.0.iter().filter(|(own, _)| is_below(own, "emit")) {
        let makers = imported.iter().filter(|to| ["lower", "finish"].iter().any(|it| to == it || is_below(to, it)));
        problems.extend(makers.map(|other| format!("{own} imports {other}")));
    }
    none(&problems);
}

#[test]
fn modules_do_not_import_each_other_in_circles() {
    let told = |circle: &&Vec<&str>| {
        let ours = circle.iter().any(|module| LAYERS.iter().any(|it| module == it || is_below(module, it)));
        let allowed = |(folder, _): &(&str, &str)| circle.iter().all(|it| it == folder || is_below(it, folder));
        ours && !CIRCLES.iter().any(allowed)
    };
    let circles = IMPORTS.circles();
    none(&circles.iter().filter(told).map(|circle| format!("a circle: {}", circle.join(", "))).collect::<Vec<_>>());
    for (folder, _) in CIRCLES {
        let is_needed = circles.iter().any(|circle| circle.iter().all(|it| *it == folder || is_below(it, folder)));
        assert!(is_needed, "{folder} has no circle any more: take it off the list");
    }
}

#[test]
fn one_place_writes_each_word_of_the_output() {
    let mut problems = Vec::new();
    let looked_at = SOURCES.iter().filter(|source| LAYERS.iter().any(|it| is_below(&source.path, it)));
    for source in looked_at {
        for (what, text, places) in WORDS {
            if source.code.contains(text) && !places.iter().any(|place| source.path.starts_with(place)) {
                problems.push(format!("{} writes {what}, which belongs in {places:?}", source.path));
            }
        }
    }
    none(&problems);
}

#[test]
fn imports_and_circles_are_found() {
    let read = |path: &str, text: &str| Source::read(path.to_owned(), text.to_owned());
    let sources = [
        read("lower/mod.rs", "mod a;\nmod b;\nfn lower() { a::one::lower(); b::lower(); }"),
        read("lower/a/mod.rs", "pub(super) mod one;\nmod two;\npub(super) use two::Word;"),
        read("lower/a/one.rs", "use super::Word;\nuse crate::lower::{b, c::Missing};\nfn lower() {}"),
        read(
            "lower/a/two.rs",
            "#[cfg(test)]\nmod tests { use super::super::one; }\nfn f() { crate::plan::value::text() }",
        ),
        read("lower/b.rs", "fn f() { super::a::one::lower() }"),
        read("plan/value.rs", ""),
    ];
    let imports = Imports::of(&sources);
    let of = |module: &str| imports.0[module].iter().map(String::as_str).collect::<Vec<_>>();
    assert_eq!(of("lower"), ["lower/a/one", "lower/b"]);
    assert_eq!(of("lower/a"), [""; 0]);
    assert_eq!(of("lower/a/one"), ["lower", "lower/a/two", "lower/b"]);
    assert_eq!(of("lower/a/two"), ["plan/value"]);
    let circles: Vec<Vec<&str>> = imports.circles().into_iter().collect();
    assert_eq!(circles, [["lower", "lower/a/one", "lower/b"]]);
    assert_eq!((room("lower/b"), room("lower/a/one"), room("lower")), (Some("b"), Some("a"), None));
}
