use super::*;
use crate::sim::lambda::{Ended, Order};
use crate::testing::{START_MS, anybody, hops, system};

const QUEUE: &str = "AWS::SQS::Queue";
const SECOND_MS: u64 = 1_000;

fn arn(name: &str) -> String {
    format!("arn:aws:sqs:us-east-1:000000000000:{name}")
}

fn call(system: &mut System, operation: &str, queue: &str, mut body: Value) -> Result<Value, Refusal> {
    body["QueueUrl"] = json!(format!("http://localhost/000000000000/{queue}"));
    system.sqs(&anybody(), operation, &body)
}

fn send(system: &mut System, queue: &str, body: &str) -> Value {
    call(system, "SendMessage", queue, json!({ "MessageBody": body })).expect("a message")
}

fn receive(system: &mut System, queue: &str) -> Vec<Value> {
    let body =
        json!({ "MaxNumberOfMessages": 10, "MessageSystemAttributeNames": ["All"], "MessageAttributeNames": ["All"] });
    let answer = call(system, "ReceiveMessage", queue, body).expect("an answer");
    answer.get("Messages").and_then(Value::as_array).cloned().unwrap_or_default()
}

fn bodies(messages: &[Value]) -> Vec<&str> {
    messages.iter().map(|message| message["Body"].as_str().expect("a body")).collect()
}

/// A queue whose messages go to a function, and a dead-letter queue; the mapping has these properties besides.
fn with_function(queue: Value, function: Value, mapping: Value) -> System {
    let mut all = [queue, function, mapping];
    let own = [
        json!({ "QueueName": "jobs", "VisibilityTimeout": 60, "RedrivePolicy": { "deadLetterTargetArn": arn("dead"), "maxReceiveCount": 2 } }),
        json!({ "FunctionName": "work", "Role": "role", "Timeout": 30 }),
        json!({ "FunctionName": "work", "EventSourceArn": arn("jobs"), "FunctionResponseTypes": ["ReportBatchItemFailures"] }),
    ];
    for (all, own) in all.iter_mut().zip(own) {
        for (name, value) in own.as_object().into_iter().flatten() {
            if all.get(name).is_none() {
                all[name] = value.clone();
            }
        }
    }
    let [queue, function, mapping] = all;
    system(&[
        ("Jobs", QUEUE, queue),
        ("Dead", QUEUE, json!({ "QueueName": "dead" })),
        ("Work", "AWS::Lambda::Function", function),
        ("Mapping", "AWS::Lambda::EventSourceMapping", mapping),
    ])
}

/// What is to be run: the invocation's number and the records of its event.
fn batches(system: &mut System) -> Vec<(u64, Vec<Value>)> {
    let now_ms = system.now_ms();
    system.advance(now_ms);
    let orders = system.take_orders().into_iter();
    orders
        .filter_map(|order| match order {
            Order::Invoke { invocation, payload, .. } => {
                let event: Value = serde_json::from_str(&payload).expect("an event");
                Some((invocation, event["Records"].as_array().expect("records").clone()))
            }
            _ => None,
        })
        .collect()
}

fn of_records(records: &[Value]) -> Vec<&str> {
    records.iter().map(|record| record["body"].as_str().expect("a body")).collect()
}

#[test]
fn a_message_is_sent_received_and_deleted() {
    let mut system = system(&[("Jobs", QUEUE, json!({ "QueueName": "jobs" }))]);
    let attributes = json!({ "kind": { "DataType": "String", "StringValue": "new" } });
    let sent =
        call(&mut system, "SendMessage", "jobs", json!({ "MessageBody": "hello", "MessageAttributes": attributes }))
            .expect("a message");
    assert_eq!(sent["MD5OfMessageBody"], "5d41402abc4b2a76b9719d911017c592");
    let received = receive(&mut system, "jobs");
    assert_eq!(bodies(&received), ["hello"]);
    let message = &received[0];
    assert_eq!((&message["MessageId"], &message["MD5OfBody"]), (&sent["MessageId"], &sent["MD5OfMessageBody"]));
    assert_eq!(
        (&message["MessageAttributes"], &message["MD5OfMessageAttributes"]),
        (&attributes, &sent["MD5OfMessageAttributes"])
    );
    assert_eq!(
        (&message["Attributes"]["ApproximateReceiveCount"], &message["Attributes"]["SentTimestamp"]),
        (&json!("1"), &json!(START_MS.to_string()))
    );
    assert!(receive(&mut system, "jobs").is_empty());
    let counts =
        call(&mut system, "GetQueueAttributes", "jobs", json!({ "AttributeNames": ["All"] })).expect("attributes");
    assert_eq!(
        (
            &counts["Attributes"]["ApproximateNumberOfMessages"],
            &counts["Attributes"]["ApproximateNumberOfMessagesNotVisible"]
        ),
        (&json!("0"), &json!("1"))
    );
    call(&mut system, "DeleteMessage", "jobs", json!({ "ReceiptHandle": message["ReceiptHandle"] })).expect("no error");
    system.advance(START_MS + 60 * SECOND_MS);
    assert!(receive(&mut system, "jobs").is_empty() && hops(&system, Kind::Message).len() == 1);
    let missing = call(&mut system, "SendMessage", "none", json!({ "MessageBody": "x" })).unwrap_err();
    assert_eq!(missing.code, "QueueDoesNotExist");
}

/// The digest is that of Amazon's documented way: length and bytes of name and type, the transport type, length and bytes of the value.
#[test]
fn attributes_have_the_documented_digest() {
    let bytes = b"\0\0\0\x01a\0\0\0\x06Binary\x02\0\0\0\x02hi\0\0\0\x01b\0\0\0\x06String\x01\0\0\0\x01x";
    let attributes = json!({ "b": { "DataType": "String", "StringValue": "x" }, "a": { "DataType": "Binary", "BinaryValue": "aGk=" } });
    assert_eq!(digest::of_attributes(attributes.as_object().unwrap()), Some(format!("{:x}", md5::compute(bytes))));
    assert_eq!(digest::of_attributes(&Map::new()), None);
}

#[test]
fn messages_are_visible_again_later_and_may_be_delayed() {
    let mut system = system(&[("Jobs", QUEUE, json!({ "QueueName": "jobs", "MessageRetentionPeriod": 100 }))]);
    call(&mut system, "SendMessage", "jobs", json!({ "MessageBody": "x", "DelaySeconds": 10 })).expect("a message");
    assert!(receive(&mut system, "jobs").is_empty());
    system.advance(START_MS + 10 * SECOND_MS);
    let first = receive(&mut system, "jobs");
    assert_eq!(first.len(), 1);
    let change = json!({ "ReceiptHandle": first[0]["ReceiptHandle"], "VisibilityTimeout": 5 });
    call(&mut system, "ChangeMessageVisibility", "jobs", change.clone()).expect("no error");
    system.advance(START_MS + 15 * SECOND_MS);
    assert_eq!(call(&mut system, "ChangeMessageVisibility", "jobs", change).unwrap_err().code, "MessageNotInflight");
    let second = receive(&mut system, "jobs");
    assert_eq!(second[0]["Attributes"]["ApproximateReceiveCount"], "2");
    // The older receipt deletes nothing, the default visibility is thirty seconds, and in the end it is forgotten.
    call(&mut system, "DeleteMessage", "jobs", json!({ "ReceiptHandle": first[0]["ReceiptHandle"] }))
        .expect("no error");
    system.advance(START_MS + 44 * SECOND_MS);
    assert!(receive(&mut system, "jobs").is_empty());
    system.advance(START_MS + 45 * SECOND_MS);
    assert_eq!(receive(&mut system, "jobs").len(), 1);
    system.advance(START_MS + 100 * SECOND_MS);
    assert!(receive(&mut system, "jobs").is_empty());
}

#[test]
fn what_is_received_too_often_goes_to_the_dead_letter_queue_and_back() {
    let redrive = json!({ "deadLetterTargetArn": arn("dead"), "maxReceiveCount": 1 }).to_string();
    let jobs = json!({ "QueueName": "jobs", "RedrivePolicy": redrive });
    let mut system = system(&[("Jobs", QUEUE, jobs), ("Dead", QUEUE, json!({ "QueueName": "dead" }))]);
    let sent = send(&mut system, "jobs", "x");
    assert_eq!(receive(&mut system, "jobs").len(), 1);
    system.advance(START_MS + 30 * SECOND_MS);
    assert!(receive(&mut system, "jobs").is_empty());
    let dead = receive(&mut system, "dead");
    assert_eq!(
        (&dead[0]["MessageId"], &dead[0]["Attributes"]["SentTimestamp"]),
        (&sent["MessageId"], &json!(START_MS.to_string()))
    );
    assert_eq!(dead[0]["Attributes"]["DeadLetterQueueSourceArn"], arn("jobs"));
    let buried = hops(&system, Kind::DeadLetter);
    assert_eq!((buried.len(), buried[0].root), (1, hops(&system, Kind::Message)[0].id));
    system.advance(START_MS + 60 * SECOND_MS);
    system.sqs(&anybody(), "StartMessageMoveTask", &json!({ "SourceArn": arn("dead") })).expect("a task");
    let back = receive(&mut system, "jobs");
    assert!(
        bodies(&back) == ["x"] && back[0]["MessageId"] != sent["MessageId"] && receive(&mut system, "dead").is_empty()
    );
}

#[test]
fn a_fifo_queue_keeps_the_order_of_groups_and_takes_nothing_twice() {
    let queue = json!({ "QueueName": "jobs.fifo", "FifoQueue": true, "ContentBasedDeduplication": true });
    let mut system = system(&[("Jobs", QUEUE, queue)]);
    let put = |system: &mut System, group: &str, body: &str| {
        call(system, "SendMessage", "jobs.fifo", json!({ "MessageBody": body, "MessageGroupId": group }))
            .expect("a message")
    };
    let first = put(&mut system, "a", "a1");
    assert_eq!(put(&mut system, "a", "a1"), first);
    put(&mut system, "a", "a2");
    put(&mut system, "b", "b1");
    let one = call(&mut system, "ReceiveMessage", "jobs.fifo", json!({})).expect("an answer")["Messages"].clone();
    assert_eq!(bodies(one.as_array().unwrap()), ["a1"]);
    // The rest of the group waits until it is deleted.
    assert_eq!(bodies(&receive(&mut system, "jobs.fifo")), ["b1"]);
    call(&mut system, "DeleteMessage", "jobs.fifo", json!({ "ReceiptHandle": one[0]["ReceiptHandle"] }))
        .expect("no error");
    assert_eq!(bodies(&receive(&mut system, "jobs.fifo")), ["a2"]);
    // What was deleted is known all the same, for five minutes.
    assert_eq!(put(&mut system, "a", "a1"), first);
    system.advance(START_MS + DEDUPLICATION_MS);
    assert_ne!(put(&mut system, "a", "a1"), first);
    assert_eq!(
        call(&mut system, "SendMessage", "jobs.fifo", json!({ "MessageBody": "x" })).unwrap_err().code,
        "MissingParameter"
    );
}

#[test]
fn what_the_api_does_not_take_is_refused() {
    let mut system = system(&[("Jobs", QUEUE, json!({ "QueueName": "jobs" }))]);
    let entry = |id: &str, body: &str| json!({ "Id": id, "MessageBody": body });
    let many: Vec<Value> = (0..11).map(|at| entry(&at.to_string(), "x")).collect();
    let half = "x".repeat(600_000);
    for (operation, body, code) in [
        ("SendMessage", json!({ "MessageBody": "" }), "MissingParameter"),
        ("SendMessage", json!({ "MessageBody": "\u{0}" }), "InvalidMessageContents"),
        ("SendMessage", json!({ "MessageBody": "x".repeat(1_048_577) }), "InvalidParameterValue"),
        ("SendMessage", json!({ "MessageBody": "x", "DelaySeconds": 901 }), "InvalidParameterValue"),
        ("SendMessageBatch", json!({ "Entries": [] }), "EmptyBatchRequest"),
        ("SendMessageBatch", json!({ "Entries": many }), "TooManyEntriesInBatchRequest"),
        ("SendMessageBatch", json!({ "Entries": [entry("a", "x"), entry("a", "y")] }), "BatchEntryIdsNotDistinct"),
        ("SendMessageBatch", json!({ "Entries": [entry("a b", "x")] }), "InvalidBatchEntryId"),
        ("SendMessageBatch", json!({ "Entries": [entry("a", &half), entry("b", &half)] }), "BatchRequestTooLong"),
        ("ReceiveMessage", json!({ "MaxNumberOfMessages": 11 }), "InvalidParameterValue"),
        ("ChangeMessageVisibility", json!({ "ReceiptHandle": "no", "VisibilityTimeout": 1 }), "ReceiptHandleIsInvalid"),
        ("Dance", json!({}), "UnknownOperationException"),
    ] {
        assert_eq!(call(&mut system, operation, "jobs", body).unwrap_err().code, code, "{operation}");
    }
    let batch = json!({ "Entries": [entry("a", "x"), entry("b", "\u{0}")] });
    let answer = call(&mut system, "SendMessageBatch", "jobs", batch).expect("an answer");
    assert_eq!((&answer["Successful"][0]["Id"], &answer["Failed"][0]["Id"]), (&json!("a"), &json!("b")));
    assert_eq!(answer["Failed"][0]["Code"], "InvalidMessageContents");
}

#[test]
fn a_function_is_given_what_comes_at_one_time_and_an_idle_system_has_nothing_due() {
    let mut system = with_function(json!({}), json!({}), json!({}));
    send(&mut system, "jobs", r#"{"n":1}"#);
    send(&mut system, "jobs", "two");
    let given = batches(&mut system);
    assert_eq!((given.len(), of_records(&given[0].1)), (1, vec![r#"{"n":1}"#, "two"]));
    let record = &given[0].1[0];
    assert_eq!(
        (&record["eventSource"], &record["eventSourceARN"], &record["awsRegion"]),
        (&json!("aws:sqs"), &json!(arn("jobs")), &json!("us-east-1"))
    );
    assert!(
        record["attributes"]["ApproximateFirstReceiveTimestamp"].is_string()
            && record["messageAttributes"] == json!({})
    );
    let batch = hops(&system, Kind::Batch)[0].clone();
    assert_eq!((batch.cause, batch.outcome), (Some(hops(&system, Kind::Message)[0].id), Outcome::Running));
    assert!(system.invocation_ended(given[0].0, Ended::Answer("null".to_owned())));
    assert!(batches(&mut system).is_empty());
    assert!(matches!(hops(&system, Kind::Batch)[0].outcome, Outcome::Done));
    assert_eq!(system.next_ms(), None);
}

#[test]
fn what_fails_comes_again_after_its_time_out_and_ends_in_the_dead_letter_queue() {
    let mut system = with_function(json!({}), json!({}), json!({}));
    send(&mut system, "jobs", "good");
    send(&mut system, "jobs", "bad");
    let given = batches(&mut system);
    let failed = json!({ "batchItemFailures": [{ "itemIdentifier": given[0].1[1]["messageId"] }] });
    system.invocation_ended(given[0].0, Ended::Answer(failed.to_string()));
    assert!(batches(&mut system).is_empty());
    assert_eq!(system.next_ms(), Some(START_MS + 60 * SECOND_MS));
    system.advance(START_MS + 60 * SECOND_MS);
    let again = batches(&mut system);
    assert_eq!(
        (of_records(&again[0].1), &again[0].1[0]["attributes"]["ApproximateReceiveCount"]),
        (vec!["bad"], &json!("2"))
    );
    system.invocation_ended(again[0].0, Ended::Error { name: "Broken".to_owned(), message: "no".to_owned() });
    system.advance(START_MS + 120 * SECOND_MS);
    assert!(batches(&mut system).is_empty());
    assert_eq!(bodies(&receive(&mut system, "dead")), ["bad"]);
}

#[test]
fn an_answer_that_names_no_message_makes_the_whole_batch_fail() {
    let given = [("a".to_owned(), "r".to_owned()), ("b".to_owned(), "s".to_owned())];
    let ids = |ids: &[&str]| Some(ids.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>());
    for (answer, failed) in [
        ("null", ids(&[])),
        ("{}", ids(&[])),
        (r#"{"batchItemFailures":null}"#, ids(&[])),
        (r#"{"batchItemFailures":[]}"#, ids(&[])),
        (r#"{"batchItemFailures":[{"itemIdentifier":"b"}]}"#, ids(&["b"])),
        (r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#, None),
        (r#"{"batchItemFailures":[{"itemIdentifier":null}]}"#, None),
        (r#"{"batchItemFailures":[{"id":"b"}]}"#, None),
        (r#"{"batchItemFailures":[{"itemIdentifier":"c"}]}"#, None),
    ] {
        assert_eq!(mapping::failures(answer, &given), failed, "{answer}");
    }
}

#[test]
fn batches_wait_for_their_window_or_until_they_are_full() {
    let mapping = json!({ "BatchSize": 3, "MaximumBatchingWindowInSeconds": 20 });
    let mut system = with_function(json!({}), json!({}), mapping);
    send(&mut system, "jobs", "1");
    assert!(batches(&mut system).is_empty());
    system.advance(START_MS + 20 * SECOND_MS);
    assert_eq!(of_records(&batches(&mut system)[0].1), ["1"]);
    for body in ["2", "3", "4"] {
        send(&mut system, "jobs", body);
    }
    assert_eq!(of_records(&batches(&mut system)[0].1), ["2", "3", "4"]);
}

#[test]
fn no_more_batches_are_under_way_than_the_mapping_and_the_function_take() {
    for (function, mapping) in [
        (json!({ "ReservedConcurrentExecutions": 2 }), json!({})),
        (json!({}), json!({ "ScalingConfig": { "MaximumConcurrency": 2 } })),
    ] {
        let mut mapping = mapping;
        mapping["BatchSize"] = json!(1);
        let mut system = with_function(json!({}), function, mapping);
        for body in ["1", "2", "3"] {
            send(&mut system, "jobs", body);
        }
        let given = batches(&mut system);
        assert_eq!(given.len(), 2);
        system.invocation_ended(given[0].0, Ended::Answer("{}".to_owned()));
        assert_eq!(of_records(&batches(&mut system)[0].1), ["3"]);
    }
}

#[test]
fn what_no_filter_wants_is_deleted() {
    let filters = json!({ "Filters": [{ "Pattern": r#"{"body":{"total":[{"numeric":[">",5]}]}}"# }] });
    let mut system = with_function(json!({}), json!({}), json!({ "FilterCriteria": filters }));
    for body in [r#"{"total":6}"#, r#"{"total":5}"#, "6"] {
        send(&mut system, "jobs", body);
    }
    assert_eq!(of_records(&batches(&mut system)[0].1), [r#"{"total":6}"#]);
    let names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
    let counts =
        call(&mut system, "GetQueueAttributes", "jobs", json!({ "AttributeNames": names })).expect("attributes");
    assert_eq!(names.map(|name| counts["Attributes"][name].clone()), [json!("0"), json!("1")]);
}

#[test]
fn messages_stay_when_a_stack_changes() {
    let mut system = with_function(json!({}), json!({}), json!({ "BatchSize": 1 }));
    send(&mut system, "jobs", "1");
    let given = batches(&mut system);
    let before = system.stacks.clone();
    let resources = before[0].resources.values().filter(|it| it.type_ != "AWS::Lambda::EventSourceMapping");
    let resources: Vec<(&str, &str, Value)> =
        resources.map(|it| (it.name.as_str(), it.type_.as_str(), it.properties.clone())).collect();
    system.reconfigure(vec![crate::testing::stack(&resources)]).expect("the queues alone");
    system.invocation_ended(given[0].0, Ended::Error { name: "Broken".to_owned(), message: "no".to_owned() });
    send(&mut system, "jobs", "2");
    assert!(batches(&mut system).is_empty());
    system.reconfigure(before).expect("the mapping again");
    let given = batches(&mut system);
    assert_eq!(of_records(&given[0].1), ["2"]);
    system.invocation_ended(given[0].0, Ended::Answer("{}".to_owned()));
    system.advance(START_MS + 60 * SECOND_MS);
    assert_eq!(of_records(&batches(&mut system)[0].1), ["1"]);
}

/// Receives and deletes what there is for so many seconds: the texts, in the order in which they came.
fn drained(system: &mut System, queue: &str, seconds: u64) -> Vec<String> {
    let mut all = Vec::new();
    for _ in 0..seconds * 10 {
        for message in receive(system, queue) {
            let body = json!({ "ReceiptHandle": message["ReceiptHandle"] });
            call(system, "DeleteMessage", queue, body).expect("it is deleted");
            all.push(message["Body"].as_str().expect("a body").to_owned());
        }
        let now_ms = system.now_ms();
        system.advance(now_ms + SECOND_MS / 10);
    }
    all
}

/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-exactly-once-processing.html>
#[test]
fn whatever_faults_there_are_a_fifo_queue_keeps_the_order_of_a_group_and_gives_each_message_once() {
    for seed in 0..20 {
        let mut system = system(&[("Jobs", QUEUE, json!({ "QueueName": "jobs.fifo", "FifoQueue": true }))]);
        system.set_chaos(Some(format!("seed={seed},duplicate=50%,reorder=50%,delay=50%").parse().expect("faults")));
        for number in 0..10 {
            let body = json!({ "MessageBody": number.to_string(), "MessageGroupId": "g", "MessageDeduplicationId": number.to_string() });
            call(&mut system, "SendMessage", "jobs.fifo", body).expect("a message");
        }
        assert_eq!(drained(&mut system, "jobs.fifo", 120), ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
        assert!(!hops(&system, Kind::Fault).is_empty());
    }
}

/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/standard-queues.html>
#[test]
fn a_standard_queue_gives_each_message_and_some_twice_or_in_another_order() {
    let mut system = system(&[
        (
            "Jobs",
            QUEUE,
            json!({ "QueueName": "jobs", "RedrivePolicy": { "deadLetterTargetArn": arn("dead"), "maxReceiveCount": 1 } }),
        ),
        ("Dead", QUEUE, json!({ "QueueName": "dead" })),
    ]);
    system.set_chaos(Some("seed=1,duplicate=30%,reorder=30%".parse().expect("faults")));
    let sent: Vec<String> = (0..50).map(|number| format!("{number:02}")).collect();
    for body in &sent {
        send(&mut system, "jobs", body);
    }
    let mut given = drained(&mut system, "jobs", 60);
    assert!(given.len() > sent.len() && given.len() <= 2 * sent.len(), "{}", given.len());
    assert!(!given.is_sorted(), "{given:?}");
    given.sort();
    given.dedup();
    assert_eq!(given, sent);
    // What comes twice was not received in vain.
    assert!(receive(&mut system, "dead").is_empty());
}
