//! Sends many mails by a queue.

use std::time::Duration;

use evc_runtime::{Error, Kind};
use shop_contract::{Mails, TellCustomers, TellCustomersError, TellCustomersInput, TellCustomersOutput};

/// Sends one message a mail while there is time.
pub async fn tell_customers(
    cx: &TellCustomers,
    input: TellCustomersInput,
) -> Result<TellCustomersOutput, TellCustomersError> {
    let mut sent = 0;
    for mail in &input.mails {
        if cx.remaining() < Duration::from_secs(2) {
            let message = format!("{sent} mails were sent until {}", cx.deadline());
            return Err(Error::new(Kind::Timeout, message));
        }
        cx.send(Mails, mail).await?;
        sent += 1;
    }
    Ok(TellCustomersOutput { sent })
}

#[cfg(test)]
mod tests {
    use evc_runtime::testing::World;
    use evc_runtime::{Function, Uuid};
    use shop_contract::Mail;

    use super::*;

    fn mails() -> TellCustomersInput {
        let mail = Mail { order_id: Uuid::nil(), to: "kim@shop.example".into(), text: "Hello".into() };
        TellCustomersInput { mails: vec![mail; 3] }
    }

    #[tokio::test]
    async fn each_mail_is_a_message() {
        let world = World::new().queue::<Mails>();
        let told = tell_customers(&TellCustomers::new(world.context("tell-customers")), mails()).await.unwrap();
        assert_eq!((told.sent, world.sent::<Mails>().len()), (3, 3));
    }

    #[tokio::test]
    async fn nothing_is_begun_that_would_not_end() {
        let world = World::new().queue::<Mails>().timeout(Duration::from_secs(1));
        let cx = TellCustomers::new(world.context("tell-customers"));
        assert_eq!(tell_customers(&cx, mails()).await.unwrap_err().kind(), Kind::Timeout);
    }
}
