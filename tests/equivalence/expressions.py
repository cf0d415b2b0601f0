"""Random well-typed values and JSONata expressions.

A type is `"string"`, `"integer"`, `"number"`, `"boolean"`, `["list", T]` or `{field: T}`, where a field that may be absent
ends in `?`. What is known is a list of `(expression, type)`; an expression that may give nothing, a variable, ends in `?` too.
"""

import json

TEXTS = ["", "a", "red", "two words", "Zürich", "naïve 🙂", 'say "so"', "it's", "back\\slash", "x,y,z", "{%", "0", "true", "line\nbreak"]
NUMBERS = [0, 1, -1, 0.5, 2.25, -3.75, 1e3, 1234567.125, 0.1]
INTEGERS = [0, 1, 2, 3, 7, -4, 100, 65536]


def as_yaml(kind) -> object:
    """The type as a spec writes it."""
    if isinstance(kind, list):
        return f"[{as_yaml(kind[1])}]" if isinstance(kind[1], str) else [as_yaml(kind[1])]
    if isinstance(kind, dict):
        return {field: as_yaml(inner) for field, inner in kind.items()}
    return kind


def value(random, kind) -> object:
    """A JSON value of a type."""
    if isinstance(kind, list):
        return [value(random, kind[1]) for _ in range(random.choice([0, 1, 1, 2, 3]))]
    if isinstance(kind, dict):
        return {
            field.rstrip("?"): value(random, inner)
            for field, inner in kind.items()
            if not field.endswith("?") or random.random() < 0.5
        }
    return random.choice({"string": TEXTS, "number": NUMBERS, "integer": INTEGERS, "boolean": [True, False]}[kind])


def text(literal: str) -> str:
    """A text as JSONata writes it."""
    return json.dumps(literal, ensure_ascii=False)


def fields(known, kinds=None):
    """Every path from what is known to something that is surely there, with its type."""
    found = []

    def walk(expression, kind):
        found.append((expression, kind))
        if isinstance(kind, dict):
            for field, inner in kind.items():
                if not field.endswith("?"):
                    walk(f"{expression}.{field}", inner)

    for expression, kind in known:
        if not expression.endswith("?"):
            walk(expression, kind)
    return [entry for entry in found if kinds is None or entry[1] in kinds]


def optional(known):
    """Every path to a field that may be absent, with its type."""
    inside = [
        (f"{expression}.{field[:-1]}", inner)
        for expression, kind in fields(known)
        if isinstance(kind, dict)
        for field, inner in kind.items()
        if field.endswith("?")
    ]
    return inside + [(expression[:-1], kind) for expression, kind in known if expression.endswith("?")]


class Expressions:
    """Makes expressions over what is known."""

    def __init__(self, random):
        self.random = random
        self.names = 0

    def of(self, kind, known, depth=2) -> str:
        """An expression of a type."""
        if isinstance(kind, list):
            return self.list(kind[1], known, depth)
        if isinstance(kind, dict):
            return self.object(kind, known, depth)
        paths = [expression for expression, found in fields(known) if found == kind]
        if kind == "number":
            paths += [expression for expression, found in fields(known) if found == "integer"]
        if paths and (depth <= 0 or self.random.random() < 0.45):
            return self.random.choice(paths)
        absent = [expression for expression, found in optional(known) if found == kind]
        if absent and self.random.random() < 0.25:
            path = self.random.choice(absent)
            return f"($exists({path}) ? {path} : {self.of(kind, known, 0)})"
        if depth > 0 and self.random.random() < 0.12:
            return f"({self.of('boolean', known, depth - 1)} ? {self.of(kind, known, depth - 1)} : {self.of(kind, known, depth - 1)})"
        return getattr(self, kind)(known, depth)

    def string(self, known, depth) -> str:
        """A text."""
        if depth <= 0:
            return text(self.random.choice(TEXTS))
        inner = lambda kind="string": self.of(kind, known, depth - 1)
        return self.random.choice([
            lambda: text(self.random.choice(TEXTS)),
            lambda: f"({inner()} & {inner()})",
            lambda: f"({inner()} & {inner('integer')})",
            lambda: f"$uppercase({inner()})",
            lambda: f"$trim({inner()})",
            lambda: f"$substring({inner()}, 0, 3)",
            lambda: f"$substringBefore({inner()}, ',')",
            lambda: f"$string({inner('integer')})",
            lambda: f"$string({inner('boolean')})",
            lambda: f"$join({inner(['list', 'string'])}, '-')",
        ])()

    def integer(self, known, depth) -> str:
        """A whole number."""
        if depth <= 0:
            return str(self.random.choice(INTEGERS))
        inner = lambda kind="integer": self.of(kind, known, depth - 1)
        return self.random.choice([
            lambda: str(self.random.choice(INTEGERS)),
            lambda: f"({inner()} + {inner()})",
            lambda: f"({inner()} - {inner()})",
            lambda: f"({inner()} * 3)",
            lambda: f"$count({inner(['list', 'string'])})",
            lambda: f"$length({inner('string')})",
            lambda: f"$floor({inner('number')})",
        ])()

    def number(self, known, depth) -> str:
        """A number."""
        if depth <= 0:
            return str(self.random.choice(NUMBERS))
        inner = lambda kind="number": self.of(kind, known, depth - 1)
        return self.random.choice([
            lambda: str(self.random.choice(NUMBERS)),
            lambda: f"({inner()} + {inner()})",
            lambda: f"({inner()} * {inner()})",
            lambda: f"({inner()} / 4)",
            lambda: f"$abs({inner()})",
            lambda: f"$sum([{inner()}, {inner()}])",
        ])()

    def boolean(self, known, depth) -> str:
        """A condition."""
        if depth <= 0:
            return self.random.choice(["true", "false"])
        inner = lambda kind: self.of(kind, known, depth - 1)
        compare = self.random.choice(["=", "!="])
        order = self.random.choice(["<", "<=", ">", ">="])
        return self.random.choice([
            lambda: f"($trim({inner('string')}) {compare} {inner('string')})",
            lambda: f"({inner('number')} {order} {inner('number')})",
            lambda: f"({inner('integer')} {order} {inner('integer')})",
            lambda: f"({inner('boolean')} and {inner('boolean')})",
            lambda: f"({inner('boolean')} or {inner('boolean')})",
            lambda: f"$not({inner('boolean')})",
            lambda: f"$contains({inner('string')}, 'e')",
            lambda: f"($trim({inner('string')}) in {inner(['list', 'string'])})",
        ])()

    def list(self, kind, known, depth) -> str:
        """A list of a type."""
        paths = [expression for expression, found in fields(known) if found == ["list", kind]]
        if paths and (depth <= 0 or self.random.random() < 0.5):
            return self.random.choice(paths)
        # evc takes what is in a list of different objects for `any`, with which no whole number can be computed.
        counts = [1] if isinstance(kind, dict) else [1, 2, 3]
        choices = [lambda: "[" + ", ".join(self.of(kind, known, depth - 1) for _ in range(self.random.choice(counts))) + "]"]
        if depth > 0 and not isinstance(kind, list):
            self.names += 1
            variable = f"$v{self.names}"
            sources = [(expression, found) for expression, found in fields(known) if isinstance(found, list)]
            if sources:
                source, (_, item) = self.random.choice(sources)
                seen = [*known, (variable, item)]
                choices.append(lambda: f"[$map({source}, function({variable}) {{ {self.of(kind, seen, depth - 1)} }})]")
            if paths:
                source = self.random.choice(paths)
                seen = [*known, (variable, kind)]
                choices.append(lambda: f"[$filter({source}, function({variable}) {{ {self.of('boolean', seen, depth - 1)} }})]")
                if isinstance(kind, str):
                    choices.append(lambda: f"[$append({source}, {self.list(kind, known, 0)})]")
        return self.random.choice(choices)()

    def object(self, kind, known, depth) -> str:
        """An object of a type."""
        paths = [expression for expression, found in fields(known) if found == kind]
        if paths and self.random.random() < 0.5:
            return self.random.choice(paths)
        inner = (
            f"{text(field.rstrip('?'))}: {self.of(part, known, depth - 1)}"
            for field, part in kind.items()
            if not field.endswith("?") or self.random.random() < 0.5
        )
        return "{" + ", ".join(inner) + "}"
