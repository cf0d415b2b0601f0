//! Works off the queue of mails.

use evc_runtime::{Error, Kind, Unit, tracing};
use shop_contract::{Mail, SendMail, SendMailError};

/// Stands for a call of a mail provider. An error brings this message again, and no other of its batch.
pub async fn send_mail(cx: &SendMail, input: Mail) -> Result<(), SendMailError> {
    let sender = cx.env("SENDER")?;
    let key = cx.idempotency_key().unwrap_or("none");
    if !cx.simulate("DELIVERY_RATE", key)? {
        return Err(Error::new(Kind::Transient, "the mail provider did not answer"));
    }
    // One of a hundred, for those who look at how mails are.
    if cx.random(key) < 0.01 {
        tracing::info!(bytes = input.text.len(), "sample");
    }
    tracing::info!(%input.order_id, sender, key, "mail sent");
    cx.metric("MailBytes", f64::from(u32::try_from(input.text.len()).unwrap_or(u32::MAX)), Unit::Bytes);
    Ok(())
}

#[cfg(test)]
mod tests {
    use evc_runtime::testing::World;
    use evc_runtime::{Function, Uuid};

    use super::*;

    #[tokio::test]
    async fn a_mail_that_is_not_taken_comes_again() {
        let mail = || Mail { order_id: Uuid::nil(), to: "kim@shop.example".into(), text: "Hello".into() };
        let world = World::new().env("SENDER", "shop@shop.example").env("DELIVERY_RATE", "1");
        send_mail(&SendMail::new(world.delivery("send-mail", "message-1")), mail()).await.unwrap();
        assert_eq!(world.metric("MailBytes"), [5.0]);
        let world = world.env("DELIVERY_RATE", "0");
        let refused = send_mail(&SendMail::new(world.delivery("send-mail", "message-1")), mail()).await;
        assert_eq!(refused.unwrap_err().kind(), Kind::Transient);
    }
}
