"""EventBridge Pipes from a DynamoDB stream: filter, input template, role, retries that end, bisecting, dead letters.

ministack's pipes bring whole records to topics and state machines. What AWS does:
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes.html and the pages named below.
"""

import json
import re
import time
from dataclasses import dataclass

from ministack.core.arn import parse_arn
from ministack.services import dynamodb, eventbridge
from ministack.services import lambda_svc as functions
from ministack.services import pipes
from ministack.services.cloudformation import provisioners

import authority
from streams import LIST_STREAMS, READ_STREAM, RETRY_SECONDS

PIPES = "pipes.amazonaws.com"
# A string literal of the template, or a variable that stands alone.
TEMPLATE_PART = re.compile(r'"(?:\\.|[^"\\])*"|<[^<>]*>')
VARIABLE = re.compile(r"<([^<>]*)>")


@dataclass
class Progress:
    """How a pipe fares with the batch at hand: its size while bisecting, until where, attempts, and when to try again."""

    size: int | None = None
    until: int = 0
    attempts: int = 0
    not_before: float = 0


_properties: dict[str, dict] = {}
_progress: dict[str, Progress] = {}


def pipe_needs_role(original):
    """`AWS::Pipes::Pipe` fails to create when its role cannot be assumed or may not read the source, as on AWS.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-permissions.html
    """

    def create(logical_id, properties, stack):
        source, role = properties["Source"], properties["RoleArn"]
        if not authority.role_trusts(role, PIPES):
            raise ValueError(f"{role} cannot be assumed by {PIPES}")
        needed = [(action, source) for action in READ_STREAM] + [(LIST_STREAMS, "*")]
        missing = [action for action, resource in needed if not authority.role_allows(role, action, resource)]
        if missing:
            raise ValueError(f"Cannot access {source}: the pipe's role lacks {', '.join(missing)}")
        physical, attributes = original(logical_id, properties, stack)
        _properties[attributes["Arn"]] = properties
        return physical, attributes

    return create


def poll(_dynamodb, pipe: dict, account: str) -> None:
    """Bring one batch of the stream to the target of one pipe."""
    properties, key = _properties.get(pipe["Arn"]), pipe["Arn"]
    progress = _progress.setdefault(key, Progress())
    if properties is None or pipe.get("CurrentState") != "RUNNING" or progress.not_before > time.time():
        return
    table = pipe["Source"].split(":table/")[-1].split("/stream/")[0]
    parameters = properties.get("SourceParameters", {})
    stream = parameters.get("DynamoDBStreamParameters", {})
    position = max(int(pipes._positions.get(key, 0)), dynamodb.stream_start_position(table))
    records = dynamodb.stream_records_since(table, position, progress.size or int(stream.get("BatchSize", 100)))
    if not records:
        return
    batch = functions._apply_filter_criteria(records, {"FilterCriteria": parameters.get("FilterCriteria")})
    problem = deliver(properties, pipe, batch) if batch else None
    if problem is None:
        _advance(key, progress, position + len(records))
    elif len(records) > 1 and stream.get("OnPartialBatchItemFailure") == "AUTOMATIC_BISECT":
        # Halved until it works or one record is left, which does not count as an attempt.
        progress.until = max(progress.until, position + len(records))
        progress.size = len(records) // 2
    else:
        _retry(properties, pipe, stream, progress, position, records, batch)


def deliver(properties: dict, pipe: dict, batch: list[dict]) -> str | None:
    """Give a batch to the target; what went wrong, if something did.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-event-target.html
    """
    target, parameters = pipe["Target"], properties.get("TargetParameters", {})
    template = parameters.get("InputTemplate")
    texts = [render(template, record) if template else json.dumps(record) for record in batch]
    try:
        payloads = [json.loads(text) for text in texts]
    except ValueError as error:
        return f"the input is no JSON: {error}"
    service = parse_arn(target).service
    if service == "events":
        return put_events(properties["RoleArn"], target, parameters.get("EventBridgeEventBusParameters", {}), texts)
    if service == "sqs":
        if not authority.role_allows(properties["RoleArn"], "sqs:SendMessage", target):
            return "sqs:SendMessage is not allowed"
        return None if all(authority.send_to_queue(target, text) for text in texts) else "there is no such queue"
    if service == "lambda":
        return invoke(properties["RoleArn"], target, payloads)
    return f"pipes to {service} are not emulated"


def put_events(role: str, bus: str, parameters: dict, details: list[str]) -> str | None:
    """Put the details on a bus in one call."""
    if not authority.role_allows(role, "events:PutEvents", bus):
        return "events:PutEvents is not allowed"
    envelope = {"EventBusName": bus, "Source": parameters["Source"], "DetailType": parameters["DetailType"]}
    status, _headers, body = eventbridge._put_events({"Entries": [{**envelope, "Detail": text} for text in details]})
    answer = json.loads(body)
    return None if status < 400 and not answer.get("FailedEntryCount") else f"PutEvents answered {answer}"


def invoke(role: str, function: str, payloads: list) -> str | None:
    """Invoke a function with the batch as a list: its own pollers bring records, a pipe brings what it made of them."""
    if not authority.role_allows(role, "lambda:InvokeFunction", function):
        return "lambda:InvokeFunction is not allowed"
    record, _config = functions._get_func_record_for_qualifier(function.split(":function:")[1].split(":")[0], None)
    return functions._execute_function(record, payloads).get("error")


def render(template: str, record: dict) -> str:
    """The template with the record's values in it.

    A text is not escaped, gets quotes where the variable stands alone, and none where it stands in quotes. A path that
    leads nowhere leaves nothing. An object in quotes loses its own.
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-input-transformation.html
    """

    def within(match):
        value = at(record, match.group(1))
        return value if isinstance(value, str) else _json(value).replace('"', "")

    def part(match):
        token = match.group(0)
        if token.startswith('"'):
            return VARIABLE.sub(within, token)
        value = at(record, token[1:-1])
        return f'"{value}"' if isinstance(value, str) else _json(value)

    return TEMPLATE_PART.sub(part, template)


def at(record: dict, path: str):
    """The value at `$.dynamodb.NewImage.id.S`; none when there is none."""
    value = record
    for name in path.removeprefix("$.").split("."):
        if not isinstance(value, dict) or name not in value:
            return None
        value = value[name]
    return value


def _json(value) -> str:
    return "" if value is None else json.dumps(value)


def _advance(key: str, progress: Progress, position: int) -> None:
    """Move on; past the bisected batch, with full batches again."""
    pipes._positions[key] = position
    progress.attempts = 0
    if position >= progress.until:
        progress.size = None


def _retry(properties, pipe, stream, progress, position, records, batch) -> None:
    """Try again later, or give up: then the place in the stream, and not the record, goes to the dead-letter queue.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-error-troubleshooting.html
    """
    progress.attempts += 1
    attempts, age = int(stream.get("MaximumRetryAttempts", -1)), int(stream.get("MaximumRecordAgeInSeconds", -1))
    created = float(batch[0]["dynamodb"].get("ApproximateCreationDateTime", time.time()))
    exhausted = 0 <= attempts < progress.attempts
    if not exhausted and not 0 < age < time.time() - created:
        progress.not_before = time.time() + RETRY_SECONDS
        return
    queue = (stream.get("DeadLetterConfig") or {}).get("Arn", "")
    if queue and authority.role_allows(properties["RoleArn"], "sqs:SendMessage", queue):
        numbers = [record["dynamodb"]["SequenceNumber"] for record in batch]
        info = {
            "startSequenceNumber": numbers[0],
            "endSequenceNumber": numbers[-1],
            "batchSize": len(batch),
            "streamArn": pipe["Source"],
        }
        condition = "RetryAttemptsExhausted" if exhausted else "MaximumRecordAgeExceeded"
        context = {"partnerResourceArn": pipe["Arn"], "condition": condition}
        authority.send_to_queue(queue, json.dumps({"context": context, "version": "1.0", "DDBStreamBatchInfo": info}))
    _advance(pipe["Arn"], progress, position + len(records))


def install() -> None:
    """Replace the poller and check the role of new pipes."""
    pipes._poll_pipe = poll
    pipes._poll_loop = _poll_loop
    handlers = provisioners._RESOURCE_HANDLERS["AWS::Pipes::Pipe"]
    handlers["create"] = pipe_needs_role(handlers["create"])


def _poll_loop() -> None:
    """ministack looks once a second; tests would wait for it."""
    while True:
        try:
            pipes._poll_once()
        except Exception as error:
            pipes.logger.exception("pipes: %s", error)
        time.sleep(0.1)
