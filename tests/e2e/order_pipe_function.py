"""System 004 with `forwarder: function` in the place of pipes: the same events from the same stream, by evc's own forwarder.

The spec is that of `order-pipe` with one word changed, built beside a copy of its business logic.
"""

import json
import shutil
import subprocess

import order_pipe_stream as by_pipe
from emulator import EVC, ROOT
from scenarios import System
from stack import Stack, wait_until

FOLDER = ROOT / "target/e2e/order-pipe-function"


def prepare() -> None:
    """Write the spec and build it."""
    specs = FOLDER / "specs"
    shutil.rmtree(specs, ignore_errors=True)
    shutil.copytree(ROOT / "specs/order-pipe", specs / "order-pipe")
    spec = (ROOT / "specs/order-pipe.yaml").read_text(encoding="utf-8")
    assert spec.count("forwarder: pipe") == 1, "the spec has one outbox with a pipe"
    (specs / "order-pipe.yaml").write_text(spec.replace("forwarder: pipe", "forwarder: function"), encoding="utf-8")
    command = [EVC, "build", str(specs / "order-pipe.yaml")]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)


SYSTEM = System("order-pipe-function", FOLDER / "generated/order-pipe/template.yaml", prepare)
SYSTEM.scenario("a new order reaches the handler of new orders alone")(by_pipe.new_orders)
SYSTEM.scenario("a changed order reaches the handler of changed orders alone, in its order")(by_pipe.changed_orders)
SYSTEM.scenario("a deleted order is no event")(by_pipe.deleted_orders)


@SYSTEM.scenario("an event says what it declares, when it happened, and nothing of how the table stores it")
def no_storage_shape(stack: Stack) -> None:
    order, event = by_pipe.event_on_the_bus(stack)
    metadata = event["detail"].pop("metadata")
    assert event["detail"] == {"orderId": order["orderId"]["S"], "status": "CREATED"}, event
    assert sorted(metadata) == ["aggregate", "eventId", "occurredAt", "sequence"], metadata
    assert metadata["aggregate"] == order["orderId"]["S"], metadata


@SYSTEM.scenario("an item that is no event goes to the dead-letter queue whole, and the others arrive")
def poison(stack: Stack) -> None:
    before = by_pipe.put_order(stack)
    by_pipe.put_order(stack, order_id='not"an"id')
    after = by_pipe.put_order(stack)
    for order in (before, after):
        wait_until(lambda order=order: by_pipe.notices(stack, order), "notice of a good order", 40)
    (message,) = stack.messages(by_pipe.arn_of(stack, "ChangesDeadLettersUrl"), 40)
    letter = json.loads(message["Body"])
    assert letter["whole"] and letter["row"]["orderId"] == {"S": 'not"an"id'}, letter
    assert "orderId" in letter["reason"], letter
