"""Tokens of an issuer of the tests, signed with RS256, for routes with `auth: { jwt: … }`.

The key is made when the first token is, in plain Python: nothing that signs is installed for that alone. The emulator gets the public part as a file
(`EVC_ISSUERS`, tests/emulator/tokens.py), since no address of an issuer resolves there.
"""

import base64
import functools
import hashlib
import json
import secrets
import time

# What AWS asks for at least: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
BITS = 2048
EXPONENT = 65537
# What stands before a SHA-256 hash in a signature: https://www.rfc-editor.org/rfc/rfc8017#section-9.2
SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")


class Issuer:
    """Who signs tokens: its address, and a key pair."""

    def __init__(self, url: str, audience: str):
        self.url = url
        self.audience = audience
        self.kid = "test"

    @functools.cached_property
    def _key(self) -> tuple[int, int]:
        """Modulus and private exponent."""
        while True:
            p, q = prime(BITS // 2), prime(BITS // 2)
            if p != q and (p - 1) * (q - 1) % EXPONENT:
                return p * q, pow(EXPONENT, -1, (p - 1) * (q - 1))

    def keys(self) -> dict:
        """Its key set, as its `jwks_uri` would give it."""
        modulus = self._key[0]
        number = modulus.to_bytes(BITS // 8, "big")
        key = {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": self.kid, "n": encoded(number), "e": "AQAB"}
        return {"keys": [key]}

    def token(self, subject: str | None, header: dict | None = None, **claims) -> str:
        """A token for an hour. A claim that is None is left out."""
        now = int(time.time())
        said = {"iss": self.url, "aud": self.audience, "sub": subject, "iat": now - 10, "exp": now + 3600, **claims}
        said = {name: value for name, value in said.items() if value is not None}
        signed = ".".join(part({"alg": "RS256", "typ": "JWT", "kid": self.kid, **(header or {})}, said))
        modulus, private = self._key
        block = b"\x00\x01" + SHA256 + hashlib.sha256(signed.encode()).digest()
        padding = b"\xff" * (BITS // 8 - len(block) - 1)
        block = block[:2] + padding + b"\x00" + block[2:]
        signature = pow(int.from_bytes(block, "big"), private, modulus)
        return f"{signed}.{encoded(signature.to_bytes(BITS // 8, 'big'))}"


def part(*documents: dict) -> list[str]:
    """JSON documents as parts of a token."""
    return [encoded(json.dumps(document).encode()) for document in documents]


def encoded(data: bytes) -> str:
    """Base64 for URLs, without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def prime(bits: int) -> int:
    """A random prime number."""
    while True:
        number = secrets.randbits(bits) | 3 << bits - 2 | 1
        if all(number % small for small in (3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)) and is_prime(number):
            return number


def is_prime(number: int) -> bool:
    """By Miller and Rabin: wrong once in 4 to the power of 20, at most."""
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(20):
        value = pow(secrets.randbelow(number - 3) + 2, odd, number)
        if value in (1, number - 1):
            continue
        for _ in range(twos - 1):
            value = value * value % number
            if value == number - 1:
                break
        else:
            return False
    return True


# The issuer of the cart system.
LOGIN = Issuer("https://login.shop.example", "shop")
# One that it does not know.
OTHER = Issuer("https://login.other.example", "shop")


def bearer(token: str) -> dict[str, str]:
    """The header that carries a token."""
    return {"Authorization": f"Bearer {token}"}
