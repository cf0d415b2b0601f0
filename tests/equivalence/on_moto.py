"""Runs state machines on the interpreter of moto: a second opinion.

    target/tools/moto/bin/python tests/equivalence/on_moto.py CASES RESULTS

The interpreter runs in this process, its waits take no time, and what its tasks call is `world.World`. It comes without an
evaluator of JSONata, so it is given the reference implementation, in a process of its own.
"""

import json
import logging
import subprocess
import sys
import threading
import types
from pathlib import Path

from moto.stepfunctions.parser.api import EvaluationFailedEventDetails, HistoryEventType, StateMachineType
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.common.string.string_expression import StringJSONata
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service as services
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_events import StateTaskServiceEvents
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_lambda import StateTaskServiceLambda
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor
from moto.stepfunctions.parser.backend.execution import Execution
from moto.stepfunctions.parser.backend.state_machine import StateMachineInstance

from world import Failure, World

ROOT = Path(__file__).resolve().parents[2]
_worlds: dict[str, World] = {}


class Evaluator:
    """The reference implementation of JSONata, in node."""

    def __init__(self):
        command = ["node", ROOT / "tests/equivalence/jsonata.mjs", ROOT / "target/tools/node/node_modules"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")
        self._lock = threading.Lock()

    def __call__(self, expression: str, bindings: dict) -> dict:
        with self._lock:
            self._process.stdin.write(json.dumps({"expression": expression, "bindings": bindings}, default=str) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())


def failure(env, error: str, cause: str) -> FailureEventException:
    """The exception that the interpreter takes for a state's failure."""
    details = EventDetails(evaluationFailedEventDetails=EvaluationFailedEventDetails(error=error, cause=cause))
    event = FailureEvent(env, CustomErrorName(error), HistoryEventType.EvaluationFailed, details)
    return FailureEventException(event)


def evaluate_with(evaluator: Evaluator):
    """`StringJSONata._eval_body`: variables are bound as values; moto writes them into the expression, texts without escapes."""

    def evaluate(self, env) -> None:
        store = env.variable_store
        bindings = {**store._outer_scope, **store._inner_scope, "states": env.states._states_data}
        answer = evaluator(self.expression, bindings)
        if "value" not in answer:
            raise failure(env, "States.QueryEvaluationError", answer.get("error", "the expression gives nothing"))
        env.stack.append(answer["value"])

    return evaluate


def call(_self, env, resource_runtime_part, normalised_parameters: dict, state_credentials) -> None:
    """A task that calls a function."""
    act(env, lambda world: {
        "StatusCode": 200,
        "Payload": world.call(normalised_parameters["FunctionName"], json.loads(normalised_parameters["Payload"])),
    })  # fmt: skip


def publish(_self, env, resource_runtime_part, normalised_parameters: dict, state_credentials) -> None:
    """A task that puts events."""
    act(env, lambda world: world.publish(normalised_parameters))


def act(env, does) -> None:
    """Does it in the world of the execution."""
    try:
        env.stack.append(does(_worlds[env.states.context_object.context_object_data["Execution"]["Id"]]))
    except Failure as failed:
        raise failure(env, failed.error, failed.cause) from None


def run(case: dict) -> dict:
    """One execution."""
    world = _worlds[case["execution"]] = World(case["outcomes"])
    role = "arn:aws:iam::000000000000:role/role"
    machine = StateMachineInstance(case["name"], f"machine:{case['name']}", json.dumps(case["machine"]), role, None)
    execution = Execution(
        case["execution"], StateMachineType.STANDARD, role, case["execution"], "000000000000", "us-east-1",
        machine, "2026-01-01T00:00:00.000Z", None, {}, json.dumps(case["input"]),
    )  # fmt: skip
    execution.exec_worker = execution._get_start_execution_worker()
    execution.exec_worker._execution_logic()
    return {
        "name": case["name"],
        "status": execution.status,
        "output": execution.output,
        "error": execution.error,
        "cause": execution.cause,
        "log": list(world.log),
    }


def any_name(self, error_name: str) -> None:
    """`CustomErrorName`: moto refuses names that start with `States.`, and so changes those that come out of a branch."""
    ErrorName.__init__(self, error_name=error_name)


def text_of(parser_rule_context) -> str | None:
    """`Preprocessor._inner_string_of`: what a string of JSON says; moto leaves its escapes as they stand."""
    text = parser_rule_context.getText()
    return json.loads(text) if text.startswith('"') else None if text == "null" else text


def main() -> None:
    """Run all cases."""
    CustomErrorName.__init__ = any_name
    Preprocessor._inner_string_of = staticmethod(text_of)
    logging.disable(logging.CRITICAL)
    # Branches that are stopped before they began say so with an exception that nobody catches.
    threading.excepthook = lambda _details: None
    StringJSONata._eval_body = evaluate_with(Evaluator())
    StateTaskServiceLambda._eval_service_task = call
    StateTaskServiceEvents._eval_service_task = publish
    WaitFunction._wait_interval = lambda self, env, wait_seconds: None
    retrier_decl.time = types.SimpleNamespace(sleep=lambda seconds: None)
    cases = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    with open(sys.argv[2], "w", encoding="utf-8") as results:
        for case in cases:
            results.write(json.dumps(run(case)) + "\n")


if __name__ == "__main__":
    main()
