//! What the compiler accepts has a value of the type that it says: random types, values of them and expressions over them are
//! evaluated by the reference implementation, the npm package `jsonata` in the version that Step Functions runs.
//!
//! `EVC_ORACLE_CASES` says how many expressions (10,000), `EVC_ORACLE_SEED` from where (printed). Without `node` and the package, in
//! `target/tools/node/node_modules` or where `EVC_NODE_MODULES` says, the test says so and passes.

mod grammar;
mod open;
mod values;

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value as Json, json};

use super::file;
use crate::expr::{Checked, Expr, Scope, variable_name};
use crate::random::{self, Random};
use crate::source::Span;
use crate::types::{Type, Types, describe};

/// Errors that no type could have told: what a text says, how many there are, what numbers come to.
///
/// `D1001` and `S0102` numbers beyond doubles, `D2014` a range of too many, `D3020` a negative limit, `D3030` a text that is no number,
/// `D3060` a root of a negative number, `D3061` a power without end, `D3110` a text that is no time, `D3137` `$error`,
/// `D3138` and `D3139` `$single`, `D3140` a text that is not escaped, `D3141` a conversion of a text that is something else.
const FAILURES: [&str; 12] =
    ["D1001", "S0102", "D2014", "D3020", "D3030", "D3060", "D3061", "D3110", "D3138", "D3139", "D3140", "D3141"];

/// How many values each expression is evaluated with.
const WORLDS: usize = 3;

const SCRIPT: &str = include_str!("oracle.js");

struct Case {
    /// What is evaluated, as Step Functions would.
    printed: String,
    /// The condition that has to hold, or not, for the value to be looked at.
    condition: Option<(String, bool)>,
    text: String,
    types: Types,
    /// The types of the roots.
    roots: Vec<(String, Type)>,
    worlds: Vec<Json>,
    checked: Checked,
}

#[test]
fn what_is_accepted_has_a_value_of_its_type() {
    let mut stderr = std::io::stderr();
    let Some(modules) = modules() else { return };
    let number =
        |name: &str, default: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (cases, seed) = (number("EVC_ORACLE_CASES", 10_000), number("EVC_ORACLE_SEED", 2026));
    let _ = writeln!(stderr, "{cases} expressions from seed {seed}");
    let mut faults = String::new();
    let (mut made, mut accepted, mut found) = (0, 0, 0);
    let mut random = Random::new(seed);
    let mut node = Node::start(&modules);
    while made < cases && found < 20 {
        let mut batch = Vec::new();
        while made < cases && batch.len() < 500 {
            made += 1;
            batch.extend(case(&mut random));
        }
        accepted += batch.len();
        for (case, results) in batch.iter().zip(node.evaluate(&batch)) {
            if let Some(fault) = fault(case, &results) {
                found += 1;
                let _ = writeln!(faults, "{fault}\n");
            }
        }
    }
    let _ = writeln!(stderr, "{accepted} of {made} were accepted");
    assert!(faults.is_empty(), "seed {seed}:\n{faults}");
    assert!(
        accepted as u64 * 5 > made,
        "{accepted} of {made} were accepted: the grammar makes too much that is refused"
    );
}

/// Where the npm package is, if it is there.
fn modules() -> Option<PathBuf> {
    let told = std::env::var_os("EVC_NODE_MODULES").map(PathBuf::from);
    let must = told.is_some();
    let modules =
        told.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/node/node_modules"));
    let is_there = modules.join("jsonata").exists();
    assert!(is_there || !must, "no jsonata in {}", modules.display());
    if !is_there {
        let _ = writeln!(std::io::stderr(), "skipped: no jsonata in {}", modules.display());
    }
    is_there.then_some(modules)
}

/// A random expression that is accepted, with values of the types it is over.
fn case(random: &mut Random) -> Option<Case> {
    let types = values::declared(random);
    let roots: Vec<(String, Type)> =
        ["input", "step-one", "item"].into_iter().map(|name| (name.to_owned(), values::record(random, 2))).collect();
    let scope = roots.iter().fold(Scope::default(), |scope, (name, ty)| scope.with(name.clone(), ty.clone()));
    let parse = |text: &str| Expr::parse(text, Span::new(file(text).1, 0..text.len()), &scope.step_names()).ok();
    let text = grammar::expression(random, &roots, &types);
    let mut inner = scope.clone();
    let mut condition = None;
    if random.one_in(4) {
        let when = grammar::condition(random, &roots, &types);
        let expr = parse(&when)?;
        let outcome = random.one_in(2);
        if expr.check(&scope, &types).diagnostics.is_empty() {
            inner = scope.knowing(&expr.facts(outcome, &scope), &types);
            condition = Some((when, expr.to_asl(&scope), outcome));
        }
    }
    let expr = parse(&text)?;
    let checked = expr.check(&inner, &types);
    if !checked.diagnostics.is_empty() || checked.untyped {
        return None;
    }
    let world = |random: &mut Random| {
        let variables = roots.iter().map(|(name, ty)| (variable_name(name), values::value(random, ty, &types)));
        Json::Object(variables.collect())
    };
    let text = match &condition {
        Some((when, _, outcome)) => format!("{text}   where {when} is {outcome}"),
        None => text,
    };
    Some(Case {
        printed: expr.to_asl(&scope),
        condition: condition.map(|(_, printed, outcome)| (printed, outcome)),
        text,
        worlds: (0..WORLDS).map(|_| world(random)).collect(),
        types,
        roots,
        checked,
    })
}

/// What is wrong with the results of a case, if anything is.
fn fault(case: &Case, results: &[Json]) -> Option<String> {
    let (types, checked) = (&case.types, &case.checked);
    for (world, result) in case.worlds.iter().zip(results) {
        let wrong = match (result["error"].as_str(), result.get("value")) {
            (Some("skip"), _) => None,
            (Some(code), _) if FAILURES.contains(&code) => None,
            // What is divided by zero is no number to what takes it.
            (Some("T2001" | "T2002" | "D3001"), _) if case.printed.contains(['/', '%']) => None,
            // Nor is the time of a text that looks like one and is none.
            (Some("T2001" | "T2002"), _) if case.printed.contains("$toMillis(") => None,
            (Some(code), _) => Some(format!("fails: {code} {}", result["message"])),
            (None, None) => (!checked.may_be_absent).then(|| "gives nothing".to_owned()),
            (None, Some(value)) => {
                let problems = types.validate(&checked.ty, value);
                let fits = problems.is_empty()
                    || (checked.one_or_many && types.validate(&checked.element(types), value).is_empty());
                let kept = types.validate(&checked.kept, value);
                match (fits, kept.first()) {
                    (true, None) => None,
                    (true, Some(problem)) => {
                        Some(format!("gives {value}, kept as {}: {problem:?}", describe(&checked.kept)))
                    }
                    (false, _) => Some(format!("gives {value}: {:?}", problems.first())),
                }
            }
        };
        if let Some(wrong) = wrong {
            let mut said = format!("{} : {}", case.text, describe(&checked.ty));
            for (mark, on) in [("one or many", checked.one_or_many), ("may be absent", checked.may_be_absent)] {
                if on {
                    let _ = write!(said, ", {mark}");
                }
            }
            let mut fault = format!("{said}\n  {wrong}\n  evaluated as {}", case.printed);
            for (name, ty) in &case.roots {
                if case.text.contains(&**name) {
                    let _ = write!(fault, "\n  {name}: {} = {}", full(ty), world[variable_name(name)]);
                }
            }
            for (name, ty) in &types.declared {
                let _ = write!(fault, "\n  {name}: {}", full(ty));
            }
            return Some(fault);
        }
    }
    None
}

/// A type with all of its fields.
fn full(ty: &Type) -> String {
    match &ty.kind {
        crate::types::Kind::Record(record) => {
            let field = |(name, field): (&String, &crate::types::Field)| {
                format!("{name}{}: {}", if field.optional { "?" } else { "" }, full(&field.ty))
            };
            format!("{{ {} }}", record.fields.iter().map(field).collect::<Vec<_>>().join(", "))
        }
        _ => describe(ty),
    }
}

/// The reference implementation in a process of its own.
struct Node {
    process: std::process::Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl Node {
    fn start(modules: &Path) -> Self {
        let mut process = Command::new("node")
            .args(["-e", SCRIPT])
            .env("NODE_PATH", modules)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node runs");
        let lines = BufReader::new(process.stdout.take().expect("piped"));
        Self { process, lines }
    }

    /// The results of cases, one a world.
    fn evaluate(&mut self, batch: &[Case]) -> Vec<Vec<Json>> {
        let mut text = String::new();
        for case in batch {
            let (when, outcome) = case.condition.clone().unzip();
            let _ = writeln!(text, "{}", json!([case.printed, case.worlds, when, outcome]));
        }
        // A line that is empty ends a batch, so that neither side waits for the other.
        let _ = writeln!(text);
        let stdin = self.process.stdin.as_mut().expect("piped");
        stdin.write_all(text.as_bytes()).expect("node reads");
        stdin.flush().expect("node reads");
        let mut line = String::new();
        let mut results = Vec::new();
        for case in batch {
            line.clear();
            self.lines.read_line(&mut line).expect("node answers");
            results.push(serde_json::from_str(&line).unwrap_or_else(|error| panic!("{}: {error}: {line}", case.text)));
        }
        results
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}
