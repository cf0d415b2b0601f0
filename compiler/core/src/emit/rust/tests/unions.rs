//! Discriminated unions in the contract: read by the field that tells them apart, asked of wherever a field of theirs is.

use super::{files, is_well_formed, text};

#[test]
fn a_union_is_an_enumeration_that_reads_itself() {
    let files = files(
        r#"
evc: 1
service: shop
types:
  Base: { id: uuid }
  Card: { extends: Base, type: "'card'", number: string(12..19) }
  Transfer: { extends: Base, type: "SEPA | 'SW\"IFT'", iban: string, order?: integer }
  Option: { id: uuid, type: "'none'" }
  Payment: { one-of: [Card, Transfer, Option], by: type }
  Free: { one-of: [Option], by: type }
events:
  Payment: { source: shop, detail-type: Payment, detail: Payment }
  Paid: { source: shop, detail-type: Paid, detail: Payment, consumer: external }
outboxes:
  news: { publishes: [Payment, Paid], aggregate: id }
queues:
  jobs: { message: Payment, fifo: { group: id }, to: work }
functions:
  pay: { api: POST /payments, input: Payment, output: { payment: Payment, free: Free }, outbox: news }
  send: { sends: [jobs] }
  work: {}
  note: {}
rules:
  all: { event: Payment, to: { function: note } }
"#,
    );
    is_well_formed(&files);
    let types = text(&files, "contract/src/types.rs");
    for part in [
        "pub enum Payment {",
        "    /// `type` is `card`.\n    Card(Card),\n",
        "    OptionType(OptionType),\n",
        "evc_runtime::Tagged::of(deserializer, \"type\")?",
        "            \"SEPA\" | \"SW\\\"IFT\" => record.read().map(Self::Transfer),\n",
        "impl From<OptionType> for Free {",
        "            Self::Card(record) => evc_runtime::Bounded::check(record, at)?,\n            Self::Transfer(_) => {}\n",
    ] {
        assert!(types.contains(part), "{part}: {types}");
    }
    assert!(!types.contains("Bounded for Free"), "{types}");
    let events = text(&files, "contract/src/events.rs");
    assert!(events.contains("impl evc_runtime::Event for crate::Payment {"), "{events}");
    let arm = "            crate::Payment::OptionType(record) => Some(record.id.to_string()),\n";
    assert_eq!(events.matches(arm).count(), 2, "{events}");
    let queues = text(&files, "contract/src/queues.rs");
    assert!(queues.contains("            crate::Payment::Card(record) => record.id.to_string(),\n"), "{queues}");
}
