//! Names that are meant by others: which of those that are known is like the one that was written.
//!
//! A spec or a template may have thousands of names that are not there, each compared with thousands that are. A distance is therefore
//! computed only where the length and the letters of two names leave it open whether it is within the bound, and the bound is that of the
//! best candidate so far. What is found is the same as without.

/// The candidate most like `found`, if one is near enough to be what was meant.
pub fn nearest<'a>(found: &str, known: &[&'a str]) -> Option<&'a str> {
    let name = Name::new(found);
    let mut best: Option<(usize, &str)> = None;
    for candidate in known {
        let limit = best.map_or((name.length / 3).max(1), |(distance, _)| distance);
        let Some(distance) = name.distance(candidate, limit) else { continue };
        if best.is_none_or(|best| (distance, *candidate) < best) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// How many letters two names differ by, whatever their case, if no more than `limit`.
pub fn letters_apart(a: &str, b: &str, limit: usize) -> Option<usize> {
    Name::new(a).letters_apart(b, limit)
}

/// Names in backticks, joined by commas.
pub fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Whether `found` can only be a slip for `nearest`: they differ by one letter, or in number or case, and no other name is that near. Names
/// that differ in a digit are different things.
pub(super) fn is_slip(found: &str, nearest: &str, known: &[&str]) -> bool {
    let name = Name::new(found);
    let digits = |name: &str| name.chars().filter(char::is_ascii_digit).collect::<String>();
    // The letters apart; names that differ in number or case are not apart.
    let steps =
        |candidate: &str, limit| name.distance(candidate, limit).map(|far| if name.same(candidate) { 0 } else { far });
    let Some(far) = steps(nearest, 1) else { return false };
    (name.length >= 4 || far == 0)
        && digits(found) == digits(nearest)
        && known.iter().filter(|candidate| steps(candidate, 2).is_some()).take(2).count() == 1
}

/// A name that others are compared with.
struct Name {
    lower: String,
    singular: String,
    letters: Letters,
    /// In characters, as it was written.
    length: usize,
}

impl Name {
    fn new(name: &str) -> Self {
        let lower = name.to_lowercase();
        let (singular, letters) = (singular(&lower), Letters::of(&lower));
        Self { lower, singular, letters, length: name.chars().count() }
    }

    /// How far a candidate is, if no farther than `limit`: 0 for the same in another case, 1 for another number of the same word.
    fn distance(&self, candidate: &str, limit: usize) -> Option<usize> {
        if self.same(candidate) {
            return Some(usize::from(candidate.to_lowercase() != self.lower)).filter(|distance| *distance <= limit);
        }
        self.letters_apart(candidate, limit)
    }

    /// Whether a candidate is the same word, whatever its number and case.
    fn same(&self, candidate: &str) -> bool {
        // All but the last letter of a word stays when its number changes.
        let stem = self.singular.len().saturating_sub(1);
        let differs = |(a, b): (u8, u8)| a.is_ascii() && b.is_ascii() && !a.eq_ignore_ascii_case(&b);
        let cannot = candidate.is_ascii()
            && (candidate.len() < stem || self.singular.bytes().take(stem).zip(candidate.bytes()).any(differs));
        !cannot && singular(&candidate.to_lowercase()) == self.singular
    }

    fn letters_apart(&self, candidate: &str, limit: usize) -> Option<usize> {
        // Another case may have another length where letters are not ASCII.
        let lower = (!candidate.is_ascii()).then(|| candidate.to_lowercase());
        let letters = Letters::of(lower.as_deref().unwrap_or(candidate));
        if self.letters.least_apart(&letters) > limit {
            return None;
        }
        let distance = strsim::damerau_levenshtein(&self.lower, &lower.unwrap_or_else(|| candidate.to_lowercase()));
        (distance <= limit).then_some(distance)
    }
}

/// How often each letter is in a name; letters that are not ASCII share counts.
struct Letters([u8; 64]);

impl Letters {
    fn of(name: &str) -> Self {
        let mut counts = [0_u8; 64];
        for letter in name.chars() {
            let count = &mut counts[u32::from(letter.to_ascii_lowercase()) as usize % 64];
            *count = count.saturating_add(1);
        }
        Self(counts)
    }

    /// No two names with these letters are less apart: a letter more or less, or in the place of another, changes each side by one at most,
    /// and letters that change places change neither.
    fn least_apart(&self, other: &Self) -> usize {
        let (mut more, mut less) = (0, 0);
        for (a, b) in self.0.iter().zip(&other.0) {
            more += usize::from(a.saturating_sub(*b));
            less += usize::from(b.saturating_sub(*a));
        }
        more.max(less)
    }
}

/// A word as it is for one thing: `retry` for `retries`, `event` for `events`.
fn singular(word: &str) -> String {
    if let Some(stem) = word.strip_suffix("ies") {
        return format!("{stem}y");
    }
    let after_hiss =
        word.strip_suffix("es").filter(|stem| ["s", "x", "sh", "ch"].iter().any(|end| stem.ends_with(end)));
    let is_one = word.ends_with("us") || word.ends_with("ss");
    after_hiss.or_else(|| word.strip_suffix('s').filter(|_| !is_one)).unwrap_or(word).to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_meant() {
        let known = ["retry", "catch", "timeout", "then", "pay-1", "pay-2", "orders", "order-items", "bus", "indexes"];
        for (found, expected, certain) in [
            ("retries", Some("retry"), true),
            ("timout", Some("timeout"), true),
            ("Orders", Some("orders"), true),
            ("buses", Some("bus"), true),
            ("bus", Some("bus"), true),
            ("index", Some("indexes"), true),
            ("order", Some("orders"), true),
            ("pay-3", Some("pay-1"), false),
            ("thne", Some("then"), true),
            ("ordres-", Some("orders"), false),
            ("elsewhere", None, false),
        ] {
            let found_one = nearest(found, &known);
            assert_eq!(found_one, expected, "{found}");
            assert_eq!(found_one.is_some_and(|nearest| is_slip(found, nearest, &known)), certain, "{found}");
        }
    }

    /// What `nearest` says, by computing every distance.
    fn plainly<'a>(found: &str, known: &[&'a str]) -> Option<&'a str> {
        let limit = (found.chars().count() / 3).max(1);
        let found = found.to_lowercase();
        let distance = |candidate: &str| {
            let candidate = candidate.to_lowercase();
            if singular(&candidate) == singular(&found) {
                return usize::from(candidate != found);
            }
            strsim::damerau_levenshtein(&found, &candidate)
        };
        let near = known.iter().map(|candidate| (distance(candidate), *candidate)).filter(|(far, _)| *far <= limit);
        near.min().map(|(_, candidate)| candidate)
    }

    proptest! {
        #[test]
        fn nothing_near_is_passed_over(found in "[abEsiyx1ÄßĲ-]{0,9}", known in prop::collection::vec("[abEsiyx1äßĲ-]{0,9}", 0..12)) {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            prop_assert_eq!(nearest(&found, &known), plainly(&found, &known));
        }

        #[test]
        fn the_letters_bound_the_distance(a in "[a-zA-Z0-9-äé]{0,12}", b in "[a-zA-Z0-9-äé]{0,12}") {
            let (a, b) = (a.to_lowercase(), b.to_lowercase());
            prop_assert!(Letters::of(&a).least_apart(&Letters::of(&b)) <= strsim::damerau_levenshtein(&a, &b));
        }
    }

    #[test]
    fn few_distances_are_computed_among_thousands_of_names() {
        let known: Vec<String> = (0..3000).map(|number| format!("Queue{number:04}")).collect();
        let name = Name::new("Queue12345");
        let open = known.iter().filter(|known| name.letters.least_apart(&Letters::of(known)) <= 1).count();
        assert!(open < known.len() / 50, "{open}");
    }
}
