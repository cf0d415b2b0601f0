"""The cart system behind a proxy, and what must be true of it whatever goes wrong."""

import json
import sys
import time
from contextlib import contextmanager
from functools import wraps
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

import cart
from emulator import Emulator
from proxy import Proxy
from scenarios import System
from stack import Stack, wait_until

# Name of the one system; its scenarios are added by the modules beside this one.
SYSTEM = System("cart")
FORWARDER = "CartEventsForwarder"


class Faulty(Stack):
    """The deployed stack, with the proxy that its functions call AWS through."""

    def __init__(self, emulator: Emulator, proxy: Proxy):
        super().__init__(emulator, SYSTEM.name, SYSTEM.template)
        self.proxy = proxy

    def mapping(self) -> str:
        """The event source mapping that feeds the forwarder."""
        (mapping,) = self.resources("AWS::Lambda::EventSourceMapping").values()
        return mapping

    @contextmanager
    def gathered(self):
        """With the forwarder held back, so that what is committed meanwhile comes to it in one batch."""
        client, mapping = self.client("lambda"), self.mapping()
        client.update_event_source_mapping(UUID=mapping, Enabled=False)
        try:
            yield
        finally:
            client.update_event_source_mapping(UUID=mapping, Enabled=True)

    @contextmanager
    def timeout(self, function: str, seconds: int):
        """With another timeout for a function."""
        client = self.client("lambda")
        before = client.get_function_configuration(FunctionName=function)["Timeout"]
        client.update_function_configuration(FunctionName=function, Timeout=seconds)
        try:
            yield
        finally:
            client.update_function_configuration(FunctionName=function, Timeout=before)

    def committed(self) -> dict[str, dict[str, dict]]:
        """The rows of the outbox: cart -> event id -> row."""
        pages = self.client("dynamodb").get_paginator("scan").paginate(TableName=self.outputs[cart.OUTBOX])
        rows: dict[str, dict[str, dict]] = {}
        for row in (row for page in pages for row in page["Items"]):
            rows.setdefault(row["aggregate"]["S"], {})[row["eventId"]["S"]] = row
        return rows

    def published(self) -> dict[str, list[dict]]:
        """The events that the bus delivered, in order of arrival: cart -> metadata of its events."""
        pages = self.client("logs").get_paginator("filter_log_events").paginate(logGroupName=cart.event_log(self))
        events: dict[str, list[dict]] = {}
        for entry in (entry for page in pages for entry in page["events"]):
            detail = json.loads(entry["message"])["detail"]
            events.setdefault(detail["cartId"], []).append(detail["metadata"])
        return events

    def await_delivery(self, carts: list[dict], seconds: float = 30) -> int:
        """Wait until every committed event of these carts was published; then check `promise`. How many came twice."""

        def missing():
            published = self.published()
            heard = {name: {event["eventId"] for event in published.get(name, [])} for name in ids}
            return [name for name in ids if not heard[name] >= committed.get(name, {}).keys()]

        ids, committed = [each["cartId"] for each in carts], self.committed()
        wait_until(lambda: not missing(), f"delivery of all events of {len(ids)} carts", seconds)
        return promise(self, ids)


def promise(stack: Faulty, carts: list[str]) -> int:
    """What is published is what was committed, no more and no less. Once duplicates are dropped by their id, the events of
    a cart come in their order, numbered without a gap. Returns how many events came again."""
    committed, published = stack.committed(), stack.published()
    duplicates = 0
    for name in carts:
        events = published.get(name, [])
        first = {event["eventId"]: event for event in reversed(events)}
        assert first.keys() == committed[name].keys(), (name, first.keys() ^ committed[name].keys())
        once = list(dict.fromkeys(event["eventId"] for event in events))
        numbers = [first[event]["sequence"] for event in once]
        assert numbers == list(range(1, len(numbers) + 1)), (name, numbers)
        assert all(event == first[event["eventId"]] for event in events), (name, events)
        duplicates += len(events) - len(once)
    return duplicates


def scenario(title: str):
    """Add the decorated function, which gets the stack and the proxy; the proxy does nothing wrong afterwards."""

    def add(function):
        @wraps(function)
        def healed(stack: Faulty) -> None:
            try:
                function(stack, stack.proxy)
            finally:
                stack.proxy.heal()

        return SYSTEM.scenario(title)(healed)

    return add


def now() -> float:
    """The clock of `Proxy.calls`."""
    return time.monotonic()
