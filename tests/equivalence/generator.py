"""Random workflows with everything that may come of their calls, from a seed.

What comes of a call is a list of outcomes for each step, and for one item of a list apart: `outcomes[step]["1/0"]` is what the
calls of the step give in item 0 of item 1, `"*"` in all others. The first call takes the first, the last one is for all that
follow.

Where branches or items run at the same time, only one of them may fail, so that which failure is first is defined; what the
others have done by then is not (`Step.compared`). In what is not compared, every call succeeds, since how often it is made is not
defined either.
"""

from dataclasses import dataclass, field
from random import Random

import expressions

THING = {"id": "string", "weight": "integer", "tags": ["list", "string"]}
INPUT = {
    "text": "string", "count": "integer", "ratio": "number", "flag": "boolean",
    "words": ["list", "string"], "things": ["list", THING], "note?": "string",
}  # fmt: skip
ERRORS = ["Refused", "Broken"]
FUNCTIONS = {
    "measure": ({"name": "string", "factor": "number"}, {"count": "integer", "ratio": "number", "label": "string", "ok": "boolean"}),
    "find-things": ({"limit": "integer", "words?": ["list", "string"]}, {"things": ["list", THING], "more": "boolean"}),
    "enrich": ({"thing": THING}, {"thing": THING, "note?": "string"}),
    "decide": ({"flag": "boolean", "texts": ["list", "string"]}, {"again": "boolean", "choice": "string"}),
    "cancel": ({"id": "string", "amount": "number"}, {"id": "string"}),
}
EVENTS = {"Happened": "default", "Told": "news"}
DETAIL = {"step": "string", "place": "string", "text": "string", "count": "integer", "words?": ["list", "string"]}
# Errors that Lambda, Step Functions or the runtime name, by the kind that a spec knows them by.
KINDS = {
    "Transient": ["Transient", "Throttled", "Conflict", "InProgress", "CircuitOpen", "Lambda.Unknown", "Lambda.TooManyRequestsException", "Runtime.ExitError"],
    "Timeout": ["Sandbox.Timedout", "Timeout", "States.Timeout"],
}
# What a variable holds.
KINDS_OF_VALUES = ["string", "integer", "number", "boolean", ["list", "string"], THING]
UNNAMED = ["Unexpected", "TypeError"]


def spec(engine: str, workflows: dict[str, dict]) -> dict:
    """The spec that these workflows are part of."""
    redis = engine == "redis"
    return {
        "evc": 1,
        "service": "equivalence",
        "types": {"Thing": expressions.as_yaml(THING)},
        "buses": {"news": {}},
        **({"caches": {"state": {"mode": "serverless", "network": "public"}}} if redis else {}),
        "events": {
            name: {
                "source": "equivalence",
                "detail-type": name,
                **({} if bus == "default" else {"bus": bus}),
                "detail": expressions.as_yaml(DETAIL),
                "consumer": "external",
            }
            for name, bus in EVENTS.items()
        },
        "functions": {
            name: {"input": named(given), "output": named(gives), "errors": ERRORS} for name, (given, gives) in FUNCTIONS.items()
        },
        "workflows": {name: {"engine": engine, **workflow} for name, workflow in workflows.items()},
    }


def named(kind) -> object:
    """The type as the spec writes it, with the name of what has one."""
    if kind == THING:
        return "Thing"
    if isinstance(kind, list):
        return f"[{named(kind[1])}]"
    return {name: named(inner) for name, inner in kind.items()} if isinstance(kind, dict) else kind


@dataclass
class Step:
    """Where a step that does something is, to compare what it did."""

    thread: str
    # For each list around it: the item that may fail, or None if none may.
    items: list[int | None]
    compared: bool


@dataclass
class Scope:
    """What the steps at hand may do and know."""

    known: list
    thread: str = "main"
    # `free`: may fail. `calm`: may stumble, not fail. `still`: succeeds at once.
    mode: str = "free"
    items: list[int | None] = field(default_factory=list)
    # The expression that says at which item of which list, as `outcomes` and the log have it.
    place: str = "''"
    depth: int = 0
    # The variables of the steps at hand that a step may set: name, type, and whether it may have no value.
    variables: list[tuple[str, object, bool]] = field(default_factory=list)
    # As the spec declares them, to stand beside the steps.
    declared: dict = field(default_factory=dict)
    compensates: bool = False
    undone: int = 0

    def key(self) -> str:
        """Under which key of the outcomes something may go wrong."""
        return "/".join(str(item) for item in self.items) if self.items and None not in self.items else "*"


class Generator:
    """Makes one workflow."""

    def __init__(self, seed: int):
        self.random = Random(seed)
        self.make = expressions.Expressions(self.random)
        self.steps: dict[str, Step] = {}
        self.outcomes: dict[str, dict[str, list]] = {}
        self.count = 0

    def workflow(self) -> dict:
        """The workflow as the spec has it."""
        scope = Scope(known=[("input", INPUT)])
        self.variables(scope)
        steps = self.body(scope, self.random.randint(3, 8))
        return {"input": named(INPUT), "variables": scope.declared, "steps": steps}

    def input(self) -> dict:
        """What it is started with."""
        return expressions.value(self.random, INPUT)

    def name(self, scope: Scope, prefix: str = "s") -> str:
        """A new name of a step."""
        self.count += 1
        name = f"{prefix}{self.count}" if self.random.random() < 0.7 else f"do-{prefix}{self.count}"
        self.steps[name] = Step(scope.thread, list(scope.items), scope.mode != "still")
        return name

    def chance(self, of: float) -> bool:
        """True so often."""
        return self.random.random() < of

    def variables(self, scope: Scope) -> None:
        """Variables of the steps of a scope, which hold what is known where it starts."""
        known = list(scope.known)
        for _ in range(self.random.choice([0, 1, 2, 3])):
            name, kind = self.variable(), self.random.choice(KINDS_OF_VALUES)
            optional = self.chance(0.4)
            if optional:
                absent = [path for path, found in expressions.optional(known) if found == kind]
                values = [None, self.make.of(kind, known, 1), *absent[:2]]
            else:
                values = [self.make.of(kind, known, 1)]
            value = self.random.choice(values)
            scope.declared[f"{name}?" if optional else name] = {"type": named(kind), **({} if value is None else {"value": value})}
            scope.variables.append((name, kind, optional))
            scope.known.append((f"{name}?" if optional else name, kind))

    def variable(self) -> str:
        """A new name of a variable."""
        self.count += 1
        return f"k{self.count}" if self.random.random() < 0.7 else f"var-{self.count}"

    def assigned(self, scope: Scope, own: list) -> dict:
        """What a step sets, of what is known and of its `own` result."""
        known, values = [*scope.known, *own], {}
        for name, kind, optional in self.random.sample(scope.variables, self.random.randint(0, min(2, len(scope.variables)))):
            absent = [path for path, found in expressions.optional(known) if found == kind] if optional else []
            values[name] = self.random.choice(absent) if absent and self.chance(0.6) else self.make.of(kind, known, 1)
        return {"assign": values} if values else {}

    def body(self, scope: Scope, size: int) -> dict:
        """The steps of a scope: those of the way where all goes well, then those of the other ways."""
        scope.compensates = self.chance(0.35)
        main: list[tuple[str, dict]] = []
        aside: list[tuple[str, dict]] = []
        for _ in range(size):
            self.block(scope, main, aside)
        if scope.compensates and not any("compensate" in step for _, step in aside):
            if not scope.undone:
                self.call(scope, main, aside, undo=True)
            main.append((self.name(scope), {"compensate": True}))
        self.last(scope, main, bool(aside))
        return dict(main + aside)

    def last(self, scope: Scope, steps: list, end: bool) -> None:
        """Adds the step that ends a way."""
        if self.chance(0.5):
            steps.append((self.name(scope), {"succeed": self.values(scope)}))
        else:
            steps.append((self.name(scope), {"set": self.values(scope), **({"end": True} if end else {})}))

    def block(self, scope: Scope, main: list, aside: list) -> None:
        """Adds a step, or several that belong together."""
        choices = [self.call] * 5 + [self.set] * 2 + [self.publish, self.choose, self.wait, self.assign, self.whichever]
        if scope.depth < 2:
            choices += [self.parallel, self.for_each] * 2
        if scope.mode == "free":
            choices += [self.guard, self.loop, self.counted]
            # In a list it would be every item that fails.
            if not scope.items and self.chance(0.03):
                choices = [self.stumble]
        self.random.choice(choices)(scope, main, aside)

    def values(self, scope: Scope) -> dict:
        """Fields for `set` and `succeed`."""
        names = self.random.sample("abcdef", self.random.randint(1, 3))
        return {name: self.maybe(self.random.choice(KINDS_OF_VALUES), scope.known) for name in names}

    def maybe(self, kind, known: list) -> str:
        """An expression of a type, or a path to something of the type that may not be there."""
        absent = [path for path, found in expressions.optional(known) if found == kind]
        return self.random.choice(absent) if absent and self.chance(0.3) else self.make.of(kind, known)

    def arguments(self, kind: dict, scope: Scope) -> dict:
        """Fields for `with`."""
        return {
            name.rstrip("?"): self.maybe(inner, scope.known) if name.endswith("?") else self.make.of(inner, scope.known)
            for name, inner in kind.items()
            if not name.endswith("?") or self.chance(0.6)
        }

    def set(self, scope: Scope, main: list, _aside: list) -> None:
        """Values of all types, known from now on."""
        kinds = {"t": "string", "n": "integer", "r": "number", "f": "boolean", "w": ["list", "string"], "x": THING}
        kind = {name: kinds[name] for name in self.random.sample(list(kinds), self.random.randint(1, 3))}
        name = self.name(scope)
        values = {part: self.make.of(inner, scope.known) for part, inner in kind.items()}
        main.append((name, {"set": values, **self.assigned(scope, [(name, kind)])}))
        scope.known.append((name, kind))

    def assign(self, scope: Scope, main: list, _aside: list) -> None:
        """Variables, in a step that does nothing else."""
        if assigned := self.assigned(scope, []):
            main.append((self.name(scope), assigned))

    def whichever(self, scope: Scope, main: list, aside: list) -> None:
        """Two ways, of which each sets a variable that has no value before."""
        variable, kind = self.variable(), self.random.choice(KINDS_OF_VALUES)
        name, first, second, meet = (self.name(scope) for _ in range(4))
        scope.declared[variable] = named(kind)
        main.append((name, {"choose": [{"when": self.make.of("boolean", scope.known), "then": first}], "else": second}))
        given, gives = FUNCTIONS["enrich"]
        known = [*scope.known, (first, gives)]
        main.append((first, {"call": "enrich", "with": self.arguments(given, scope), "assign": {variable: self.make.of(kind, known)}, "then": meet}))
        self.outcomes[first] = {"*": [{"ok": expressions.value(self.random, gives)}]}
        main.append((second, {"assign": {variable: self.make.of(kind, scope.known)}}))
        scope.known.append((variable, kind))
        main.append((meet, {"set": {"met": self.make.of(kind, scope.known, 1)}}))

    def counted(self, scope: Scope, main: list, _aside: list) -> None:
        """A call that is made a few times, and knows which time it is."""
        counter = self.variable()
        name, again = self.name(scope), self.name(scope)
        scope.declared[counter] = {"type": "integer", "value": self.random.randint(0, 2)}
        scope.known.append((counter, "integer"))
        given, gives = FUNCTIONS["decide"]
        step = {"call": "decide", "with": {**self.arguments(given, scope), "texts": f"[$string({counter})]"}}
        main.append((name, {**step, "assign": {**self.assigned(scope, [(name, gives)]).get("assign", {}), counter: f"{counter} + 1"}}))
        main.append((again, {"choose": [{"when": f"{counter} < 3", "then": name}]}))
        scope.known.append((name, gives))
        self.outcomes[name] = {"*": [{"ok": expressions.value(self.random, gives)} for _ in range(3)]}

    def wait(self, scope: Scope, main: list, _aside: list) -> None:
        """A second or two."""
        main.append((self.name(scope), {"wait": f"{self.random.randint(1, 2)}s", **self.assigned(scope, [])}))

    def stumble(self, scope: Scope, main: list, _aside: list) -> None:
        """An expression that may fail when it is evaluated."""
        name = self.name(scope)
        word = self.make.of("string", scope.known, 1)
        # evc refuses a text that it can see is no number: so it may be one.
        condition = self.make.of("boolean", scope.known, 1)
        word = f'({condition} ? {word} : "7")'
        main.append((name, {"set": {"n": f"$number({word})"}}))

    def guard(self, scope: Scope, main: list, aside: list) -> None:
        """A way out that fails."""
        name, failed = self.name(scope), self.name(scope, "f")
        condition = self.make.of("boolean", scope.known)
        if scope.items and scope.items[-1] is not None:
            condition = f"index = {scope.items[-1]} and {condition}"
            if any(item is None for item in scope.items) or len(scope.items) > 1:
                # Which item of a list further out it is cannot be said here as simply.
                condition = f"false and {condition}"
        main.append((name, {"choose": [{"when": condition, "then": failed}]}))
        aside.append((failed, {"fail": self.random.choice(["Guarded", "Refused"]), "cause": self.make.of("string", scope.known)}))

    def choose(self, scope: Scope, main: list, aside: list) -> None:
        """Two ways that meet again."""
        name, first, second, meet = (self.name(scope) for _ in range(4))
        kinds = [self.call, self.publish, self.wait]
        ways = []
        for start in (first, second):
            inner = Scope(**{**scope.__dict__, "known": list(scope.known)})
            way = [(start, {"set": self.values(inner)})]
            for _ in range(self.random.randint(0, 2)):
                self.random.choice(kinds)(inner, way, aside)
            scope.undone = inner.undone
            ways.append(way)
        # A step that ends the first way can say where it goes on.
        ways[0].append((self.name(scope), {"set": {"a": "1"}, "then": meet}))
        main.append((name, {"choose": [{"when": self.make.of("boolean", scope.known), "then": first}], "else": second}))
        main += ways[0] + ways[1]
        main.append((meet, {"set": {"met": self.make.of("integer", scope.known)}}))
        scope.known.append((meet, {"met": "integer"}))

    def loop(self, scope: Scope, main: list, _aside: list) -> None:
        """A call that is made until it says no."""
        name, again = self.name(scope), self.name(scope)
        given, gives = FUNCTIONS["decide"]
        main.append((name, {"call": "decide", "with": self.arguments(given, scope)}))
        scope.known.append((name, gives))
        main.append((again, {"choose": [{"when": f"{name}.again", "then": name}]}))
        rounds = [{**expressions.value(self.random, gives), "again": True} for _ in range(self.random.randint(0, 2))]
        done = {**expressions.value(self.random, gives), "again": False}
        self.outcomes[name] = {scope.key(): [{"ok": value} for value in [*rounds, done]], "*": [{"ok": done}]}
        if scope.key() == "*":
            self.outcomes[name] = {"*": [{"ok": value} for value in [*rounds, done]]}

    def call(self, scope: Scope, main: list, aside: list, undo: bool = False) -> None:
        """A call with what may come of it."""
        function = self.random.choice(list(FUNCTIONS))
        given, gives = FUNCTIONS[function]
        name = self.name(scope)
        step = {"call": function, "with": self.arguments(given, scope)}
        if self.chance(0.2):
            step["timeout"] = "1m"
        ok = {"ok": expressions.value(self.random, gives)}
        before = list(scope.known)
        if scope.compensates and (undo or self.chance(0.6)):
            self.undo(scope, name, gives, step)
        step |= self.assigned(scope, [(name, gives)])
        joined = self.fallible(scope, name, step, ok, main, aside, before)
        if not joined:
            scope.known.append((name, gives))

    def undo(self, scope: Scope, name: str, gives: dict, step: dict) -> None:
        """What takes the call back."""
        known = Scope(known=[*scope.known, (name, gives)])
        step["undo"] = {"call": "cancel", "with": self.arguments(FUNCTIONS["cancel"][0], known)}
        scope.undone += 1
        ok = {"ok": expressions.value(self.random, FUNCTIONS["cancel"][1])}
        outcomes = [ok]
        if scope.mode == "free" and self.chance(0.2):
            outcomes = [self.error(self.random.choice(["Refused", "Transient"]))] * self.random.randint(1, 4) + [ok]
        self.outcomes[f"{name}/undo"] = {"*": [ok], scope.key(): outcomes}
        self.steps[f"{name}/undo"] = self.steps[name]

    def publish(self, scope: Scope, main: list, aside: list) -> None:
        """An event; its detail says which step put it where."""
        name = self.name(scope)
        detail = {**self.arguments(DETAIL, scope), "step": f"'{name}'", "place": scope.place}
        step = {"publish": self.random.choice(list(EVENTS)), "with": detail}
        step |= self.assigned(scope, [(name, {"eventId": "string"})])
        before = list(scope.known)
        joined = self.fallible(scope, name, step, {"ok": {}}, main, aside, before)
        if not joined:
            scope.known.append((name, {}))

    def parallel(self, scope: Scope, main: list, aside: list) -> None:
        """Branches, of which at most one may fail."""
        name = self.name(scope)
        count = self.random.choice([2, 2, 3])
        fails = self.random.randrange(count) if scope.mode == "free" and self.chance(0.6) else None
        branches = {}
        before = list(scope.known)
        gives = {}
        for index in range(count):
            mode = scope.mode if fails is None else ("free" if index == fails else "still")
            if fails is None and mode == "free":
                mode = "calm"
            branch = f"b{index}"
            inner = self.inside(scope, f"{scope.thread}>{name}.{branch}", mode)
            self.variables(inner)
            steps = self.body(inner, self.random.randint(1, 2))
            branches[branch] = {"variables": inner.declared, "steps": steps}
        step = {"parallel": branches, **self.assigned(scope, [(name, gives)])}
        joined = self.fallible(scope, name, step, None, main, aside, before)
        if not joined:
            scope.known.append((name, gives))

    def for_each(self, scope: Scope, main: list, aside: list) -> None:
        """Steps for each item, of which at most one may fail."""
        name = self.name(scope)
        item = self.random.choice(["string", THING])
        items = self.make.of(["list", item], scope.known)
        fails = self.random.randrange(2) if scope.mode == "free" and self.chance(0.6) else None
        mode = scope.mode if fails is not None or scope.mode != "free" else "calm"
        before = list(scope.known)
        inner = self.inside(scope, f"{scope.thread}>{name}", mode)
        inner.items = [*scope.items, fails]
        # The item of a list around is hidden here.
        inner.known = [entry for entry in inner.known if entry[0] not in ("item", "index")]
        inner.known += [("item", item), ("index", "integer")]
        self.variables(inner)
        place = self.name(inner, "p")
        start = "$string(index)" if scope.place == "''" else f"{scope.place} & '/' & $string(index)"
        inner.known.append((place, {"at": "string"}))
        inner.place = f"{place}.at"
        steps = {place: {"set": {"at": start}}, **self.body(inner, self.random.randint(1, 2))}
        step = {"for-each": items, "variables": inner.declared, "steps": steps, **self.assigned(scope, [(name, ["list", {}])])}
        if self.chance(0.5):
            step["concurrency"] = self.random.randint(1, 3)
        joined = self.fallible(scope, name, step, None, main, aside, before)
        if not joined:
            scope.known.append((name, ["list", {}]))

    def inside(self, scope: Scope, thread: str, mode: str) -> Scope:
        """The scope of a branch or an item."""
        return Scope(list(scope.known), thread, mode, list(scope.items), scope.place, scope.depth + 1)

    def fallible(self, scope: Scope, name: str, step: dict, ok, main: list, aside: list, known: list) -> bool:
        """Adds a step with retry and catch, and says what comes of it; whether a way around it joins after it."""
        inner = ok is None
        event = "publish" in step
        named_errors = [] if event or inner else ERRORS
        kinds = ["All"] if inner or event else ["Transient", "Timeout", "All", *ERRORS]
        caught: list[str] = []
        if self.chance(0.5):
            step["retry"] = [
                {
                    "errors": error,
                    "attempts": self.random.choice([0, 1, 2, 3]),
                    "interval": self.random.choice(["1s", "2s", "5s"]),
                    "backoff": self.random.choice([1, 1.5, 2]),
                    "jitter": self.random.choice(["full", "none"]),
                }
                for error in sorted(self.random.sample(kinds, self.random.randint(1, min(2, len(kinds)))), key=lambda kind: kind == "All")
            ]
        if self.chance(0.6):
            caught = sorted(self.random.sample([*named_errors, "All"], self.random.randint(1, min(2, len(named_errors) + 1))), key=lambda kind: kind == "All")
        main.append((name, step))
        joined = False
        if caught:
            meet = self.name(scope)
            step["catch"] = {}
            for error in caught:
                start, joins = self.handler(scope, error, known, meet, aside)
                step["catch"][error] = start
                joined = joined or joins
            if joined:
                main.append((meet, {"set": {"met": self.make.of("integer", known)}}))
        if not inner:
            self.outcomes[name] = {"*": [ok]}
            if scope.mode != "still" and self.chance(0.35):
                self.outcomes[name][scope.key()] = self.trouble(scope, step, caught, ok)
        return joined

    def handler(self, scope: Scope, error: str, known: list, meet: str, aside: list) -> tuple[str, bool]:
        """The steps where a caught error leads; the name of the first, and whether they lead back."""
        inner = Scope(**{**scope.__dict__, "known": list(known)})
        inner.known.append(("error", {"name": "string", "cause": "string"} if error != "All" else {"name": "string"}))
        start = self.name(inner, "h")
        steps = [(start, {"set": {"name": "error.name", **self.values(inner)}})]
        inner.known.append((start, {"name": "string"}))
        if scope.compensates and scope.undone and self.chance(0.6):
            steps.append((self.name(inner, "h"), {"compensate": True}))
        kind = self.random.choice(["back", "end", "fail"] if scope.mode == "free" else ["back", "end"])
        if kind == "back":
            steps.append((self.name(inner, "h"), {"set": {"back": "1"}, "then": meet}))
        elif kind == "end":
            self.last(inner, steps, True)
        else:
            steps.append((self.name(inner, "h"), {"fail": "HandledBadly", "cause": self.make.of("string", inner.known)}))
        aside += steps
        return start, kind == "back"

    def error(self, kind: str) -> dict:
        """An outcome that is an error of a kind."""
        name = self.random.choice(KINDS.get(kind, [kind]))
        return {"error": name, "message": self.random.choice(expressions.TEXTS)}

    def trouble(self, scope: Scope, step: dict, caught: list[str], ok: dict) -> list[dict]:
        """Errors, then success; in a calm scope only such as the step itself gets over."""
        if "publish" in step:
            kinds = ["EventBridge.FailedEntry"]
        else:
            kinds = ["Transient", "Timeout", *ERRORS, *UNNAMED]
        if scope.mode == "free" or "All" in caught:
            return [self.error(self.random.choice(kinds)) for _ in range(self.random.randint(1, 5))] + [ok]
        if "retry" not in step:
            return [self.error(kinds[0])] * self.random.randint(1, 3) + [ok]
        retry = step["retry"][0]
        kind = kinds[0] if retry["errors"] == "All" else retry["errors"]
        return [self.error(kind)] * retry["attempts"] + [ok]
