//! Which tabs of a text indent it, and which are part of its values.

/// The tabs in the indentation, a list a line. Those in a block of text (`|` or `>`) that stand behind what its first line is indented by
/// are part of the text.
pub(super) fn of_indentation(text: &str) -> Vec<Vec<usize>> {
    let mut tabs = Vec::new();
    let mut block: Option<Block> = None;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        let is_blank = line.trim().is_empty();
        if !is_blank && block.as_ref().is_some_and(|block| indent <= block.outside) {
            block = None;
        }
        let own = match &mut block {
            Some(block) if !is_blank => *block.inside.get_or_insert_with(|| own_indent(line, indent)),
            _ => indent,
        };
        let in_line: Vec<usize> =
            (start..start + indent.min(own)).filter(|&at| text.as_bytes().get(at) == Some(&b'\t')).collect();
        if !in_line.is_empty() && !is_blank {
            tabs.push(in_line);
        }
        if block.is_none() && opens_block(line) {
            block = Some(Block { outside: indent, inside: None });
        }
        start += line.len();
    }
    tabs
}

/// Whether some line of the text is indented with spaces alone.
pub(super) fn are_beside_spaces(text: &str) -> bool {
    let by_space = |line: &&str| line.starts_with(' ') && !line.trim().is_empty();
    text.lines().filter(by_space).any(|line| !indentation(line).contains('\t'))
}

/// Whether the line of a byte, or the last one before it that is not empty, is indented with a tab.
pub(super) fn is_after(text: &str, at: usize) -> bool {
    let end = text[at.min(text.len())..].find('\n').map_or(text.len(), |found| at + found);
    let lines = text[..end].lines().rev().filter(|line| !line.trim().is_empty());
    lines.take(2).any(|line| indentation(line).contains('\t'))
}

/// What a line is indented by.
fn indentation(line: &str) -> &str {
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

/// A block of text.
struct Block {
    /// The indent of the line that opens it.
    outside: usize,
    /// The indent of its first line, once that is known.
    inside: Option<usize>,
}

/// What indents the first line of a block: all of it if that is tabs, and the spaces before a tab otherwise.
fn own_indent(line: &str, indent: usize) -> usize {
    let spaces = line.len() - line.trim_start_matches(' ').len();
    if spaces > 0 { spaces } else { indent }
}

/// Whether a line ends in what opens a block of text: `key: |`, `- >-`, perhaps with a comment.
fn opens_block(line: &str) -> bool {
    let line = line.split_once(" #").map_or(line, |(before, _)| before).trim_end();
    let head = line.trim_end_matches(|c: char| matches!(c, '+' | '-' | '0'..='9'));
    let before = head.strip_suffix('|').or_else(|| head.strip_suffix('>'));
    before.is_some_and(|before| line.len() - head.len() <= 2 && (before.ends_with(": ") || before.ends_with("- ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tabs_of_blocks_of_text_are_text() {
        for (text, expected) in [
            ("a:\n\tb: 1\n", vec![vec![3]]),
            ("a: |\n  x\n  \ty\nb:\n\tc: 1\n", vec![vec![17]]),
            ("a: >-  # why\n  \tx\n  y\nb:\n\tc: 1\n", vec![vec![25]]),
            ("a:\n\tb: |\n\t\tx\n\t\t\ty\n\tc: 1\n", vec![vec![3], vec![9, 10], vec![13, 14], vec![18]]),
            ("- |2\n  x\n\n  \ty\n", vec![]),
            ("a: b |\n\tc: 1\n", vec![vec![7]]),
            ("a: |\n\n\tx\n", vec![vec![6]]),
        ] {
            assert_eq!(of_indentation(text), expected, "{text:?}");
        }
    }
}
