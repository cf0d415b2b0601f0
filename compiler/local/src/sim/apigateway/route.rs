//! Paths of routes, and the parts of requests that they take.

use serde_json::{Map, Value, json};

/// The path of a route: `/orders/{id}/{rest+}`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Path(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Parameter(String),
    Rest(String),
}

impl Path {
    /// Reads a path.
    pub(super) fn parse(path: &str) -> Self {
        Self(path.split('/').filter(|part| !part.is_empty()).map(part).collect())
    }

    /// The path parameters, if the path takes that of a request.
    pub(super) fn takes(&self, path: &[String]) -> Option<Map<String, Value>> {
        let mut parameters = Map::new();
        let mut rest = path.iter();
        for part in &self.0 {
            match part {
                Part::Literal(text) => (rest.next()? == text).then_some(())?,
                Part::Parameter(name) => {
                    parameters.insert(name.clone(), json!(rest.next()?));
                }
                Part::Rest(name) => {
                    let all: Vec<&str> = rest.by_ref().map(String::as_str).collect();
                    (!all.is_empty()).then_some(())?;
                    parameters.insert(name.clone(), json!(all.join("/")));
                }
            }
        }
        rest.next().is_none().then_some(parameters)
    }

    /// How much a path says of what it takes: the one that says most is chosen. Literals before parameters, these before the rest.
    pub(super) fn says(&self) -> Vec<u8> {
        let part = |part: &Part| match part {
            Part::Literal(_) => 3,
            Part::Parameter(_) => 2,
            Part::Rest(_) => 1,
        };
        self.0.iter().map(part).collect()
    }
}

fn part(text: &str) -> Part {
    match text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
        Some(name) => {
            name.strip_suffix('+').map_or_else(|| Part::Parameter(name.to_owned()), |name| Part::Rest(name.to_owned()))
        }
        None => Part::Literal(text.to_owned()),
    }
}

/// The parts of a request's path.
pub(super) fn parts(path: &str) -> Vec<String> {
    path.split('/').filter(|part| !part.is_empty()).map(|part| decoded(part, false)).collect()
}

/// The parameters of a query string, in their order.
pub(super) fn query(text: &str) -> Vec<(String, String)> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.map(|(name, value)| (decoded(name, true), decoded(value, true))).collect()
}

/// A text with what stands for `%41`, as UTF-8.
pub(crate) fn decoded(text: &str, plus: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let mut ahead = rest.clone();
        let digit =
            |byte: Option<u8>| byte.and_then(|it| char::from(it).to_digit(16)).and_then(|it| u8::try_from(it).ok());
        match byte {
            b'%' => {
                if let (Some(high), Some(low)) = (digit(ahead.next()), digit(ahead.next())) {
                    bytes.push(high << 4 | low);
                    rest = ahead;
                } else {
                    bytes.push(byte);
                }
            }
            b'+' if plus => bytes.push(b' '),
            byte => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
