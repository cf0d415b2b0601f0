"""The resource types of CloudFormation and SAM as the compiler carries them, from the schemas that cfn-lint brings (MIT-0).

Writes `compiler/core/src/aws/schemas.bin`, and says which types and properties came and went, since the file itself does not diff.
`compiler/core/src/aws/format.rs` reads it and describes the format.

    python schemas.py [--check]
"""

import json
import re
import sys
import zlib
from pathlib import Path

import cfnlint
from cfnlint.config import _DEFAULT_RULESDIR
from cfnlint.rules import Rules
from cfnlint.schema import Schema

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "compiler/core/src/aws/schemas.bin"
ADDITIONS = ROOT / "tests/conformance/additions.json"
SCHEMAS = Path(cfnlint.__file__).parent / "data/schemas"

# A service that is larger before compression, in bytes, comes in several frames: a build decodes the frames of the types that it has.
FRAME = 64 * 1024
# Services are put together while they are smaller.
SMALL = 8 * 1024
# In how many frames a text is, to be told once.
MANY = 6
# Texts that frames begin as if they had read, in bytes; deflate looks back 32 KiB.
DICTIONARY = 16 * 1024
# Conditions that are longer are tables of instance types and engine versions, which change by the week.
LONGEST_CONDITION = 5000

KINDS = ["string", "integer", "number", "boolean", "object", "array"]
IGNORED = set(
    """description $comment title default examples insertionOrder arrayType relationshipRef definitions typeName $id $schema
    additionalIdentifiers primaryIdentifier readOnlyProperties createOnlyProperties conditionalCreateOnlyProperties
    writeOnlyProperties deprecatedProperties handlers tagging taggable sourceUrl documentationUrl propertyTransform lifecycle
    replacementStrategy resourceLink typeConfiguration nonPublicProperties nonPublicDefinitions readonlyProperties""".split()
)
# Rare keywords that the compiler does without.
LEFT_OUT = {"awsType", "contains", "minContains", "maxContains"}


def listed(value):
    return value if isinstance(value, list) else [value]


def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def text_of(value):
    """A literal of a schema as text: what templates write is compared as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value)


class Unknown(Exception):
    """A keyword that the compiler does not know."""


class Left:
    """What was left out."""

    patterns = set()
    keywords = {}
    conditions = []


# Looking ahead at the beginning, `^(?!aws:)`, which the compiler does by itself.
LOOKS = re.compile(r"\(\?[=!]((?:[^()\[\]\\]|\\.|\[\^?\]?(?:[^\]\\]|\\.)*\]|\((?!\?[=!<])[^()]*\))*)\)")


def regular(pattern):
    """A pattern as the crate `regex-lite` takes it; `None` where it looks around elsewhere or back. A test compiles each that is kept."""
    text = pattern.replace("\0", r"\x00").replace(r"\Z", r"\z").replace(r"(?![\s\S])", r"\z")
    # `^((?!aws:)[a-z]*)$` looks ahead at the beginning too.
    text = re.sub(r"^\^\((\(\?!\w+:\))([^()]*)\)\$$", r"^\1(\2)$", text)
    # A `[` in a class begins another one for Rust.
    text = re.sub(r"\[(\^?\]?(?:[^\]\\]|\\.)*)\]", lambda one: "[" + re.sub(r"(?<!\\)\[(?!:)", r"\[", one[1]) + "]", text)
    rest = text.removeprefix("^")
    looks = []
    while text.startswith("^(?") and (look := LOOKS.match(rest)):
        looks.append(look[1])
        rest = rest[look.end() :]
    if any(re.search(r"\(\?[=!<>]|\\[1-9]|[*+?}]\+|\\[GUhc]|\\u[dD][89a-fA-F]", part) for part in [rest, *looks]):
        return None
    # What stands beside `|` would not look ahead.
    if looks and re.search(r"^[^()]*\|", re.sub(r"\\.|\[[^\]]*\]|\([^()]*\)", "", rest)):
        return None
    # `&&` or `~~` in a class: set operations in Rust.
    return None if re.search(r"\[[^\]]*(&&|~~)", text) else text


class Node(int):
    """The number of a shape, where one refers to it."""


def listing(texts):
    return (len(texts), *texts)


class Frame:
    """Types that are compressed together: shapes, each once, as sequences of numbers, texts and references."""

    def __init__(self):
        self.nodes = []
        self.known = {}
        self.types = []

    def keep(self, content):
        if content not in self.known:
            self.known[content] = len(self.nodes)
            self.nodes.append(content)
        return self.known[content]

    def add(self, name, schema, conditions):
        doc = Document(self, schema)
        root = dict(schema)
        root.setdefault("type", "object")
        if conditions:
            root["allOf"] = list(root.get("allOf", [])) + conditions
        node = doc.node(root)
        paths = lambda key: [path.removeprefix("/properties/") for path in schema.get(key, [])]
        read_only = paths("readOnlyProperties")
        attributes = attributes_of(schema)
        same = sorted(attributes) == sorted(path.replace("/", ".") for path in read_only)
        tagging = schema.get("tagging") or {}
        tags = str(tagging.get("tagProperty") or "").removeprefix("/properties/") if tagging.get("taggable") else ""
        self.types.append(
            (
                name,
                Node(node),
                *listing(read_only),
                *((0,) if same else (1, *listing(attributes))),
                *listing(paths("createOnlyProperties")),
                *listing(paths("conditionalCreateOnlyProperties")),
                tags if tags in schema["properties"] else "",
            )
        )

    def strings(self):
        """Every text, once."""
        return {item for content in self.nodes + self.types for item in content if isinstance(item, str)}

    def bytes(self, common):
        """The frame before compression. A text is 0 where it is new, its number among those that many frames have, or how many texts of
        the frame ago it was new; a shape is how far before or after it stands."""
        strings, at, body = [], {}, bytearray()
        for place, content in enumerate(self.nodes + self.types):
            place = min(place, len(self.nodes))
            for item in content:
                if isinstance(item, Node):
                    back = place - item
                    body += varint(2 * back if back > 0 else 1 - 2 * back)
                elif isinstance(item, int):
                    body += varint(item)
                elif item in common:
                    body += varint(2 * common[item] + 1)
                elif item in at:
                    body += varint(2 * (len(strings) - at[item]))
                else:
                    at[item] = len(strings)
                    strings.append(item)
                    body += varint(0)
        head = varint(len(strings)) + varint(len(self.nodes)) + varint(len(self.types))
        return head + b"".join(text.encode() + b"\0" for text in strings) + bytes(body)


def attributes_of(schema):
    """What `Fn::GetAtt` may name, as cfn-lint knows it; a `*` at the end stands for anything."""
    names = Schema(schema).get_atts.data
    return sorted(name.replace("\\.", ".").replace(".*", "*").replace("Outputs*", "Outputs.*") for name in names)


class Document:
    """One schema, whose references are followed."""

    def __init__(self, frame, schema, strict=False):
        self.frame, self.schema, self.strict = frame, schema, strict
        self.done, self.doing, self.forward = {}, set(), {}

    def resolve(self, pointer):
        node = self.schema
        for part in pointer.removeprefix("#/").split("/"):
            node = node[part.replace("~1", "/").replace("~0", "~")]
        return node

    def reference(self, pointer):
        if pointer in self.done:
            return self.done[pointer]
        if pointer in self.doing:
            if pointer not in self.forward:
                self.forward[pointer] = len(self.frame.nodes)
                self.frame.nodes.append(())
            return self.forward[pointer]
        self.doing.add(pointer)
        content = self.content(self.resolve(pointer))
        if isinstance(content, int):
            self.done[pointer] = content
        elif pointer in self.forward:
            at = self.forward[pointer]
            self.frame.nodes[at] = content
            self.done[pointer] = at
        else:
            self.done[pointer] = self.frame.keep(content)
        self.doing.discard(pointer)
        return self.done[pointer]

    def node(self, schema):
        content = self.content(schema)
        return content if isinstance(content, int) else self.frame.keep(content)

    def content(self, schema):
        """The content of a shape, or the number of one that there is."""
        if schema is False:
            return (1,)
        if schema is True:
            return (0,)
        if "$ref" in schema:
            pointer = schema["$ref"]
            own = {key: value for key, value in schema.items() if key not in IGNORED and key != "$ref"}
            if not pointer.startswith("#/"):
                raise Unknown(pointer)
            if not own:
                return self.reference(pointer)
            return self.content({**own, "allOf": [{"$ref": pointer}, *own.get("allOf", [])]})
        known, fields = 0, []

        def field(bit, content):
            nonlocal known
            assert not known >> bit & 1, f"two keywords of one meaning: {schema}"
            known |= 1 << bit
            fields.append((bit, content))

        for key, value in schema.items():
            if key in IGNORED:
                continue
            if key == "type":
                bits = sum({1 << KINDS.index(kind) for kind in listed(value) if kind in KINDS})
                if bits:
                    field(1, (bits,))
            elif key == "properties":
                field(2, (len(value), *(part for name, it in value.items() for part in (name, Node(self.node(it))))))
            elif key == "required":
                field(3, listing(value))
            elif key == "additionalProperties":
                if value is not True:
                    field(4, (0,) if value is False else (1, Node(self.node(value))))
            elif key == "patternProperties":
                field(5, (len(value), *(part for name, it in value.items() for part in (name, Node(self.node(it))))))
            elif key == "items":
                field(6, (Node(self.node(value)),))
            elif key == "enum":
                field(7, listing([text_of(one) for one in value]))
            elif key == "const":
                if "enum" not in schema:
                    field(7, listing([text_of(value)]))
            elif key == "enumCaseInsensitive":
                field(8, listing([text_of(one) for one in value]))
            elif key == "pattern":
                if regular(value) is not None:
                    field(9, (regular(value),))
                else:
                    Left.patterns.add(value)
                    if self.strict:
                        raise Unknown("pattern")
            elif key == "format":
                field(10, (value,))
            elif key in BOUNDS:
                field(11 + BOUNDS.index(key), (text_of(value),))
            elif key == "uniqueItems":
                if value:
                    field(21, ())
            elif key in ("allOf", "anyOf", "oneOf"):
                nodes = [Node(self.node(one)) for one in value]
                field(22 + ("allOf", "anyOf", "oneOf").index(key), (len(nodes), *nodes))
            elif key == "not":
                field(25, (Node(self.node(value)),))
            elif key == "if":
                then, other = schema.get("then", True), schema.get("else", True)
                field(26, (Node(self.node(value)), Node(self.node(then)), Node(self.node(other))))
            elif key in ("then", "else"):
                pass
            elif key in ("requiredXor", "requiredOr"):
                field(27 + ("requiredXor", "requiredOr").index(key), listing(value))
            elif key in ("dependentExcluded", "dependentRequired"):
                pairs = [part for name, others in value.items() for part in (name, *listing(others))]
                field(29 + ("dependentExcluded", "dependentRequired").index(key), (len(value), *pairs))
            elif key == "dependencies":
                if all(isinstance(others, list) for others in value.values()):
                    pairs = [part for name, others in value.items() for part in (name, *listing(others))]
                    field(30, (len(value), *pairs))
            elif key == "propertyNames":
                field(31, (Node(self.node(value)),))
            elif key == "uniqueKeys":
                field(32, listing(value))
            elif key == "prefixItems":
                field(33, (len(value), *(Node(self.node(one)) for one in value)))
            elif key == "multipleOf":
                field(34, (text_of(value),))
            elif key == "maxUniqueItems":
                field(35, (text_of(value),))
            elif self.strict or key not in LEFT_OUT:
                raise Unknown(key)
            else:
                Left.keywords[key] = Left.keywords.get(key, 0) + 1
        fields.sort(key=lambda one: one[0])
        return (known, *(item for _, content in fields for item in content))


BOUNDS = """minimum maximum exclusiveMinimum exclusiveMaximum minLength maxLength minItems maxItems minProperties maxProperties""".split()


def within(path, schema):
    """A condition on a property, as one on the whole resource."""
    for part in reversed(path):
        schema = {"items": schema} if part == "*" else {"properties": {part: schema}}
    return schema


def conditions():
    """What cfn-lint requires of single resources beyond their schemas, by type."""
    found = {}
    for name, rule in sorted(Rules.create_from_directory(Path(_DEFAULT_RULESDIR)).items()):
        schema = getattr(rule, "_schema", None)
        places = [re.fullmatch(r"Resources/([A-Za-z0-9:]+)/Properties((?:/[^/]+)*)", it) for it in getattr(rule, "keywords", [])]
        if not isinstance(schema, dict) or not schema or not any(places) or not name.startswith("E"):
            continue
        try:
            if len(json.dumps(schema)) > LONGEST_CONDITION:
                raise Unknown("length")
            if '"$ref"' in json.dumps(schema):
                raise Unknown("definitions")
            Document(Frame(), schema, strict=True).node(schema)
        except Unknown as reason:
            Left.conditions.append(f"{name} ({reason})")
            continue
        for place in filter(None, places):
            found.setdefault(place[1], []).append(within(place[2].split("/")[1:], schema))
    return found


def resources():
    """Every resource type of every Region with its schema."""
    files = {}
    for provider in sorted((SCHEMAS / "providers").glob("*.json")):
        files.update(json.loads(provider.read_text()))
    load = lambda file: json.loads((SCHEMAS / "resources" / f"{file}.json").read_text())
    types = {name: load(file) for name, file in sorted(files.items())}
    for name, patches in json.loads(ADDITIONS.read_text())["Patches"].items():
        for patch in patches:
            add(types[name], name, patch)
    return types


def add(schema, name, patch):
    """Adds what CloudFormation has and cfn-lint does not know yet."""
    *parents, last = patch["path"].removeprefix("/").split("/")
    for parent in parents:
        schema = schema[parent]
    if last in schema:
        sys.exit(f"cfn-lint knows {last} of {name} now: take it out of {ADDITIONS.relative_to(ROOT)}")
    schema[last] = patch["value"]


def frames_of(all_types, more):
    """The types by service, small services together and large ones in parts; sorted, so that a name is found by the first of each frame."""
    services, size = {}, lambda types: len(framed(types, more).bytes({}))
    for name, schema in all_types.items():
        services.setdefault(name.rsplit("::", 1)[0], []).append((name, schema))
    groups, open_size = [], SMALL
    for types in services.values():
        own = size(types)
        if open_size + own <= SMALL:
            groups[-1] += types
            open_size += own
            continue
        parts = -(-own // FRAME)
        step = -(-len(types) // parts)
        groups += [types[at : at + step] for at in range(0, len(types), step)]
        open_size = own if parts == 1 else SMALL
    return [(group[0][0], framed(group, more)) for group in groups]


def framed(types, more):
    frame = Frame()
    for name, schema in types:
        frame.add(name, schema, more.get(name, []))
    return frame


def shared(frames):
    """The texts that many frames have, with their numbers; and texts that several have, the most common last, as which a frame begins."""
    count = {}
    for _, frame in frames:
        for text in frame.strings():
            count[text] = count.get(text, 0) + 1
    common = sorted((-n, text) for text, n in count.items() if n >= MANY)
    common = {text: number for number, (_, text) in enumerate(common)}
    others = sorted((n * len(text), text) for text, n in count.items() if n > 2 and text not in common)
    return common, "\0".join(text for _, text in others).encode()[-DICTIONARY:]


def compressed(raw, common=None):
    kind = {"zdict": common} if common else {}
    packer = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_DEFAULT_STRATEGY, **kind)
    return packer.compress(raw) + packer.flush()


def made():
    """The whole file."""
    all_types, more = resources(), conditions()
    frames = sorted(frames_of(all_types, more), key=lambda frame: frame[0])
    common, dictionary = shared(frames)
    texts = b"".join(text.encode() + b"\0" for text in common)
    names = b"".join(name.encode() + b"\0" for name in all_types)
    raw = [(first, frame.bytes(common)) for first, frame in frames]
    blocks = [(texts, compressed(texts)), (dictionary, compressed(dictionary)), (names, compressed(names))]
    blocks += [(content, compressed(content, dictionary)) for _, content in raw]
    head = varint(len(frames)) + b"".join(first.encode() + b"\0" for first, _ in frames)
    head += b"".join(varint(len(content)) + varint(len(packed)) for content, packed in blocks)
    data = head + b"".join(packed for _, packed in blocks)
    largest = max(len(content) for _, content in raw)
    print(f"{len(all_types)} types in {len(frames)} frames of up to {largest} bytes, {len(data)} bytes")
    return data


def read(data):
    """The frames of a file, each without compression and with its first type."""
    at = 0

    def number():
        nonlocal at
        value, shift = 0, 0
        while True:
            byte, at = data[at], at + 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def until_zero():
        nonlocal at
        start, at = at, data.index(0, at) + 1
        return data[start : at - 1].decode()

    firsts = [until_zero() for _ in range(number())]
    lengths = [(number(), number()) for _ in range(len(firsts) + 3)]
    blocks = []
    for _, packed in lengths:
        blocks.append(data[at : at + packed])
        at += packed
    inflate = lambda block, common=b"": zlib.decompressobj(-15, zdict=common).decompress(block)
    dictionary, names = inflate(blocks[1]), inflate(blocks[2]).split(b"\0")[:-1]
    texts = {first: inflate(block, dictionary) for first, block in zip(firsts, blocks[3:])}
    return {name.decode() for name in names}, texts


def changes(old, new):
    """What came and went: types, and the frames that are not as they were."""
    (old_types, old_frames), (new_types, new_frames) = read(old), read(new)
    for word, types in (("new", new_types - old_types), ("gone", old_types - new_types)):
        print(f"{word}: {', '.join(sorted(types)) or 'nothing'}")
    changed = sorted(first for first, frame in new_frames.items() if old_frames.get(first) != frame)
    print(f"changed around: {', '.join(changed) or 'nothing'}")


def main():
    data = made()
    print(f"patterns left out: {len(Left.patterns)}; keywords left out: {Left.keywords}")
    print(f"conditions left out: {', '.join(Left.conditions)}")
    if "--check" in sys.argv[1:]:
        if FILE.read_bytes() != data:
            sys.exit(f"{FILE.relative_to(ROOT)} is not what the schemas say; to mend: cargo xtask schemas")
        return
    changes(FILE.read_bytes() if FILE.exists() else data, data)
    FILE.write_bytes(data)


main()
