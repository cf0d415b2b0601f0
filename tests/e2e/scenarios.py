"""A system's scenarios: functions that take the deployed stack and fail with an exception."""

import time
import traceback
from pathlib import Path
from typing import Callable

from emulator import ROOT
from stack import Stack


class System:
    """A stack and what it must show, in the order written; each scenario leaves the stack as it found it."""

    def __init__(
        self,
        name: str,
        template: Path | None = None,
        prepare: Callable[[], None] | None = None,
        cached: bool = False,
        environment: dict[str, str] | None = None,
        shown_by: str | None = None,
    ):
        """`template` is that of a generated stack unless it is given; `prepare` makes one that is not checked in; `cached` says that
        it has a cache, so that there is to be a Redis; `environment` is what its emulator is told besides what all are; `shown_by` says which systems show the same kinds of things, so that this one runs with
        `--all` only."""
        self.name = name
        self.template = template or ROOT / "generated" / name / "template.yaml"
        # `evc build` writes a stack into `generated/` beside the folder of its spec.
        self.spec = self.template.parents[2] / "specs" / f"{self.template.parent.name}.yaml"
        self.prepare = prepare
        self.cached = cached
        self.environment = environment or {}
        self.shown_by = shown_by
        self.scenarios: list[tuple[str, Callable[[Stack], None]]] = []

    def scenario(self, title: str):
        """Add the decorated function."""

        def add(function: Callable[[Stack], None]) -> Callable[[Stack], None]:
            self.scenarios.append((title, function))
            return function

        return add

    def run(self, stack: Stack) -> tuple[int, int]:
        """Run every scenario; how many passed and failed."""
        failed = 0
        for title, scenario in self.scenarios:
            start = time.monotonic()
            try:
                scenario(stack)
                verdict, trouble = "ok  ", ""
            except Exception:
                verdict, trouble = "FAIL", "\n" + traceback.format_exc(limit=-3)
                failed += 1
            print(f"  {verdict}  {self.name}: {title} ({time.monotonic() - start:.1f} s){trouble}", flush=True)
        return len(self.scenarios) - failed, failed
