"""The alarms of functions and executions against what the system itself did: off for what belongs to the business, on for trouble.

Each invocation of the end-to-end tests is looked at by itself, with the metrics that the handler wrote in it, as it wrote them, and with what
Lambda counts of it. Whether it was trouble is judged by what came back, not by what was counted. A function whose alarms have not all gone off in
the tests is given trouble: an event that it had is brought again while its role may do nothing, then with nonsense in it, then while its program dies.

Executions are judged by how they ended, as their engine tells it: Step Functions by the log that it would write, of its history; Redis by what the
store has, beside the metrics that the sweeps wrote.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterable
from contextlib import nullcontext

from emulator import ROOT
from stack import Stack

sys.path.append(str(ROOT / "tests/alarms"))

from cloudwatch import Metrics, Template, filter_matches, is_on, periods  # noqa: E402: found by the line above

# Kinds of alarms, as the anchors in docs/alarms.md name them, that look at what one function does.
KINDS = {"function-errors", "engine-errors", "forwarder-errors", "forwarder-failures"}
# Kinds of alarms that look at the executions of a workflow, with how those ended that they tell of and the metric of these.
EXECUTIONS = {
    "execution-failures": ("FAILED", "ExecutionsFailed"),
    "execution-timeouts": ("TIMED_OUT", "ExecutionsTimedOut"),
    "execution-aborts": ("ABORTED", "ExecutionsAborted"),
}
SWEEP = {"evcSweep": True}
# Whoever called brings these again.
AGAIN = {"Conflict", "InProgress"}
SERVER_ERROR = 500


def of_kinds(stack: Stack, kinds: Iterable[str]) -> tuple[Template, dict[str, tuple[str, dict]]]:
    """The stack's template, and its alarms of these kinds, each with its kind."""
    text = stack.template.read_text(encoding="utf-8")
    project = Template(text, "dev", "").body["Parameters"]["ProjectName"]["Default"]
    template = Template(text, "dev", project)
    alarms = {id: template.value(it) for id, it in template.resources("AWS::CloudWatch::Alarm").items()}
    told = {id: (it["AlarmDescription"].rsplit("#", 1)[-1], it) for id, it in alarms.items()}
    found = {id: it for id, it in told.items() if it[0] in kinds}
    assert found, f"{stack.name} has no alarms of {sorted(kinds)}"
    return template, found


def problems(stack: Stack, business: Iterable[str] = ()) -> list[str]:
    """What the alarms of the stack's functions tell or keep silent wrongly; `business` are the errors that functions of the system declare, each of
    which the tests have had."""
    declared, physical = set(business), stack.resources("AWS::Lambda::Function")
    found, seen, functions = [], set(), {}
    for id, (_, alarm) in of_kinds(stack, KINDS)[1].items():
        functions.setdefault(id.removesuffix("ErrorsAlarm").removesuffix("FailuresAlarm"), {})[id] = alarm
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


def of_executions(stack: Stack, ended: list[dict], outcomes: Iterable[str]) -> list[str]:
    """What alarms on executions of Step Functions tell or keep silent wrongly. `ended` are executions as they are described; `outcomes` the errors
    with which nothing is wrong. Each is looked at by itself: with the metric that Step Functions counts it by, and with what the filters of its log find."""
    template, alarms = of_kinds(stack, EXECUTIONS)
    filters = [template.value(it) for it in template.resources("AWS::Logs::MetricFilter").values()]
    client, found, seen = stack.client("stepfunctions"), [], set()
    machines = {arn: id for id, arn in stack.resources("AWS::StepFunctions::StateMachine").items()}
    for execution in ended:
        at, machine = execution["stopDate"].timestamp(), machines[execution["stateMachineArn"]]
        events = client.get_execution_history(executionArn=execution["executionArn"], maxResults=1000)["events"]
        for id, (kind, alarm) in alarms.items():
            if state_machine(alarm) != machine:
                continue
            status, metric = EXECUTIONS[kind]
            metrics = Metrics()
            metrics.put("AWS/States", metric, {"StateMachineArn": machine}, at, int(execution["status"] == status))
            for it in filters:
                to = it["MetricTransformations"][0]
                for event in map(logged, events):
                    value = to["MetricValue"] if filter_matches(it["FilterPattern"], event) else to["DefaultValue"]
                    metrics.put(to["MetricNamespace"], to["MetricName"], {}, at, int(value))
            length = periods(alarm)
            on = is_on(alarm, metrics, (int(at) // length + 1) * length)
            trouble = execution["status"] == status and execution.get("error") not in outcomes
            seen.add((kind, trouble, execution["status"]))
            if on != trouble:
                found.append(f"{id}: {'on' if on else 'silent'} for {execution['status']}, {execution.get('error')}")
    return found + unseen(seen)


def state_machine(alarm: dict) -> str:
    """The logical id of the state machine that an alarm looks at, which stands for its ARN."""
    metrics = [part["MetricStat"]["Metric"] for part in alarm.get("Metrics", []) if "MetricStat" in part] or [alarm]
    (arn,) = {it["Value"] for metric in metrics for it in metric.get("Dimensions", []) if it["Name"] == "StateMachineArn"}
    return arn


def logged(event: dict) -> dict:
    """An event of a history as Step Functions logs it, as far as filters look.
    <https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html>"""
    details = next((it for key, it in event.items() if key.endswith("EventDetails")), {})
    return {"type": event["type"], "details": details}


def of_redis(stack: Stack, ended: list[dict], outcomes: Iterable[str]) -> list[str]:
    """What alarms on executions on Redis and on their engine's sweeps tell or keep silent wrongly. `ended` are all executions that have ended, which the
    sweeps have to have counted, each once."""
    _, alarms = of_kinds(stack, EXECUTIONS)
    ((sweeps_id, (_, sweeps)),) = of_kinds(stack, {"engine-sweep"})[1].items()
    engine, found, seen, counted = stack.function("WorkflowEngine"), [], set(), Counter()
    with stack.crashing(engine):
        stack.invoke(engine, SWEEP)
    swept = [it for it in stack.emulator.invocations() if it["function"] == engine and it["event"] == SWEEP]
    for it in swept:
        # What no sweep writes is the trouble.
        if goes_off(sweeps, it) != it["isError"]:
            found.append(f"{sweeps_id}: {'silent' if it['isError'] else 'on'} for {it['body']!r}")
        written = Counter()
        for line in lines(it):
            if "workflow" in line:
                written.update({name: sum(value) if isinstance(value, list) else value for name, value in line.items() if name.startswith("Execution")})
        counted += written
        for id, (kind, alarm) in alarms.items():
            status, metric = EXECUTIONS[kind]
            trouble = written[metric] > (written["ExecutionOutcomes"] if kind == "execution-failures" else 0)
            seen |= {(kind, trouble, status)} if written[metric] else set()
            if goes_off(alarm, it) != trouble:
                found.append(f"{id}: {'silent' if trouble else 'on'} for {dict(written)}")
    expected = Counter(metric for one in ended for status, metric in EXECUTIONS.values() if one["status"] == status)
    expected["ExecutionOutcomes"] = sum(one["status"] == "FAILED" and one.get("error") in outcomes for one in ended)
    for metric, number in expected.items():
        if counted[metric] != number:
            found.append(f"{metric} is {counted[metric]}, and {number} executions ended so")
    return found + unseen(seen)


def unseen(seen: set[tuple[str, bool, str]]) -> list[str]:
    """What the tests had no execution for: a failure that is trouble, one that is none, and one that somebody stopped."""
    wanted = [("execution-failures", True, "FAILED"), ("execution-failures", False, "FAILED"), ("execution-aborts", True, "ABORTED")]
    return [f"{kind}: no execution that is {'' if trouble else 'no '}trouble, {status}" for kind, trouble, status in wanted if (kind, trouble, status) not in seen]


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
    if "batchItemFailures" in body:
        # The failure of a task of a workflow on Redis is an answer, which is not given back.
        kinds = {line["error"] for line in lines(invocation) if line.get("level") in {"ERROR", "WARN"} and "error" in line}
        return bool(kinds - {*AGAIN, *business}) or (bool(body["batchItemFailures"]) and not kinds), kinds
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
