use super::*;
use crate::contract::{PaymentProcessed, ProcessPayment, order};
use crate::testing::World;

fn event() -> PaymentProcessed {
    PaymentProcessed { order_id: order("c").order_id, amount: order("c").total_amount }
}

async fn publish(world: &World) -> Result<Uuid, Error> {
    world.delivery("process-payment", "key").publish::<ProcessPayment, _>(&event()).await
}

#[tokio::test(start_paused = true)]
async fn a_refused_entry_is_no_success_and_is_tried_again() {
    let world = World::new().env("ORDERS_BUS", "bus");
    world.bus.answer(Ok((vec![0], "ThrottlingException")));
    world.bus.answer(Err(Error::new(Kind::Transient, "no answer")));
    let id = publish(&world).await.expect("third attempt");
    assert_eq!(world.bus.calls(), [1, 1, 1]);
    assert_eq!(world.bus.taken().len(), 1);
    // The same delivery again gives the event the same id.
    assert_eq!(publish(&world).await.expect("again"), id);
}

#[tokio::test(start_paused = true)]
async fn what_the_bus_will_never_take_is_not_tried_again() {
    let world = World::new().env("ORDERS_BUS", "bus");
    world.bus.answer(Ok((vec![0], "NotAuthorizedForSourceException")));
    assert_eq!(publish(&world).await.expect_err("refused").kind(), Kind::Internal);
    world.bus.answer(Err(Error::new(Kind::AccessDenied, "denied")));
    assert_eq!(publish(&world).await.expect_err("refused").kind(), Kind::AccessDenied);
    assert_eq!(world.bus.calls(), [1, 1]);
}

#[tokio::test(start_paused = true)]
async fn attempts_end() {
    let world = World::new().env("ORDERS_BUS", "bus");
    (0..10).for_each(|_| world.bus.answer(Ok((vec![0], "InternalFailure"))));
    assert_eq!(publish(&world).await.expect_err("refused").kind(), Kind::Transient);
    assert_eq!(world.bus.calls().len(), 5);
}

#[test]
fn pauses_double_up_to_a_bound_and_are_jittered_fully() {
    assert_eq!(pause(0, 0.5), Duration::from_millis(50));
    assert_eq!(pause(3, 1.0), Duration::from_millis(800));
    assert_eq!(pause(40, 1.0), LONGEST_PAUSE);
    assert_eq!(pause(40, 0.0), Duration::ZERO);
}
