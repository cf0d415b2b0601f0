//! Mappings that read the stream of a table.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html>

use indexmap::IndexMap;

use crate::audit::view::View;
use crate::diagnostics::{Code, Diagnostic};

/// How many may read a stream's shard at once before reads are throttled.
const READERS: usize = 2;

pub(in crate::audit) fn check(view: &View<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let mut readers: IndexMap<&str, usize> = IndexMap::new();
    for mapping in view.of_type("AWS::Lambda::EventSourceMapping") {
        let source = mapping.resource.property("EventSourceArn").and_then(|source| view.resource_of(source));
        let Some(table) = source.filter(|source| &*source.resource.type_.text == "AWS::DynamoDB::Table") else {
            continue;
        };
        let count = readers.entry(table.id).or_default();
        *count += 1;
        if view.is_settled(&[mapping, table]) {
            continue;
        }
        if table.resource.property("StreamSpecification").is_none() {
            let message = format!("table `{}` has no stream that `{}` could read", table.id, mapping.id);
            let diagnostic = Diagnostic::new(Code::EVC1069, mapping.place_of("EventSourceArn"), message);
            diagnostics.push(
                diagnostic
                    .secondary(table.resource.place, "this table")
                    .help("`StreamSpecification: { StreamViewType: NEW_AND_OLD_IMAGES }`"),
            );
        } else if *count == READERS + 1 {
            let message = format!("more than {READERS} read the stream of table `{}`", table.id);
            let note = "each shard has room for two readers; more are throttled, and all get their records late";
            diagnostics.push(Diagnostic::new(Code::EVC0673, mapping.place_of("EventSourceArn"), message).note(note));
        }
    }
}
