//! Values that may differ between environments.

use crate::source::Span;

/// A place the stack is deployed to.
#[derive(Debug, Clone)]
pub struct Environment {
    /// Its name.
    pub name: String,
    /// Where it is declared; `None` for the one that a spec without any has.
    pub span: Option<Span>,
    /// What it is for.
    pub description: Option<String>,
}

/// A value for each environment, in the order of [`super::Model::environments`].
#[derive(Debug, Clone)]
pub struct Setting<T> {
    values: Vec<T>,
    /// Where each environment says its value; `None` where it has what the top level says.
    places: Vec<Option<Span>>,
}

impl<T> Setting<T> {
    /// A value for each environment, with where it says so; `None` where the top level says it.
    pub(super) fn new(values: impl IntoIterator<Item = (T, Option<Span>)>) -> Self {
        let (values, places) = values.into_iter().unzip();
        Self { values, places }
    }

    /// The same value in each environment.
    pub fn everywhere(value: T, environments: &[Environment]) -> Self
    where
        T: Clone,
    {
        Self::new(environments.iter().map(|_| (value.clone(), None)))
    }

    /// The values, one an environment.
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// The values, each with where its environment says it; `None` where the top level does.
    pub fn said(&self) -> impl Iterator<Item = (&T, Option<Span>)> {
        self.values.iter().zip(self.places.iter().copied())
    }

    /// The setting that `f` makes of each value.
    pub fn map<U>(&self, f: impl FnMut(&T) -> U) -> Setting<U> {
        Setting { values: self.values.iter().map(f).collect(), places: self.places.clone() }
    }
}

impl<T: Clone> Setting<Option<T>> {
    /// What `other` has where this has nothing.
    #[must_use]
    pub fn or(&self, other: &Setting<T>) -> Setting<T> {
        Setting::new(self.said().zip(other.said()).map(|((own, at), (other, there))| match own {
            Some(own) => (own.clone(), at),
            None => (other.clone(), there),
        }))
    }
}

impl<T: PartialEq> Setting<T> {
    /// The value, if it is the same everywhere.
    pub fn same(&self) -> Option<&T> {
        let (first, rest) = self.values.split_first()?;
        rest.iter().all(|value| value == first).then_some(first)
    }
}

impl<T: Ord> Setting<T> {
    /// The greatest value of any environment.
    pub fn greatest(&self) -> Option<&T> {
        self.values.iter().max()
    }

    /// The least value of any environment.
    pub fn least(&self) -> Option<&T> {
        self.values.iter().min()
    }
}
