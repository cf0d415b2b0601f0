"""ElastiCache: serverless caches, which ministack does not know, and users as the server behind them sees them.

There is one Redis behind all caches: the one that `EVC_CACHE_HOST` and `EVC_CACHE_PORT` name (tests/e2e/cache.py).
"""

import os
import subprocess

from ministack.services.cloudformation import provisioners

ACCOUNT = "000000000000"


def serverless_create(logical_id, properties, stack):
    """`AWS::ElastiCache::ServerlessCache`.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-elasticache-serverlesscache.html
    """
    name = properties.get("ServerlessCacheName") or provisioners._physical_name(stack, logical_id, max_len=40)
    host, port = os.environ["EVC_CACHE_HOST"], os.environ["EVC_CACHE_PORT"]
    return name, {
        "ARN": f"arn:aws:elasticache:{os.environ['AWS_REGION']}:{ACCOUNT}:serverlesscache:{name}",
        "Endpoint.Address": host,
        "Endpoint.Port": port,
        "ReaderEndpoint.Address": host,
        "ReaderEndpoint.Port": port,
        "Status": "available",
        "FullEngineVersion": "9.0",
    }


def serverless_update(name, _old, _properties, _stack):
    """Nothing of a cache that stacks of the tests change."""
    return serverless_create(name, {"ServerlessCacheName": name}, "")


def serverless_delete(_name, _properties):
    """The server is not ours to stop."""


def user_on_the_server(original):
    """`AWS::ElastiCache::User`: the server gets the user with its access string. It takes any password, since it cannot tell what an
    IAM token is worth.

    https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Clusters.RBAC.html
    """

    def provision(*arguments, **named):
        properties = arguments[1] if len(arguments) == 3 else arguments[2]
        if port := os.environ.get("EVC_CACHE_PORT"):
            rules = ["reset", "nopass", *properties["AccessString"].split()]
            server = ["-h", os.environ["EVC_CACHE_HOST"], "-p", port, "--tls", "--cacert", os.environ["SSL_CERT_FILE"]]
            command = ["redis-cli", *server, "ACL", "SETUSER", properties["UserName"], *rules]
            done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
            if done.stdout.strip() != "OK":
                raise ValueError(f"the access string is refused: {done.stdout}{done.stderr}")
        return original(*arguments, **named)

    return provision


def install() -> None:
    """Register the serverless cache and wrap users."""
    handlers = provisioners._RESOURCE_HANDLERS
    cache = {"create": serverless_create, "update": serverless_update, "delete": serverless_delete}
    handlers["AWS::ElastiCache::ServerlessCache"] = cache
    user = handlers["AWS::ElastiCache::User"]
    for verb in ("create", "update"):
        if verb in user:
            user[verb] = user_on_the_server(user[verb])
