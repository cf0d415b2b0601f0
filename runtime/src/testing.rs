//! For tests of handlers: contexts without Lambda and without AWS.

use crate::backend::{Services, Settings};
use crate::context::Delivery;
use crate::observe::Metrics;
use crate::{Context, Timestamp};
use std::sync::Arc;
use std::time::Duration;

/// How long a test's invocation may take.
const DEADLINE: Duration = Duration::from_secs(30);

/// A context of a direct invocation, with these environment variables.
pub fn context(function: &'static str, settings: impl IntoIterator<Item = (String, String)>) -> Context {
    with_services(function, services(settings))
}

fn services(settings: impl IntoIterator<Item = (String, String)>) -> Services {
    Services { settings: Settings::Fixed(settings.into_iter().collect()), ..Services::default() }
}

fn with_services(function: &'static str, services: Services) -> Context {
    let delivery = Delivery {
        function,
        request_id: "test".to_owned(),
        deadline: Timestamp::now().after(DEADLINE),
        trace: None,
        key: None,
        event: None,
        step: None,
    };
    Context::new(Arc::new(services), Arc::new(Metrics::new("test".to_owned(), function)), delivery)
}
