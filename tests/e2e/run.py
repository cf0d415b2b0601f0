"""Run the end-to-end tests: each system on an emulator of its own, two systems at a time, since most of it is waiting.

    target/tools/sam/bin/python tests/e2e/run.py [--results FILE] [--all] [SYSTEM...]

`cargo xtask test --only e2e` does that after installing the tools and building the compiler.
"""

import argparse
import importlib
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from cache import Cache
from emulator import ROOT, Emulator
from scenarios import System
from stack import Stack


EMULATOR_ITSELF = "emulator_itself"
AT_ONCE = 2


def systems() -> list[System]:
    """The systems that the modules beside this one have scenarios of. The emulator's own comes first: when that fails, the others
    mean nothing."""
    has_scenarios = "\n@SYSTEM.scenario("
    names = [path.stem for path in sorted(Path(__file__).parent.glob("*.py")) if has_scenarios in path.read_text()]
    names.sort(key=lambda name: name != EMULATOR_ITSELF)
    # A system may have its scenarios in several modules.
    found = {id(system): system for system in (importlib.import_module(name).SYSTEM for name in names)}
    return list(found.values())


def main() -> int:
    """Run the systems asked for, or all; 1 when anything failed."""
    parser = argparse.ArgumentParser(description="Run the end-to-end tests.")
    parser.add_argument("systems", nargs="*", metavar="SYSTEM", help="only these")
    parser.add_argument("--all", action="store_true", help="also those that show what others show as well")
    parser.add_argument("--results", type=Path, help="write the numbers of passed and failed scenarios to this file")
    arguments = parser.parse_args()

    def wanted(system: System) -> bool:
        return system.name in arguments.systems if arguments.systems else arguments.all or not system.shown_by

    first, *others = systems()
    counts = [prepare_and_run(first)] if wanted(first) else []
    if not any(failed for _, failed in counts):
        with ThreadPoolExecutor(AT_ONCE) as pool:
            counts += pool.map(prepare_and_run, filter(wanted, others))
    passed, failed = (sum(numbers) for numbers in zip(*counts)) if counts else (0, 0)
    if arguments.results:
        arguments.results.parent.mkdir(parents=True, exist_ok=True)
        arguments.results.write_text(f"{passed} passed, {failed} failed\n", encoding="utf-8")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


def prepare_and_run(system: System) -> tuple[int, int]:
    """How many scenarios of a system passed and failed; whatever else goes wrong is one that failed."""
    try:
        if system.prepare:
            system.prepare()
        if system.template.exists():
            return run_system(system)
        trouble = f"there is no {system.template}"
    except Exception as error:
        trouble = str(error)
    print(f"  FAIL  {system.name}: {trouble}", flush=True)
    return 0, 1


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
