"""Thousands of transactions while anything may go wrong; then what is published must be what was committed."""

import random
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import faults
from cart import DONE, item, send
from faulty import Faulty, scenario
from proxy import Fault, Proxy
from stack import wait_until

WORKERS = 8
REQUESTS = 250  # each worker
# How often a call meets a fault.
RATE = 0.08
# Faults of the calls that functions make, as often as they stand here.
OF_ANY = [faults.cut_after, faults.cut_before, faults.throttled, faults.unavailable, faults.garbage]
OF_ACTION: dict[str, list[Fault]] = {
    "GetItem": OF_ANY,
    "PutItem": OF_ANY,
    "TransactWriteItems": [*OF_ANY, faults.contention, faults.contention, faults.kill_after, faults.kill_during],
    "PutEvents": [*OF_ANY, faults.kill_before, faults.kill_during, faults.kill_after, "entries", "entries", "entries"],
}


class Seed:
    """Of the run: given, or drawn."""

    def __init__(self):
        self.value = random.randrange(2**32)

    def set(self, value: int | None) -> None:
        if value is not None:
            self.value = value


SEED = Seed()


class Chooser:
    """Draws the fault of each call of an action.

    The same seed draws the same faults in the same order; which worker's call is the next one, the machine decides.
    """

    def __init__(self, action: str):
        self._random = random.Random(f"{SEED.value} {action}")
        self._faults = OF_ACTION[action]

    def __call__(self) -> Fault | None:
        draw = self._random
        if draw.random() >= RATE:
            return None
        fault = draw.choice(self._faults)
        return faults.fail_entries(*draw.sample(range(1, 11), 4)) if fault == "entries" else fault


@scenario("thousands of transactions with random faults: what is published is what was committed, in order")
def soak(stack: Faulty, proxy: Proxy) -> None:
    print(f"        seed {SEED.value} (to repeat it: cargo xtask test --only faults --seed {SEED.value})", flush=True)
    for action in OF_ACTION:
        proxy.choose(action, Chooser(action))
    with ExitStack() as short, ThreadPoolExecutor(WORKERS) as pool:
        # The claim of a handler that died lasts until the time of its invocation is over.
        for function in ("CreateCart", "AddItems", "Checkout"):
            short.enter_context(stack.timeout(stack.function(function), 3))
        worked = list(pool.map(lambda number: work(stack, number), range(WORKERS)))
    met = sum(bool(call.fault) for call in proxy.calls)
    proxy.heal()
    carts = {name: versions for versions_of in worked for name, versions in versions_of.items()}
    duplicates = stack.await_delivery([{"cartId": name} for name in carts], 60)
    committed = stack.committed()
    for name, versions in carts.items():
        # Whatever was answered was committed; what was committed without an answer has an event as well.
        assert versions <= set(range(1, len(committed[name]) + 1)), (name, versions)
    events = sum(len(committed[name]) for name in carts)
    print(f"        {events} events of {len(carts)} carts, {met} faults, {duplicates} duplicates", flush=True)


def work(stack: Faulty, number: int) -> dict[str, set[int]]:
    """The requests of one worker on carts of its own: cart -> the versions that were answered."""
    draw = random.Random(f"{SEED.value} worker {number}")
    versions: dict[str, set[int]] = {}
    carts: list[str] = []
    for _ in range(REQUESTS):
        if not carts or draw.random() < 0.1:
            answer = ask(stack, draw, "POST", "cart", {"items": [item("apple", 1)]})
            carts.append(answer["cartId"])
        elif draw.random() < 0.1:
            answer = ask(stack, draw, "PUT", f"cart/{carts.pop(draw.randrange(len(carts)))}/checkout", None)
        else:
            added = [item(f"item-{draw.randrange(20)}", draw.randrange(1, 5))]
            answer = ask(stack, draw, "PUT", f"cart/{draw.choice(carts)}/add-items", {"items": added})
        seen = versions.setdefault(answer["cartId"], set())
        # No answer is of a change that was answered before: nothing was done twice or overwritten.
        assert answer["version"] not in seen, answer
        seen.add(answer["version"])
    return versions


def ask(stack: Faulty, draw: random.Random, method: str, path: str, body: dict | None) -> dict:
    """The answer to a request, repeated under its key until it is a success."""
    key = {"Idempotency-Key": str(uuid.UUID(int=draw.getrandbits(128)))}

    def succeeds() -> dict | None:
        status, answer = send(stack, method, path, body, key)
        assert status in (*DONE, 409) or status >= 500, (status, answer)
        return answer if status in DONE else None

    return wait_until(succeeds, f"success of {method} {path}")
