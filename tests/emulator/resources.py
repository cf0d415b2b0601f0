"""CloudFormation: the resource types and properties that ministack does not know or silently ignores."""

import json
import string

from ministack.services import dynamodb, eventbridge, secretsmanager
from ministack.services.cloudformation import provisioners


def archive_create(logical_id, properties, stack):
    """`AWS::Events::Archive`, through the service's own CreateArchive.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-archive.html
    """
    name = properties.get("ArchiveName") or provisioners._physical_name(stack, logical_id, max_len=48)
    _succeed(eventbridge._create_archive({"ArchiveName": name, **_archive_settings(properties)}))
    return name, _archive_attributes(name)


def archive_update(name, _old, properties, _stack):
    """Change an archive in place; its name and source are create-only and stay."""
    eventbridge._archives[name].update(_archive_settings(properties))
    return name, _archive_attributes(name)


def archive_delete(name, _properties):
    """Forget the archive and its events."""
    eventbridge._archives.pop(name, None)


def _archive_settings(properties: dict) -> dict:
    settings = {
        "EventSourceArn": properties["SourceArn"],
        "Description": properties.get("Description", ""),
        "RetentionDays": int(properties.get("RetentionDays", 0)),
    }
    if pattern := properties.get("EventPattern"):
        settings["EventPattern"] = pattern if isinstance(pattern, str) else json.dumps(pattern)
    return settings


def _archive_attributes(name: str) -> dict:
    return {"Arn": eventbridge._archives[name]["ArchiveArn"], "ArchiveName": name}


def table_with_settings(original):
    """`AWS::DynamoDB::Table`: time to live, point-in-time recovery and encryption, which ministack drops.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html
    """

    def provision(*arguments, **named):
        # create(logical_id, properties, stack) and update(physical_id, old, properties, stack): properties come before
        # the stack's name in both.
        properties = arguments[1] if len(arguments) == 3 else arguments[2]
        name, attributes = original(*arguments, **named)
        if ttl := properties.get("TimeToLiveSpecification"):
            specification = {**ttl, "Enabled": _true(ttl)}
            _succeed(dynamodb._update_ttl({"TableName": name, "TimeToLiveSpecification": specification}))
        if recovery := properties.get("PointInTimeRecoverySpecification"):
            enabled = {"PointInTimeRecoveryEnabled": _true(recovery, "PointInTimeRecoveryEnabled")}
            dynamodb._update_continuous_backups({"TableName": name, "PointInTimeRecoverySpecification": enabled})
        if encryption := properties.get("SSESpecification"):
            specification = {"Enabled": _true(encryption, "SSEEnabled"), "SSEType": encryption.get("SSEType", "KMS")}
            dynamodb._tables[name]["SSEDescription"] = dynamodb._sse_description_from_spec(specification)
        return name, attributes

    return provision


def alarm_with_expression(provision):
    """Alarms on a metric math expression, which the emulator refuses. It has no Lambda metrics, so none of its alarms ever
    goes off: such an alarm is put as one on the expression's first metric, to be described and deleted like any other.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudwatch-alarm.html
    """

    def put(*arguments):
        def plain(value):
            if not isinstance(value, dict) or "Metrics" not in value:
                return value
            stat = next(metric["MetricStat"] for metric in value["Metrics"] if "MetricStat" in metric)
            rest = {key: inner for key, inner in value.items() if key != "Metrics"}
            return rest | stat["Metric"] | {"Statistic": stat["Stat"], "Period": stat["Period"]}

        return provision(*map(plain, arguments))

    return put


def composite_create(logical_id, properties, stack):
    """`AWS::CloudWatch::CompositeAlarm`: it is there, under a name. No alarm ever goes off here, and so does none that goes by them.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudwatch-compositealarm.html
    """
    if not properties.get("AlarmRule"):
        raise ValueError("AlarmRule is required")
    name = properties.get("AlarmName") or provisioners._physical_name(stack, logical_id, max_len=255)
    return name, {"Arn": f"arn:aws:cloudwatch:us-east-1:000000000000:alarm:{name}"}


def composite_update(name, _old, _properties, _stack):
    """Change it in place."""
    return name, {"Arn": f"arn:aws:cloudwatch:us-east-1:000000000000:alarm:{name}"}


def secret_create(logical_id, properties, stack):
    """`AWS::SecretsManager::Secret`: `Ref` gives its ARN; a value that is made up has no punctuation where the template wants none; and
    without a value there is no version.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-secretsmanager-secret.html
    """
    made_up = dict(properties.get("GenerateSecretString") or {})
    if made_up and _true(made_up, "ExcludePunctuation"):
        made_up["ExcludeCharacters"] = made_up.get("ExcludeCharacters", "") + string.punctuation
    if made_up:
        made_up["PasswordLength"] = int(made_up.get("PasswordLength", 32))
        properties = {**properties, "GenerateSecretString": made_up}
    name, attributes = provisioners._sm_secret_create(logical_id, properties, stack)
    if not made_up and "SecretString" not in properties:
        secretsmanager._secrets[name]["Versions"] = {}
    return attributes["Arn"], attributes


def secret_update(arn, old, properties, stack, logical_id=None):
    """Change a secret in place."""
    _, attributes = provisioners._sm_secret_update(_secret_name(arn), old, properties, stack, logical_id)
    return attributes["Arn"], attributes


def secret_delete(arn, properties):
    """Forget a secret with its value."""
    provisioners._sm_secret_delete(_secret_name(arn), properties)


def _secret_name(arn: str) -> str:
    return next((name for name, secret in secretsmanager._secrets.items() if secret["ARN"] == arn), arn)


def _true(properties: dict, key: str = "Enabled") -> bool:
    """A CloudFormation boolean: a mapping's value arrives as text."""
    return str(properties.get(key)).lower() == "true"


def _succeed(response) -> None:
    """Fail the resource when the service's answer is an error."""
    status, _headers, body = response
    if status >= 400:
        raise ValueError(body if isinstance(body, str) else body.decode())


def install() -> None:
    """Register the types of archives, composite alarms and secrets, and wrap those of tables and alarms."""
    handlers = provisioners._RESOURCE_HANDLERS
    handlers["AWS::Events::Archive"] = {"create": archive_create, "update": archive_update, "delete": archive_delete}
    handlers["AWS::CloudWatch::CompositeAlarm"] = {
        "create": composite_create,
        "update": composite_update,
        "delete": lambda _name, _properties: None,
    }
    handlers["AWS::SecretsManager::Secret"].update(create=secret_create, update=secret_update, delete=secret_delete)
    table = handlers["AWS::DynamoDB::Table"]
    table["create"] = table_with_settings(table["create"])
    table["update"] = table_with_settings(table["update"])
    alarm = handlers["AWS::CloudWatch::Alarm"]
    for verb in ("create", "update"):
        if verb in alarm:
            alarm[verb] = alarm_with_expression(alarm[verb])
