"""How long `evc build` takes, whole process, beside SAM's own translator on the template that evc wrote.

For the order system and for made-up specs of 10 and 100 times its size: median wall time, processor time and peak memory
of several runs. Run by `cargo xtask bench`; nothing is asserted.

    python compile.py EVC SPEC SCRATCH
"""

import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

RUNS = 7
SIZES = (1, 10, 100)
COPIED = ("types", "events", "tables", "outboxes", "functions", "rules", "workflows")

TRANSLATE = """
import sys, yaml
from samtranslator.translator.translator import Translator
from samtranslator.parser.parser import Parser
from samtranslator.yaml_helper import yaml_parse
template = yaml_parse(open(sys.argv[1]).read())
template["Transform"] = "AWS::Serverless-2016-10-31"
parameters = {"Environment": "dev", "ProjectName": "orders", "Architecture": "arm64"}
for resource in template["Resources"].values():
    for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
        resource.pop(policy, None)
    properties = resource.get("Properties", {})
    for key in ("CodeUri", "DefinitionUri"):
        if key in properties:
            properties[key] = "s3://bucket/key"
Translator({}, Parser()).translate(template, parameters)
"""


def sections(text):
    """The spec's top-level sections, by key, with their text."""
    parts = re.split(r"(?m)^(?=[a-z]+:)", text)
    return {part.split(":", 1)[0]: part for part in parts if re.match(r"[a-z]+:", part)}


def declared(section):
    """The names that a section declares."""
    return re.findall(r"(?m)^  ([A-Za-z][A-Za-z0-9-]*):", section)


def enlarged(text, times):
    """The spec with everything but its bus declared `times` times, each copy under names and detail types of its own."""
    parts = sections(text)
    names = sorted({name for key in COPIED for name in declared(parts[key])}, key=len, reverse=True)
    pattern = re.compile(r"(?<![A-Za-z0-9-])(" + "|".join(map(re.escape, names)) + r")(?![A-Za-z0-9-])")
    for key in COPIED:
        head, _, body = parts[key].partition("\n")
        copies = [body.rstrip("\n")]
        for number in range(1, times):
            rename = lambda match: match[1] + (f"-{number}" if match[1].islower() else f"N{number}")
            copy = re.sub(r"(?m)^(    detail-type: .*)$", rf"\1 {number}", body)
            copies.append(pattern.sub(rename, copy).rstrip("\n"))
        parts[key] = head + "\n" + "\n".join(copies) + "\n\n"
    return "".join(parts.values())


def measure(command):
    """Median wall seconds, processor seconds and peak MiB of some runs of a command."""
    walls, processors, peaks = [], [], []
    for _ in range(RUNS):
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        errors = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        walls.append(time.perf_counter() - start)
        processors.append(usage.ru_utime + usage.ru_stime)
        peaks.append(usage.ru_maxrss / 1024)
        if status != 0:
            sys.exit(f"{' '.join(map(str, command))} failed:\n{errors.decode()}")
    return statistics.median(walls), statistics.median(processors), statistics.median(peaks)


def main():
    evc, spec, scratch = (Path(argument) for argument in sys.argv[1:])
    text = spec.read_text()
    floor, _, _ = measure(["/bin/true"])
    print(f"process floor (/bin/true): {floor * 1000:.1f} ms\n")
    print(f"{'size':>5} {'lines':>6} {'':18} {'wall ms':>9} {'cpu ms':>8} {'MiB':>6}")
    first = None
    # The translator asks for a region before it looks at anything.
    os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")
    for times in SIZES:
        folder = scratch / f"x{times}"
        (folder / "specs").mkdir(parents=True, exist_ok=True)
        copy = folder / "specs" / "orders.yaml"
        copy.write_text(enlarged(text, times))
        out = folder / "generated" / "orders"
        lines = copy.read_text().count("\n")
        build = [evc, "build", copy, "--quiet", "--oversize"]
        subprocess.run(["rm", "-rf", out], check=True)
        rows = {
            "evc check": measure([evc, "check", copy, "--oversize"]),
            "evc build": measure(build),
            "SAM translator": measure([sys.executable, "-c", TRANSLATE, out / "template.yaml"]),
        }
        for name, (wall, processor, peak) in rows.items():
            print(f"{times:>4}x {lines:>6} {name:18} {wall * 1000:>9.1f} {processor * 1000:>8.1f} {peak:>6.0f}")
        wall = rows["evc build"][0]
        first = first or wall
        growth = f"; {wall / first:.1f}x the time of 1x" if times > 1 else ""
        print(f"       SAM's translator takes {rows['SAM translator'][0] / wall:.0f}x as long as evc build{growth}\n")


main()
