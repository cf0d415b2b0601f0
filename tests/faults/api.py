"""Requests of the API: a change is made once, with one event and one answer, whatever becomes of calls and handlers."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import cart
import faults
from cart import CLOSED, DONE, NEW, add, checkout, create, item, send
from faulty import Faulty, now, scenario
from proxy import Proxy
from stack import wait_until

CLAIM, COMMIT = "PutItem", "TransactWriteItems"
# More often than the SDK tries by itself (three times).
OFTEN = 4
CREATE, ADD, CHECKOUT = "CreateCart", "AddItems", "Checkout"


@scenario("50 additions to one cart at once, contended and throttled: no lost update, events 1 to 51 without a gap")
def loses_no_update(stack: Faulty, proxy: Proxy) -> None:
    one = create(stack, [item("apple", 1)])
    # Throttled no more often than the SDK tries again: a commit that is throttled for longer is for the caller to repeat.
    proxy.next(COMMIT, *[faults.contention] * 10, faults.throttled, faults.throttled, *[faults.contention] * 10)
    with ThreadPoolExecutor(50) as pool:
        changed = list(pool.map(lambda _: add(stack, one, [item("apple", 1)]), range(50)))
    last = max(changed, key=lambda answer: answer["version"])
    assert sorted(answer["version"] for answer in changed) == list(range(2, 52))
    assert last["items"] == [item("apple", 51)], last
    stack.await_delivery([one])
    assert len(stack.committed()[one["cartId"]]) == 51


@scenario("two checkouts at once, their answers lost: one event, one success and one refusal")
def closes_once(stack: Faulty, proxy: Proxy) -> None:
    for _ in range(5):
        one = create(stack, [item("apple", 1)])
        proxy.next(COMMIT, faults.cut_after, faults.cut_after)
        with ThreadPoolExecutor(2) as pool:
            answers = sorted(pool.map(lambda _: checkout(stack, one)[0], range(2)))
        proxy.heal()
        assert answers == [200, CLOSED], answers
        stack.await_delivery([one])
        assert len(stack.committed()[one["cartId"]]) == 2


def repeats(title: str, action: str, *script, answered: bool) -> None:
    """A scenario in which each kind of request meets a fault, and comes again under its idempotency key."""

    @scenario(f"{title}: the same answer, one change, one event")
    def repeated(stack: Faulty, proxy: Proxy) -> None:
        key = {"Idempotency-Key": str(uuid.uuid4())}
        body, user = {"items": [item("apple", 1)]}, f"user-{uuid.uuid4()}"
        one = once(stack, proxy, "POST", "cart", body, key, user)
        path = f"cart/{one['cartId']}"
        changed = once(stack, proxy, "PUT", f"{path}/add-items", {"items": [item("apple", 1)]}, key, user)
        closed = once(stack, proxy, "PUT", f"{path}/checkout", None, key, user)
        assert [answer["version"] for answer in (one, changed, closed)] == [1, 2, 3], (one, changed, closed)
        assert closed["items"] == [item("apple", 2)], closed
        stack.await_delivery([one])
        assert len(stack.committed()[one["cartId"]]) == 3
        mine = [row for row in stack.items(stack.outputs[cart.CARTS]) if row["userId"]["S"] == user]
        assert len(mine) == 1, mine

    def once(stack: Faulty, proxy: Proxy, method: str, path: str, body: dict | None, key: dict, user: str) -> dict:
        """The answer of a request that is sent again until it succeeds, and once more."""
        proxy.next(action, *script)
        status, answer = send(stack, method, path, body, key, user)
        # Where the work was done, or can be done at once, nobody has to ask again.
        assert (status in DONE) == answered, (status, answer)
        proxy.heal()

        def succeeds():
            status, answer = send(stack, method, path, body, key, user)
            assert status in (*DONE, 409), (status, answer)
            return answer if status in DONE else None

        first = answer if status in DONE else wait_until(succeeds, "an answer", 10)
        assert send(stack, method, path, body, key, user) == (NEW if method == "POST" else 200, first)
        if body:
            other = {**body, "items": [item("pear", 7)]}
            assert send(stack, method, path, other, key, user)[0] == 422, "another body under the same key"
        return first


repeats("a commit whose answer is lost once", COMMIT, faults.cut_after, answered=True)
repeats("a commit whose answer is lost however often the SDK tries", COMMIT, *[faults.cut_after] * OFTEN, answered=True)
repeats("a commit that is answered with garbage", COMMIT, faults.garbage, answered=True)
repeats("a commit that never happens", COMMIT, *[faults.cut_before] * OFTEN, answered=False)
repeats("a claim whose answer is lost", CLAIM, faults.cut_after, answered=True)
repeats("a handler that dies after its commit", COMMIT, faults.kill_after, answered=False)
repeats("a handler that dies during its commit", COMMIT, faults.kill_during, answered=False)


@scenario("a handler that dies before its commit: a repeated request does the work once, when its time is over")
def waits(stack: Faulty, proxy: Proxy) -> None:
    body, key = {"items": [item("apple", 1)]}, {"Idempotency-Key": str(uuid.uuid4())}
    with stack.timeout(stack.function(CREATE), 3):
        start = now()
        proxy.next(COMMIT, faults.kill_before)
        assert send(stack, "POST", "cart", body, key)[0] >= 500
        assert send(stack, "POST", "cart", body, key)[0] == 409, "the claim of the dead handler holds"

        def succeeds():
            status, answer = send(stack, "POST", "cart", body, key)
            return answer if status in DONE else None

        one = wait_until(succeeds, "an answer", 10)
        assert now() - start > 2, "the claim of the dead handler ended before its time"
    stack.await_delivery([one])
    assert len(stack.committed()[one["cartId"]]) == 1
