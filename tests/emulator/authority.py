"""Who may do what: checks that AWS services make with a role or a resource policy, and a record of every decision.

ministack checks the calls that a function makes with its own role. It does not check what services do on somebody's
behalf: a rule starting a state machine, a state machine invoking a function, a stream poller reading. The other modules
ask here.

Each decision is appended as one JSON line to the file named by EVC_DECISIONS, so that a test can compare the policies
of a stack with the calls that were really made. ministack's own CloudTrail recording names access keys and API calls;
policies name roles and IAM actions (a TransactWriteItems is authorised as PutItem, UpdateItem, ... on each table).
"""

import json
import os
import threading
import time

from ministack.core import iam_evaluator as iam
from ministack.core.responses import get_account_id, get_region
from ministack.services import cloudwatch_logs as logs
from ministack.services import iam as roles
from ministack.services import lambda_svc, sqs

_file_lock = threading.Lock()


# Calls for several messages that ask for the permission of the call for one.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
OF_BATCHES = {
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
}


def record(role: str, action: str, resource: str, allowed: bool) -> None:
    """Append a decision about `role` (its name) to the file the tests read."""
    path = os.environ.get("EVC_DECISIONS")
    if not path:
        return
    line = json.dumps({"at": time.time(), "role": role, "action": action, "resource": resource, "allowed": allowed})
    with _file_lock, open(path, "a", encoding="utf-8") as file:
        file.write(line + "\n")


def role_trusts(role_arn: str, service: str) -> bool:
    """Whether the role's trust policy lets `service` (`events.amazonaws.com`) assume it.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-services
    """
    role = roles._roles.get(role_arn.rsplit("/", 1)[-1])
    if role is None:
        return False
    trust = role["AssumeRolePolicyDocument"]
    trust = json.loads(trust) if isinstance(trust, str) else trust
    statements = trust.get("Statement", [])
    return any(
        statement.get("Effect") == "Allow"
        and "sts:AssumeRole" in _listed(statement.get("Action"))
        and service in _listed((statement.get("Principal") or {}).get("Service"))
        for statement in (statements if isinstance(statements, list) else [statements])
    )


def role_allows(role_arn: str, action: str, resource: str) -> bool:
    """Whether the role's own policies allow `action` on `resource`; the decision is recorded.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
    """
    name, account = role_arn.rsplit("/", 1)[-1], get_account_id()
    request = iam.EvalContext(
        principal_arn=f"arn:aws:sts::{account}:assumed-role/{name}/service",
        principal_type="AssumedRole",
        principal_account=account,
        action=action,
        resource_arn=resource,
        region=get_region(),
    )
    allowed = iam.evaluate(request, iam._gather_role_policies(name, account)).decision == "Allow"
    record(name, action, resource, allowed)
    return allowed


def function_admits(function_arn: str, service: str, source_arn: str) -> bool:
    """Whether the function's resource policy (`AWS::Lambda::Permission`) lets `service` invoke it for `source_arn`.

    https://docs.aws.amazon.com/lambda/latest/dg/permissions-function-services.html
    """
    found = lambda_svc.function_policy_for_arn(function_arn)
    if found is None:
        return False
    request = iam.EvalContext(
        principal_arn=service,
        principal_type="Service",
        principal_account="",
        action="lambda:InvokeFunction",
        resource_arn=function_arn,
        region=get_region(),
        service_context={"aws:sourcearn": source_arn, "aws:sourceaccount": get_account_id()},
    )
    return iam.evaluate_resource_policy(found[0], request, service=service).decision == "Allow"


def queue_admits(queue_arn: str, service: str, source_arn: str) -> bool:
    """Whether the queue's policy lets `service` send to it for `source_arn`.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sqs-permissions
    """
    return sqs.queue_policy_allows(queue_arn, service, source_arn, get_account_id())


def log_group_admits(group_arn: str, service: str, source_arn: str) -> bool:
    """Whether resource policies of CloudWatch Logs let `service` make a stream in the group and write to it.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-cloudwatchlogs-permissions
    """

    def admits(action: str) -> bool:
        request = iam.EvalContext(
            principal_arn=service,
            principal_type="Service",
            principal_account="",
            action=action,
            resource_arn=f"{group_arn}:log-stream:events",
            region=get_region(),
            # Streams are made by the service for itself: no rule is the source of that call.
            service_context={"aws:sourcearn": source_arn} if action == "logs:PutLogEvents" else {},
        )
        policies = [policy["policyDocument"] for policy in logs._resource_policies.values()]
        decisions = [iam.evaluate_resource_policy(policy, request, service=service).decision for policy in policies]
        return "Allow" in decisions

    return admits("logs:CreateLogStream") and admits("logs:PutLogEvents")


def send_to_queue(queue_arn: str, body: str, attributes: dict[str, str] | None = None) -> bool:
    """Put a message into a queue as a service does, with string attributes; false when there is no such queue."""
    url = next((url for url, queue in sqs._queues.items() if queue is sqs._queue_by_arn(queue_arn)), None)
    if url is None:
        return False
    typed = {name: {"DataType": "String", "StringValue": value} for name, value in (attributes or {}).items()}
    sqs._act_send_message({"QueueUrl": url, "MessageBody": body, "MessageAttributes": typed}, url)
    return True


def install() -> None:
    """Record the decisions ministack makes itself: every SDK call of a function, with the function's role."""
    enforce = iam.enforce

    def recorded(access_key_id, iam_action, service, region, resource_arn="*", service_context=None):
        iam_action = OF_BATCHES.get(iam_action, iam_action)
        refusal = enforce(access_key_id, iam_action, service, region, resource_arn, service_context)
        principal = iam.resolve_principal(access_key_id or "", get_account_id())
        if ":assumed-role/" in getattr(principal, "arn", ""):
            role = iam._role_name_from_assumed_arn(principal.arn)
            record(role, iam_action, resource_arn, refusal is None)
        return refusal

    iam.enforce = recorded


def _listed(value) -> list:
    """A policy element as a list: IAM takes one string or several."""
    return value if isinstance(value, list) else [value]
