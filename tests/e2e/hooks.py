"""System 006: builds of what is pushed: two systems that sign what they send, an API that verifies it, and a workflow that waits for one of them."""

import base64
import hashlib
import hmac
import json
import shlex
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

import alarms
import policies
from scenarios import System
from stack import Stack, stays_true, wait_until
from tokens import LOGIN, bearer

SYSTEM = System("hooks")
API, JOBS = "ApiUrl", "JobsTableName"
GITHUB, NEXT, RUNNER = "it's a \"$ecret\" to everybody", "the next one", "whsec_" + base64.b64encode(b"what the runner signs with").decode()
PUSH = {"X-GitHub-Event": "push", "content-type": "application/json"}
STARTED, IGNORED, FORBIDDEN = 202, 204, 403


@SYSTEM.scenario("without a secret nobody gets in; with one, and with the one that it goes over to, GitHub does, and waits for no process that knows the old one")
def goes_over(stack: Stack) -> None:
    body = push("shop/first")
    assert tell(stack, body, github(body, ""))[0] == 500, "there is no secret yet"
    put(stack, "GithubSecret", GITHUB)
    second_of_a_process()
    assert tell(stack, body, github(body, NEXT))[0] == FORBIDDEN
    assert tell(stack, body, github(body, GITHUB))[0] == STARTED
    put(stack, "GithubNextSecret", NEXT)
    put(stack, "RunnerSecret", RUNNER)
    second_of_a_process()
    other = push("shop/second")
    assert tell(stack, other, github(other, NEXT))[0] == STARTED
    assert tell(stack, other, github(other, GITHUB))[0] == STARTED


@SYSTEM.scenario("a push is a build that waits for the runner, whose report its team sees, by entity tag and cookie")
def builds(stack: Stack) -> None:
    build = started(stack, "shop/cart")
    kim = bearer(LOGIN.token("kim", team="shop"))
    status, answer, headers = show(stack, build, kim)
    assert (status, json.loads(answer)) == (200, {"buildId": build, "status": "RUNNING"}), answer
    assert headers["etag"] == '"RUNNING"' and headers["cache-control"] == "private, no-cache", headers
    assert headers["set-cookie"].startswith(f"seen={build};") and "HttpOnly" in headers["set-cookie"], headers
    known = {**kim, "If-None-Match": '"RUNNING"', "Cookie": f"seen={build}"}
    status, answer, headers = show(stack, build, known)
    assert (status, answer, headers.get("set-cookie")) == (304, "", None), (answer, headers)
    report = json.dumps({"result": "PASSED", "artifact": "s3://builds/1"})
    assert report_of(stack, build, report, runner(report))[0] == 200
    passed = {"buildId": build, "status": "PASSED", "artifact": "s3://builds/1"}
    wait_until(lambda: show(stack, build, known)[1] and json.loads(show(stack, build, known)[1]) == passed, "a build that passed")
    # The same delivery, and another one: nobody waits any more.
    assert report_of(stack, build, report, runner(report))[0] == 409


@SYSTEM.scenario("a build that failed is told so, and fails the execution")
def fails(stack: Stack) -> None:
    build = started(stack, "shop/cart")
    report = json.dumps({"result": "FAILED"})
    assert report_of(stack, build, report, runner(report))[0] == 200
    kim = bearer(LOGIN.token("kim", team="shop"))
    wait_until(lambda: json.loads(show(stack, build, kim)[1])["status"] == "FAILED", "a build that failed")
    assert execution(stack, build)["error"] == "BuildFailed"


@SYSTEM.scenario("a push that is told again, under whatever key, is one build")
def tells_once(stack: Stack) -> None:
    body = push("shop/again")
    first = tell(stack, body, github(body))
    assert first[0] == STARTED, first
    for more in ({}, {"X-GitHub-Delivery": str(uuid.uuid4())}, {"Idempotency-Key": str(uuid.uuid4())}):
        assert tell(stack, body, {**github(body), **more}) == first, more
    builds = [item for item in stack.items(stack.outputs[JOBS]) if item["buildId"]["S"] == json.loads(first[1])["buildId"]]
    assert len(builds) == 1, builds


@SYSTEM.scenario("what GitHub did not sign so starts nothing")
def forged_pushes(stack: Stack) -> None:
    before, body = len(stack.items(stack.outputs[JOBS])), push("shop/forged")
    right = github(body)["X-Hub-Signature-256"]
    for name, text, signature in [
        ("none", body, None),
        ("empty", body, ""),
        ("another key", body, github(body, "guess")["X-Hub-Signature-256"]),
        ("of another body", push("shop/other"), right),
        ("a longer body", body + " ", right),
        ("cut off", body, right[:-1]),
        ("a byte less", body, right[:-2]),
        ("without its prefix", body, right.removeprefix("sha256=")),
        ("of another algorithm", body, "sha1=" + hmac.new(GITHUB.encode(), body.encode(), "sha1").hexdigest()),
        ("by the secret's hash", body, "sha256=" + hashlib.sha256((GITHUB + body).encode()).hexdigest()),
        ("of an empty key", body, github(body, "")["X-Hub-Signature-256"]),
        ("thousands", body, ",".join(["sha256=" + "0" * 64] * 100)),
    ]:
        headers = {} if signature is None else {"X-Hub-Signature-256": signature}
        status, answer = tell(stack, text, headers)
        assert status == FORBIDDEN and json.loads(answer)["title"] == "Forbidden", (name, status, answer)
    # A caller with a token is no sender.
    assert tell(stack, body, bearer(LOGIN.token("kim", team="shop")))[0] == FORBIDDEN
    stays_true(lambda: len(stack.items(stack.outputs[JOBS])) == before, "no other job")


@SYSTEM.scenario("what the runner did not sign, or some time ago, answers nobody")
def forged_reports(stack: Stack) -> None:
    build, report = started(stack, "shop/cart"), json.dumps({"result": "PASSED"})
    right, now = runner(report), int(time.time())
    for name, text, headers in [
        ("none", report, {}),
        ("another key", report, runner(report, key="whsec_" + base64.b64encode(b"guess").decode())),
        ("of another body", json.dumps({"result": "FAILED"}), right),
        ("a replay", report, runner(report, at=now - 301)),
        ("of tomorrow", report, runner(report, at=now + 86400)),
        ("an old one with a new time", report, {**runner(report, at=now - 301), "webhook-timestamp": str(now)}),
        ("with another id", report, {**right, "webhook-id": "msg_other"}),
        ("without an id", report, {name: value for name, value in right.items() if name != "webhook-id"}),
        ("without a time", report, {name: value for name, value in right.items() if name != "webhook-timestamp"}),
        ("cut off", report, {**right, "webhook-signature": right["webhook-signature"][:-4]}),
        ("GitHub's", report, github(report)),
    ]:
        status, answer = report_of(stack, build, text, headers)
        assert status == FORBIDDEN, (name, status, answer)
    several = {**right, "webhook-signature": f"v1,{base64.b64encode(bytes(32)).decode()} {right['webhook-signature']}"}
    assert report_of(stack, build, report, several)[0] == 200, "one of several signatures"
    assert report_of(stack, str(uuid.uuid4()), report, runner(report))[0] == 404


@SYSTEM.scenario("what is no push starts nothing, and what is no JSON is refused behind a right signature alone")
def ignores(stack: Stack) -> None:
    for body, headers in [
        (push("shop/tag").replace("refs/heads", "refs/tags"), PUSH),
        (push("shop/gone", commit="0" * 40), PUSH),
        (json.dumps({"zen": "Keep it simple.", "repository": {"full_name": "shop/cart"}}), {**PUSH, "X-GitHub-Event": "ping"}),
    ]:
        assert tell(stack, body, {**github(body), **headers})[0] == IGNORED, body
    for body in ("{", "[]", "ä", json.dumps({"repository": {}})):
        assert tell(stack, body, github(body))[0] == 400, body
        assert tell(stack, body, github(body, "guess"))[0] == FORBIDDEN, body
    without = {name: value for name, value in github("{}").items() if name != "X-GitHub-Event"}
    assert tell(stack, "{}", without, event=False)[0] == 400


@SYSTEM.scenario("a build is its team's: others, and tokens that say no team, see nothing")
def is_of_a_team(stack: Stack) -> None:
    build = started(stack, "shop/cart")
    for claims, expected in (({"team": "bank"}, 404), ({"team": ""}, 403), ({}, 403), ({"team": ["shop"]}, 404)):
        status, answer, _ = show(stack, build, bearer(LOGIN.token("kim", **claims)))
        assert status == expected, (claims, status, answer)
    assert show(stack, build, {})[0] == 401
    assert show(stack, build, github(""))[0] == 401, "a signature is no token"


@SYSTEM.scenario("the command of the README sends what GitHub would")
def as_the_readme_says(stack: Stack) -> None:
    text = (stack.template.parent / "README.md").read_text(encoding="utf-8")
    script = text.split("To send one yourself:\n\n```sh\n")[1].split("```")[0]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "payload.json").write_text(push("shop/readme"), encoding="utf-8")
        # The emulator tells APIs apart by the host, which does not resolve here.
        host = stack.outputs[API].split("://", 1)[1].rstrip("/").replace(".us-east-1.amazonaws.com", ".localhost")
        variables = f"SECRET={shlex.quote(GITHUB)}; API_URL={shlex.quote(stack.emulator.url)}\n"
        script = script.replace("curl ", f"curl --silent --header 'Host: {host}' --header 'X-GitHub-Event: push' ")
        answer = subprocess.run(["sh", "-c", variables + script], cwd=folder, capture_output=True, text=True, check=True)
    assert "buildId" in json.loads(answer.stdout), answer


@SYSTEM.scenario("no log and no template has a secret, or a token of a waiting step")
def keeps_secrets(stack: Stack) -> None:
    logs = stack.client("logs")
    groups = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    written = "".join(event["message"] for group in groups for event in logs.filter_log_events(logGroupName=group)["events"])
    assert "Forbidden" in written, "the logs were looked at"
    tokens = [item["token"]["S"] for item in stack.items(stack.outputs[JOBS])]
    for secret in (GITHUB, NEXT, RUNNER, RUNNER.removeprefix("whsec_"), *tokens):
        assert secret not in written, "a value is in a log"


@SYSTEM.scenario("IAM allows what the stack does, and nothing that it does not do")
def follows_policies(stack: Stack) -> None:
    unexercised = {
        "states:StartExecution": "`starts` lets a function start and ask; one starts, one asks",
        "states:DescribeExecution": "the same",
        "states:SendTaskFailure": "`signals` lets a function answer and refuse; this one answers",
    }
    found = policies.problems(stack, unexercised)
    assert not found, "\n".join(found)


@SYSTEM.scenario("alarms of functions are silent while requests are forged, and go off for trouble")
def tells_of_trouble(stack: Stack) -> None:
    found = alarms.problems(stack, {"UnknownBuild", "NotAwaited"})
    assert not found, "\n".join(found)


def put(stack: Stack, secret: str, value: str) -> None:
    """Gives a secret a value."""
    arn = stack.resources("AWS::SecretsManager::Secret")[secret]
    stack.client("secretsmanager").put_secret_value(SecretId=arn, SecretString=value)


def second_of_a_process() -> None:
    """A process reads a secret anew at most once a second."""
    time.sleep(1.1)


def push(repository: str, commit: str | None = None) -> str:
    """A push as GitHub tells it, in JSON with spaces, which is what is signed."""
    commit = commit or uuid.uuid4().hex
    return json.dumps({"ref": "refs/heads/main", "after": commit, "repository": {"full_name": repository}, "größe": 1.0}, ensure_ascii=False)


def github(body: str, key: str | None = None) -> dict[str, str]:
    """How GitHub signs a body."""
    key = GITHUB if key is None else key
    signature = hmac.new(key.encode(), body.encode(), hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": f"sha256={signature}", **PUSH}


def runner(body: str, key: str = RUNNER, at: int | None = None) -> dict[str, str]:
    """How the runner signs a body: as Standard Webhooks says."""
    name, at = f"msg_{uuid.uuid4().hex}", str(int(time.time()) if at is None else at)
    signature = hmac.new(base64.b64decode(key.removeprefix("whsec_")), f"{name}.{at}.{body}".encode(), hashlib.sha256).digest()
    signature = f"v1,{base64.b64encode(signature).decode()}"
    return {"webhook-id": name, "webhook-timestamp": at, "webhook-signature": signature, "content-type": "application/json"}


def tell(stack: Stack, body: str, headers: dict[str, str], event: bool = True) -> tuple[int, str]:
    """A request to the route of GitHub."""
    return stack.http("POST", f"{url(stack)}/github", body, {**(PUSH if event else {}), **headers})


def report_of(stack: Stack, build: str, body: str, headers: dict[str, str]) -> tuple[int, str]:
    """A request to the route of the runner."""
    return stack.http("POST", f"{url(stack)}/runner/{build}", body, {"content-type": "application/json", **headers})


def show(stack: Stack, build: str, headers: dict[str, str]) -> tuple[int, str, dict[str, str]]:
    """What somebody sees of a build."""
    return stack.http_with_headers("GET", f"{url(stack)}/builds/{build}", None, headers)


def started(stack: Stack, repository: str) -> str:
    """A build that waits for the runner."""
    body = push(repository)
    status, answer = tell(stack, body, github(body))
    assert status == STARTED, (status, answer)
    build = json.loads(answer)["buildId"]
    waiting = lambda: any(item["buildId"]["S"] == build for item in stack.items(stack.outputs[JOBS]))
    wait_until(waiting, "a build that waits for the runner")
    return build


def execution(stack: Stack, name: str) -> dict:
    """The execution of a build, once it is over."""
    machines = stack.client("stepfunctions")
    (machine,) = stack.resources("AWS::StepFunctions::StateMachine").values()
    arn = machine.replace(":stateMachine:", ":execution:") + f":{name}"
    over = lambda: (found := machines.describe_execution(executionArn=arn))["status"] != "RUNNING" and found
    return wait_until(over, "an execution that is over")


def url(stack: Stack) -> str:
    """The API, without a slash at its end."""
    return stack.outputs[API].rstrip("/")
