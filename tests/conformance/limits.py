"""The limits that our code has beside those of AWS's own service models, which botocore carries.

    target/tools/sam/bin/python tests/conformance/limits.py

A limit that AWS changes shows when the pinned botocore is raised. What a model has no number for stands in its
documentation, and is looked for there.
"""

import re
import sys
from pathlib import Path

from botocore.session import get_session

ROOT = Path(__file__).resolve().parents[2]
SESSION = get_session()


def constant(path: str, name: str) -> int:
    """The value of a constant of ours: a product of whole numbers."""
    source = (ROOT / path).read_text(encoding="utf-8")
    (value,) = re.findall(rf"const {name}: \w+ = ([0-9_* ]+);", source)
    product = 1
    for factor in value.replace("_", "").split("*"):
        product *= int(factor)
    return product


def greatest(service: str, shape: str) -> int:
    """The greatest number, or the most members or characters, of a shape."""
    return SESSION.get_service_model(service).shape_for(shape).metadata["max"]


def says(service: str, operation: str, words: str) -> bool:
    """Whether the documentation of an operation has these words."""
    text = SESSION.get_service_model(service).operation_model(operation).documentation
    return words in re.sub(r"<[^>]+>", "", text)


def attribute_says(words: str) -> bool:
    """Whether the documentation of a queue's attributes has these words."""
    shape = SESSION.get_service_model("sqs").shape_for("SetQueueAttributesRequest")
    return words in re.sub(r"<[^>]+>", "", shape.members["Attributes"].documentation)


def main() -> int:
    """Compare; 1 when anything differs."""
    runtime, spec = "runtime/interface/src/limits.rs", "compiler/core/src/spec/outbox.rs"
    stream, pipes = "compiler/core/src/plan/stream.rs", "compiler/core/src/model/template.rs"
    mebibyte, kibibyte = 1024 * 1024, 1024
    checks = {
        "entries of PutEvents": constant(runtime, "PUT_EVENTS_ENTRIES") == greatest("events", "PutEventsRequestEntryList"),
        "bytes of PutEvents": constant(runtime, "PUT_EVENTS_BYTES") == mebibyte
        and says("events", "PutEvents", "the total entry size must be less than 1MB"),
        "actions of a transaction": constant(runtime, "TRANSACTION_ACTIONS") == greatest("dynamodb", "TransactWriteItemList"),
        "bytes of a transaction": constant(runtime, "TRANSACTION_BYTES") == 4 * mebibyte
        and says("dynamodb", "TransactWriteItems", "The aggregate size of the items in the transaction exceeds 4 MB"),
        "bytes of an item": constant(runtime, "ITEM_BYTES") == 400 * kibibyte
        and says("dynamodb", "TransactWriteItems", "bigger than 400 KB"),
        "bytes of a message": constant(runtime, "SQS_MESSAGE_BYTES") == mebibyte and attribute_says("up to 1,048,576 bytes"),
        "records that a pipe brings to a bus": constant(spec, "MAX_PIPE_BATCH")
        == greatest("events", "PutEventsRequestEntryList"),
        "characters of a pipe's template": constant(pipes, "MAX_TEMPLATE") == greatest("pipes", "InputTemplate"),
        "batches of a shard at once": greatest("lambda", "ParallelizationFactor") == greatest("pipes", "LimitMax10") == 10,
        "attempts of a batch": greatest("lambda", "MaximumRetryAttemptsEventSourceMapping")
        == greatest("pipes", "MaximumRetryAttemptsESM")
        == 10_000,
        "age of a record": constant(stream, "MAX_AGE_SECONDS") <= greatest("lambda", "MaximumRecordAgeInSeconds"),
    }
    for what, holds in checks.items():
        print(f"  {'ok  ' if holds else 'FAIL'}  {what}")
    return 0 if all(checks.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
