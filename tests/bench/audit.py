"""How long `evc audit` takes on a template with 500 resources, beside cfn-lint on the same file, in one run.

    target/tools/sam/bin/python tests/bench/audit.py EVC [--rounds N]

The template has the generated systems, copied under other names for as long as one fits into the 500 resources that CloudFormation takes.
A second template has 3,000 resources, each with a `Ref` to a name that is none: what a template is after its ids were renamed.

Times are of whole processes: the median of the rounds of evc, one run of cfn-lint in this process, which has been started already.
"""

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cfnlint.config import ConfigMixIn
from cfnlint.decode.decode import decode_str
from cfnlint.runner import Runner
from cfnlint.runner.template.runner import run_template_by_data

ROOT = Path(__file__).resolve().parents[2]
RESOURCES = 500
DANGLING = 3000
# What the audit of 500 resources may take, in milliseconds.
LIMIT = 50


def template():
    """The resources of all systems, copied until there are enough."""
    whole = {"AWSTemplateFormatVersion": "2010-09-09", "Parameters": {}, "Mappings": {}, "Resources": {}}
    stacks = []
    for path in sorted((ROOT / "generated").glob("*/template.yaml")):
        stack, errors = decode_str(path.read_text(encoding="utf-8"))
        assert not errors, errors
        stacks.append(json.dumps({key: stack.get(key, {}) for key in ("Parameters", "Mappings", "Resources")}))
        whole["Transform"] = stack["Transform"]
    for copy in range(RESOURCES):
        before = len(whole["Resources"])
        for number, text in enumerate(stacks):
            stack = json.loads(text)
            if len(whole["Resources"]) + len(stack["Resources"]) > RESOURCES:
                continue
            # Longer names first: some begin as others do. Types have colons before their names.
            names = sorted(stack["Resources"], key=len, reverse=True)
            pattern = re.compile(r"(?<![:\w])(" + "|".join(names) + r")\b")
            # Each copy has names of its own in the account, too.
            named = text.replace("${ProjectName}", f"${{ProjectName}}-{copy}-{number}")
            renamed = json.loads(pattern.sub(lambda one: f"{one[1]}X{number}N{copy}", named))
            whole["Resources"].update(renamed["Resources"])
            whole["Parameters"].update(stack["Parameters"])
            for mapping, keys in stack["Mappings"].items():
                for key, values in keys.items():
                    whole["Mappings"].setdefault(mapping, {}).setdefault(key, {}).update(values)
        if len(whole["Resources"]) == before:
            break
    return whole


def dangling():
    """A template in which every resource refers to one that is not there."""
    topic = lambda number: {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Ref": f"Topci{number:04}"}}}
    return {"Resources": {f"Topic{number:04}": topic(number) for number in range(DANGLING)}}


def milliseconds(run):
    start = time.perf_counter()
    run()
    return (time.perf_counter() - start) * 1000


def main():
    words = argparse.ArgumentParser()
    words.add_argument("evc")
    words.add_argument("--rounds", type=int, default=15)
    words = words.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "template.json"
        whole = template()
        file.write_text(json.dumps(whole, indent=1), encoding="utf-8")
        audit = lambda: subprocess.run([words.evc, "audit", file], capture_output=True, check=False)
        start = lambda: subprocess.run([words.evc, "--version"], capture_output=True, check=False)
        times = [milliseconds(audit) for _ in range(words.rounds)]
        starts = [milliseconds(start) for _ in range(words.rounds)]
        config = ConfigMixIn(regions=["us-east-1"])
        rules = Runner(config).rules
        lint = milliseconds(lambda: list(run_template_by_data(decode_str(file.read_text())[0], config, rules)))
        lost = Path(folder) / "dangling.json"
        lost.write_text(json.dumps(dangling(), indent=1), encoding="utf-8")
        names = lambda: subprocess.run([words.evc, "audit", lost, "--message-format", "short"], capture_output=True, check=False)
        guesses = [milliseconds(names) for _ in range(words.rounds)]
        evc = statistics.median(times)
        print(f"{len(whole['Resources'])} resources, {file.stat().st_size:,} bytes")
        print(f"evc audit  {evc:8.1f} ms (of {min(times):.1f} to {max(times):.1f}; {statistics.median(starts):.1f} of it to start)")
        print(f"cfn-lint   {lint:8.1f} ms, started already")
        print(f"names      {statistics.median(guesses):8.1f} ms for {DANGLING:,} references to nothing")
        print(f"ratio      {lint / evc:8.0f}")
    if evc > LIMIT:
        sys.exit(f"evc audit took more than {LIMIT} ms")


if __name__ == "__main__":
    main()
