"""Random mapping templates with what airspeed-ext makes of them, as cases for the interpreter of `evc dev`.

    target/tools/emulator/bin/python tests/velocity.py [SEED] > compiler/local/src/velocity/cases.json

The templates have what both have: `#set`, `#if`, `#foreach`, references, methods, operators, `$input` and `$util`. What airspeed-ext does otherwise
than Velocity's user guide says is left out: properties of maps, conditions that are no boolean, texts of lists, escapes with `\\`, the ends of lines after `#foreach`, words after `#end`.
"""

import json
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "emulator"))

import velocity  # noqa: E402: found by the line above

CASES = 400
BODY = {"name": 'it\'s "x" \\ ü', "n": 7, "price": 109.97, "big": 12345678.9, "yes": True, "no": False, "tags": ["a", "b", "c"], "deep": {"k": {"v": "end"}, "none": None}, "lines": [{"id": "p-1", "count": 2}, {"id": "p-2", "count": 30}]}
PARAMETERS = {"path": {"id": "42"}, "querystring": {"q": "a b&c"}, "header": {"X-Trace": "t/1"}}
CONTEXT = {"requestId": "r-1", "stage": "live", "identity": {"sourceIp": "1.2.3.4"}}
TEXTS = [
    "$body.get('name')", "$body.get('name')", "$input.path('$.deep.k.v')", "$input.params('id')", "$input.params('q')", "$context.requestId",
    "$context.identity.sourceIp", "$t", "${t}", "$body.get('tags').get(1)", "$body.get('lines').get(0).get('id')",
]  # fmt: skip
NUMBERS = ["$n", "$body.get('n')", "3", "-4", "$body.get('tags').size()", "$body.get('lines').get(1).get('count')", "$input.path('$.n')"]
LITERALS = ["'plain'", "''", '"in $t and ${n}"', "'$t is not read'", '"#if($yes)y#else n#end"']
BOOLEANS = ["$yes", "$no", "$body.get('yes')", "true", "false", "$body.containsKey('name')", "$body.get('deep').containsKey('nothing')"]
PLAIN = [" ", "\n", "{", "}", '"', ": ", ", ", "$ ", "#1 ", "5%", "é", "text ", "a.b ", "$5 ", "//", "'"]


class Made:
    """Makes templates of a seed."""

    def __init__(self, chance: random.Random):
        self.chance = chance

    def one(self, *of):
        return self.chance.choice(of)

    def text(self) -> str:
        return self.chance.choice(TEXTS)

    def number(self, depth: int) -> str:
        if depth <= 0 or self.chance.random() < 0.4:
            return self.chance.choice(NUMBERS)
        return f"({self.number(depth - 1)} {self.one('+', '-', '*')} {self.number(depth - 1)})"

    def boolean(self, depth: int) -> str:
        kind = self.chance.randrange(6) if depth > 0 else 0
        if kind == 0:
            return self.chance.choice(BOOLEANS)
        if kind == 1:
            return f"({self.boolean(depth - 1)} {self.one('&&', '||')} {self.boolean(depth - 1)})"
        if kind == 2:
            return f"({self.number(1)} {self.one('==', '!=', '<', '<=', '>', '>=')} {self.number(1)})"
        if kind == 3:
            return f"({self.text()} {self.one('==', '!=')} {self.chance.choice(LITERALS)})"
        if kind == 4:
            return f"!{self.boolean(0)}"
        method = self.one("contains('a')", "startsWith('it')", "contains('x')", "matches('[a-z].*')")
        return f"{self.text()}.{method}"

    def printed(self) -> str:
        kind = self.chance.randrange(9)
        if kind < 3:
            return self.text()
        if kind == 3:
            return self.one("$n", "$body.get('n')", "$body.get('price')", "$body.get('big')", "$yes", "$!nothing", "$body.get('nothing')", "$nothing.more")
        if kind == 4:
            return f"$util.escapeJavaScript({self.text()})"
        if kind == 5:
            return f'$util.escapeJavaScript({self.text()}).replaceAll("\\\\\'", "\'")'
        if kind == 6:
            return f"$util.{self.one('urlEncode', 'base64Encode')}({self.text()})"
        if kind == 7:
            return f"$input.json('$.{self.one('n', 'yes', 'tags', 'lines', 'deep.k')}')"
        method = self.one("length()", "substring(0)", "replaceAll('i', 'o')", "indexOf('a')")
        return f"{self.text()}.{method}"

    def block(self, depth: int) -> str:
        return "".join(self.part(depth) for _ in range(self.chance.randrange(1, 5)))

    def part(self, depth: int) -> str:
        kind = self.chance.randrange(10)
        if kind < 3 or depth <= 0:
            return self.chance.choice(PLAIN)
        if kind < 6:
            # What follows is no part of the reference.
            return self.printed() + " "
        if kind == 6:
            name, value = self.one(("$t", self.one(self.text(), *LITERALS)), ("$n", self.number(2)))
            return f"#set({name} = {value})" + self.one("", "\n", " ")
        if kind == 7:
            otherwise = self.one("", f"#else {self.block(depth - 1)}", f"#elseif({self.boolean(1)}){self.block(depth - 1)}#{{else}}{self.block(depth - 1)}")
            return f"#if({self.boolean(2)}){self.block(depth - 1)}{otherwise}#end" + self.one(" ", "\n")
        if kind == 8:
            of = self.one("$body.get('tags')", "$body.get('lines')", "$body.keySet()", "[1..3]", "['x', $n]")
            inside = self.one("$foreach.first", "$foreach.index", "$foreach.count", "#if($foreach.hasNext), #end", self.printed())
            return f"#foreach($i in {of})-{inside} {self.block(depth - 1)}#end "
        return self.one("## a comment\n", "#* another *#")


def main() -> None:
    """Print the cases."""
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 46
    made = Made(random.Random(seed))
    start = "#set($body = $input.path('$'))#set($t = 'it')#set($n = 2)#set($yes = true)#set($no = false)"
    cases = []
    while len(cases) < CASES:
        template = start + made.block(3)
        try:
            text = velocity.render(template, json.dumps(BODY), PARAMETERS, dict(CONTEXT))
        except Exception:
            # One that is none for airspeed-ext, such as the first character of an empty text.
            continue
        cases.append([template.removeprefix(start), text])
    told = {"start": start, "body": BODY, "parameters": PARAMETERS, "context": CONTEXT, "cases": cases}
    print(json.dumps(told, ensure_ascii=False, indent=0))


if __name__ == "__main__":
    main()
