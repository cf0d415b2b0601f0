//! The diagnostics that each output is shown, here and in the command line.

use super::{Code, Diagnostic, FileId, SourceMap, Span};

const ORDERS: &str = "evc: 1\nservice: orders\nimports: [\"./pay ments.yaml\"]\nrules:\n  start:\n    event: OrderPlacd\n    to: { workflow: größe }\n";
const PAYMENTS: &str = "evc: 1\nservice: orders\nevents:\n  OrderPlaced:\n    source: order.service\n";

fn span_of(sources: &SourceMap, file: FileId, text: &str) -> Span {
    let start = sources.file(file).text.find(text).expect("the text is in the file");
    Span::new(file, start..start + text.len())
}

pub(super) fn sample() -> (SourceMap, Vec<Diagnostic>) {
    let mut sources = SourceMap::default();
    let orders = sources.add("specs/orders.yaml", ORDERS);
    let payments = sources.add("specs/pay ments.yaml", PAYMENTS);
    let first = span_of(&sources, orders, "service: orders");
    let again = span_of(&sources, payments, "service: orders");
    let diagnostics = vec![
        Diagnostic::new(Code::EVC0605, span_of(&sources, orders, "start"), "a visibility of `1m` is too short")
            .help("say `visibility: 6m`")
            .on("queues.jobs"),
        Diagnostic::new(
            Code::EVC0107,
            span_of(&sources, payments, "order.service"),
            "100% sure, 2 lines:\nthis is one",
        )
        .note("why it matters, at a length that does not fit into one line of a terminal that is eighty columns wide")
        .on("events.OrderPlaced"),
        Diagnostic::new(Code::EVC0002, again, "the key `service` is given twice")
            .label("given again here")
            .secondary(first, "first given here"),
        Diagnostic::new(Code::EVC0101, span_of(&sources, orders, "größe"), "unknown workflow `größe`")
            .help("declare it under `workflows:`")
            .note("there are no workflows in this spec"),
        Diagnostic::new(Code::EVC0101, span_of(&sources, orders, "OrderPlacd"), "unknown event `OrderPlacd`")
            .label("no such event")
            .secondary(span_of(&sources, orders, "start"), "in this rule")
            .suggest("OrderPlacd", ["OrderPlaced", "OrderPaid"]),
    ];
    (sources, diagnostics)
}
