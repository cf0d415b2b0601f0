//! Workflows on Redis: their definitions, the messages of their engine, and what is counted of them.

/// The field of a definition with its version, [`DEFINITION_VERSION`].
pub const DEFINITION: &str = "evc";

/// The version of definitions.
pub const DEFINITION_VERSION: u64 = 1;

/// What the engine is called: the end of its function's name, and the detail-type of its work on a bus.
pub const ENGINE: &str = "workflow-engine";

/// The `source` of work that travels as events of a bus.
pub const SOURCE: &str = "evc.workflow";

/// The field of a message that makes the engine start a workflow: a record with [`START_WORKFLOW`].
pub const START: &str = "evcStart";

/// The workflow to start.
pub const START_WORKFLOW: &str = "workflow";

/// The field of that message with the event: its `id` and `detail`.
pub const START_EVENT: &str = "event";

/// The field of a message that makes the engine look after everything that is due.
pub const SWEEP: &str = "evcSweep";

/// How long finished executions are kept, seconds, unless [`crate::environment::WORKFLOW_RETENTION`] says otherwise: seven days.
pub const RETENTION_SECONDS: u64 = 604_800;
