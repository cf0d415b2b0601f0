"""API Gateway: HTTP APIs invoke a function only when its resource policy admits them."""

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


def install() -> None:
    """Wrap the Lambda proxy integration of HTTP APIs."""
    apigateway._invoke_lambda_proxy = proxy_with_permission(apigateway._invoke_lambda_proxy)
