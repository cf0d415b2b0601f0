//! What the engine counts: executions by how they ended, sweeps, messages that it gave back.

use super::*;
use crate::workflow::ends::Ends;
use evc_interface::metric::executions;

/// Ends with the error that its name says.
fn fails(workflow: &str, error: &str) -> &'static str {
    let machine = json!({ "QueryLanguage": "JSONata", "TimeoutSeconds": 60, "StartAt": "end", "States": {
        "end": { "Type": "Fail", "Error": error } } });
    json!({ "evc": 1, "workflow": workflow, "leases": {}, "outcomes": ["Refused"], "machine": machine })
        .to_string()
        .leak()
}

#[tokio::test]
async fn an_execution_that_ends_with_an_outcome_is_counted_as_one() {
    let (world, clock) = world();
    let definitions = vec![fails("sale", "Refused"), fails("loan", "Broken"), NEWS.as_str()].leak();
    let engine = Engine::new(definitions, world.services()).expect("an engine");
    for (workflow, id) in [("sale", "1"), ("sale", "2"), ("loan", "1"), ("news", "1")] {
        engine.handle(&start(id).replace("news", workflow), TIME).await.expect("started");
    }
    clock.fetch_add(61_000, Ordering::Relaxed);
    engine.sweep(TIME).await.expect("a sweep, which lets `news` time out");
    clock.fetch_add(1_000, Ordering::Relaxed);
    let all = Mutex::new(Ends::new());
    // What the sweep has counted, it has written; here is what came after.
    let (carrier, _) = engine.parts().await.expect("parts");
    ends(carrier, Instant::now() + TIME, |ends| lock(&all).extend(ends.clone())).await.expect("counted");
    let of = |workflow: &str, metric, count| ((workflow.to_owned(), metric), count);
    assert_eq!(*lock(&all), Ends::from([of("news", executions::TIMED_OUT, 1)]));
    assert_eq!(engine.metrics.values(metric::SWEEPS), [1.0]);
}

#[tokio::test]
async fn outcomes_are_failures_that_are_taken_out_again() {
    let (world, clock) = world();
    let definitions = vec![fails("sale", "Refused"), fails("loan", "Broken")].leak();
    let engine = Engine::new(definitions, world.services()).expect("an engine");
    for (workflow, id) in [("sale", "1"), ("sale", "2"), ("loan", "1")] {
        engine.handle(&start(id).replace("news", workflow), TIME).await.expect("started");
    }
    clock.fetch_add(1_000, Ordering::Relaxed);
    let all = Mutex::new(Ends::new());
    let (carrier, _) = engine.parts().await.expect("parts");
    let add = |ends: &Ends| ends.iter().for_each(|(end, count)| *lock(&all).entry(end.clone()).or_default() += count);
    ends(carrier, Instant::now() + TIME, add).await.expect("counted");
    let of = |workflow: &str, metric, count| ((workflow.to_owned(), metric), count);
    let expected =
        [of("sale", executions::FAILED, 2), of("sale", executions::OUTCOMES, 2), of("loan", executions::FAILED, 1)];
    assert_eq!(*lock(&all), Ends::from(expected));
}

#[tokio::test]
async fn messages_that_the_engine_gives_back_are_failures() {
    let (world, _) = world();
    let engine = engine(&world);
    engine.handle(&batch(&[start("e-1"), "secret".to_owned()]), TIME).await.expect("an answer");
    assert_eq!(engine.metrics.values(FAILURES), [1.0]);
}
