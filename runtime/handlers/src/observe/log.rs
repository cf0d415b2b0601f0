//! Log lines, as JSON or as text: the event's own fields, and flat beside them those of the spans it is in (function, request id, execution,
//! step, event id, trace id). Payloads are never logged: at trace level `lambda_runtime` would, so its trace level is out of reach.

use crate::Timestamp;
use serde_json::{Map, Value};
use std::fmt::{Debug, Write as _};
use std::io::Write;
use tracing::field::{Field, Visit};
use tracing::metadata::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

use evc_interface::environment::{LOG_FORMAT, LOG_LEVEL, LOG_TEXT};

/// Sends the process's `tracing` events to standard output, from the level in `AWS_LAMBDA_LOG_LEVEL` (Lambda's own setting, which it has
/// for JSON alone), in `EVC_LOG_LEVEL` or `INFO`. A second call changes nothing.
pub(crate) fn init() {
    let level = |name: &str| std::env::var(name).ok().and_then(|level| level.parse().ok());
    let level = level("AWS_LAMBDA_LOG_LEVEL").or_else(|| level(LOG_LEVEL)).unwrap_or(LevelFilter::INFO);
    let write = if std::env::var(LOG_FORMAT).is_ok_and(|format| format == LOG_TEXT) { text } else { json };
    let layer = Lines { level, write, out: std::io::stdout };
    // Already set: a test in the same process did it.
    drop(tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer)));
}

/// Fields, as JSON.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let mut text = String::new();
        // Writing to a String cannot fail; a Debug that does leaves what it wrote.
        let _ = write!(text, "{value:?}");
        self.0.insert(field.name().to_owned(), text.into());
    }
}

/// Where `lambda_runtime` logs the errors that a handler returns: they are logged here already, with their delivery.
const HANDLER_ERRORS: &str = "lambda_runtime::layers";

/// A line with these fields.
type Render = fn(&Map<String, Value>) -> String;

struct Lines<W> {
    level: LevelFilter,
    write: Render,
    out: fn() -> W,
}

impl<W: 'static> Lines<W> {
    fn wants(&self, metadata: &Metadata<'_>) -> bool {
        let (target, level) = (metadata.target(), *metadata.level());
        let of_runtime = target.starts_with("lambda_runtime") && level > Level::INFO;
        level <= self.level && !of_runtime && !target.starts_with(HANDLER_ERRORS)
    }
}

impl<S, W> Layer<S> for Lines<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: Write + 'static,
{
    fn enabled(&self, metadata: &Metadata<'_>, _context: Context<'_, S>) -> bool {
        self.wants(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level)
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut line = Map::new();
        line.insert("timestamp".to_owned(), Timestamp::now().to_string().into());
        line.insert("level".to_owned(), event.metadata().level().as_str().into());
        for span in context.event_scope(event).into_iter().flat_map(tracing_subscriber::registry::Scope::from_root) {
            if let Some(fields) = span.extensions().get::<Fields>() {
                line.extend(fields.0.clone());
            }
        }
        let mut own = Fields::default();
        event.record(&mut own);
        line.append(&mut own.0);
        line.insert("target".to_owned(), event.metadata().target().into());
        // A log line that cannot be written has nowhere to be reported.
        drop(writeln!((self.out)(), "{}", (self.write)(&line)));
    }
}

fn json(line: &Map<String, Value>) -> String {
    // Writing a map of text and numbers as JSON cannot fail.
    serde_json::to_string(line).unwrap_or_default()
}

/// The time, the level and the message, and the other fields as `name=value`, texts with a space or a quote in quotes.
fn text(line: &Map<String, Value>) -> String {
    let word = |value: &Value| match value {
        Value::String(text) if !text.contains(|c: char| c.is_whitespace() || c == '"' || c == '=') => text.clone(),
        other => other.to_string(),
    };
    let own = |name: &str| line.get(name).and_then(Value::as_str).unwrap_or_default().replace('\n', "\\n");
    let mut text = format!("{} {} {}", own("timestamp"), own("level"), own("message"));
    for (name, value) in line.iter().filter(|(name, _)| !["timestamp", "level", "message"].contains(&name.as_str())) {
        let _ = write!(text, " {name}={}", word(value));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    static LINES: Mutex<Vec<u8>> = Mutex::new(Vec::new());

    struct Collect;

    impl Write for Collect {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            LINES.lock().expect("lines").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_has_the_fields_of_its_spans_and_no_payload_gets_in() {
        let layer = Lines { level: LevelFilter::TRACE, write: json, out: || Collect };
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let span =
                tracing::info_span!("delivery", function = "pay", requestId = "r-1", eventId = tracing::field::Empty);
            span.record("eventId", "e-1");
            let _entered = span.enter();
            tracing::info!(count = 2, "done");
            tracing::trace!(target: "lambda_runtime", body = "secret", "raw JSON event");
        });
        let text = String::from_utf8(LINES.lock().expect("lines").clone()).expect("UTF-8");
        let line: Value = serde_json::from_str(text.trim()).expect("one JSON line");
        assert_eq!(line["function"], "pay");
        assert_eq!(line["requestId"], "r-1");
        assert_eq!(line["eventId"], "e-1");
        assert_eq!(line["message"], "done");
        assert_eq!(line["count"], 2);
        assert_eq!(line["level"], "INFO");
        assert!(!text.contains("secret"));
    }

    #[test]
    fn a_line_of_text_has_the_message_and_then_the_fields() {
        let line = [
            ("timestamp", "2026-01-01T00:00:00Z".into()),
            ("level", "ERROR".into()),
            ("message", "no\nanswer".into()),
            ("function", "pay".into()),
            ("reason", "took too long".into()),
            ("count", 2.into()),
        ];
        let line = line.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        assert_eq!(text(&line), r#"2026-01-01T00:00:00Z ERROR no\nanswer function=pay reason="took too long" count=2"#);
    }
}
