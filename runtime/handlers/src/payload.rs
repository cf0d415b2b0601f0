//! The input of one delivery, still as JSON text, and its reading with a path to what is wrong.

use crate::{At, Bounded, Error, Kind};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::borrow::Cow;

/// The JSON of one input and the event it came in, if any.
#[derive(Debug, Clone)]
pub struct Payload<'a> {
    json: Cow<'a, str>,
    /// What versions before the lease took for the input, where they read it otherwise.
    before: Option<String>,
    source: Option<String>,
    detail_type: Option<String>,
}

impl<'a> Payload<'a> {
    pub(crate) fn new(json: impl Into<Cow<'a, str>>) -> Self {
        Self { json: json.into(), before: None, source: None, detail_type: None }
    }

    /// The same, which versions before the lease read as this.
    pub(crate) fn read_before_as(self, before: Option<String>) -> Self {
        Self { before, ..self }
    }

    /// The text that versions before the lease compared.
    #[cfg_attr(not(feature = "idempotency"), allow(dead_code, reason = "records compare it"))]
    pub(crate) fn compared_before(&self) -> &str {
        self.before.as_deref().unwrap_or(&self.json)
    }

    pub(crate) fn of_event(json: impl Into<Cow<'a, str>>, source: &str, detail_type: &str) -> Self {
        let (source, detail_type) = (Some(source.to_owned()), Some(detail_type.to_owned()));
        Self { json: json.into(), before: None, source, detail_type }
    }

    /// The text; never log it.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// The event's `source`, if the input came in an event.
    pub fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    /// The event's `detail-type`, if the input came in an event.
    pub fn detail_type(&self) -> Option<&str> {
        self.detail_type.as_deref()
    }

    /// The input as a type of the contract. The error names the path and what was expected, and never the value.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, Error> {
        decode(&self.json)
    }

    /// The input as a type of the contract, every value in its range.
    pub fn bounded<T: DeserializeOwned + Bounded>(&self) -> Result<T, Error> {
        let input: T = self.decode()?;
        input.check(&At::root())?;
        Ok(input)
    }

    /// The error for an event that the function's rules should not have let through.
    pub fn unexpected(&self) -> Error {
        let (source, detail_type) =
            (self.source.as_deref().unwrap_or("none"), self.detail_type.as_deref().unwrap_or("none"));
        Error::new(
            Kind::InvalidInput,
            format!("no input of this function is an event with source `{source}` and detail-type `{detail_type}`"),
        )
    }
}

/// Reads JSON text.
pub(crate) fn decode<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, Error> {
    let mut reader = serde_json::Deserializer::from_str(json);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        invalid(&path, &error.into_inner())
    })?;
    reader.end().map_err(|error| invalid(".", &error))?;
    Ok(value)
}

fn invalid(path: &str, error: &serde_json::Error) -> Error {
    let message = without_value(&error.to_string());
    let kind = if message.starts_with("MoneyTooPrecise") { Kind::MoneyTooPrecise } else { Kind::InvalidInput };
    let place = if path == "." { "the input".to_owned() } else { format!("`{path}`") };
    Error::new(kind, format!("{place}: {message}"))
}

/// serde's messages quote the value that was found; logs and error causes must not.
fn without_value(message: &str) -> String {
    let message = message.rsplit_once(" at line ").map_or(message, |(message, _)| message);
    let Some((found, expected)) = message
        .split_once(", expected ")
        .filter(|(found, _)| found.starts_with("invalid ") || found.starts_with("unknown variant"))
    else {
        return message.to_owned();
    };
    // "invalid type: string \"secret, expected x\"": the expectation is what follows the last of them.
    let expected = expected.rsplit_once(", expected ").map_or(expected, |(_, last)| last);
    let kind = found
        .split_once(": ")
        .map_or("another value", |(_, what)| what.split([' ', '`', '"']).next().unwrap_or("value"));
    format!("expected {expected}, found {kind}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[expect(dead_code, reason = "only read to see it refused")]
    struct Order {
        order_id: crate::Uuid,
        items: Vec<Item>,
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read to see it refused")]
    struct Item {
        quantity: u8,
        price: crate::Money,
        size: Option<Size>,
    }

    #[derive(Debug, Deserialize)]
    enum Size {
        Small,
        Large,
    }

    fn message(json: &str) -> String {
        decode::<Order>(json).expect_err(json).to_string()
    }

    const ID: &str = "0197a2f0-0000-7000-8000-000000000000";

    #[test]
    fn errors_have_the_path_and_not_the_value() {
        let order = |item: &str| format!(r#"{{"orderId": "{ID}", "items": [{item}]}}"#);
        assert_eq!(
            message(&order(r#"{"quantity": "secret, expected x", "price": 1}"#)),
            "`items[0].quantity`: expected u8, found string"
        );
        assert_eq!(
            message(&order(r#"{"quantity": 300, "price": 1}"#)),
            "`items[0].quantity`: expected u8, found integer"
        );
        assert_eq!(
            message(&order(r#"{"quantity": 1, "price": "1"}"#)),
            "`items[0].price`: expected an amount of money, a number of at most 15 significant digits, found a"
        );
        assert_eq!(message(&order(r#"{"quantity": 1}"#)), "`items[0]`: missing field `price`");
        assert_eq!(
            message(&order(r#"{"quantity": 1, "price": 1, "size": "secret"}"#)),
            "`items[0].size`: expected `Small` or `Large`, found another value"
        );
        assert_eq!(message("\"secret\""), "the input: expected struct Order, found string");
        assert_eq!(message(&format!("{}x", order(r#"{"quantity": 1, "price": 1}"#))), "the input: trailing characters");
    }

    #[test]
    fn money_keeps_its_name() {
        let error = decode::<Order>(&format!(
            r#"{{"orderId": "{ID}", "items": [{{"quantity": 1, "price": 1.00000000000000001}}]}}"#
        ))
        .expect_err("too precise");
        assert_eq!(error.kind(), Kind::MoneyTooPrecise);
        assert!(error.message().starts_with("`items[0].price`: MoneyTooPrecise"), "{error}");
    }
}
