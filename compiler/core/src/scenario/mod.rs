//! Scenarios: what a system is to do, written beside its spec in `NAME.test.yaml`. Read here, and checked against the model; `evc-local`
//! carries them out.
//!
//! | file | has |
//! | --- | --- |
//! | `file.rs` | the file and its scenarios |
//! | `mock.rs` | what stands in the place of a function: an answer or an error, and effects |
//! | `action.rs` | what is sent to the system: one struct a kind, and its line in [`action::KINDS`] |
//! | `expectation.rs` | what is to be observed: likewise |
//! | `payload.rs` | JSON values with references (`$id`) |
//! | `included.rs` | `{ file: order.json }` in the place of a value |
//! | `check/` | names and types, against the model |
//! | `schema.rs` | the JSON Schema |

pub mod action;
mod check;
pub mod expectation;
mod file;
mod included;
mod kinds;
mod lenient;
pub mod mock;
pub mod payload;
mod schema;

pub use action::Action;
pub use check::{check, find_route};
pub use expectation::Expectation;
pub use file::{DEFAULT_CLOCK, File, Scenario, VERSION, decode};
pub(crate) use included::include;
pub use mock::{Effect, Mock, Mocks};
pub use payload::{Payload, Reference};
pub use schema::{schema, text as schema_text};
