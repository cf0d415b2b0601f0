"""Functions: the error of a program that dies before it asks for an event, all that a program wrote, and each invocation on record."""

import fcntl
import json
import os
import sys
import termios
import threading
import time

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

# Seconds in which what a program wrote is read, on the busiest machine.
PATIENCE = 2


def exit_in_init(original):
    """A bootstrap that exits during init is `Runtime.ExitError`, the name that Retry and Catch see; ministack has none.

    https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html, "Runtime exited with error"
    """

    def await_init(worker, init_timeout=None):
        try:
            original(worker, init_timeout)
        except lambda_runtime.ProvidedInitTimeout:
            raise
        except RuntimeError as error:
            if not getattr(error, "error_type", "") and "exited during init" in str(error):
                error.error_type = "Runtime.ExitError"
            raise

    return await_init


def whole(original):
    """What a program wrote before it answered is of that invocation. ministack waits five milliseconds for it, in which a busy machine may not
    have read it."""

    def drain(worker, *arguments, **options):
        end = time.monotonic() + PATIENCE
        while unread(worker) and time.monotonic() < end:
            time.sleep(0.001)
        return original(worker, *arguments, **options)

    return drain


def unread(worker) -> bool:
    """Whether something that a program wrote is still in the pipe."""
    try:
        count = fcntl.ioctl(worker._proc.stdout.fileno(), termios.FIONREAD, bytes(4))
    except (AttributeError, OSError, ValueError):
        return False  # It is gone, and its pipe with it.
    return int.from_bytes(count, sys.byteorder) > 0


def recorded(original):
    """Each invocation is a line of the file `EVC_INVOCATIONS`: the function and its event, when it began, what it was given back, whether Lambda
    counts an error, and what the handler wrote. The log of ministack does not say which lines are of which invocation's outcome."""
    path, lock = os.environ.get("EVC_INVOCATIONS"), threading.Lock()

    def dispatch(func, config, event, request_id, started):
        began = time.time()
        result = original(func, config, event, request_id, started)
        line = {"function": config.get("FunctionName"), "began": began, "ended": time.time(), "event": event}
        line |= {"isError": bool(result.get("error")), "body": result.get("body"), "log": result.get("log", "")}
        with lock, open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(line, default=str) + "\n")
        return result

    return dispatch if path else original


def install() -> None:
    """Wrap the wait for a bootstrap's first poll, and every invocation."""
    worker = lambda_runtime.ProvidedWorker
    worker._await_init = exit_in_init(worker._await_init)
    worker._drain_stderr_bounded = whole(worker._drain_stderr_bounded)
    lambda_svc._execute_function_dispatch = recorded(lambda_svc._execute_function_dispatch)
