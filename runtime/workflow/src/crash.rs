//! Places where a test lets the process die: those between which a crash makes a difference.
//!
//! With the feature `testing`, `EVC_CRASH_AT=after-claim` ends the process at the first such place, and `EVC_CRASH_AT=after-claim:0.01`
//! there once in a hundred times; several are separated by commas. Other builds have none of this.

/// Dies here, if the environment says so.
#[cfg(feature = "testing")]
pub(crate) fn point(name: &str) {
    use std::sync::OnceLock;
    static POINTS: OnceLock<Vec<(String, f64)>> = OnceLock::new();
    let points = POINTS.get_or_init(|| {
        let text = std::env::var("EVC_CRASH_AT").unwrap_or_default();
        let points = text.split(',').filter(|point| !point.is_empty());
        points
            .map(|point| {
                let (name, rate) = point.split_once(':').unwrap_or((point, "1"));
                (name.to_owned(), rate.parse().unwrap_or(1.0))
            })
            .collect()
    });
    if points.iter().any(|(point, rate)| point == name && crate::hash::random() < *rate) {
        // As sudden as a kill: nothing is written, nobody is told.
        std::process::abort();
    }
}

/// Does nothing.
#[cfg(not(feature = "testing"))]
pub(crate) fn point(_name: &str) {}
