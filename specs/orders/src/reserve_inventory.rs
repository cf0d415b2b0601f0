//! Sets goods aside, in a simulation that succeeds at a given rate.

use evc_runtime::{Error, Kind};
use orders_contract::{ReserveInventory, ReserveInventoryError, ReserveInventoryInput, ReserveInventoryOutput};

/// What `reserve-inventory` does. Its signature follows from `specs/orders.yaml`.
///
/// `cx` has what the spec lets the function do, and nothing else; `cx.env("NAME")?` reads a variable of its `environment`.
/// A business error goes out as `Err(ReserveInventoryError::InventoryUnavailable("why".into()))`.
pub async fn reserve_inventory(cx: &ReserveInventory, input: ReserveInventoryInput) -> Result<ReserveInventoryOutput, ReserveInventoryError> {
    // Yours from here on: evc never writes this file again.
    let _ = (cx, input);
    Err(Error::new(Kind::Internal, "`reserve-inventory` is not written yet").into())
}
