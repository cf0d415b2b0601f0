"""What the states of a machine act on: functions that answer from a table of outcomes, and buses that remember.

Used inside the interpreters. The table is explained in generator.py.
"""

import copy
import json
import re
import threading
from collections import Counter

# When a state was entered, in the key of a step that may run again.
_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)")


class Failure(Exception):
    """A call that failed: the name and the cause that Step Functions gives it."""

    def __init__(self, error: str, cause: str):
        super().__init__(error)
        self.error, self.cause = error, cause


class World:
    """The functions and buses of one execution."""

    def __init__(self, outcomes: dict):
        self.log: list[dict] = []
        self._outcomes = outcomes
        self._made: Counter = Counter()
        self._lock = threading.Lock()

    def call(self, function: str, payload: dict):
        """Calls a function."""
        evc = payload["evc"]
        visit = _TIME.sub("TIME", evc.get("visit", ""))
        around = []
        for part in visit.split("/"):
            if not part.isdigit():
                break
            around.append(part)
        items = [*around, *([str(evc["item"])] if "item" in evc else [])]
        entry = {
            "step": evc["step"],
            "items": [int(item) for item in items],
            "function": function,
            "attempt": evc["attempt"],
            "visit": visit,
            "execution": evc["execution"],
            "timed": bool(_TIME.fullmatch(evc["started"])),
            "others": sorted(payload.keys() | evc.keys()),
            "input": payload.get("input"),
        }
        return self._outcome(entry)

    def publish(self, put: dict) -> dict:
        """Puts events, each of which says which step it comes from."""
        (event,) = put["Entries"]
        detail = event["Detail"] if isinstance(event["Detail"], dict) else json.loads(event["Detail"])
        detail = copy.deepcopy(detail)
        detail["metadata"]["occurredAt"] = _TIME.sub("TIME", detail["metadata"]["occurredAt"])
        entry = {
            "step": detail["step"],
            "items": [int(item) for item in detail["place"].split("/") if item],
            "bus": event["EventBusName"],
            "source": event["Source"],
            "type": event["DetailType"],
            "detail": detail,
        }
        self._outcome(entry)
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}

    def _outcome(self, entry: dict):
        key = "/".join(str(item) for item in entry["items"]) or "*"
        with self._lock:
            self.log.append(copy.deepcopy(entry))
            listed = self._outcomes[entry["step"]]
            listed = listed.get(key, listed["*"])
            made = self._made[(entry["step"], key)]
            self._made[(entry["step"], key)] += 1
        outcome = listed[min(made, len(listed) - 1)]
        if "ok" in outcome:
            return copy.deepcopy(outcome["ok"])
        cause = json.dumps({"errorType": outcome["error"], "errorMessage": outcome["message"]}, ensure_ascii=False)
        raise Failure(outcome["error"], cause)
