"""System 002: an order through an API, its payment, inventory and notification run by a state machine."""

import json
from contextlib import contextmanager
from urllib.parse import quote

import alarms
import policies
from scenarios import System
from signing import signed
from stack import Stack, stays_true, wait_until

SYSTEM = System("orders")
TABLE, BUS, MACHINE, API = "OrdersTableName", "EventBusName", "StateMachineArn", "ApiUrl"
PAYMENT, REFUND, INVENTORY, NOTIFY = "ProcessPayment", "RefundPayment", "ReserveInventory", "Notify"
SUCCESS_RATE = "SUCCESS_RATE"
# The errors that functions declare, and those of them with which an execution may end without anything being wrong.
BUSINESS = {"PaymentDeclined", "InventoryUnavailable", "TotalMismatch"}
OUTCOMES = {"PaymentDeclined", "InventoryUnavailable"}
CREATED = "Order Created"
# The amounts of the original's README, as text: they must come out digit for digit.
ORDER = """{
  "customerId": "customer-123",
  "items": [
    {"productId": "prod-001", "quantity": 2, "price": 29.99},
    {"productId": "prod-002", "quantity": 1, "price": 49.99}
  ],
  "totalAmount": 109.97
}"""


@SYSTEM.scenario("the outputs name what the README promises")
def names(stack: Stack) -> None:
    named = {"OrderServiceName": "CreateOrder", "PaymentServiceName": PAYMENT}
    named |= {"InventoryServiceName": INVENTORY, "NotificationServiceName": NOTIFY}
    assert {name: stack.outputs.get(name) for name in named} == {n: stack.function(id) for n, id in named.items()}


@SYSTEM.scenario("an order through the API ends COMPLETED with its exact total and one confirmation")
def completes(stack: Stack) -> None:
    with counted(stack, payments=PAYMENT, refunds=REFUND, notices=NOTIFY) as runs, success(stack, 1, 1):
        order, execution = place_and_finish(stack)
    assert execution["status"] == "SUCCEEDED", execution
    assert order["status"] == {"S": "COMPLETED"}, order
    assert order["totalAmount"] == {"N": "109.97"}, order
    assert [line["M"]["price"] for line in order["items"]["L"]] == [{"N": "29.99"}, {"N": "49.99"}], order
    assert runs == {"payments": 1, "refunds": 0, "notices": 1}, runs


@SYSTEM.scenario("an order with an invoice keeps it, and is paid where a card would be declined")
def invoices(stack: Stack) -> None:
    method = {"kind": "invoice", "purchaseOrder": "PO-7"}
    with success(stack, 0, 1):
        order, execution = place_and_finish(stack, body=json.dumps({**json.loads(ORDER), "method": method}))
    assert execution["status"] == "SUCCEEDED", execution
    assert order["method"] == {"M": {name: {"S": value} for name, value in method.items()}}, order
    assert order["paymentId"]["S"].startswith("inv_"), order


@SYSTEM.scenario("a key that was revoked pays nothing, a new one pays at once, and no log has either")
def rotates(stack: Stack) -> None:
    secrets, logs = stack.client("secretsmanager"), stack.client("logs")
    (secret,) = stack.resources("AWS::SecretsManager::Secret").values()
    made_up = secrets.get_secret_value(SecretId=secret)["SecretString"]
    assert len(made_up) == 40, "the length that the spec says"
    revoked, renewed = f"revoked-{made_up}", f"renewed-{made_up}"
    try:
        # The variable makes processes that have read nothing yet.
        with success(stack, 1, 1):
            secrets.put_secret_value(SecretId=secret, SecretString=revoked)
            order, execution = place_and_finish(stack)
            assert (execution["status"], order["status"]) == ("FAILED", {"S": "PAYMENT_FAILED"}), (execution, order)
            # A value is read anew at most once a second.
            stays_true(lambda: True, "the second that a process keeps a refused value")
            secrets.put_secret_value(SecretId=secret, SecretString=renewed)
            order, execution = place_and_finish(stack)
            assert (execution["status"], order["status"]) == ("SUCCEEDED", {"S": "COMPLETED"}), (execution, order)
    finally:
        secrets.put_secret_value(SecretId=secret, SecretString=made_up)
    group = f"/aws/lambda/{stack.function(PAYMENT)}"
    written = "".join(event["message"] for event in logs.filter_log_events(logGroupName=group)["events"])
    assert "the payment provider refuses the key" in written and made_up not in written, "a value is in the log"


@SYSTEM.scenario("the notice of an order comes to whoever subscribes to the topic, through a client of the SDK that the function may use")
def notices(stack: Stack) -> None:
    topics, queues = stack.client("sns"), stack.client("sqs")
    topic = stack.resources("AWS::SNS::Topic")["Notices"]
    url = queues.create_queue(QueueName="orders-notices")["QueueUrl"]
    queue = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": queue}
    policy = {"Version": "2012-10-17", "Statement": [{**statement, "Condition": {"ArnEquals": {"aws:SourceArn": topic}}}]}
    queues.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    subscription = topics.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, ReturnSubscriptionArn=True)["SubscriptionArn"]
    try:
        with success(stack, 1, 1):
            order, _ = place_and_finish(stack)
        (message,) = queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=5)["Messages"]
        notice = json.loads(json.loads(message["Body"])["Message"])
        assert (notice["orderId"], notice["status"]) == (order["orderId"]["S"], "COMPLETED"), notice
        assert notice["notificationId"].startswith("note_"), notice
    finally:
        topics.unsubscribe(SubscriptionArn=subscription)
        queues.delete_queue(QueueUrl=url)


@SYSTEM.scenario("a way to pay that there is not is refused")
def refuses_other_methods(stack: Stack) -> None:
    for method in ({"kind": "cash"}, {"kind": "card"}, {"kind": "invoice", "token": "t"}):
        status, answer = stack.http("POST", orders_url(stack), json.dumps({**json.loads(ORDER), "method": method}))
        assert status == 400, (method, status, answer)


@SYSTEM.scenario("a declined payment ends PAYMENT_FAILED with one notice")
def declines(stack: Stack) -> None:
    with counted(stack, reservations=INVENTORY, refunds=REFUND, notices=NOTIFY) as runs, success(stack, 0, 1):
        order, execution = place_and_finish(stack)
    assert (execution["status"], execution.get("error")) == ("FAILED", "PaymentDeclined"), execution
    assert order["status"] == {"S": "PAYMENT_FAILED"}, order
    assert runs == {"reservations": 0, "refunds": 0, "notices": 1}, runs


@SYSTEM.scenario("inventory that is unavailable runs the refund and ends INVENTORY_FAILED")
def refunds(stack: Stack) -> None:
    with counted(stack, payments=PAYMENT, refunds=REFUND, notices=NOTIFY) as runs, success(stack, 1, 0):
        order, execution = place_and_finish(stack)
    assert (execution["status"], execution.get("error")) == ("FAILED", "InventoryUnavailable"), execution
    assert order["status"] == {"S": "INVENTORY_FAILED"}, order
    assert runs == {"payments": 1, "refunds": 1, "notices": 1}, runs


@SYSTEM.scenario("goods that cannot be asked for give the payment back too, and end as no outcome of the business")
def asks_in_vain(stack: Stack) -> None:
    with counted(stack, refunds=REFUND, notices=NOTIFY) as runs, success(stack, 1, "no rate"):
        order, execution = place_and_finish(stack)
    assert (execution["status"], execution.get("error")) == ("FAILED", "ReservationFailed"), execution
    assert order["status"] == {"S": "INVENTORY_FAILED"}, order
    assert runs == {"refunds": 1, "notices": 1}, runs


@SYSTEM.scenario("a task that crashes is retried and then caught, with the order's id intact")
def survives_crashes(stack: Stack) -> None:
    with stack.crashing(stack.function(PAYMENT)), counted(stack, notices=NOTIFY) as runs:
        order, execution = place_and_finish(stack, 120)
    history = stack.client("stepfunctions").get_execution_history(executionArn=execution["executionArn"])["events"]
    crashes = [event for event in history if event["type"] == "TaskFailed"]
    assert len(crashes) >= 2, f"{len(crashes)} attempts"
    # The notice and the change of this very row need the id after the catch.
    assert order["status"] == {"S": "PAYMENT_FAILED"}, order
    assert runs == {"notices": 1}, runs


@SYSTEM.scenario("the same event delivered twice starts one execution")
def starts_once(stack: Stack) -> None:
    with success(stack, 1, 1):
        _order, execution = place_and_finish(stack)
    # An event's id travels in its detail and is the execution's name, also when the workflow's input leaves it out.
    event = {"metadata": {"eventId": execution["name"]}, **json.loads(execution["input"])}
    started = len(executions(stack))
    # The first execution is over by now: Step Functions remembers its name.
    stack.put_event(stack.outputs[BUS], "order.service", CREATED, event)
    stays_true(lambda: len(executions(stack)) == started, "no further execution")


@SYSTEM.scenario("a request repeated under its idempotency key gives the same answer and one order")
def answers_once(stack: Stack) -> None:
    key = {"Idempotency-Key": "order-of-customer-123"}
    before = len(stack.items(stack.outputs[TABLE]))
    first = stack.http("POST", orders_url(stack), ORDER, key)
    again = stack.http("POST", orders_url(stack), ORDER, key)
    other, _answer = stack.http("POST", orders_url(stack), ORDER.replace("customer-123", "customer-124"), key)
    assert first[0] == 200 and again == first, (first, again)
    assert other == 422, "another body under the same key is a mistake of the caller"
    assert len(stack.items(stack.outputs[TABLE])) == before + 1


@SYSTEM.scenario("a total that the lines do not add up to is refused by name")
def refuses_wrong_totals(stack: Stack) -> None:
    status, answer = stack.http("POST", orders_url(stack), ORDER.replace("109.97", "109.98"))
    assert status == 422 and "TotalMismatch" in answer, (status, answer)


@SYSTEM.scenario("a body that is not an order is refused")
def refuses(stack: Stack) -> None:
    for body in ('{"customerId": "c"}', "[]", "{", '{"customerId": 1, "items": [], "totalAmount": "x"}'):
        status, answer = stack.http("POST", orders_url(stack), body)
        assert status == 400, (body, status, answer)


@SYSTEM.scenario("the orders of a customer are listed, the latest first, also from a time on, to who has signed")
def lists(stack: Stack) -> None:
    customer = "customer-of-lists"
    for quantity in (1, 2, 3):
        body = {"customerId": customer, "items": [{"productId": "p", "quantity": quantity, "price": 0}], "totalAmount": 0}
        status, answer = stack.http("POST", orders_url(stack), json.dumps(body))
        assert status == 200, (status, answer)

    def listed(query: str = "", of: str = customer) -> list[dict]:
        url = f"{stack.outputs[API].rstrip('/')}/customers/{of}/orders{query}"
        assert stack.http("GET", url)[0] == 403, "nobody reads orders without a signature"
        status, answer = stack.http("GET", url, None, signed("GET", url))
        assert status == 200, (status, answer)
        return json.loads(answer)["orders"]

    wait_until(lambda: len(listed()) == 3, "the three orders of the customer")
    orders = listed()
    assert [order["items"][0]["quantity"] for order in orders] == [3, 2, 1], orders
    since = quote(orders[1]["createdAt"])
    assert [order["orderId"] for order in listed(f"?since={since}")] == [order["orderId"] for order in orders[:2]]
    assert listed(of="nobody") == []

    # Nothing is deployed: the function reads the parameter again when what it has is too old.
    parameters = stack.client("ssm")
    (name,) = stack.resources("AWS::SSM::Parameter").values()
    try:
        parameters.put_parameter(Name=name, Value="2", Overwrite=True)
        wait_until(lambda: len(listed()) == 2, "a page of two orders")
        parameters.put_parameter(Name=name, Value="none", Overwrite=True)
        url = f"{stack.outputs[API].rstrip('/')}/customers/{customer}/orders"
        wait_until(lambda: stack.http("GET", url, None, signed("GET", url))[0] == 500, "the answer to a setting that is no number")
    finally:
        parameters.put_parameter(Name=name, Value="20", Overwrite=True)
    wait_until(lambda: stack.http("GET", url, None, signed("GET", url))[0] == 200, "the answer to a setting that is right again")
    assert len(listed()) == 3


@SYSTEM.scenario("an event whose target cannot be reached lands in the rule's dead-letter queue with its payload")
def dead_letters(stack: Stack) -> None:
    bus = stack.outputs[BUS]
    rule = stack.rule(bus, CREATED)
    detail = {**json.loads(ORDER), "orderId": "00000000-0000-4000-8000-000000000000"}
    with stack.unreachable_target(bus, rule["Name"]) as target:
        event_id = stack.put_event(bus, "order.service", CREATED, detail)
        (message,) = stack.messages(target["DeadLetterConfig"]["Arn"])
    body = json.loads(message["Body"])
    attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert (body["id"], body["detail"]) == (event_id, detail), body
    assert attributes["RULE_ARN"] == rule["Arn"] and attributes["ERROR_CODE"] == "NO_PERMISSIONS", attributes


@SYSTEM.scenario("events are published again with the ids that they had, and nothing is done twice")
def redrives(stack: Stack) -> None:
    redrive = stack.function("OrderEventsRedrive")
    with counted(stack, payments=PAYMENT) as runs:
        with success(stack, 1, 1):
            order, _execution = place_and_finish(stack)
        of_order = {"aggregate": order["orderId"]["S"]}
        counts, error = stack.invoke(redrive, {**of_order, "dryRun": True})
        assert error is None and counts["matched"] > 1 and counts["published"] == 0, counts
        before, done = len(executions(stack)), {"dryRun": False, "failed": 0}
        published, error = stack.invoke(redrive, of_order)
        number = counts["matched"]
        assert (published, error) == ({**done, "read": number, "matched": number, "published": number}, None), published
        # By its time as well, which reads the whole table.
        published, error = stack.invoke(redrive, {**of_order, "from": "2100-01-01T00:00:00Z"})
        assert error is None and published["matched"] == 0, published
        published, error = stack.invoke(redrive, {"from": "2100-01-01T00:00:00Z"})
        assert error is None and published["read"] >= number, published
        stays_true(lambda: len(executions(stack)) == before, "no further execution")
    assert runs["payments"] == 1, runs
    result, error = stack.invoke(redrive, {})
    assert error and result["errorType"] == "InvalidInput", result


@SYSTEM.scenario("every policy was needed, and none was missing")
def least_privilege(stack: Stack) -> None:
    unexercised = {"sqs:SendMessage": "failure destinations of functions that did not fail asynchronously"}
    found = policies.problems(stack, unexercised)
    assert not found, "\n".join(found)


@SYSTEM.scenario("alarms of functions are silent while the business fails, and go off for trouble")
def tells_of_trouble(stack: Stack) -> None:
    found = alarms.problems(stack, BUSINESS)
    assert not found, "\n".join(found)


@SYSTEM.scenario("alarms of executions are silent for declined payments, and go off for failures and for what somebody stops")
def tells_of_executions(stack: Stack) -> None:
    client, before = stack.client("stepfunctions"), executions(stack)
    with stack.crashing(stack.function(PAYMENT)):
        started = client.start_execution(stateMachineArn=stack.outputs[MACHINE], input=before[0]["input"])
        client.stop_execution(executionArn=started["executionArn"])
        describe = lambda: client.describe_execution(executionArn=started["executionArn"])  # noqa: E731: asked again and again
        wait_until(lambda: describe()["status"] == "ABORTED", "end of the execution")
    found = alarms.of_executions(stack, [*before, describe()], OUTCOMES)
    assert not found, "\n".join(found)


def place_and_finish(stack: Stack, seconds: float = 60, body: str = ORDER) -> tuple[dict, dict]:
    """Put an order through the API and wait for its execution to end: the order's row and the execution."""
    status, answer = stack.http("POST", orders_url(stack), body)
    assert status in (200, 201, 202), (status, answer)
    order_id = json.loads(answer)["orderId"]

    def finished():
        mine = [execution for execution in executions(stack) if json.loads(execution["input"])["orderId"] == order_id]
        return next((execution for execution in mine if execution["status"] != "RUNNING"), None)

    execution = wait_until(finished, f"finished execution for {order_id}", seconds)
    (order,) = [item for item in stack.items(stack.outputs[TABLE]) if item.get("orderId") == {"S": order_id}]
    return order, execution


def executions(stack: Stack) -> list[dict]:
    """Every execution of the workflow, described."""
    client = stack.client("stepfunctions")
    listed = client.list_executions(stateMachineArn=stack.outputs[MACHINE], maxResults=1000)["executions"]
    return [client.describe_execution(executionArn=execution["executionArn"]) for execution in listed]


def orders_url(stack: Stack) -> str:
    """Where orders are posted."""
    return stack.outputs[API].rstrip("/") + "/orders"


@contextmanager
def success(stack: Stack, payment: int, inventory: int | str):
    """With the simulated outcomes of payment and inventory forced: 1 always succeeds, 0 never, and what is no number is an error."""
    with (
        stack.environment(stack.function(PAYMENT), SUCCESS_RATE, str(payment)),
        stack.environment(stack.function(INVENTORY), SUCCESS_RATE, str(inventory)),
    ):
        yield


@contextmanager
def counted(stack: Stack, **logical_ids: str):
    """How often functions ran inside the `with` block, known after it: `counted(stack, notices=NOTIFY)`."""
    functions = {name: stack.function(logical_id) for name, logical_id in logical_ids.items()}
    before = {name: stack.invocations(function) for name, function in functions.items()}
    runs: dict[str, int] = {}
    yield runs
    runs.update({name: stack.invocations(function) - before[name] for name, function in functions.items()})
