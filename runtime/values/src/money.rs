//! Money: an exact decimal of at most 15 significant digits that is a JSON number on the wire.
//!
//! Why 15: a double gives back every decimal of up to 15 significant digits unchanged (`DBL_DIG` of IEEE 754 binary64), so an
//! amount may pass through any hop that reads JSON numbers as doubles (Step Functions, `JSONata`, JavaScript) and is still the same.
//! More digits are refused where they appear, instead of being rounded somewhere on the way.
//!
//! How the digits are read: `serde_json` hands a number to a type as a double, unless its feature `arbitrary_precision` is on.
//! That feature is not used: it changes how *every* number of the build passes through `flatten`, `untagged` and internally
//! tagged types (they then fail with "expected f64, found map"), and features add up over all crates of a handler. Instead a
//! `Money` asks for the raw text of its value, as `serde_json::value::RawValue` does; only this type is touched. Where no raw text is
//! to be had (inside `flatten` or `untagged`, in a `serde_json::Value`, from another format), the double is taken: its
//! shortest decimal form is the number that was sent, as long as that had at most 15 digits.

use rust_decimal::Decimal;
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::{Serialize, Serializer};
use std::fmt;
use std::iter::Sum;
use std::str::FromStr;

/// The name under which `serde_json` gives a type its raw text (`RawValue`'s own; a test here fails if it ever changes).
pub const RAW_TEXT: &str = "$serde_json::private::RawValue";

/// Significant digits that survive every hop.
const DIGITS: u32 = 15;

/// An exact decimal amount of at most 15 significant digits. The currency is not part of it.
///
/// Trailing zeros carry no meaning: `10.50` and `10.5` are equal and are written `10.5`.
///
/// ```
/// use evc_values::Money;
/// let price: Money = "29.99".parse().unwrap();
/// let total = price.times(2).unwrap().plus("49.99".parse().unwrap()).unwrap();
/// assert_eq!(total.to_string(), "109.97");
/// assert_eq!(serde_json::to_string(&total).unwrap(), "109.97");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Money(Decimal);

/// Why there is no such amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MoneyError {
    /// The exact amount has more than 15 significant digits, or is beyond about 7.9e28 or 1e-28.
    TooPrecise,
    /// The text is not a decimal number.
    NotANumber,
}

impl fmt::Display for MoneyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooPrecise => "MoneyTooPrecise: an amount of money has at most 15 significant digits",
            Self::NotANumber => "expected an amount of money, a decimal number",
        })
    }
}

impl std::error::Error for MoneyError {}

impl From<MoneyError> for crate::Error {
    fn from(error: MoneyError) -> Self {
        let kind = match error {
            MoneyError::TooPrecise => crate::Kind::MoneyTooPrecise,
            MoneyError::NotANumber => crate::Kind::InvalidInput,
        };
        Self::new(kind, error.to_string())
    }
}

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// The amount of this decimal, if it has at most 15 significant digits.
    pub fn new(amount: Decimal) -> Result<Self, MoneyError> {
        let amount = amount.normalize();
        if significant_digits(amount.mantissa().unsigned_abs()) > DIGITS {
            return Err(MoneyError::TooPrecise);
        }
        // -0 is 0: both have one text.
        Ok(Self(if amount.is_zero() { Decimal::ZERO } else { amount }))
    }

    /// Whole units and hundredths: `Money::cents(2999)` is 29.99.
    pub fn cents(hundredths: i64) -> Result<Self, MoneyError> {
        Self::new(Decimal::new(hundredths, 2))
    }

    /// The sum, exact.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        self.0
            .checked_add(other.0)
            .filter(|sum| *sum - other.0 == self.0)
            .map_or(Err(MoneyError::TooPrecise), Self::new)
    }

    /// The difference, exact.
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.plus(Self(-other.0))
    }

    /// So many times this amount, exact.
    pub fn times(self, count: i64) -> Result<Self, MoneyError> {
        // 15 digits times 19 digits may not fit the 28 of a Decimal, which would round: go by way of the mantissas.
        let mantissa = self.0.mantissa().checked_mul(i128::from(count)).ok_or(MoneyError::TooPrecise)?;
        Decimal::try_from_i128_with_scale(mantissa, self.0.scale()).map_or(Err(MoneyError::TooPrecise), Self::new)
    }

    /// The sum of many, exact.
    pub fn sum(amounts: impl IntoIterator<Item = Self>) -> Result<Self, MoneyError> {
        amounts.into_iter().try_fold(Self::ZERO, Self::plus)
    }

    /// The decimal, for arithmetic that this type does not offer (then say how to round, and come back by [`Money::new`]).
    pub fn decimal(self) -> Decimal {
        self.0
    }

    /// Whether the amount is below zero.
    pub fn is_negative(self) -> bool {
        self.0.is_sign_negative()
    }

    /// Reads the text of a JSON number, with or without an exponent.
    fn from_json_number(text: &str) -> Result<Self, MoneyError> {
        if !is_json_number(text) {
            return Err(MoneyError::NotANumber);
        }
        let (digits, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        // From here on the text is a number: what a Decimal cannot hold exactly is out of its precision.
        let digits = Self::new(Decimal::from_str_exact(digits).map_err(|_| MoneyError::TooPrecise)?)?.0;
        let scale = exponent
            .parse::<i32>()
            .ok()
            .and_then(|exponent| i64::from(digits.scale()).checked_sub(i64::from(exponent)));
        let amount = match scale.ok_or(MoneyError::TooPrecise)? {
            // Nothing times a power of ten.
            _ if digits.is_zero() => Some(Decimal::ZERO),
            scale @ 0.. => u32::try_from(scale)
                .ok()
                .and_then(|scale| Decimal::try_from_i128_with_scale(digits.mantissa(), scale).ok()),
            scale => {
                let factor = u32::try_from(-scale).ok().and_then(|zeros| 10_i128.checked_pow(zeros));
                factor
                    .and_then(|factor| digits.mantissa().checked_mul(factor))
                    .and_then(|units| Decimal::try_from_i128_with_scale(units, 0).ok())
            }
        };
        Self::new(amount.ok_or(MoneyError::TooPrecise)?)
    }
}

/// Whether a text is a number in JSON's grammar (leading zeros pass).
fn is_json_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (number, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    digits(whole.strip_prefix('-').unwrap_or(whole))
        && digits(fraction)
        && digits(exponent.strip_prefix(['-', '+']).unwrap_or(exponent))
}

/// Decimal digits of a normalized mantissa, without trailing zeros (a large integer such as 1e20 has one).
fn significant_digits(mut mantissa: u128) -> u32 {
    while mantissa != 0 && mantissa.is_multiple_of(10) {
        mantissa /= 10;
    }
    mantissa.checked_ilog10().map_or(0, |log| log + 1)
}

impl FromStr for Money {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        Self::from_json_number(text)
    }
}

impl TryFrom<i64> for Money {
    type Error = MoneyError;

    fn try_from(units: i64) -> Result<Self, MoneyError> {
        Self::new(Decimal::from(units))
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Money({})", self.0)
    }
}

impl Sum<Money> for Result<Money, MoneyError> {
    fn sum<I: Iterator<Item = Money>>(amounts: I) -> Self {
        Money::sum(amounts)
    }
}

impl Serialize for Money {
    /// An integer or a double. The shortest text of a double is the decimal it came from, up to 15 significant digits.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.scale() == 0
            && let Ok(units) = i64::try_from(self.0.mantissa())
        {
            return serializer.serialize_i64(units);
        }
        serializer.serialize_f64(self.0.to_string().parse().map_err(serde::ser::Error::custom)?)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(RAW_TEXT, MoneyVisitor)
    }
}

struct MoneyVisitor;

impl<'de> Visitor<'de> for MoneyVisitor {
    type Value = Money;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an amount of money, a number of at most 15 significant digits")
    }

    /// The raw text, as `serde_json` and the DynamoDB reader of this crate give it: one entry, whose value is the text.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Money, A::Error> {
        let entry: Option<(String, String)> = map.next_entry()?;
        let text = entry.map(|(_, text)| text).unwrap_or_default();
        if !text.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
            return Err(de::Error::invalid_type(unexpected(&text), &self));
        }
        Money::from_json_number(&text).map_err(de::Error::custom)
    }

    /// A format without raw text: take what it has.
    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Money, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_i64<E: de::Error>(self, units: i64) -> Result<Money, E> {
        Money::try_from(units).map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, units: u64) -> Result<Money, E> {
        Money::new(Decimal::from(units)).map_err(E::custom)
    }

    fn visit_f64<E: de::Error>(self, amount: f64) -> Result<Money, E> {
        // `{:?}` is the shortest text that reads back as the same double, with an exponent where that is shorter.
        Money::from_json_number(&format!("{amount:?}")).map_err(E::custom)
    }
}

/// What a JSON text that is not a number is, for the message; its content stays out of it.
fn unexpected(text: &str) -> de::Unexpected<'static> {
    match text.as_bytes().first() {
        Some(b'"') => de::Unexpected::Other("a string"),
        Some(b'{') => de::Unexpected::Map,
        Some(b'[') => de::Unexpected::Seq,
        Some(b't' | b'f') => de::Unexpected::Other("a boolean"),
        _ => de::Unexpected::Unit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn money(text: &str) -> Money {
        text.parse().expect(text)
    }

    #[test]
    fn the_example_of_the_order_system_is_exact() {
        let total = money("29.99").times(2).and_then(|sum| sum.plus(money("49.99")));
        assert_eq!(total, Ok(money("109.97")));
    }

    #[test]
    fn more_digits_are_refused_with_their_name_also_from_text() {
        for text in
            ["1234567890.123456", "29.990000000000000001", "0.1234567890123456", "12345678901234567890123456789012345"]
        {
            assert_eq!(text.parse::<Money>(), Err(MoneyError::TooPrecise), "{text}");
            let error = serde_json::from_str::<Money>(text).expect_err(text).to_string();
            assert!(error.starts_with("MoneyTooPrecise"), "{error}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused_without_its_content() {
        for text in ["\"29.99\"", "null", "true", "[1]", "{}"] {
            let error = serde_json::from_str::<Money>(text).expect_err(text).to_string();
            assert!(error.contains("expected an amount of money"), "{error}");
            assert!(!error.contains("29.99"), "{error}");
        }
        for text in ["", "abc", "1_000", "+1", ".5", "5.", "1e", "--1", "NaN"] {
            assert_eq!(text.parse::<Money>(), Err(MoneyError::NotANumber), "{text}");
        }
    }

    #[test]
    fn the_raw_text_of_serde_json_is_really_seen() {
        // As doubles these two are one number; only the text tells them apart.
        assert!(serde_json::from_str::<Money>("29.990000000000000001").is_err());
        assert_eq!(serde_json::from_str::<Money>("29.99").ok(), Some(money("29.99")));
    }

    #[test]
    fn exponents_are_exact_too() {
        for (text, same) in [
            ("1.5e3", "1500"),
            ("15E-1", "1.5"),
            ("1e+20", "100000000000000000000"),
            ("0e99", "0"),
            ("-2.50e0", "-2.5"),
        ] {
            assert_eq!(serde_json::from_str::<Money>(text).expect(text).to_string(), same);
        }
        for text in ["0.99999999999999999999999999999999e0", "1e99", "1e-40", "1e99999999999"] {
            assert_eq!(text.parse::<Money>(), Err(MoneyError::TooPrecise), "{text}");
        }
    }

    #[test]
    fn flatten_and_untagged_work_too() {
        #[derive(serde::Deserialize)]
        struct Outer {
            #[serde(flatten)]
            inner: Inner,
        }
        #[derive(serde::Deserialize)]
        struct Inner {
            amount: Money,
        }
        let outer: Outer = serde_json::from_str(r#"{"amount": 109.97}"#).expect("flattened");
        assert_eq!(outer.inner.amount, money("109.97"));
    }

    #[test]
    fn sums_that_do_not_fit_are_errors_not_roundings() {
        assert_eq!(money("999999999999999").plus(money("0.1")), Err(MoneyError::TooPrecise));
        assert_eq!(money("999999999999999").times(i64::MAX), Err(MoneyError::TooPrecise));
        assert_eq!(money("0").minus(money("0.05")), Ok(money("-0.05")));
        assert_eq!(money("-0"), Money::ZERO);
    }

    proptest! {
        #[test]
        fn up_to_15_digits_survive_json_and_doubles(digits in -999_999_999_999_999_i64..=999_999_999_999_999, scale in 0_u32..=20) {
            let amount = Money::new(Decimal::new(digits, scale)).expect("15 digits");
            let text = serde_json::to_string(&amount).expect("written");
            prop_assert_eq!(serde_json::from_str::<Money>(&text).expect("read"), amount);
            // A hop that reads doubles and writes them again, twice.
            let double: f64 = text.parse().expect("double");
            let again: f64 = serde_json::to_string(&double).expect("written").parse().expect("double");
            prop_assert_eq!(serde_json::from_str::<Money>(&again.to_string()).expect("read"), amount);
            let value = serde_json::to_value(amount).expect("value");
            prop_assert_eq!(serde_json::from_value::<Money>(value).expect("from value"), amount);
        }

        #[test]
        fn addition_is_exact_or_an_error(a in -999_999_999_999_999_i64..=999_999_999_999_999, b in -999_999_999_999_999_i64..=999_999_999_999_999, scale in 0_u32..=6) {
            let (x, y) = (Money::new(Decimal::new(a, scale)).expect("a"), Money::cents(b).expect("b"));
            if let Ok(sum) = x.plus(y) {
                prop_assert_eq!(sum.minus(y), Ok(x));
            }
        }

        #[test]
        fn reading_never_panics(text in "\\PC*") {
            let _ = text.parse::<Money>();
            let _ = serde_json::from_str::<Money>(&text);
        }
    }
}
