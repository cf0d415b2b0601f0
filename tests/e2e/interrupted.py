"""What no example does on purpose: handlers of idempotent work are killed in the middle of it. Whatever delivered the work delivers
it again, waits until the claim of the dead handler is over, and it is done, once."""

import json
import shutil
import subprocess
import uuid

import executions
from emulator import ROOT
from scenarios import System
from stack import Stack, stays_true, wait_until

FOLDER = ROOT / "target/e2e/interrupted"
TABLE, SOURCE = "WorksTableName", "interrupted"


def prepare() -> None:
    """Build the spec from a copy, beside that of its business logic."""
    specs = FOLDER / "specs"
    shutil.rmtree(specs, ignore_errors=True)
    shutil.copytree(ROOT / "tests/e2e/specs/interrupted", specs / "interrupted")
    spec = shutil.copy(ROOT / "tests/e2e/specs/interrupted.yaml", specs)
    command = ["cargo", "run", "--quiet", "--package", "evc", "--", "build", spec, "--runtime", "runtime"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)


# Lambda tries an asynchronous invocation again after one minute and after two; here it is sooner, and still later than the lease of a
# claim ends, which is 15 seconds. https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
ENVIRONMENT = {"LAMBDA_ASYNC_RETRY_BASE_SECONDS": "17"}
SYSTEM = System(
    "interrupted", FOLDER / "generated/interrupted/template.yaml", prepare, cached=True, environment=ENVIRONMENT
)

# What was asked for at the beginning, all at once, because each takes its time: the way -> the event that asked.
ASKED: dict[str, dict] = {}
WAYS = {"By Rule": 1, "By Queue": 1, "Of Step Functions": 1, "Of Redis": 1}


def killed(way: str):
    """A scenario in which the handler of work that was asked for in this way is killed in the middle of it."""

    @SYSTEM.scenario(f"a handler is killed in the middle of work that was asked for {way.lower()}: it is done, once")
    def scenario(stack: Stack) -> None:
        for each, deaths in WAYS.items():
            if each not in ASKED:
                ASKED[each] = {"id": str(uuid.uuid4()), "deaths": deaths, "metadata": {"eventId": str(uuid.uuid4())}}
                put(stack, each)

        def done():
            # What the schedule does: the emulator has none.
            executions.sweep(stack)
            found = work(stack, way)
            return found if found and found["done"] else None

        runs = WAYS[way] + 1
        assert wait_until(done, f"end of the work asked for {way.lower()}", 90) == {"runs": runs, "done": 1}
        put(stack, way)
        stays_true(lambda: work(stack, way) == {"runs": runs, "done": 1}, "the work is done once, however often it is asked for")


for name in WAYS:
    killed(name)


@SYSTEM.scenario("executions of workflows whose handlers were killed succeeded, and no queue has dead letters")
def succeeded(stack: Stack) -> None:
    states = stack.client("stepfunctions")
    machines = [arn for name, arn in stack.resources("AWS::StepFunctions::StateMachine").items() if "Starter" not in name]
    (execution,) = [one for arn in machines for one in states.list_executions(stateMachineArn=arn)["executions"]]
    assert execution["status"] == "SUCCEEDED", execution
    described = states.describe_execution(executionArn=execution["executionArn"])
    assert json.loads(described["output"]) == {"runs": 2}, described
    history = states.get_execution_history(executionArn=execution["executionArn"], maxResults=1000)["events"]
    errors = [event["taskFailedEventDetails"].get("error") for event in history if event["type"] == "TaskFailed"]
    assert errors[0] == "Runtime.ExitError" and set(errors[1:]) == {"InProgress"}, errors
    (on_redis,) = executions.listed(stack)
    assert on_redis["status"] == "succeeded", on_redis
    sqs = stack.client("sqs")
    for name, url in stack.resources("AWS::SQS::Queue").items():
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
        assert attributes["ApproximateNumberOfMessages"] == "0", f"{name} has {attributes}"


def put(stack: Stack, way: str) -> None:
    """Ask for the work of this way: the same event each time."""
    stack.put_event("default", SOURCE, f"Asked {way}", ASKED[way])


def work(stack: Stack, way: str) -> dict | None:
    """How often the work of this way began and ended."""
    found = [item for item in stack.items(stack.outputs[TABLE]) if item["id"]["S"] == ASKED[way]["id"]]
    return {name: int(found[0][name]["N"]) for name in ("runs", "done")} if found else None
