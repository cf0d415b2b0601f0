"""Run the mapping templates of a stack on nasty data, with the Velocity of tests/emulator/velocity.py.

    target/tools/emulator/bin/python tests/templates.py TEMPLATE

TEMPLATE is what evc makes of compiler/core/src/lower/fixtures/rest.yaml, which has every kind of type and route. What goes in
through a put must come out of a get as it was: whatever its texts hold, it stays data on the way to DynamoDB and back. What stands
beside a body and is out of its bounds becomes a request that the service refuses.
"""

import json
import random
import re
import sys
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).parent / "emulator"))

import velocity  # noqa: E402: found by the line above

# What would be something else than data to a template, a document or an expression.
PIECES = [
    '"', "'", "\\", "\\'", '\\"', "\n", "\r\n", "\t", "\u0000", "\u001f", "\u007f", "/", "\u2028", "ü", "😀", "$", "#", "${x}",
    "$!x", "$input.path('$')", "#set($x = 1)", "#if(true)", "#else", "#end", "##", "#*", "*#", '"}, "x": { "S": "', "{", "}",
    "[", "]", ",", ":", "attribute_exists(#key)", "plain", " ",
]  # fmt: skip
ROUNDS = 150
CONTEXT = {"requestId": "1f0c9f1e-2b3c-4d5e-8f90-a1b2c3d4e5f6", "requestTimeEpoch": 1795255200000}


class Loader(yaml.SafeLoader):
    """YAML with the short forms of CloudFormation, of which only the text of `!Sub` matters here."""


Loader.add_multi_constructor("!", lambda loader, tag, node: node.value)


class Templates:
    """The mapping templates of a stack's methods."""

    def __init__(self, path: Path):
        self._resources = yaml.load(path.read_text(encoding="utf-8"), Loader)["Resources"]

    def request(self, method: str, body, path=None, query=None, header=None) -> dict:
        """What a method sends for a request."""
        template = self._integration(method)["RequestTemplates"]["application/json"]
        # What CloudFormation substitutes.
        template = re.sub(r"\$\{(\w+)\}", r"\1", template.replace("${!", "\0")).replace("\0", "${")
        parameters = {"path": path or {}, "querystring": query or {}, "header": header or {}}
        return json.loads(velocity.render(template, json.dumps(body), parameters, dict(CONTEXT)))

    def answer(self, method: str, status: int, answer, header=None) -> tuple[dict, dict]:
        """What a method answers when its service has answered with a status: the document and what it overrides."""
        responses = self._integration(method)["IntegrationResponses"]
        by_pattern = (it for it in responses if re.fullmatch(it.get("SelectionPattern", "^$"), str(status)))
        chosen = next(by_pattern, responses[-1])
        context = {**CONTEXT, "responseOverride": {"header": {}}}
        parameters = {"path": {}, "querystring": {}, "header": header or {}}
        text = velocity.render(chosen["ResponseTemplates"]["application/json"], json.dumps(answer), parameters, context)
        return json.loads(text), {"status": int(chosen["StatusCode"]), **context["responseOverride"]}

    def _integration(self, method: str) -> dict:
        return self._resources[method + "Method"]["Properties"]["Integration"]


def main() -> int:
    """Try everything; the first difference ends it."""
    templates = Templates(Path(sys.argv[1]))
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    for _ in range(ROUNDS):
        order = an_order(chance)
        puts_and_gets(templates, order, text(chance))
        updates(templates, chance)
        starts(templates, chance)
    refusals(templates)
    print(f"{ROUNDS} rounds")
    return 0


def puts_and_gets(templates: Templates, order: dict, clerk: str) -> None:
    """What is put is read back, by key and in a list."""
    sent = templates.request("OrdersApiPostOrders", order, header={"x-clerk": clerk})
    assert sorted(sent) == ["ConditionExpression", "ExpressionAttributeNames", "Item", "TableName"], sent
    assert sent["ConditionExpression"] == "attribute_not_exists(#key)", sent
    refused = templates.request("OrdersApiPostOrders", order, header={"x-clerk": "x" * 401})
    assert sorted(refused) == ["TableName"], refused
    made = {
        "orderId": CONTEXT["requestId"],
        "createdAt": CONTEXT["requestTimeEpoch"],
        "status": "CREATED",
        "source": "the $shop #1",
        "by": clerk,
        "paid": False,
        "weight": 1.5,
        "version": 1,
    }
    found, _ = templates.answer("OrdersApiGetOrdersOrderIdCreatedAt", 200, {"Item": sent["Item"]})
    assert found == {**order, **made}, (found, order)
    listed, _ = templates.answer("OrdersApiGetCustomersCustomerOrders", 200, {"Items": [sent["Item"]] * 2})
    assert listed == {"items": [found, found]}, listed


def updates(templates: Templates, chance: random.Random) -> None:
    """An update names what the request has, and no more."""
    body = {"status": "PAID", **some(chance, {"address": {"street": text(chance)}, "proof": "aGVsbG8="})}
    sent = templates.request("OrdersApiPatchOrdersOrderIdCreatedAt", body, path={"orderId": text(chance), "createdAt": "1"})
    names, values = sent["ExpressionAttributeNames"], sent["ExpressionAttributeValues"]
    assert sorted(names.values()) == sorted(["orderId", "version", *body]), sent
    assert len(values) == len(body) + 2, sent
    used = f"{sent['UpdateExpression']} {sent['ConditionExpression']}"
    assert all(re.search(re.escape(name) + r"\b", used) for name in [*names, *values]), sent
    if "address" in body:
        place = next(name for name, attribute in names.items() if attribute == "address")
        assert values[place.replace("#", ":")] == {"M": {"street": {"S": body["address"]["street"]}}}, sent


def starts(templates: Templates, chance: random.Random) -> None:
    """A workflow's input is the request, with the fields of the path."""
    whole = {"orderId": text(chance), "reason": text(chance), **some(chance, {"lines": [a_line(chance)]})}
    assert json.loads(templates.request("OrdersApiPostSettlements", whole)["input"]) == whole
    rest = {name: value for name, value in whole.items() if name != "orderId"}
    sent = templates.request("OrdersApiPostOrdersOrderIdSettlement", rest, path={"orderId": whole["orderId"]})
    assert json.loads(sent["input"]) == whole, sent
    too_long = templates.request("OrdersApiPostOrdersOrderIdSettlement", rest, path={"orderId": "😀" * 401})
    assert too_long["input"] == "-", too_long
    answered, _ = templates.answer("OrdersApiPostSettlements", 200, {"executionArn": "arn:aws:states:e:1:execution:m:id-1"})
    assert answered == {"executionId": "id-1"}, answered


def refusals(templates: Templates) -> None:
    """Whatever a service refuses has a status of its kind, and pages of both origins may read it."""
    kinds = {
        "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException": {"PostOrders": 409, "Patch": 404, "Get": 500},
        "com.amazon.coral.validate#ValidationException": 400,
        "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException": 429,
        "com.amazonaws.dynamodb.v20120810#RequestLimitExceeded": 429,
        "com.amazonaws.dynamodb.v20120810#ThrottlingException": 429,
        "com.amazon.coral.service#AccessDeniedException": 500,
        "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException": 500,
        "nothing known": 500,
    }
    page = {"origin": "https://admin.example"}
    for method in ("PostOrders", "PatchOrdersOrderIdCreatedAt", "GetOrdersOrderIdCreatedAt", "GetOrders"):
        for kind, expected in kinds.items():
            if isinstance(expected, dict):
                expected = next(status for start, status in expected.items() if method.startswith(start))
            problem, overridden = templates.answer("OrdersApi" + method, 400, {"__type": kind}, page)
            assert problem["status"] == overridden["status"] == expected, (method, kind, problem, overridden)
            assert overridden["header"]["Access-Control-Allow-Origin"] == page["origin"], overridden
        for status in (302, 500, 503):
            problem, overridden = templates.answer("OrdersApi" + method, status, {}, page)
            assert problem["status"] == overridden["status"] == 500, (method, status, problem)


def an_order(chance: random.Random) -> dict:
    """A body that the model lets through."""
    labels = {text(chance): text(chance) for _ in range(chance.randrange(3))}
    address = {"street": text(chance), **some(chance, {"floor": chance.randrange(-9, 99)})}
    order = {"customer": text(chance), "lines": [a_line(chance) for _ in range(chance.randrange(1, 4))], "labels": labels}
    total = {"total": chance.choice([0, 1, 109.97, 0.1, 12345678.9, 99999999999999.9, 1e-7])}
    return {**order, **total, **some(chance, {"due": "2026-11-21", "address": address})}


def a_line(chance: random.Random) -> dict:
    line = {"sku": text(chance), "count": chance.randrange(1, 1 << 53)}
    return {**line, **some(chance, {"gift": chance.random() < 0.5, "note": text(chance)})}


def some(chance: random.Random, fields: dict) -> dict:
    """Some of the fields that may be absent."""
    return {name: value for name, value in fields.items() if chance.random() < 0.5}


def text(chance: random.Random) -> str:
    return "".join(chance.choice(PIECES) for _ in range(chance.randrange(6)))


if __name__ == "__main__":
    sys.exit(main())
