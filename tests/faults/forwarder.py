"""The forwarder: whatever becomes of its calls or of itself, nothing is lost and nothing is invented."""

import json

import cart
import faults
from cart import add, create, item
from faulty import FORWARDER, Faulty, now, scenario
from proxy import Call, Proxy
from stack import stays_true, wait_until

PUT = "PutEvents"
# More often than the SDK tries by itself (three times), so that the forwarder has to.
OFTEN = 4


@scenario("entries 3 and 7 of 10 are refused: only they are sent again")
def refuses_entries(stack: Faulty, proxy: Proxy) -> None:
    with stack.gathered():
        carts = [create(stack, [item("apple", 1)]) for _ in range(10)]
        start = now()
        proxy.next(PUT, faults.fail_entries(3, 7))
    assert stack.await_delivery(carts) == 0
    first, second = proxy.of(PUT, start)
    assert (len(ids(first)), ids(second)) == (10, [ids(first)[2], ids(first)[6]]), (ids(first), ids(second))


@scenario("refused entries do not let later events of their cart overtake them")
def keeps_order(stack: Faulty, proxy: Proxy) -> None:
    with stack.gathered():
        one, other = create(stack, []), create(stack, [])
        for _ in range(9):
            add(stack, one, [item("apple", 1)])
        add(stack, other, [item("apple", 1)])
        proxy.next(PUT, faults.fail_entries(1, 3, 7), faults.fail_entries(1), faults.fail_entries(2))
    stack.await_delivery([one, other])


def dies(title: str, carts: int, *script) -> None:
    """A scenario in which the forwarder is killed at a certain call."""

    @scenario(f"the forwarder is killed {title}")
    def killed(stack: Faulty, proxy: Proxy) -> None:
        with stack.gathered():
            created = [create(stack, [item("apple", 1)]) for _ in range(carts)]
            start = now()
            proxy.next(PUT, *script)
        stack.await_delivery(created)
        assert [call.fault for call in proxy.of(PUT, start) if call.fault] == [script[-1].__name__]


def passes(exchange):
    """Nothing goes wrong with this call."""
    return exchange.forward()


passes.__name__ = ""
dies("before its call happens", 3, faults.kill_before)
dies("during its call", 3, faults.kill_during)
dies("after its call, before it has the answer", 3, faults.kill_after)
dies("between two calls", 11, passes, faults.kill_before)


def fails(title: str, fault) -> None:
    """A scenario in which calls fail in the same way, more often than the SDK tries."""

    @scenario(f"calls {title}: tried again until they succeed")
    def failed(stack: Faulty, proxy: Proxy) -> None:
        with stack.gathered():
            carts = [create(stack, [item("apple", 1)]) for _ in range(3)]
            proxy.next(PUT, *[fault] * OFTEN)
        stack.await_delivery(carts)


fails("that the service fails", faults.unavailable)
fails("that are throttled", faults.throttled)
fails("whose connection breaks before they happen", faults.cut_before)
fails("whose connection breaks after they happened", faults.cut_after)
fails("that are answered with garbage", faults.garbage)


@scenario("a call that takes longer than the invocation may: the batch comes again")
def outlasts(stack: Faulty, proxy: Proxy) -> None:
    with stack.timeout(stack.function(FORWARDER), 3):
        with stack.gathered():
            carts = [create(stack, [item("apple", 1)]) for _ in range(3)]
            proxy.next(PUT, faults.delayed(5))
        stack.await_delivery(carts)


@scenario("throttled for longer than one invocation: it backs off, and catches up afterwards")
def backs_off(stack: Faulty, proxy: Proxy) -> None:
    forwarder = stack.function(FORWARDER)
    with stack.timeout(forwarder, 4):
        before = stack.invocations(forwarder)
        # Entry by entry: calls that are throttled as a whole the SDK repeats by itself, with pauses of its own.
        proxy.always(PUT, faults.fail_entries(*range(1, 11), code="ThrottlingException"))
        start = now()
        carts = [create(stack, [item("apple", 1)]) for _ in range(3)]
        wait_until(lambda: stack.invocations(forwarder) >= before + 3, "third invocation", 30)
        calls, seconds = proxy.of(PUT, start), now() - start
        proxy.heal()
        stack.await_delivery(carts)
    # Without pauses it would be a hundred a second.
    assert len(calls) < 15 * seconds, f"{len(calls)} calls in {seconds:.0f} s"
    pauses = [later.at - earlier.at for earlier, later in zip(calls, calls[1:])]
    assert max(pauses) > 0.5, f"pauses up to {max(pauses):.3f} s"


@scenario("one poison row among 100: 99 arrive, it lies in the dead-letter queue whole, and the stream goes on")
def sets_poison_aside(stack: Faulty, _proxy: Proxy) -> None:
    poison = {"aggregate": {"S": "poison"}, "eventId": {"S": "poison"}, "detail": {"S": '{"of":"nobody"}'}}
    with stack.gathered():
        carts = [create(stack, [item("apple", 1)]) for _ in range(50)]
        stack.client("dynamodb").put_item(TableName=stack.outputs[cart.OUTBOX], Item=poison)
        carts += [create(stack, [item("apple", 1)]) for _ in range(49)]
    stack.await_delivery(carts)
    letter = dead_letter(stack)
    assert letter["row"] == poison and "missing" in letter["reason"], letter
    stack.await_delivery([create(stack, [item("apple", 1)])])


@scenario("a dead-letter queue that cannot be reached for a while: the poison row waits and is kept")
def keeps_poison(stack: Faulty, proxy: Proxy) -> None:
    poison = {"aggregate": {"S": "poison"}, "eventId": {"S": "waits"}, "detail": {"S": "no JSON"}}
    proxy.next("SendMessage", *[faults.unavailable] * OFTEN)
    stack.client("dynamodb").put_item(TableName=stack.outputs[cart.OUTBOX], Item=poison)
    assert dead_letter(stack)["row"] == poison


@scenario("an event that the bus refuses for good goes to the dead-letter queue whole")
def sets_refused_aside(stack: Faulty, proxy: Proxy) -> None:
    proxy.next(PUT, faults.fail_entries(1, code="MalformedDetail"))
    refused = create(stack, [item("apple", 1)])
    letter = dead_letter(stack)
    (row,) = stack.committed()[refused["cartId"]].values()
    assert letter["row"] == row and "MalformedDetail" in letter["reason"], letter


@scenario("removed and changed rows do not even wake the forwarder")
def sleeps(stack: Faulty, proxy: Proxy) -> None:
    created = create(stack, [item("apple", 1)])
    stack.await_delivery([created])
    client, table, forwarder = stack.client("dynamodb"), stack.outputs[cart.OUTBOX], stack.function(FORWARDER)
    (row,) = stack.committed()[created["cartId"]].values()
    key = {name: row[name] for name in ("aggregate", "eventId")}
    before = stack.invocations(forwarder)
    client.update_item(TableName=table, Key=key, AttributeUpdates={"note": {"Value": {"S": "touched"}}})
    client.delete_item(TableName=table, Key=key)
    stays_true(lambda: stack.invocations(forwarder) == before, "no invocation")


@scenario("removed and changed rows that wake the forwarder all the same publish nothing")
def ignores_removals(stack: Faulty, proxy: Proxy) -> None:
    created = create(stack, [item("apple", 1)])
    stack.await_delivery([created])
    (row,) = stack.committed()[created["cartId"]].values()
    keys = {name: row[name] for name in ("aggregate", "eventId")}
    images = {"Keys": keys, "SizeBytes": 1, "StreamViewType": "NEW_IMAGE"}
    expired = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    records = [
        record("MODIFY", {**images, "NewImage": row, "SequenceNumber": "1"}),
        record("REMOVE", {**images, "SequenceNumber": "2"}, userIdentity=expired),
    ]
    start = now()
    result, error = stack.invoke(stack.function(FORWARDER), {"Records": records})
    assert error is None and not result["batchItemFailures"], result
    assert not proxy.of(PUT, start) and not proxy.of("SendMessage", start)


def record(name: str, images: dict, **more) -> dict:
    """A record of a stream.

    https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html#events-sample-dynamodb
    """
    envelope = {"eventVersion": "1.1", "eventSource": "aws:dynamodb", "awsRegion": "us-east-1"}
    return {**envelope, "eventID": images["SequenceNumber"], "eventName": name, "dynamodb": images, **more}


def ids(call: Call) -> list[str]:
    """The ids of the events in a call, in order."""
    return [json.loads(entry["Detail"])["metadata"]["eventId"] for entry in json.loads(call.body)["Entries"]]


def dead_letter(stack: Faulty) -> dict:
    """The one message in the forwarder's dead-letter queue."""
    url = stack.outputs["OutboxDeadLetterQueueUrl"]
    arn = stack.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    (message,) = stack.messages(arn)
    return json.loads(message["Body"])
