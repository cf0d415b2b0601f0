"""Functions: what a program that dies before it asks for an event is called."""

from ministack.core import lambda_runtime


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


def install() -> None:
    """Wrap the wait for a bootstrap's first poll."""
    worker = lambda_runtime.ProvidedWorker
    worker._await_init = exit_in_init(worker._await_init)
