//! Bounds in the shorthand: `1..`, `..64`, `1..64`, both ends inclusive.

use super::describe::bounds;
use super::shorthand::Parser;
use super::value::significant_digits;
use super::{MAX_INTEGER, MAX_MONEY_DIGITS, Range};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;

impl Parser<'_> {
    /// Bounds on the length of something.
    pub(super) fn lengths(&mut self, of: &str, close: Option<char>) -> Option<Range<u64>> {
        self.range(close, |text| {
            if text.starts_with('-') {
                return Err(format!("the length of a {of} cannot be negative"));
            }
            text.parse().map_err(|_| format!("expected a whole number as length, found `{text}`"))
        })
    }

    /// `min..max` up to `close` or the end of the text, each end read by `value`.
    pub(super) fn range<T: PartialOrd + Copy + std::fmt::Display>(
        &mut self,
        close: Option<char>,
        value: impl Fn(&str) -> Result<T, String>,
    ) -> Option<Range<T>> {
        self.peek();
        let start = self.at;
        let len = match close {
            Some(close) => self.rest().find(close),
            None => Some(self.rest().len()),
        };
        let Some(len) = len else {
            self.at = self.text.content.len();
            return self.expected(&close.map(|close| format!("`{close}`")).unwrap_or_default());
        };
        let written = self.text.content.get(start..start + len)?.trim_end();
        self.at = start + written.len();
        let span = self.text.span(start, self.at);
        let Some((low, high)) = written.split_once("..") else {
            let diagnostic =
                Diagnostic::new(Code::EVC0203, span, format!("expected bounds such as `1..64`, found `{written}`"));
            return self.report(match value(written) {
                Ok(exact) => diagnostic
                    .help(format!("for exactly {exact} write `{exact}..{exact}`, for at most {exact} `..{exact}`")),
                Err(_) => diagnostic.help("leave out an end that has no bound: `1..` or `..64`"),
            });
        };
        if let Some(high) = high.strip_prefix('=') {
            let mended = format!("{low}..{high}");
            let message = "bounds include both ends without `=`";
            return self.report(Diagnostic::new(Code::EVC0203, span, message).replace(
                format!("write `{mended}`"),
                span,
                mended,
            ));
        }
        if low.trim().is_empty() && high.trim().is_empty() {
            let message = "expected at least one bound, found `..`";
            return self.report(Diagnostic::new(Code::EVC0203, span, message).help("leave out the bounds altogether"));
        }
        let low_span = self.text.span(start, start + low.trim_end().len());
        let high_start = start + written.len() - high.trim_start().len();
        let high_span = self.text.span(high_start, self.at);
        let min = self.bound(low.trim(), low_span, &value);
        let max = self.bound(high.trim(), high_span, &value);
        let range = Range { min: min.ok()?, max: max.ok()? };
        if let (Some(low), Some(high)) = (range.min, range.max)
            && low > high
        {
            let message = format!("the bounds are upside down: {low} is more than {high}");
            let mended = bounds(&Range { min: range.max, max: range.min });
            return self.report(
                Diagnostic::new(Code::EVC0203, span, message).help(format!("did you mean `{mended}`?")).propose(
                    format!("replace with `{mended}`"),
                    span,
                    mended,
                ),
            );
        }
        Some(range)
    }

    /// One end: nothing where there is no bound, an error after reporting what is wrong with it.
    fn bound<T>(&mut self, text: &str, span: Span, value: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>, ()> {
        if text.is_empty() {
            return Ok(None);
        }
        value(text).map(Some).map_err(|message| {
            self.report::<()>(Diagnostic::new(Code::EVC0203, span, message));
        })
    }
}

/// A bound of an `integer`.
pub(super) fn integer(text: &str) -> Result<i64, String> {
    match text.parse::<i64>() {
        Ok(value) if value.abs() <= MAX_INTEGER => Ok(value),
        _ if !text.is_empty() && text.trim_start_matches('-').chars().all(|digit| digit.is_ascii_digit()) => {
            Err(format!("`{text}` is beyond ±{MAX_INTEGER}, the whole numbers that JSON carries exactly"))
        }
        _ => Err(format!("expected a whole number as bound, found `{text}`")),
    }
}

/// A bound of a `number`, written as JSON writes numbers.
pub(super) fn number(text: &str) -> Result<f64, String> {
    let numeric = text.starts_with(|first: char| first.is_ascii_digit() || first == '-');
    let value = text.parse::<f64>().ok().filter(|value| numeric && value.is_finite());
    value.ok_or_else(|| format!("expected a number as bound, found `{text}`"))
}

/// A bound of `money`.
pub(super) fn money(text: &str) -> Result<f64, String> {
    let value = number(text)?;
    if significant_digits(text) > MAX_MONEY_DIGITS {
        return Err(format!(
            "`{text}` has more than the {MAX_MONEY_DIGITS} significant digits that `money` carries exactly"
        ));
    }
    Ok(value)
}
