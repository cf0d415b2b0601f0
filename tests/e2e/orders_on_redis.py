"""System 002 with `engine: redis`: the scenarios of `orders`, by the other engine.

The spec is that of `orders` with its engine changed and a cache added, built beside a copy of its business logic.
"""

import json
import shutil
import subprocess

import alarms
import executions
import orders
import policies
from emulator import EVC, ROOT
from scenarios import System
from stack import Stack, stays_true, wait_until

FOLDER = ROOT / "target/e2e/orders-on-redis"
STATUSES = {"succeeded": "SUCCEEDED", "failed": "FAILED", "timed-out": "TIMED_OUT", "cancelled": "ABORTED", "running": "RUNNING"}


def prepare() -> None:
    """Write the spec and build it."""
    specs = FOLDER / "specs"
    shutil.rmtree(specs, ignore_errors=True)
    shutil.copytree(ROOT / "specs/orders", specs / "orders")
    spec = (ROOT / "specs/orders.yaml").read_text(encoding="utf-8")
    changes = {
        "engine: step-functions": "engine: redis",
        "\noutboxes:\n": "\ncaches:\n  state: { network: public }\n\noutboxes:\n",
        "  StateMachineArn: workflows.fulfil-order.arn\n": "",
    }
    for old, new in changes.items():
        assert spec.count(old) == 1, f"the spec has one {old!r}"
        spec = spec.replace(old, new)
    (specs / "orders.yaml").write_text(spec, encoding="utf-8")
    command = [EVC, "build", str(specs / "orders.yaml")]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)


SYSTEM = System(
    "orders-on-redis",
    FOLDER / "generated/orders/template.yaml",
    prepare,
    cached=True,
    shown_by="orders, choreography and interrupted; that both engines mean the same, tests/equivalence/",
)


def place_and_finish(stack: Stack, seconds: float = 60) -> tuple[dict, dict]:
    """Put an order through the API and wait for its execution to end: the order's row, and the execution as Step Functions would
    describe it."""
    status, answer = stack.http("POST", orders.orders_url(stack), orders.ORDER)
    assert status in (200, 201, 202), (status, answer)
    order_id = json.loads(answer)["orderId"]

    def finished():
        # What the schedule does: the emulator has none.
        executions.sweep(stack)
        mine = [one for one in described(stack) if json.loads(one["input"])["orderId"] == order_id]
        return next((one for one in mine if one["status"] != "RUNNING"), None)

    execution = wait_until(finished, f"finished execution for {order_id}", seconds)
    (order,) = [item for item in stack.items(stack.outputs[orders.TABLE]) if item.get("orderId") == {"S": order_id}]
    return order, execution


def described(stack: Stack) -> list[dict]:
    """Every execution of the workflow, described as Step Functions does."""
    shown = [executions.shown(stack, one["execution"]) for one in executions.listed(stack)]
    return [
        {
            "execution": one["execution"],
            "name": one["name"],
            "status": STATUSES[one["status"]],
            "error": one.get("error"),
            "input": json.dumps(one["input"]),
            "steps": one["steps"],
        }
        for one in shown
    ]


def by_redis(scenario):
    """The scenario of `orders`, looking at executions on Redis."""

    def run(stack: Stack) -> None:
        place, listed = orders.place_and_finish, orders.executions
        orders.place_and_finish, orders.executions = place_and_finish, described
        try:
            scenario(stack)
        finally:
            orders.place_and_finish, orders.executions = place, listed

    return run


SAME = (
    orders.names,
    orders.completes,
    orders.declines,
    orders.refunds,
    orders.starts_once,
    orders.answers_once,
    orders.refuses_wrong_totals,
    orders.refuses,
    orders.redrives,
)
for title, scenario in orders.SYSTEM.scenarios:
    if scenario in SAME:
        SYSTEM.scenario(title)(by_redis(scenario))


@SYSTEM.scenario("a task that fails for want of its settings is caught, with the order's id intact")
def survives_failures(stack: Stack) -> None:
    payment = stack.function(orders.PAYMENT)
    with stack.environment(payment, orders.SUCCESS_RATE, "often"), orders.counted(stack, notices=orders.NOTIFY) as runs:
        order, execution = place_and_finish(stack)
    assert (execution["status"], execution["error"]) == ("FAILED", "PaymentFailed"), execution
    # The notice and the change of this very row need the id after the catch.
    assert order["status"] == {"S": "PAYMENT_FAILED"}, order
    assert runs == {"notices": 1}, runs


@SYSTEM.scenario("a task that crashes is done when its function lives again, once")
def survives_crashes(stack: Stack) -> None:
    with orders.counted(stack, refunds=orders.REFUND, notices=orders.NOTIFY) as runs, orders.success(stack, 1, 1):
        with stack.crashing(stack.function(orders.PAYMENT)):
            status, answer = stack.http("POST", orders.orders_url(stack), orders.ORDER)
            assert status == 200, (status, answer)
            order_id = json.loads(answer)["orderId"]
            mine = wait_until(lambda: [one for one in described(stack) if order_id in one["input"]], "execution of the order")
            stays_true(lambda: described(stack)[0]["status"] == "RUNNING", "nobody can pay", 5)

        def finished():
            executions.sweep(stack)
            mine = next(one for one in described(stack) if order_id in one["input"])
            return mine if mine["status"] != "RUNNING" else None

        # The sweep takes the message for lost a minute after it was sent.
        ended = wait_until(finished, "end of the order", 120)
    assert mine and ended["status"] == "SUCCEEDED", ended
    (order,) = [item for item in stack.items(stack.outputs[orders.TABLE]) if item.get("orderId") == {"S": order_id}]
    assert order["status"] == {"S": "COMPLETED"}, order
    assert runs == {"refunds": 0, "notices": 1}, runs


SYSTEM.scenario("the orders of a customer are listed, to who has signed")(orders.lists)


@SYSTEM.scenario("every policy was needed, and none was missing")
def least_privilege(stack: Stack) -> None:
    unexercised = {
        "sqs:*": "queues of tasks are the mappings'; failure destinations are of functions that did not fail asynchronously",
        "elasticache:Connect": "the server behind the emulator's cache knows no IAM",
        "lambda:InvokeFunction": "the emulator has no scheduler; the tests invoke the engine themselves",
    }
    found = policies.problems(stack, unexercised)
    assert not found, "\n".join(found)


@SYSTEM.scenario("alarms of functions and of the engine are silent while the business fails, and go off for trouble")
def tells_of_trouble(stack: Stack) -> None:
    found = alarms.problems(stack, orders.BUSINESS)
    assert not found, "\n".join(found)


@SYSTEM.scenario("alarms of executions and of sweeps are silent for declined payments, and go off for trouble")
def tells_of_executions(stack: Stack) -> None:
    with stack.crashing(stack.function(orders.PAYMENT)):
        status, answer = stack.http("POST", orders.orders_url(stack), orders.ORDER)
        assert status == 200, (status, answer)
        order_id = json.loads(answer)["orderId"]
        mine = wait_until(lambda: [one for one in described(stack) if order_id in one["input"]], "execution of the order")
        executions.workflow(stack, "cancel", mine[0]["execution"], "--yes")
    executions.sweep(stack)
    found = alarms.of_redis(stack, [one for one in described(stack) if one["status"] != "RUNNING"], orders.OUTCOMES)
    assert not found, "\n".join(found)
