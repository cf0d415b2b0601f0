"""API Gateway: HTTP APIs invoke a function only when its resource policy admits them, and know the CORS of a template."""

import json

from ministack.core.responses import get_account_id, get_region
from ministack.services import apigateway

import authority

GATEWAY = "apigateway.amazonaws.com"


def proxy_with_permission(original):
    """A missing `AWS::Lambda::Permission` is the caller's 500, as on AWS.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-troubleshooting-lambda.html
    The source is `arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/PATH` with the route's own path (`{id}`).
    """

    async def invoke(
        integration, api_id, stage, path, method, headers, body, query, route_key="$default", *rest, **named
    ):
        route = route_key.replace(" ", "", 1) if route_key != "$default" else "$default"
        source = f"arn:aws:execute-api:{get_region()}:{get_account_id()}:{api_id}/{stage}/{route}"
        function = apigateway._extract_lambda_ref_from_integration_uri(integration.get("integrationUri", ""))
        if not authority.function_admits(function, GATEWAY, source):
            return 500, {"Content-Type": "application/json"}, json.dumps({"message": "Internal Server Error"}).encode()
        return await original(
            integration, api_id, stage, path, method, headers, body, query, route_key, *rest, **named
        )

    return invoke


def with_cors_of_template(original):
    """CloudFormation's `AllowOrigins` is the API's `allowOrigins`: the emulator keeps the template's keys, and finds none.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-apigatewayv2-api-cors.html
    """

    def answer(cors: dict, origin: str):
        return original({key[:1].lower() + key[1:]: value for key, value in cors.items()}, origin)

    return answer


def install() -> None:
    """Wrap the Lambda proxy integration of HTTP APIs, and their CORS."""
    apigateway._invoke_lambda_proxy = proxy_with_permission(apigateway._invoke_lambda_proxy)
    apigateway._cors_response_headers = with_cors_of_template(apigateway._cors_response_headers)
    apigateway._cors_preflight_response = with_cors_of_template(apigateway._cors_preflight_response)
