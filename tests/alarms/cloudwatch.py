"""A small evaluator of CloudWatch's alarms: what state an alarm of a template has, given metrics.

It has the rules that evc's alarms use: periods aligned to their length, statistics, M of N, the treatment of missing data, and of metric math
sums and differences of `FILL(m, 0)`.
<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html>
<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html>
"""

import json
import math
import re

import yaml


class Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms, as pairs of their name and value."""


Loader.add_multi_constructor("!", lambda loader, tag, node: (tag, construct(loader, node)))


def construct(loader, node):
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return tuple(loader.construct_sequence(node, deep=True))
    return loader.construct_mapping(node, deep=True)


class Template:
    """A template in one environment: intrinsic functions become texts that are the same for the same thing."""

    def __init__(self, text, environment, project):
        self.body = yaml.load(text, Loader)  # noqa: S506: a safe loader with constructors that only take apart
        self.environment, self.project = environment, project

    def resources(self, kind):
        return {id: r["Properties"] for id, r in self.body["Resources"].items() if r["Type"] == kind}

    def value(self, value):
        """A value with references put in."""
        if isinstance(value, dict):
            return {key: self.value(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if not isinstance(value, tuple) or not value or not isinstance(value[0], str):
            return value
        tag, of = value
        if tag == "Sub":
            names = {"ProjectName": self.project, "Environment": self.environment}
            return re.sub(r"\$\{([^}]+)\}", lambda m: names.get(m[1], m[1]), of)
        if tag == "FindInMap":
            return self.body["Mappings"][of[0]][self.environment][of[2]]
        return of if isinstance(of, str) else ".".join(map(str, of))


class Metrics:
    """Values by namespace, name and dimensions, each at a second."""

    def __init__(self):
        self.values = {}

    def put(self, namespace, name, dimensions, at, *values):
        self.values.setdefault((namespace, name, tuple(sorted(dimensions.items()))), []).extend((at, v) for v in values)

    def put_line(self, line):
        """A line of the embedded metric format, as CloudWatch reads it."""
        line = json.loads(line)
        at = line["_aws"]["Timestamp"] / 1000
        for directive in line["_aws"]["CloudWatchMetrics"]:
            for metric in directive["Metrics"]:
                values = line[metric["Name"]]
                values = values if isinstance(values, list) else [values]
                for names in directive["Dimensions"]:
                    dimensions = {name: line[name] for name in names}
                    self.put(directive["Namespace"], metric["Name"], dimensions, at, *values)

    def statistic(self, metric, statistic, start, end):
        """The value of a period, or none."""
        dimensions = {d["Name"]: d["Value"] for d in metric.get("Dimensions", [])}
        key = (metric["Namespace"], metric["MetricName"], tuple(sorted(dimensions.items())))
        values = sorted(v for at, v in self.values.get(key, []) if start <= at < end)
        if not values:
            return None
        if statistic.startswith("p"):
            return values[max(0, math.ceil(float(statistic[1:]) / 100 * len(values)) - 1)]
        return {"Sum": sum, "Maximum": max, "Minimum": min, "Average": lambda v: sum(v) / len(v)}[statistic](values)


def periods(alarm):
    """The length of a period of an alarm."""
    if "Period" in alarm:
        return alarm["Period"]
    return next(m["MetricStat"]["Period"] for m in alarm["Metrics"] if "MetricStat" in m)


def datapoint(alarm, metrics, start, end):
    """What an alarm looks at, of one period."""
    if "Metrics" not in alarm:
        return metrics.statistic(alarm, alarm.get("Statistic") or alarm["ExtendedStatistic"], start, end)
    values = {}
    for part in alarm["Metrics"]:
        if "MetricStat" in part:
            of = part["MetricStat"]
            values[part["Id"]] = metrics.statistic(of["Metric"], of["Stat"], start, end)
    (expression,) = [part["Expression"] for part in alarm["Metrics"] if "Expression" in part]
    total = 0
    for sign, name, filled in re.findall(r"([+-]?) ?FILL\((\w+), (\d+)\)", expression):
        value = values[name] if values[name] is not None else int(filled)
        total += -value if sign == "-" else value
    return total


def is_on(alarm, metrics, now):
    """Whether an alarm is in the state ALARM at this second."""
    length, breaching = periods(alarm), 0
    for back in range(alarm["EvaluationPeriods"]):
        end = (now // length - back) * length
        value = datapoint(alarm, metrics, end - length, end)
        if value is None:
            breaching += alarm["TreatMissingData"] == "breaching"
        elif alarm["ComparisonOperator"] == "GreaterThanThreshold":
            breaching += value > alarm["Threshold"]
        else:
            breaching += value < alarm["Threshold"]
    return breaching >= alarm.get("DatapointsToAlarm", alarm["EvaluationPeriods"])


def composite_is_on(rule, on):
    """Whether an alarm that goes by others is, given the ids of those that are on."""
    return any(id in on for id in re.findall(r'ALARM\("([^"]+)"\)', rule))


def filter_matches(pattern, event):
    """Whether a metric filter of a log matches a line that is JSON: comparisons by `=`, joined by `&&` of groups of `||`, as evc writes them.
    <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntaxForMetricFilters.html>
    """

    def holds(comparison):
        path, _, literal = comparison.partition(" = ")
        value = event
        for name in path.strip().removeprefix("$.").split("."):
            value = value.get(name) if isinstance(value, dict) else None
        return value == json.loads(literal)

    groups = pattern.strip().removeprefix("{").removesuffix("}").split("&&")
    return all(any(holds(one) for one in group.strip().strip("()").split("||")) for group in groups)
