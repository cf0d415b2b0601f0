//! What the spec calls each resource of the template: `functions.pay` is the function, `functions.pay.role` its role, `dashboard` what is
//! of the service as a whole. Overrides, references and outputs take these names, and `evc build --explain resources` lists them.
//!
//! They are read off the plan: the thing that a resource was made for is where it comes from, and the part it plays is what its logical id
//! says beyond the id of that thing. So nobody keeps a list of them.

use indexmap::IndexMap;

use super::{LogicalId, Plan, ids};
use crate::model::{Model, Thing};
use crate::source::Span;

/// Words of logical ids that the spec has other words for: those that outputs and AWS use.
const WORDS: [(&str, &str); 3] =
    [("dead-letters", "dead-letter-queue"), ("logs", "log-group"), ("tasks", "work-queue")];

/// The part that is the dead-letter queue of a thing, as outputs call it.
const DEAD_LETTER_QUEUE: &str = "dead-letter-queue";

/// The part that keeps the work that a function could not be given, as outputs call it.
const WORK_DEAD_LETTER_QUEUE: &str = "work-dead-letter-queue";

/// What the ids of a thing's resources start with.
struct Root {
    id: LogicalId,
    name: String,
    /// Where the thing is declared, and where its body is.
    places: [Span; 2],
    /// Whether the id says the kind of the thing as well.
    exact: bool,
}

/// The roots by their ids: several things may have one.
type ById<'r> = IndexMap<&'r str, Vec<&'r Root>>;

/// The name of a thing: `functions.pay`; that of the stack's own API is `api`.
pub(crate) fn of_thing(model: &Model, thing: Thing) -> String {
    if let Thing::Api(id) = thing
        && !model.apis[id].declared
    {
        return "api".to_owned();
    }
    model.path(thing)
}

/// The names of all resources that a plan has so far.
pub(crate) fn all(plan: &Plan<'_>) -> IndexMap<LogicalId, String> {
    let roots = roots(plan.model);
    let mut by_id = ById::new();
    for root in &roots {
        by_id.entry(root.id.as_str()).or_default().push(root);
    }
    let told = dead_letters(plan);
    let mut ids: Vec<&LogicalId> = plan.resources.keys().collect();
    // A part of a part comes after what it is a part of.
    ids.sort_by_key(|id| id.as_str().len());
    let mut names: IndexMap<LogicalId, String> = IndexMap::new();
    for id in ids {
        let owner = owner(&by_id, id, plan.resources.get(id).map(|it| it.span));
        let name = told.get(id).cloned().unwrap_or_else(|| named(&names, owner, id));
        names.insert(id.clone(), name);
    }
    names
}

fn roots(model: &Model) -> Vec<Root> {
    let mut roots = Vec::new();
    for thing in model.things() {
        let (head, name) = (model.head(thing), of_thing(model, thing));
        let root = |id, exact| Root { id, name: name.clone(), places: [head.name_span, head.span], exact };
        roots.push(root(ids::thing(model, thing), true));
        // A forwarder and a starter are called after the name alone.
        if matches!(thing, Thing::Outbox(_) | Thing::Workflow(_)) {
            roots.push(root(LogicalId::new([head.name.as_str()]), false));
        }
    }
    roots
}

/// The thing that a resource was made for: where it comes from; of several, the one that its id says most of.
fn owner<'r>(roots: &ById<'r>, id: &LogicalId, span: Option<Span>) -> Option<&'r Root> {
    let comes_from = |root: &Root| span.is_some_and(|span| root.places.iter().any(|place| contains(*place, span)));
    let candidates = starts(id).filter_map(|start| roots.get(start)).flatten();
    candidates.copied().max_by_key(|root| (comes_from(root), root.id.as_str().len(), root.exact))
}

fn contains(outer: Span, inner: Span) -> bool {
    outer.file == inner.file && outer.start <= inner.start && inner.end <= outer.end
}

/// What an id starts with, to the end of a word: the whole of it first, then less and less.
fn starts(id: &LogicalId) -> impl Iterator<Item = &str> {
    let text = id.as_str();
    let ends = text.char_indices().rev().filter(|(_, c)| c.is_ascii_uppercase()).map(|(at, _)| at);
    std::iter::once(text.len()).chain(ends).filter_map(|end| text.get(..end)).filter(|start| !start.is_empty())
}

/// The name of a resource: that of the longest id that its own starts with, and the words beyond.
fn named(names: &IndexMap<LogicalId, String>, owner: Option<&Root>, id: &LogicalId) -> String {
    let of_owner = |name: &str| {
        owner.is_none_or(|root| {
            name.strip_prefix(&root.name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    };
    let parent = starts(id).find_map(|start| {
        let part = names.get(start).map(String::as_str).filter(|name| of_owner(name));
        let whole = owner.filter(|root| root.id.as_str() == start).map(|root| root.name.as_str());
        Some((part.or(whole)?, id.as_str().get(start.len()..)?))
    });
    match parent {
        None => words(id.as_str()),
        Some((name, "")) => name.to_owned(),
        Some((name, rest)) => format!("{name}.{}", words(rest)),
    }
}

/// `DeadLetters` as the spec says it: `dead-letter-queue`.
fn words(id: &str) -> String {
    let mut text = String::new();
    for c in id.chars() {
        if c.is_ascii_uppercase() && !text.is_empty() {
            text.push('-');
        }
        text.push(c.to_ascii_lowercase());
    }
    for (said, called) in WORDS {
        if let Some(start) = text.strip_suffix(said)
            && (start.is_empty() || start.ends_with('-'))
        {
            return format!("{start}{called}");
        }
    }
    text
}

/// What each thing calls its dead-letter queues, as outputs do, where the queue is of one thing alone.
fn dead_letters(plan: &Plan<'_>) -> IndexMap<LogicalId, String> {
    let mut told: IndexMap<LogicalId, Vec<String>> = IndexMap::new();
    for (name, id) in aliases(plan) {
        told.entry(id).or_default().push(name);
    }
    let one = |(id, mut names): (LogicalId, Vec<String>)| (names.len() == 1).then(|| Some((id, names.pop()?)))?;
    told.into_iter().filter_map(one).collect()
}

/// Further names of resources: what each thing calls its dead-letter queues, also where several share one.
pub(crate) fn aliases(plan: &Plan<'_>) -> Vec<(String, LogicalId)> {
    let model = plan.model;
    let mut aliases = Vec::new();
    for thing in model.things() {
        let own = thing.dead_letters().map(|source| (DEAD_LETTER_QUEUE, source));
        let work = crate::model::DeadLetterSource::of_work(thing).map(|source| (WORK_DEAD_LETTER_QUEUE, source));
        for (part, source) in own.into_iter().chain(work) {
            let id = ids::dead_letters(model, source);
            if plan.resources.contains_key(&id) {
                aliases.push((format!("{}.{part}", of_thing(model, thing)), id));
            }
        }
    }
    aliases
}
