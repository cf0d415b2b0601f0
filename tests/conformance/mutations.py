"""What is told of a template with a mistake: by `evc audit`, by cfn-lint, by both, by neither.

    target/tools/sam/bin/python tests/conformance/mutations.py EVC [--all | --every-way] [--seed N] [--answers FILE]

Properties of the generated templates are deleted or bent (`mutants.py`), one at a time: 300 of them by a seed, with `--all` every
property once in a way that the seed says, and with `--every-way` each in every way, which takes hours. It fails if cfn-lint finds a
mistake that audit does not, unless `REASONS` says why that cannot be.

cfn-lint takes seconds for a template, in one process too. So it gets many mutants at once, at most one for each resource, and what it
finds belongs to the mutant of the resource that it names; whatever else it finds is looked for with fewer mutants. What it alone is said
to find is tried once more with that one mutant. `--answers` keeps what it said from one run to the next.
"""

import argparse
import hashlib
import json
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from cfnlint.config import ConfigMixIn
from cfnlint.decode.decode import decode_str
from cfnlint.runner import Runner
from cfnlint.runner.template.runner import run_template_by_data
from cfnlint.template import Template

import mutants as made

ROOT = Path(__file__).resolve().parents[2]
COUNT = 300
# Templates that `evc audit` reads in one call.
AT_ONCE = 400
# Mutants of a resource after whose linting the answers are kept.
PORTION = 10
# What cfn-lint alone may find: a rule, a part of the mutant's name, and why audit does not say it.
REASONS = []


class Linter:
    """cfn-lint, which is started once."""

    def __init__(self, systems):
        self.systems = systems
        self.config = ConfigMixIn(regions=["us-east-1"])
        self.rules = Runner(self.config).rules
        self.runs = 0
        # What each resource refers to, and what refers to it.
        self.near = {name: neighbours(system.template) for name, system in systems.items()}

    def lint(self, mutants):
        """What it finds in a template with these mutants: rule, path and message."""
        self.runs += 1
        template, errors = decode_str(json.dumps(self.systems[mutants[0].system].mutated(mutants)))
        found = errors or run_template_by_data(template, self.config, self.rules)
        return [(one.rule.id, [str(step) for step in getattr(one, "path", None) or []], one.message) for one in found]

    def told(self, mutants):
        """The mutants of one system of which it tells something, with what it tells."""
        answers = {}
        for mutant in mutants:
            if message := self.no_transform(mutant):
                answers[mutant.key] = f"E0001 {message}"
        rounds = {}
        for mutant in mutants:
            if mutant.key not in answers:
                rounds.setdefault(mutant.resource, []).append(mutant)
        while any(rounds.values()):
            self.batch([waiting.pop() for waiting in rounds.values() if waiting], answers)
        return answers

    def no_transform(self, mutant):
        """What SAM says of the resource of a mutant alone, if it cannot make anything of it."""
        system = self.systems[mutant.system]
        if not system.template["Resources"][mutant.resource]["Type"].startswith("AWS::Serverless::"):
            return None
        whole = system.mutated([mutant])
        alone = {**whole, "Resources": {mutant.resource: whole["Resources"][mutant.resource]}}
        template, _ = decode_str(json.dumps({key: value for key, value in alone.items() if key != "Outputs"}))
        matches = Template(None, template, ["us-east-1"]).transform()
        return matches[0].message if matches else None

    def batch(self, mutants, answers):
        found = self.lint(mutants)
        if len(mutants) == 1:
            if found:
                answers[mutants[0].key] = "; ".join(sorted({f"{rule} {message}" for rule, _, message in found}))
            return
        if any(rule.startswith("E000") for rule, _, _ in found):
            middle = len(mutants) // 2
            self.batch(mutants[:middle], answers)
            self.batch(mutants[middle:], answers)
            return
        by_resource = {mutant.resource: mutant for mutant in mutants}
        suspects = {}
        for rule, path, message in found:
            resource = path[1] if len(path) > 1 and path[0] == "Resources" else ""
            owner = by_resource.get(resource)
            if owner is None and resource not in self.near[mutants[0].system]:
                # SAM calls what it makes of a resource after it.
                owners = [name for name in by_resource if resource.startswith(name)]
                owner = by_resource[max(owners, key=len)] if owners else None
            if owner is not None:
                answers.setdefault(owner.key, f"{rule} {message}")
                continue
            near = self.near[mutants[0].system].get(resource, set())
            if path and path[0] in ("Parameters", "Mappings", "Conditions"):
                near = {one.resource for one in mutants if self.mentions(one, path[1])}
            for suspect in mutants if not near & set(by_resource) else [by_resource[it] for it in near if it in by_resource]:
                suspects[suspect.key] = suspect
        for suspect in suspects.values():
            if suspect.key not in answers:
                self.batch([suspect], answers)

    def mentions(self, mutant, name):
        """Whether the value that a mutant is about refers to a parameter, a mapping or a condition."""
        properties = self.systems[mutant.system].template["Resources"][mutant.resource]["Properties"]
        return name in json.dumps(made.at(properties, mutant.path))


def neighbours(template):
    """For each resource, those that it refers to and those that refer to it."""
    near = {name: set() for name in template["Resources"]}
    for name, resource in template["Resources"].items():
        for other in set(re.findall(r"\w+", json.dumps(resource))) & set(near):
            near[name].add(other)
            near[other].add(name)
    return near


def audited(evc, systems, mutants):
    """The mutants of which `evc audit` tells something, with what it tells."""
    answers = {}
    with tempfile.TemporaryDirectory(dir=ROOT / "target") as folder:
        for at in range(0, len(mutants), AT_ONCE):
            files = {}
            for number, mutant in enumerate(mutants[at : at + AT_ONCE]):
                home = Path(folder) / mutant.system
                if not home.exists():
                    # The state machines that templates name.
                    shutil.copytree(systems[mutant.system].folder, home, ignore=shutil.ignore_patterns("functions", "contract", "target"))
                file = home / f"{number}.json"
                file.write_text(json.dumps(systems[mutant.system].mutated([mutant])), encoding="utf-8")
                files[str(file)] = mutant
            elsewhere = False
            for one in found_in(evc, list(files)):
                name = one["primary"]["file"].rsplit("target/", 1)[-1]
                mutant = next((mutant for file, mutant in files.items() if file.endswith(name)), None)
                elsewhere |= mutant is None
                if mutant:
                    answers.setdefault(mutant.key, f"{one['code']} {one['message']}")
            # What stands in the file of a state machine does not say whose it is.
            for file, mutant in files.items() if elsewhere else ():
                if mutant.key not in answers and (found := found_in(evc, [file])):
                    answers[mutant.key] = f"{found[0]['code']} {found[0]['message']}"
            for file in files:
                Path(file).unlink()
    return answers


def found_in(evc, files):
    """The diagnostics of `evc audit` for some templates."""
    run = subprocess.run([evc, "audit", "--message-format", "json", *files], capture_output=True, text=True, check=False)
    assert run.returncode in (0, 1), run.stderr
    return [one for one in map(json.loads, run.stdout.splitlines()) if one["reason"] == "diagnostic"]


def linted(linter, systems, chosen, kept, keep):
    """What cfn-lint says of each mutant, from what was kept where it was; `keep` is called as it goes."""
    for name, system in systems.items():
        version = hashlib.sha256(json.dumps(system.template).encode()).hexdigest()[:12]
        answers = kept.setdefault(f"{name} {version}", {})
        new = [mutant for mutant in chosen if mutant.system == name and mutant.key not in answers]
        for some in portions(new):
            told = linter.told(some)
            answers.update({mutant.key: told.get(mutant.key, "") for mutant in some})
            keep()
    return {key: told for answers in kept.values() for key, told in answers.items() if told}


def portions(mutants):
    """All of them, some for each resource at a time: hours of work that need not be done again."""
    waiting = {}
    for mutant in mutants:
        waiting.setdefault(mutant.resource, []).append(mutant)
    while any(waiting.values()):
        yield [mutant for of_one in waiting.values() for mutant in of_one[:PORTION]]
        waiting = {resource: of_one[PORTION:] for resource, of_one in waiting.items()}


def is_reasoned(mutant, said):
    return any(re.search(rule, said) and re.search(part, mutant.key) for rule, part, _ in REASONS)


def table(chosen, by_audit, by_lint):
    """Who told what, for the documentation."""
    rows = Counter()
    for mutant in chosen:
        rows[mutant.bend, mutant.key in by_audit, mutant.key in by_lint] += 1
    lines = ["| a property is | both | audit alone | cfn-lint alone | neither | all |", "| --- | --- | --- | --- | --- | --- |"]
    for bend in [*made.BENDS, None]:
        count = lambda audit, lint: sum(n for (one, *who), n in rows.items() if bend in (one, None) and who == [audit, lint])
        cells = [count(True, True), count(True, False), count(False, True), count(False, False)]
        lines.append(f"| {' | '.join(f'{cell:,}' if isinstance(cell, int) else cell for cell in [bend or 'all', *cells, sum(cells)])} |")
    return "\n".join(lines)


def main():
    words = argparse.ArgumentParser()
    words.add_argument("evc")
    words.add_argument("--all", action="store_true")
    words.add_argument("--every-way", action="store_true")
    words.add_argument("--seed", type=int, default=None)
    words.add_argument("--answers", type=Path)
    words = words.parse_args()
    systems = made.systems(ROOT / "generated")
    everything = [mutant for system in systems.values() for mutant in system.mutants]
    seed = random.randrange(1 << 32) if words.seed is None else words.seed
    properties = {}
    for mutant in everything:
        properties.setdefault((mutant.system, mutant.resource, mutant.path), []).append(mutant)
    drawn = random.Random(seed)
    if words.every_way:
        chosen = everything
    elif words.all:
        chosen = [drawn.choice(ways) for ways in properties.values()]
    else:
        chosen = drawn.sample(everything, COUNT)
    print(f"{len(chosen)} of {len(everything)} mutants of {len(properties)} properties, seed {seed}")
    kept = json.loads(words.answers.read_text()) if words.answers and words.answers.exists() else {}
    linter = Linter(systems)
    keep = lambda: words.answers and words.answers.write_text(json.dumps(kept, indent=0))
    by_lint = linted(linter, systems, chosen, kept, keep)
    by_audit = audited(words.evc, systems, chosen)
    alone = [mutant for mutant in chosen if mutant.key in by_lint and mutant.key not in by_audit]
    alone = [mutant for mutant in alone if not is_reasoned(mutant, by_lint[mutant.key])]
    # Two mutants of one template can make a mistake together.
    for mutant in alone:
        if not linter.lint([mutant]):
            del by_lint[mutant.key]
    alone = [mutant for mutant in alone if mutant.key in by_lint]
    print(f"cfn-lint ran {linter.runs} times")
    print(table(chosen, by_audit, by_lint))
    for mutant in alone:
        type_ = systems[mutant.system].template["Resources"][mutant.resource]["Type"]
        print(f"cfn-lint alone: {mutant.key} ({type_}): {by_lint[mutant.key]}")
    sys.exit(1 if alone else 0)


if __name__ == "__main__":
    main()
