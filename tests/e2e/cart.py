"""System 003: shopping carts behind an API, with an outbox that a forwarder empties onto a bus with an event log."""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor

import alarms
import policies
from scenarios import System
from stack import Stack, stays_true, wait_until

SYSTEM = System("cart")
CARTS, OUTBOX, API = "CartsTableName", "OutboxTableName", "ApiUrl"
CREATED, ADDED, CHECKED_OUT = "CartCreated", "ItemsAddedToCart", "CartCheckedOut"
NEW, NOT_FOUND, CLOSED = 201, 404, 409
DONE = (200, NEW)


@SYSTEM.scenario("a cart's life is three events, numbered by its version")
def tells(stack: Stack) -> None:
    cart = create(stack, [item("apple", 2), item("pear", 1)])
    assert (cart["status"], cart["version"]) == ("OPEN", 1), cart
    cart = add(stack, cart, [item("apple", 1)])
    assert cart["items"] == [item("apple", 3), item("pear", 1)] and cart["version"] == 2, cart
    status, cart = checkout(stack, cart)
    assert (status, cart["status"], cart["version"]) == (200, "CHECKED_OUT", 3), cart
    events = wait_until(lambda: heard(stack, cart, 3), "three events in the log")
    assert [event["detail-type"] for event in events] == [CREATED, ADDED, CHECKED_OUT], events
    assert all(event["source"] == "shopping-cart" for event in events), events
    # What was added, not what there is now.
    assert [event["detail"]["items"] for event in events[:2]] == [
        [item("apple", 2), item("pear", 1)],
        [item("apple", 1)],
    ], events
    assert [event["detail"]["metadata"]["sequence"] for event in events] == [1, 2, 3], events


@SYSTEM.scenario("an item that is listed twice is one line")
def merges(stack: Stack) -> None:
    cart = create(stack, [item("apple", 2), item("apple", 3)])
    assert cart["items"] == [item("apple", 5)], cart
    cart = add(stack, cart, [item("pear", 1), item("pear", 1)])
    assert cart["items"] == [item("apple", 5), item("pear", 2)], cart


@SYSTEM.scenario("a body that is no cart, and a quantity out of bounds, are refused with what is wrong")
def refuses(stack: Stack) -> None:
    cart, before = create(stack, []), len(stack.items(stack.outputs[CARTS]))
    for quantity in (0, -1, 1001, 1.5, '"2"', "null"):
        body = '{"items": [{"itemId": "apple", "quantity": %s}]}' % quantity
        status, answer = stack.http("PUT", url(stack, f"cart/{cart['cartId']}/add-items"), body)
        assert status == 400 and "items[0].quantity" in answer, (quantity, status, answer)
    for body in ("null", "[]", "{", "{}", '{"items": []}', '{"items": "apple"}'):
        status, answer = stack.http("PUT", url(stack, f"cart/{cart['cartId']}/add-items"), body)
        assert status == 400, (body, status, answer)
    for body in ("null", "{}", '{"userId": ""}', '{"userId": "u", "items": [{}]}'):
        status, answer = stack.http("POST", url(stack, "cart"), body)
        assert status == 400, (body, status, answer)
    assert stack.http("PUT", url(stack, "cart/no-uuid/checkout"))[0] == 400
    assert len(stack.items(stack.outputs[CARTS])) == before


@SYSTEM.scenario("an unknown cart is not found")
def finds_nothing(stack: Stack) -> None:
    nobody = {"cartId": str(uuid.uuid4())}
    for status, answer in (try_add(stack, nobody, [item("apple", 1)]), checkout(stack, nobody)):
        assert status == NOT_FOUND and answer["title"] == "CartNotFound", (status, answer)


@SYSTEM.scenario("two checkouts at once are one event and one refusal, and nothing is added afterwards")
def closes_once(stack: Stack) -> None:
    cart = create(stack, [item("apple", 1)])
    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(lambda _: checkout(stack, cart)[0], range(2)))
    assert answers == [200, CLOSED], answers
    status, answer = try_add(stack, cart, [item("apple", 1)])
    assert status == CLOSED and answer["title"] == "CartClosed", (status, answer)
    wait_until(lambda: heard(stack, cart, 2), "two events in the log")
    stays_true(lambda: len(heard(stack, cart)) == 2, "two events")


@SYSTEM.scenario("50 additions to one cart at once: no lost update, and events 1 to 51 without a gap")
def loses_no_update(stack: Stack) -> None:
    cart = create(stack, [item("apple", 1)])
    with ThreadPoolExecutor(50) as pool:
        added = ([item("apple", 1), item(str(number % 5), 1)] for number in range(50))
        changed = list(pool.map(lambda items: add(stack, cart, items), added))
    assert sorted(answer["version"] for answer in changed) == list(range(2, 52))
    last = max(changed, key=lambda answer: answer["version"])
    quantities = {line["itemId"]: line["quantity"] for line in last["items"]}
    assert quantities == {"apple": 51, "0": 10, "1": 10, "2": 10, "3": 10, "4": 10}, last
    events = wait_until(lambda: heard(stack, cart, 51), "51 events in the log", 60)
    assert [event["detail"]["metadata"]["sequence"] for event in events] == list(range(1, 52)), events


@SYSTEM.scenario("a request repeated under its idempotency key gives the same answer, one cart and one event")
def answers_once(stack: Stack) -> None:
    body = {"userId": "user-1", "items": [item("apple", 1)]}
    key = {"Idempotency-Key": str(uuid.uuid4())}
    first, again = (send(stack, "POST", "cart", body, key) for _ in range(2))
    assert first[0] == NEW and again == first, (first, again)
    assert send(stack, "POST", "cart", {**body, "userId": "user-2"}, key)[0] == 422
    cart = first[1]
    path, added = f"cart/{cart['cartId']}/add-items", {"items": [item("apple", 1)]}
    key = {"Idempotency-Key": str(uuid.uuid4())}
    first, again = (send(stack, "PUT", path, added, key) for _ in range(2))
    assert first == again and first[1]["version"] == 2, (first, again)
    key = {"Idempotency-Key": str(uuid.uuid4())}
    first, again = (send(stack, "PUT", f"cart/{cart['cartId']}/checkout", None, key) for _ in range(2))
    assert first == again and first[0] == 200, (first, again)
    wait_until(lambda: heard(stack, cart, 3), "three events in the log")
    stays_true(lambda: len(heard(stack, cart)) == 3, "three events")


@SYSTEM.scenario("pages of the shop may call the API from a browser, other pages may not")
def lets_pages_in(stack: Stack) -> None:
    asks = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "content-type"}
    at = url(stack, "cart/x/checkout")
    for origin, admitted in (("https://shop.example", True), ("https://other.example", False)):
        headers = stack.http_headers("OPTIONS", at, {"Origin": origin, **asks})
        assert (headers.get("Access-Control-Allow-Origin") == origin) == admitted, (origin, headers)
        if admitted:
            assert headers["Access-Control-Allow-Methods"] == "POST,PUT", headers
            assert "idempotency-key" in headers["Access-Control-Allow-Headers"], headers


@SYSTEM.scenario("rows that expire or change after they were published publish nothing")
def ignores_removals(stack: Stack) -> None:
    cart = create(stack, [item("apple", 1)])
    wait_until(lambda: heard(stack, cart, 1), "the event in the log")
    client, table = stack.client("dynamodb"), stack.outputs[OUTBOX]
    (row,) = [row for row in stack.items(table) if row["aggregate"]["S"] == cart["cartId"]]
    key = {name: row[name] for name in ("aggregate", "eventId")}
    client.update_item(TableName=table, Key=key, AttributeUpdates={"note": {"Value": {"S": "touched"}}})
    client.delete_item(TableName=table, Key=key)
    stays_true(lambda: len(heard(stack, cart)) == 1, "one event")


@SYSTEM.scenario("a cart's events are published again with the ids that they had, in their order")
def redrives(stack: Stack) -> None:
    cart = create(stack, [item("apple", 1)])
    add(stack, cart, [item("apple", 1)])
    first = [event["detail"] for event in wait_until(lambda: heard(stack, cart, 2), "two events in the log")]
    redrive = stack.function("CartEventsRedrive")
    answer, error = stack.invoke(redrive, {"aggregate": cart["cartId"]})
    done = {"dryRun": False, "read": 2, "matched": 2, "published": 2, "failed": 0}
    assert (answer, error) == (done, None), answer
    events = wait_until(lambda: heard(stack, cart, 4), "the same two events once more")
    assert [event["detail"] for event in events] == first + first, events
    # By time, which reads the whole table: nothing happened that late.
    answer, error = stack.invoke(redrive, {"from": "2100-01-01T00:00:00Z"})
    assert error is None and answer["read"] >= 2 and answer["published"] == 0, answer


@SYSTEM.scenario("every policy was needed, and none was missing")
def least_privilege(stack: Stack) -> None:
    unexercised = {"sqs:SendMessage": "rows that can never be published; tests/faults has some"}
    found = policies.problems(stack, unexercised)
    assert not found, "\n".join(found)


@SYSTEM.scenario("alarms of functions are silent while the business fails, and go off for trouble")
def tells_of_trouble(stack: Stack) -> None:
    found = alarms.problems(stack, {"CartNotFound", "CartClosed"})
    assert not found, "\n".join(found)


def item(item_id: str, quantity: int) -> dict:
    """So many of an item."""
    return {"itemId": item_id, "quantity": quantity}


def create(stack: Stack, items: list[dict]) -> dict:
    """A new cart with these items."""
    status, cart = send(stack, "POST", "cart", {"userId": "user-1", "items": items})
    assert status == NEW, (status, cart)
    return cart


def add(stack: Stack, cart: dict, items: list[dict]) -> dict:
    """Put items into a cart: the cart with them."""
    status, changed = try_add(stack, cart, items)
    assert status == 200, (status, changed)
    return changed


def try_add(stack: Stack, cart: dict, items: list[dict]) -> tuple[int, dict]:
    """Try to put items into a cart: status and answer."""
    return send(stack, "PUT", f"cart/{cart['cartId']}/add-items", {"items": items})


def checkout(stack: Stack, cart: dict) -> tuple[int, dict]:
    """Try to check a cart out: status and answer."""
    return send(stack, "PUT", f"cart/{cart['cartId']}/checkout")


def send(stack: Stack, method: str, path: str, body: dict | None = None, headers: dict | None = None):
    """A request to the API: status and answer."""
    status, answer = stack.http(method, url(stack, path), None if body is None else json.dumps(body), headers)
    return status, json.loads(answer)


def url(stack: Stack, path: str) -> str:
    """Where a path of the API is."""
    return f"{stack.outputs[API].rstrip('/')}/{path}"


def heard(stack: Stack, cart: dict, count: int = 0) -> list[dict]:
    """The events of a cart in the bus's log, in the order of arrival; none unless there are at least so many."""
    pages = stack.client("logs").get_paginator("filter_log_events").paginate(logGroupName=event_log(stack))
    events = [json.loads(entry["message"]) for page in pages for entry in page["events"]]
    mine = [event for event in events if event["detail"].get("cartId") == cart["cartId"]]
    return mine if len(mine) >= count else []


def event_log(stack: Stack) -> str:
    """The log group of the bus."""
    groups = stack.resources("AWS::Logs::LogGroup")
    return next(physical for logical, physical in groups.items() if logical.endswith("BusLog"))
