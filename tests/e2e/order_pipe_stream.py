"""System 004, from the table on: its stream's new and changed items reach one queue each, and nothing else."""

import json
import time
import uuid

import alarms
import policies
from order_pipe import LINE, SYSTEM, call, post
from stack import Stack, stays_true, wait_until


@SYSTEM.scenario("an order of the API reaches the handler of new orders, and its change that of changed orders")
def from_the_api(stack: Stack) -> None:
    _, made = post(stack, {"customerId": "c-8", "items": [LINE]})
    order = {"orderId": {"S": made["orderId"]}}
    wait_until(lambda: notices(stack, order), "notice of the new order")
    assert call(stack, "PATCH", f"/orders/{made['orderId']}/{made['createdAt']}", {"status": "PAID"})[0] == 200
    wait_until(lambda: len(notices(stack, order)) == 2, "notice of the changed order")
    told = sorted((notice["kind"]["S"], notice["status"]["S"]) for notice in notices(stack, order))
    assert told == [("CREATED", "CREATED"), ("UPDATED", "PAID")], told


@SYSTEM.scenario("a new order reaches the handler of new orders alone, as the event that was declared")
def new_orders(stack: Stack) -> None:
    order = put_order(stack, note='said "hello"\\')
    (notice,) = wait_until(lambda: notices(stack, order), "notice of the new order")
    assert (notice["kind"]["S"], notice["status"]["S"]) == ("CREATED", "CREATED"), notice
    # The id and the place of the stream's record came with it.
    assert notice["eventId"]["S"] and notice["sequence"]["S"].isdigit(), notice
    stays_true(lambda: len(notices(stack, order)) == 1, "one notice")


@SYSTEM.scenario("a changed order reaches the handler of changed orders alone, in its order")
def changed_orders(stack: Stack) -> None:
    order = put_order(stack)
    for status in ("PAID", "SHIPPED"):
        update_order(stack, order, status)
    wait_until(lambda: len(notices(stack, order)) == 3, "notices of one insert and two updates")
    stays_true(lambda: len(notices(stack, order)) == 3, "three notices")
    by_place = sorted(notices(stack, order), key=lambda notice: int(notice["sequence"]["S"]))
    told = [(notice["kind"]["S"], notice["status"]["S"]) for notice in by_place]
    assert told == [("CREATED", "CREATED"), ("UPDATED", "PAID"), ("UPDATED", "SHIPPED")], told


@SYSTEM.scenario("a deleted order is no event")
def deleted_orders(stack: Stack) -> None:
    order = put_order(stack)
    wait_until(lambda: notices(stack, order), "notice of the new order")
    stack.client("dynamodb").delete_item(TableName=stack.outputs["OrdersTableName"], Key=order)
    stays_true(lambda: len(notices(stack, order)) == 1, "one notice")


@SYSTEM.scenario("an event says what it declares, and nothing of how the table stores it")
def no_storage_shape(stack: Stack) -> None:
    order, event = event_on_the_bus(stack)
    assert (event["source"], event["detail-type"]) == ("order.service", "Order Created"), event
    detail = event["detail"]
    metadata = detail.pop("metadata")
    assert detail == {"orderId": order["orderId"]["S"], "status": "CREATED"}, event
    assert sorted(metadata) == ["aggregate", "eventId", "sequence"], metadata
    assert metadata["aggregate"] == order["orderId"]["S"], metadata


@SYSTEM.scenario("a change that cannot be made an event ends in the dead-letter queue, and the others arrive")
def poison_changes(stack: Stack) -> None:
    # A quote where the type says that there is none: what a writer that is no function of the spec could do.
    before = put_order(stack)
    put_order(stack, order_id='not"an"id')
    after = put_order(stack)
    wait_until(lambda: notices(stack, before), "notice of the order before it", 40)
    # The pipe tries it ten times more, ever later, and what is behind it waits.
    stack.let_pass(165)
    wait_until(lambda: notices(stack, after), "notice of the order behind it", 40)
    (message,) = stack.messages(arn_of(stack, "ChangesDeadLettersUrl"), 40)
    body = json.loads(message["Body"])
    assert body["DDBStreamBatchInfo"]["batchSize"] == 1, body
    assert body["context"]["condition"] == "RetryAttemptsExhausted", body


@SYSTEM.scenario("a poison message goes to its queue's dead letters; the rest of its batch is done once")
def poison_messages(stack: Stack) -> None:
    sqs, url = stack.client("sqs"), stack.outputs["CreatedQueueUrl"]
    visibility = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "1"})
    good = [event(str(uuid.uuid4())) for _ in range(4)]
    poison = event(str(uuid.uuid4()), status="NONSENSE")
    entries = [{"Id": str(at), "MessageBody": json.dumps(body)} for at, body in enumerate([*good, poison])]
    before = puts(stack)
    sqs.send_message_batch(QueueUrl=url, Entries=entries)
    try:
        (message,) = stack.messages(arn_of(stack, "CreatedDeadLettersUrl"), 40)
    finally:
        sqs.set_queue_attributes(QueueUrl=url, Attributes=visibility)
    assert json.loads(message["Body"])["detail"] == poison["detail"], message
    for body in good:
        (notice,) = notices(stack, {"orderId": {"S": body["detail"]["orderId"]}})
        assert notice["eventId"]["S"] == body["detail"]["metadata"]["eventId"], notice
    # Each good message was worked on once: one that comes again is put again, and refused by the put's condition.
    assert puts(stack) - before == len(good), puts(stack) - before


@SYSTEM.scenario("every policy was needed, and none was missing")
def least_privilege(stack: Stack) -> None:
    found = policies.problems(stack, {})
    assert not found, "\n".join(found)


@SYSTEM.scenario("alarms of functions are silent while all is well, and go off for trouble")
def tells_of_trouble(stack: Stack) -> None:
    found = alarms.problems(stack)
    assert not found, "\n".join(found)


def put_order(stack: Stack, order_id: str | None = None, note: str = "plain") -> dict:
    """Put a new order into the table, as whoever may write it; its key."""
    key = {"orderId": {"S": order_id or str(uuid.uuid4())}, "createdAt": {"N": str(time.time_ns() // 1_000_000)}}
    item = {**key, "status": {"S": "CREATED"}, "customerId": {"S": note}, "totalAmount": {"N": "12.30"}}
    stack.client("dynamodb").put_item(TableName=stack.outputs["OrdersTableName"], Item=item)
    return key


def update_order(stack: Stack, key: dict, status: str) -> None:
    """Give an order another status."""
    stack.client("dynamodb").update_item(
        TableName=stack.outputs["OrdersTableName"],
        Key=key,
        UpdateExpression="SET #status = :status",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":status": {"S": status}},
    )


def notices(stack: Stack, order: dict) -> list[dict]:
    """What the handlers noted of an order."""
    return [item for item in stack.items(stack.outputs["NoticesTableName"]) if item["orderId"] == order["orderId"]]


def puts(stack: Stack) -> int:
    """How often the handler of new orders put a notice, or tried to."""
    role = stack.resources("AWS::IAM::Role")["NoteCreatedFunctionRole"]
    made = [(decision["role"], decision["action"]) for decision in stack.emulator.decisions()]
    return made.count((role, "dynamodb:PutItem"))


def arn_of(stack: Stack, output: str) -> str:
    """The ARN of the queue whose URL an output tells."""
    answer = stack.client("sqs").get_queue_attributes(QueueUrl=stack.outputs[output], AttributeNames=["QueueArn"])
    return answer["Attributes"]["QueueArn"]


def event_on_the_bus(stack: Stack) -> tuple[dict, dict]:
    """A new order and its event, as a rule of the test's own sees it."""
    client, url = stack.client("sqs"), queue_for_all(stack)
    order = put_order(stack)

    def received():
        answer = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        events = [json.loads(message["Body"]) for message in answer.get("Messages", [])]
        return [event for event in events if event["detail"]["orderId"] == order["orderId"]["S"]]

    (event,) = wait_until(received, "event on the bus")
    return order, event


def queue_for_all(stack: Stack) -> str:
    """A queue of the test's own that gets every new order's event; its URL."""
    bus, events, sqs = stack.outputs["BusName"], stack.client("events"), stack.client("sqs")
    url = sqs.create_queue(QueueName="everything")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allow = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    pattern = json.dumps({"detail-type": ["Order Created"]})
    events.put_rule(Name="everything", EventBusName=bus, EventPattern=pattern)
    events.put_targets(Rule="everything", EventBusName=bus, Targets=[{"Id": "everything", "Arn": arn}])
    return url


def event(order_id: str, status: str = "CREATED") -> dict:
    """An event as EventBridge hands it to a queue."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "source": "order.service",
        "detail-type": "Order Created",
        "account": "000000000000",
        "region": "us-east-1",
        "time": "2026-01-02T03:04:05Z",
        "resources": [],
        "detail": {"orderId": order_id, "status": status, "metadata": {"eventId": str(uuid.uuid4())}},
    }
