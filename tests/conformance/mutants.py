"""Mutants of the generated templates: one property of one resource deleted or bent, for `mutations.py`."""

import copy
import json
from dataclasses import dataclass, field
from pathlib import Path

from cfnlint.decode.decode import decode_str

# How a property is bent, in the order of the tables.
BENDS = ["deleted", "misspelt", "of another kind", "of another value", "empty, or too much"]
# Larger than every bound.
HUGE = 10**9


@dataclass(frozen=True)
class Mutant:
    """A property of a resource, and what becomes of it."""

    system: str
    resource: str
    path: tuple
    bend: str

    @property
    def key(self):
        """Its name, which is the same from one run to the next."""
        return " ".join([self.system, self.resource, ".".join(map(str, self.path)), self.bend])


@dataclass
class System:
    """A generated stack."""

    folder: Path
    template: dict
    mutants: list = field(default_factory=list)

    def mutated(self, mutants):
        """The template with these mutants in it, at most one for each resource."""
        resources = dict(self.template["Resources"])
        for mutant in mutants:
            resource = copy.deepcopy(resources[mutant.resource])
            mutate(resource["Properties"], mutant)
            resources[mutant.resource] = resource
        return {**self.template, "Resources": resources}


def systems(folder):
    """Every stack in a folder, with every mutant of its template."""
    found = {}
    for path in sorted(Path(folder).glob("*/template.yaml")):
        template, errors = decode_str(path.read_text(encoding="utf-8"))
        assert not errors, errors
        system = System(path.parent, json.loads(json.dumps(template)))
        for name, resource in system.template["Resources"].items():
            properties = resource.get("Properties", {})
            system.mutants += [
                Mutant(path.parent.name, name, place, bend)
                for place in places(properties)
                for bend in BENDS
                if bent(bend, at(properties, place)) is not None
            ]
        found[path.parent.name] = system
    return found


def is_call(value):
    """Whether a value is what a function gives."""
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::"))


def places(value, path=()):
    """The path of every property, however deep; none within functions."""
    if isinstance(value, dict) and not is_call(value):
        for key, inner in value.items():
            yield (*path, key)
            yield from places(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, (*path, index))


def at(value, path):
    """What is at a path."""
    for step in path:
        value = value[step]
    return value


def mutate(properties, mutant):
    """Carry a mutant out."""
    *outer, name = mutant.path
    around = at(properties, outer)
    value = around.pop(name)
    if mutant.bend == "misspelt":
        around[name + "x"] = value
    elif mutant.bend != "deleted":
        new = bent(mutant.bend, value)
        # Names are to be different ones.
        around[name] = f"{new}{mutant.resource}" if new == "another?" else new


def bent(bend, value):
    """What becomes of a value; `None` if it cannot be bent so. What is deleted or misspelt stays as it is."""
    if bend in ("deleted", "misspelt"):
        return value
    if bend == "of another kind":
        return "text" if isinstance(value, (dict, list)) and not is_call(value) else {"Of": "another kind"}
    another = bend == "of another value"
    if is_call(value):
        return "another?" if another else ""
    if isinstance(value, dict):
        return {**value, "Another": "property"} if another else {}
    if isinstance(value, list):
        return value + value if another else []
    if isinstance(value, bool):
        return "perhaps" if another else None
    if isinstance(value, (int, float)):
        return -1 if another else HUGE
    return f"{value}?" if another else ""
