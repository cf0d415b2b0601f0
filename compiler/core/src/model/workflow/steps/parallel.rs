//! `parallel`: runs branches at the same time.

use indexmap::IndexMap;

use super::{Argument, Binds, Nested, Onward, Rounds, StepFacts};
use crate::expr::Scope;
use crate::model::Model;
use crate::model::workflow::resolve::Resolver;
use crate::model::workflow::results::{self, Made};
use crate::model::workflow::{Body, RetryError};
use crate::source::{Span, Spanned};
use crate::spec::workflow::steps as spec;
use crate::types::{Field, Joined, Kind, Record, Type, Types};

/// Branches that run at the same time.
#[derive(Debug, Clone)]
pub struct Parallel {
    /// The branches, in the order written.
    pub branches: Vec<Branch>,
}

/// One branch of a `parallel`.
#[derive(Debug, Clone)]
pub struct Branch {
    /// Its name.
    pub name: Spanned<String>,
    /// Its steps.
    pub body: Body,
}

impl Parallel {
    pub(super) fn resolve(parallel: &spec::Parallel, cx: &mut Resolver<'_>) -> Self {
        let branches = parallel.branches.iter();
        let branch = |(name, branch): (&Spanned<String>, &spec::Branch)| Branch {
            name: name.clone(),
            body: cx.body(&branch.steps, &branch.variables),
        };
        Self { branches: branches.map(branch).collect() }
    }
}

impl StepFacts for Parallel {
    fn arguments(&self, _: Span) -> Vec<Argument<'_>> {
        Vec::new()
    }

    fn nested(&self) -> Vec<Nested<'_>> {
        self.branches.iter().map(|branch| Nested { body: &branch.body, rounds: Rounds::One }).collect()
    }

    fn onward(&self) -> Onward<'_> {
        Onward::Next
    }

    fn binds<'m>(&'m self, _: &'m Model, _: Span) -> Binds<'m> {
        Binds::Made
    }

    fn raises(&self, _: &Model) -> Vec<RetryError> {
        Vec::new()
    }

    fn is_work(&self) -> bool {
        false
    }

    fn made(&self, _: &Scope, at: Span, types: &Types) -> Option<Made> {
        let (mut fields, mut ways) = (IndexMap::new(), Vec::new());
        for branch in &self.branches {
            let name = &branch.name.value;
            let Joined { ty, sides } = results::of_body(&branch.body, &format!("branch `{name}`"), at, types);
            fields.insert(name.clone(), Field { ty, optional: false, name_span: branch.name.span });
            ways.push((Some(name.clone()), sides));
        }
        let ty = Type { kind: Kind::Record(Record { extends: None, exact: true, fields }), span: at };
        Some(Made { ty, ways })
    }
}
