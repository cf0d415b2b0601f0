"""A stack on the emulator: built and deployed by AWS SAM, then looked at and acted on through boto3."""

import fcntl
import io
import json
import os
import platform
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from contextlib import contextmanager
from pathlib import Path

import boto3

from cache import Cache
from emulator import ROOT, Emulator

# Functions are built for the machine the tests run on; the template's own default is arm64.
ARCHITECTURE = {"x86_64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}[platform.machine()]
# Unoptimised, in one target directory for all stacks: a build with link-time optimisation takes minutes a stack.
BUILD = {
    "CARGO_TARGET_DIR": str(ROOT / "target/e2e/cargo"),
    "CARGO_PROFILE_RELEASE_LTO": "off",
    "CARGO_PROFILE_RELEASE_OPT_LEVEL": "0",
    "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "16",
    "CARGO_PROFILE_RELEASE_STRIP": "symbols",
}
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
# A function that dies at once, in the place of one that works.
CRASHING_BOOTSTRAP = b"#!/bin/sh\nexit 1\n"


class Stack:
    """A deployed stack. `outputs` are its outputs; the rest are short forms of what tests do with one."""

    def __init__(self, emulator: Emulator, name: str, template: Path, cache: Cache | None = None):
        self.emulator, self.name, self.template, self.cache = emulator, name, template, cache
        self.build_folder = ROOT / "target/e2e" / name / "build"
        self.outputs: dict[str, str] = {}
        # Decisions that a test caused on purpose by breaking something: (action, resource).
        self.broken: list[tuple[str, str]] = []
        self._clients: dict = {}

    # Building and deploying

    def build(self) -> None:
        """`sam build`, as a user would call it. One at a time: stacks have binaries of one name in the target directory that they
        share."""
        parameters = ["--parameter-overrides", f"Architecture={ARCHITECTURE}"]
        with _alone(ROOT / "target/e2e/build.lock"):
            self._sam("build", "--template", str(self.template), "--build-dir", str(self.build_folder), *parameters)

    def deploy(self) -> None:
        """`sam deploy`, then read the outputs."""
        options = ["--resolve-s3", "--no-confirm-changeset", "--no-progressbar", "--no-fail-on-empty-changeset"]
        parameters = ["--parameter-overrides", f"Architecture={ARCHITECTURE}"]
        template = ["--template-file", str(self.build_folder / "template.yaml"), "--stack-name", self.name]
        self._sam("deploy", *template, *options, "--capabilities", *CAPABILITIES, *parameters)
        described = self.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"][0]
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}

    def _sam(self, *arguments: str) -> None:
        # sam finds cargo-lambda, and that zig, on the PATH: all three are in this Python's environment.
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        environment = {**os.environ, **self.emulator.client_environment(), **BUILD, "PATH": path}
        command = ["sam", *arguments, "--config-file", str(ROOT / "tests/e2e/samconfig.toml")]
        done = subprocess.run(command, env=environment, cwd=self.template.parent, text=True, capture_output=True)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")

    def let_pass(self, seconds: float) -> None:
        """Time passes, where it can be made to; here it passes by itself, and faster for what is retried."""

    # Looking

    def client(self, service: str):
        """A boto3 client on the emulator."""
        if service not in self._clients:
            self._clients[service] = boto3.client(
                service,
                endpoint_url=self.emulator.url,
                region_name="us-east-1",
                aws_access_key_id="test",
                aws_secret_access_key="test",
            )
        return self._clients[service]

    def resources(self, kind: str) -> dict[str, str]:
        """The stack's resources of a CloudFormation type: logical id -> physical id."""
        pages = self.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=self.name)
        summaries = [summary for page in pages for summary in page["StackResourceSummaries"]]
        matching = [summary for summary in summaries if summary["ResourceType"] == kind]
        return {summary["LogicalResourceId"]: summary["PhysicalResourceId"] for summary in matching}

    def function(self, start: str) -> str:
        """The name of the function whose logical id starts so: `ProcessPayment` for the spec's `process-payment`."""
        functions = self.resources("AWS::Lambda::Function")
        return next(physical for logical, physical in functions.items() if logical.startswith(start))

    def items(self, table: str) -> list[dict]:
        """All items of a table, in DynamoDB's JSON."""
        return self.client("dynamodb").scan(TableName=table, ConsistentRead=True)["Items"]

    def messages(self, queue_arn: str, seconds: float = 20) -> list[dict]:
        """The messages of a queue, taken out of it; waits until there are some."""
        sqs = self.client("sqs")
        url = sqs.get_queue_url(QueueName=queue_arn.rsplit(":", 1)[-1])["QueueUrl"]

        def receive():
            answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
            return answer.get("Messages")

        messages = wait_until(receive, f"a message in {queue_arn}", seconds)
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return messages

    def invocations(self, function: str) -> int:
        """How often a function ran: the START lines of its log."""
        configuration = self.client("lambda").get_function_configuration(FunctionName=function)
        group = configuration["LoggingConfig"]["LogGroup"]
        pages = self.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
        return sum(event["message"].startswith("START ") for page in pages for event in page["events"])

    # Acting

    def invoke(self, function: str, payload) -> tuple[object, str | None]:
        """Invoke a function and wait: what it returns, and the error's kind when it failed."""
        response = self.client("lambda").invoke(FunctionName=function, Payload=json.dumps(payload))
        return json.loads(response["Payload"].read() or "null"), response.get("FunctionError")

    def put_event(self, bus: str, source: str, detail_type: str, detail: dict) -> str:
        """Publish one event; its id."""
        entry = {"EventBusName": bus, "Source": source, "DetailType": detail_type, "Detail": json.dumps(detail)}
        answer = self.client("events").put_events(Entries=[entry])
        assert answer["FailedEntryCount"] == 0, answer
        return answer["Entries"][0]["EventId"]

    def http(self, method: str, url: str, body: str | None = None, headers: dict | None = None) -> tuple[int, str]:
        """Call an API of the stack by the URL of its output: status and body."""
        return self.http_with_headers(method, url, body, headers)[:2]

    def http_with_headers(
        self, method: str, url: str, body: str | None = None, headers: dict | None = None
    ) -> tuple[int, str, dict[str, str]]:
        """The same with the headers of the answer, whose names are in small letters."""
        host, _, path = url.split("://", 1)[1].partition("/")
        address, host = self._connect(host)
        sent = {"Host": host, "Content-Type": "application/json", **(headers or {})}
        data = None if body is None else body.encode()
        request = urllib.request.Request(f"{address}/{path}", data, sent, method=method)
        try:
            with urllib.request.urlopen(request) as response:
                return response.status, response.read().decode(), small(response.headers)
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(), small(error.headers)

    def http_headers(self, method: str, url: str, headers: dict) -> dict:
        """Call an API of the stack without a body: the headers of the answer, whatever its status."""
        host, _, path = url.split("://", 1)[1].partition("/")
        address, host = self._connect(host)
        request = urllib.request.Request(f"{address}/{path}", None, {"Host": host, **headers}, method=method)
        try:
            with urllib.request.urlopen(request) as response:
                return response.headers
        except urllib.error.HTTPError as error:
            return error.headers

    def _connect(self, host: str) -> tuple[str, str]:
        """Where an API answers, and the host that it is asked as. Its host name does not resolve here; the emulator tells APIs apart by
        the header, as AWS does, but for the Region."""
        return self.emulator.url, host.replace(".us-east-1.amazonaws.com", ".localhost")

    def rule(self, bus: str, detail_type: str) -> dict:
        """The first rule of a bus whose pattern names a detail-type."""
        rules = self.client("events").list_rules(EventBusName=bus)["Rules"]
        return next(rule for rule in rules if detail_type in json.loads(rule["EventPattern"]).get("detail-type", []))

    # Breaking

    @contextmanager
    def environment(self, function: str, suffix: str, value: str):
        """With the function's one environment variable whose name ends so set to another value."""
        client = self.client("lambda")
        variables = client.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
        name = next(name for name in variables if name.endswith(suffix))

        def set_to(changed):
            client.update_function_configuration(FunctionName=function, Environment={"Variables": changed})

        set_to({**variables, name: value})
        try:
            yield
        finally:
            set_to(variables)

    @contextmanager
    def crashing(self, function: str):
        """With the function's program replaced by one that dies at once."""
        client = self.client("lambda")
        resources = self.resources("AWS::Lambda::Function")
        logical_id = next(logical for logical, physical in resources.items() if physical == function)
        client.update_function_code(FunctionName=function, ZipFile=zipped(CRASHING_BOOTSTRAP))
        try:
            yield
        finally:
            program = (self.build_folder / logical_id / "bootstrap").read_bytes()
            client.update_function_code(FunctionName=function, ZipFile=zipped(program))

    @contextmanager
    def unreachable_target(self, bus: str, rule_name: str):
        """With the permission of a rule on its target gone; yields the target."""
        target = self.client("events").list_targets_by_rule(Rule=rule_name, EventBusName=bus)["Targets"][0]
        breaking = self._without_role_policy if "RoleArn" in target else self._without_permission
        with breaking(target, rule_name):
            yield target

    def _without_role_policy(self, target: dict, _rule_name: str):
        return self.without_role_policy(target["RoleArn"].rsplit("/", 1)[-1], "states:StartExecution", target["Arn"])

    @contextmanager
    def without_role_policy(self, role: str, action: str, resource: str):
        """With the policies of a role gone: `action` on `resource` is then refused on purpose."""
        iam = self.client("iam")
        names = iam.list_role_policies(RoleName=role)["PolicyNames"]
        policies = {name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names}
        self.broken.append((action, resource))
        for name in policies:
            iam.delete_role_policy(RoleName=role, PolicyName=name)
        try:
            yield
        finally:
            for name, document in policies.items():
                iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))

    @contextmanager
    def _without_permission(self, target: dict, rule_name: str):
        client, function = self.client("lambda"), target["Arn"]
        statements = json.loads(client.get_policy(FunctionName=function)["Policy"])["Statement"]
        mine = next(statement for statement in statements if f"/{rule_name}" in json.dumps(statement.get("Condition")))
        client.remove_permission(FunctionName=function, StatementId=mine["Sid"])
        try:
            yield
        finally:
            source = next(iter(next(iter(mine["Condition"].values())).values()))
            principal = mine["Principal"]["Service"]
            client.add_permission(
                FunctionName=function,
                StatementId=mine["Sid"],
                Action="lambda:InvokeFunction",
                Principal=principal,
                SourceArn=source,
            )


def small(headers) -> dict[str, str]:
    """Headers by their names in small letters."""
    return {name.lower(): value for name, value in headers.items()}


@contextmanager
def _alone(lock: Path):
    """Nobody else, in this process or another one, is here at the same time."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with open(lock, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def wait_until(check, what: str, seconds: float = 20):
    """The first true value of `check()`; fails when there is none in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = check()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"no {what} within {seconds} s")


def stays_true(check, what: str, seconds: float = 1.5) -> None:
    """Fails when `check()` is false at any time during the next seconds: for what must not happen."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert check(), f"{what}: no longer true"
        time.sleep(0.05)


def zipped(bootstrap: bytes) -> bytes:
    """A deployment package with an executable `bootstrap`."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        archive.writestr(entry, bootstrap)
    return buffer.getvalue()
