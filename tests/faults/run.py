"""Run the fault tests: the cart system, with a proxy between its functions and the emulator.

    target/tools/sam/bin/python tests/faults/run.py [--results FILE] [--seed SEED] [--requests N] [--only TEXT]

`cargo xtask test --only faults` does that after installing the tools.
"""

import argparse
import sys
import time
from pathlib import Path

import faulty  # first: it says where the end-to-end drivers are
from emulator import ROOT, Emulator
from proxy import Proxy

import api  # noqa: F401, its scenarios
import forwarder  # noqa: F401, its scenarios
import soak


def main() -> int:
    """Build and deploy once, then run every scenario; 1 when anything failed."""
    parser = argparse.ArgumentParser(description="Run the fault tests.")
    parser.add_argument("--results", type=Path, help="write the numbers of passed and failed scenarios to this file")
    parser.add_argument("--seed", type=int, help="of the soak: the one that an earlier run printed")
    parser.add_argument("--requests", type=int, default=soak.REQUESTS, help="of the soak: how many each of its workers makes")
    parser.add_argument("--only", default="", help="only scenarios whose titles contain this")
    arguments = parser.parse_args()

    soak.SEED.set(arguments.seed)
    soak.REQUESTS = arguments.requests
    system = faulty.SYSTEM
    system.scenarios = [(title, scenario) for title, scenario in system.scenarios if arguments.only in title]
    emulator = Emulator(ROOT / "target/faults")
    with Proxy(emulator.url) as proxy:
        emulator.seen_by_functions = proxy.url
        with emulator:
            stack = faulty.Faulty(emulator, proxy)
            for title, step in (("sam build", stack.build), ("sam deploy", stack.deploy)):
                start = time.monotonic()
                step()
                print(f"  ok    cart: {title} ({time.monotonic() - start:.1f} s)", flush=True)
            passed, failed = system.run(stack)
    if failed:
        print(f"  the emulator's log: {emulator.log}")
    if arguments.results:
        arguments.results.parent.mkdir(parents=True, exist_ok=True)
        arguments.results.write_text(f"{passed} passed, {failed} failed\n", encoding="utf-8")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
