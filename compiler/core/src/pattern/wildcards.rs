//! How much work wildcards make: the most beginnings of wildcards that one text may match at the same time.
//!
//! A matcher that reads a text has to remember, for each wildcard, every place in it that the text may have come to. With `*a*` and the
//! text `a` these are `*`, `*a` and `*a*`. AWS publishes no limit for this; its open matcher measures it
//! (<https://github.com/aws/event-ruler/blob/main/src/main/software/amazon/event/ruler/MachineComplexityEvaluator.java>), and EventBridge
//! refuses a rule that is "too complex".

use std::collections::{BTreeMap, BTreeSet};

use super::ast::{AnythingBut, Constraint, MatchKind, Object, Pattern, Wildcard};
use crate::source::Spanned;

/// What the matcher takes at the most.
pub const MOST_PLACES: usize = 10;

/// The most sets of places that are looked at. With more the measure is what was found by then, which is less than there may be.
const MOST_SETS: usize = 2_000;

/// The wildcards of one field, and how many places a text may come to in them.
#[derive(Debug)]
pub struct Places<'p> {
    /// The names on the way to the field.
    pub path: Vec<&'p str>,
    /// The wildcards, without repetitions.
    pub wildcards: Vec<&'p Spanned<Wildcard>>,
    /// The most places.
    pub most: usize,
}

/// The fields of a pattern that have wildcards. What alternatives of a `$or` say of one field is matched together.
pub fn places(pattern: &Pattern) -> Vec<Places<'_>> {
    let mut fields = BTreeMap::new();
    gather(&pattern.root, &mut Vec::new(), &mut fields);
    let measured = fields.into_iter().map(|(path, wildcards)| {
        let most = measure(&wildcards);
        Places { path, wildcards, most }
    });
    measured.collect()
}

/// How many places a text may come to in these wildcards.
pub fn measure(wildcards: &[&Spanned<Wildcard>]) -> usize {
    let machine = Machine::of(wildcards);
    let mut seen: BTreeSet<Vec<usize>> = BTreeSet::new();
    let mut work: Vec<Vec<usize>> = vec![machine.start()];
    let mut most = 0;
    while let Some(set) = work.pop() {
        if seen.len() >= MOST_SETS || !seen.insert(set.clone()) {
            continue;
        }
        let beginnings = set.iter().filter(|place| !machine.starts.contains(*place)).count();
        most = most.max(beginnings);
        work.extend(machine.next(&set));
    }
    most
}

fn gather<'p>(
    object: &'p Object,
    path: &mut Vec<&'p str>,
    fields: &mut BTreeMap<Vec<&'p str>, Vec<&'p Spanned<Wildcard>>>,
) {
    for field in &object.fields {
        path.push(&field.name.value);
        match &field.constraint {
            Constraint::Object(inner) => gather(inner, path, fields),
            Constraint::AnyOf(matches) => {
                let all = matches.iter().flat_map(|one| match &one.kind {
                    MatchKind::Wildcard(wildcard) => std::slice::from_ref(wildcard).iter(),
                    MatchKind::AnythingBut(AnythingBut::Wildcards(wildcards)) => wildcards.iter(),
                    MatchKind::Null
                    | MatchKind::Boolean(_)
                    | MatchKind::Number(_)
                    | MatchKind::Text(_)
                    | MatchKind::Prefix(..)
                    | MatchKind::Suffix(..)
                    | MatchKind::EqualsIgnoreCase(_)
                    | MatchKind::AnythingBut(_)
                    | MatchKind::Numeric(_)
                    | MatchKind::Cidr(_)
                    | MatchKind::Exists(_) => [].iter(),
                });
                for wildcard in all {
                    let known = fields.entry(path.clone()).or_default();
                    if known.iter().all(|other| other.value != wildcard.value) {
                        known.push(wildcard);
                    }
                }
            }
        }
        path.pop();
    }
    for inner in &object.or {
        gather(inner, path, fields);
    }
}

/// A part of a wildcard.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Symbol {
    /// This character.
    One(char),
    /// Any text.
    Star,
    /// Nothing comes any more.
    End,
}

/// All wildcards of a field behind one another. A place is before a symbol; the symbols before it are the beginning that matches there.
struct Machine {
    symbols: Vec<Symbol>,
    starts: BTreeSet<usize>,
    letters: BTreeSet<char>,
}

impl Machine {
    fn of(wildcards: &[&Spanned<Wildcard>]) -> Self {
        let (mut symbols, mut starts, mut letters) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
        for wildcard in wildcards {
            starts.insert(symbols.len());
            for (index, part) in wildcard.parts.iter().enumerate() {
                if index > 0 {
                    symbols.push(Symbol::Star);
                }
                symbols.extend(part.chars().map(Symbol::One));
                letters.extend(part.chars());
            }
            symbols.push(Symbol::End);
        }
        Self { symbols, starts, letters }
    }

    /// The places before anything was read.
    fn start(&self) -> Vec<usize> {
        self.with_stars(self.starts.iter().copied())
    }

    /// A star matches nothing as well, so that the place after it is come to with the one before it.
    fn with_stars(&self, places: impl Iterator<Item = usize>) -> Vec<usize> {
        let mut all = BTreeSet::new();
        for mut place in places {
            all.insert(place);
            while self.symbols[place] == Symbol::Star {
                place += 1;
                all.insert(place);
            }
        }
        all.into_iter().collect()
    }

    /// The sets of places after one more character, for each that makes a difference.
    fn next(&self, set: &[usize]) -> Vec<Vec<usize>> {
        let relevant =
            self.letters.iter().filter(|letter| set.iter().any(|place| self.symbols[*place] == Symbol::One(**letter)));
        let after = |letter: Option<char>| {
            let places = set.iter().filter_map(|place| match self.symbols[*place] {
                Symbol::One(own) => (Some(own) == letter).then_some(place + 1),
                Symbol::Star | Symbol::End => None,
            });
            // The place after a star stays, whatever comes.
            let stay = set.iter().copied().filter(|place| *place > 0 && self.symbols[place - 1] == Symbol::Star);
            self.with_stars(places.chain(stay))
        };
        let sets = relevant.map(|letter| after(Some(*letter))).chain([after(None)]);
        sets.filter(|set| !set.is_empty()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{FileId, Span};

    /// The measure, and the number that AWS's own tests have for it.
    #[test]
    fn as_the_open_matcher_measures() {
        for (wildcards, most) in [
            (vec!["*"], 1),
            (vec!["*", "ab*c"], 3),
            (vec!["abc"], 1),
            (vec!["*ab"], 2),
            (vec!["*aa"], 3),
            (vec!["a*b"], 2),
            (vec!["aa*"], 2),
            (vec!["a*bcb"], 3),
            (vec!["a*bbb"], 4),
            (vec!["*ab*ad"], 4),
            (vec!["*aba*"], 4),
            (vec!["a*b*bb"], 5),
            (vec!["a*b*cd"], 3),
            (vec!["ab*b*"], 3),
            (vec!["ab*c", "x*xx"], 3),
            (vec!["*abc", "*abcde"], 4),
            (vec!["a*aaa", "aa*aa"], 7),
            (vec!["ab*cd", "ab*wx", "ab*yz"], 6),
            (vec!["*ab*b*b*"], 7),
            (vec!["*a*a*a*a*a*a*a*a*"], 17),
            (vec!["ab*c", "ab*c"], 2),
            (vec!["uploads/*/img-*-*.png", "uploads/*/vid-*-*.mp4", "uploads/*/doc-*-*.pdf"], 13),
            (vec!["*.jpg", "*.jpeg", "*.png", "*.gif", "*.webp", "*.tiff"], 12),
            (vec!["*a*a*a*a*a*a*a*"], 15),
        ] {
            assert_eq!(measure_texts(&wildcards), most, "{wildcards:?}");
        }
    }

    fn measure_texts(texts: &[&str]) -> usize {
        let span = Span::new(FileId::default(), 0..0);
        let mut wildcards: Vec<Spanned<Wildcard>> = Vec::new();
        for text in texts {
            let parts = text.split('*').map(str::to_owned).collect();
            let wildcard = Wildcard { text: (*text).to_owned(), parts };
            if wildcards.iter().all(|known| known.value != wildcard) {
                wildcards.push(Spanned::new(wildcard, span));
            }
        }
        measure(&wildcards.iter().collect::<Vec<_>>())
    }
}
