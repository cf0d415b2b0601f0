"""Requests signed with Signature Version 4, for routes with `auth: iam`."""

from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


def signed(method: str, url: str, body: str | None = None, headers: dict | None = None) -> dict[str, str]:
    """The headers of a request to an API, its signature among them."""
    host = urlsplit(url).netloc.replace(".us-east-1.amazonaws.com", ".localhost")
    sent = {"Host": host, "Content-Type": "application/json", **(headers or {})}
    request = AWSRequest(method, url, data=body, headers=sent)
    SigV4Auth(Credentials("test", "test"), "execute-api", "us-east-1").add_auth(request)
    return dict(request.headers)
