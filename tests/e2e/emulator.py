"""One run of the local AWS emulator: a free port, a clean environment, policies enforced."""

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import tokens

ROOT = Path(__file__).resolve().parents[2]
# The compiler, which `cargo xtask test` has built.
EVC = ROOT / "target/debug/evc"
PYTHON = ROOT / "target/tools/emulator/bin/python"
# Waits and retry intervals of state machines pass ten times as fast; timeouts do not.
TIME_SCALE = "0.1"


class Emulator:
    """Runs while the `with` block does; its log, the decisions about policies and the invocations lie in `folder`."""

    def __init__(self, folder: Path, more: dict[str, str] | None = None):
        # Functions are unpacked here: of an earlier run, nothing is kept.
        self._scratch = folder / "tmp"
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._scratch.mkdir(parents=True)
        self.log = folder / "emulator.log"
        self._decisions = folder / "decisions.jsonl"
        self._decisions.unlink(missing_ok=True)
        self._invocations = folder / "invocations.jsonl"
        self._invocations.unlink(missing_ok=True)
        # Who signs tokens, and with which keys.
        self._issuers = folder / "issuers.json"
        self._issuers.write_text(json.dumps({it.url: it.keys() for it in (tokens.LOGIN, tokens.OTHER)}), encoding="utf-8")
        self.url = f"http://127.0.0.1:{_free_port()}"
        # Where functions find AWS: here, unless a test puts something in between.
        self.seen_by_functions = self.url
        # What functions find in their environment besides what is theirs.
        self._more = more or {}

    def __enter__(self) -> "Emulator":
        with open(self.log, "w", encoding="utf-8") as log:
            command = [PYTHON, ROOT / "tests/emulator/launch.py"]
            self._process = subprocess.Popen(command, env=self._environment(), stdout=log, stderr=log)
        self._await_health()
        return self

    def __exit__(self, *_reason) -> None:
        self._process.terminate()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def client_environment(self) -> dict[str, str]:
        """What AWS clients need to talk to this emulator and nothing else."""
        return {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": self.url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "SAM_CLI_TELEMETRY": "0",
        }

    def decisions(self) -> list[dict]:
        """Every decision about a role so far: role, action, resource, allowed (tests/emulator/authority.py)."""
        return _lines(self._decisions)

    def invocations(self) -> list[dict]:
        """Every invocation of a function so far: function, event, result, log (tests/emulator/functions.py)."""
        return _lines(self._invocations)

    def _environment(self) -> dict[str, str]:
        """The emulator's whole environment. Lambda processes inherit it, hence nothing of ours is in it."""
        return {
            **self.client_environment(),
            "AWS_ENDPOINT_URL": self.seen_by_functions,
            "PATH": os.defpath,
            "GATEWAY_PORT": self.url.rsplit(":", 1)[-1],
            "BIND_HOST": "127.0.0.1",
            "LAMBDA_EXECUTOR": "local",
            "AUTH": "true",
            "IOT_MTLS_ENABLED": "0",
            "TMPDIR": str(self._scratch),
            "SFN_WAIT_SCALE": TIME_SCALE,
            "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "0.1",
            "EVC_DECISIONS": str(self._decisions),
            "EVC_INVOCATIONS": str(self._invocations),
            "EVC_ISSUERS": str(self._issuers),
            **self._more,
        }

    def _await_health(self) -> None:
        end = time.monotonic() + 30
        while time.monotonic() < end and self._process.poll() is None:
            try:
                urllib.request.urlopen(self.url + "/_ministack/health", timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"the emulator did not start; its log is {self.log}")


def _lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
