//! Texts that have a form, as times and UUIDs have: whether one can begin, end or go as an operator says, letter by letter.

use super::ast::{AnythingBut, MatchKind};
use crate::types::{Kind, Range};

/// The most digits of a second that a timestamp has.
const MOST_DECIMALS: usize = 9;

/// What stands at a place of a text.
#[derive(Clone, Copy)]
enum Place {
    /// This character.
    One(char),
    /// A digit that is no greater.
    Digit(char),
    /// A hexadecimal digit in lower case.
    Hex,
}

/// A part of what an operator says.
#[derive(Clone, Copy)]
enum Asked {
    /// This character.
    One(char),
    /// Any text.
    Any,
}

/// What texts of a kind are like, for messages; none of a kind without a form.
pub(super) fn like(kind: &Kind) -> Option<&'static str> {
    match kind {
        Kind::Uuid => Some("it is like `0197a2f0-7c3e-7b1a-9f00-2f6d1c9e4b55`, in lower case"),
        Kind::Timestamp => Some("it is like `2026-11-21T10:00:00Z`, with decimals of the second or without"),
        Kind::Date => Some("it is like `2026-11-21`"),
        Kind::Duration => Some("it is like `P1DT12H` or `PT0.5S`"),
        Kind::Bytes => Some("it is base64"),
        _ => None,
    }
}

/// Whether a text of a kind may be as an operator says. Of a kind without a form, as far as its length says.
pub(super) fn may_be(operator: &MatchKind, kind: &Kind) -> bool {
    match operator {
        MatchKind::Prefix(text, ignores_case) => is_like(kind, &[&text.value, ""], *ignores_case),
        MatchKind::Suffix(text, ignores_case) => is_like(kind, &["", &text.value], *ignores_case),
        MatchKind::EqualsIgnoreCase(text) => is_like(kind, &[&text.value], true),
        MatchKind::Wildcard(wildcard) => is_like(kind, &parts(&wildcard.value.parts), false),
        _ => true,
    }
}

/// The first of what is excluded that no text of a kind is like.
pub(super) fn excluded_in_vain(but: &AnythingBut, kind: &Kind) -> Option<(String, crate::source::Span)> {
    let none = |text: &crate::source::Spanned<String>, around: &dyn Fn(&str) -> bool| {
        (!around(&text.value)).then(|| (text.value.clone(), text.span))
    };
    match but {
        AnythingBut::Prefixes(texts) => {
            texts.iter().find_map(|one| none(one, &|text| is_like(kind, &[text, ""], false)))
        }
        AnythingBut::Suffixes(texts) => {
            texts.iter().find_map(|one| none(one, &|text| is_like(kind, &["", text], false)))
        }
        AnythingBut::IgnoreCase(texts) => texts.iter().find_map(|one| none(one, &|text| is_like(kind, &[text], true))),
        AnythingBut::Wildcards(texts) => {
            let in_vain = texts.iter().find(|one| !is_like(kind, &parts(&one.value.parts), false))?;
            Some((in_vain.value.text.clone(), in_vain.span))
        }
        AnythingBut::Texts(_) | AnythingBut::Numbers(_) => None,
    }
}

fn parts(parts: &[String]) -> Vec<&str> {
    parts.iter().map(String::as_str).collect()
}

/// Whether a text of a kind has these parts, with anything between them.
fn is_like(kind: &Kind, parts: &[&str], ignores_case: bool) -> bool {
    if let Kind::String(Range { min, max }) = kind {
        let length = parts.iter().map(|part| part.chars().count() as u64).sum::<u64>();
        let is_whole = parts.len() == 1;
        return max.is_none_or(|max| length <= max) && !(is_whole && min.is_some_and(|min| length < min));
    }
    if let Some(letters) = letters(kind) {
        let is_one = |letter: char| {
            letter.is_ascii_digit() || letters.contains(if ignores_case { letter.to_ascii_uppercase() } else { letter })
        };
        let starts = !matches!(kind, Kind::Duration)
            || parts.first().is_none_or(|first| first.is_empty() || first.starts_with(['P', 'p']));
        return starts && parts.iter().all(|part| part.chars().all(is_one));
    }
    let Some(forms) = forms(kind) else { return true };
    let mut asked = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            asked.push(Asked::Any);
        }
        asked.extend(part.chars().map(Asked::One));
    }
    forms.iter().any(|form| goes(form, &asked, ignores_case))
}

/// The letters beside digits that texts of a kind are made of which have no one form.
fn letters(kind: &Kind) -> Option<&'static str> {
    match kind {
        Kind::Duration => Some("PYMWDTHS."),
        Kind::Bytes => Some("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+/="),
        _ => None,
    }
}

/// The forms that texts of a kind have.
fn forms(kind: &Kind) -> Option<Vec<Vec<Place>>> {
    let form = |text: &str| text.chars().map(place).collect::<Vec<Place>>();
    match kind {
        Kind::Uuid => Some(vec![form("hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh")]),
        Kind::Date => Some(vec![form("9999-19-39")]),
        Kind::Timestamp => {
            let whole = "9999-19-39T29:59:59";
            let decimals = (1..=MOST_DECIMALS).map(|count| form(&format!("{whole}.{}Z", "9".repeat(count))));
            Some(std::iter::once(form(&format!("{whole}Z"))).chain(decimals).collect())
        }
        _ => None,
    }
}

/// A place as the forms above are written: a digit for those up to it, `h` for a hexadecimal one, anything else for itself.
fn place(letter: char) -> Place {
    match letter {
        'h' => Place::Hex,
        digit if digit.is_ascii_digit() => Place::Digit(digit),
        other => Place::One(other),
    }
}

/// Whether a text of a form is as it is asked: the places of the form that may have been read, after each part of what is asked.
fn goes(form: &[Place], asked: &[Asked], ignores_case: bool) -> bool {
    let mut read = vec![false; form.len() + 1];
    read[0] = true;
    for part in asked {
        let mut next = vec![false; form.len() + 1];
        match part {
            Asked::Any => {
                let mut any = false;
                for (at, next) in next.iter_mut().enumerate() {
                    any |= read[at];
                    *next = any;
                }
            }
            Asked::One(letter) => {
                for (at, place) in form.iter().enumerate() {
                    next[at + 1] = read[at] && takes(*place, *letter, ignores_case);
                }
            }
        }
        read = next;
    }
    read.last().copied().unwrap_or(false)
}

fn takes(place: Place, letter: char, ignores_case: bool) -> bool {
    match place {
        Place::One(own) if ignores_case => own.eq_ignore_ascii_case(&letter),
        Place::One(own) => own == letter,
        Place::Digit(most) => letter.is_ascii_digit() && letter <= most,
        Place::Hex => {
            letter.is_ascii_digit() || matches!(letter, 'a'..='f') || ignores_case && letter.is_ascii_hexdigit()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_a_form_are_held_letter_by_letter() {
        for (kind, parts, may_be) in [
            (Kind::Timestamp, &["", "Z"][..], true),
            (Kind::Timestamp, &["", "+00:00"], false),
            (Kind::Timestamp, &["", ".000Z"], true),
            (Kind::Timestamp, &["", "00Z"], true),
            (Kind::Timestamp, &["2026-11-", "T10:", "Z"], true),
            (Kind::Timestamp, &["2026/", ""], false),
            (Kind::Timestamp, &["", " ", ""], false),
            (Kind::Date, &["", "-31"], true),
            (Kind::Date, &["", "-41"], false),
            (Kind::Date, &["2026-", "T"], false),
            (Kind::Uuid, &["", "-7", ""], true),
            (Kind::Uuid, &["", "-z", ""], false),
            (Kind::Uuid, &["", "-aaaaa-", ""], false),
            (Kind::Uuid, &["", "A"], false),
            (Kind::String(Range { min: Some(2), max: Some(3) }), &["ab", "c"], true),
            (Kind::String(Range { min: Some(2), max: Some(3) }), &["ab", "cd"], false),
            (Kind::String(Range { min: Some(2), max: Some(3) }), &["a"], false),
            (Kind::Duration, &["", "x"], false),
            (Kind::Duration, &["1", ""], false),
            (Kind::Duration, &["P", "H", ""], true),
            (Kind::Bytes, &["#", ""], false),
            (Kind::Bytes, &["", "aB0+", "="], true),
        ] {
            assert_eq!(is_like(&kind, parts, false), may_be, "{kind:?} {parts:?}");
        }
        assert!(is_like(&Kind::Uuid, &["", "A"], true));
    }
}
