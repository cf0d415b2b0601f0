"""System 000: services linked by events, with what they have done so far in Redis; a fan-out, a join, a counter."""

import json
import threading
import uuid
from contextlib import contextmanager

import executions
import policies
from scenarios import System
from stack import Stack, stays_true, wait_until

SYSTEM = System("choreography", cached=True)
SHOUT, INCREMENT = "Shout", "Increment"
TEXT = "Redis carries messages of many words to many services"


@SYSTEM.scenario("a message fans out word by word, joins once, is counted and told")
def carried(stack: Stack) -> None:
    with listening(stack) as told:
        message_id, execution = send(stack, TEXT)
        ended = finished(stack, execution)
        event = wait_until(lambda: told(message_id), "event of the message")
    assert ended["status"] == "succeeded", ended
    assert event["message"] == TEXT.upper() and event["letters"] == 45, event
    assert event["number"] == 1, event
    words = [step for step in ended["steps"] if step["step"] == "word"]
    assert len(words) == len(TEXT.split()), ended["steps"]
    assert [step["step"] for step in ended["steps"]].count("number") == 1, ended["steps"]


@SYSTEM.scenario("the same event delivered many times carries one message")
def carried_once(stack: Stack) -> None:
    detail = {"messageId": str(uuid.uuid4()), "message": "once and only once", "metadata": {"eventId": str(uuid.uuid4())}}
    with listening(stack) as told:
        for _ in range(5):
            put(stack, detail)
        execution = f"carry-message/{detail['metadata']['eventId']}"
        ended = finished(stack, execution)
        first = wait_until(lambda: told(detail["messageId"]), "event of the message")
        put(stack, detail)
        stays_true(lambda: len(mine(stack, execution)) == 1, "one execution")
    assert ended["status"] == "succeeded" and first["number"] == 2, (ended, first)


@SYSTEM.scenario("every message of its work delivered ten times over changes nothing")
def duplicates(stack: Stack) -> None:
    message_id, execution = send(stack, "a b c d e f g h")
    bus = stack.outputs["SourceBusName"].removesuffix("source") + "services"
    stop = threading.Event()

    def repeat() -> None:
        # Whatever fencing tokens its work has had: each of them again and again.
        while not stop.is_set():
            for slot in range(8):
                for seq in range(1, 14):
                    task = {"x": execution, "t": slot, "q": seq, "f": "shout" if seq < 10 else "increment"}
                    stack.put_event(bus, "evc.workflow", task["f"], {"evcTask": task})

    with listening(stack) as told:
        again = threading.Thread(target=repeat)
        again.start()
        try:
            ended = finished(stack, execution)
        finally:
            stop.set()
            again.join()
        event = wait_until(lambda: told(message_id), "event of the message")
    assert ended["status"] == "succeeded" and event["message"] == "A B C D E F G H", (ended, event)
    assert event["number"] == 3, event


@SYSTEM.scenario("work whose message was lost is sent again by the sweep")
def swept(stack: Stack) -> None:
    bus = stack.outputs["SourceBusName"].removesuffix("source") + "services"
    rule = stack.rule(bus, "increment")
    events = stack.client("events")
    targets = events.list_targets_by_rule(Rule=rule["Name"], EventBusName=bus)["Targets"]
    events.disable_rule(Name=rule["Name"], EventBusName=bus)
    try:
        _message_id, execution = send(stack, "lost on the way")
        waiting = wait_until(lambda: step(stack, execution, "number"), "dispatch of the counter")
        assert targets and waiting, waiting
        stays_true(lambda: executions.shown(stack, execution)["status"] == "running", "nobody works on it")
    finally:
        events.enable_rule(Name=rule["Name"], EventBusName=bus)

    def ended():
        executions.sweep(stack)
        shown = executions.shown(stack, execution)
        return shown if shown["status"] != "running" else None

    # The sweep takes it for lost a minute after it was sent, as it was acknowledged.
    shown = wait_until(ended, "end of the execution", 90)
    assert shown["status"] == "succeeded" and shown["steps"][-2]["step"] == "number", shown


@SYSTEM.scenario("a counter that crashes after it has counted counts once")
def crashes(stack: Stack) -> None:
    increment = stack.function(INCREMENT)
    with stack.crashing(increment):
        _message_id, execution = send(stack, "crash")
        wait_until(lambda: attempted(stack, execution, "number"), "an attempt that crashed", 60)
    # The lease is over after the function's timeout and ten seconds; the retry comes after it.
    ended = None

    def swept_to_the_end():
        executions.sweep(stack)
        shown = executions.shown(stack, execution)
        return shown if shown["status"] != "running" else None

    ended = wait_until(swept_to_the_end, "end after the crash", 120)
    assert ended["status"] == "succeeded", ended
    assert ended["output"]["eventId"], ended
    counts = [int(value) for value in counted(stack)]
    assert counts == [5], counts


@SYSTEM.scenario("an execution that is cancelled runs no further, and goes on when it is retried")
def cancelled(stack: Stack) -> None:
    bus = stack.outputs["SourceBusName"].removesuffix("source") + "services"
    rule = stack.rule(bus, "increment")
    events = stack.client("events")
    events.disable_rule(Name=rule["Name"], EventBusName=bus)
    try:
        _message_id, execution = send(stack, "stop and go")
        wait_until(lambda: step(stack, execution, "number"), "dispatch of the counter")
        executions.workflow(stack, "cancel", execution, "--yes")
        assert executions.shown(stack, execution)["status"] == "cancelled"
    finally:
        events.enable_rule(Name=rule["Name"], EventBusName=bus)
    executions.workflow(stack, "retry", execution)

    def swept_to_the_end():
        executions.sweep(stack)
        shown = executions.shown(stack, execution)
        return shown if shown["status"] != "running" else None

    assert wait_until(swept_to_the_end, "end after the retry", 60)["status"] == "succeeded"


@SYSTEM.scenario("every policy was needed, and none was missing")
def least_privilege(stack: Stack) -> None:
    unexercised = {
        "elasticache:Connect": "the server behind the emulator's cache knows no IAM",
        "lambda:InvokeFunction": "the emulator has no scheduler; the tests invoke the engine themselves",
        "sqs:SendMessage": "work that waits for its time goes to the engine's queue, and no step of this system does",
        # Which calls come from an event source mapping, the emulator makes itself.
        "sqs:ReceiveMessage": "the mapping's",
        "sqs:DeleteMessage": "the mapping's",
        "sqs:GetQueueAttributes": "the mapping's",
    }
    found = policies.problems(stack, unexercised)
    assert not found, "\n".join(found)


def send(stack: Stack, text: str) -> tuple[str, str]:
    """Put a message through its source bus: its id and its execution's."""
    message_id, event_id = str(uuid.uuid4()), str(uuid.uuid4())
    put(stack, {"messageId": message_id, "message": text, "metadata": {"eventId": event_id}})
    return message_id, f"carry-message/{event_id}"


def put(stack: Stack, detail: dict) -> None:
    stack.put_event(stack.outputs["SourceBusName"], "choreography.source", "Message Received", detail)


def mine(stack: Stack, execution: str) -> list[dict]:
    """The executions of this name."""
    return [one for one in executions.listed(stack) if one["execution"] == execution]


def finished(stack: Stack, execution: str, seconds: float = 60) -> dict:
    """The execution, once it is over."""
    wait_until(lambda: [one for one in mine(stack, execution) if one["status"] != "running"], f"end of {execution}", seconds)
    return executions.shown(stack, execution)


def step(stack: Stack, execution: str, name: str) -> dict | None:
    """A step of an execution, once it was handed out."""
    if not mine(stack, execution):
        return None
    return next((one for one in executions.shown(stack, execution)["steps"] if one["step"] == name), None)


def attempted(stack: Stack, execution: str, name: str) -> bool:
    """Whether a worker has claimed the step."""
    found = step(stack, execution, name)
    return found is not None and "claimed" in json.dumps(found)


def counted(stack: Stack) -> list[str]:
    """What the counters of the cache say."""
    keys = [key for key in stack.cache.command("KEYS", "evc:*").splitlines() if "counter" in key and "messages" in key]
    return [value for key in keys if (value := stack.cache.command("GET", key)).isdigit()]


@contextmanager
def listening(stack: Stack):
    """With a queue behind the output bus; yields what gives the event of a message once it is there."""
    events, sqs = stack.client("events"), stack.client("sqs")
    bus, name = stack.outputs["OutputBusName"], f"told-{uuid.uuid4().hex[:8]}"
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps({"source": ["choreography.output"]}))
    events.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": "queue", "Arn": arn}])
    seen: list[dict] = []

    def told(message_id: str) -> dict | None:
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            seen.append(json.loads(message["Body"])["detail"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        found = [detail for detail in seen if detail["messageId"] == message_id]
        assert len({detail["metadata"]["eventId"] for detail in found}) <= 1, found
        return found[0] if found else None

    try:
        yield told
    finally:
        events.remove_targets(Rule=name, EventBusName=bus, Ids=["queue"])
        events.delete_rule(Name=name, EventBusName=bus)
        sqs.delete_queue(QueueUrl=url)
