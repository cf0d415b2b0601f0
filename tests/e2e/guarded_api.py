"""What no example has: keys, signatures and throttles on the routes of a REST API, a workflow behind one, a rule that makes
its target's input, a FIFO queue. There are no functions, so that nothing is compiled."""

import json
import shutil
import subprocess
import time
import uuid

import policies
from emulator import EVC, ROOT
from scenarios import System
from signing import signed
from stack import Stack, wait_until
from tokens import LOGIN, OTHER, bearer, part

FOLDER = ROOT / "target/e2e/guarded-api"


def prepare() -> None:
    """Build the spec from a copy, since a build puts a crate for the business logic beside it."""
    specs = FOLDER / "specs"
    shutil.rmtree(specs, ignore_errors=True)
    specs.mkdir(parents=True)
    spec = shutil.copy(ROOT / "tests/e2e/specs/guarded-api.yaml", specs)
    command = [EVC, "build", spec, "--runtime", "runtime/handlers"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)


SYSTEM = System("guarded-api", FOLDER / "generated/guarded-api/template.yaml", prepare)


@SYSTEM.scenario("a route with a key refuses who has none, and starts the workflow for who has it")
def keys(stack: Stack) -> None:
    job = {"jobId": str(uuid.uuid4()), "note": 'said "now"\\ $x ${y} it\'s #set'}
    for headers in ({}, {"x-api-key": "wrong"}):
        status, answer = send(stack, "POST", "/jobs", job, headers)
        assert status == 403, (headers, answer)
    key = {"x-api-key": api_key(stack)}
    status, answer = send(stack, "POST", "/jobs", job, key)
    assert status == 202, answer
    (execution,) = wait_until(lambda: ended(stack), "an execution that ended")
    assert execution["status"] == "SUCCEEDED", execution
    states = stack.client("stepfunctions")
    output = states.describe_execution(executionArn=execution["executionArn"])["output"]
    assert json.loads(output) == job, output
    status, problem = send(stack, "POST", "/jobs", {"jobId": "no id", "note": ""}, key)
    assert (status, problem["title"]) == (400, "InvalidInput"), problem
    assert len(ended(stack)) == 1, "a refused body starts nothing"


@SYSTEM.scenario("a route for IAM refuses who has not signed, and answers who has")
def signatures(stack: Stack) -> None:
    path = f"/jobs/{uuid.uuid4()}"
    for headers in ({}, {"Authorization": "AWS4-HMAC-SHA256 nonsense"}):
        status, answer = send(stack, "GET", path, None, headers)
        assert status == 403, (headers, answer)
    status, problem = send(stack, "GET", path, None, signed("GET", stack.outputs["ApiUrl"] + path))
    assert (status, problem["title"]) == (404, "NotFound"), problem


@SYSTEM.scenario("who has a key reads what was written with it, and nothing else")
def own(stack: Stack) -> None:
    client = stack.client("apigateway")
    (first,) = client.get_api_keys(includeValues=True)["items"]
    (plan,) = client.get_usage_plans()["items"]
    second = client.create_api_key(name="second", enabled=True)
    client.create_usage_plan_key(usagePlanId=plan["id"], keyId=second["id"], keyType="API_KEY")
    notes = {key["id"]: {"noteId": str(uuid.uuid4()), "text": f"of {key['id']}"} for key in (first, second)}
    for key in (first, second):
        # An owner that the body names is no field of it.
        body = {**notes[key["id"]], "owner": first["id"]}
        status, answer = send(stack, "POST", "/notes", body, {"x-api-key": key["value"]})
        assert status == 201, answer
    for key in (first, second):
        status, answer = send(stack, "GET", "/notes", None, {"x-api-key": key["value"]})
        assert status == 200 and answer["items"] == [{**notes[key["id"]], "owner": key["id"]}], answer


@SYSTEM.scenario("who has a token reads what is its own, and nothing else; no other token lets anybody in")
def of_tokens(stack: Stack) -> None:
    users = {name: str(uuid.uuid4()) for name in ("kim", 'ro"b\\in é #set($x)')}
    for name, note in users.items():
        # An owner that the body names is no field of it.
        body = {"noteId": note, "text": "mine", "owner": "somebody"}
        status, answer = send(stack, "POST", "/mine", body, bearer(LOGIN.token(name)))
        assert status == 201, answer
    for name, note in users.items():
        status, answer = send(stack, "GET", "/mine", None, bearer(LOGIN.token(name)))
        assert status == 200 and answer["items"] == [{"noteId": note, "text": "mine", "owner": name}], answer
    kim, other = users["kim"], next(note for name, note in users.items() if name != "kim")
    scope = {"scope": "openid notes/read"}
    assert send(stack, "GET", f"/mine/{kim}", None, bearer(LOGIN.token("kim", **scope)))[0] == 200
    assert send(stack, "GET", f"/mine/{other}", None, bearer(LOGIN.token("kim", **scope)))[0] == 404, "another's note"
    assert send(stack, "GET", f"/mine/{kim}", None, bearer(LOGIN.token("kim")))[0] == 403, "a scope is needed"
    header, claims, signature = LOGIN.token("kim").split(".")
    forged = part({"sub": "kim", "iss": LOGIN.url, "aud": "shop", "exp": int(time.time()) + 60})[0]
    for what, token in {
        "no token": "",
        "another issuer": OTHER.token("kim"),
        "another issuer's name": OTHER.token("kim", iss=LOGIN.url),
        "another audience": LOGIN.token("kim", aud="admin"),
        "expired": LOGIN.token("kim", exp=int(time.time()) - 1),
        "no end": LOGIN.token("kim", exp=None),
        "not yet": LOGIN.token("kim", nbf=int(time.time()) + 60),
        "no subject": LOGIN.token(None),
        "a subject that is no text": LOGIN.token(["kim"]),
        "a number as subject": LOGIN.token(7),
        "without a signature": f"{header}.{claims}.",
        "algorithm none": ".".join([*part({"alg": "none", "kid": "test"}), claims, ""]),
        "other claims": f"{header}.{forged}.{signature}",
        "cut off": f"{header}.{claims}",
    }.items():
        status, problem = send(stack, "GET", "/mine", None, bearer(token) if token else {})
        assert status == 401 and "items" not in problem, (what, status, problem)


@SYSTEM.scenario("a workflow is started for who has the token, whatever the body says of that")
def started(stack: Stack) -> None:
    states, machine = stack.client("stepfunctions"), stack.outputs["MineArn"]
    for name in ("kim", 'ro"b\\in é #set($x) \\"'):
        body = {"jobId": str(uuid.uuid4()), "owner": "somebody", "at": 1}
        status, answer = send(stack, "POST", "/my-jobs", body, bearer(LOGIN.token(name)))
        assert status == 202, answer
        arn = machine.replace(":stateMachine:", ":execution:") + ":" + answer["executionId"].rsplit(":", 1)[-1]
        given = json.loads(states.describe_execution(executionArn=arn)["input"])
        assert (given["owner"], given["jobId"]) == (name, body["jobId"]) and given["at"] > 1_700_000_000_000, given
    assert send(stack, "POST", "/my-jobs", {"jobId": str(uuid.uuid4())})[0] == 401


@SYSTEM.scenario("a throttled route answers 429 as problem JSON when its burst is used up")
def throttles(stack: Stack) -> None:
    answers = [send(stack, "PUT", "/jobs", {"jobId": str(uuid.uuid4()), "note": ""}) for _ in range(6)]
    statuses = [status for status, _ in answers]
    assert statuses[:2] == [201, 201] and 429 in statuses, statuses
    refused = next(problem for status, problem in answers if status == 429)
    assert refused["title"] == "THROTTLED", refused


@SYSTEM.scenario("a rule makes its target's input of the event, which keeps its envelope")
def made_inputs(stack: Stack) -> None:
    job = {"jobId": str(uuid.uuid4()), "note": "a <b> ${c}"}
    event_id = stack.put_event("default", "jobs", "Job Asked", {"job": job, "lines": [3, 1, 2]})
    body = json.loads(received(stack, "InboxUrl")["Body"])
    time = body["time"]
    made = {"jobId": job["jobId"], "text": job["note"], "lines": [3, 1, 2], "kind": "<asked>", "at": time}
    assert (body["id"], body["source"], body["detail-type"]) == (event_id, "jobs", "Job Asked"), body
    assert body["detail"] == made, body


@SYSTEM.scenario("a FIFO queue keeps the order of a group, and drops what it has seen")
def order(stack: Stack) -> None:
    sqs, url = stack.client("sqs"), stack.outputs["StepsUrl"]
    for step in ("1", "2", "2", "3"):
        sqs.send_message(QueueUrl=url, MessageBody=step, MessageGroupId="job-1", MessageDeduplicationId=step)
    steps = []
    while len(steps) < 3:
        message = received(stack, "StepsUrl")
        steps.append(message["Body"])
    assert steps == ["1", "2", "3"], steps
    assert not sqs.receive_message(QueueUrl=url).get("Messages"), "the repeated step is not there"


@SYSTEM.scenario("every policy was needed, and none was missing")
def least_privilege(stack: Stack) -> None:
    found = policies.problems(stack, {})
    assert not found, "\n".join(found)


def send(stack: Stack, method: str, path: str, body: dict | None = None, headers: dict | None = None):
    """Call the API: the status, and the answer."""
    text = None if body is None else json.dumps(body)
    status, answer, _ = stack.http_with_headers(method, stack.outputs["ApiUrl"] + path, text, headers)
    return status, json.loads(answer or "null")


def api_key(stack: Stack) -> str:
    """The only key of the stack."""
    (key,) = stack.client("apigateway").get_api_keys(includeValues=True)["items"]
    return key["value"]


def ended(stack: Stack) -> list[dict]:
    """The executions that are over."""
    machine = stack.outputs["MachineArn"]
    executions = stack.client("stepfunctions").list_executions(stateMachineArn=machine)["executions"]
    return [execution for execution in executions if execution["status"] != "RUNNING"]


def received(stack: Stack, output: str) -> dict:
    """The next message of a queue, which is deleted."""
    sqs, url = stack.client("sqs"), stack.outputs[output]
    (message,) = wait_until(lambda: sqs.receive_message(QueueUrl=url).get("Messages"), "a message")
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return message
