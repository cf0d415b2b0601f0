//! The stages as values: text is [`Parsed`], what is parsed is an [`Analysis`], a model has a [`Planned`] stack, and that has files.
//!
//! Each stage is asked for by whoever needs it: a command, a test, an editor. None prints, reads the environment or ends
//! anything; what is wrong is in the diagnostics of each, and leaves the rest usable.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use crate::diagnostics::{Code, Diagnostic, Severity};
use crate::emit::{self, Files, Project, limits};
use crate::model::Model;
use crate::plan::Plan;
use crate::source::{MAX_SOURCE_BYTES, SourceMap, Spanned, World};
use crate::spec::File;
use crate::{audit, check, compare, finish, lower, model, scenario, spec, yaml};

/// A spec that has been read, with all that it imports.
#[derive(Debug)]
pub struct Parsed {
    /// The spec's file and all that it imports.
    pub sources: SourceMap,
    /// What the files say together.
    pub file: File,
    /// What is wrong with their text and structure.
    pub diagnostics: Vec<Diagnostic>,
    /// Names on lines that could not be read: that there is nothing of such a name is no second mistake.
    pub left_out: BTreeSet<String>,
}

/// A spec that has been read and checked.
#[derive(Debug)]
pub struct Analysis {
    /// The spec's file and all that it imports.
    pub sources: SourceMap,
    /// What was found, sorted by place; allowed warnings and advice are left out.
    pub diagnostics: Vec<Diagnostic>,
    /// The system. There may be errors about it all the same. `None` if the spec names no service.
    pub model: Option<Model>,
}

/// A stack, decided to the last property.
#[derive(Debug)]
pub struct Planned<'m> {
    /// What is going to be there.
    pub plan: Plan<'m>,
    /// What is wrong with it as a whole.
    pub diagnostics: Vec<Diagnostic>,
}

/// The files of a stack, in memory.
#[derive(Debug)]
pub struct Built {
    /// The files.
    pub files: Files,
    /// Those that AWS takes no more of.
    pub diagnostics: Vec<Diagnostic>,
}

/// Which files are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All that are written.
    Whole,
    /// Those that something may be wrong with: the ones that AWS bounds.
    Bounded,
}

impl Parsed {
    /// Resolves and checks what was read.
    pub fn analyze(self) -> Analysis {
        let Self { sources, file, mut diagnostics, left_out } = self;
        let (mut model, mut found) = model::resolve(&file);
        found.retain(|diagnostic| !left_out.contains(sources.text(diagnostic.primary.span)));
        diagnostics.extend(found);
        if let Some(model) = &mut model {
            let whole = !diagnostics.iter().any(|diagnostic| diagnostic.severity() == Severity::Error);
            diagnostics.extend(check::check(model, whole));
            model.unused_allows = allow(model, &mut diagnostics);
        }
        sort(&mut diagnostics);
        Analysis { sources, diagnostics, model }
    }
}

impl Analysis {
    /// Whether anything was found that stops a build.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity() == Severity::Error)
    }

    /// Adds what a later stage found, keeping the order by place.
    pub fn add(&mut self, more: Vec<Diagnostic>) {
        self.diagnostics.extend(more);
        sort(&mut self.diagnostics);
    }
}

/// Plans the stack of a model that has no errors. What is allowed for nothing is known now, and reported.
pub fn plan(model: &Model) -> Planned<'_> {
    let (plan, mut diagnostics) = finish::finish(lower::lower(model));
    audit::plan(&plan, &mut diagnostics);
    let unused = allow(model, &mut diagnostics);
    if !diagnostics.iter().any(|diagnostic| diagnostic.severity() == Severity::Error) {
        let in_model = |found: &Diagnostic| model.unused_allows.iter().find(|it| it.primary == found.primary).cloned();
        diagnostics.extend(unused.iter().filter_map(in_model));
    }
    Planned { plan, diagnostics }
}

impl Planned<'_> {
    /// Makes its files. `project` says where the stack stands.
    pub fn build(&self, sources: &SourceMap, project: &Project, extent: Extent) -> Built {
        let input = emit::Input { plan: &self.plan, sources, project };
        let files = match extent {
            Extent::Whole => emit::emit(input),
            Extent::Bounded => emit::emit_bounded(input),
        };
        let diagnostics = limits::check(&files, self.plan.model.service.span);
        Built { files, diagnostics }
    }
}

/// Most files that one spec may import, itself included.
const MAX_FILES: usize = 256;

/// How far above the spec's folder imports may lie: specs stand in the project or in its folder `specs`.
const MAX_UP: usize = 1;

/// Reads the spec at `path` and what it imports. Fails only if that file cannot be read; anything wrong with its text, or with an
/// import, is in the diagnostics.
pub fn parse(world: &dyn World, path: &Path) -> std::io::Result<Parsed> {
    let bytes = match world.read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::FileTooLarge => {
            let mut sources = SourceMap::default();
            let file = sources.add(path, "");
            let diagnostics = vec![yaml::too_large(file)];
            return Ok(Parsed { sources, file: File::default(), diagnostics, left_out: BTreeSet::new() });
        }
        bytes => bytes?,
    };
    Ok(parse_bytes(world, path, bytes, SourceMap::default()))
}

/// Reads a spec given as text, as if it stood at `path`. It can import nothing.
pub fn parse_text(path: &str, text: &str) -> Parsed {
    parse_bytes(&Nowhere, Path::new(path), text.as_bytes().to_vec(), SourceMap::default())
}

/// Reads a spec whose files join `sources`.
fn parse_bytes(world: &dyn World, path: &Path, bytes: Vec<u8>, sources: SourceMap) -> Parsed {
    let mut reader = Reader::new(world, path, sources);
    let file = reader.file(path, bytes, true);
    let Reader { sources, diagnostics, left_out, .. } = reader;
    Parsed { sources, file, diagnostics, left_out }
}

/// Reads and checks the spec at `path`: [`parse`] and [`Parsed::analyze`].
pub fn analyze(world: &dyn World, path: &Path) -> std::io::Result<Analysis> {
    parse(world, path).map(Parsed::analyze)
}

/// Reads and checks a spec given as text: [`parse_text`] and [`Parsed::analyze`].
pub fn analyze_text(path: &str, text: &str) -> Analysis {
    parse_text(path, text).analyze()
}

/// Reads the CloudFormation or SAM template at `path`, and looks at it as at the template of a spec. Fails only if that file cannot be
/// read.
pub fn audit(world: &dyn World, path: &Path) -> std::io::Result<Analysis> {
    let mut sources = SourceMap::default();
    let bytes = match world.read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::FileTooLarge => {
            let file = sources.add(path, "");
            return Ok(Analysis { sources, diagnostics: vec![yaml::too_large(file)], model: None });
        }
        bytes => bytes?,
    };
    let (file, mut diagnostics) = yaml::decode_bytes(&mut sources, path, bytes);
    let (root, found) = yaml::parse_template(&sources, file);
    diagnostics.extend(found);
    // Reading on after a syntax error leaves out lines: what seems to be missing may stand on one of them.
    if !diagnostics.iter().any(|diagnostic| matches!(diagnostic.code, Code::EVC0001 | Code::EVC0003 | Code::EVC0007)) {
        let template = audit::template::of_template(&root, &mut diagnostics);
        let documents = audit::machines::documents(
            world,
            &|name| inside(world, path, name),
            &template,
            &mut sources,
            &mut diagnostics,
        );
        let documents = documents.iter().map(|(id, root)| (id.as_str(), audit::template::node(root))).collect();
        let beside = audit::Beside { sources: Some(&sources), documents, model: None };
        audit::run(&template, &beside, &mut diagnostics);
    }
    sort(&mut diagnostics);
    Ok(Analysis { sources, diagnostics, model: None })
}

/// Scenarios and the system that they are of.
#[derive(Debug)]
pub struct Scenarios {
    /// The scenarios, if the file could be read.
    pub file: Option<scenario::File>,
    /// The system's spec. Its sources have the file of scenarios too, and its diagnostics what is wrong with both; the scenarios are checked
    /// against a system without errors.
    pub analysis: Analysis,
}

/// Whether a path is one of scenarios, and none of a spec: `orders.test.yaml`.
pub fn is_scenarios(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(".test.yaml"))
}

/// Reads and checks the scenarios at `path`, with the spec that they name. Fails only if the file cannot be read.
pub fn scenarios(world: &dyn World, path: &Path) -> std::io::Result<Scenarios> {
    let bytes = world.read(path)?;
    let mut sources = SourceMap::default();
    let (id, mut diagnostics) = yaml::decode_bytes(&mut sources, path, bytes);
    let (mut node, found) = yaml::parse(&sources, id);
    diagnostics.extend(found);
    let beside = |name: &Path| inside(world, path, name);
    scenario::include(&mut node, world, &beside, &mut sources, &mut diagnostics);
    let (file, found) = scenario::decode(&node);
    diagnostics.extend(found);
    let unread = |sources, mut diagnostics| {
        sort(&mut diagnostics);
        Ok(Scenarios { file: None, analysis: Analysis { sources, diagnostics, model: None } })
    };
    let Some(file) = file else { return unread(sources, diagnostics) };
    let spec = inside(world, path, Path::new(file.spec.as_str()));
    let (spec, bytes) = match spec.map(|spec| (world.read(&spec), spec)) {
        Some((Ok(bytes), spec)) => (spec, bytes),
        read => {
            let why = match read {
                Some((Err(error), _)) => format!("cannot read `{}`: {error}", file.spec.value),
                _ => format!("`{}` leads out of the project", file.spec.value),
            };
            diagnostics.push(Diagnostic::new(Code::EVC0110, file.spec.span, why));
            return unread(sources, diagnostics);
        }
    };
    let mut analysis = parse_bytes(world, &spec, bytes, sources).analyze();
    if let (Some(model), false) = (&analysis.model, analysis.has_errors()) {
        diagnostics.extend(scenario::check(&file, model));
    }
    analysis.add(diagnostics);
    Ok(Scenarios { file: Some(file), analysis })
}

/// What a deploy of one spec over another does.
#[derive(Debug, Default)]
pub struct Comparison {
    /// What there is to say of it, with places in both.
    pub found: Vec<Diagnostic>,
    /// Workflows that were said to have no execution in flight, and that the old spec does not have.
    pub unknown: Vec<String>,
}

/// Compares a spec with the one that is deployed, read from `old`, and gives what a deploy does to executions in flight. What is wrong
/// with the old spec comes instead if it cannot be read; what its checks would say does not matter any more. Nothing is compared if the
/// new spec has errors. The files of the old spec join the sources. `drained` are workflows that have no execution in flight.
pub fn against(
    world: &dyn World,
    old: &Path,
    analysis: &mut Analysis,
    drained: &[String],
) -> std::io::Result<Comparison> {
    let bytes = world.read(old)?;
    let parsed = parse_bytes(world, old, bytes, std::mem::take(&mut analysis.sources));
    let Parsed { sources, file, mut diagnostics, .. } = parsed;
    analysis.sources = sources;
    let (before, found) = model::resolve(&file);
    diagnostics.extend(found);
    diagnostics.retain(|diagnostic| diagnostic.severity() == Severity::Error);
    let (Some(before), Some(now), false, true) =
        (&before, &analysis.model, analysis.has_errors(), diagnostics.is_empty())
    else {
        return Ok(Comparison { found: diagnostics, unknown: Vec::new() });
    };
    let found = compare::compare(compare::Before { file: &file, model: before }, now, drained);
    Ok(Comparison { found, unknown: compare::unknown(before, drained).into_iter().map(str::to_owned).collect() })
}

fn sort(diagnostics: &mut Vec<Diagnostic>) {
    diagnostics.sort_by_key(|diagnostic| (diagnostic.primary.span, diagnostic.code));
    diagnostics.dedup();
}

/// Reads a spec and its imports, depth first, each file once.
struct Reader<'w> {
    world: &'w dyn World,
    /// The folder of the spec itself.
    folder: PathBuf,
    sources: SourceMap,
    diagnostics: Vec<Diagnostic>,
    left_out: BTreeSet<String>,
    read: Vec<PathBuf>,
}

impl<'w> Reader<'w> {
    /// A reader of the spec at `path`, whose files join `sources`.
    fn new(world: &'w dyn World, path: &Path, sources: SourceMap) -> Self {
        let folder = normal(path.parent().unwrap_or(Path::new("")));
        Self { world, folder, sources, diagnostics: Vec::new(), left_out: BTreeSet::new(), read: Vec::new() }
    }

    fn file(&mut self, path: &Path, bytes: Vec<u8>, main: bool) -> File {
        self.read.push(normal(path));
        let (id, found) = yaml::decode_bytes(&mut self.sources, path, bytes);
        self.diagnostics.extend(found);
        let (mut node, found) = yaml::parse(&self.sources, id);
        // Reading on after a syntax error leaves out lines: a key that seems to be missing may stand on one of them.
        let left_out = yaml::names_left_out(&self.sources.file(id).text, &found);
        let has_gaps = !left_out.is_empty() || found.iter().any(|diagnostic| diagnostic.code == Code::EVC0001);
        self.left_out.extend(left_out);
        self.diagnostics.extend(found);
        spec::moved::move_resources(&mut node, &self.sources.file(id).text, &mut self.diagnostics);
        check::dynamic_reference::check(&node, &mut self.diagnostics);
        let (mut file, found) = spec::decode(&node, main);
        self.diagnostics.extend(found.into_iter().filter(|found| !has_gaps || found.code != Code::EVC0104));
        for import in std::mem::take(&mut file.imports) {
            self.import(path, &import, &mut file);
        }
        if main {
            self.diagnostics.extend(file.settle());
        }
        file
    }

    fn import(&mut self, from: &Path, import: &Spanned<String>, into: &mut File) {
        let path = normal(&from.parent().unwrap_or(Path::new("")).join(import.as_str()));
        if self.read.contains(&path) {
            return;
        }
        let problem = if let Some(problem) = outside(&self.folder, Path::new(import.as_str()), &path) {
            problem
        } else if let Some(problem) = self.linked_outside(Path::new(import.as_str()), &path) {
            problem
        } else if self.read.len() >= MAX_FILES {
            format!("a spec imports at most {MAX_FILES} files")
        } else {
            match self.world.read(&path) {
                Ok(bytes) => {
                    let imported = self.file(&path, bytes, false);
                    self.diagnostics.extend(into.join(imported));
                    return;
                }
                Err(error) if error.kind() == std::io::ErrorKind::FileTooLarge => {
                    format!("`{}` is larger than {} MB", path.display(), MAX_SOURCE_BYTES / 1024 / 1024)
                }
                Err(error) => format!("cannot read `{}`: {error}", path.display()),
            }
        };
        self.diagnostics.push(Diagnostic::new(Code::EVC0110, import.span, problem));
    }

    /// Why an import is refused that symbolic links lead elsewhere than its name says. One that is not there is reported as that
    /// when it is read.
    fn linked_outside(&self, import: &Path, path: &Path) -> Option<String> {
        let (folder, real) = (self.world.real(&self.folder).ok()?, self.world.real(path).ok()?);
        outside(&folder, import, &real).map(|problem| format!("{problem}, through a symbolic link"))
    }
}

/// Why an import is refused before it is read: what a spec may read is the YAML of its own project, so that a spec of
/// somebody else shows nothing of this disk. `path` is where `import` leads to from the file that names it.
fn outside(folder: &Path, import: &Path, path: &Path) -> Option<String> {
    let shown = import.display();
    if import.is_absolute() || import.has_root() {
        return Some(format!("`{shown}` is absolute; expected a path relative to this file"));
    }
    if !path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
        return Some(format!("`{shown}` does not end in `.yaml` or `.yml`"));
    }
    let (from, to): (Vec<_>, Vec<_>) = (folder.components().collect(), path.components().collect());
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = to[common..].iter().take_while(|part| matches!(part, Component::ParentDir)).count();
    (from.len() - common + up > MAX_UP).then(|| format!("`{shown}` leads out of the project"))
}

/// Where a file is that a template at `from` names, if it is YAML or JSON in the project: a template of somebody else shows nothing of this
/// disk.
fn inside(world: &dyn World, from: &Path, name: &Path) -> Option<PathBuf> {
    let parent = from.parent().unwrap_or(Path::new(""));
    let (folder, path) = (normal(parent), normal(&parent.join(name)));
    // JSON is YAML, and looked at as such.
    let as_yaml = |path: &Path| {
        if path.extension().is_some_and(|it| it == "json") { path.with_extension("yaml") } else { path.to_owned() }
    };
    if outside(&folder, &as_yaml(name), &as_yaml(&path)).is_some() {
        return None;
    }
    let (real_folder, real) = (world.real(&folder).ok()?, world.real(&path).ok()?);
    outside(&real_folder, &as_yaml(name), &as_yaml(&real)).is_none().then_some(path)
}

/// Removes `.` and `a/..`, so that one file has one path.
fn normal(path: &Path) -> PathBuf {
    let mut parts: Vec<Component<'_>> = Vec::new();
    for part in path.components() {
        match (part, parts.last()) {
            (Component::CurDir, _) => {}
            (Component::ParentDir, Some(Component::Normal(_))) => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.into_iter().collect()
}

/// Leaves out warnings and advice that the item they are about allows, and gives a report for each that is allowed for nothing so far. The
/// latter only where there is no error: not all warnings are looked for then.
pub(crate) fn allow(model: &Model, diagnostics: &mut Vec<Diagnostic>) -> Vec<Diagnostic> {
    let whole = !diagnostics.iter().any(|diagnostic| diagnostic.severity() == Severity::Error);
    let allowed_on = |item: &str, code| {
        let things = model.things().filter(|thing| model.path(*thing) == item);
        things.flat_map(|thing| &model.head(thing).allow.0).any(|allow| allow.code == code)
    };
    let occurs = diagnostics.iter().filter_map(|found| Some((found.code, found.item.clone()?)));
    let occurs: Vec<(Code, String)> = occurs.filter(|(code, item)| !allowed_on(item, *code)).collect();
    let mut unused = Vec::new();
    for thing in model.things() {
        let (item, head) = (model.path(thing), model.head(thing));
        for allow in &head.allow.0 {
            let before = diagnostics.len();
            diagnostics.retain(|diagnostic| {
                diagnostic.code != allow.code
                    || diagnostic.item.as_deref() != Some(&item)
                    || diagnostic.severity() == Severity::Error
            });
            if whole && diagnostics.len() == before {
                let message = format!("`{}` is allowed on `{item}`, where it does not occur", allow.code);
                let mut elsewhere = occurs.iter().filter(|(code, _)| *code == allow.code).map(|(_, item)| item);
                let help = elsewhere.next().map_or_else(
                    || "take it out, so that it cannot hide a later one".to_owned(),
                    |elsewhere| format!("it occurs on `{elsewhere}`: allow it there"),
                );
                unused.push(Diagnostic::new(Code::EVC0107, allow.span, message).help(help));
            }
        }
    }
    unused
}

/// A world without files.
struct Nowhere;

impl World for Nowhere {
    fn read(&self, _: &Path) -> std::io::Result<Vec<u8>> {
        Err(std::io::Error::new(std::io::ErrorKind::NotFound, "there are no other files here"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_stay_in_the_project() {
        for (spec, import, fits) in [
            ("specs/orders.yaml", "./types.yaml", true),
            ("specs/orders.yaml", "../shared/types.yml", true),
            ("specs/orders.yaml", "../../shared/types.yaml", false),
            ("specs/orders.yaml", "a/../../../types.yaml", false),
            ("orders.yaml", "../types.yaml", true),
            ("orders.yaml", "../../types.yaml", false),
            ("../specs/orders.yaml", "../types.yaml", true),
            ("../specs/orders.yaml", "../../types.yaml", false),
            ("/a/specs/orders.yaml", "../types.yaml", true),
            ("/a/specs/orders.yaml", "../../b/types.yaml", false),
            ("specs/orders.yaml", "/etc/types.yaml", false),
            ("specs/orders.yaml", "./.env", false),
            ("specs/orders.yaml", "types", false),
        ] {
            let folder = Path::new(spec).parent().unwrap();
            let path = normal(&folder.join(import));
            assert_eq!(outside(&normal(folder), Path::new(import), &path).is_none(), fits, "{spec} {import}");
        }
    }
}
