"""Lambda authorizers of both kinds of API: asked only with leave, and without a source of identity where the template names none.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/configure-api-gateway-lambda-authorization.html
"""

from ministack.services import apigateway
from ministack.services import apigateway_v1 as rest
from ministack.services.cloudformation import provisioners

import authority
from apis import GATEWAY


def with_permission(original, arn_of: str, id_of: str):
    """A missing `AWS::Lambda::Permission` of the authorizer is a failed authorizer: 500.

    The source is `arn:aws:execute-api:REGION:ACCOUNT:API/authorizers/AUTHORIZER`.
    """

    async def invoke(authorizer, event, account_id, region):
        source = f"{event[arn_of].split('/', 1)[0]}/authorizers/{authorizer[id_of]}"
        function = apigateway._extract_lambda_ref_from_integration_uri(authorizer.get("authorizerUri", ""))
        if not authority.function_admits(function, GATEWAY, source):
            return None
        return await original(authorizer, event, account_id, region)

    return invoke


def without_a_default(original):
    """`IdentitySource` is optional of a `REQUEST` authorizer, and has no default: ministack asks for `Authorization`."""

    def create(logical_id, properties, *others):
        if (properties.get("AuthorizerType") or properties.get("Type")) == "REQUEST":
            properties = {"IdentitySource": [] if "AuthorizerType" in properties else "", **properties}
        return original(logical_id, properties, *others)

    return create


def install() -> None:
    """Wrap what asks, and what makes authorizers."""
    ask = with_permission(apigateway._invoke_request_authorizer_lambda, "routeArn", "authorizerId")
    apigateway._invoke_request_authorizer_lambda = ask
    rest._invoke_authorizer_lambda = with_permission(rest._invoke_authorizer_lambda, "methodArn", "id")
    handlers = provisioners._RESOURCE_HANDLERS
    for type in ("AWS::ApiGatewayV2::Authorizer", "AWS::ApiGateway::Authorizer"):
        handlers[type]["create"] = without_a_default(handlers[type]["create"])
