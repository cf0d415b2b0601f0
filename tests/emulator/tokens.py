"""JWT authorizers of HTTP APIs: the keys of the tests' issuers, signatures without a library, and what the emulator does not look at.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
"""

import hashlib
import json
import os
import time
from pathlib import Path

from ministack.services import apigateway

# What stands before a SHA-256 hash in a signature: https://www.rfc-editor.org/rfc/rfc8017#section-9.2
SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")


def issuers() -> dict[str, dict]:
    """The key sets of the tests' issuers, by their addresses."""
    path = os.environ.get("EVC_ISSUERS")
    return json.loads(Path(path).read_text(encoding="utf-8")) if path else {}


async def jwks_url(authorizer: dict) -> str | None:
    """Where the issuer's keys are: AWS reads it from the issuer's `/.well-known/openid-configuration`; here no issuer has an address."""
    configuration = authorizer.get("jwtConfiguration") or {}
    return configuration.get("issuer") or configuration.get("Issuer")


async def keys(url: str) -> dict:
    """The keys of an issuer."""
    return issuers().get(url, {"keys": []})


def is_signed(token: str, key: dict) -> bool:
    """RSASSA-PKCS1-v1_5 with SHA-256: https://www.rfc-editor.org/rfc/rfc8017#section-8.2.2. Only RSA-based algorithms are supported, and a token says its own."""
    header, claims, signature = token.split(".")
    if json.loads(apigateway._b64url_decode(header)).get("alg") != "RS256":
        return False
    modulus = int.from_bytes(apigateway._b64url_decode(key["n"]), "big")
    exponent = int.from_bytes(apigateway._b64url_decode(key["e"]), "big")
    length = (modulus.bit_length() + 7) // 8
    data = apigateway._b64url_decode(signature)
    if len(data) != length:
        return False
    block = pow(int.from_bytes(data, "big"), exponent, modulus).to_bytes(length, "big")
    hashed = SHA256 + hashlib.sha256(f"{header}.{claims}".encode()).digest()
    return block == b"\x00\x01" + b"\xff" * (length - len(hashed) - 3) + b"\x00" + hashed


def with_expiry(original):
    """`exp` must be after the current time: the emulator lets a token in that has none."""

    async def validate(route, authorizer, headers, query):
        claims, scopes, refused = await original(route, authorizer, headers, query)
        if refused is None and not (isinstance(claims.get("exp"), int) and claims["exp"] > time.time()):
            return None, None, apigateway._jwt_unauthorized()
        return claims, scopes, refused

    return validate


def install() -> None:
    """Replace where keys come from and how signatures are verified."""
    apigateway._resolve_jwks_url = jwks_url
    apigateway._fetch_jwks = keys
    apigateway._verify_rs256_signature = is_signed
    apigateway._validate_jwt_authorizer = with_expiry(apigateway._validate_jwt_authorizer)
