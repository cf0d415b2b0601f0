"""DynamoDB streams into functions: partial batches, bisecting, retries that end, failures sent on, and the role.

ministack retries a failing batch for ever. What AWS does:
https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
"""

import json
import time
from contextlib import contextmanager
from dataclasses import dataclass

from ministack.services import dynamodb
from ministack.services import lambda_svc as functions
from ministack.services.cloudformation import provisioners

import authority

# What pollers do with the function's role: AWSLambdaDynamoDBExecutionRole and AWSLambdaSQSQueueExecutionRole.
READ_STREAM = ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator")
LIST_STREAMS = "dynamodb:ListStreams"  # takes no resource
READ_QUEUE = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
RETRY_SECONDS = 0.2


@dataclass
class Progress:
    """How a mapping fares with the batch at hand: its size while bisecting, until where, and the failed attempts."""

    size: int | None = None
    until: int = 0
    attempts: int = 0


_progress: dict[str, Progress] = {}


def poll() -> bool:
    """One pass over all mappings of DynamoDB streams; true when any of them moved on."""
    advanced = False
    for account, region, mapping in functions._iter_all_esms():
        with _scope(account, region):
            advanced |= _poll_mapping(mapping)
    return advanced


@contextmanager
def _scope(account: str, region: str):
    """Act for this account and region, as the emulator's stores expect."""
    tokens = functions._request_account_id.set(account), functions._request_region.set(region)
    try:
        yield
    finally:
        functions._request_account_id.reset(tokens[0])
        functions._request_region.reset(tokens[1])


def _poll_mapping(mapping: dict) -> bool:
    """Take one batch of one mapping; true when its position moved."""
    source, key = mapping.get("EventSourceArn", ""), mapping["UUID"]
    table = source.split(":table/")[-1].split("/stream/")[0] if ":dynamodb:" in source else ""
    function, _config = functions._get_func_record_for_qualifier(mapping["FunctionName"], mapping.get("Qualifier"))
    ready = mapping.get("Enabled", True) and functions._esm_backoff_until.get(key, 0) <= time.time()
    if not ready or function is None or table not in dynamodb._tables:
        return False
    if dynamodb._tables[table].get("LatestStreamArn") != source:
        return False

    position = _position(mapping, table)
    progress = _progress.setdefault(key, Progress())
    records = dynamodb.stream_records_since(table, position, progress.size or mapping.get("BatchSize", 100))
    if not records:
        return False
    batch = functions._apply_filter_criteria(records, mapping)
    result = functions._execute_function(function, {"Records": batch}) if batch else {}
    failed = _first_failed(result, mapping, records) if batch else None
    if failed is None:
        return _advance(key, progress, position + len(records))
    if failed > 0:
        # Everything before the lowest failed record is done; the rest is tried again.
        progress.until = max(progress.until, position + len(records))
        return _advance(key, progress, position + failed)
    return _retry(mapping, function, progress, position, records, batch, result)


def _position(mapping: dict, table: str) -> int:
    """Where the mapping stands in the stream, at first after its StartingPosition."""
    key, horizon = mapping["UUID"], dynamodb.stream_start_position(table)
    with functions._dynamodb_stream_positions_lock:
        latest = mapping.get("StartingPosition") != "TRIM_HORIZON"
        start = dynamodb.stream_end_position(table) if latest else horizon
        return max(functions._dynamodb_stream_positions.setdefault(key, start), horizon)


def _first_failed(result: dict, mapping: dict, records: list) -> int | None:
    """The index of the first record that failed, none when all succeeded; an error fails the whole batch."""
    if result.get("error"):
        return 0
    if "ReportBatchItemFailures" not in mapping.get("FunctionResponseTypes", []):
        return None
    body = result.get("body")
    body = json.loads(body) if isinstance(body, (str, bytes)) and body else body
    failures = (body or {}).get("batchItemFailures") or []
    identifiers = {failure.get("itemIdentifier") for failure in failures}
    sequence = [record["dynamodb"]["SequenceNumber"] for record in records]
    unknown = identifiers - set(sequence)
    if unknown:
        return 0
    return min((sequence.index(identifier) for identifier in identifiers), default=None)


def _advance(key: str, progress: Progress, position: int) -> bool:
    """Move the checkpoint; past the bisected batch, full batches again."""
    with functions._dynamodb_stream_positions_lock:
        functions._dynamodb_stream_positions[key] = position
    progress.attempts = 0
    if position >= progress.until:
        progress.size = None
    return True


def _retry(mapping, function, progress, position, records, batch, result) -> bool:
    """Bisect the batch, try it again later, or give it up to the OnFailure destination."""
    key = mapping["UUID"]
    if len(records) > 1 and mapping.get("BisectBatchOnFunctionError"):
        # Splitting a batch does not count against MaximumRetryAttempts.
        progress.until = max(progress.until, position + len(records))
        progress.size = len(records) // 2
        return False
    progress.attempts += 1
    attempts = int(mapping.get("MaximumRetryAttempts", -1))
    oldest = float(batch[0]["dynamodb"].get("ApproximateCreationDateTime", time.time()))
    age = int(mapping.get("MaximumRecordAgeInSeconds", -1))
    exhausted = 0 <= attempts < progress.attempts
    if not exhausted and not 0 < age < time.time() - oldest:
        functions._esm_backoff_until[key] = time.time() + RETRY_SECONDS
        return False
    destination = ((mapping.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination", "")
    if destination and authority.role_allows(function["config"]["Role"], "sqs:SendMessage", destination):
        condition = "RetryAttemptsExhausted" if exhausted else "MaxRecordAgeExceeded"
        functions._send_ddb_stream_failure_record(
            mapping, function, batch, mapping["EventSourceArn"], result, condition
        )
    return _advance(key, progress, position + len(records))


def mapping_needs_role(original):
    """`AWS::Lambda::EventSourceMapping` fails to create when the function's role may not read the source, as on AWS.

    https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-eventsourcemapping.html
    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html#events-sqs-permissions
    """

    def create(logical_id, properties, stack):
        source = properties.get("EventSourceArn", "")
        needed = []
        if ":dynamodb:" in source:
            needed = [(action, source) for action in READ_STREAM] + [(LIST_STREAMS, "*")]
        elif ":sqs:" in source:
            needed = [(action, source) for action in READ_QUEUE]
        function = provisioners._lambda_function_for_cfn_ref(properties.get("FunctionName", ""))[0]
        role = function["config"]["Role"]
        missing = [action for action, resource in needed if not authority.role_allows(role, action, resource)]
        if missing:
            raise ValueError(f"Cannot access {source}: the function's role lacks {', '.join(missing)}")
        return original(logical_id, properties, stack)

    return create


def install() -> None:
    """Replace the poller and check the role of new mappings."""
    functions._poll_dynamodb_streams = poll
    handlers = provisioners._RESOURCE_HANDLERS["AWS::Lambda::EventSourceMapping"]
    handlers["create"] = mapping_needs_role(handlers["create"])
