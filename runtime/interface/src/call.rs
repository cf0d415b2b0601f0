//! How functions are called: the payload that a step of a workflow sends, and the header of an API with the key of a request.

/// The header with which callers of an API name a request, so that it is done once however often they send it. In lower case, as
/// headers of HTTP/2 are.
pub const IDEMPOTENCY_HEADER: &str = "idempotency-key";

/// What an authorizer of the spec says of itself in the context of a request: its name. Nobody else writes there.
pub const AUTHORIZER: &str = "evcAuthorizer";

/// The field of an authorizer's context by which its callers are told apart.
pub const SUBJECT: &str = "sub";

/// The field of the payload that says where in a workflow the call comes from: a record of the fields below.
pub const ENVELOPE: &str = "evc";

/// The field of the payload with the input of the call.
pub const INPUT: &str = "input";

/// The execution's ARN or id.
pub const EXECUTION: &str = "execution";

/// When the execution started.
pub const STARTED: &str = "started";

/// The step's name.
pub const STEP: &str = "step";

/// Which attempt it is: 0 for the first, 1 for the first retry.
pub const ATTEMPT: &str = "attempt";

/// The index within a `for-each`.
pub const ITEM: &str = "item";

/// What tells the visits of a loop apart.
pub const VISIT: &str = "visit";

/// With what somebody lets the step go on, if it waits for a signal.
pub const TOKEN: &str = "token";

/// All fields of [`ENVELOPE`].
pub const ENVELOPE_FIELDS: [&str; 7] = [EXECUTION, STEP, ATTEMPT, STARTED, ITEM, VISIT, TOKEN];
