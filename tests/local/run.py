"""The scenarios of the systems on `evc dev`, with the assertions that they have on the emulator; and other clients of it (clients.py).

    target/tools/sam/bin/python tests/local/run.py [--results FILE] [--all] [SYSTEM...]

`cargo xtask test --only local` does that after installing the tools and building the compiler. What a scenario needs of the emulator alone is named in `NOT_HERE`, with the reason.
Where no system is named, `hardship.py` follows: `evc dev` and its handlers are killed at random.
"""

import argparse
import importlib
import json
import subprocess
import sys
import time
import urllib.request
from contextlib import ExitStack, contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
import clients
import hardship
import tokens
from emulator import EVC, ROOT, _free_port
from scenarios import System
from stack import Stack

# The first alone without `--all`.
SYSTEMS = [
    "orders",
    "event_store",
    "cart",
    "hooks",
    "order_pipe",
    "guarded_api",
    "authorized",
    "choreography",
    "orders_on_redis",
    "interrupted",
]
DECISIONS = "reads the emulator's log of decisions for grants that nobody used; each call is decided upon here, and refused ones fail the scenarios"
INVOCATIONS = "replays alarms over the emulator's log of invocations with their metrics, which is of the same handlers"
# Scenarios that look at the emulator and not at the system, by the functions that they are.
NOT_HERE = {
    ("orders", "least_privilege"): DECISIONS,
    ("orders", "tells_of_trouble"): INVOCATIONS,
    ("orders", "tells_of_executions"): INVOCATIONS,
    ("cart", "least_privilege"): DECISIONS,
    ("cart", "tells_of_trouble"): INVOCATIONS,
    ("event_store", "least_privilege"): DECISIONS,
    ("event_store", "tells_of_trouble"): INVOCATIONS,
    ("order_pipe", "least_privilege"): DECISIONS,
    ("order_pipe", "poison_messages"): "counts puts by the emulator's log of decisions",
    ("order_pipe", "tells_of_trouble"): INVOCATIONS,
    ("guarded_api", "least_privilege"): DECISIONS,
    ("authorized", "least_privilege"): DECISIONS,
    ("hooks", "follows_policies"): DECISIONS,
    ("hooks", "tells_of_trouble"): INVOCATIONS,
    ("hooks", "as_the_readme_says"): "sends the request to the emulator's address, which tells APIs apart by their host",
    ("choreography", "least_privilege"): DECISIONS,
    ("choreography", "tells_of_trouble"): INVOCATIONS,
    ("orders_on_redis", "least_privilege"): DECISIONS,
    ("orders_on_redis", "tells_of_trouble"): INVOCATIONS,
    ("orders_on_redis", "tells_of_executions"): INVOCATIONS,
}
# SAM's types are these once they are deployed.
DEPLOYED = {"AWS::Serverless::Function": "AWS::Lambda::Function", "AWS::Serverless::StateMachine": "AWS::StepFunctions::StateMachine"}


class Dev:
    """`evc dev` of one system, while the `with` block runs: a free port, tables in memory, time that passes as it does."""

    def __init__(self, folder: Path, spec: Path, cache: "PlainCache | None" = None):
        folder.mkdir(parents=True, exist_ok=True)
        self.log = folder / "dev.log"
        self._spec, self._port, self._cache = spec, _free_port(), cache
        self.url = f"http://127.0.0.1:{self._port}"
        self.seen_by_functions = self.url

    def __enter__(self) -> "Dev":
        command = [EVC, "dev", self._spec, "--fresh", "--no-watch", "--port", str(self._port), "--api-port", str(_free_port()), "--json"]
        if self._cache:
            command += ["--redis", self._cache.url]
        for issuer in (tokens.LOGIN, tokens.OTHER):
            keys = self.log.with_name(f"{issuer.kid}-{len(command)}.json")
            keys.write_text(json.dumps(issuer.keys()), encoding="utf-8")
            command += ["--issuer", f"{issuer.url}={keys}"]
        with open(self.log, "w", encoding="utf-8") as log:
            self._process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        deadline = time.monotonic() + 900
        while time.monotonic() < deadline:
            try:
                self.told()
                return self
            except OSError:
                if self._process.poll() is not None:
                    break
                time.sleep(0.1)
        self.__exit__()
        raise RuntimeError(f"evc dev does not run: {self.log.read_text(encoding='utf-8')[-2000:]}")

    def __exit__(self, *_reason) -> None:
        self._process.terminate()
        self._process.wait(timeout=10)

    def told(self) -> dict:
        """What there is: stacks, resources, outputs."""
        with urllib.request.urlopen(f"{self.url}/_evc/system") as answer:
            return json.load(answer)

    def forward(self, seconds: float) -> None:
        """Lets so much time pass now, with all that is due on the way."""
        request = urllib.request.Request(f"{self.url}/_evc/clock?forward={int(seconds)}", method="POST")
        urllib.request.urlopen(request).close()

    def client_environment(self) -> dict[str, str]:
        """What AWS clients need to talk to it and nothing else."""
        credentials = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        region = {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}
        return {**credentials, **region, "AWS_ENDPOINT_URL": self.url}


class PlainCache:
    """A Redis as one has it on a laptop, while the `with` block runs: no TLS, no password, nothing on disk."""

    # Clients that speak TLS to others get an authority; here, nobody asks for it.
    authority = ""

    def __init__(self):
        self._port = _free_port()
        self.url = f"redis://127.0.0.1:{self._port}"

    def __enter__(self) -> "PlainCache":
        settings = ["--port", str(self._port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(["redis-server", *settings], stdout=subprocess.DEVNULL)
        end = time.monotonic() + 20
        while self.command("PING") != "PONG":
            assert time.monotonic() < end, "redis-server does not answer"
            time.sleep(0.02)
        return self

    def __exit__(self, *_reason) -> None:
        self._process.kill()
        self._process.wait()

    def command(self, *arguments: str) -> str:
        """What the server answers to a command."""
        client = ["redis-cli", "-h", "127.0.0.1", "-p", str(self._port), "--raw"]
        return subprocess.run([*client, *arguments], capture_output=True, text=True, timeout=10).stdout.strip()


class LocalStack(Stack):
    """A stack that `evc dev` runs."""

    def __init__(self, dev: Dev, template: Path, cache: PlainCache | None):
        (told,) = dev.told()["stacks"]
        super().__init__(dev, f"{told['service']}-{told['environment']}", template, cache)
        self._told = told
        self.outputs = told["outputs"]

    def let_pass(self, seconds: float) -> None:
        self.emulator.forward(seconds)

    def resources(self, kind: str) -> dict[str, str]:
        mine = [it for it in self._told["resources"] if DEPLOYED.get(it["type"], it["type"]) == kind]
        return {it["id"]: it["ref"] for it in mine}

    def _connect(self, host: str) -> tuple[str, str]:
        # An API has an address of its own here.
        return f"http://{host}", host

    @contextmanager
    def crashing(self, function: str):
        url = f"{self.emulator.url}/_evc/faults/crash/{function}"
        urllib.request.urlopen(urllib.request.Request(url, method="PUT")).close()
        try:
            yield
        finally:
            urllib.request.urlopen(urllib.request.Request(url, method="DELETE")).close()


def main() -> int:
    """Run the systems asked for, or all; 1 when anything failed."""
    parser = argparse.ArgumentParser(description="Run the scenarios of the systems on `evc dev`.")
    parser.add_argument("systems", nargs="*", metavar="SYSTEM", help="only these")
    parser.add_argument("--all", action="store_true", help="all systems, and not the first alone")
    parser.add_argument("--results", type=Path, help="write the numbers of passed and failed scenarios to this file")
    arguments = parser.parse_args()
    counts = [run(name) for name in arguments.systems or (SYSTEMS if arguments.all else SYSTEMS[:1])]
    if not arguments.systems:
        counts.append(hardship.run(arguments.all))
    passed, failed = (sum(numbers) for numbers in zip(*counts))
    if arguments.results:
        arguments.results.parent.mkdir(parents=True, exist_ok=True)
        arguments.results.write_text(f"{passed} passed, {failed} failed\n", encoding="utf-8")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


def run(name: str) -> tuple[int, int]:
    """How many scenarios of a system passed and failed on `evc dev`."""
    name = name.replace("-", "_")
    # A system may have its scenarios in several modules.
    for path in sorted((ROOT / "tests/e2e").glob(f"{name}*.py")):
        importlib.import_module(path.stem)
    system: System = importlib.import_module(name).SYSTEM
    known = {scenario.__name__ for _, scenario in system.scenarios}
    gone = [scenario for of, scenario in NOT_HERE if of == name and scenario not in known]
    assert not gone, f"there are no such scenarios any more: {gone}"
    system.scenarios = [(title, it) for title, it in system.scenarios if (name, it.__name__) not in NOT_HERE]
    if name == SYSTEMS[0]:
        system.scenarios += clients.SYSTEM.scenarios
    folder = ROOT / "target/local" / system.name
    try:
        if system.prepare:
            system.prepare()
        with ExitStack() as running:
            cache = running.enter_context(PlainCache()) if system.cached else None
            dev = running.enter_context(Dev(folder, system.spec, cache))
            counts = system.run(LocalStack(dev, system.template, cache))
            if counts[1]:
                print(f"  the log of evc dev: {dev.log}")
            return counts
    except Exception as error:
        print(f"  FAIL  {name} on evc dev: {error}", flush=True)
        return 0, 1


if __name__ == "__main__":
    sys.exit(main())
