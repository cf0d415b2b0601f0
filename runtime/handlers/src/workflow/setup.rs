//! Store and transport of a function on AWS, from its environment.

use evc_interface::environment::{WORKFLOW_TRANSPORT, transport};

use super::Carrier;
use super::store::Store;
use super::transport::Transport;
use super::transport::eventbridge::EventBridge;
use super::transport::sqs::Sqs;
use crate::backend::Services;
use crate::{Error, Kind};
use std::sync::Arc;

/// What moves the executions of the function's namespace, and its transport alone.
pub(crate) async fn carrier(services: &Arc<Services>) -> Result<(Carrier, Arc<dyn Transport>), Error> {
    let store: Arc<dyn Store> = services.workflows().await?;
    let transport: Arc<dyn Transport> = match services.settings.get(WORKFLOW_TRANSPORT).as_deref() {
        None | Some("" | transport::SQS) => Arc::new(Sqs::new(services.clone())?),
        Some(transport::EVENTBRIDGE) => Arc::new(EventBridge::new(services.clone())?),
        Some(_) => {
            let message = format!("the environment variable `{WORKFLOW_TRANSPORT}` is neither `sqs` nor `eventbridge`");
            return Err(Error::new(Kind::Configuration, message));
        }
    };
    Ok((Carrier::new(store, Some(transport.clone())), transport))
}

/// What lets steps go on that wait for a signal of this function: with a transport if its environment names one, else what follows
/// is left to the sweep.
pub(crate) async fn signaller(services: &Arc<Services>) -> Result<Carrier, Error> {
    let settings = &services.settings;
    if settings.get(WORKFLOW_TRANSPORT).is_some_and(|transport| !transport.is_empty()) {
        return carrier(services).await.map(|(carrier, _)| carrier);
    }
    Ok(Carrier::new(services.workflows().await?, None))
}
