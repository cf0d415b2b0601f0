//! Text to tokens, each with its bytes. The lexical rules are those of JSONata 2.0.6, which Step Functions runs.

use std::ops::Range;

/// A token and the bytes it covers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) range: Range<usize>,
}

/// The kinds of token.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum TokenKind {
    /// A literal in quotes, unescaped.
    String(String),
    /// A number; the sign is an operator.
    Number(f64),
    /// `/pattern/flags`.
    Regex,
    /// A bare word, `and`, `or`, `in`, `true`, `false` and `null` included.
    Word(String),
    /// A name in backticks.
    Quoted(String),
    /// `$name`, without its dollar: empty for `$`, `$` for `$$`.
    Variable(String),
    /// Punctuation: `.`, `:=`, `!=`.
    Op(&'static str),
    /// The end of the text.
    End,
}

/// What is wrong at which bytes.
#[derive(Debug)]
pub(super) struct LexError {
    pub(super) message: String,
    pub(super) range: Range<usize>,
}

/// Two-character operators come first, so that the longest one matches.
const OPERATORS: [&str; 32] = [
    "..", ":=", "!=", ">=", "<=", "**", "~>", ".", "[", "]", "{", "}", "(", ")", ",", "@", "#", ";", ":", "?", "+",
    "-", "*", "/", "%", "|", "=", "<", ">", "^", "&", "!",
];

/// Reads the whole text. The last token is always [`TokenKind::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, LexError> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut at = 0;
    // Whether an operand is due: there `/` opens a regular expression, `*` is a wildcard and `in` is a name.
    let mut operand_due = true;
    loop {
        at = skip_blank(text, at)?;
        let rest = &text[at..];
        let Some(first) = rest.chars().next() else {
            tokens.push(Token { kind: TokenKind::End, range: at..at });
            return Ok(tokens);
        };
        let (kind, length) = match first {
            '"' | '\'' => string(rest, first, at)?,
            '`' => backticks(rest, at)?,
            '/' if operand_due => regex(rest, at)?,
            '0'..='9' => number(rest, at)?,
            _ => match OPERATORS.iter().find(|operator| rest.starts_with(**operator)) {
                Some(operator) => (TokenKind::Op(operator), operator.len()),
                None => word(rest, at)?,
            },
        };
        operand_due = match &kind {
            TokenKind::Op(operator) => match *operator {
                ")" | "]" | "}" => false,
                "*" | "**" | "%" => !operand_due,
                _ => true,
            },
            TokenKind::Word(word) => !operand_due && matches!(word.as_str(), "and" | "or" | "in"),
            _ => false,
        };
        tokens.push(Token { kind, range: at..at + length });
        at += length;
    }
}

fn skip_blank(text: &str, mut at: usize) -> Result<usize, LexError> {
    loop {
        let rest = &text[at..];
        let trimmed = rest.trim_start_matches([' ', '\t', '\n', '\r', '\u{b}']);
        at += rest.len() - trimmed.len();
        if !trimmed.starts_with("/*") {
            return Ok(at);
        }
        match trimmed.find("*/") {
            Some(end) => at += end + 2,
            None => return Err(error("a comment is not closed; expected `*/`", at..text.len())),
        }
    }
}

fn string(rest: &str, quote: char, at: usize) -> Result<(TokenKind, usize), LexError> {
    let mut value = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((offset, char)) = chars.next() {
        if char == quote {
            return Ok((TokenKind::String(value), offset + 1));
        }
        if char != '\\' {
            value.push(char);
            continue;
        }
        let Some((_, escape)) = chars.next() else { break };
        match escape {
            '"' | '\\' | '/' => value.push(escape),
            'b' => value.push('\u{8}'),
            'f' => value.push('\u{c}'),
            'n' => value.push('\n'),
            'r' => value.push('\r'),
            't' => value.push('\t'),
            'u' => {
                let (char, length) = unicode_escape(&rest[offset..]).ok_or_else(|| {
                    error("expected `\\u` and four hexadecimal digits of a character", at + offset..at + offset + 2)
                })?;
                value.push(char);
                chars.nth(length - 3);
            }
            other => {
                let end = at + offset + 1 + other.len_utf8();
                let message = format!("unknown escape `\\{other}`; JSONata takes those of JSON");
                return Err(error(message, at + offset..end));
            }
        }
    }
    Err(error(format!("a string is not closed; expected {quote}"), at..at + rest.len()))
}

/// The character that `\u` and four digits name, or two such for one outside the basic plane; and the bytes they take.
fn unicode_escape(text: &str) -> Option<(char, usize)> {
    let unit = |text: &str| {
        let digits =
            text.strip_prefix("\\u")?.get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        u32::from_str_radix(digits, 16).ok()
    };
    let first = unit(text)?;
    if let Some(char) = char::from_u32(first) {
        return Some((char, 6));
    }
    let second = unit(text.get(6..)?)?;
    let pair = (0xd800..0xdc00).contains(&first) && (0xdc00..0xe000).contains(&second);
    pair.then(|| char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)))?.map(|char| (char, 12))
}

fn backticks(rest: &str, at: usize) -> Result<(TokenKind, usize), LexError> {
    match rest[1..].find('`') {
        Some(end) => Ok((TokenKind::Quoted(rest[1..=end].to_owned()), end + 2)),
        None => Err(error("a quoted name is not closed; expected a backtick", at..at + rest.len())),
    }
}

fn regex(rest: &str, at: usize) -> Result<(TokenKind, usize), LexError> {
    let mut escaped = false;
    let mut depth = 0_i32;
    for (offset, char) in rest.char_indices().skip(1) {
        match char {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            '/' if depth == 0 && offset == 1 => break,
            '/' if depth == 0 => {
                let flags = rest[offset + 1..].chars().take_while(|flag| matches!(flag, 'i' | 'm')).count();
                return Ok((TokenKind::Regex, offset + 1 + flags));
            }
            _ => {}
        }
    }
    Err(error("a regular expression is empty or not closed; expected `/`", at..at + rest.len()))
}

fn number(rest: &str, at: usize) -> Result<(TokenKind, usize), LexError> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    // JSON's rule: no leading zeros, so `01` is `0` and then `1`.
    let mut length = if rest.starts_with('0') { 1 } else { digits(rest) };
    if let Some(fraction) = rest[length..].strip_prefix('.').map(digits).filter(|count| *count > 0) {
        length += 1 + fraction;
    }
    if let Some(exponent) = rest[length..].strip_prefix(['e', 'E']) {
        let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        if digits(unsigned) > 0 {
            length += 1 + exponent.len() - unsigned.len() + digits(unsigned);
        }
    }
    match rest[..length].parse() {
        Ok(value) if f64::is_finite(value) => Ok((TokenKind::Number(value), length)),
        _ => Err(error("a number is too large for a double", at..at + length)),
    }
}

fn word(rest: &str, at: usize) -> Result<(TokenKind, usize), LexError> {
    let length = rest.find(stops_word).unwrap_or(rest.len());
    match rest[..length].strip_prefix('$') {
        Some(name) => Ok((TokenKind::Variable(name.to_owned()), length)),
        None if length > 0 => Ok((TokenKind::Word(rest[..length].to_owned()), length)),
        None => {
            let first = rest.chars().next().map_or(0, char::len_utf8);
            Err(error(format!("unexpected `{}`", &rest[..first]), at..at + first))
        }
    }
}

fn stops_word(char: char) -> bool {
    char.is_whitespace()
        || matches!(char, '"' | '\'' | '`' | '~')
        || OPERATORS[7..].iter().any(|op| op.starts_with(char))
}

fn error(message: impl Into<String>, range: Range<usize>) -> LexError {
    LexError { message: message.into(), range }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<TokenKind> {
        let mut kinds: Vec<_> = tokens(text).expect("tokens").into_iter().map(|token| token.kind).collect();
        assert_eq!(kinds.pop(), Some(TokenKind::End));
        kinds
    }

    #[test]
    fn a_slash_after_an_operand_divides() {
        assert_eq!(kinds("a / b / c").len(), 5);
        assert_eq!(kinds("$f(/a[/]b/i)").len(), 4);
        assert_eq!(kinds("a and /x/").len(), 3);
    }

    #[test]
    fn strings_take_the_escapes_of_json() {
        assert_eq!(kinds(r"'a\n\u00e9\ud83d\ude00'"), [TokenKind::String("a\né😀".into())]);
        assert!(tokens(r"'\x'").is_err());
        assert!(tokens(r"'\u12'").is_err());
        assert!(tokens("'abc").is_err());
    }

    #[test]
    fn every_token_covers_its_text() {
        let text = "$sum(input.items[price >= 1.5e3].`a b`) /* note */ & 'é'";
        let tokens = tokens(text).expect("tokens");
        let joined: Vec<&str> = tokens.iter().map(|token| &text[token.range.clone()]).collect();
        assert_eq!(
            joined,
            ["$sum", "(", "input", ".", "items", "[", "price", ">=", "1.5e3", "]", ".", "`a b`", ")", "&", "'é'", ""]
        );
    }
}
