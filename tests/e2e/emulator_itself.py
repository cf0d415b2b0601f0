"""The emulator's modules (tests/emulator/) on a stack of their own: what the other systems' results rest on."""

import json

import policies
from emulator import ROOT
from scenarios import System
from stack import CRASHING_BOOTSTRAP, Stack, stays_true, wait_until, zipped

SYSTEM = System("emulator", ROOT / "tests/emulator/probe.yaml")


@SYSTEM.scenario("a rule with permission delivers, asynchronously, and failures go to the function's destination")
def asynchronous_failures(stack: Stack) -> None:
    before = stack.invocations(stack.outputs["WorkerName"])
    stack.put_event(stack.outputs["BusName"], "probe", "Allowed", {"fail": True, "echo": "kept"})
    (message,) = stack.messages(stack.outputs["FailuresArn"])
    assert json.loads(message["Body"])["requestPayload"] == {"fail": True, "echo": "kept"}, message
    attempts = stack.invocations(stack.outputs["WorkerName"]) - before
    assert attempts == 2, f"{attempts} attempts with MaximumRetryAttempts 1"


@SYSTEM.scenario("a rule without permission delivers to its dead-letter queue, with the attributes AWS documents")
def denied_rules(stack: Stack) -> None:
    event_id = stack.put_event(stack.outputs["BusName"], "probe", "Denied", {"echo": "kept"})
    (message,) = stack.messages(stack.outputs["DeadLettersArn"])
    event = json.loads(message["Body"])
    assert (event["id"], event["detail"]) == (event_id, {"echo": "kept"}), event
    attributes = message["MessageAttributes"]
    assert sorted(attributes) == ["ERROR_CODE", "ERROR_MESSAGE", "RULE_ARN", "TARGET_ARN"], attributes
    assert attributes["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS", attributes


@SYSTEM.scenario("a rule writes events to a log group whose policy admits it, and only then")
def log_groups(stack: Stack) -> None:
    bus, log = stack.outputs["BusName"], {"logGroupName": "/aws/events/probe"}
    event_id = stack.put_event(bus, "probe", "Logged", {"echo": "kept"})
    stack.put_event(bus, "probe", "Unlogged", {"echo": "lost"})
    (message,) = stack.messages(stack.outputs["DeadLettersArn"])
    assert json.loads(message["Body"])["detail"] == {"echo": "lost"}, message
    (entry,) = stack.client("logs").filter_log_events(**log)["events"]
    event = json.loads(entry["message"])
    assert (event["id"], event["detail"]) == (event_id, {"echo": "kept"}), event


@SYSTEM.scenario("a rule whose role may not start its target delivers to its dead-letter queue")
def denied_roles(stack: Stack) -> None:
    bus = stack.outputs["BusName"]
    with stack.unreachable_target(bus, stack.rule(bus, "Started")["Name"]):
        stack.put_event(bus, "probe", "Started", {"key": "lost", "mode": "both"})
        (message,) = stack.messages(stack.outputs["DeadLettersArn"])
    assert json.loads(message["Body"])["detail"]["key"] == "lost", message


@SYSTEM.scenario("Parallel and Succeed evaluate their JSONata; branches keep their variables to themselves")
def jsonata(stack: Stack) -> None:
    execution = run(stack, {"mode": "both"})
    expected = {"both": ["both", 0], "number": 2, "before": 1, "leaked": False}
    assert json.loads(execution["output"]) == expected, execution


@SYSTEM.scenario("a state machine's role is checked; retries wait no longer than their limit")
def machine_roles(stack: Stack) -> None:
    execution = run(stack, {"mode": "invoke"})
    assert (execution["status"], execution["error"]) == ("FAILED", "Lambda.AWSLambdaException"), execution
    history = stack.client("stepfunctions").get_execution_history(executionArn=execution["executionArn"])["events"]
    assert sum(event["type"] == "TaskFailed" for event in history) == 3, history


@SYSTEM.scenario("States.ALL does not catch States.Runtime")
def runtime_errors(stack: Stack) -> None:
    execution = run(stack, {"mode": "broken"})
    assert (execution["status"], execution["error"]) == ("FAILED", "States.Runtime"), execution


@SYSTEM.scenario("a state machine's own timeout ends it")
def machine_timeouts(stack: Stack) -> None:
    assert run(stack, {"mode": "hang"})["status"] == "TIMED_OUT"


@SYSTEM.scenario("a task waits for the answer to its token, which each attempt has its own of; a function that fails ends the wait")
def signals(stack: Stack) -> None:
    client, asking = stack.client("stepfunctions"), stack.outputs["AskingArn"]
    group, seen = stack.resources("AWS::Logs::LogGroup")["WorkerLogs"], set()

    def asked() -> str:
        def fresh():
            pages = stack.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
            words = [event["message"].split() for page in pages for event in page["events"]]
            return next((line[1] for line in words if line[:1] == ["asked"] and line[1] not in seen), None)

        token = wait_until(fresh, "a token")
        seen.add(token)
        return token

    execution = start(stack, {"fail": False}, asking)
    first = asked()
    client.send_task_failure(taskToken=first, error="Again", cause="not yet")
    second = asked()
    assert first != second
    client.send_task_success(taskToken=second, output=json.dumps({"approved": True}))
    assert json.loads(ended(stack, execution)["output"]) == {"answer": {"approved": True}}
    try:
        client.send_task_success(taskToken=second, output="{}")
        raise AssertionError("a second answer was taken")
    except client.exceptions.TaskDoesNotExist:
        pass
    failed = run(stack, {"fail": True}, asking)
    assert failed["status"] == "FAILED" and "as told" in failed["cause"], failed


@SYSTEM.scenario("an event that comes twice starts one execution, running or ended")
def one_execution(stack: Stack) -> None:
    bus, client = stack.outputs["BusName"], stack.client("stepfunctions")

    def named():
        listed = client.list_executions(stateMachineArn=stack.outputs["WorkflowArn"])["executions"]
        return [execution["status"] for execution in listed if execution["name"] == "once"]

    for _ in range(2):
        stack.put_event(bus, "probe", "Started", {"key": "once", "mode": "both"})
    wait_until(lambda: named() == ["SUCCEEDED"], "one ended execution")
    stack.put_event(bus, "probe", "Started", {"key": "once", "mode": "both"})
    stays_true(lambda: named() == ["SUCCEEDED"], "one execution")


@SYSTEM.scenario("a poison record of a stream is sent on; the records around it arrive")
def poison(stack: Stack) -> None:
    table = stack.outputs["TableName"]
    ids = ["a", "b", "poison", "c", "d"]
    puts = [{"Put": {"TableName": table, "Item": {"id": {"S": id}}}} for id in ids]
    stack.client("dynamodb").transact_write_items(TransactItems=puts)
    (message,) = stack.messages(stack.outputs["FailuresArn"], 30)
    assert json.loads(message["Body"])["DDBStreamBatchInfo"]["batchSize"] == 1, message
    pages = stack.client("logs").get_paginator("filter_log_events")
    group = stack.resources("AWS::Logs::LogGroup")["WorkerLogs"]

    def delivered():
        events = [event["message"] for page in pages.paginate(logGroupName=group) for event in page["events"]]
        batches = [set(event.split()[1:]) for event in events if event.startswith("records ")]
        batches = [batch for batch in batches if "poison" not in batch]
        return set().union(*batches) == {"a", "b", "c", "d"}

    wait_until(delivered, "delivery of the good records")


@SYSTEM.scenario("an HTTP API needs the permission of the function for its route")
def api_permissions(stack: Stack) -> None:
    assert stack.http("GET", stack.outputs["ApiUrl"] + "/open/1")[0] == 200
    assert stack.http("GET", stack.outputs["ApiUrl"] + "/closed/1")[0] == 500


@SYSTEM.scenario("a REST API checks bodies, renders templates and calls with its role alone")
def rest_apis(stack: Stack) -> None:
    url = stack.outputs["RestUrl"]
    assert stack.http("POST", url + "/1")[0] == 200
    assert stack.http("DELETE", url + "/1")[0] == 500
    status, body, headers = stack.http_with_headers("GET", url + "/nobody")
    assert (status, json.loads(body), headers["x-found"]) == (404, {"asked": "nobody"}, "no"), body
    assert stack.http("GET", url + "/1", headers={"Content-Type": "text/plain"})[0] == 415
    status, body = stack.http("PUT", url + "/1", "{}")
    assert status == 400 and "echo" in json.loads(body)["wrong"], body
    # No model is for this type, and no template either.
    assert stack.http("PUT", url + "/1", "no JSON", {"Content-Type": "text/plain"})[0] == 415
    status, body = stack.http("PUT", url + "/1", '{"echo": 1}')
    assert status == 400 and "AccessDenied" in body, body
    status, body, headers = stack.http_with_headers("OPTIONS", url + "/1")
    assert (status, body, headers["x-mock"]) == (204, "", "yes"), body
    assert stack.http("OPTIONS", url + "/1?gone=1") == (410, '"OPTIONS"')


@SYSTEM.scenario("an archive takes the events of its bus; a table its settings")
def settings(stack: Stack) -> None:
    assert stack.client("events").describe_archive(ArchiveName="probe")["EventCount"] > 0
    client, table = stack.client("dynamodb"), stack.outputs["TableName"]
    assert client.describe_time_to_live(TableName=table)["TimeToLiveDescription"]["TimeToLiveStatus"] == "ENABLED"
    backups = client.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    assert client.describe_table(TableName=table)["Table"]["SSEDescription"]["Status"] == "ENABLED"


@SYSTEM.scenario("a secret is referred to by its ARN, has the value that the template wants, or none")
def secrets(stack: Stack) -> None:
    client, made = stack.client("secretsmanager"), stack.resources("AWS::SecretsManager::Secret")
    assert all(arn.startswith("arn:aws:secretsmanager:") for arn in made.values()), made
    value = client.get_secret_value(SecretId=made["MadeUp"])["SecretString"]
    assert len(value) == 40 and value.isalnum(), value
    try:
        client.get_secret_value(SecretId=made["Empty"])
    except client.exceptions.ResourceNotFoundException:
        return
    raise AssertionError("a secret without a value has one")


@SYSTEM.scenario("a program that dies before its first event is Runtime.ExitError")
def crashes(stack: Stack) -> None:
    client = stack.client("lambda")
    role = client.get_function_configuration(FunctionName=stack.outputs["WorkerName"])["Role"]
    code = {"ZipFile": zipped(CRASHING_BOOTSTRAP)}
    client.create_function(FunctionName="crash", Runtime="provided.al2023", Handler="bootstrap", Role=role, Code=code)
    result, error = stack.invoke("crash", {})
    assert (error, result["errorType"]) == ("Unhandled", "Runtime.ExitError"), result


@SYSTEM.scenario("the comparison of policies with calls finds what was refused and what nobody used")
def comparison(stack: Stack) -> None:
    found = policies.problems(stack, {})
    assert len(found) == 3, found
    assert "RestRole: dynamodb:PutItem" in found[0] and found[0].endswith("was refused"), found
    assert "WorkerRole: dynamodb:DeleteItem" in found[1] and found[1].endswith("is granted and was never used"), found
    assert "WorkflowRole: lambda:InvokeFunction" in found[2] and found[2].endswith("was refused"), found


def run(stack: Stack, payload: dict, machine: str = "") -> dict:
    """Start the workflow, or another machine, and wait for its end."""
    return ended(stack, start(stack, payload, machine or stack.outputs["WorkflowArn"]))


def start(stack: Stack, payload: dict, machine: str) -> str:
    """Start an execution; its ARN."""
    return stack.client("stepfunctions").start_execution(stateMachineArn=machine, input=json.dumps(payload))["executionArn"]


def ended(stack: Stack, arn: str) -> dict:
    """Wait for the end of an execution."""
    client = stack.client("stepfunctions")

    def described():
        execution = client.describe_execution(executionArn=arn)
        return execution if execution["status"] != "RUNNING" else None

    return wait_until(described, "end of the execution")
