//! Workflows on Redis: the machine that Step Functions would run, carried through Redis one transition at a time.
//!
//! | module | does |
//! | --- | --- |
//! | [`Definition`] | reads the state machine that the compiler wrote |
//! | [`planner`] | the pure function from a state and what happened to the next state and what is to be done |
//! | [`protocol`] | what planner, store and workers tell each other |
//! | [`store`] | keeps executions: in Redis, or in memory |
//! | [`Carrier`] | plans and commits what happened, and sends what follows |
//! | `turn` | whose turn it is to plan |
//! | `worker` | does one piece of work: [`Carrier::work`] |
//! | [`sweep`] | looks after what is due |
//! | [`ends`] | counts the executions that end |
//! | `full` | tells of a cache that loses executions when it is full |
//! | [`ops`] | starts, signals, cancels, retries |
//! | [`transport`] | brings word of work to workers |
//! | [`message`] | the bodies of messages to workers and to the engine |
//!
//! Handlers on AWS (`evc-runtime`) bring transports and the engine function to it; `evc workflow` looks at executions and changes them; a
//! local system carries them on in memory. It knows nothing of Lambda and of AWS. Executions in Redis are behind the feature `redis`.
//!
//! A definition, an execution of it, and its first step:
//!
//! ```
//! use evc_workflow::store::{Memory, Store};
//! use evc_workflow::{Chance, Claim, Committed, Definition, Event, ExecutionId, dispatches, outcome, plan, start};
//! use serde_json::json;
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
//! # runtime.block_on(async {
//!
//! let work = json!({ "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": { "FunctionName": "charge",
//!     "Payload": { "evc": {}, "input": "{% $states.input %}" } }, "Output": "{% $states.result.Payload %}", "End": true });
//! let machine = json!({ "QueryLanguage": "JSONata", "TimeoutSeconds": 60, "StartAt": "pay", "States": { "pay": work } });
//! let text = json!({ "evc": 1, "workflow": "order", "leases": { "charge": 30 }, "machine": machine }).to_string();
//! let definition = Definition::parse(&text)?;
//!
//! let (store, execution) = (Memory::new(), ExecutionId::new("order", "1"));
//! let chance = Chance { seed: 1, key: [0; 32] };
//! let begin = start(&definition, &execution, json!({ "amount": 20 }), store.time().await?, chance)?;
//! store.start(&begin).await?;
//!
//! // The transition orders one piece of work, which a worker claims.
//! let (task, _) = dispatches(&execution, &begin.transition).remove(0);
//! assert_eq!(task.function, "charge");
//! let Claim::Claimed { snapshot, .. } = store.claim(&task, 1).await? else { return Err("it waits".into()) };
//! let charged = Event::Succeeded { slot: task.slot, output: json!({ "paid": true }), claimed_ms: snapshot.now_ms };
//! let fence = Some((task.slot, task.seq));
//! let next = plan(&definition, &execution, &snapshot, fence, charged, Chance { seed: 2, ..chance })?;
//! let next = next.ok_or("it counts")?;
//! assert_eq!(store.commit(&execution, &next).await?, Committed::Done);
//! assert_eq!(outcome(&next.state)?.output, Some(json!({ "paid": true })));
//! # Ok::<(), Box<dyn std::error::Error>>(()) })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

mod carrier;
mod crash;
mod definition;
pub mod ends;
mod expression;
mod full;
pub mod message;
pub mod ops;
pub mod planner;
pub mod protocol;
mod state;
pub mod store;
#[cfg(all(test, feature = "redis"))]
#[path = "../tests/support/mod.rs"]
mod support;
pub mod sweep;
mod token;
pub mod transport;
mod turn;
mod worker;

pub use carrier::{Carried, Carrier};
pub use definition::Definition;
pub use message::{Message, StartRequest};
pub use planner::{Chance, Event, Waiting, dispatches, is_outdated, plan, start, waits};
pub use protocol::{
    Claim, Committed, Due, ExecutionId, Finished, History, Owner, Phase, Record, Slot, Snapshot, Start, Started,
    Status, Taken, Task, TaskRef, Transition, work_number,
};
pub use state::{Outcome, outcome};
pub use token::Token;
pub use worker::{Job, TaskError, Worked};

// What this crate's own interface is written in.
pub use evc_values::{Error, Kind, Timestamp, Uuid};

use evc_interface::limits;
use evc_values::hash;
