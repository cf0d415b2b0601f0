//! Source text as a terminal may show it: lines that are too long are cut around what is pointed at, and characters that
//! would steer the terminal, or turn the direction of text, are written as escapes.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

/// Most characters of a line that are shown whole.
const MOST: usize = 200;

/// How many characters are shown on both sides of where something that is pointed at starts or ends.
const AROUND: usize = 60;

/// A text to show, and where in it the given parts of the source are.
pub struct Excerpt<'a> {
    /// The text, with the lines of the source.
    pub text: Cow<'a, str>,
    /// A range of `text` for each of the source.
    pub ranges: Vec<Range<usize>>,
}

/// Makes a text fit to be shown, with every end of `ranges` in it.
pub fn excerpt(text: &str, ranges: Vec<Range<usize>>) -> Excerpt<'_> {
    if !text.contains(is_odd) && text.lines().all(|line| line.len() <= MOST) {
        return Excerpt { text: Cow::Borrowed(text), ranges };
    }
    let mut places: BTreeMap<usize, usize> =
        ranges.iter().flat_map(|range| [range.start, range.end]).map(|at| (at, 0)).collect();
    let mut shown = String::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        show(line, start, &mut places, &mut shown);
        start += line.len();
    }
    for (_, place) in places.range_mut(text.len()..) {
        *place = shown.len();
    }
    let ranges = ranges.into_iter().map(|range| places[&range.start]..places[&range.end]).collect();
    Excerpt { text: Cow::Owned(shown), ranges }
}

/// Shows a line that starts at `start` of the source, and notes where in `shown` its places are.
fn show(line: &str, start: usize, places: &mut BTreeMap<usize, usize>, shown: &mut String) {
    let in_line = start..start + line.len();
    let marks: Vec<usize> =
        places.range(in_line).map(|(at, _)| line.get(..at - start).unwrap_or(line).chars().count()).collect();
    let whole = line.chars().count() <= MOST;
    let mut cut = false;
    for (column, (at, c)) in line.char_indices().enumerate() {
        if let Some(place) = places.get_mut(&(start + at)) {
            *place = shown.len();
        }
        let near = marks.iter().any(|&mark| column.abs_diff(mark) <= AROUND) || (marks.is_empty() && column < MOST);
        if whole || near || c == '\n' {
            push(c, shown);
            cut = false;
        } else if !cut {
            shown.push('…');
            cut = true;
        }
    }
}

/// A text with escapes for what would steer a terminal.
pub fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(is_odd) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::new();
    text.chars().for_each(|c| push(c, &mut shown));
    Cow::Owned(shown)
}

fn push(c: char, shown: &mut String) {
    if is_odd(c) { shown.extend(c.escape_unicode()) } else { shown.push(c) }
}

/// Control characters, and those that turn the direction of text
/// (<https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters>).
fn is_odd(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_shown_as_it_is() {
        let shown = excerpt("a: 1\nb: 2\n", vec![0..1, 5..6]);
        assert!(matches!(shown.text, Cow::Borrowed(_)));
        assert_eq!(shown.ranges, [0..1, 5..6]);
    }

    #[test]
    fn long_lines_are_cut_around_what_is_pointed_at() {
        let text = format!("first: {}\nkey: {}WRONG{}\nlast: 1\n", "x".repeat(900), "é".repeat(500), "y".repeat(500));
        let start = text.find("WRONG").unwrap();
        let shown = excerpt(&text, vec![start..start + 5, text.len()..text.len()]);
        assert_eq!(&shown.text[shown.ranges[0].clone()], "WRONG");
        assert_eq!(shown.ranges[1], shown.text.len()..shown.text.len());
        let lines: Vec<&str> = shown.text.lines().collect();
        assert!(lines[0].starts_with("first: xxx") && lines[0].ends_with("x…"), "{}", lines[0]);
        assert!(lines[1].starts_with("…éé") && lines[1].ends_with("yy…"), "{}", lines[1]);
        assert!(lines.iter().all(|line| line.chars().count() <= MOST + 1));
        assert_eq!(lines[2], "last: 1");
    }

    #[test]
    fn what_steers_a_terminal_is_escaped() {
        let shown = excerpt("a: \u{1b}[31mred\u{202e}\r\nb: 1", vec![4..8, 20..21]);
        assert_eq!(shown.text, "a: \\u{1b}[31mred\\u{202e}\r\nb: 1");
        assert_eq!(&shown.text[shown.ranges[0].clone()], "[31m");
        assert_eq!(escaped("a\u{7}"), "a\\u{7}");
    }
}
