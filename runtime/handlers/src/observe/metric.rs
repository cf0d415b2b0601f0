//! CloudWatch metrics as lines of the embedded metric format, which need no call and no permission.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use crate::Timestamp;
use evc_interface::metric::function::DIMENSION;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// What a metric's numbers count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Things.
    Count,
    /// Milliseconds.
    Milliseconds,
    /// Bytes.
    Bytes,
    /// Percent.
    Percent,
    /// No unit.
    None,
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Milliseconds => "Milliseconds",
            Self::Bytes => "Bytes",
            Self::Percent => "Percent",
            Self::None => "None",
        }
    }
}

/// Values that a line may have of one metric.
const VALUES: usize = 100;

/// The metrics of one invocation, until they are written.
#[derive(Debug)]
pub(crate) struct Metrics {
    namespace: String,
    /// The name and the value of their dimension.
    dimension: (&'static str, String),
    values: Mutex<BTreeMap<String, (Unit, Vec<f64>)>>,
}

impl Metrics {
    /// Metrics of a function.
    pub(crate) fn new(namespace: String, function: &'static str) -> Self {
        Self::of(namespace, (DIMENSION, function.to_owned()))
    }

    /// Metrics of something else, with the name and the value of its dimension.
    pub(crate) fn of(namespace: String, dimension: (&'static str, String)) -> Self {
        Self { namespace, dimension, values: Mutex::default() }
    }

    /// Adds a value. Numbers that are not finite cannot be written and are left out.
    pub(crate) fn add(&self, name: &str, value: f64, unit: Unit) {
        if value.is_finite() {
            let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
            values.entry(name.to_owned()).or_insert((unit, Vec::new())).1.push(value);
        }
    }

    /// The values of one metric that are not written yet.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn values(&self, name: &str) -> Vec<f64> {
        let values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        values.get(name).map(|(_, values)| values.clone()).unwrap_or_default()
    }

    /// The lines of everything added so far, which is then forgotten.
    pub(crate) fn take_lines(&self, now: Timestamp) -> Vec<String> {
        let values = std::mem::take(&mut *self.values.lock().unwrap_or_else(PoisonError::into_inner));
        let mut lines = Vec::new();
        for (name, (unit, values)) in values {
            for values in values.chunks(VALUES) {
                let mut line = Map::new();
                line.insert(
                    "_aws".to_owned(),
                    json!({
                        "Timestamp": now.millis(),
                        "CloudWatchMetrics": [{
                            "Namespace": self.namespace,
                            "Dimensions": [[self.dimension.0]],
                            "Metrics": [{ "Name": name, "Unit": unit.name() }],
                        }],
                    }),
                );
                line.insert(self.dimension.0.to_owned(), Value::from(self.dimension.1.as_str()));
                line.insert(name.clone(), Value::from(values.to_vec()));
                lines.push(Value::Object(line).to_string());
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_what_cloudwatch_reads() {
        let metrics = Metrics::new("orders".to_owned(), "create-order");
        metrics.add("Placed", 1.0, Unit::Count);
        metrics.add("Placed", 2.0, Unit::Count);
        metrics.add("Placed", f64::NAN, Unit::Count);
        let lines = metrics.take_lines(Timestamp::from_millis(5).expect("timestamp"));
        let line: Value = serde_json::from_str(&lines[0]).expect("JSON");
        assert_eq!(lines.len(), 1);
        assert_eq!(line["Placed"], json!([1.0, 2.0]));
        assert_eq!(line["_aws"]["Timestamp"], 5);
        assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Metrics"][0], json!({ "Name": "Placed", "Unit": "Count" }));
        assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([["function"]]));
        assert!(metrics.take_lines(Timestamp::now()).is_empty());
    }

    #[test]
    fn more_than_a_hundred_values_go_on_lines_of_their_own() {
        let metrics = Metrics::new("orders".to_owned(), "f");
        (0..250).for_each(|i| metrics.add("Size", f64::from(i), Unit::Bytes));
        assert_eq!(metrics.take_lines(Timestamp::now()).len(), 3);
    }
}
