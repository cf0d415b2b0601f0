"""What can go wrong with one call of AWS: functions that a proxy runs in the place of passing it on."""

import json
import os
import signal
import time
from contextlib import suppress

from proxy import Answer, Exchange, Fault


def fail_entries(*numbers: int, code: str = "InternalFailure") -> Fault:
    """PutEvents refuses these entries, counted from 1, and takes the others.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html#API_PutEvents_ResponseElements
    """

    def fault(exchange: Exchange) -> Answer:
        request = json.loads(exchange.body)
        entries = request["Entries"]
        refused = {number - 1 for number in numbers if number <= len(entries)}
        passed = [entry for number, entry in enumerate(entries) if number not in refused]
        taken = []
        if passed:
            answer = exchange.forward(json.dumps({**request, "Entries": passed}).encode())
            if answer.status != 200:
                return answer
            taken = json.loads(answer.body)["Entries"]
        refusal = {"ErrorCode": code, "ErrorMessage": "as the test wants it"}
        results = [refusal if number in refused else taken.pop(0) for number in range(len(entries))]
        return as_json(200, {"FailedEntryCount": len(refused), "Entries": results})

    fault.__name__ = "fail_entries"
    return fault


def throttled(_exchange: Exchange) -> Answer:
    """The service refuses the call for the moment; nothing happens."""
    return as_json(400, {"__type": "ThrottlingException", "message": "Rate exceeded"})


def unavailable(_exchange: Exchange) -> Answer:
    """The service has trouble of its own; nothing happens."""
    return as_json(500, {"__type": "InternalServerError", "message": "as the test wants it"})


def contention(exchange: Exchange) -> Answer:
    """Another transaction has an item in hand; nothing happens.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html, "Errors"
    """
    reasons = [{"Code": "None"} for _ in json.loads(exchange.body)["TransactItems"]]
    reasons[0] = {"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"}
    kind = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException"
    codes = ", ".join(reason["Code"] for reason in reasons)
    message = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
    return as_json(400, {"__type": kind, "Message": message, "CancellationReasons": reasons})


def delayed(seconds: float) -> Fault:
    """The call happens after a while."""

    def fault(exchange: Exchange) -> Answer:
        time.sleep(seconds)
        return exchange.forward()

    fault.__name__ = "delayed"
    return fault


def cut_before(_exchange: Exchange) -> None:
    """The connection breaks before the call happens."""


def cut_after(exchange: Exchange) -> None:
    """The call happens, then the connection breaks: the caller cannot know."""
    exchange.forward()


def garbage(exchange: Exchange) -> Answer:
    """The call happens, and its answer is no such thing."""
    exchange.forward()
    return Answer(200, {"Content-Type": "application/x-amz-json-1.1"}, b"<html>\x00 not what you asked for")


def kill_before(exchange: Exchange) -> None:
    """The caller dies before the call happens."""
    kill(exchange)


def kill_during(exchange: Exchange) -> None:
    """The caller dies while the call happens: it has been sent, and happens although nobody waits for it."""
    kill(exchange)
    exchange.forward()


def kill_after(exchange: Exchange) -> None:
    """The caller dies when the call has happened and the answer is on its way to it."""
    exchange.forward()
    kill(exchange)


def kill(exchange: Exchange) -> None:
    """End the calling process, if its time is not over already."""
    with suppress(LookupError):
        os.kill(exchange.pid(), signal.SIGKILL)


def as_json(status: int, body: dict) -> Answer:
    """An answer as the JSON protocols of AWS give it."""
    return Answer(status, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(body).encode())
