"""Each alarm of the systems goes off for what it is for, and stays silent for failures of the business.

The metrics of functions and of the engine are the lines that handlers wrote: `lines.json` has them, and the tests of the runtime hold that they
are what it writes (`serve/counts.rs`). Those of AWS are put as AWS documents them.

    target/tools/sam/bin/python tests/alarms/run.py
"""

import json
import sys
from pathlib import Path

from cloudwatch import Metrics, Template, composite_is_on, datapoint, is_on, periods

ROOT = Path(__file__).resolve().parents[2]
LINES = json.loads((ROOT / "tests/alarms/lines.json").read_text())
NOW = 1_764_331_200 // 300 * 300 + 300
FUNCTION_KINDS = {"function-errors", "engine-errors"}


def written(case, metrics, dimensions, namespace, at):
    """The lines that a handler wrote in a case, of this function and at this time."""
    for line in LINES[case]:
        line = json.loads(line)
        line["_aws"]["Timestamp"] = at * 1000
        for directive in line["_aws"]["CloudWatchMetrics"]:
            directive["Namespace"] = namespace
        metrics.put_line(json.dumps({**line, **dimensions}))


def parts(alarm):
    """The metrics that an alarm looks at, with its own first."""
    if "Metrics" not in alarm:
        return [alarm]
    return [part["MetricStat"]["Metric"] for part in alarm["Metrics"] if "MetricStat" in part]


def dimensions(metric):
    return {d["Name"]: d["Value"] for d in metric.get("Dimensions", [])}


def trouble(kind, alarm, at, value=None):
    """Metrics of what the alarm is for, at each of its periods."""
    metrics = Metrics()
    own = parts(alarm)[0]
    for back in range(alarm["EvaluationPeriods"]):
        when = at - 1 - back * periods(alarm)
        metrics.put(own["Namespace"], own["MetricName"], dimensions(own), when, value or alarm["Threshold"] + 1)
    return metrics


def check(system, environment, problems):
    text = (ROOT / "generated" / system / "template.yaml").read_text()
    template = Template(text, environment, system)
    alarms = {id: template.value(a) for id, a in template.resources("AWS::CloudWatch::Alarm").items()}
    composites = template.resources("AWS::CloudWatch::CompositeAlarm")
    namespace = f"{system}-{environment}"

    def expect(is_right, what):
        if not is_right:
            problems.append(f"{system}, {environment}: {what}")

    for id, alarm in alarms.items():
        kind = alarm["AlarmDescription"].rsplit("#", 1)[-1]
        wants_some = kind == "engine-sweep"
        expect(is_on(alarm, Metrics(), NOW) == wants_some, f"{id}: on or off without metrics")
        if wants_some:
            expect(not is_on(alarm, trouble(kind, alarm, NOW, 5), NOW), f"{id}: on though there are sweeps")
        else:
            expect(is_on(alarm, trouble(kind, alarm, NOW), NOW), f"{id}: silent for {kind}")
        # At the threshold it is silent.
        if not wants_some and alarm["Threshold"] > 0:
            calm = trouble(kind, alarm, NOW, alarm["Threshold"])
            expect(not is_on(alarm, calm, NOW), f"{id}: on at its threshold")
        if kind in FUNCTION_KINDS:
            functions(id, alarm, namespace, expect)
        if kind == "execution-failures" and len(parts(alarm)) > 1:
            outcomes(id, alarm, expect)
        # Another metric, or one of another thing, is not looked at.
        stranger = Metrics()
        stranger.put("AWS/Lambda", "Errors", {"FunctionName": "another"}, NOW - 1, 9)
        expect(is_on(alarm, stranger, NOW) == wants_some, f"{id}: looks at what is another's")
    for id, composite in composites.items():
        rule = template.value(composite["AlarmRule"])
        expect(all(composite_is_on(rule, {alarm}) for alarm in alarms), f"{id}: does not go by every alarm")
        expect(not composite_is_on(rule, set()), f"{id}: on though none is")
    return len(alarms)


def functions(id, alarm, namespace, expect):
    """Lambda's errors with what handlers wrote beside them."""
    errors = parts(alarm)[0]
    own = dimensions(parts(alarm)[1])
    long_ago = NOW - 1 - (alarm["EvaluationPeriods"] - 1) * 300
    for case, lines in LINES.items():
        metrics = Metrics()
        written(case, metrics, own, namespace, NOW - 10)
        handed = 1 if case.startswith("handed over") else 0
        metrics.put(errors["Namespace"], errors["MetricName"], dimensions(errors), NOW - 10, handed)
        is_trouble = case.endswith("trouble")
        if len(parts(alarm)) < 3 and not is_trouble:
            continue  # The engine has no errors of the business.
        expect(is_on(alarm, metrics, NOW) == is_trouble, f"{id}: {'silent' if is_trouble else 'on'} for: {case}")
        # Beside it, something else that is no trouble changes nothing.
        if len(parts(alarm)) == 3:
            written("handed over: business", metrics, own, namespace, NOW - 20)
            metrics.put(errors["Namespace"], errors["MetricName"], dimensions(errors), NOW - 20, 1)
            expect(is_on(alarm, metrics, NOW) == is_trouble, f"{id}: a business error hides: {case}")
    # A process that ends writes nothing; it may have begun as long ago as the timeout.
    metrics = Metrics()
    metrics.put(errors["Namespace"], errors["MetricName"], dimensions(errors), long_ago, 1)
    expect(is_on(alarm, metrics, NOW), f"{id}: silent for a process that ended")


def outcomes(id, alarm, expect):
    """Executions that end with an outcome are counted twice, and cancel out."""
    failed, outcome = parts(alarm)
    metrics = Metrics()
    for _ in range(3):
        metrics.put(failed["Namespace"], failed["MetricName"], dimensions(failed), NOW - 5, 1)
        metrics.put(outcome["Namespace"], outcome["MetricName"], dimensions(outcome), NOW - 5, 1)
    expect(not is_on(alarm, metrics, NOW), f"{id}: on for outcomes")
    metrics.put(failed["Namespace"], failed["MetricName"], dimensions(failed), NOW - 4, 1 + alarm["Threshold"])
    expect(is_on(alarm, metrics, NOW), f"{id}: silent for a failure among outcomes")
    expect(datapoint(alarm, metrics, NOW - 300, NOW) == 1 + alarm["Threshold"], f"{id}: counts wrongly")


def costs(system, text):
    """What of a stack is paid for when nothing happens, as `docs/deploying.md` has it."""
    template = Template(text, "", "")
    alarms = template.resources("AWS::CloudWatch::Alarm")
    polled = [m for m in template.resources("AWS::Lambda::EventSourceMapping").values() if "StartingPosition" not in m]
    kinds = ["CloudWatch::CompositeAlarm", "CloudWatch::Dashboard", "KMS::Key", "SecretsManager::Secret", "ElastiCache::ServerlessCache"]
    counts = [len(alarms), sum(len(parts(alarm)) for alarm in alarms.values())]
    counts += [len(template.resources(f"AWS::{kind}")) for kind in kinds]
    counts += [len(polled), sum("Sweep" in id for id in template.resources("AWS::Scheduler::Schedule"))]
    return f"| {system} | {' | '.join(map(str, counts))} |"


def main():
    problems, count = [], 0
    manual = (ROOT / "docs/deploying.md").read_text()
    for system in sorted(path.parent.name for path in (ROOT / "generated").glob("*/template.yaml")):
        text = (ROOT / "generated" / system / "template.yaml").read_text()
        if (row := costs(system, text)) not in manual:
            problems.append(f"docs/deploying.md, what it costs when nothing happens, should have: {row}")
        environments = Template(text, "", "").body.get("Mappings", {}).get("Environments", {"dev": {}})
        for environment in environments:
            count += check(system, environment, problems)
    for problem in problems:
        print(problem)
    print(f"{count} alarms, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
