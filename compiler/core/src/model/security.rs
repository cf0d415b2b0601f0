//! What a company asks of every role.

use crate::spec::Sections;
use crate::spec::given::Given;

/// What holds for everything in the stack.
#[derive(Debug, Clone, Default)]
pub struct Security {
    /// The managed policy that bounds every role: its name, with its path, or its ARN.
    pub permissions_boundary: Option<Given<String>>,
}

pub(super) fn security(sections: &Sections) -> Security {
    let boundary = &sections.security.permissions_boundary;
    Security { permissions_boundary: boundary.as_ref().map(|given| given.value.clone()) }
}
