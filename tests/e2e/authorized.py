"""What a function of the spec says of callers, and what goes wrong with that; headers, cookies, responses and raw bodies behind a REST API."""

import base64
import json
import shutil
import subprocess
import uuid

import policies
from emulator import EVC, ROOT
from scenarios import System
from stack import Stack
from tokens import LOGIN, OTHER, bearer

FOLDER = ROOT / "target/e2e/authorized"
APIS = ("RestUrl", "HttpUrl")
KIM = {"sub": "kim", "plan": "PAID", "level": 3, "teams": ["a b", "[c]"]}


def prepare() -> None:
    """Build the spec from a copy, beside that of its business logic."""
    specs = FOLDER / "specs"
    shutil.rmtree(specs, ignore_errors=True)
    shutil.copytree(ROOT / "tests/e2e/specs/authorized", specs / "authorized")
    spec = shutil.copy(ROOT / "tests/e2e/specs/authorized.yaml", specs)
    command = [EVC, "build", spec, "--runtime", "runtime/handlers"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)


SYSTEM = System("authorized", FOLDER / "generated/authorized/template.yaml", prepare)


@SYSTEM.scenario("what the authorizer says is who calls, on both kinds of API, and nothing that a client sends is")
def who_calls(stack: Stack) -> None:
    forged = {"evcAuthorizer": "check-session", "sub": "robin", "principalId": "robin", "X-Amzn-Authorizer": '{"sub":"robin"}'}
    for api in APIS:
        status, me, _ = send(stack, api, "GET", "/me?sub=robin&authorizer.sub=robin", "kim:paid:3", headers=forged)
        assert (status, me) == (200, KIM), (api, status, me)


@SYSTEM.scenario("whom the authorizer refuses gets 403, who shows nothing 401, and a function that is broken lets nobody in")
def refused(stack: Stack) -> None:
    for api in APIS:
        for session, expected in {
            None: 401,
            "": 401,
            "unknown": 403,
            "kim:paid": 403,
            "kim:paid:much": 403,
            "x" * 201: 403,
            "fails": 500,
            "panics": 500,
            "large": 500,
            "nobody": 500,
        }.items():
            status, answer, _ = send(stack, api, "GET", "/me", session)
            assert status == expected and "sub" not in answer, (api, session, status, answer)
        # What went wrong is not kept.
        before = asked(stack, "fails")
        assert send(stack, api, "GET", "/me", "fails")[0] == 500
        assert asked(stack, "fails") == before + 1


@SYSTEM.scenario("an answer that is kept is that of every route, for who brings the same and for nobody else")
def kept(stack: Stack) -> None:
    for api, other in (("RestUrl", "/notes"), ("HttpUrl", "/me")):
        session = f"kept-{api}:free:1:once"
        assert send(stack, api, "GET", "/me", session)[0] == 200
        # The function would refuse it now: it is not asked, and the answer for one route is no refusal of another.
        assert send(stack, api, "GET", other, session)[0] == 200
        assert asked(stack, session) == 1
        # Somebody who brings something else is asked about.
        assert send(stack, api, "GET", "/me", f"{session}:2")[0] == 200 and asked(stack, f"{session}:2") == 1
        # A refusal is kept as well, and only for whom it is of.
        assert [send(stack, api, "GET", path, f"bad-{api}")[0] for path in ("/me", other)] == [403, 403]
        assert asked(stack, f"bad-{api}") == 1
        assert send(stack, api, "GET", "/me", "kim:paid:3")[0] == 200


@SYSTEM.scenario("an authorizer that looks at the path is asked for each, and lets in for that alone")
def by_path(stack: Stack) -> None:
    for api in APIS:
        for owner, session, expected in (("kim", "kim", 200), ("robin", "kim", 403), ("robin", None, 403), ("robin", "robin", 200)):
            headers = {"Cookie": f"a=b; session={session}"} if session else {}
            status, answer, _ = send(stack, api, "GET", f"/of/{owner}", None, headers=headers)
            assert status == expected, (api, owner, session, answer)
            assert expected != 200 or answer == {"sub": owner, "owner": owner}, answer


@SYSTEM.scenario("a route to a table gives each caller what is his, by what the authorizer says")
def own(stack: Stack) -> None:
    names = ("kim", 'ro"b\\in $x #set')
    for name in names:
        body = {"owner": "somebody", "plan": "PAID"}
        status, answer, _ = send(stack, "RestUrl", "POST", "/notes", f"{name}:free:1", body)
        assert status == 201, answer
    for name in names:
        status, answer, _ = send(stack, "RestUrl", "GET", "/notes?owner=kim", f"{name}:free:1")
        assert status == 200 and [(note["owner"], note["plan"]) for note in answer["items"]] == [(name, "FREE")], answer


@SYSTEM.scenario("a route starts a workflow for who calls, whatever the body says of that")
def starts(stack: Stack) -> None:
    states, machine = stack.client("stepfunctions"), stack.outputs["MachineArn"]
    for name in ("kim", 'ro"b\\in $x #set \\"'):
        body = {"note": f'of "{name}"', "owner": "somebody", "plan": "PAID", "at": 0}
        status, answer, _ = send(stack, "RestUrl", "POST", "/starts", f"{name}:free:1", body)
        assert status == 202, answer
        arn = machine.replace(":stateMachine:", ":execution:") + ":" + answer["executionId"].rsplit(":", 1)[-1]
        given = json.loads(states.describe_execution(executionArn=arn)["input"])
        assert (given["owner"], given["plan"], given["note"]) == (name, "FREE", body["note"]), given
        assert given["at"] > 1_700_000_000_000, given


@SYSTEM.scenario("a key of idempotency is that of one caller, whatever else the authorizer says of him")
def once(stack: Stack) -> None:
    for api in APIS:
        key = {"Idempotency-Key": str(uuid.uuid4())}
        order = {"sku": "apple"}
        answers = [send(stack, api, "POST", "/orders", session, order, key) for session in ("kim:paid:3", "kim:free:4", "robin:paid:3")]
        assert [status for status, _, _ in answers] == [200] * 3, answers
        first, again, other = (answer for _, answer, _ in answers)
        assert first == again and first["sub"] == "kim", (first, again)
        assert other["sub"] == "robin" and other["orderId"] != first["orderId"], other
        status, problem, _ = send(stack, api, "POST", "/orders", "kim:paid:3", {"sku": "pear"}, key)
        assert status == 422, problem


@SYSTEM.scenario("headers, cookies and responses are the same behind both kinds of API")
def responses(stack: Stack) -> None:
    for api in APIS:
        status, me, headers = send(stack, api, "GET", "/me", "kim:paid:3")
        assert (status, me, headers["etag"], headers["x-plan"]) == (200, KIM, '"kim-3"', "PAID"), headers
        cookie = headers["set-cookie"]
        assert cookie.startswith("visit=") and "HttpOnly" in cookie and "Secure" in cookie, cookie
        visit = {"Cookie": cookie.split(";")[0]}
        status, _, headers = send(stack, api, "GET", "/me", "kim:paid:3", headers=visit)
        assert status == 200 and "set-cookie" not in headers, headers
        status, answer, headers = send(stack, api, "GET", "/me", "kim:paid:3", headers={"If-None-Match": '"kim-3"', **visit})
        assert (status, answer, headers["etag"]) == (304, None, '"kim-3"'), (status, answer, headers)
        for wrong in ({"Cookie": "visit=no-id"}, {"Cookie": f"{visit['Cookie']}; {visit['Cookie']}"}, {"If-None-Match": "x" * 101}):
            status, problem, _ = send(stack, api, "GET", "/me", "kim:paid:3", headers=wrong)
            assert (status, problem["title"]) == (400, "InvalidInput"), (api, wrong, problem)


@SYSTEM.scenario("a raw body comes as it was sent, and a header that it needs has to be there")
def raw(stack: Stack) -> None:
    text = ' { "a":  1.0,\n"a": "é" } not JSON'
    for api in APIS:
        for kind in ("application/json", "text/plain", "application/x-www-form-urlencoded"):
            headers = {"X-Signature": "s", "Content-Type": kind}
            status, answer, _ = send(stack, api, "POST", "/hooks", "kim:paid:3", text, headers)
            assert status == 200, (api, kind, answer)
            # Bytes are base64 in JSON; a REST API has text alone.
            payload = answer["payload"] if api == "RestUrl" else base64.b64decode(answer["payload"]).decode()
            assert payload == text and answer["signature"] == "s", answer
        status, problem, _ = send(stack, api, "POST", "/hooks", "kim:paid:3", text)
        assert (status, problem["title"]) == (400, "InvalidInput"), (api, problem)


@SYSTEM.scenario("a route for some groups takes the tokens of those, and nobody is told why others are not")
def of_groups(stack: Stack) -> None:
    groups = "cognito:groups"
    for api in APIS:
        for path, claims, expected in [
            ("managed", {groups: ["admins"]}, 200),
            ("managed", {groups: ["readers", "editors"]}, 200),
            ("managed", {groups: "admins"}, 200),
            ("managed", {groups: ["readers"]}, 403),
            ("managed", {groups: ["admin"]}, 403),
            ("managed", {groups: ["adminsx", "xadmins", "ADMINS"]}, 403),
            ("managed", {groups: "admins,editors"}, 403),
            ("managed", {groups: []}, 403),
            ("managed", {groups: ""}, 403),
            ("managed", {groups: None}, 403),
            ("managed", {"groups": ["admins"], "role": "owners"}, 403),
            ("roles", {"role": "owners"}, 200),
            ("roles", {"role": ["owners"]}, 200),
            ("roles", {"role": "owner"}, 403),
            ("roles", {groups: ["owners", "admins"]}, 403),
        ]:
            token = bearer(LOGIN.token("kim", **claims))
            status, answer, _ = send(stack, api, "GET", f"/{path}/kim", None, headers=token)
            assert status == expected, (api, path, claims, status, answer)
            assert status == 200 or (answer["title"] == "Forbidden" and "admins" not in json.dumps(answer)), answer
        # What a client sends beside it says nothing.
        forged = {**bearer(LOGIN.token("kim")), "Groups": "admins", "X-Groups": "admins"}
        assert send(stack, api, "GET", "/managed/kim?cognito:groups=admins", None, headers=forged)[0] == 403
        assert send(stack, api, "GET", "/managed/kim", "kim:paid:3")[0] == 401, "a session is no token"
        assert send(stack, api, "GET", "/managed/kim", None, headers=bearer(OTHER.token("kim", **{groups: ["admins"]})))[0] == 401


@SYSTEM.scenario("every policy was needed, and none was missing")
def least_privilege(stack: Stack) -> None:
    found = policies.problems(stack, {})
    assert not found, "\n".join(found)


def send(stack: Stack, api: str, method: str, path: str, session: str | None, body=None, headers: dict | None = None):
    """Call an API: the status, the answer and its headers."""
    shown = {} if session is None else {"X-Session": session}
    text = body if body is None or isinstance(body, str) else json.dumps(body)
    status, answer, found = stack.http_with_headers(method, stack.outputs[api] + path, text, {**shown, **(headers or {})})
    return status, json.loads(answer or "null"), found


def asked(stack: Stack, session: str) -> int:
    """How often the authorizer was asked about a session."""
    (table,) = (name for logical, name in stack.resources("AWS::DynamoDB::Table").items() if "Sessions" in logical)
    item = stack.client("dynamodb").get_item(TableName=table, Key={"session": {"S": session}}, ConsistentRead=True).get("Item")
    return int(item["asked"]["N"]) if item else 0
