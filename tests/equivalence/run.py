"""Random workflows with random outcomes, run by the planner over Redis and by two interpreters of state machines: one result.

    target/tools/sam/bin/python tests/equivalence/run.py [--results FILE] [--seed SEED] [--workflows N]
        [--second-opinions N]

`cargo xtask test --only equivalence` does that after installing the tools and building evc and the runner of the planner.
A workflow, its input and what comes of its calls follow from its seed alone; the seeds of a run are one after the other.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import compare
import generator
from redis_server import RedisServer

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "target/equivalence"
# A spec has many workflows, since building each alone takes longer; not all, so that a stack stays within CloudFormation's limits.
BATCH = 25
WORKFLOWS = 400
# moto takes a fifth of a second for each on a machine that does nothing else.
SECOND_OPINIONS = 60


def main() -> int:
    """Make workflows, run them everywhere, compare; 1 when anything differed."""
    parser = argparse.ArgumentParser(description="Compare Redis workflows with state machines.")
    parser.add_argument("--results", type=Path, help="write the numbers of passed and failed workflows to this file")
    parser.add_argument("--seed", type=int, help="of the first workflow; alone: of the only one")
    parser.add_argument("--workflows", type=int, help=f"how many; {WORKFLOWS} by default, one with a seed")
    parser.add_argument("--second-opinions", type=int, default=SECOND_OPINIONS, help="how many of them moto tries, too")
    parser.add_argument("--evc", type=Path, default=ROOT / "target/debug/evc", help="the compiler")
    parser.add_argument("--planner", type=Path, default=ROOT / "target/debug/examples/workflow_equivalence", help="runs the planner")
    arguments = parser.parse_args()

    seed = arguments.seed if arguments.seed is not None else int(time.time()) % 1_000_000 * 1000
    count = arguments.workflows or (1 if arguments.seed is not None else WORKFLOWS)
    print(f"  {count} workflows from seed {seed}", flush=True)
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    cases: list[dict] = []
    for first in range(seed, seed + count, BATCH):
        cases += build(arguments.evc, range(first, min(first + BATCH, seed + count)))
    with RedisServer(FOLDER) as redis:
        runs = run_all(cases, arguments.second_opinions, [arguments.planner, redis.url])

    failed = 0
    for case in cases:
        found = [
            f"planner and {other}: {difference}"
            for other in ("ministack", "moto")
            if case["name"] in runs[other]
            for difference in compare.differences(case, runs["planner"][case["name"]], runs[other][case["name"]])
        ]
        failed += bool(found)
        if found:
            print(f"  FAIL  seed {case['seed']}: {found[0]}")
            for difference in found[1:4]:
                print(f"        {difference}")
            print(f"        again: cargo xtask test --only equivalence --seed {case['seed']}")
    tell(cases, runs)
    counts = f"{len(cases) - failed} passed, {failed} failed"
    if arguments.results:
        arguments.results.write_text(f"{counts}\n", encoding="utf-8")
    print(counts)
    return 1 if failed else 0


def build(evc: Path, seeds: range) -> list[dict]:
    """The workflows of these seeds, compiled for both engines."""
    folder = FOLDER / str(seeds[0])
    made = {f"w{seed}": generator.Generator(seed) for seed in seeds}
    workflows = {name: made_by.workflow() for name, made_by in made.items()}
    machines, definitions = (compile_for(engine, evc, folder, workflows) / "workflows" for engine in ("step-functions", "redis"))
    return [
        {
            "seed": seed,
            "name": name,
            "execution": f"{name}/x",
            "input": made_by.input(),
            "outcomes": made_by.outcomes,
            "steps": {step: vars(place) for step, place in made_by.steps.items()},
            "machine": machine(machines / f"{name}.asl.json"),
            "definition": (definitions / f"{name}.workflow.json").read_text(encoding="utf-8"),
        }
        for seed, (name, made_by) in zip(seeds, made.items())
    ]


def compile_for(engine: str, evc: Path, folder: Path, workflows: dict) -> Path:
    """The stack of these workflows on an engine."""
    # Beside the spec, under its name, is the folder of the business logic.
    stack = folder / f"{engine}-stack"
    stack.mkdir(parents=True)
    spec = folder / f"{engine}.yaml"
    spec.write_text(json.dumps(generator.spec(engine, workflows), indent=1, ensure_ascii=False), encoding="utf-8")
    command = [evc, "build", spec, "--out", stack, "--runtime", ROOT / "runtime/handlers", "--oversize", "--quiet"]
    built = subprocess.run([*command, "--message-format", "short"], capture_output=True, text=True)
    if built.returncode:
        errors = [line for line in (built.stdout + built.stderr).splitlines() if "error" in line]
        raise SystemExit(f"error: {spec} does not compile:\n" + "\n".join(errors[:20]))
    return stack


def machine(file: Path) -> dict:
    """The state machine, with functions and buses under the names that the spec gives them."""

    def known(match: re.Match) -> str:
        if name := match[1].removesuffix("FunctionArn"):
            kebab = re.sub(r"(?<!^)([A-Z])", r"-\1", name).lower()
            if kebab in generator.FUNCTIONS:
                return kebab
        return match[1].removesuffix("BusName").lower()

    return json.loads(re.sub(r"\$\{(\w+)\}", known, file.read_text(encoding="utf-8")))


def run_all(cases: list[dict], opinions: int, planner: list) -> dict[str, dict[str, dict]]:
    """What each interpreter makes of the cases."""
    given = FOLDER / "cases.json"
    given.write_text(json.dumps(cases, ensure_ascii=False), encoding="utf-8")
    few = FOLDER / "few.json"
    few.write_text(json.dumps(cases[:opinions], ensure_ascii=False), encoding="utf-8")
    here = Path(__file__).parent
    commands = {
        "planner": [*planner, given],
        "ministack": [ROOT / "target/tools/emulator/bin/python", here / "on_ministack.py", given],
        "moto": [ROOT / "target/tools/moto/bin/python", here / "on_moto.py", few],
    }
    running = {
        name: subprocess.Popen([*command, FOLDER / f"{name}.jsonl"], stdout=sys.stderr) for name, command in commands.items()
    }
    runs = {}
    for name, process in running.items():
        if process.wait():
            raise SystemExit(f"error: {name} ended with {process.returncode}")
        lines = (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
        runs[name] = {run["name"]: run for run in map(json.loads, lines)}
    return runs


def tell(cases: list[dict], runs: dict) -> None:
    """How much was tried."""
    planner = runs["planner"].values()
    calls = sum(len(run["log"]) for run in planner)
    succeeded = sum(run["status"] == "SUCCEEDED" for run in planner)
    errors = sorted({run["error"] for run in planner if run["error"]})
    opinions = len(runs["moto"])
    print(f"  {len(cases)} workflows, {calls} calls and events; {succeeded} succeeded, the others failed with {len(errors)} errors")
    print(f"  beside the planner: ministack all, moto {opinions}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
