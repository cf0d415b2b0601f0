"""REST APIs: request validators that refuse, mapping templates that are Velocity, and routes straight to DynamoDB and Step
Functions with the role they name.

ministack has the gateway's own errors, keys, usage plans, throttling and models. What is missing there is replaced here.
"""

import contextvars
import json
import re
import time

import jsonschema
from ministack.core.responses import get_account_id, get_region, new_uuid
from ministack.services import apigateway_v1 as rest
from ministack.services import dynamodb, stepfunctions
from ministack.services.cloudformation import provisioners

import authority
import velocity
from apis import GATEWAY
from rest_tokens import claims_in_templates, told_in_templates

# What an action is called on the wire, by the service's name in an integration's URI.
SERVICES = {
    "dynamodb": ("DynamoDB_20120810", dynamodb.handle_request),
    "states": ("AWSStepFunctions", stepfunctions.handle_request),
}
JSON = {"Content-Type": "application/json"}
CHECKS = ("ValidateRequestBody", "ValidateRequestParameters")

_request = contextvars.ContextVar("the request that is answered")


def validator_create(_logical_id, properties, _stack):
    """`AWS::ApiGateway::RequestValidator`, which ministack accepts and forgets.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigateway-requestvalidator.html
    """
    checks = {name[0].lower() + name[1:]: properties.get(name) for name in CHECKS}
    checks = {name: str(value).lower() == "true" for name, value in checks.items()}
    data = {"name": properties.get("Name", ""), **checks}
    status, _headers, body = rest._create_request_validator(properties["RestApiId"], data)
    if status >= 400:
        raise ValueError(body)
    id = json.loads(body)["id"]
    return id, {"RequestValidatorId": id}


def method_with_validator(original):
    """`AWS::ApiGateway::Method`: `RequestValidatorId`, which ministack drops.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigateway-method.html
    """

    def create(logical_id, properties, stack):
        made = original(logical_id, properties, stack)
        api, resource, method = (properties[name] for name in ("RestApiId", "ResourceId", "HttpMethod"))
        stored = rest._resources[api][resource]["resourceMethods"][method]
        stored["requestValidatorId"] = properties.get("RequestValidatorId")
        return made

    return create


def settings_by_path(original):
    """Settings of one method of a stage: CloudFormation writes the slashes of its path as `~1`, which ministack keeps.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-apigateway-stage-methodsetting.html
    """

    def read(settings):
        def plain(item):
            path = item.get("ResourcePath", "/*")
            return item if "~1" not in path else {**item, "ResourcePath": path[1:].replace("~1", "/")}

        return original([plain(item) for item in settings or []])

    return read


def validation_by_content_type(original):
    """A body is checked by the model of its content type; one without a model is not checked, and what is wrong is told.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-request-validation.html: "the request
    payload matches the JSON schema model of the method for a given content type".
    `$context.error.validationErrorString`, as text for JSON:
    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
    """

    def check(method, api_id, request, headers, body, query):
        kind = (rest._header_ci(headers, "content-type") or "application/json").split(";", 1)[0].strip().lower()
        models = method.get("requestModels") or {}
        if kind not in models:
            method = {**method, "requestModels": {}}
        error = original(method, api_id, request, headers, body, query)
        if error is not None and error.response_type == "BAD_REQUEST_BODY":
            request["validation"] = what_is_wrong(rest._model_schema(api_id, models[kind]), body)
        return error

    return check


def what_is_wrong(schema, body) -> str:
    """Every violation of a schema, in words."""
    try:
        document = json.loads(body)
    except ValueError as error:
        return f"[{error}]"
    errors = jsonschema.Draft4Validator(schema).iter_errors(document)
    return "[" + ", ".join(f"{'/'.join(map(str, error.path))} {error.message}".strip() for error in errors) + "]"


def gateway_error_with_validation(original):
    """The variable above in the template of a gateway response."""

    def respond(error, request):
        status, headers, body = original(error, request)
        text = json.dumps(request.get("validation", ""))[1:-1]
        return status, single_case(headers), body.replace(b"$context.error.validationErrorString", text.encode())

    return respond


def single_case(headers: dict) -> dict:
    """Headers whose last value wins, whatever the case of its name: a gateway response may set `Content-Type`."""
    kept = {name.lower(): (name, value) for name, value in headers.items()}
    return dict(kept.values())


def service_integration(original):
    """An `AWS` integration with an action of DynamoDB or Step Functions: request template, role, call, response template.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-integration-settings.html
    """

    async def invoke(integration, api_id, stage_name, stage, resource, path, method, headers, body, query, found, **more):
        target = rest._parse_service_integration_uri(integration.get("uri", ""))
        if not target or target[2] != "action" or target[1] not in SERVICES:
            return await original(
                integration, api_id, stage_name, stage, resource, path, method, headers, body, query, found, **more
            )
        request = Request(api_id, stage_name, resource, method, headers, query, found)
        template = (integration.get("requestTemplates") or {}).get("application/json")
        sent = request.render(template, (body or b"").decode())
        status, answer = await call(target[1], target[3], integration.get("credentials"), sent)
        return request.respond(integration, status, answer)

    return invoke


async def call(service: str, action: str, role: str | None, payload: str) -> tuple[int, str]:
    """Call a service with a role's rights."""
    prefix, handle = SERVICES[service]
    try:
        resource = resource_of(service, json.loads(payload))
    except ValueError:
        return 400, json.dumps({"__type": "com.amazon.coral.service#SerializationException"})
    if not role or not authority.role_trusts(role, GATEWAY):
        # API Gateway cannot assume the role.
        return 500, json.dumps({"__type": "InternalServerError"})
    if not authority.role_allows(role, f"{service}:{action}", resource):
        return 400, json.dumps({"__type": "com.amazon.coral.service#AccessDeniedException"})
    headers = {"x-amz-target": f"{prefix}.{action}"}
    status, _headers, body = await handle("POST", "/", headers, payload.encode(), {})
    return status, body.decode() if isinstance(body, bytes) else body


def resource_of(service: str, payload: dict) -> str:
    """What an action is authorised on.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
    """
    if service == "states":
        return payload.get("stateMachineArn", "")
    table = f"arn:aws:dynamodb:{get_region()}:{get_account_id()}:table/{payload.get('TableName')}"
    return f"{table}/index/{payload['IndexName']}" if "IndexName" in payload else table


def identity(headers: dict) -> dict:
    """Whose key a request has: its id, and not what it is.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
    """
    key = rest._resolve_api_key(rest._api_key_from_request(headers))
    return {"apiKeyId": key["id"]} if key else {}


class Request:
    """One request on its way through templates: parameters and context are the same in the request and the response."""

    def __init__(self, api_id, stage, resource, method, headers, query, found):
        first = {name: value[0] if isinstance(value, list) else value for name, value in (query or {}).items()}
        self.parameters = {"path": dict(found or {}), "querystring": first, "header": dict(headers or {})}
        self.context = {
            "requestId": new_uuid(),
            "requestTimeEpoch": int(time.time() * 1000),
            "apiId": api_id,
            "stage": stage,
            "httpMethod": method,
            "resourcePath": resource["path"],
            "identity": identity(headers or {}),
        }
        if claims := claims_in_templates.get():
            self.context["authorizer"] = {"claims": claims}
        elif told := told_in_templates.get():
            self.context["authorizer"] = told

    def render(self, template: str | None, body: str) -> str:
        """What a template makes of a body; without a template the body."""
        return body if template is None else velocity.render(template, body, self.parameters, self.context)

    def respond(self, integration: dict, status: int, answer: str):
        """The response: by the status of the integration, unless its template overrides status or headers.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-override-request-response-parameters.html
        """
        chosen = rest._select_service_integration_response(integration, status)
        if chosen is None:
            return 500, dict(JSON), json.dumps({"message": "Internal server error"}).encode()
        mapped = {
            name.removeprefix("method.response.header."): value[1:-1]
            for name, value in (chosen.get("responseParameters") or {}).items()
        }
        self.context["responseOverride"] = {"header": {}}
        body = self.render((chosen.get("responseTemplates") or {}).get("application/json"), answer)
        overridden = self.context["responseOverride"]
        headers = single_case({**JSON, **mapped, **overridden["header"]})
        return int(overridden.get("status") or chosen["statusCode"]), headers, body.encode()


def execution_with_request(original):
    """Keep the request at hand for `mock`, which is given the integration alone."""

    async def execute(request, api_id, stage_name, method, path, headers, *others):
        current = Request(api_id, stage_name, {"path": path}, method, headers, request["query_params"], {})
        token = _request.set(current)
        try:
            return await original(request, api_id, stage_name, method, path, headers, *others)
        finally:
            _request.reset(token)

    return execute


def mock(integration: dict):
    """`MOCK`, whose templates ministack copies as they are: they are Velocity as well, and see the request.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-mock-integration.html
    """
    request = _request.get()
    template = (integration.get("requestTemplates") or {}).get("application/json")
    status = re.search(r'"statusCode"\s*:\s*(\d+)', request.render(template, ""))
    return request.respond(integration, int(status.group(1)) if status else 500, "{}")


def proxy_with_permission(original):
    """A function behind a REST API needs a `AWS::Lambda::Permission` for its method and path, or the answer is 500.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/arn-format-reference.html
    """

    async def invoke(integration, api_id, stage_name, stage, resource, path, method, *rest_of_it, **named):
        place = f"{api_id}/{stage_name}/{method}{resource['path']}"
        source = f"arn:aws:execute-api:{get_region()}:{get_account_id()}:{place}"
        function = rest._extract_lambda_ref_from_integration_uri(integration.get("uri", ""))
        if not authority.function_admits(function, GATEWAY, source):
            return rest._gw_error("API_CONFIGURATION_ERROR", "Internal server error")
        return await original(integration, api_id, stage_name, stage, resource, path, method, *rest_of_it, **named)

    return invoke


def install() -> None:
    """Register the resource types and wrap the steps of a request."""
    handlers = provisioners._RESOURCE_HANDLERS
    handlers["AWS::ApiGateway::RequestValidator"] |= {"create": validator_create}
    # ministack's update calls its create by the name in its module.
    provisioners._apigw_method_create = method_with_validator(provisioners._apigw_method_create)
    handlers["AWS::ApiGateway::Method"]["create"] = provisioners._apigw_method_create
    provisioners._apigw_method_settings = settings_by_path(provisioners._apigw_method_settings)
    rest._check_request_validation = validation_by_content_type(rest._check_request_validation)
    rest._gateway_error_response = gateway_error_with_validation(rest._gateway_error_response)
    rest._execute_in_scope = execution_with_request(rest._execute_in_scope)
    rest._invoke_mock_v1 = mock
    rest._invoke_lambda_custom_v1 = service_integration(rest._invoke_lambda_custom_v1)
    rest._invoke_lambda_proxy_v1 = proxy_with_permission(rest._invoke_lambda_proxy_v1)
