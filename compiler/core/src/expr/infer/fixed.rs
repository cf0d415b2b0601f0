//! Literal arguments of functions with which a call fails, or gives nothing, whatever the data: pictures of numbers and times,
//! algorithms, bases.
//!
//! The rules are those of JSONata 2.0.6, <https://github.com/jsonata-js/jsonata/blob/v2.0.6/src/functions.js> and `datetime.js`, and for
//! `$hash`, `$partition`, `$range` and `$parse`
//! <https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html#jsonata-functions-provided-by-aws>.

use super::Infer;
use super::regex::shape_of;
use super::returns::Given;
use crate::diagnostics::{Code, Diagnostic, list};
use crate::expr::ast::{Ast, AstKind};
use crate::expr::functions::Function;
use crate::types::{Kind, text_problem};

/// The algorithms of `$hash`.
const ALGORITHMS: [&str; 5] = ["MD5", "SHA-1", "SHA-256", "SHA-384", "SHA-512"];

/// Whether these milliseconds since 1970 are a time: with a picture one that a `Date` of JavaScript holds, and without one of which the year
/// has four digits, as a timestamp has.
/// <https://tc39.es/ecma262/#sec-time-values-and-time-range>
pub(super) fn is_of_a_date(millis: f64, by_picture: bool) -> bool {
    if by_picture { millis.abs() <= 8.64e15 } else { (-62_135_596_800_000.0..253_402_300_800_000.0).contains(&millis) }
}

impl Infer<'_> {
    /// What never is a time, by its type, where a function reads one.
    fn no_time<'g>(&self, function: &str, given: &[Given<'g>]) -> Option<(&'g Ast, Never)> {
        let (ast, of) = match given {
            [only] if matches!(function, "toMillis" | "toTimestamp" | "toDate") => only,
            _ => return None,
        };
        let found = match self.types.resolve(&of.ty).kind {
            Kind::Uuid => "a uuid",
            Kind::Duration => "a duration",
            _ => return None,
        };
        let help = "a time is like `2026-11-21T10:00:00.000Z`, or a date like `2026-11-21`";
        Some((*ast, never(format!("`${function}` reads a time, which {found} never is"), Some(help))))
    }

    /// Reports literals with which a call can never work.
    pub(super) fn literals(&mut self, function: &Function, given: &[Given<'_>]) {
        // The value may be left out inside of a map; then nothing is looked at.
        let text = |at: usize| match given.get(at) {
            Some((ast @ Ast { kind: AstKind::String(text), .. }, _)) => Some((*ast, text.as_str())),
            _ => None,
        };
        let at = |at: usize| given.get(at).and_then(|(ast, _)| Some((*ast, number(ast)?)));
        let problem = match function.name {
            "formatNumber" if given.len() == 2 => text(1).and_then(|(at, text)| Some((at, number_picture(text)?))),
            "formatInteger" | "parseInteger" => text(1).and_then(|(at, text)| Some((at, integer_picture(text)?))),
            "fromMillis" => {
                let picture = text(1).and_then(|(at, text)| Some((at, time_picture(text)?)));
                let zone = || text(2).and_then(|(at, text)| Some((at, zone(text)?)));
                let beyond = || {
                    let (at, millis) = at(0).filter(|(_, millis)| !is_of_a_date(*millis, given.len() > 1))?;
                    let message = format!("{millis} milliseconds since 1970 are no time that `$fromMillis` can write");
                    Some((at, never(message, Some("a time is between the years 1 and 9999"))))
                };
                picture.or_else(zone).or_else(beyond)
            }
            "now" => {
                let picture = text(0).and_then(|(at, text)| Some((at, time_picture(text)?)));
                picture.or_else(|| text(1).and_then(|(at, text)| Some((at, zone(text)?))))
            }
            "toMillis" if given.len() > 1 => text(1).and_then(|(at, text)| Some((at, read_picture(text)?))),
            "hash" => text(1).filter(|(_, text)| !ALGORITHMS.contains(text)).map(|(at, text)| {
                (at, Never { message: format!("`{text}` is no algorithm of `$hash`"), help: None, known: &ALGORITHMS })
            }),
            "formatBase" => at(1)
                .filter(|(_, base)| !(2.0..=36.0).contains(base))
                .map(|(at, base)| (at, never(format!("a base is 2 to 36; found {base}"), None))),
            "partition" => at(1)
                .filter(|(_, size)| *size < 1.0)
                .map(|(at, size)| (at, never(format!("a part has at least one element; found {size}"), None))),
            "range" => at(2)
                .filter(|(_, step)| *step == 0.0)
                .map(|(at, _)| (at, never("a range with steps of 0 comes to no end".to_owned(), None))),
            "number" => text(0)
                .filter(|(_, text)| !is_number(text))
                .map(|(at, text)| (at, never(format!("`{text}` is not a number"), None))),
            "replace" | "split" | "match" => {
                let limit = at(if function.name == "replace" { 3 } else { 2 });
                let pattern = given.get(1).and_then(|(pattern, _)| {
                    let Ast { kind: AstKind::Regex, .. } = pattern else { return None };
                    let written = self.text(pattern);
                    shape_of(written).filter(|shape| shape.is_empty).map(|_| (*pattern, matches_nothing(written)))
                });
                let nothing = text(1).filter(|(_, text)| function.name == "replace" && text.is_empty());
                let nothing = nothing.map(|(at, _)| (at, never("an empty text cannot be replaced".to_owned(), None)));
                let limit = limit.filter(|(_, most)| *most < 0.0).map(|(at, most)| {
                    (at, never(format!("`${}` takes no negative number of times; found {most}", function.name), None))
                });
                pattern.or(nothing).or(limit)
            }
            "sqrt" => given.first().filter(|(_, of)| self.is_negative(of)).map(|(at, of)| {
                let found = super::show(&of.ty);
                (*at, never(format!("a negative number has no square root; found {found}"), None))
            }),
            "power" => at(0)
                .zip(at(1))
                .filter(|((_, of), (_, to))| !of.powf(*to).is_finite())
                .map(|((_, of), (at, to))| (at, never(format!("{of} to the power of {to} is no number"), None))),
            "decodeUrlComponent" | "decodeUrl" => text(0).filter(|(_, text)| !is_escaped(text)).map(|(at, text)| {
                (at, never(format!("`{text}` is not escaped for a URL"), Some("a `%` is escaped as `%25`")))
            }),
            "toUuid" => text(0).and_then(|(at, text)| Some((at, never(text_problem(&Kind::Uuid, text)?, None)))),
            "toTimestamp" | "toDate" => text(0).filter(|(_, text)| !may_be_time(text)).map(|(at, text)| {
                let help = "a time is like `2026-11-21T10:00:00.000Z`, or a date like `2026-11-21`";
                (at, never(format!("`{text}` is not a time"), Some(help)))
            }),
            "toMillis" if given.len() == 1 => text(0).filter(|(_, text)| !may_be_time(text)).map(|(at, text)| {
                let help = "a time is like `2026-11-21T10:00:00.000Z`; of another, a picture is the second argument";
                (at, never(format!("`{text}` is not a time"), Some(help)))
            }),
            "toOneOf" => text(0).and_then(|(at, text)| {
                let Some((Ast { kind: AstKind::Array(items), .. }, _)) = given.get(1) else { return None };
                let known: Option<Vec<&str>> = items
                    .iter()
                    .map(|item| if let AstKind::String(text) = &item.kind { Some(text.as_str()) } else { None })
                    .collect();
                let known = known.filter(|known| !known.contains(&text))?;
                Some((at, never(format!("`{text}` is none of {}", list(&known)), None)))
            }),
            "parse" => text(0).and_then(|(at, text)| {
                let error = serde_json::from_str::<serde::de::IgnoredAny>(text).err()?;
                Some((at, never(format!("the text is not JSON: {error}"), None)))
            }),
            _ => None,
        };
        let problem =
            problem.or_else(|| self.no_time(function.name, given)).or_else(|| self.never_by_type(function.name, given));
        let Some((ast, never)) = problem else { return };
        let inner = ast.range.start + 1..ast.range.end.saturating_sub(1);
        let is_text = matches!(ast.kind, AstKind::String(_));
        let span = self.span(if is_text { &inner } else { &ast.range });
        let mut diagnostic = Diagnostic::new(Code::EVC0422, span, never.message);
        if let AstKind::String(written) = &ast.kind
            && !never.known.is_empty()
        {
            diagnostic = self.suggest(diagnostic, written, never.known);
            if diagnostic.help.is_empty() {
                diagnostic = diagnostic.help(format!("it is one of {}", list(never.known)));
            }
        }
        if let Some(help) = never.help {
            diagnostic = diagnostic.help(help);
        }
        self.report(diagnostic);
    }
}

/// Why a literal can never work.
pub(super) struct Never {
    message: String,
    help: Option<String>,
    known: &'static [&'static str],
}

pub(super) fn never(message: String, help: Option<&str>) -> Never {
    Never { message, help: help.map(str::to_owned), known: &[] }
}

/// That a regular expression matches the empty text.
fn matches_nothing(written: &str) -> Never {
    never(
        format!("`{written}` matches the empty text, of which the call fails"),
        Some("let it match at least one character: `+` in place of `*`, and no `?` behind all of it"),
    )
}

/// Whether every `%` of a text starts an escape of two hexadecimal digits.
fn is_escaped(text: &str) -> bool {
    text.split('%').skip(1).all(|rest| {
        let digits = rest.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}

/// Whether `$toMillis` may read a text: it starts with a year, has nothing that no time has, and no month, day, hour, minute or second that
/// none is. That the month has such a day is not asked.
pub(super) fn may_be_time(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_digit() || b"-:.+TZ".contains(&byte);
    let year = text.as_bytes().get(..4);
    let within = |(at, before, least, most): (usize, u8, u32, u32)| {
        let is_said = text.as_bytes().get(at - 1) == Some(&before);
        let said = text.get(at..at + 2).filter(|_| is_said).and_then(|digits| digits.parse::<u32>().ok());
        said.is_none_or(|said| (least..=most).contains(&said))
    };
    year.is_some_and(|year| year.iter().all(u8::is_ascii_digit))
        && text.bytes().all(is_part)
        && [(5, b'-', 1, 12), (8, b'-', 1, 31), (11, b'T', 0, 24), (14, b':', 0, 59), (17, b':', 0, 59)]
            .into_iter()
            .all(within)
}

fn number(ast: &Ast) -> Option<f64> {
    match &ast.kind {
        AstKind::Number(number) => Some(*number),
        AstKind::Negate(inner) => number(inner).map(|number| -number),
        _ => None,
    }
}

/// Whether `$number` reads a text.
pub(super) fn is_number(text: &str) -> bool {
    let prefixed = ["0x", "0X", "0b", "0B", "0o", "0O"].iter().any(|prefix| text.starts_with(prefix));
    prefixed || (text.parse::<f64>().is_ok_and(f64::is_finite) && !text.starts_with(['+', '.']) && !text.ends_with('.'))
}

/// What is wrong with a time zone: an offset such as `+0200` is one, a name is not.
fn zone(text: &str) -> Option<Never> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_offset = digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit());
    (!is_offset).then(|| never(format!("`{text}` is not a time zone here"), Some("it is an offset: `+0200`")))
}

/// What is wrong with the picture of a number; <https://www.w3.org/TR/xpath-functions-31/#syntax-of-picture-string>.
fn number_picture(picture: &str) -> Option<Never> {
    const HELP: &str = "a picture is like `#,##0.00`: `#` for digits that may be left out, `0` for those that may not";
    let parts: Vec<&str> = picture.split(';').collect();
    if parts.len() > 2 {
        return Some(never(
            "a picture has at most two parts, for positive and for negative numbers".to_owned(),
            Some(HELP),
        ));
    }
    parts
        .iter()
        .find_map(|part| sub_picture(part))
        .map(|reason| never(format!("`{picture}` is not a picture of a number: {reason}"), Some(HELP)))
}

fn sub_picture(part: &str) -> Option<&'static str> {
    let digit = |char: char| char.is_ascii_digit();
    let active = |char: char| digit(char) || matches!(char, '.' | ',' | '#');
    let (Some(start), Some(end)) = (part.find(active), part.rfind(active)) else { return Some("it has no digit") };
    let core = &part[start..=end];
    // What stands after an `e` is an exponent.
    let (mantissa, exponent) = match core.split_once('e') {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (core, None),
    };
    if !mantissa.contains(|char: char| digit(char) || char == '#') {
        return Some("it has no digit");
    }
    if part.matches('.').count() > 1 {
        return Some("it has two decimal points");
    }
    if part.matches('%').count() > 1 {
        return Some("it has two percent signs");
    }
    if core.chars().any(|char| !active(char) && char != 'e') {
        return Some("there is text among its digits");
    }
    if core.contains(",.")
        || core.contains(".,")
        || core.contains(",,")
        || mantissa.ends_with(',') && !mantissa.contains('.')
    {
        return Some("a `,` stands between digits");
    }
    let (whole, decimals) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.rfind('#').is_some_and(|at| whole[..at].contains(digit)) {
        return Some("`#` stands before `0`");
    }
    if decimals.find('#').is_some_and(|at| decimals[at..].contains(digit)) {
        return Some("after the point, `#` stands after `0`");
    }
    match exponent {
        Some(exponent) if exponent.is_empty() || !exponent.chars().all(digit) => {
            Some("its exponent has other than digits")
        }
        _ => None,
    }
}

/// What is wrong with the picture of a whole number.
fn integer_picture(picture: &str) -> Option<Never> {
    (!is_integer_picture(picture)).then(|| {
        never(
            format!("`{picture}` is not a picture of a whole number"),
            Some(
                "it has digits, such as `#,##0` or `000`, or is `w` for words, `i` for Roman numerals, `a` for letters",
            ),
        )
    })
}

fn is_integer_picture(picture: &str) -> bool {
    let primary = picture.rsplit_once(';').map_or(picture, |(primary, _)| primary);
    matches!(primary, "A" | "a" | "I" | "i" | "W" | "w" | "Ww") || primary.chars().any(char::is_numeric)
}

const TIME_HELP: &str =
    "a picture is like `[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01]`: what is not in brackets stands for itself";

/// What is wrong with the picture of a time; <https://www.w3.org/TR/xpath-functions-31/#date-picture-string>.
fn time_picture(picture: &str) -> Option<Never> {
    // As other languages write pictures, which stands for itself here.
    let is_foreign = ["YY", "yy", "MM", "DD", "dd", "HH", "hh"].iter().any(|part| picture.contains(part));
    if is_foreign && !picture.contains('[') {
        return Some(never(format!("`{picture}` has no part of a time, and gives itself"), Some(TIME_HELP)));
    }
    markers(picture)
        .err()
        .map(|reason| never(format!("`{picture}` is not a picture of a time: {reason}"), Some(TIME_HELP)))
}

/// What is wrong with a picture by which a time is read.
fn read_picture(picture: &str) -> Option<Never> {
    let found = match markers(picture) {
        Ok(found) => found,
        Err(reason) => {
            return Some(never(format!("`{picture}` is not a picture of a time: {reason}"), Some(TIME_HELP)));
        }
    };
    if found.is_empty() {
        let message = format!("`{picture}` has no part that is read, so that no text is a time by it");
        return Some(never(message, Some(TIME_HELP)));
    }
    // Parts in between that are missing, by their size.
    let order = ['Y', 'M', 'D', 'H', 'm', 's', 'f'];
    if found.iter().all(|part| order.contains(part)) {
        let places: Vec<usize> =
            order.iter().enumerate().filter(|(_, part)| found.contains(part)).map(|(at, _)| at).collect();
        if let (Some(first), Some(last)) = (places.first(), places.last())
            && last - first + 1 != places.len()
        {
            let missing = (*first..*last).find(|at| !places.contains(at)).map_or(' ', |at| order[at]);
            let message = format!("`{picture}` leaves out `[{missing}]` between larger and smaller parts");
            return Some(never(message, Some(TIME_HELP)));
        }
    }
    None
}

/// The components of the markers of a picture.
fn markers(picture: &str) -> Result<Vec<char>, String> {
    let mut found = Vec::new();
    let mut rest = picture;
    while let Some(at) = rest.find('[') {
        rest = &rest[at + 1..];
        if let Some(literal) = rest.strip_prefix('[') {
            rest = literal;
            continue;
        }
        let Some(end) = rest.find(']') else { return Err("a bracket is not closed".to_owned()) };
        let marker: String = rest[..end].chars().filter(|char| !char.is_whitespace()).collect();
        rest = &rest[end + 1..];
        let Some(component) = marker.chars().next() else { return Err("`[]` names no part of a time".to_owned()) };
        if !"YMDdFWwXxHhPmsfZzCE".contains(component) {
            return Err(format!("`[{marker}]` is no part of a time"));
        }
        let form = marker.rsplit_once(',').map_or(marker.as_str(), |(form, _)| form);
        let form = form.strip_prefix(component).unwrap_or(form);
        let form =
            if form.chars().count() > 1 { form.strip_suffix(['a', 't', 'c', 'o']).unwrap_or(form) } else { form };
        if form.starts_with(['N', 'n']) {
            if !"MxFPCE".contains(component) {
                return Err(format!("`[{marker}]`: only months and days have names"));
            }
        } else if !form.is_empty() && "YMDdFWwXxHhmsf".contains(component) && !is_integer_picture(form) {
            return Err(format!("`[{marker}]`: write `[{component}01]`"));
        }
        found.push(component);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_that_work_and_pictures_that_never_do() {
        for picture in ["#,##0.00", "0", "#", "00.0#", "#0%", "0.00e0", "$#,##0", "#0;(#0)", "000", ".00", "#.##"] {
            assert!(number_picture(picture).is_none(), "{picture}");
        }
        for picture in ["x", "", "0.0.0", "0#", "0.#0", "#,.0", "0,", "0;0;0", "0x0", "#,,#0"] {
            assert!(number_picture(picture).is_some(), "{picture}");
        }
        for picture in ["w", "Ww", "W", "i", "A", "#,##0", "000;o", "1"] {
            assert!(integer_picture(picture).is_none(), "{picture}");
        }
        for picture in ["", "x", "ww", "#"] {
            assert!(integer_picture(picture).is_some(), "{picture}");
        }
        for picture in [
            "[Y0001]-[M01]-[D01]",
            "[Y]",
            "today",
            "[[x]] [H01]:[m01]",
            "[FNn], [D1o] [MNn,3-3] [Y]",
            "[h]:[m] [PN]",
            "[Z]",
            "[X0001]-W[W01]-[F1]",
        ] {
            assert!(time_picture(picture).is_none(), "{picture}");
        }
        for picture in ["[Q]", "[Y", "[]", "[YYYY]-[MM]", "[DN]"] {
            assert!(time_picture(picture).is_some(), "{picture}");
        }
        for (picture, works) in [
            ("[Y0001]-[M01]-[D01]", true),
            ("[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001]Z", true),
            ("[H01]:[m01]", true),
            ("YYYY-MM-DD", false),
            ("[Y]-[D]", false),
            ("[D01].[M01].[Y0001] [m01]", false),
        ] {
            assert_eq!(read_picture(picture).is_none(), works, "{picture}");
        }
        assert!(zone("+0200").is_none() && zone("Europe/Lisbon").is_some());
    }
}
