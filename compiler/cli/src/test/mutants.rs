//! `evc test --mutants`: which small changes of a spec no scenario notices.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use evc_compiler::session::{self, Scenarios};
use evc_compiler::source::World;
use evc_compiler::yaml;
use evc_local::scenario::{Mutant, Suite, mutants};

use super::super::Exit;
use super::super::console;
use super::super::world::Disk;
use super::{Loaded, stack};

/// The disk, with another text in the place of one file.
struct Changed<'t> {
    path: PathBuf,
    text: &'t str,
}

impl World for Changed<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        if path == self.path { Ok(self.text.as_bytes().to_vec()) } else { Disk.read(path) }
    }

    fn real(&self, path: &Path) -> io::Result<PathBuf> {
        Disk.real(path)
    }
}

/// What became of a mutant.
enum Fate {
    /// The compiler refuses it.
    Refused,
    /// A scenario notices it.
    Noticed,
    /// None does.
    Lives,
}

/// Tries the changes of each spec.
pub(super) fn run(loaded: &[Loaded], count: usize, seed: u64) -> Exit {
    let mut exit = Exit::Clean;
    for it in loaded {
        match one(it, count, seed) {
            Ok(true) => {}
            Ok(false) => exit = Exit::Diagnostics,
            Err(why) => {
                console::fail(&why);
                return Exit::Usage;
            }
        }
    }
    exit
}

/// Tries the changes of one spec; whether each was noticed.
fn one(loaded: &Loaded, count: usize, seed: u64) -> Result<bool, String> {
    let sources = &loaded.scenarios.analysis.sources;
    let Some(file) = &loaded.scenarios.file else { return Err("there are no scenarios".to_owned()) };
    let folder = loaded.path.parent().unwrap_or(Path::new(""));
    let path = folder.join(file.spec.as_str());
    let found = sources.files().find(|(_, source)| source.path == path);
    let Some((id, source)) = found else { return Err(format!("`{}` was not read", path.display())) };
    if !passes(&loaded.scenarios) {
        return Err(format!("a scenario of `{}` fails as it is; mend that first", loaded.path.display()));
    }
    let (root, _) = yaml::parse(sources, id);
    let all = mutants(&root, &source.text, seed);
    let next = AtomicUsize::new(0);
    let tried = AtomicUsize::new(0);
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let work = || {
        let mut fates: Vec<(usize, Fate)> = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(mutant) = all.get(at) else { return fates };
            if tried.load(Ordering::Relaxed) >= count {
                return fates;
            }
            let fate = fate(mutant, &source.text, &path, loaded);
            if !matches!(fate, Fate::Refused) {
                tried.fetch_add(1, Ordering::Relaxed);
            }
            fates.push((at, fate));
        }
    };
    let mut fates: Vec<(usize, Fate)> = std::thread::scope(|scope| {
        let handles: Vec<_> = (1..workers).map(|_| scope.spawn(work)).collect();
        let mut fates = work();
        for handle in handles {
            match handle.join() {
                Ok(more) => fates.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        fates
    });
    fates.sort_by_key(|(at, _)| *at);
    let noticed = fates.iter().filter(|(_, fate)| matches!(fate, Fate::Noticed)).count();
    let lives: Vec<&Mutant> =
        fates.iter().filter(|(_, fate)| matches!(fate, Fate::Lives)).filter_map(|(at, _)| all.get(*at)).collect();
    for mutant in &lives {
        let line = sources.position(mutant.span).line;
        console::print(&format!("  not noticed  {}:{line}: {}\n", path.display(), mutant.what));
    }
    let refused = fates.iter().filter(|(_, fate)| matches!(fate, Fate::Refused)).count();
    console::print(&format!(
        "{}: {noticed} of {} changes noticed; {refused} more were refused by evc\n",
        loaded.path.display(),
        noticed + lives.len()
    ));
    Ok(lives.is_empty())
}

fn fate(mutant: &Mutant, text: &str, path: &Path, loaded: &Loaded) -> Fate {
    let text = mutant.apply(text);
    let world = Changed { path: path.to_owned(), text: &text };
    let Ok(scenarios) = session::scenarios(&world, &loaded.path) else { return Fate::Refused };
    if scenarios.analysis.has_errors() {
        return Fate::Refused;
    }
    if passes(&scenarios) { Fate::Lives } else { Fate::Noticed }
}

/// Whether all scenarios pass.
fn passes(scenarios: &Scenarios) -> bool {
    let (Some(file), Some(model)) = (&scenarios.file, &scenarios.analysis.model) else { return false };
    let Ok(stack) = stack(file, &scenarios.analysis) else { return false };
    let suite = Suite { model, file, stack: Arc::new(stack) };
    let passed = |scenario| suite.run(scenario, 1).is_ok_and(|report| report.failures.is_empty());
    file.scenarios.values().all(passed)
}
