"""Run the end-to-end tests: each system on an emulator of its own.

    target/tools/sam/bin/python tests/e2e/run.py [--results FILE] [SYSTEM...]

`cargo xtask test --only e2e` does that after installing the tools.
"""

import argparse
import importlib
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from cache import Cache
from emulator import ROOT, Emulator
from scenarios import System
from stack import Stack


def systems() -> list[System]:
    """The systems that the modules beside this one have scenarios of. The emulator's own comes first: when that fails, the others
    mean nothing."""
    has_scenarios = "\n@SYSTEM.scenario("
    names = [path.stem for path in sorted(Path(__file__).parent.glob("*.py")) if has_scenarios in path.read_text()]
    names.sort(key=lambda name: name != "emulator_itself")
    # A system may have its scenarios in several modules.
    found = {id(system): system for system in (importlib.import_module(name).SYSTEM for name in names)}
    return list(found.values())


def main() -> int:
    """Run the systems asked for, or all; 1 when anything failed."""
    parser = argparse.ArgumentParser(description="Run the end-to-end tests.")
    parser.add_argument("systems", nargs="*", metavar="SYSTEM", help="only these")
    parser.add_argument("--results", type=Path, help="write the numbers of passed and failed scenarios to this file")
    arguments = parser.parse_args()

    passed = failed = 0
    for system in systems():
        if arguments.systems and system.name not in arguments.systems:
            continue
        if system.prepare:
            system.prepare()
        if not system.template.exists():
            print(f"  FAIL  {system.name}: there is no {system.template}", flush=True)
            counts = (0, 1)
        else:
            counts = run_system(system)
        passed, failed = passed + counts[0], failed + counts[1]
    if arguments.results:
        arguments.results.parent.mkdir(parents=True, exist_ok=True)
        arguments.results.write_text(f"{passed} passed, {failed} failed\n", encoding="utf-8")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


def run_system(system: System) -> tuple[int, int]:
    """Build, deploy and try one system. A build or deploy that fails counts as one failed scenario."""
    folder = ROOT / "target/e2e" / system.name
    with ExitStack() as running:
        cache = running.enter_context(Cache(folder / "cache")) if system.cached else None
        environment = {**system.environment, **(cache.environment() if cache else {})}
        emulator = running.enter_context(Emulator(folder, environment))
        stack = Stack(emulator, system.name, system.template, cache)
        for title, step in (("sam build", stack.build), ("sam deploy", stack.deploy)):
            start = time.monotonic()
            try:
                step()
            except Exception as error:
                print(f"  FAIL  {system.name}: {title}: {error}", flush=True)
                return 0, 1
            print(f"  ok    {system.name}: {title} ({time.monotonic() - start:.1f} s)", flush=True)
        counts = system.run(stack)
        if counts[1]:
            print(f"  the emulator's log: {emulator.log}")
        return counts


if __name__ == "__main__":
    sys.exit(main())
