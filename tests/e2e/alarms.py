"""The alarms of functions against what the system's own handlers did: off for what belongs to the business, on for trouble.

Each invocation of the end-to-end tests is looked at by itself, with the metrics that the handler wrote in it, as it wrote them, and with what
Lambda counts of it. Whether it was trouble is judged by what came back, not by what was counted. A function whose alarms have not all gone off in
the tests is given trouble: an event that it had is brought again while its role may do nothing, then with nonsense in it, then while its program dies.
"""

import json
import sys
from collections.abc import Iterable
from contextlib import nullcontext

from emulator import ROOT
from stack import Stack

sys.path.append(str(ROOT / "tests/alarms"))

from cloudwatch import Metrics, Template, is_on, periods  # noqa: E402: found by the line above

# Kinds of alarms, as the anchors in docs/alarms.md name them, that look at what one function does.
KINDS = {"function-errors", "engine-errors", "forwarder-errors", "forwarder-failures"}
# Whoever called brings these again.
AGAIN = {"Conflict", "InProgress"}
SERVER_ERROR = 500


def problems(stack: Stack, business: Iterable[str] = ()) -> list[str]:
    """What the alarms of the stack's functions tell or keep silent wrongly; `business` are the errors that functions of the system declare, each of
    which the tests have had."""
    template = Template(stack.template.read_text(encoding="utf-8"), "dev", stack.name)
    every = {id: template.value(it) for id, it in template.resources("AWS::CloudWatch::Alarm").items()}
    declared, physical = set(business), stack.resources("AWS::Lambda::Function")
    found, seen, functions = [], set(), {}
    for id, alarm in every.items():
        if alarm["AlarmDescription"].rsplit("#", 1)[-1] in KINDS:
            functions.setdefault(id.removesuffix("ErrorsAlarm").removesuffix("FailuresAlarm"), {})[id] = alarm
    assert functions, f"{stack.name} has no alarms of functions"
    for function, alarms in functions.items():
        function = physical[function]

        def so_far(function=function) -> list[dict]:
            return [it for it in stack.emulator.invocations() if it["function"] == function]

        def silent(so_far=so_far, alarms=alarms) -> set[str]:
            had = so_far()
            return {id for id, alarm in alarms.items() if not any(goes_off(alarm, it) for it in had)}

        make_trouble(stack, function, so_far, silent)
        found += [f"{id}: never on" for id in sorted(silent())]
        had = so_far()
        for it in had:
            trouble, kinds = outcome(it, declared)
            seen |= kinds
            if any(goes_off(alarm, it) for alarm in alarms.values()) != trouble:
                found.append(f"{sorted(alarms)}: {'silent' if trouble else 'on'} for {it['body']!r}, {lines(it)}")
        if all(outcome(it, declared)[0] for it in had):
            found.append(f"{function}: nothing went well")
    return [*found, *(f"no function failed with {kind}" for kind in sorted(declared - seen))]


def outcome(invocation: dict, business: Iterable[str] = ()) -> tuple[bool, set[str]]:
    """Whether an invocation was trouble, and the kinds of errors that it came to."""
    body = invocation["body"]
    if invocation["isError"]:
        kind = body.get("errorType", "")
        return kind not in {*AGAIN, *business}, {kind}
    if not isinstance(body, dict):
        return False, set()
    if "statusCode" in body:
        answer = json.loads(body.get("body") or "null")
        kind = answer.get("title") if isinstance(answer, dict) else None
        return body["statusCode"] >= SERVER_ERROR, {kind} - {None}
    if body.get("batchItemFailures"):
        kinds = {line["error"] for line in lines(invocation) if line.get("level") in {"ERROR", "WARN"} and "error" in line}
        return bool(kinds - {*AGAIN, *business}) or not kinds, kinds
    return False, set()


def lines(invocation: dict) -> list[dict]:
    """What the handler wrote, line by line: JSON, but for what is not its own."""
    written = (line for line in invocation["log"].splitlines() if line.startswith("{"))
    return [json.loads(line) for line in written]


def goes_off(alarm: dict, invocation: dict) -> bool:
    """Whether an alarm goes off for an invocation: the handler's own metrics, and Lambda's, at the time at which it began."""
    metrics, began = Metrics(), invocation["began"]
    for line in lines(invocation):
        if "_aws" in line:
            at = line["_aws"]["Timestamp"] / 1000
            assert began - 1 <= at <= invocation["ended"] + 1, f"a metric of another time: {line}"
            # A period that ends while it runs is not what is looked at here.
            line["_aws"]["Timestamp"] = began * 1000
            metrics.put_line(json.dumps(line))
    for of in ([part["MetricStat"]["Metric"] for part in alarm.get("Metrics", []) if "MetricStat" in part]) or [alarm]:
        if of["Namespace"] == "AWS/Lambda":
            dimensions = {it["Name"]: it["Value"] for it in of["Dimensions"]}
            metrics.put(of["Namespace"], "Errors", dimensions, began, int(invocation["isError"]))
    length = periods(alarm)
    return is_on(alarm, metrics, (int(began) // length + 1) * length)


def make_trouble(stack: Stack, function: str, so_far, silent) -> None:
    """Until none of its alarms is silent, bring a function an event that it had: while its role may do nothing, then with nonsense in it, and then
    while its program dies, which takes the longest."""
    done = [it for it in so_far() if not outcome(it)[0]]
    if not done:
        return
    event = done[-1]["event"]
    role = stack.client("lambda").get_function_configuration(FunctionName=function)["Role"].rsplit("/", 1)[-1]
    ways = [
        (stack.without_role_policy(role, "*", "*"), event),
        (nullcontext(), nonsense(event)),
        (stack.crashing(function), event),
    ]
    for breaking, payload in ways:
        if silent():
            with breaking:
                stack.invoke(function, payload)


def nonsense(event):
    """The event with messages that say nothing; where it is none of messages, no event at all."""
    records = event.get("Records", []) if isinstance(event, dict) else []
    return {"Records": [{**it, "body": "nonsense"} for it in records]} if any("body" in it for it in records) else "nonsense"
