//! What an operator sees: JSON logs and CloudWatch metrics, both as lines on standard output.

mod log;
mod metric;

pub(crate) use log::init;
pub(crate) use metric::Metrics;
pub use metric::Unit;
