"""What no example does on purpose: handlers of idempotent work are killed in the middle of it. Whatever delivered the work delivers
it again, waits until the claim of the dead handler is over, and it is done, once."""

import base64
import json
import shutil
import subprocess
import uuid

import executions
from emulator import EVC, ROOT
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
    command = [EVC, "build", spec, "--runtime", "runtime/handlers"]
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
    (on_redis,) = [one for one in executions.listed(stack) if one["execution"].startswith("on-redis/")]
    assert on_redis["status"] == "succeeded", on_redis
    sqs = stack.client("sqs")
    for name, url in stack.resources("AWS::SQS::Queue").items():
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
        assert attributes["ApproximateNumberOfMessages"] == "0", f"{name} has {attributes}"


@SYSTEM.scenario("a wait is answered with the token that its function was given, once, and with nothing that can be made up")
def tokens(stack: Stack) -> None:
    asked = {}
    for way in ("Approval", "Another"):
        event = {"id": str(uuid.uuid4()), "metadata": {"eventId": str(uuid.uuid4())}}
        stack.put_event("default", SOURCE, f"Needs {way}", event)
        asked[way] = event["id"]

    def token(way: str) -> str | None:
        found = [item for item in stack.items(stack.outputs["QuestionsTableName"]) if item["id"]["S"] == asked[way]]
        return found[0]["token"]["S"] if found else None

    given = {way: wait_until(lambda way=way: token(way), f"question of {way}", 60) for way in asked}

    def answer(function: str, text: str) -> str | None:
        """How the answer fails."""
        result, error = stack.invoke(stack.function(function.capitalize()), {"token": text, "decision": {"approved": True}})
        return result["errorType"] if error else None

    (execution,) = [one["execution"] for one in executions.listed(stack) if one["execution"].startswith("approve/")]
    secret = base64.urlsafe_b64decode(given["Approval"].removeprefix("evc2.") + "==")
    place, parts = secret[16:], (int.from_bytes(secret[16:24]), int.from_bytes(secret[24:28]))
    forged = {
        "as tokens were before": "evc1." + encoded(f"{parts[0]}/{parts[1]}/{execution}".encode()),
        "of the first wait of an execution": "evc1." + encoded(f"1/0/{execution}".encode()),
        "without a secret": "evc2." + encoded(bytes(16) + place),
        "with another's secret": "evc2." + encoded(base64.urlsafe_b64decode(given["Another"].removeprefix("evc2.") + "==")[:16] + place),
        "off by a bit": "evc2." + encoded(bytes([secret[0] ^ 1]) + secret[1:]),
    }
    refused = {what: answer("decide", text) for what, text in forged.items()}
    assert refused == dict.fromkeys(forged, "Conflict"), refused
    assert answer("meddle", given["Approval"]) == "InvalidInput"
    assert answer("decide", given["Another"]) == "InvalidInput"
    assert executions.shown(stack, execution)["status"] == "running"
    assert answer("decide", given["Approval"]) is None
    executions.sweep(stack)
    wait_until(lambda: executions.shown(stack, execution)["status"] == "succeeded", "end of the wait", 60)
    assert executions.shown(stack, execution)["output"] == {"approved": True}
    assert answer("decide", given["Approval"]) == "Conflict"
    # An operator needs no token, and sees none.
    (another,) = [one["execution"] for one in executions.listed(stack) if one["execution"].startswith("approve-another/")]
    assert given["Another"] not in json.dumps(executions.shown(stack, another))
    executions.workflow(stack, "signal", another, "--answer", '{"approved": false}')
    executions.sweep(stack)
    wait_until(lambda: executions.shown(stack, another)["status"] == "succeeded", "end of the other wait", 60)


@SYSTEM.scenario("a function starts executions on both engines, each once under its name, and reads how they ended")
def starts(stack: Stack) -> None:
    for engine in ("step-functions", "redis"):

        def begin(name: str, engine=engine, **number) -> dict:
            result, error = stack.invoke(stack.function("Begin"), {"engine": engine, "name": name, **number})
            assert error is None, (engine, name, result)
            return result

        def ended(name: str, begin=begin) -> dict:
            return wait_until(lambda: (it := begin(name))["how"] not in {"none", "running"} and it, f"end of {name} on {engine}", 30)

        assert begin("nobody") == {"how": "none"}
        # The second one has another number, and changes nothing; a name that engines do not take is hashed.
        for name in ("one", "one/2 é"):
            assert begin(name, number=21)["how"] in {"running", "succeeded"}
            begin(name, number=50)
            assert ended(name) == {"how": "succeeded", "doubled": 42}, (engine, name)
            assert begin(name, number=50) == {"how": "succeeded", "doubled": 42}, (engine, name)
        begin("two", number=-1)
        assert ended("two") == {"how": "failed", "error": "Negative"}, engine
        # Who may start none is told the same.
        for name, how in (("one", "succeeded"), ("one/2 é", "succeeded"), ("two", "failed"), ("nobody", "none")):
            seen, error = stack.invoke(stack.function("Look"), {"engine": engine, "name": name})
            assert (seen, error) == ({"how": how}, None), (engine, name, seen)
    names = [one["execution"] for one in executions.listed(stack) if one["execution"].startswith("double-on-redis/")]
    machine = next(arn for name, arn in stack.resources("AWS::StepFunctions::StateMachine").items() if name.startswith("Double"))
    on_step_functions = stack.client("stepfunctions").list_executions(stateMachineArn=machine)["executions"]
    assert sorted(one["name"] for one in on_step_functions) == sorted(name.split("/")[1] for name in names), names
    assert len(names) == 3, names


def encoded(text: bytes) -> str:
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def put(stack: Stack, way: str) -> None:
    """Ask for the work of this way: the same event each time."""
    stack.put_event("default", SOURCE, f"Asked {way}", ASKED[way])


def work(stack: Stack, way: str) -> dict | None:
    """How often the work of this way began and ended."""
    found = [item for item in stack.items(stack.outputs[TABLE]) if item["id"]["S"] == ASKED[way]["id"]]
    return {name: int(found[0][name]["N"]) for name in ("runs", "done")} if found else None
