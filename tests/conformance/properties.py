"""The properties of the resource types that evc emits, from the schemas that cfn-lint and SAM's translator carry.

An override's properties are checked against this table when a spec is compiled; it is written here, so that it is not
anybody's memory. The types are those that the sources of `plan/`, `lower/` and `finish/` name.

    python properties.py [--check]
"""

import json
import re
import sys
from pathlib import Path

import cfnlint
from samtranslator.model import sam_resources

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "compiler/core/src/finish/overrides/properties.txt"
HEAD = """\
# The properties of each resource type that evc emits: `cargo xtask properties` writes this from the schemas of
# CloudFormation (as cfn-lint carries them) and of SAM.
"""


def types():
    """The resource types that the compiler's sources name. What tests name besides is not emitted."""
    folders = [ROOT / "compiler/core/src" / layer for layer in ("plan", "lower", "finish")]
    files = sorted(file for folder in folders for file in folder.rglob("*.rs"))
    sources = (file.read_text().split("#[cfg(test)]")[0] for file in files if file.name != "tests.rs")
    named = (re.findall(r'"(AWS::[A-Za-z0-9]+::[A-Za-z0-9]+)"', source) for source in sources)
    return sorted({name for names in named for name in names})


def of_cloudformation(name):
    """What CloudFormation lets a template say of a resource; nothing for what is no resource type, such as a parameter type."""
    schemas = Path(cfnlint.__file__).parent / "data/schemas"
    index = json.loads((schemas / "providers/us-east-1.json").read_text())
    if name not in index:
        return []
    schema = json.loads((schemas / "resources" / f"{index[name]}.json").read_text())
    read_only = {path.removeprefix("/properties/") for path in schema.get("readOnlyProperties", [])}
    return sorted(set(schema["properties"]) - read_only)


def of_sam(name):
    """What SAM lets a template say of one of its own resources."""
    known = (kind for kind in vars(sam_resources).values() if getattr(kind, "resource_type", None) == name)
    return sorted(set(next(known).property_types))


def table():
    """The whole file."""
    lines = []
    for name in types():
        properties = of_sam(name) if name.startswith("AWS::Serverless::") else of_cloudformation(name)
        if properties:
            lines.append(f"{name}: {' '.join(properties)}\n")
    return HEAD + "".join(lines)


def main():
    now = table()
    if "--check" in sys.argv[1:]:
        if TABLE.read_text() != now:
            sys.exit(f"{TABLE.relative_to(ROOT)} is not what the schemas say; to mend: cargo xtask properties")
        return
    TABLE.write_text(now)


main()
