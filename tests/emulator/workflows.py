"""Step Functions as AWS runs it: the parts of JSONata state machines that ministack leaves out, and the machine's role.

ASL: https://states-language.net/spec.html. JSONata and variables:
https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html and workflow-variables.html
"""

import contextvars
import json
import random
import threading
from concurrent.futures import ThreadPoolExecutor

from ministack.core import iam_actions
from ministack.core.responses import get_account_id, get_region, json_response, now_iso
from ministack.services import stepfunctions as sfn

import authority

_role = contextvars.ContextVar("role of the running state machine", default="")
_machine = contextvars.ContextVar("ARN of the running state machine", default="*")
# The state machine that gave out a token, by the token.
_waiting: dict[str, str] = {}


def assign_at_once(state, raw_input, ctx, result=None, error_output=None) -> None:
    """`Assign`: every expression sees the variables as they were before the state.

    https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html: new values are for the next state.
    """
    if ctx is None or sfn._state_query_language(state, ctx) != "JSONata":
        return
    assign = state.get("Assign") or {}
    values = {
        name: sfn._apply_jsonata_template(template, raw_input, ctx, result=result, error_output=error_output)
        for name, template in assign.items()
    }
    ctx.setdefault("variables", {}).update(values)


def parallel_with_jsonata(original):
    """`Parallel`: Arguments, Output and Assign, and a scope of variables for each branch.

    A branch reads the variables of the outer scope; what it assigns is seen in the branch alone.
    """

    def run(state, raw_input, execution, ctx):
        if sfn._state_query_language(state, ctx) != "JSONata":
            return original(state, raw_input, execution, ctx)
        branch_input = sfn._apply_jsonata_arguments(state, raw_input, ctx)

        def run_branch(branch):
            scope = {**ctx, "variables": dict(ctx.get("variables", {}))}
            return sfn._run_sub_machine(branch["States"], branch["StartAt"], branch_input, execution, scope)

        branches = state["Branches"]
        with ThreadPoolExecutor(max_workers=len(branches)) as pool:
            running = [pool.submit(contextvars.copy_context().run, run_branch, branch) for branch in branches]
        results = [branch.result() for branch in running]
        output = sfn._apply_jsonata_output(state, raw_input, ctx, result=results, default=results)
        sfn._apply_state_assign(state, raw_input, ctx, result=results)
        return output, sfn._next_or_end(state)

    return run


def succeed_with_output(original):
    """`Succeed`: its Output. ministack asks for the output path of a Succeed state, and JSONata states have none."""

    def output_path(state, data, ctx=None):
        if state.get("Type") == "Succeed" and sfn._state_query_language(state, ctx) == "JSONata":
            return sfn._apply_jsonata_output(state, data, ctx, default=data)
        return original(state, data, ctx)

    return output_path


def delay_within_limits(original):
    """`Retry`: MaxDelaySeconds caps the interval, and JitterStrategy FULL draws it between nothing and itself.

    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html, "Retrying after an error"
    """

    def find(retriers, error, retry_counts):
        retrier, index = original(retriers, error, retry_counts)
        if retrier is None:
            return retrier, index
        exponent = retry_counts.get(index, 0)
        delay = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** exponent
        delay = min(delay, retrier.get("MaxDelaySeconds", delay))
        if retrier.get("JitterStrategy") == "FULL":
            delay = random.uniform(0, delay)
        return {**retrier, "IntervalSeconds": delay, "BackoffRate": 1.0}, index

    return find


def runtime_errors_escape(original):
    """`States.ALL` does not match States.Runtime or States.DataLimitExceeded: those end the execution.

    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html, "Error names"
    """

    def matches(error_equals, error):
        if error in ("States.Runtime", "States.DataLimitExceeded") and error not in error_equals:
            return False
        return original(error_equals, error)

    return matches


def task_with_role(original):
    """`Task`: remember the role the machine runs with, for `invoke_as_role`; TimeoutSeconds may be an expression."""

    def run(state, raw_input, execution, ctx):
        _machine.set(execution["stateMachineArn"])
        _role.set(sfn._state_machines[execution["stateMachineArn"]]["roleArn"])
        if isinstance(state.get("TimeoutSeconds"), str):
            seconds = sfn._jsonata_state_field(state, "TimeoutSeconds", "number", raw_input, ctx)
            state = {**state, "TimeoutSeconds": seconds}
        return original(state, raw_input, execution, ctx)

    return run


def invoke_as_role(original):
    """A task's call is made with the machine's role, which needs the permissions of the integration.

    https://docs.aws.amazon.com/step-functions/latest/dg/integrate-services.html: "IAM policies" of each service's page.
    """

    def invoke(resource, arguments):
        for prefix, action, target in _calls(resource, arguments):
            if not authority.role_allows(_role.get(), action, target):
                cause = f"{_role.get()} is not authorized to perform: {action} on resource: {target}"
                raise sfn._ExecutionError(prefix, cause)
        return original(resource, arguments)

    return invoke


def _calls(resource: str, arguments: dict) -> list[tuple[str, str, str]]:
    """The error name, IAM action and resource of each call an optimized integration makes."""
    here = f"{get_region()}:{get_account_id()}"
    integration = resource.removeprefix("arn:aws:states:::").split(".")[0]
    if integration == "lambda:invoke":
        function = arguments["FunctionName"]
        arn = function if function.startswith("arn:") else f"arn:aws:lambda:{here}:function:{function}"
        return [("Lambda.AWSLambdaException", "lambda:InvokeFunction", arn)]
    if integration == "states:startExecution":
        return [("StepFunctions.AccessDeniedException", "states:StartExecution", arguments["StateMachineArn"])]
    if integration == "events:putEvents":
        buses = [entry.get("EventBusName", "default").rsplit("/", 1)[-1] for entry in arguments["Entries"]]
        arns = sorted({f"arn:aws:events:{here}:event-bus/{bus}" for bus in buses})
        return [("EventBridge.AccessDeniedException", "events:PutEvents", arn) for arn in arns]
    if integration.startswith("dynamodb:"):
        action = integration.removeprefix("dynamodb:")
        table = arguments["TableName"].rsplit("/", 1)[-1]
        arn = f"arn:aws:dynamodb:{here}:table/{table}"
        return [("DynamoDB.AccessDeniedException", f"dynamodb:{action[0].upper()}{action[1:]}", arn)]
    if integration == "sqs:sendMessage":
        queue = arguments["QueueUrl"].rsplit("/", 1)[-1]
        return [("SQS.AccessDeniedException", "sqs:SendMessage", f"arn:aws:sqs:{here}:{queue}")]
    return []


def start_once(original):
    """StartExecution of a STANDARD machine with the name and input of a running execution returns that execution.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html ("idempotent")
    """

    def start(data):
        machine = sfn._resolve_state_machine_arn(data.get("stateMachineArn", ""))
        if machine and data.get("name") and sfn._state_machines[machine].get("type", "STANDARD") == "STANDARD":
            arn = f"{machine.replace(':stateMachine:', ':execution:')}:{data['name']}"
            earlier = sfn._executions.get(arn)
            if earlier and earlier["status"] == "RUNNING" and earlier["input"] == data.get("input", "{}"):
                return json_response({"executionArn": arn, "startDate": earlier["startDate"]})
        return original(data)

    return start


def start_execution_errors(original):
    """The optimized `states:startExecution` names errors `StepFunctions.<Error>Exception`.

    The SDK integration says `Sfn.`; ministack gives the API's bare error code.
    """

    def start(resource, arguments):
        try:
            return original(resource, arguments)
        except sfn._ExecutionError as error:
            if "." in error.error:
                raise
            name = error.error if error.error.endswith("Exception") else f"{error.error}Exception"
            raise sfn._ExecutionError(f"StepFunctions.{name}", error.cause) from None

    return start


def token_of_each_attempt(original):
    """`.waitForTaskToken`: every attempt has a token of its own; ministack gives a state one for all.

    https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-wait-token
    """

    def arguments(state, raw_input, ctx):
        if ".waitForTaskToken" in state.get("Resource", ""):
            ctx["Task"] = {"Token": sfn.new_uuid()}
            _waiting[ctx["Task"]["Token"]] = _machine.get()
        return original(state, raw_input, ctx)

    return arguments


def resource_of_token(original):
    """`SendTaskSuccess` and the like are allowed on the state machine that gave the token out; ministack takes them for calls without a resource.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
    """

    def resource(service, method, path, headers, body, *others):
        token = json.loads(body).get("taskToken") if service == "states" and b"taskToken" in (body or b"") else None
        return _waiting.get(token, "*") if token else original(service, method, path, headers, body, *others)

    return resource


def answered_or_failed(original):
    """`lambda:invoke.waitForTaskToken`: the machine's role invokes the function, and a function that fails fails the task.

    ministack calls it without a role, and goes on waiting whatever it says. On AWS a call that is not accepted is
    `TaskSubmitFailed`: https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
    """

    def invoke(resource, arguments, token, state):
        integration = resource.removesuffix(".waitForTaskToken")
        if not integration.endswith(":lambda:invoke"):
            return original(resource, arguments, token, state)
        answer = {"event": threading.Event(), "result": None, "error": None, "heartbeat": None}
        sfn._task_tokens[token] = answer
        try:
            sfn._invoke_resource(integration, arguments)
            if not answer["event"].wait(timeout=state.get("TimeoutSeconds", 99_999_999)):
                raise sfn._ExecutionError("States.Timeout", "Task timed out waiting for callback")
        finally:
            sfn._task_tokens.pop(token, None)
        if answer["error"]:
            raise sfn._ExecutionError(answer["error"]["Error"], answer["error"]["Cause"])
        return json.loads(answer["result"])

    return invoke


def limited_by_timeout(original):
    """A machine's own TimeoutSeconds ends the execution as TIMED_OUT.

    https://docs.aws.amazon.com/step-functions/latest/dg/statemachine-structure.html
    """

    def run(execution_arn):
        execution = sfn._executions[execution_arn]
        definition = json.loads(sfn._state_machines[execution["stateMachineArn"]]["definition"])
        seconds = definition.get("TimeoutSeconds")
        if seconds is None:
            return original(execution_arn)

        def expire():
            if execution["status"] == "RUNNING":
                execution.update(status="TIMED_OUT", stopDate=now_iso())
                sfn._add_event(execution, "ExecutionTimedOut", {})

        timer = threading.Timer(seconds, contextvars.copy_context().run, [expire])
        timer.daemon = True
        timer.start()
        try:
            return original(execution_arn)
        finally:
            timer.cancel()

    return run


def install() -> None:
    """Put each of the above in the place of ministack's own."""
    sfn._apply_state_assign = assign_at_once
    sfn._run_parallel_branches = parallel_with_jsonata(sfn._run_parallel_branches)
    sfn._apply_output_path = succeed_with_output(sfn._apply_output_path)
    sfn._find_matching_retrier = delay_within_limits(sfn._find_matching_retrier)
    sfn._error_matches = runtime_errors_escape(sfn._error_matches)
    sfn._execute_task = task_with_role(sfn._execute_task)
    sfn._invoke_resource = invoke_as_role(sfn._invoke_resource)
    sfn._apply_jsonata_arguments = token_of_each_attempt(sfn._apply_jsonata_arguments)
    iam_actions.extract_resource_arn = resource_of_token(iam_actions.extract_resource_arn)
    sfn._invoke_with_callback = answered_or_failed(sfn._invoke_with_callback)
    sfn._start_execution = start_once(sfn._start_execution)
    sfn._invoke_nested_start_execution = start_execution_errors(sfn._invoke_nested_start_execution)
    sfn._run_execution = limited_by_timeout(sfn._run_execution)
