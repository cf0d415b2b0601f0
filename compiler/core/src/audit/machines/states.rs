//! The states of a machine, those of branches and of maps included.

use crate::audit::template::{Map, Name, Node};
use crate::audit::text::UNKNOWN;
use crate::audit::view::Named;
use crate::source::Span;

/// In which language a state writes its paths and expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    /// JSONPath, which is the default.
    Path,
    /// JSONata.
    Jsonata,
}

/// A machine: its states in groups that lead to one another.
#[derive(Debug)]
pub(super) struct Machine<'m> {
    /// Its logical id.
    pub id: &'m str,
    place: Span,
    /// The machine's own states, and those of each branch and map.
    pub groups: Vec<Group<'m>>,
}

/// States that lead to one another.
#[derive(Debug)]
pub(super) struct Group<'m> {
    /// The map that has `StartAt` and `States`.
    pub node: &'m Node<'m>,
    /// The states in their order.
    pub states: Vec<State<'m>>,
    /// Whether its executions are EXPRESS: at most five minutes, and nothing that is waited for from outside.
    pub express: bool,
    /// The state that the group is in.
    pub inside: Option<&'m str>,
}

/// A state.
#[derive(Debug)]
pub(super) struct State<'m> {
    /// Its name.
    pub name: &'m Name<'m>,
    /// What it says.
    pub map: &'m Map<'m>,
    /// Its type, if that is a text.
    pub type_: Option<&'m str>,
    /// The language that it is written in.
    pub language: Language,
    /// Where it stands.
    pub place: Span,
}

impl<'m> Machine<'m> {
    /// The machine that a definition describes.
    pub(super) fn of(of: Named<'m>, definition: &'m Node<'m>) -> Self {
        let type_ = of.resource.property("StateMachineType");
        let mut machine = Self { id: of.id, place: of.resource.place, groups: Vec::new() };
        let express = type_.and_then(Node::as_text) == Some("EXPRESS");
        machine.group(definition, language(definition).unwrap_or(Language::Path), express, None);
        machine
    }

    /// Where a value stands, or the machine.
    pub(super) fn place(&self, node: &Node<'_>) -> Span {
        node.place.unwrap_or(self.place)
    }

    /// The states of all groups.
    pub(super) fn states(&self) -> impl Iterator<Item = &State<'m>> {
        self.groups.iter().flat_map(|group| &group.states)
    }

    fn group(&mut self, node: &'m Node<'m>, outer: Language, express: bool, inside: Option<&'m str>) {
        let Some(written) = node.get("States").and_then(Node::as_map) else { return };
        // One that stands among the states is told, and meant for them.
        let outer = node.get("States").and_then(language).unwrap_or(outer);
        let states: Vec<State<'m>> = written
            .entries
            .iter()
            .filter_map(|entry| {
                let map = entry.value.as_map()?;
                let place = entry.key.place.or(entry.value.place).unwrap_or(self.place);
                let language = language(&entry.value).unwrap_or(outer);
                Some(State { name: &entry.key, map, type_: map.get("Type").and_then(Node::as_text), language, place })
            })
            .collect();
        let inner: Vec<_> = states
            .iter()
            .flat_map(|state| {
                let branches = state.map.get("Branches").and_then(Node::as_list).into_iter().flatten();
                let iterators = ["ItemProcessor", "Iterator"].into_iter().filter_map(|key| state.map.get(key));
                branches.chain(iterators).map(|node| (node, &*state.name.text))
            })
            .collect();
        self.groups.push(Group { node, states, express, inside });
        for (node, name) in inner {
            let kind = node.at(&["ProcessorConfig", "ExecutionType"]).and_then(Node::as_text);
            // A distributed map has executions of its own.
            let express = kind.map_or(express, |kind| kind == "EXPRESS");
            self.group(node, outer, express, Some(name));
        }
    }
}

impl<'m> State<'m> {
    /// The value of a field.
    pub(super) fn get(&self, field: &str) -> Option<&'m Node<'m>> {
        self.map.get(field)
    }

    /// Where a field's name stands, or the state.
    pub(super) fn place_of(&self, field: &str) -> Span {
        self.map.entry(field).and_then(|entry| entry.key.place).unwrap_or(self.place)
    }

    /// Everything that names the state that follows: the field, and the value.
    pub(super) fn targets(&self) -> Vec<(&'static str, &'m Node<'m>)> {
        let mut found: Vec<(&'static str, &'m Node<'m>)> =
            ["Next", "Default"].into_iter().filter_map(|field| Some((field, self.get(field)?))).collect();
        for list in ["Choices", "Catch"] {
            let items = self.get(list).and_then(Node::as_list).into_iter().flatten();
            found.extend(items.filter_map(|item| Some(("Next", item.get("Next")?))));
        }
        found
    }
}

/// The text of a node, unless a part of it is known when it is deployed only.
pub(super) fn literal<'n>(node: &'n Node<'_>) -> Option<&'n str> {
    node.as_text().filter(|text| !text.contains(UNKNOWN))
}

fn language(node: &Node<'_>) -> Option<Language> {
    match node.get("QueryLanguage")?.as_text()? {
        "JSONata" => Some(Language::Jsonata),
        "JSONPath" => Some(Language::Path),
        _ => None,
    }
}
