"""System 004: an API writes orders straight into their table, without a function between. What comes of that is in `order_pipe_stream`."""

import json
import uuid

from scenarios import System
from stack import Stack

SYSTEM = System("order-pipe")
LINE = {"productId": "sku-1", "quantity": 2, "price": 109.97}
# What would be something else than data to a template, a JSON document, an expression or a shell.
NASTY = [
    'quote " and \\" and \\\\" end',
    "apostrophe ' and \\' and it's",
    "lines\nand\r\ntabs\tand \u0000 \u001f \u007f",
    "$input.path('$') ${x} $!x $util.escapeJavaScript('x') $context.requestId",
    "#set($x = 1) #if(true) #end #foreach($i in [1]) ## comment #* block *#",
    '"}, "status": { "S": "PAID" }, "x": { "S": "',
    '", "ConditionExpression": "attribute_exists(orderId)", "x": "',
    "ünï😀\u2028\u2029\u0085",
    "</script><!-- :a0 #a0 ={{x}} %{x}",
]


@SYSTEM.scenario("an order is stored as it was sent, with the id and the time of the request")
def stores(stack: Stack) -> None:
    order = {"customerId": "c-1", "items": [LINE, {**LINE, "price": 12345678.9}], "giftWrap": True, "labels": {"a": "b"}}
    status, answer = post(stack, order)
    assert status == 201, answer
    assert sorted(answer) == ["createdAt", "orderId", "status"] and answer["status"] == "CREATED", answer
    uuid.UUID(answer["orderId"])
    stored = item(stack, answer["orderId"])
    # A number is what it was, however it is written.
    price = stored["items"]["L"][1]["M"]["price"]["N"]
    assert float(price) == 12345678.9, stored
    line = {"productId": {"S": "sku-1"}, "quantity": {"N": "2"}}
    lines = [{"M": {**line, "price": {"N": "109.97"}}}, {"M": {**line, "price": {"N": price}}}]
    assert stored == {
        "orderId": {"S": answer["orderId"]},
        "createdAt": {"N": str(answer["createdAt"])},
        "status": {"S": "CREATED"},
        "customerId": {"S": "c-1"},
        "items": {"L": lines},
        "giftWrap": {"BOOL": True},
        "labels": {"M": {"a": {"S": "b"}}},
    }, stored


@SYSTEM.scenario("an order reads back as it was sent; one that is not there is 404")
def reads(stack: Stack) -> None:
    order = {"customerId": "c-2", "items": [LINE], "note": "soon", "giftWrap": False, "labels": {}}
    _, answer = post(stack, order)
    status, found = call(stack, "GET", f"/orders/{answer['orderId']}/{answer['createdAt']}")
    assert (status, found) == (200, {**order, **answer}), found
    status, problem = call(stack, "GET", f"/orders/{uuid.uuid4()}/1")
    assert (status, problem["title"]) == (404, "NotFound"), problem


@SYSTEM.scenario("the orders of a customer, in the order of their time")
def lists(stack: Stack) -> None:
    made = [post(stack, {"customerId": "c-3", "items": [LINE]})[1] for _ in range(3)]
    status, answer = call(stack, "GET", "/customers/c-3/orders")
    assert status == 200, answer
    assert sorted(order["orderId"] for order in answer["items"]) == sorted(order["orderId"] for order in made), answer
    assert [order["createdAt"] for order in answer["items"]] == sorted(order["createdAt"] for order in made), answer
    assert call(stack, "GET", "/customers/nobody/orders") == (200, {"items": []})


@SYSTEM.scenario("an update changes what it says, leaves the rest, and never makes an item")
def updates(stack: Stack) -> None:
    _, made = post(stack, {"customerId": "c-4", "items": [LINE], "note": "soon"})
    path = f"/orders/{made['orderId']}/{made['createdAt']}"
    assert call(stack, "PATCH", path, {"status": "PAID"}) == (200, {**made, "status": "PAID"})
    stored = item(stack, made["orderId"])
    assert (stored["status"], stored["note"]) == ({"S": "PAID"}, {"S": "soon"}), stored
    assert call(stack, "PATCH", path, {"status": "SHIPPED", "note": ""})[0] == 200
    assert item(stack, made["orderId"])["note"] == {"S": ""}
    missing = str(uuid.uuid4())
    status, problem = call(stack, "PATCH", f"/orders/{missing}/1", {"status": "PAID"})
    assert (status, problem["title"]) == (404, "NotFound"), problem
    assert item(stack, missing) is None


@SYSTEM.scenario("the same order again is 409, and the first one stays")
def conflicts(stack: Stack) -> None:
    order = {"orderId": str(uuid.uuid4()), "createdAt": 7, "customerId": "c-5", "items": [LINE]}
    assert call(stack, "PUT", "/orders", order) == (201, {})
    status, problem = call(stack, "PUT", "/orders", {**order, "customerId": "c-6"})
    assert (status, problem["title"]) == (409, "Conflict"), problem
    assert item(stack, order["orderId"])["customerId"] == {"S": "c-5"}


@SYSTEM.scenario("a bad body is 400, says what is wrong, and stores nothing")
def bad_bodies(stack: Stack) -> None:
    before = len(stack.items(stack.outputs["OrdersTableName"]))
    bodies = {
        '{"customerId": "c"}': "items",
        '{"customerId": "", "items": [{"productId": "x", "quantity": 1, "price": 1}]}': "customerId",
        '{"customerId": "c", "items": []}': "items",
        '{"customerId": "c", "items": [{"productId": "x", "quantity": "1", "price": 1}]}': "quantity",
        '{"customerId": "c", "items": [{"productId": "x", "quantity": 1.5, "price": 1}]}': "quantity",
        '{"customerId": {"S": "c"}, "items": [{"productId": "x", "quantity": 1, "price": 1}]}': "customerId",
        '{"customerId": "c", "note": null, "items": [{"productId": "x", "quantity": 1, "price": 1}]}': "note",
        "[]": "object",
        "not JSON": "",
        "": "",
    }
    for body, wrong in bodies.items():
        status, text, headers = send(stack, "POST", "/orders", body)
        problem = json.loads(text)
        assert (status, problem["title"], problem["status"]) == (400, "InvalidInput", 400), (body, text)
        assert wrong in problem["detail"], (body, text)
        assert headers["content-type"] == "application/problem+json", headers
    assert len(stack.items(stack.outputs["OrdersTableName"])) == before


@SYSTEM.scenario("another content type is 415 and never reaches the table, JSON or not")
def content_types(stack: Stack) -> None:
    before = len(stack.items(stack.outputs["OrdersTableName"]))
    # A request to DynamoDB as it would go through if bodies were passed on.
    smuggled = json.dumps({"TableName": stack.outputs["OrdersTableName"], "Item": {"orderId": {"S": "x"}, "createdAt": {"N": "1"}}})
    for kind in ("text/plain", "application/x-amz-json-1.0", "application/xml", "text/json"):
        for body in (smuggled, "hello", json.dumps({"customerId": "c", "items": [LINE]})):
            status, text, _ = send(stack, "POST", "/orders", body, {"Content-Type": kind})
            assert (status, json.loads(text)["title"]) == (415, "UNSUPPORTED_MEDIA_TYPE"), (kind, body, text)
    status, text, _ = send(stack, "POST", "/orders", '{"customerId": "c"', {"Content-Type": "application/json; charset=utf-8"})
    assert status in (400, 415), text
    assert len(stack.items(stack.outputs["OrdersTableName"])) == before


@SYSTEM.scenario("whatever a text holds, it is stored and answered as that text")
def injections(stack: Stack) -> None:
    for text in NASTY:
        sent = {"customerId": text[:64], "items": [{**LINE, "productId": text[:64]}], "note": text, "labels": {text: text}}
        status, made = post(stack, sent)
        assert status == 201, (text, made)
        stored = item(stack, made["orderId"])
        assert (stored["note"], stored["status"]) == ({"S": text}, {"S": "CREATED"}), stored
        assert stored["labels"] == {"M": {text: {"S": text}}}, stored
        assert sorted(stored) == ["createdAt", "customerId", "items", "labels", "note", "orderId", "status"], stored
        path = f"/orders/{made['orderId']}/{made['createdAt']}"
        assert call(stack, "GET", path) == (200, {**sent, **made}), text
        assert call(stack, "PATCH", path, {"status": "PAID", "note": text[::-1]})[0] == 200, text
        assert item(stack, made["orderId"])["note"] == {"S": text[::-1]}


@SYSTEM.scenario("what DynamoDB refuses is never a success")
def refusals(stack: Stack) -> None:
    # A key that is no number, and one with an item of more than 400 KB: the caller's values.
    status, problem = call(stack, "GET", f"/orders/{uuid.uuid4()}/yesterday")
    assert (status, problem["title"]) == (400, "InvalidInput"), problem
    status, problem = call(stack, "PATCH", f"/orders/{uuid.uuid4()}/1%22%7D", {"status": "PAID"})
    assert (status, problem["title"]) == (400, "InvalidInput"), problem
    # Without the right to write: that is ours, and the caller learns nothing of it.
    role, table = stack.resources("AWS::IAM::Role")["OrdersApiRole"], stack.outputs["OrdersTableName"]
    arn = stack.client("dynamodb").describe_table(TableName=table)["Table"]["TableArn"]
    with stack.without_role_policy(role, "dynamodb:PutItem", arn):
        status, problem = post(stack, {"customerId": "c-7", "items": [LINE]})
    assert (status, problem) == (500, {"title": "InternalError", "status": 500}), problem


@SYSTEM.scenario("pages of the origins that are named may call, others may not")
def cors(stack: Stack) -> None:
    for origin in ("https://shop.example", "https://admin.example"):
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        status, body, headers = send(stack, "OPTIONS", "/orders", None, asked)
        assert (status, body) == (204, ""), body
        assert headers["access-control-allow-origin"] == origin, headers
        assert "POST" in headers["access-control-allow-methods"].split(","), headers
        assert "content-type" in headers["access-control-allow-headers"].split(","), headers
        for method, path in (("GET", "/customers/c-1/orders"), ("GET", "/orders/none/1")):
            _, _, headers = send(stack, method, path, None, {"Origin": origin})
            assert (headers["access-control-allow-origin"], headers["vary"]) == (origin, "Origin"), headers
    _, _, headers = send(stack, "OPTIONS", "/orders", None, {"Origin": "https://evil.example"})
    assert headers["access-control-allow-origin"] == "https://shop.example", headers
    _, _, headers = send(stack, "POST", "/orders", "{}", {"Origin": "https://shop.example"})
    assert headers["access-control-allow-origin"] == "https://shop.example", headers


@SYSTEM.scenario("what is no route of the API is refused as problem JSON")
def unknown_routes(stack: Stack) -> None:
    for method, path in (("GET", "/nothing"), ("DELETE", "/orders")):
        status, text, headers = send(stack, method, path)
        assert (status, json.loads(text)["title"]) == (403, "MISSING_AUTHENTICATION_TOKEN"), text
        assert headers["content-type"] == "application/problem+json", headers


def post(stack: Stack, order: dict) -> tuple[int, dict]:
    """Place an order: the status, and the answer."""
    return call(stack, "POST", "/orders", order)


def call(stack: Stack, method: str, path: str, body=None) -> tuple[int, dict]:
    """Call the API: the status, and the answer."""
    status, text, _ = send(stack, method, path, None if body is None else json.dumps(body))
    return status, json.loads(text)


def send(stack: Stack, method: str, path: str, body: str | None = None, headers: dict | None = None):
    """Send a request as it is: status, body and headers, whose names are in small letters."""
    return stack.http_with_headers(method, stack.outputs["ApiUrl"] + path, body, headers)


def item(stack: Stack, order_id: str) -> dict | None:
    """The order with this id, as DynamoDB holds it."""
    items = stack.items(stack.outputs["OrdersTableName"])
    return next((item for item in items if item["orderId"]["S"] == order_id), None)
