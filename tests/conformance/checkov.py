"""What checkov finds in the generated templates is what docs/security.md answers: no more, and no less.

    target/tools/checkov/bin/python tests/conformance/checkov.py

Each id of a check in the table of docs/security.md has to be found in a template, and each that is found has to be in the table.
"""

import json
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# A row of the table starts with the id of a check.
ROW = re.compile(r"^\| (CKV2?_\w+) \|", re.MULTILINE)


def main():
    templates = sorted((ROOT / "generated").glob("*/template.yaml"))
    assert templates, "no generated templates"
    checkov = Path(sys.executable).with_name("checkov")
    words = ["--framework", "cloudformation", "--output", "json", "--quiet", "--compact", "--skip-download", "--soft-fail"]
    # Paths are relative: checkov puts them in the place of what it does not know, and takes some that are absolute for secrets.
    files = [word for template in templates for word in ("--file", template.relative_to(ROOT))]
    ran = subprocess.run([checkov, *words, *files], capture_output=True, text=True, check=False, cwd=ROOT)
    if ran.returncode:
        sys.exit(f"checkov ended with {ran.returncode}\n{ran.stdout}{ran.stderr}")
    reports = json.loads(ran.stdout)
    found = defaultdict(list)
    read = 0
    for report in reports if isinstance(reports, list) else [reports]:
        assert not report["results"].get("parsing_errors"), report["results"]["parsing_errors"]
        read += report["summary"]["passed"]
        for check in report["results"]["failed_checks"]:
            stack = Path(check["file_path"]).parent.name
            found[f"{check['check_id']} {check['check_name']}"].append(f"{stack}: {check['resource']}")
    assert read > 100, "checkov has looked at next to nothing"
    answered = set(ROW.findall((ROOT / "docs/security.md").read_text(encoding="utf-8")))
    ids = {name.split(" ", 1)[0] for name in found}
    wrong = [f"{name}\n    " + "\n    ".join(of) for name, of in sorted(found.items()) if name.split(" ", 1)[0] not in answered]
    wrong += [f"{check} is answered, and found in no template" for check in sorted(answered - ids)]
    if wrong:
        sys.exit("docs/security.md does not answer what checkov finds:\n" + "\n".join(wrong))
    print(f"{sum(map(len, found.values()))} findings of {len(ids)} kinds, all answered; {read} checks passed")


if __name__ == "__main__":
    main()
