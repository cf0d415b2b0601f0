//! Queues and topics whose names end in `.fifo`, as those of FIFO queues and topics do, and that are none. The other way round, the shape
//! of the name is told.
//!
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html>,
//! <https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html>

use crate::audit::text::{Text, UNKNOWN};
use crate::audit::view::View;
use crate::diagnostics::{Code, Diagnostic};

/// What the names of FIFO queues and topics end in.
const SUFFIX: &str = ".fifo";

pub(in crate::audit) fn check(view: &View<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let kinds = [
        ("AWS::SQS::Queue", "QueueName", "FifoQueue", "queue"),
        ("AWS::SNS::Topic", "TopicName", "FifoTopic", "topic"),
    ];
    for (type_, property, flag, what) in kinds {
        for one in view.of_type(type_) {
            let (Some(name), Some(fifo)) = (one.resource.property(property), one.flag(flag)) else { continue };
            let Some(text) = Text::of(name).map(|text| text.text) else { continue };
            // What ends in a reference may end in anything.
            let ends_in_reference = text.ends_with('}') && text.contains(UNKNOWN);
            if fifo || ends_in_reference || !text.ends_with(SUFFIX) || view.is_settled(&[one]) {
                continue;
            }
            let place = name.place.unwrap_or_else(|| one.place_of(property));
            let message = format!("{what} `{}` has the name of a FIFO {what}, and is none", one.id);
            let help = format!("`{flag}: true`, or a name without `{SUFFIX}`");
            let diagnostic = Diagnostic::new(Code::EVC1092, place, message).help(help);
            diagnostics.push(diagnostic.note("AWS refuses it when it is deployed"));
        }
    }
}
