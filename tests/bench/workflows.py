"""How fast workflows on Redis are, beside what the server can do and beside other orchestrators.

Everything is measured on this machine over loopback, in one run, in turns. Each figure is the median of several rounds. Run by `cargo xtask bench workflows`; nothing is asserted.

    python workflows.py EVC WORKFLOW_BENCH [--few]
"""

import argparse
import json
import os
import platform
import signal
import socket
import statistics
import subprocess
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
TOOLS = ROOT / "target/tools/bench"
FOLDER = ROOT / "target/bench/workflows"
CLIENTS = (1, 8, 64)
IN_FLIGHT = 50  # workflows, where other orchestrators are measured
STEPS = 5
# Sizes of what one step of the benchmark's workflow reads and writes: `MONITOR` shows them.
RECORD, PAYLOAD, STATE, HISTORY = 62, 250, 420, 160


class Server:
    """A redis-server that runs while the `with` block does, and starts with nothing."""

    def __init__(self, fsync: str):
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        self._folder = FOLDER / f"redis-{fsync}-{self.port}"
        self._fsync = fsync

    def __enter__(self) -> "Server":
        self._folder.mkdir(parents=True)
        appends = ["no"] if self._fsync == "off" else ["yes", "--appendfsync", self._fsync]
        # A rewrite of the log would take a core from whoever is measured at the moment when the log has doubled.
        options = ["--save", "", "--auto-aof-rewrite-percentage", "0", "--appendonly", *appends]
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", *options]
        self._process = subprocess.Popen([*command, "--dir", self._folder], stdout=subprocess.DEVNULL)
        wait_for(self.port)
        return self

    def __exit__(self, *_reason) -> None:
        self._process.terminate()
        self._process.wait()
        subprocess.run(["rm", "-rf", self._folder], check=True)

    def command(self, *words: str) -> str:
        """What redis-cli says."""
        return subprocess.run(["redis-cli", "-p", str(self.port), *words], capture_output=True, text=True, check=True).stdout.strip()

    def memory(self) -> int:
        """Bytes in use."""
        return int(next(line for line in self.command("info", "memory").splitlines() if line.startswith("used_memory:")).split(":")[1])

    def usage(self) -> float:
        """Seconds of CPU so far."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Ours:
    """The runner of evc's side."""

    def __init__(self, evc: Path, runner: Path):
        self._runner = runner
        stack = FOLDER / "stack"
        spec = FOLDER / "bench.yaml"
        spec.write_bytes((HERE / "workflow.yaml").read_bytes())
        command = [evc, "build", spec, "--out", stack, "--runtime", ROOT / "runtime/handlers", "--quiet"]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        self._definition = stack / "workflows/order.workflow.json"

    def run(self, server: Server, workers: int, seconds: float) -> dict:
        """Rates and times."""
        before = server.usage()
        found = json.loads(self._call(server, "run", str(workers), str(seconds)))
        # A start, a claim of the first step, and for each step a commit, which claims the next one.
        calls = found["transitions"] + found["workflows"] * 2
        found["calls"] = calls
        found["cpu"] = (server.usage() - before) / (calls * seconds) * 1e6
        return found

    def fill(self, server: Server, executions: int) -> None:
        """Stores finished executions."""
        self._call(server, "fill", str(executions))

    def _call(self, server: Server, *words: str) -> str:
        command = [self._runner, server.url, self._definition, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("evc", type=Path)
    parser.add_argument("runner", type=Path)
    parser.add_argument("--few", action="store_true", help="shorter, and without the million executions")
    parser.add_argument("--peers", action="store_true", help="only the other orchestrators")
    arguments = parser.parse_args()
    rounds, seconds = (1, 2.0) if arguments.few else (3, 2.0)
    subprocess.run(["rm", "-rf", FOLDER], check=True)
    FOLDER.mkdir(parents=True)
    ours = Ours(arguments.evc, arguments.runner)
    machine()
    if arguments.peers:
        return orchestrators(ours, rounds, seconds)
    for fsync in ("everysec", "always"):
        scripts(ours, fsync, rounds, seconds)
    orchestrators(ours, min(rounds, 3), seconds)
    memory(ours, seconds)
    stored(ours, (1000, 20_000) if arguments.few else (1000, 1_000_000), rounds, seconds)


def machine() -> None:
    """What the figures were measured on."""
    cpu = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), "?")
    redis = subprocess.run(["redis-server", "--version"], capture_output=True, text=True, check=True).stdout.split()[2]
    print(f"{os.cpu_count()} cores of {cpu}, Linux {platform.release()}, Redis {redis.removeprefix('v=')}, load {os.getloadavg()[0]:.1f}\n")


def scripts(ours: Ours, fsync: str, rounds: int, seconds: float) -> None:
    """Transitions, beside redis-benchmark with scripts."""
    print(f"AOF {fsync}: calls of scripts a second; a workflow of {STEPS} steps is {STEPS + 2} calls")
    print(f"{'clients':>8} {'no-op':>9} {'as heavy':>9} {'ours':>9} {'ours/heavy':>11} {'transitions/s':>14} {'step p50 ms':>12} {'p99':>7} {'server us/call':>15}")
    for clients in CLIENTS:
        found = []
        for _ in range(rounds):
            with Server(fsync) as server:
                heavy = as_heavy(server, clients, seconds)
                noop = benchmark(server, clients, seconds, "return 1", [], [])
                found.append((noop, heavy, ours.run(server, clients, seconds)))
        noop, heavy = (statistics.median(run[at] for run in found) for at in (0, 1))
        own = {key: statistics.median(run[2][key] for run in found) for key in ("calls", "transitions", "cpu")}
        step = {key: statistics.median(run[2]["step"][key] for run in found) for key in ("p50", "p99")}
        print(
            f"{clients:8} {noop:9,.0f} {heavy:9,.0f} {own['calls']:9,.0f} {own['calls'] / heavy:11.0%} {own['transitions']:14,.0f}"
            f" {step['p50']:12.3f} {step['p99']:7.3f} {own['cpu']:15.1f}",
            flush=True,
        )
    print()


def as_heavy(server: Server, clients: int, seconds: float) -> float:
    """Calls a second of scripts with the reads and writes of ours, of each as many as in a workflow: a start and a last commit, a claim,
    and the commits between."""
    tag = "{bench.1}"
    keys = [f"x{tag}:__rand_int__", f"due{tag}", f"all{tag}"]
    values = [filler(RECORD), filler(PAYLOAD), filler(STATE), filler(HISTORY)]
    scripts = {
        "edge": (2, keys, [*values, "__rand_int__"]),
        "claim": (1, keys[:1], values[:1]),
        "commit": (STEPS - 1, keys[:1], values),
    }
    taken = 0.0
    for name, (count, names, arguments) in scripts.items():
        text = (HERE / f"peers/{name}.lua").read_text(encoding="utf-8")
        taken += count / benchmark(server, clients, seconds, text, names, arguments)
    return (STEPS + 2) / taken


def benchmark(server: Server, clients: int, seconds: float, script: str, keys: list[str], arguments: list[str]) -> float:
    """What redis-benchmark makes of a script: calls a second."""
    sha = server.command("script", "load", script)
    words = ["EVALSHA", sha, str(len(keys)), *keys, *arguments]
    rate = 5_000.0
    # First a little, to know how much takes as long as asked for.
    for time_for in (0.2, seconds / 2):
        command = ["redis-benchmark", "-p", str(server.port), "-c", str(clients), "-r", "10000", "-n", str(int(rate * time_for) + 100), "--csv"]
        lines = subprocess.run([*command, *words], capture_output=True, text=True, check=True).stdout.splitlines()
        rate = float(lines[-1].split('","')[1])
    return rate


def filler(size: int) -> str:
    """A text of a size."""
    return "x" * size


def orchestrators(ours: Ours, rounds: int, seconds: float) -> None:
    """Whole workflows of five steps, beside peers."""
    print(f"workflows of {STEPS} steps, {IN_FLIGHT} in flight; a step alone is a fifth of a workflow's time with one in flight")
    print(f"{'':34} {'workflows/s':>12} {'ours is':>8} {'p50 ms':>8} {'p99':>8} {'step alone p50':>15} {'p99':>8}")
    peers = {
        "everysec": {
            "BullMQ, AOF everysec": lambda server: bullmq(server, 1),
            "BullMQ in two processes": lambda server: bullmq(server, 2),
        },
        "always": {
            "BullMQ in two processes, AOF always": lambda server: bullmq(server, 2),
            "Restate, 5 steps in a handler": lambda _server: restate("runs"),
            "Restate, 5 calls": lambda _server: restate("calls"),
        },
    }
    for fsync, others in peers.items():
        found: dict[str, list[dict]] = {}
        for _ in range(rounds):
            with Server(fsync) as server:
                loaded = ours.run(server, IN_FLIGHT, seconds)
                alone = ours.run(server, 1, seconds / 2)
            own = {"workflows": loaded["workflows"], **loaded["workflow"]}
            found.setdefault(f"ours, AOF {fsync}", []).append({"loaded": own, "step": alone["step"]})
            for name, peer in others.items():
                with Server(fsync) as server:
                    found.setdefault(name, []).append(peer(server))
        first = None
        for name, runs in found.items():
            loaded = {key: statistics.median(run["loaded"][key] for run in runs) for key in ("p50", "p99", "workflows")}
            step = {key: statistics.median(run["step"][key] for run in runs) for key in ("p50", "p99")}
            first = first or loaded["workflows"]
            print(
                f"{name:34} {loaded['workflows']:12,.0f} {first / loaded['workflows']:7.1f}x {loaded['p50']:8.1f} {loaded['p99']:8.1f}"
                f" {step['p50']:15.2f} {step['p99']:8.2f}",
                flush=True,
            )
    print()


def bullmq(server: Server, processes: int) -> dict:
    """Processes that share the workflows: one, as people run it, is not enough to keep Redis busy."""
    command = ["node", HERE / "peers/bullmq.mjs", str(server.port)]
    share = [str(3000 // processes), str(IN_FLIGHT // processes)]
    running = [peer([*command, f"queue{number}", *share]) for number in range(processes)]
    found = [json.loads(process.communicate()[0]) for process in running]
    loaded = {key: statistics.mean(run["loaded"][key] for run in found) for key in ("p50", "p99")}
    alone = json.loads(peer([*command, "alone", "100", "1"]).communicate()[0])
    return {"loaded": {"workflows": sum(run["loaded"]["workflows"] for run in found), **loaded}, "step": alone["step"]}


def restate(handler: str) -> dict:
    """A server with its defaults, which write through to the disk, and a process of services."""
    ingress, admin, node, services = (free_port() for _ in range(4))
    folder = FOLDER / f"restate-{node}"
    folder.mkdir(parents=True)
    (folder / "restate.toml").write_text(
        f'disable-telemetry = true\n[ingress]\nbind-address = "127.0.0.1:{ingress}"\n[admin]\nbind-address = "127.0.0.1:{admin}"\n',
        encoding="utf-8",
    )
    (binary,) = TOOLS.glob("node_modules/@restatedev/restate-server-*/bin/restate-server")
    command = [binary, "-c", folder / "restate.toml", "--bind-ip", "127.0.0.1", "--bind-port", str(node), "--listen-mode", "tcp", "--no-logo"]
    with open(folder / "log", "w", encoding="utf-8") as log:
        server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
        service = peer(["node", HERE / "peers/restate_service.mjs", str(services)], log)
    try:
        wait_for(admin)
        wait_for(services)
        register(f"http://127.0.0.1:{admin}/deployments", f"http://127.0.0.1:{services}")
        found = peer(["node", HERE / "peers/restate.mjs", str(ingress), handler, "800" if handler == "runs" else "400", str(IN_FLIGHT)])
        return json.loads(found.communicate()[0])
    finally:
        for process in (service, server):
            process.send_signal(signal.SIGKILL)
            process.wait()
        subprocess.run(["rm", "-rf", folder], check=True)


def register(admin: str, uri: str) -> None:
    """Tells Restate where the services are; it takes a while to be ready."""
    request = urllib.request.Request(admin, json.dumps({"uri": uri}).encode(), {"content-type": "application/json"})
    for attempt in range(60):
        try:
            urllib.request.urlopen(request, timeout=30).close()
            return
        except OSError:
            if attempt == 59:
                raise
            time.sleep(0.5)


def peer(command: list, output=subprocess.PIPE) -> subprocess.Popen:
    """A process of a peer."""
    errors = None if output == subprocess.PIPE else output
    return subprocess.Popen(command, stdout=output, stderr=errors, text=True, env={**os.environ, "EVC_BENCH_TOOLS": str(TOOLS)})


def memory(ours: Ours, seconds: float) -> None:
    """What a finished execution takes."""
    with Server("off") as server:
        ours.run(server, 1, 0.2)
        before = server.memory()
        executions = ours.run(server, 8, seconds)["executions"]
        print(f"memory: {(server.memory() - before) / executions:,.0f} bytes a finished execution, of {executions:,}\n", flush=True)


def stored(ours: Ours, counts: tuple[int, ...], rounds: int, seconds: float) -> None:
    """Whether what is stored makes anything slower."""
    print("with so many executions stored: transitions a second, 8 workers")
    servers = [Server("off") for _ in counts]
    try:
        for server, count in zip(servers, counts):
            server.__enter__()
            ours.fill(server, count)
        found: list[list[float]] = [[] for _ in counts]
        for _ in range(rounds):
            for server, rates in zip(servers, found):
                rates.append(ours.run(server, 8, seconds)["transitions"])
        first = statistics.median(found[0])
        for server, count, rates in zip(servers, counts, found):
            rate = statistics.median(rates)
            print(f"{count:10,} {rate:10,.0f} {rate / first:6.0%} {server.memory() / 1e6:10,.0f} MB", flush=True)
    finally:
        for server in servers:
            server.__exit__()


def free_port() -> int:
    """One that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port: int) -> None:
    """Returns once somebody listens."""
    end = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


if __name__ == "__main__":
    main()
