"""System 000: services linked by events, with what they have done so far in Redis; a fan-out, a join, a counter."""

import json
import threading
import uuid
from contextlib import contextmanager

import alarms
import executions
import policies
from scenarios import System
from signing import signed
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
    bus = services_bus(stack)
    stop = threading.Event()
    sent: set[str] = set()

    def repeat() -> None:
        # Each message as it was sent, with its fencing token; and the same told to a function that may not do it.
        while not stop.is_set():
            for message in {json.dumps(detail) for detail in heard()} - sent:
                sent.add(message)
                task = json.loads(message)["evcTask"]
                for name in [task["f"]] * 10 + ["increment"]:
                    stack.put_event(bus, "evc.workflow", name, {"evcTask": {**task, "f": name}})

    with listening(stack) as told, hearing(stack, bus, "evc.workflow") as heard:
        message_id, execution = send(stack, "a b c d e f g h")
        again = threading.Thread(target=repeat)
        again.start()
        try:
            ended = finished(stack, execution)
            wait_until(lambda: len([one for one in sent if execution in one]) >= 9, "eight words and a number, repeated")
        finally:
            stop.set()
            again.join()
        event = wait_until(lambda: told(message_id), "event of the message")
        stays_true(lambda: executions.shown(stack, execution) == ended, "nothing is added")
    assert ended["status"] == "succeeded", ended
    assert event["message"] == "A B C D E F G H", event
    assert event["number"] == 3, event


@SYSTEM.scenario("work whose message was lost is sent again by the sweep")
def swept(stack: Stack) -> None:
    bus = services_bus(stack)
    rule = stack.rule(bus, "increment")
    events = stack.client("events")
    events.disable_rule(Name=rule["Name"], EventBusName=bus)
    try:
        _message_id, execution = send(stack, "lost on the way")
        waiting = wait_until(lambda: step(stack, execution, "number"), "dispatch of the counter")
        assert waiting, waiting
        stays_true(lambda: executions.shown(stack, execution)["status"] == "running", "nobody works on it")
    finally:
        events.enable_rule(Name=rule["Name"], EventBusName=bus)

    # The sweep takes it for lost a minute after it was sent, as it was acknowledged.
    shown = swept_to_the_end(stack, execution)
    assert shown["status"] == "succeeded" and shown["steps"][-2]["step"] == "number", shown


@SYSTEM.scenario("a counter that dies whenever it is called counts once when it lives again")
def crashes(stack: Stack) -> None:
    increment, before = stack.function(INCREMENT), counted(stack)
    with stack.crashing(increment):
        _message_id, execution = send(stack, "crash")
        wait_until(lambda: step(stack, execution, "number"), "dispatch of the counter")
        stays_true(lambda: executions.shown(stack, execution)["status"] == "running", "nobody counts", 5)
    ended = swept_to_the_end(stack, execution)
    assert ended["status"] == "succeeded" and ended["output"]["eventId"], ended
    assert counted(stack) == before + 1, (before, counted(stack))


@SYSTEM.scenario("a message through the API is carried, and once when it is sent again under its key")
def through_the_api(stack: Stack) -> None:
    url, body = stack.outputs["ApiUrl"].rstrip("/") + "/messages", json.dumps({"message": "by the front door"})
    key = {"Idempotency-Key": str(uuid.uuid4())}
    with listening(stack) as told:
        answers = [stack.http("POST", url, body, signed("POST", url, body, key)) for _ in range(2)]
        assert answers[0] == answers[1] and answers[0][0] == 200, answers
        event = wait_until(lambda: told(json.loads(answers[0][1])["messageId"]), "event of the message", 40)
    assert event["message"] == "BY THE FRONT DOOR", event


@SYSTEM.scenario("an execution that is cancelled runs no further, and goes on when it is retried")
def cancelled(stack: Stack) -> None:
    bus = services_bus(stack)
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

    assert swept_to_the_end(stack, execution)["status"] == "succeeded"


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


@SYSTEM.scenario("alarms of functions are silent while all is well, and go off for trouble")
def tells_of_trouble(stack: Stack) -> None:
    found = alarms.problems(stack)
    assert not found, "\n".join(found)


def send(stack: Stack, text: str) -> tuple[str, str]:
    """Put a message through its source bus: its id and its execution's."""
    message_id, event_id = str(uuid.uuid4()), str(uuid.uuid4())
    put(stack, {"messageId": message_id, "message": text, "metadata": {"eventId": event_id}})
    return message_id, f"carry-message/{event_id}"


def put(stack: Stack, detail: dict) -> None:
    stack.put_event(stack.outputs["SourceBusName"], "choreography.source", "Message Received", detail)


def services_bus(stack: Stack) -> str:
    """The bus that tells services of their work, which is no output."""
    return stack.outputs["SourceBusName"].removesuffix("source") + "services"


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


def swept_to_the_end(stack: Stack, execution: str, seconds: float = 120) -> dict:
    """The execution, once it is over, while the sweep runs as often as it can."""

    def ended():
        executions.sweep(stack)
        shown = executions.shown(stack, execution)
        return shown if shown["status"] != "running" else None

    return wait_until(ended, f"end of {execution}", seconds)


def counted(stack: Stack) -> int:
    """What the counter of messages says."""
    return int(stack.cache.command("GET", f"evc:{{{stack.name}.counter.messages}}") or 0)


@contextmanager
def listening(stack: Stack):
    """Hears what is published; yields what gives the event of a message once it is there."""
    with hearing(stack, stack.outputs["OutputBusName"], "choreography.output") as heard:

        def told(message_id: str) -> dict | None:
            found = [detail for detail in heard() if detail["messageId"] == message_id]
            assert len({detail["metadata"]["eventId"] for detail in found}) <= 1, found
            return found[0] if found else None

        yield told


@contextmanager
def hearing(stack: Stack, bus: str, source: str):
    """With a queue behind a bus; yields what gives the details of all events of the source that came so far."""
    events, sqs = stack.client("events"), stack.client("sqs")
    name = f"heard-{uuid.uuid4().hex[:8]}"
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    rule = events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps({"source": [source]}))
    may_send = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}
    only_from = {"Resource": arn, "Condition": {"ArnEquals": {"aws:SourceArn": rule["RuleArn"]}}}
    policy = {"Version": "2012-10-17", "Statement": [{**may_send, **only_from}]}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    events.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": "queue", "Arn": arn}])
    details: list[dict] = []

    def heard() -> list[dict]:
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            details.append(json.loads(message["Body"])["detail"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return details

    try:
        yield heard
    finally:
        events.remove_targets(Rule=name, EventBusName=bus, Ids=["queue"])
        events.delete_rule(Name=name, EventBusName=bus)
        sqs.delete_queue(QueueUrl=url)
