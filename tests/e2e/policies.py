"""The policies of a stack against the calls that were really made: nothing missing, nothing unused."""

import fnmatch

from stack import Stack

# Made by AWS itself with the role, through no API of the emulator: writing logs, traces and log deliveries.
UNSEEN = (
    "logs:*",
    "xray:*",
)


def problems(stack: Stack, unexercised: dict[str, str]) -> list[str]:
    """What is wrong with the stack's roles after the tests ran: calls that were refused, grants that nobody used.

    `unexercised` names actions that no test leads to, each with the reason.
    """
    roles = stack.resources("AWS::IAM::Role")
    decisions = [decision for decision in stack.emulator.decisions() if decision["role"] in roles.values()]
    refused = {
        f"{logical_id(roles, decision['role'])}: {decision['action']} on {decision['resource']} was refused"
        for decision in decisions
        if not decision["allowed"] and (decision["action"], decision["resource"]) not in stack.broken
    }
    unused = {
        f"{logical}: {action} on {resource} is granted and was never used"
        for logical, role in roles.items()
        for action, resource in grants(stack, role)
        if not _matches_any(action, (*UNSEEN, *unexercised))
        and not any(_covers(action, resource, decision) for decision in decisions if decision["role"] == role)
    }
    return sorted(refused | unused)


def grants(stack: Stack, role: str) -> list[tuple[str, str]]:
    """Each action and resource that the inline policies of a role allow."""
    iam = stack.client("iam")
    allowed = []
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for statement in _listed(document["Statement"]):
            assert statement["Effect"] == "Allow", f"{role}: only Allow statements are expected"
            allowed += [(a, r) for a in _listed(statement["Action"]) for r in _listed(statement["Resource"])]
    return allowed


def logical_id(roles: dict[str, str], role: str) -> str:
    """The template's name of a role."""
    return next(logical for logical, physical in roles.items() if physical == role)


def _covers(action: str, resource: str, decision: dict) -> bool:
    return (
        decision["allowed"]
        and fnmatch.fnmatch(decision["action"].lower(), action.lower())
        and fnmatch.fnmatchcase(decision["resource"], resource)
    )


def _matches_any(action: str, patterns) -> bool:
    return any(fnmatch.fnmatch(action, pattern) for pattern in patterns)


def _listed(value) -> list:
    """A policy element as a list: IAM takes one or several."""
    return value if isinstance(value, list) else [value]
