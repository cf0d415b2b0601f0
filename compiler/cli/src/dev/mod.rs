//! `evc dev`: the whole system on this machine.

mod cache;
mod env_file;
mod handlers;
mod stream;
mod watch;
mod words;

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use evc_compiler::session::{self, Analysis, analyze};
use evc_compiler::source::Span;
use evc_local::faults::Chaos;
use evc_local::serve::{Host, Programs, listen, random_seed, real_ms};
use evc_local::sim::dynamodb::Kept;
use evc_local::stack::Place;
use evc_local::{Stack, System};

use self::cache::Cache;
use self::env_file::{EnvFile, Given};
use self::handlers::Workspace;
use self::stream::Follower;
use super::build::default_directory;
use super::console::{self, Format};
use super::project::Places;
use super::world::Disk;
use super::{Exit, plan, stack};

/// Run the system on this machine: its APIs, functions, tables, streams, buses, queues and workflows, as the template says
///
/// Builds the stack and its handlers, then answers at local addresses until Ctrl-C. Handlers are the real ones, started on demand, each with
/// the rights of its role and no others. What happens is printed, each hop below its cause, and what nearly happened: the rule that did not
/// match, the call that was not allowed. A saved spec or handler is live at once.
#[derive(Debug, clap::Args)]
#[command(after_help = "Any AWS SDK or the AWS CLI can talk to it:\n  \
    aws --endpoint-url http://127.0.0.1:4566 dynamodb scan --table-name orders-dev-orders\n\n\
    Examples:\n  evc dev specs/orders.yaml\n  evc dev specs/orders.yaml --fresh --port 5000\n  \
    evc dev specs/*.yaml --json > hops.ndjson\n  \
    evc dev specs/orders.yaml --chaos 42\n\n\
    While it runs, on its terminal: `+15m` lets time pass, `chaos on` lets faults happen, `trace ID` shows what came of\n\
    something, `help` tells the rest.\n\n\
    Then, in another terminal:\n  curl -i http://127.0.0.1:3000/orders -d @order.json -H 'content-type: application/json'")]
pub(super) struct Arguments {
    /// The specs of the systems to run. Several share an account: events go from one to the other.
    #[arg(required = true, value_name = "SPEC")]
    specs: Vec<PathBuf>,
    /// The environment. The first one of the spec by default.
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// The value of a parameter of the template; may be given more than once.
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = pair)]
    parameters: Vec<(String, String)>,
    /// Where the services answer to SDKs: this port of 127.0.0.1, or the next that is free.
    #[arg(long, value_name = "PORT", default_value_t = 4566)]
    port: u16,
    /// Where the first API answers, or the next port that is free; others follow.
    #[arg(long, value_name = "PORT", default_value_t = 3000)]
    api_port: u16,
    /// Begin with empty tables, and keep nothing. Without it, items are kept in `.evc/` beside the first spec.
    #[arg(long)]
    fresh: bool,
    /// Where items are kept.
    #[arg(long, value_name = "DIR", conflicts_with = "fresh")]
    data: Option<PathBuf>,
    /// The server that stands for caches, where counters, breakers and workflows on Redis are: `redis://127.0.0.1:6379`. Without it, a
    /// `valkey-server` or `redis-server` that is installed is started, with nothing on disk.
    #[arg(long, value_name = "URL")]
    redis: Option<String>,
    /// The folder of the crate `evc-runtime`. A folder `runtime/handlers` beside the spec or above by default.
    #[arg(long, value_name = "DIR")]
    runtime: Option<PathBuf>,
    /// What chance decides follows from this number: ids, jitter.
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// The keys of an issuer of tokens: its URL, and a file with the key set that its `jwks_uri` gives; may be given more than once. Tokens for
    /// trying things out the system makes itself: `curl -X POST 127.0.0.1:4566/_evc/token -d '{"sub": "kim"}'`.
    #[arg(long = "issuer", value_name = "URL=FILE", value_parser = pair)]
    issuers: Vec<(String, String)>,
    /// Values for secrets and configuration of the specs, and for parameters of their templates: lines of NAME=VALUE. `.env` beside the spec
    /// or its folder `specs` by default.
    #[arg(long, value_name = "FILE")]
    env_file: Option<PathBuf>,
    /// Let faults happen by chance, repeated by a seed: things come twice, in another order or late, calls are throttled, handlers die.
    /// `--chaos`, `--chaos 42`, or `--chaos seed=42,duplicate=5%,reorder=5%,delay=5%,throttle=2%,kill=2%`; where a kind is named, those that
    /// are not do not happen.
    #[arg(long, value_name = "SEED", num_args = 0..=1, default_missing_value = "")]
    chaos: Option<Chaos>,
    /// Print each hop as a JSON object on a line of standard output.
    #[arg(long)]
    json: bool,
    /// Do not look whether files change.
    #[arg(long)]
    no_watch: bool,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Builds the systems and runs them until the command is interrupted.
pub(super) fn run(arguments: &Arguments) -> Exit {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime {
        Ok(runtime) => runtime.block_on(serve(arguments)),
        Err(error) => {
            console::fail(&format!("no event loop: {error}"));
            Exit::Io
        }
    }
}

async fn serve(arguments: &Arguments) -> Exit {
    let begin = Instant::now();
    let listener = match listen(arguments.port).await {
        Ok(listener) => listener,
        Err(error) => {
            console::fail(&format!("no port from {} on can be listened at: {error}", arguments.port));
            return Exit::Io;
        }
    };
    let endpoint = listener.local_addr().map(|it| format!("http://{it}")).unwrap_or_default();
    let mut addresses = Addresses { endpoint: endpoint.clone(), apis: BTreeMap::new() };
    let mut built = match Built::of(arguments, &addresses) {
        Ok(built) => built,
        Err(exit) => return exit,
    };
    let mut listeners = Vec::new();
    let mut port = arguments.api_port;
    for id in built.stacks.iter().flat_map(|stack| stack.apis()).map(str::to_owned).collect::<Vec<_>>() {
        match listen(port).await {
            Ok(listener) => {
                let own = listener.local_addr().map_or(port, |it| it.port());
                addresses.apis.insert(id.clone(), format!("http://127.0.0.1:{own}"));
                port = own.saturating_add(1);
                listeners.push((id, listener));
            }
            Err(error) => {
                console::fail(&format!("no port from {port} on can be listened at: {error}"));
                return Exit::Io;
            }
        }
    }
    built.stacks = built.stacks.iter().map(|it| Arc::new(it.as_ref().clone().answering_at(&addresses.apis))).collect();
    let checked = begin.elapsed();
    let programs = match handlers::build(&built.workspaces).await {
        Ok(programs) => programs,
        Err(why) => {
            console::fail(&why);
            return Exit::Diagnostics;
        }
    };
    let ready = Instant::now();
    let kept = match kept(arguments) {
        Ok(kept) => kept,
        Err(error) => {
            console::fail(&error);
            return Exit::Io;
        }
    };
    let seed = arguments.seed.unwrap_or_else(random_seed);
    let stacks = built.stacks.clone();
    let mut system = match System::new(stacks, kept, real_ms(), seed) {
        Ok(system) => system,
        Err(why) => {
            console::fail(&why);
            return Exit::Diagnostics;
        }
    };
    for (issuer, file) in &arguments.issuers {
        let keys = std::fs::read(file).map_err(|error| error.to_string());
        match keys.and_then(|bytes| serde_json::from_slice(&bytes).map_err(|error| error.to_string())) {
            Ok(keys) => system.issuers_mut().set(issuer, keys),
            Err(why) => {
                console::fail(&format!("`{file}` is no key set: {why}"));
                return Exit::Usage;
            }
        }
    }
    env_file::give(&mut system, &built.given);
    let chaos = arguments.chaos.clone().map(|chaos| chaos.seeded(random_seed()));
    system.set_chaos(chaos.clone());
    let stage = |stage: &Option<String>| stage.as_ref().map(|stage| format!("/{stage}")).unwrap_or_default();
    let apis: Vec<(String, String, String)> =
        system.apis().all().map(|api| (api.id.clone(), api.address.clone(), stage(&api.stage))).collect();
    let keys: Vec<(String, String)> =
        system.apis().keys().map(|(of, value)| (of.to_owned(), value.to_owned())).collect();
    let cache = match cache(arguments, &built).await {
        Ok(cache) => cache,
        Err(why) => {
            console::fail(&why);
            return Exit::Io;
        }
    };
    let host = Host::new(system, programs, &endpoint, cache.as_ref().map(|cache| cache.url.clone()));
    tokio::spawn(host.clone().run());
    tokio::spawn(host.clone().serve(listener));
    for (id, listener) in listeners {
        tokio::spawn(host.clone().serve_api(id, listener));
    }
    console::tell(&format!("checked in {} ms, ready in {} ms", checked.as_millis(), ready.elapsed().as_millis()));
    for (id, name, stage) in &apis {
        console::tell(&format!("  {name:<24} {}{stage}", addresses.apis.get(id).map_or("", String::as_str)));
    }
    for (of, value) in &keys {
        console::tell(&format!("  {:<24} x-api-key: {value}", format!("key of {of}")));
    }
    console::tell(&format!("  {:<24} {endpoint}", "AWS services"));
    console::tell(&format!("  {:<24} {endpoint}/_evc/trace", "what happened, JSON"));
    if let Some(cache) = &cache {
        console::tell(&format!("  {:<24} {}", "cache", cache.url));
    }
    if chaos.is_some() {
        console::tell(&format!("  {}", words::chaos_told(chaos.as_ref())));
    }
    for name in built.unknown() {
        console::tell(&format!("  {name} is no secret, configuration or parameter of the spec"));
    }
    if std::io::stdin().is_terminal() {
        console::tell("  `help` says what can be typed here");
    }
    for (thing, type_) in built.stacks.iter().flat_map(|stack| stack.not_run()) {
        console::tell(&format!("  {thing:<24} is not run here: {type_}"));
    }
    let follower = Follower::new(host.clone(), arguments.json);
    tokio::spawn(follower.run());
    let words = words::listen(host.clone());
    let watching = watch::watch(arguments, &addresses, host.clone(), built);
    tokio::select! {
        () = watching => Exit::Clean,
        () = words => Exit::Clean,
        () = terminated() => Exit::Clean,
        stopped = tokio::signal::ctrl_c() => match stopped {
            Ok(()) => Exit::Clean,
            Err(error) => {
                console::fail(&format!("signals cannot be waited for: {error}"));
                Exit::Io
            }
        },
    }
}

/// Until somebody asks the process to end, other than by Ctrl-C: its handlers and its cache are to end with it.
async fn terminated() {
    #[cfg(unix)]
    if let Ok(mut signal) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        signal.recv().await;
        return;
    }
    std::future::pending::<()>().await;
}

/// The server that stands for the caches of the stacks, if a function wants one.
async fn cache(arguments: &Arguments, built: &Built) -> Result<Option<Cache>, String> {
    if let Some(url) = &arguments.redis {
        return Ok(Some(Cache::at(url)));
    }
    if !built.stacks.iter().any(|stack| stack.wants_cache()) {
        return Ok(None);
    }
    let started = Cache::start().await?;
    if started.is_none() {
        console::tell(
            "there is neither `valkey-server` nor `redis-server`: what wants a cache fails; name one with `--redis`",
        );
    }
    Ok(started)
}

/// Where items are kept.
fn kept(arguments: &Arguments) -> Result<Kept, String> {
    let Some(spec) = arguments.specs.first().filter(|_| !arguments.fresh) else { return Ok(Kept::Memory) };
    let beside = || spec.parent().unwrap_or(Path::new("")).join(".evc");
    let folder = arguments.data.clone().unwrap_or_else(beside);
    let wrong = |error: std::io::Error| format!("cannot write `{}`: {error}", folder.display());
    std::fs::create_dir_all(&folder).map_err(wrong)?;
    std::fs::write(folder.join(".gitignore"), "*\n").map_err(wrong)?;
    let name = spec.file_stem().unwrap_or_default().to_string_lossy();
    Ok(Kept::File(folder.join(format!("{name}.sqlite"))))
}

/// Where things answer.
struct Addresses {
    /// The services.
    endpoint: String,
    /// APIs, by their ids.
    apis: BTreeMap<String, String>,
}

/// The stacks of all specs, written.
#[derive(Default)]
struct Built {
    stacks: Vec<Arc<Stack>>,
    workspaces: Vec<Workspace>,
    /// What the systems are given of `.env`.
    given: Vec<Given>,
    /// What stands in the `.env` of each spec and is nothing in it.
    unknown: Vec<Vec<String>>,
    /// What was read: a change of one of these is a change of the system.
    sources: Vec<PathBuf>,
    /// Whether something of the generated Rust has changed.
    rust_changed: bool,
}

impl Built {
    /// Checks, plans and writes. What is wrong is reported.
    fn of(arguments: &Arguments, addresses: &Addresses) -> Result<Self, Exit> {
        let mut built = Self::default();
        let mut analyses = Vec::new();
        // `specs/*.yaml` has scenarios too.
        for spec in arguments.specs.iter().filter(|spec| !session::is_scenarios(spec)) {
            let analysis = built.add(arguments, spec, addresses)?;
            analyses.push(analysis);
        }
        console::report(&analyses, Format::Human);
        if analyses.iter().any(Analysis::has_errors) { Err(Exit::Diagnostics) } else { Ok(built) }
    }

    fn add(&mut self, arguments: &Arguments, spec: &Path, addresses: &Addresses) -> Result<Analysis, Exit> {
        let directory = default_directory(spec);
        if let Some(problem) = (Places { spec, directory: &directory, runtime: None }).problem() {
            console::fail(&problem);
            return Err(Exit::Usage);
        }
        let mut analysis = analyze(&Disk, spec).map_err(|error| {
            console::fail(&format!("cannot read `{}`: {error}", spec.display()));
            Exit::Io
        })?;
        self.sources.extend(analysis.sources.files().map(|(_, file)| file.path.clone()));
        let options = plan::Options { runtime: arguments.runtime.as_deref(), ..plan::Options::default() };
        let Some(planned) = plan::plan(spec, &directory, &mut analysis, options) else { return Ok(analysis) };
        let failed = |error: stack::Error| {
            console::fail(&error.to_string());
            Exit::Io
        };
        for (path, text) in &planned.scaffold {
            if stack::write_new(path, text).map_err(failed)? {
                console::tell(&format!("{}: new, for your business logic", path.display()));
            }
        }
        let written = stack::write(&directory, &planned.files, false).map_err(failed)?;
        self.rust_changed |= written.changed > 0;
        let env_file = self.env_file(arguments, spec)?;
        let (stack, unknown) = resolve(arguments, &analysis, addresses, &env_file)?;
        self.unknown.push(unknown);
        self.given.extend(analysis.model.iter().flat_map(|model| env_file.given(model, &stack)));
        let binaries = stack.resources.values().filter_map(|it| it.binary.clone()).collect();
        self.workspaces.push(Workspace { directory, service: stack.service.clone(), binaries });
        self.stacks.push(Arc::new(stack));
        Ok(analysis)
    }

    /// What stands in a `.env` and is nothing in any spec.
    fn unknown(&self) -> impl Iterator<Item = &str> {
        let first = self.unknown.first().into_iter().flatten();
        first.filter(|name| self.unknown.iter().all(|of_one| of_one.contains(name))).map(String::as_str)
    }

    /// The values of a spec: of the file that the command line names, or of the one beside it.
    fn env_file(&mut self, arguments: &Arguments, spec: &Path) -> Result<EnvFile, Exit> {
        let path = arguments.env_file.clone().unwrap_or_else(|| env_file::beside(spec));
        self.sources.push(path.clone());
        EnvFile::read(&path, arguments.env_file.is_some()).map_err(|why| {
            console::fail(&why);
            Exit::Io
        })
    }
}

/// The stack of a spec that has no errors, as it would be deployed; and the names of its `.env` that it has no use for.
fn resolve(
    arguments: &Arguments,
    analysis: &Analysis,
    addresses: &Addresses,
    env_file: &EnvFile,
) -> Result<(Stack, Vec<String>), Exit> {
    let Some(model) = &analysis.model else { return Err(Exit::Diagnostics) };
    let planned = session::plan(model);
    let first = model.environments.first().map_or("dev", |environment| environment.name.as_str());
    let environment = arguments.environment.as_deref().unwrap_or(first);
    // What the command line says counts.
    let mut parameters = env_file.parameters(&planned.plan);
    parameters.extend(arguments.parameters.iter().cloned());
    let place = Place::local(&format!("{}-{environment}", model.service.value), &addresses.endpoint);
    let place_of = |span: Span| {
        let path = analysis.sources.file(span.file).path.display();
        format!("{path}:{}", analysis.sources.position(span).line)
    };
    let stack = Stack::resolve(&planned.plan, environment, place, &parameters, &place_of);
    let stack = stack.map_err(|why| {
        console::fail(&why);
        Exit::Usage
    })?;
    let unknown = env_file.unknown(&planned.plan, model).into_iter();
    let unknown = unknown.map(|name| format!("{}: `{name}`", env_file.path.display())).collect();
    Ok((stack.answering_at(&addresses.apis), unknown))
}

/// How often it is looked whether files have changed.
const LOOK: Duration = Duration::from_millis(150);

/// The programs of handlers, or none for those that could not be built.
type Handlers = Programs;
