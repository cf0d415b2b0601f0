"""Executions of workflows on Redis, as `evc workflow` shows them, and what keeps them going."""

import json
import os
import subprocess

from emulator import ROOT
from stack import Stack

EVC = ROOT / "target/debug/evc"


def workflow(stack: Stack, *arguments: str) -> dict:
    """What `evc workflow ARGUMENTS --json` prints."""
    namespace = ["--url", stack.cache.url, "--namespace", stack.name]
    environment = {**os.environ, "SSL_CERT_FILE": str(stack.cache.authority)}
    command = [EVC, "workflow", *namespace, *arguments, "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
    return json.loads(done.stdout)


def listed(stack: Stack) -> list[dict]:
    """All executions, latest first."""
    return workflow(stack, "list", "--limit", "1000")["executions"]


def shown(stack: Stack, execution: str) -> dict:
    """One execution with its steps, its input and its output."""
    return workflow(stack, "show", execution, "--payloads")


def sweep(stack: Stack) -> None:
    """What the schedule does every minute; the emulator has no scheduler."""
    result, error = stack.invoke(stack.function("WorkflowEngine"), {"evcSweep": True})
    assert error is None, result
