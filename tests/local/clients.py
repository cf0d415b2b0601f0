"""Clients that are not ours talk to `evc dev`: boto3, the AWS CLI and the AWS SDK for JavaScript, with each service's pages, waits, and errors by their names.

botocore reads answers by AWS's own models of the services, and knows an error by its shape: what is not as AWS says is not understood.
"""

import json
import os
import subprocess
import time
import uuid
from contextlib import contextmanager

from botocore.exceptions import ClientError

from emulator import ROOT
from scenarios import System
from stack import Stack, wait_until

SYSTEM = System("orders")


@contextmanager
def refused(code: str, status: int = 400):
    """What is called within is refused with this code, which boto3 has an exception of its own for or not."""
    try:
        yield
    except ClientError as error:
        found = (error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"])
        assert found == (code, status), error.response
        assert error.response["Error"]["Message"] or code == "ParameterNotFound", error.response
    else:
        raise AssertionError(f"it was not refused with {code}")


def pages(client, operation: str, field: str, size: int, **parameters) -> list[list]:
    """The pages of a list, each with so many entries at most."""
    paginator = client.get_paginator(operation)
    found = [page.get(field, []) for page in paginator.paginate(**parameters, PaginationConfig={"PageSize": size})]
    assert all(len(page) <= size for page in found), found
    return found


@SYSTEM.scenario("a client of DynamoDB: writes on condition, transactions, pages of a scan and a query, errors, the longest item")
def dynamodb(stack: Stack) -> None:
    client, table = stack.client("dynamodb"), stack.outputs["OrdersTableName"]
    client.get_waiter("table_exists").wait(TableName=table)
    assert table in [name for page in pages(client, "list_tables", "TableNames", 2) for name in page]
    key = {"orderId": {"S": "c-0"}, "customerId": {"S": "clients"}}
    for number in range(5):
        item = {"orderId": {"S": f"c-{number}"}, "customerId": {"S": "clients"}, "createdAt": {"S": f"2026-01-0{number + 1}T00:00:00Z"}}
        client.put_item(TableName=table, Item=item)
    try:
        found = [item for page in pages(client, "scan", "Items", 2, TableName=table) for item in page]
        assert sum(item["customerId"] == {"S": "clients"} for item in found) == 5, found
        by_customer = {"TableName": table, "IndexName": "by-customer", "KeyConditionExpression": "customerId = :c"}
        values = {":c": {"S": "clients"}}
        queried = pages(client, "query", "Items", 2, **by_customer, ExpressionAttributeValues=values)
        assert [len(page) for page in queried][:3] == [2, 2, 1], queried
        with refused("ConditionalCheckFailedException"):
            client.put_item(TableName=table, Item=key, ConditionExpression="attribute_not_exists(orderId)")
        check = {"TableName": table, "Key": key, "ConditionExpression": "attribute_not_exists(orderId)"}
        try:
            client.transact_write_items(TransactItems=[{"ConditionCheck": check}])
            raise AssertionError("the transaction went through")
        except client.exceptions.TransactionCanceledException as error:
            assert error.response["CancellationReasons"][0]["Code"] == "ConditionalCheckFailed", error.response
        with refused("ResourceNotFoundException"):
            client.get_item(TableName="there-is-none", Key=key)
        with refused("ValidationException"):
            client.get_item(TableName=table, Key={"orderId": {"S": "c-0"}})
        # <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-items>
        with refused("ValidationException"):
            client.put_item(TableName=table, Item={**key, "note": {"S": "x" * 409_600}})
        client.put_item(TableName=table, Item={**key, "note": {"S": "x" * 409_000}})
    finally:
        for number in range(5):
            client.delete_item(TableName=table, Key={"orderId": {"S": f"c-{number}"}, "customerId": {"S": "clients"}})


@SYSTEM.scenario("a client of SQS: pages of queues, batches with what failed in them, receipts, attributes, errors, the longest message")
def sqs(stack: Stack) -> None:
    client, name = stack.client("sqs"), f"clients-{uuid.uuid4().hex[:8]}"
    urls = [client.create_queue(QueueName=f"{name}-{number}")["QueueUrl"] for number in range(3)]
    try:
        listed = pages(client, "list_queues", "QueueUrls", 2, QueueNamePrefix=name)
        assert [len(page) for page in listed] == [2, 1] and sorted(sum(listed, [])) == urls, listed
        assert client.get_queue_url(QueueName=f"{name}-0")["QueueUrl"] == urls[0]
        # boto3 checks the digests of what it sent and received.
        attributes = {"kind": {"DataType": "String", "StringValue": "é"}, "n": {"DataType": "Number", "StringValue": "1"}}
        client.send_message(QueueUrl=urls[0], MessageBody="one", MessageAttributes=attributes)
        entries = [{"Id": "a", "MessageBody": "two"}, {"Id": "b", "MessageBody": "three", "DelaySeconds": 901}]
        answer = client.send_message_batch(QueueUrl=urls[0], Entries=entries)
        assert [it["Id"] for it in answer["Successful"]] == ["a"], answer
        assert [(it["Id"], it["Code"]) for it in answer["Failed"]] == [("b", "InvalidParameterValue")], answer
        asked = {"MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"], "MessageSystemAttributeNames": ["All"]}
        messages = client.receive_message(QueueUrl=urls[0], **asked)["Messages"]
        assert [it["Body"] for it in messages] == ["one", "two"], messages
        assert messages[0]["MessageAttributes"] == attributes and messages[0]["Attributes"]["ApproximateReceiveCount"] == "1"
        told = client.get_queue_attributes(QueueUrl=urls[0], AttributeNames=["All"])["Attributes"]
        assert told["ApproximateNumberOfMessagesNotVisible"] == "2", told
        for message in messages:
            client.delete_message(QueueUrl=urls[0], ReceiptHandle=message["ReceiptHandle"])
        client.set_queue_attributes(QueueUrl=urls[0], Attributes={"VisibilityTimeout": "7"})
        assert client.get_queue_attributes(QueueUrl=urls[0], AttributeNames=["VisibilityTimeout"])["Attributes"] == {"VisibilityTimeout": "7"}
        with refused("AWS.SimpleQueueService.NonExistentQueue"):
            client.get_queue_url(QueueName="there-is-none")
        try:
            client.send_message(QueueUrl=urls[0] + "-gone", MessageBody="x")
            raise AssertionError("there is no such queue")
        except client.exceptions.QueueDoesNotExist:
            pass
        # <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>
        client.send_message(QueueUrl=urls[1], MessageBody="x" * 1_048_576)
        with refused("InvalidParameterValue"):
            client.send_message(QueueUrl=urls[1], MessageBody="x" * 1_048_577)
        begin = time.monotonic()
        assert "Messages" not in client.receive_message(QueueUrl=urls[2], WaitTimeSeconds=1)
        assert time.monotonic() - begin >= 0.9, "a long poll waits"
    finally:
        for url in urls:
            client.delete_queue(QueueUrl=url)


@SYSTEM.scenario("a client of SNS: pages, a queue that subscribes, raw messages, a batch, errors")
def sns(stack: Stack) -> None:
    client, queues = stack.client("sns"), stack.client("sqs")
    topic = stack.resources("AWS::SNS::Topic")["Notices"]
    assert topic in [it["TopicArn"] for page in client.get_paginator("list_topics").paginate() for it in page["Topics"]]
    url = queues.create_queue(QueueName=f"clients-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn}
    subscribed = client.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})["SubscriptionArn"]
    try:
        client.publish(TopicArn=topic, Message="nobody lets it in")
        assert "Messages" not in queues.receive_message(QueueUrl=url), "the queue has no policy yet"
        queues.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Statement": [statement]})})
        answer = client.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[{"Id": "a", "Message": "a & <b>"}, {"Id": "b", "Message": "c"}])
        assert [it["Id"] for it in answer["Successful"]] == ["a", "b"], answer
        messages = queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
        assert [it["Body"] for it in messages] == ["a & <b>", "c"], messages
        listed = client.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
        assert subscribed in [it["SubscriptionArn"] for page in listed for it in page["Subscriptions"]]
        with refused("NotFound", 404):
            client.publish(TopicArn=topic + "-none", Message="x")
        with refused("InvalidParameter"):
            client.publish(TopicArn=topic, Message="x" * 262_145)
    finally:
        client.unsubscribe(SubscriptionArn=subscribed)
        queues.delete_queue(QueueUrl=url)


@SYSTEM.scenario("a client of EventBridge: pages of rules, a rule by hand, entries that fail, errors, the longest call")
def events(stack: Stack) -> None:
    client, bus = stack.client("events"), stack.outputs["EventBusName"]
    assert bus in [it["Name"] for it in client.list_event_buses()["EventBuses"]]
    assert client.describe_event_bus(Name=bus)["Arn"].endswith(f":event-bus/{bus}")
    names = [f"clients-{number}" for number in range(3)]
    try:
        for name in names:
            arn = client.put_rule(Name=name, EventBusName=bus, EventPattern='{"source": ["clients"]}', State="DISABLED")["RuleArn"]
            assert arn.endswith(f":rule/{bus}/{name}"), arn
        listed = pages(client, "list_rules", "Rules", 2, EventBusName=bus, NamePrefix="clients-")
        assert [[it["Name"] for it in page] for page in listed] == [names[:2], names[2:]], listed
        assert client.describe_rule(Name=names[0], EventBusName=bus)["State"] == "DISABLED"
        client.put_targets(Rule=names[0], EventBusName=bus, Targets=[{"Id": str(number), "Arn": arn} for number in range(3)])
        targets = pages(client, "list_targets_by_rule", "Targets", 2, Rule=names[0], EventBusName=bus)
        assert [it["Id"] for page in targets for it in page] == ["0", "1", "2"], targets
        with refused("ValidationException"):
            client.delete_rule(Name=names[0], EventBusName=bus)
        with refused("InvalidEventPatternException"):
            client.put_rule(Name=names[0], EventBusName=bus, EventPattern='{"source": "clients"}')
        with refused("ResourceNotFoundException"):
            client.describe_rule(Name="there-is-none", EventBusName=bus)
        event = {"Source": "clients", "DetailType": "Said", "Detail": "{}", "EventBusName": bus}
        answer = client.put_events(Entries=[event, {**event, "Detail": "no JSON"}])
        assert answer["FailedEntryCount"] == 1 and answer["Entries"][0]["EventId"], answer
        assert answer["Entries"][1]["ErrorCode"] == "MalformedDetail", answer
        with refused("ValidationException"):
            client.put_events(Entries=[{**event, "Detail": json.dumps({"text": "x" * 1_048_576})}])
    finally:
        client.remove_targets(Rule=names[0], EventBusName=bus, Ids=["0", "1", "2"])
        for name in names:
            client.delete_rule(Name=name, EventBusName=bus)


@SYSTEM.scenario("a client of Step Functions: pages of executions and of a history, errors, the longest input")
def states(stack: Stack) -> None:
    client, machine = stack.client("stepfunctions"), stack.outputs["StateMachineArn"]
    assert machine in [it["stateMachineArn"] for page in pages(client, "list_state_machines", "stateMachines", 1) for it in page]
    described = client.describe_state_machine(stateMachineArn=machine)
    assert json.loads(described["definition"])["States"] and described["roleArn"].startswith("arn:aws:iam::"), described
    name = f"clients-{uuid.uuid4().hex[:8]}"
    arns = [client.start_execution(stateMachineArn=machine, name=f"{name}-{number}", input="{}")["executionArn"] for number in range(3)]
    assert arns[0] == machine.replace(":stateMachine:", ":execution:") + f":{name}-0", arns
    for arn in arns:
        client.stop_execution(executionArn=arn, cause="enough")
    wait_until(lambda: all(client.describe_execution(executionArn=arn)["status"] != "RUNNING" for arn in arns), "an end")
    listed = [it["executionArn"] for page in pages(client, "list_executions", "executions", 2, stateMachineArn=machine) for it in page]
    assert len(listed) == len(set(listed)) and set(arns) <= set(listed), listed
    history = [it for page in pages(client, "get_execution_history", "events", 1, executionArn=arns[0]) for it in page]
    assert history[0]["type"] == "ExecutionStarted" and [it["id"] for it in history] == list(range(1, len(history) + 1)), history
    with refused("ExecutionAlreadyExists"):
        client.start_execution(stateMachineArn=machine, name=f"{name}-0", input='{"other": 1}')
    with refused("StateMachineDoesNotExist"):
        client.start_execution(stateMachineArn=machine + "-none")
    with refused("ExecutionDoesNotExist"):
        client.describe_execution(executionArn=arns[0] + "-none")
    with refused("InvalidToken"):
        client.send_task_success(taskToken="made up", output="{}")
    with refused("InvalidExecutionInput"):
        client.start_execution(stateMachineArn=machine, input="no JSON")
    with refused("ValidationException"):
        client.start_execution(stateMachineArn=machine, input=json.dumps("x" * 262_144))


@SYSTEM.scenario("a client of Secrets Manager and of Systems Manager: pages, filters, versions, errors")
def secrets(stack: Stack) -> None:
    client = stack.client("secretsmanager")
    (arn,) = stack.resources("AWS::SecretsManager::Secret").values()
    described = client.describe_secret(SecretId=arn)
    listed = [it for page in pages(client, "list_secrets", "SecretList", 1) for it in page]
    assert [it["ARN"] for it in listed] == [arn], listed
    for filters, number in (
        ([{"Key": "name", "Values": [described["Name"][:6].upper()]}], 1),
        ([{"Key": "name", "Values": ["!" + described["Name"]]}], 0),
        ([{"Key": "all", "Values": ["there-is-none"]}], 0),
    ):
        assert len(client.list_secrets(Filters=filters)["SecretList"]) == number, filters
    versions = client.list_secret_version_ids(SecretId=arn)["Versions"]
    assert any("AWSCURRENT" in it["VersionStages"] for it in versions), versions
    try:
        client.get_secret_value(SecretId="there-is-none")
        raise AssertionError("there is no such secret")
    except client.exceptions.ResourceNotFoundException:
        pass
    parameters = stack.client("ssm")
    names = [f"/clients/{name}" for name in ("a", "b", "c/d")]
    for name in names:
        parameters.put_parameter(Name=name, Value="1", Type="StringList" if name == "/clients/b" else "String")
    try:
        path = {"Path": "/clients", "Recursive": True}
        found = pages(parameters, "get_parameters_by_path", "Parameters", 2, **path)
        assert [[it["Name"] for it in page] for page in found] == [names[:2], names[2:]], found
        only = [{"Key": "Type", "Values": ["StringList"]}]
        assert [it["Name"] for it in parameters.get_parameters_by_path(**path, ParameterFilters=only)["Parameters"]] == ["/clients/b"]
        begins = [{"Key": "Name", "Option": "BeginsWith", "Values": ["/clients/"]}]
        assert [it["Name"] for it in parameters.describe_parameters(ParameterFilters=begins)["Parameters"]] == names
        with refused("ParameterAlreadyExists"):
            parameters.put_parameter(Name=names[0], Value="2", Type="String")
        with refused("ParameterNotFound"):
            parameters.get_parameter(Name="/there/is/none")
        with refused("InvalidFilterKey"):
            parameters.get_parameters_by_path(**path, ParameterFilters=[{"Key": "Label", "Values": ["x"]}])
    finally:
        for name in names:
            parameters.delete_parameter(Name=name)


@SYSTEM.scenario("a client of Lambda and of CloudWatch Logs: pages, invocations of each kind, errors, the longest payload, lines")
def functions(stack: Stack) -> None:
    client, logs = stack.client("lambda"), stack.client("logs")
    listed = [it["FunctionName"] for page in pages(client, "list_functions", "Functions", 3) for it in page]
    assert sorted(listed) == sorted(stack.resources("AWS::Lambda::Function").values()), listed
    refund = stack.function("RefundPayment")
    answer = client.invoke(FunctionName=refund, Payload=b"{}")
    assert answer["StatusCode"] == 200 and answer["FunctionError"] == "Unhandled", answer
    assert json.loads(answer["Payload"].read())["errorType"], answer
    assert client.invoke(FunctionName=refund, InvocationType="Event", Payload=b"{}")["StatusCode"] == 202
    assert client.invoke(FunctionName=refund, InvocationType="DryRun", Payload=b"{}")["StatusCode"] == 204
    with refused("ResourceNotFoundException", 404):
        client.invoke(FunctionName="there-is-none", Payload=b"{}")
    with refused("InvalidRequestContentException"):
        client.invoke(FunctionName=refund, Payload=b"no JSON")
    with refused("RequestTooLargeException", 413):
        client.invoke(FunctionName=refund, Payload=json.dumps("x" * 6_291_556).encode())
    with refused("RequestTooLargeException", 413):
        client.invoke(FunctionName=refund, InvocationType="Event", Payload=json.dumps("x" * 1_048_576).encode())
    group = f"/aws/lambda/{refund}"
    wait_until(lambda: stack.invocations(refund) >= 2, "two invocations")
    pattern = {"logGroupName": group, "filterPattern": '"START RequestId"'}
    started = [it["message"] for page in pages(logs, "filter_log_events", "events", 1, **pattern) for it in page]
    assert len(started) >= 2 and all(line.startswith("START ") for line in started), started
    groups = [it["logGroupName"] for page in pages(logs, "describe_log_groups", "logGroups", 2) for it in page]
    assert group in groups, groups
    (stream, *_) = logs.describe_log_streams(logGroupName=group)["logStreams"]
    lines = logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True)
    assert lines["events"] and lines["nextForwardToken"], lines
    with refused("ResourceNotFoundException"):
        logs.filter_log_events(logGroupName="/there/is/none")


@SYSTEM.scenario("the AWS CLI lists, reads, sends and invokes")
def command_line(stack: Stack) -> None:
    command = ROOT / "target/tools/cli/bin/aws"
    environment = {**os.environ, **stack.emulator.client_environment()}

    def run(*arguments: str) -> subprocess.CompletedProcess:
        # For SQS, version 1 looks at no variable.
        options = ["--output", "json", "--endpoint-url", stack.emulator.url]
        return subprocess.run([command, *arguments, *options], env=environment, capture_output=True, text=True, timeout=60)

    def aws(*arguments: str) -> dict:
        done = run(*arguments)
        assert done.returncode == 0, (arguments, done.stderr)
        return json.loads(done.stdout or "{}")

    table = stack.outputs["OrdersTableName"]
    assert aws("sts", "get-caller-identity")["Account"] == "000000000000"
    assert aws("dynamodb", "describe-table", "--table-name", table)["Table"]["TableStatus"] == "ACTIVE"
    assert aws("stepfunctions", "list-state-machines", "--page-size", "1")["stateMachines"]
    assert aws("sns", "list-topics")["Topics"]
    assert aws("lambda", "list-functions", "--page-size", "2")["Functions"]
    entry = json.dumps([{"Source": "clients", "DetailType": "Said", "Detail": "{}", "EventBusName": stack.outputs["EventBusName"]}])
    assert aws("events", "put-events", "--entries", entry)["FailedEntryCount"] == 0
    done = run("sqs", "get-queue-url", "--queue-name", "none")
    assert done.returncode != 0 and "NonExistentQueue" in done.stderr, done.stderr


@SYSTEM.scenario("the AWS SDK for JavaScript does what boto3 does")
def javascript(stack: Stack) -> None:
    given = {
        "table": stack.outputs["OrdersTableName"],
        "bus": stack.outputs["EventBusName"],
        "machine": stack.outputs["StateMachineArn"],
        "function": stack.function("RefundPayment"),
    }
    modules = {"NODE_PATH": str(ROOT / "target/tools/sdk/node_modules")}
    environment = {**os.environ, **stack.emulator.client_environment(), **modules}
    command = ["node", ROOT / "tests/local/sdk.cjs", json.dumps(given)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stdout == "ok\n", done.stdout + done.stderr
