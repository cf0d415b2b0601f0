"""System 001: a publisher puts an order's event on the default bus, a rule brings it to a function that stores it."""

import alarms
import policies
from scenarios import System
from stack import Stack, stays_true, wait_until

SYSTEM = System("event-store")
TABLE, PUBLISHER, PROCESSOR = "EventsTableName", "EventPublisherFunctionName", "OrderProcessorFunctionName"
BUS, SOURCE, DETAIL_TYPE = "default", "custom.myapp", "order_placed"
# The original's README.
README_PAYLOAD = {
    "orderId": "ORDER-12345",
    "customer": "john.doe@example.com",
    "items": [{"id": "item-1", "quantity": 2}],
}


@SYSTEM.scenario("the README's payload gives exactly one item, found by the index")
def stores_one_item(stack: Stack) -> None:
    result, error = stack.invoke(stack.outputs[PUBLISHER], README_PAYLOAD)
    assert error is None, result
    wait_until(lambda: stored(stack), "stored event")
    stays_true(lambda: len(stored(stack)) == 1, "one item")
    (found,) = by_event_type(stack, DETAIL_TYPE)
    assert found == stored(stack)[0], found
    assert README_PAYLOAD["orderId"] in str(found), found


@SYSTEM.scenario("the same event twice gives one item")
def stores_once(stack: Stack) -> None:
    before = len(stored(stack))
    event = envelope("11111111-2222-4333-8444-555555555555", detail("ORDER-TWICE"))
    for _ in range(2):
        result, error = stack.invoke(stack.outputs[PROCESSOR], event)
        assert error is None, result
    assert len(stored(stack)) == before + 1, stored(stack)


@SYSTEM.scenario("a status other than PLACED gives none")
def ignores_other_statuses(stack: Stack) -> None:
    before = len(stored(stack))
    stack.put_event(BUS, SOURCE, DETAIL_TYPE, {**detail("ORDER-CANCELLED"), "status": "CANCELLED"})
    stays_true(lambda: len(stored(stack)) == before, "no further item")


@SYSTEM.scenario("an event whose target cannot be reached lands in the rule's dead-letter queue with its payload")
def dead_letters(stack: Stack) -> None:
    rule = stack.rule(BUS, DETAIL_TYPE)
    with stack.unreachable_target(BUS, rule["Name"]) as target:
        event_id = stack.put_event(BUS, SOURCE, DETAIL_TYPE, detail("ORDER-LOST"))
        (message,) = stack.messages(target["DeadLetterConfig"]["Arn"])
    attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert event_id in message["Body"] and "ORDER-LOST" in message["Body"], message
    assert attributes["RULE_ARN"] == rule["Arn"] and attributes["ERROR_CODE"] == "NO_PERMISSIONS", attributes


@SYSTEM.scenario("a function that keeps crashing sends the event to its failure destination")
def sends_failures_on(stack: Stack) -> None:
    processor = stack.outputs[PROCESSOR]
    configuration = stack.client("lambda").get_function_event_invoke_config(FunctionName=processor, Qualifier="$LATEST")
    with stack.crashing(processor):
        stack.put_event(BUS, SOURCE, DETAIL_TYPE, detail("ORDER-CRASH"))
        # Lambda tries again after one minute, and after two.
        stack.let_pass(60 + 120)
        (message,) = stack.messages(configuration["DestinationConfig"]["OnFailure"]["Destination"], 60)
    assert "ORDER-CRASH" in message["Body"], message


@SYSTEM.scenario("every policy was needed, and none was missing")
def least_privilege(stack: Stack) -> None:
    unexercised = {"sqs:SendMessage": "the failure destination of a function that was only invoked directly"}
    found = policies.problems(stack, unexercised)
    assert not found, "\n".join(found)


@SYSTEM.scenario("alarms of functions are silent while all is well, and go off for trouble")
def tells_of_trouble(stack: Stack) -> None:
    found = alarms.problems(stack)
    assert not found, "\n".join(found)


def stored(stack: Stack) -> list[dict]:
    """All items of the table."""
    return stack.items(stack.outputs[TABLE])


def by_event_type(stack: Stack, event_type: str) -> list[dict]:
    """A query on the index whose partition key is the event's type."""
    client, table = stack.client("dynamodb"), stack.outputs[TABLE]
    indexes = client.describe_table(TableName=table)["Table"]["GlobalSecondaryIndexes"]
    index = next(index for index in indexes if index["KeySchema"][0]["AttributeName"] == "eventType")
    return client.query(
        TableName=table,
        IndexName=index["IndexName"],
        KeyConditionExpression="eventType = :type",
        ExpressionAttributeValues={":type": {"S": event_type}},
    )["Items"]


def detail(order_id: str) -> dict:
    """What the publisher puts into an event."""
    items = [{"id": "item-1", "quantity": 1}]
    placed = {"orderId": order_id, "status": "PLACED", "customer": "test-customer", "items": items}
    return {**placed, "timestamp": "2026-01-02T03:04:05Z"}


def envelope(event_id: str, body: dict) -> dict:
    """An event as EventBridge hands it to a function; the same id twice is the same event delivered twice."""
    return {
        "version": "0",
        "id": event_id,
        "source": SOURCE,
        "detail-type": DETAIL_TYPE,
        "account": "000000000000",
        "region": "us-east-1",
        "time": "2026-01-02T03:04:05Z",
        "resources": [],
        "detail": body,
    }
