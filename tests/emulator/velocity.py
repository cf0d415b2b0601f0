"""Mapping templates of REST APIs: Velocity with `$input`, `$util` and `$context`, as API Gateway gives them to a template.

The Velocity engine is airspeed-ext, which follows API Gateway's. What stands here are the objects that a template sees, with
the methods and the printed forms of the Java objects that they are on AWS.
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
"""

import base64
import json
import math
import re
import urllib.parse

import airspeed


class JavaMap:
    """An object of a JSON document: a `java.util.Map`. What is in it is reached by methods alone, so that a key called
    `get` is a key."""

    def __init__(self, entries: dict):
        self._entries = entries

    def get(self, key):
        """The value of a key; null when there is none."""
        return self._entries.get(key)

    def containsKey(self, key):  # noqa: N802: the name in Java
        """Whether there is this key."""
        return key in self._entries

    def keySet(self):  # noqa: N802
        """The keys in the order of the document."""
        return list(self._entries)

    def size(self):
        """How many keys there are."""
        return len(self._entries)


class JavaDouble(float):
    """A number with a fraction or an exponent, printed as `Double.toString` does: `1.0E7`, not `10000000.0`.

    https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/lang/Double.html#toString(double)
    """

    def __str__(self) -> str:
        size = abs(self)
        if size == 0 or 1e-3 <= size < 1e7 or not math.isfinite(self):
            return float.__repr__(self)
        digits, exponent = f"{float.__repr__(self)}e0".split("e")[:2]
        sign = "-" if self < 0 else ""
        whole, _, fraction = digits.lstrip("-").partition(".")
        fraction = "" if fraction == "0" else fraction
        figures = (whole + fraction).lstrip("0")
        leading = len((whole + fraction)) - len(figures)
        power = int(exponent) + len(whole) - 1 - leading
        figures = figures.rstrip("0") or "0"
        return f"{sign}{figures[0]}.{figures[1:] or '0'}E{power}"


class Util:
    """`$util`."""

    def escapeJavaScript(self, text):  # noqa: N802
        """Commons Lang's function: also of `'` and `/`, and all but ASCII as `\\uXXXX`."""
        short = {'"': '\\"', "'": "\\'", "\\": "\\\\", "/": "\\/", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
        short |= {"\b": "\\b", "\f": "\\f"}
        if not isinstance(text, str):
            raise TypeError(f"escapeJavaScript takes text, found {text!r}")
        units = text.encode("utf-16-be", "surrogatepass")
        characters = (chr(int.from_bytes(units[at : at + 2], "big")) for at in range(0, len(units), 2))
        return "".join(short.get(c) or (c if " " <= c <= "~" else f"\\u{ord(c):04X}") for c in characters)

    def parseJson(self, text):  # noqa: N802
        """An object of a JSON text."""
        return parse(text)

    def urlEncode(self, text):  # noqa: N802
        """For a query string."""
        return urllib.parse.quote_plus(text)

    def urlDecode(self, text):  # noqa: N802
        """From a query string."""
        return urllib.parse.unquote_plus(text)

    def base64Encode(self, text):  # noqa: N802
        """UTF-8 as base64."""
        return base64.b64encode(text.encode()).decode()

    def base64Decode(self, text):  # noqa: N802
        """Base64 of UTF-8."""
        return base64.b64decode(text).decode()


class Input:
    """`$input`: the body of the request, or of the integration's response; and the parameters of the request in both."""

    def __init__(self, body: str, parameters: dict[str, dict]):
        self.body = body
        self._parameters = parameters

    def path(self, expression):
        """What stands at a path of the body, as an object."""
        return _at(parse(self.body or "{}"), expression)

    def json(self, expression):
        """What stands at a path of the body, as JSON."""
        return json.dumps(_at(json.loads(self.body or "{}"), expression), separators=(",", ":"))

    def params(self, name=None):
        """One parameter, looked for in path, query string and header, in this order; or all of them by place."""
        if name is None:
            return JavaMap({place: JavaMap(values) for place, values in self._parameters.items()})
        return next((values[name] for values in self._parameters.values() if name in values), "")


def render(template: str, body: str, parameters: dict[str, dict], context: dict) -> str:
    """What a template makes of a body. `context` is `$context`; the template may set its `responseOverride`."""
    return airspeed.Template(template).merge({"input": Input(body, parameters), "util": Util(), "context": context})


def parse(text: str):
    """A JSON document as the objects that a template sees."""
    return json.loads(text, object_hook=JavaMap, parse_float=JavaDouble)


def _at(document, expression: str):
    """The paths that templates use: `$`, `$.a.b`."""
    for name in re.findall(r"\.([^.\[\]]+)", expression):
        if isinstance(document, JavaMap):
            document = document.get(name)
        elif isinstance(document, dict):
            document = document.get(name)
        else:
            return ""
    return "" if document is None else document
