"""JWT authorizers of REST APIs, which ministack does not have: tokens are checked, and claims handed over, as AWS documents it.

https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-jwt-authorizer.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-jwt-authorizer-claims.html
"""

import contextvars
import json
import time

from ministack.services import apigateway
from ministack.services import apigateway_v1 as rest
from ministack.services.cloudformation import provisioners

import tokens

# The claims of the request that is answered, as templates see them: each the text of its JSON.
claims_in_templates = contextvars.ContextVar("claims", default=None)

# What a Lambda authorizer says of who sent the request that is answered, as templates see it: texts.
told_in_templates = contextvars.ContextVar("told", default=None)


def authorizer_with_tokens(original):
    """`AWS::ApiGateway::Authorizer` of type `JWT`: its configuration, which ministack drops.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-apigateway-authorizer-jwtconfiguration.html
    """

    def create(logical_id, properties, stack):
        configuration = properties.get("JwtConfiguration")
        if properties.get("Type") != "JWT":
            return original(logical_id, properties, stack)
        if not configuration or not configuration.get("Issuers") or not configuration.get("DefaultAlgorithms"):
            raise ValueError("a JWT authorizer needs issuers and algorithms")
        id, attributes = original(logical_id, properties, stack)
        rest._authorizers_v1[properties["RestApiId"]][id]["jwtConfiguration"] = configuration
        return id, attributes

    return create


def authorized(original):
    """A method with `AuthorizationType: JWT`: 401 for no token or a wrong one, 403 for one without a scope that it needs."""

    async def authorize(api_id, stage_name, method, *others):
        claims_in_templates.set(None)
        told_in_templates.set(None)
        if (method.get("authorizationType") or "").upper() != "JWT":
            refused, told = await original(api_id, stage_name, method, *others)
            told_in_templates.set(told)
            return refused, told
        headers = others[3]
        authorizer = rest._authorizers_v1.get(api_id, {}).get(method.get("authorizerId"))
        if not authorizer:
            return rest._gw_error("AUTHORIZER_CONFIGURATION_ERROR", "Internal server error"), None
        claims = checked(authorizer["jwtConfiguration"], rest._header_ci(headers, "authorization") or "")
        if claims is None:
            return rest._gw_error("UNAUTHORIZED", "Unauthorized"), None
        needed = method.get("authorizationScopes") or []
        if needed and not set(needed) & set(rest._token_scopes(claims)):
            return rest._gw_error("ACCESS_DENIED", "User is not authorized to access this resource"), None
        claims_in_templates.set({name: json.dumps(value) for name, value in claims.items()})
        return None, {"claims": claims}

    return authorize


def checked(configuration: dict, header: str) -> dict | None:
    """The claims of a token that is all right."""
    try:
        token = header.removeprefix("Bearer ").strip()
        head, claims = (json.loads(apigateway._b64url_decode(part)) for part in token.split(".")[:2])
        known = [it for it in configuration["Issuers"] if it["Issuer"] == claims.get("iss")]
        keys = tokens.issuers().get(claims.get("iss"), {}).get("keys", [])
        key = next((key for key in keys if key["kid"] == head.get("kid")), None)
        if not known or not key or head.get("alg") not in configuration["DefaultAlgorithms"]:
            return None
        if not tokens.is_signed(token, key):
            return None
        times = {name: claims[name] for name in ("exp", "nbf", "iat") if name in claims}
        now = time.time()
        if not times.get("exp", 0) > now or times.get("nbf", 0) > now or times.get("iat", 0) > now:
            return None
    except (ValueError, TypeError, AttributeError):
        return None
    audience = claims.get("aud", claims.get("client_id"))
    if not set(audience if isinstance(audience, list) else [audience]) & set(known[0]["Audiences"]):
        return None
    return claims if all(holds(rule, claims) for rule in known[0].get("AdditionalClaims", [])) else None


def holds(rule: dict, claims: dict) -> bool:
    """https://docs.aws.amazon.com/apigateway/latest/api/API_JwtAdditionalClaim.html"""
    name, expected = rule["ClaimName"], rule.get("ExpectedValues")
    if name not in claims:
        return str(rule.get("Required")).lower() != "true"
    return isinstance(claims[name], str) and (not expected or claims[name] in expected)


def install() -> None:
    """Register the authorizer, and check before anything is called."""
    handlers = provisioners._RESOURCE_HANDLERS
    create = authorizer_with_tokens(provisioners._apigw_authorizer_create)
    provisioners._apigw_authorizer_create = create
    handlers["AWS::ApiGateway::Authorizer"]["create"] = create
    rest._authorize_request_v1 = authorized(rest._authorize_request_v1)
