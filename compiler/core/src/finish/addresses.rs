//! What the spec calls each resource, once all that evc makes are there.

use crate::plan::address;
use crate::plan::builder::Builder;

/// Gives each resource its name.
pub(super) fn finish(b: &mut Builder<'_>) {
    let names = address::all(&b.plan);
    for (id, name) in names {
        if let Some(resource) = b.plan.resources.get_mut(&id) {
            resource.address = name;
        }
    }
}
