"""Runs state machines on the interpreter of ministack, as tests/emulator/ mends it.

    target/tools/emulator/bin/python tests/equivalence/on_ministack.py CASES RESULTS

The interpreter runs in this process, its waits take no time, and what its tasks call is `world.World`.
"""

import json
import os
import sys
import types
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

os.environ["SFN_WAIT_SCALE"] = "0"
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "emulator"))

import contextvars

import workflows
from ministack.core.responses import now_iso
from ministack.services import stepfunctions as sfn

from world import Failure, World

_world: contextvars.ContextVar[World] = contextvars.ContextVar("world of the running execution")


def invoke(resource: str, arguments: dict):
    """What a task does."""
    try:
        if resource == "arn:aws:states:::lambda:invoke":
            return {"StatusCode": 200, "Payload": _world.get().call(arguments["FunctionName"], arguments["Payload"])}
        assert resource == "arn:aws:states:::events:putEvents", resource
        return _world.get().publish(arguments)
    except Failure as failure:
        raise sfn._ExecutionError(failure.error, failure.cause) from None


def run(case: dict) -> dict:
    """One execution."""
    world = World(case["outcomes"])
    _world.set(world)
    machine, execution = f"machine:{case['name']}", case["execution"]
    sfn._state_machines[machine] = {"name": case["name"], "roleArn": "", "definition": json.dumps(case["machine"])}
    sfn._executions[execution] = {
        "executionArn": execution, "stateMachineArn": machine, "name": case["name"], "status": "RUNNING",
        "startDate": now_iso(), "input": json.dumps(case["input"]), "events": [],
    }  # fmt: skip
    sfn._run_execution(execution)
    ended = sfn._executions[execution]
    failed = ended["status"] != "SUCCEEDED"
    return {
        "name": case["name"],
        "status": ended["status"],
        "output": None if failed else json.loads(ended["output"]),
        "error": ended.get("error"),
        "cause": ended.get("cause"),
        "log": world.log,
    }


def main() -> None:
    """Run all cases."""
    workflows.install()
    sfn._invoke_resource = invoke
    sfn._emit_execution_status_event = lambda execution: None
    # A start takes 0.15 s otherwise.
    sfn.time = types.SimpleNamespace(**{**vars(sfn.time), "sleep": lambda seconds: None})
    cases = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    with ThreadPoolExecutor(4) as pool, open(sys.argv[2], "w", encoding="utf-8") as results:
        running = [pool.submit(contextvars.copy_context().run, run, case) for case in cases]
        for execution in running:
            results.write(json.dumps(execution.result()) + "\n")


if __name__ == "__main__":
    main()
