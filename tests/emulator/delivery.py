"""EventBridge targets: permissions checked, failures into dead-letter queues, functions invoked asynchronously.

ministack drops an event whose target cannot be reached, starts functions without retries and knows no log groups as
targets. AWS does otherwise:
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
"""

import json
import logging
import time
from typing import NamedTuple

from ministack.core.arn import parse_arn
from ministack.services import cloudwatch_logs as logs
from ministack.services import eventbridge, lambda_svc, sqs, stepfunctions

import authority

EVENTS = "events.amazonaws.com"
log = logging.getLogger("ministack")


class Refusal(NamedTuple):
    """Why a target cannot take an event: one of the error codes of the dead-letter queue's document, and a text."""

    code: str
    message: str


def refusal(target: dict, rule: dict) -> Refusal | None:
    """What keeps EventBridge from delivering to `target`; none when nothing does.

    A missing target or permission is not retried: the event goes to the dead-letter queue at once. Passing failures
    (throttling, timeouts) do not happen in an emulator, so RetryPolicy has nothing to act on here.
    """
    arn = target["Arn"]
    service = parse_arn(arn).service
    if service == "lambda":
        if lambda_svc.function_policy_for_arn(arn) is None:
            return Refusal("NO_RESOURCE", f"Function not found: {arn}")
        if not authority.function_admits(arn, EVENTS, rule["Arn"]):
            return Refusal("NO_PERMISSIONS", f"{rule['Arn']} may not perform lambda:InvokeFunction on {arn}")
    elif service == "sqs":
        if sqs._queue_by_arn(arn) is None:
            return Refusal("NO_RESOURCE", f"The specified queue does not exist: {arn}")
        if not authority.queue_admits(arn, EVENTS, rule["Arn"]):
            return Refusal("NO_PERMISSIONS", f"{rule['Arn']} may not perform sqs:SendMessage on {arn}")
    elif service == "states":
        role = target.get("RoleArn", "")
        if not authority.role_trusts(role, EVENTS):
            return Refusal("FAILED_TO_ASSUME_ROLE", f"Provided role '{role}' cannot be assumed by principal '{EVENTS}'")
        if not authority.role_allows(role, "states:StartExecution", arn):
            return Refusal("NO_PERMISSIONS", f"{role} may not perform states:StartExecution on {arn}")
        if stepfunctions._resolve_state_machine_arn(arn) is None:
            return Refusal("NO_RESOURCE", f"State Machine Does Not Exist: '{arn}'")
    elif service == "logs":
        if _log_group(arn) not in logs._log_groups:
            return Refusal("NO_RESOURCE", f"The specified log group does not exist: {arn}")
        if not authority.log_group_admits(arn, EVENTS, rule["Arn"]):
            return Refusal("NO_PERMISSIONS", f"{rule['Arn']} may not perform logs:PutLogEvents on {arn}")
    return None


def write_to_log(group_arn: str, event: dict) -> None:
    """Append the event to a log group; ministack knows no such target.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html, "CloudWatch Logs"
    """
    stream = {"logGroupName": _log_group(group_arn), "logStreamName": "events"}
    logs._create_log_stream(stream)  # answers with an error when there is one already
    entry = {"timestamp": int(time.time() * 1000), "message": json.dumps(event)}
    logs._put_log_events({**stream, "logEvents": [entry]})


def _log_group(arn: str) -> str:
    return arn.split(":log-group:")[1].removesuffix(":*")


def dead_letter(target: dict, rule: dict, event: dict, why: Refusal) -> None:
    """Send the event, as the rule saw it, to the target's dead-letter queue with the attributes AWS documents."""
    queue = (target.get("DeadLetterConfig") or {}).get("Arn")
    if not queue:
        log.warning("event dropped, no dead-letter queue: %s %s", why.code, why.message)
    elif not authority.queue_admits(queue, EVENTS, rule["Arn"]):
        log.warning("event dropped, the policy of %s does not admit %s: %s", queue, rule["Arn"], why.message)
    else:
        attributes = {
            "RULE_ARN": rule["Arn"],
            "TARGET_ARN": target["Arn"],
            "ERROR_CODE": why.code,
            "ERROR_MESSAGE": why.message,
        }
        authority.send_to_queue(queue, json.dumps(event), attributes)


def invoke_asynchronously(function_arn: str, payload: str) -> None:
    """Invoke a function as EventBridge does: queued, retried and sent to its OnFailure destination by Lambda.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
    """
    function, config, _ = lambda_svc._get_func_record_for_ref(function_arn)
    lambda_svc.invoke_async_with_retry(lambda_svc._execution_record_for_config(function, config), json.loads(payload))


def install() -> None:
    """Check every target before an event is delivered, and the function's role before a failure is sent on."""
    invoke_target, route_failure = eventbridge._invoke_target, lambda_svc._route_async_failure

    def checked(target, event, rule, view=None):
        view = view or eventbridge._pattern_event_view(event)
        why = refusal(target, rule)
        if why is None and parse_arn(target["Arn"]).service == "logs":
            write_to_log(target["Arn"], view.event_with_detail())
        elif why is None:
            invoke_target(target, event, rule, view)
        else:
            dead_letter(target, rule, view.event_with_detail(), why)

    def route_with_role(destination, function_name, event, result):
        role = lambda_svc._functions[function_name]["config"]["Role"]
        if authority.role_allows(role, "sqs:SendMessage", destination):
            route_failure(destination, function_name, event, result)
        else:
            log.warning("event dropped, %s may not send to %s", role, destination)

    eventbridge._invoke_target = checked
    eventbridge._dispatch_to_lambda = invoke_asynchronously
    lambda_svc._route_async_failure = route_with_role
