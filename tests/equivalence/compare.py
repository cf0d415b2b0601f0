"""What two executions of one workflow have to have in common.

Status, output, error and cause; what each sequence of steps did, in its order; and, of what ran at the same time, what came before
and after it.
"""

import json

# Errors whose cause is in the words of whoever evaluates the expression.
EVALUATION = "States.QueryEvaluationError"


def differences(case: dict, one: dict, other: dict) -> list[str]:
    """What differs, in words."""
    one, other = doubles(one), doubles(other)
    found = []
    for field in ("status", "output", "error"):
        if one[field] != other[field]:
            found.append(f"{field}: {show(one[field])} and {show(other[field])}")
    if not found and one["error"] != EVALUATION and cause(one) != cause(other):
        found.append(f"cause: {show(one['cause'])} and {show(other['cause'])}")
    logs = [compared(case, run["log"]) for run in (one, other)]
    threads = [by_thread(case, log) for log in logs]
    for thread in sorted(threads[0].keys() | threads[1].keys()):
        found += sequence(thread, threads[0].get(thread, []), threads[1].get(thread, []))
    if not found:
        found += order(case, *logs)
    return found


def doubles(value):
    """The same with every number as the double that it is in JSONata: 1e3 and 1000 are one number."""
    if isinstance(value, dict):
        return {name: doubles(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [doubles(inner) for inner in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def cause(run: dict):
    """The cause; that of a function's error is JSON."""
    try:
        return json.loads(run["cause"] or "")
    except ValueError:
        return run["cause"] or ""


def compared(case: dict, log: list[dict]) -> list[dict]:
    """What a run did where it is defined what it does."""

    def is_defined(entry: dict) -> bool:
        step = case["steps"][entry["step"]]
        # moto goes on with the other items when one has failed, and they no longer know which they are.
        known = len(step["items"]) == len(entry["items"])
        return known and step["compared"] and all(only in (None, item) for only, item in zip(step["items"], entry["items"]))

    return [entry for entry in log if is_defined(entry)]


def thread_of(case: dict, entry: dict) -> tuple[str, tuple[int, ...]]:
    """In which sequence of steps it was done: of which branch, and of which item of which list."""
    return case["steps"][entry["step"]]["thread"], tuple(entry["items"])


def by_thread(case: dict, log: list[dict]) -> dict:
    """What each sequence of steps did."""
    threads: dict = {}
    for entry in log:
        threads.setdefault(thread_of(case, entry), []).append(entry)
    return threads


def sequence(thread, one: list[dict], other: list[dict]) -> list[str]:
    """The first difference of what a sequence of steps did."""
    for index, (left, right) in enumerate(zip(one, other)):
        if left != right:
            parts = [part for part in left.keys() | right.keys() if left.get(part) != right.get(part)]
            told = "; ".join(f"{part} {show(left.get(part))} and {show(right.get(part))}" for part in sorted(parts))
            return [f"{thread}: {left['step']} (its {index + 1}.): {told}"]
    if len(one) != len(other):
        rest = [entry["step"] for entry in (one if len(one) > len(other) else other)[min(len(one), len(other)) :]]
        return [f"{thread}: {len(one)} and {len(other)} calls; only one has {rest}"]
    return []


def order(case: dict, one: list[dict], other: list[dict]) -> list[str]:
    """Whether branches and items stand between the same steps of the sequence around them."""

    def places(log: list[dict]) -> dict:
        found: dict = {}
        for index, entry in enumerate(log):
            thread, items = thread_of(case, entry)
            for outer in log[:index]:
                name, around = thread_of(case, outer)
                if name != thread and thread.startswith(f"{name}>") and around == items[: len(around)]:
                    found.setdefault((thread, items), []).append((entry["step"], outer["step"]))
        return found

    return [] if places(one) == places(other) else ["branches or items did not stand where they do in the other run"]


def show(value) -> str:
    """A value, not all of it."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) < 300 else text[:300] + "…"
