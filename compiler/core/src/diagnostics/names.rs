//! Names that are meant by others: which of those that are known is like the one that was written.

/// The candidate most like `found`, if one is near enough to be what was meant.
pub fn nearest<'a>(found: &str, known: &[&'a str]) -> Option<&'a str> {
    let limit = (found.chars().count() / 3).max(1);
    let found = found.to_lowercase();
    let distance = |candidate: &str| {
        let candidate = candidate.to_lowercase();
        if singular(&candidate) == singular(&found) {
            return usize::from(candidate != found);
        }
        strsim::damerau_levenshtein(&found, &candidate)
    };
    known
        .iter()
        .map(|candidate| (distance(candidate), *candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
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

/// Names in backticks, joined by commas.
pub fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Whether `found` can only be a slip for `nearest`: they differ by one letter, or in number or case, and no other name is that near. Names
/// that differ in a digit are different things.
pub(super) fn is_slip(found: &str, nearest: &str, known: &[&str]) -> bool {
    let digits = |name: &str| name.chars().filter(char::is_ascii_digit).collect::<String>();
    let steps = |candidate: &str| {
        let (found, candidate) = (found.to_lowercase(), candidate.to_lowercase());
        if singular(&candidate) == singular(&found) { 0 } else { strsim::damerau_levenshtein(&found, &candidate) }
    };
    let near = known.iter().filter(|candidate| steps(candidate) <= 2).count();
    (found.chars().count() >= 4 || steps(nearest) == 0)
        && digits(found) == digits(nearest)
        && steps(nearest) <= 1
        && near == 1
}

#[cfg(test)]
mod tests {
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
}
