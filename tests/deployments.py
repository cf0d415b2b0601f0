"""Functions that are deployed bit by bit: what SAM makes of them, who calls them, and how a canary shifts and goes back.

    target/tools/sam/bin/python tests/deployments.py TEMPLATE

TEMPLATE is what evc makes of compiler/core/src/lower/fixtures/deploy.yaml. SAM's own translator turns it into CloudFormation, in each environment.
CodeDeploy is a stub that goes by its document: it shifts invocations as the configuration is called, looks at the alarms of the deployment group every
minute, and gives everything back to the version before when one is on.
<https://docs.aws.amazon.com/codedeploy/latest/userguide/deployments-rollback-and-redeploy.html>
<https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html#deployment-configuration-lambda>
"""

import logging
import os
import re
import sys
from pathlib import Path

from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

sys.path.insert(0, str(Path(__file__).parent / "alarms"))

from cloudwatch import Metrics, Template, datapoint, periods  # noqa: E402: found by the line above

# What the fixture has that calls functions, by the type that names them.
CALLERS = {
    "AWS::ApiGatewayV2::Integration", "AWS::ApiGateway::Method", "AWS::Lambda::Permission", "AWS::Lambda::EventSourceMapping",
    "AWS::Events::Rule", "AWS::Scheduler::Schedule", "AWS::StepFunctions::StateMachine", "AWS::IAM::Role",
}  # fmt: skip
# What is of the function in all its versions: what makes them, and what counts them.
OF_ALL = {"AWS::Lambda::Version", "AWS::Lambda::Alias", "AWS::CloudWatch::Alarm"}
EVENTS = {"DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"}
# Invocations a minute, all of which fail on the bad version.
LOAD = 100


def translated(text, environment):
    """The resources that SAM makes of a template in an environment."""
    template = yaml_parse(text)
    for resource in template["Resources"].values():
        for key in ("CodeUri", "DefinitionUri"):
            if key in resource.get("Properties", {}):
                resource["Properties"][key] = "s3://bucket/key"
    parameters = {"Environment": environment, "ProjectName": "shop"}
    return Translator({}, Parser()).translate(template, parameters)["Resources"]


def named(value):
    """Every logical id that a value refers to."""
    if isinstance(value, list):
        return set().union(*map(named, value)) if value else set()
    if not isinstance(value, dict):
        return set()
    found = set().union(*map(named, value.values())) if value else set()
    if "Ref" in value:
        found.add(value["Ref"])
    if "Fn::GetAtt" in value:
        of = value["Fn::GetAtt"]
        found.add(of[0] if isinstance(of, list) else of.split(".")[0])
    if "Fn::Sub" in value:
        text = value["Fn::Sub"] if isinstance(value["Fn::Sub"], str) else value["Fn::Sub"][0]
        found.update(name.split(".")[0] for name in re.findall(r"\$\{([^!}][^}]*)\}", text))
    return found


def callers(resources, expect):
    """Whoever calls a function with an alias names the alias."""
    aliases = {r["Properties"]["FunctionName"]["Ref"]: id for id, r in resources.items() if r["Type"] == "AWS::Lambda::Alias"}
    expect(len(aliases) == 4, f"functions with an alias: {sorted(aliases)}")
    seen = set()
    for id, resource in resources.items():
        properties, kind = resource.get("Properties", {}), resource["Type"]
        for before in resource.get("DependsOn", []):
            expect(before in resources, f"{id} waits for {before}, which SAM does not make")
        refers = named(properties)
        seen |= {kind} if refers & set(aliases.values()) else set()
        is_alias = kind == "AWS::Lambda::EventInvokeConfig" and properties.get("Qualifier") == "Live"
        if kind in OF_ALL or is_alias:
            continue
        expect(not refers & set(aliases), f"{id} calls past the alias: {refers & set(aliases)}")
    expect(seen >= CALLERS, f"nothing of the fixture calls an alias by {CALLERS - seen}")


def shifts(configuration):
    """After how many minutes which part of all invocations goes to the new version: `{0: 0.1, 5: 1.0}`."""
    name = configuration.removeprefix("CodeDeployDefault.Lambda")
    if name == "AllAtOnce":
        return {0: 1.0}
    if found := re.fullmatch(r"Canary10Percent(5|10|15|30)Minutes", name):
        return {0: 0.1, int(found[1]): 1.0}
    found = re.fullmatch(r"Linear10PercentEvery(1|2|3|10)Minutes?", name)
    return {step * int(found[1]): (step + 1) / 10 for step in range(10)}


def deploy(group, alarms, is_bad):
    """The part of all invocations that goes to the new version, minute by minute; the last is what stays."""
    steps, metrics, weight, history = shifts(group["DeploymentConfigName"]), Metrics(), 0.0, []
    watched = [alarm["Name"]["Ref"] for alarm in group.get("AlarmConfiguration", {}).get("Alarms", [])]
    for minute in range(max(steps) + 3):
        on = [id for id in watched if is_on(alarms[id], metrics, minute * 60)]
        if on and EVENTS <= set(group["AutoRollbackConfiguration"]["Events"]):
            return [*history, 0.0]
        weight = steps.get(minute, weight)
        history.append(weight)
        for id in watched:
            errors = next(p["MetricStat"]["Metric"] for p in alarms[id]["Metrics"] if "MetricStat" in p)
            of = {d["Name"]: d["Value"] for d in errors["Dimensions"]}
            metrics.put(errors["Namespace"], errors["MetricName"], of, minute * 60, LOAD * weight if is_bad else 0)
    return history


def is_on(alarm, metrics, now):
    """Alarms are looked at every minute, over as many periods as end then.
    <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html#alarm-evaluation>
    """
    length, last = periods(alarm), alarm["EvaluationPeriods"]
    ends = [now - back * length for back in range(last)]
    found = [datapoint(alarm, metrics, end - length, end) for end in ends]
    return sum(value is not None and value > alarm["Threshold"] for value in found) >= alarm.get("DatapointsToAlarm", last)


def main() -> int:
    """Look at each environment of the fixture."""
    logging.disable(logging.WARNING)
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    text, problems = Path(sys.argv[1]).read_text(encoding="utf-8"), []
    wanted = {
        ("dev", "PingFunction"): [1.0],
        ("test", "PingFunction"): [0.1, 0.2],
        ("prod", "PingFunction"): [0.1],
        ("prod", "WorkFunction"): [0.1],
    }
    deployed = 0
    for environment in ("dev", "test", "prod"):
        resources = translated(text, environment)

        def expect(is_right, what, environment=environment):
            if not is_right:
                problems.append(f"{environment}: {what}")

        callers(resources, expect)
        template = Template(text, environment, "shop")
        alarms = {id: template.value(it) for id, it in template.resources("AWS::CloudWatch::Alarm").items()}
        for id, resource in resources.items():
            if resource["Type"] != "AWS::CodeDeploy::DeploymentGroup":
                continue
            group, function = resource["Properties"], id.removesuffix("DeploymentGroup")
            good, bad = deploy(group, alarms, False), deploy(group, alarms, True)
            expect(good[-1] == 1.0, f"{function}: a good version has {good[-1]:.0%} of the invocations in the end")
            expect(bad[-1] == 0.0, f"{function}: a bad version keeps {bad[-1]:.0%} of the invocations")
            first = wanted.get((environment, function))
            if first:
                expect(good[: len(first)] == first, f"{function}: begins with {good[:2]}, not {first}")
            slow = max(shifts(group["DeploymentConfigName"])) > 0
            expect(not slow or max(bad) < 0.5, f"{function}: a bad version got {max(bad):.0%} of the invocations")
            # An alarm that nobody looks at would not take it back.
            blind = {**group, "AlarmConfiguration": {"Alarms": []}}
            expect(deploy(blind, alarms, True)[-1] == 1.0, f"{function}: goes back without an alarm")
            deployed += 1
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{deployed} deployments")
    return 1 if problems or not deployed else 0


if __name__ == "__main__":
    sys.exit(main())
