//! Pictures of times and numbers, which may come from the data: the library's time and memory grow with the square of what they hold.

use jsonata_core::value::JValue;

use evc_interface::expression::{GREATEST_ROMAN, MARKER_WIDTH, PICTURE_BYTES, PICTURE_MARKERS};

use super::bounds::{Bound, Result};

/// Whether a function takes a picture.
pub(super) fn takes(function: &str) -> bool {
    matches!(function, "formatInteger" | "formatNumber" | "fromMillis" | "now" | "parseInteger" | "toMillis")
}

/// Looks at the pictures, the time zone and the options of such a call.
pub(super) fn check(function: &str, arguments: &[JValue]) -> Result<()> {
    // The first argument of the others is what they format or read.
    let pictures = if function == "now" { arguments } else { arguments.get(1..).unwrap_or_default() };
    for argument in pictures {
        match argument {
            JValue::String(picture) => within(function, picture)?,
            JValue::Object(options) => {
                options.values().filter_map(JValue::as_str).try_for_each(|option| within(function, option))?;
            }
            _ => {}
        }
    }
    let number = arguments.first().and_then(JValue::as_f64).unwrap_or(0.0);
    let roman = arguments.get(1).and_then(JValue::as_str).is_some_and(|picture| picture.starts_with(['i', 'I']));
    if function == "formatInteger" && roman && number.abs() > GREATEST_ROMAN { Err(Bound::Width) } else { Ok(()) }
}

fn within(function: &str, picture: &str) -> Result<()> {
    if picture.len() > PICTURE_BYTES || picture.matches('[').count() > PICTURE_MARKERS {
        return Err(Bound::Picture);
    }
    let of_time = matches!(function, "fromMillis" | "toMillis" | "now");
    if of_time && widths(picture).any(|width| width > MARKER_WIDTH) { Err(Bound::Width) } else { Ok(()) }
}

/// The widths that the markers of a picture say: `[Y,4-8]`.
/// <https://www.w3.org/TR/xpath-functions-31/#rules-for-datetime-formatting>
fn widths(picture: &str) -> impl Iterator<Item = u64> + '_ {
    let markers = picture.split('[').skip(1).filter_map(|marker| marker.split(']').next());
    let after = markers.filter_map(|marker| marker.rsplit_once(',').map(|(_, width)| width));
    after.flat_map(|width| width.split('-')).filter_map(|width| {
        let digits = width.trim();
        (!digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit()))
            .then(|| digits.parse().unwrap_or(u64::MAX))
    })
}
