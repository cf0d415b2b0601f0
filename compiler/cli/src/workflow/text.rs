//! What the commands print: columns, times and colours. Colours are taken out again where nobody sees them (`console::print`).

use evc_workflow::{Status, Timestamp};

use evc_compiler::report::excerpt::escaped;

pub(super) const BOLD: &str = "\u{1b}[1m";
pub(super) const DIM: &str = "\u{1b}[2m";
pub(super) const RED: &str = "\u{1b}[31m";
pub(super) const GREEN: &str = "\u{1b}[32m";
pub(super) const YELLOW: &str = "\u{1b}[33m";
const RESET: &str = "\u{1b}[0m";

/// A text in a colour.
pub(super) fn paint(style: &str, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{style}{text}{RESET}") }
}

/// The colour of a status.
pub(super) fn color(status: Status) -> &'static str {
    match status {
        Status::Running => YELLOW,
        Status::Succeeded => GREEN,
        Status::Failed | Status::TimedOut => RED,
        Status::Aborted => DIM,
    }
}

/// A text from the server on one line, with nothing in it that would steer a terminal.
pub(super) fn plain(text: &str) -> String {
    escaped(text).replace(['\n', '\r', '\t'], " ")
}

/// A point in time: `2026-11-21T10:00:00.000Z`.
pub(super) fn time(ms: u64) -> String {
    i64::try_from(ms)
        .ok()
        .and_then(|ms| Timestamp::from_millis(ms).ok())
        .map_or_else(|| ms.to_string(), |at| at.to_string())
}

/// A length of time as people say it: `950ms`, `12.3s`, `4m 05s`, `3h 12m`, `2d 4h`.
pub(super) fn length(ms: u64) -> String {
    let (seconds, minutes, hours) = (ms / 1000, ms / 60_000, ms / 3_600_000);
    match ms {
        0..1000 => format!("{ms}ms"),
        1000..60_000 => format!("{seconds}.{}s", ms % 1000 / 100),
        60_000..3_600_000 => format!("{minutes}m {:02}s", seconds % 60),
        3_600_000..86_400_000 => format!("{hours}h {:02}m", minutes % 60),
        _ => format!("{}d {}h", hours / 24, hours % 24),
    }
}

/// A text cut off at a number of characters.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{kept}…")
}

/// How a cell stands in its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

/// A cell: its text, and the colour that it is shown in.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) style: &'static str,
}

impl Cell {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), style: "" }
    }

    pub(super) fn styled(text: impl Into<String>, style: &'static str) -> Self {
        Self { text: text.into(), style }
    }
}

/// Columns under their titles, each as wide as its widest cell. What follows the last column of a line is not looked at.
pub(super) fn table(titles: &[(&str, Side)], rows: &[Vec<Cell>]) -> Vec<String> {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.text.chars().count());
        cells.chain([titles[column].0.chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..titles.len()).map(width).collect();
    let line = |cells: &[Cell]| {
        let mut line = String::new();
        for (column, cell) in cells.iter().enumerate() {
            let (side, width) = (titles[column].1, widths[column]);
            let room = " ".repeat(width - cell.text.chars().count());
            let shown = if cell.style.is_empty() { cell.text.clone() } else { paint(cell.style, &cell.text) };
            let last = column + 1 == cells.len();
            match side {
                Side::Right => line.extend([room.as_str(), &shown]),
                Side::Left if last => line.push_str(&shown),
                Side::Left => line.extend([shown.as_str(), &room]),
            }
            if !last {
                line.push_str("  ");
            }
        }
        line
    };
    let head: Vec<Cell> = titles.iter().map(|(title, _)| Cell::styled(*title, BOLD)).collect();
    std::iter::once(line(&head)).chain(rows.iter().map(|row| line(row))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_as_exact_as_they_are_short() {
        for (ms, text) in [
            (0, "0ms"),
            (999, "999ms"),
            (12_345, "12.3s"),
            (59_999, "59.9s"),
            (245_000, "4m 05s"),
            (11_520_000, "3h 12m"),
            (187_200_000, "2d 4h"),
        ] {
            assert_eq!(length(ms), text);
        }
    }

    #[test]
    fn columns_align_under_their_titles() {
        let rows = [vec![Cell::styled("a", RED), Cell::new("1.0s")], vec![Cell::new("longer"), Cell::new("12ms")]];
        let lines = table(&[("NAME", Side::Left), ("TOOK", Side::Right)], &rows);
        let plain = anstream::adapter::strip_str(&lines.join("\n")).to_string();
        assert_eq!(plain, "NAME    TOOK\na       1.0s\nlonger  12ms");
    }

    #[test]
    fn what_steers_a_terminal_is_shown_as_text() {
        assert!(!plain("\u{1b}[2Jgone\nnext").contains(['\u{1b}', '\n']));
        assert_eq!((cut("abcdef", 4).as_str(), cut("abc", 4).as_str()), ("abc…", "abc"));
    }
}
