"""`evc dev` and its handlers under hardship: killed at random moments while orders come in, and started again.

    target/tools/sam/bin/python tests/local/hardship.py [--all] [--seed N]

Part of `cargo xtask test --only local`; with `--all`, many more kills. What has to hold: tables on disk are whole, an order that a client was
told of is there, once and with its event, nothing is charged twice, a row of the outbox that was not forwarded is forwarded by the next run, and
handlers that die are called again as AWS calls them again.
"""

import argparse
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
from emulator import EVC, ROOT, _free_port

SPEC = ROOT / "specs/orders.yaml"
ORDER = {"items": [{"productId": "prod-001", "quantity": 2, "price": 29.99}], "totalAmount": 59.98}
FINAL = {"COMPLETED", "PAYMENT_FAILED", "INVENTORY_FAILED"}
STATUSES = FINAL | {"PENDING", "PAID", "INVENTORY_RESERVED"}
# How many times `evc dev` and handlers are killed: in the usual run, and in that of `--all`.
KILLS = (4, 60)
HANDLER_KILLS = (8, 200)
CLIENTS = 4
PATIENCE_SECONDS = 150


class Dev:
    """`evc dev` of the order system, on tables in a folder; it can be killed and started again at the same addresses."""

    def __init__(self, folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.log = folder, folder / "dev.log"
        self.database = folder / "orders.sqlite"
        for old in folder.glob("orders.sqlite*"):
            old.unlink()
        self.log.write_bytes(b"")
        self._port, self._api_port = _free_port(), _free_port()
        self.url, self.api = f"http://127.0.0.1:{self._port}", f"http://127.0.0.1:{self._api_port}"
        self._process: subprocess.Popen | None = None

    def start(self, *options: str) -> float:
        """Starts it: the seconds until it answers."""
        command = [EVC, "dev", SPEC, "--data", self.folder, "--no-watch", "--port", str(self._port), "--api-port", str(self._api_port), *options]
        begin = time.monotonic()
        with open(self.log, "ab") as log:
            self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        while time.monotonic() < begin + 900:
            try:
                urllib.request.urlopen(f"{self.url}/_evc/system", timeout=5).close()
                return time.monotonic() - begin
            except OSError:
                assert self._process.poll() is None, f"evc dev does not run: {self.tail()}"
                time.sleep(0.02)
        raise AssertionError("evc dev does not answer")

    def kill(self) -> None:
        """kill -9."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(timeout=10)

    def handlers(self) -> list[int]:
        """The processes of handlers that run."""
        return children(self._process.pid)

    def tail(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")[-2000:]

    def call(self, target: str, body: dict) -> dict:
        """A call of a service, from outside."""
        headers = {"x-amz-target": target, "content-type": "application/x-amz-json-1.0"}
        request = urllib.request.Request(self.url, json.dumps(body).encode(), headers, method="POST")
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def interface(self, method: str, path: str, body: str | None = None) -> dict:
        """A request to the interface of the system."""
        request = urllib.request.Request(f"{self.url}/_evc/{path}", body and body.encode(), method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def items(self, thing: str) -> list[dict]:
        """All items of a table, with plain values."""
        (stack,) = self.interface("GET", "system")["stacks"]
        (table,) = [it["name"] for it in stack["resources"] if it["thing"] == thing and it["type"] == "AWS::DynamoDB::Table"]
        items, start = [], {}
        while True:
            page = self.call("DynamoDB_20120810.Scan", {"TableName": table, **start})
            items += [{name: next(iter(value.values())) for name, value in item.items()} for item in page["Items"]]
            if "LastEvaluatedKey" not in page:
                return items
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def executions(self) -> list[str]:
        """The status of each execution of the workflow."""
        machines = self.call("AWSStepFunctions.ListStateMachines", {})["stateMachines"]
        (arn,) = [it["stateMachineArn"] for it in machines if it["name"] == "orders-dev-fulfil-order"]
        return [it["status"] for it in self.call("AWSStepFunctions.ListExecutions", {"stateMachineArn": arn})["executions"]]


def children(parent: int) -> list[int]:
    """The processes whose parent is this one."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name may hold spaces and brackets; what follows its last bracket does not.
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == parent and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


class Clients:
    """Clients that place orders, each again under its key until it is told that there is one."""

    def __init__(self, dev: Dev):
        self._dev, self._over = dev, threading.Event()
        self.told: dict[str, str] = {}
        self.unexpected: list[str] = []
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._work, args=(number,), daemon=True) for number in range(CLIENTS)]

    @contextmanager
    def at_work(self):
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in self._threads:
                thread.join(timeout=PATIENCE_SECONDS + 30)

    def _work(self, number: int) -> None:
        while not self._over.is_set():
            key = str(uuid.uuid4())
            # An attempt whose handler was killed holds its key for as long as the handler might have run: half a minute each time.
            deadline = time.monotonic() + PATIENCE_SECONDS
            while time.monotonic() < deadline:
                answer = self._place(key, f"customer-{number}")
                if answer is not None:
                    with self._lock:
                        self.told[key] = answer
                    break
                time.sleep(0.05)
            else:
                self.unexpected.append(f"{key} was not taken within {PATIENCE_SECONDS} s")
            time.sleep(0.05)

    def _place(self, key: str, customer: str) -> str | None:
        body = json.dumps({"customerId": customer, **ORDER}).encode()
        headers = {"content-type": "application/json", "idempotency-key": key}
        request = urllib.request.Request(f"{self._dev.api}/orders", body, headers)
        try:
            with urllib.request.urlopen(request, timeout=40) as answer:
                return json.load(answer)["orderId"]
        except urllib.error.HTTPError as error:
            # 409: an attempt under this key runs, or was killed and may still run.
            if error.code not in (409, 429, 500, 502, 503):
                self.unexpected.append(f"{error.code}: {error.read()[:200]!r}")
            return None
        except (OSError, ValueError):
            return None


def is_whole(database: Path) -> None:
    """The file is what SQLite says is right, after what its log has was taken over."""
    with sqlite3.connect(database) as connection:
        (answer,) = connection.execute("PRAGMA integrity_check").fetchone()
    connection.close()
    assert answer == "ok", answer


def is_right(dev: Dev, told: dict[str, str], quiet: bool = True) -> None:
    """What holds at any moment, whatever was killed before it. While it is not quiet, events may be newer than the orders that they tell of."""
    orders = {order["orderId"]: order for order in dev.items("tables.orders")}
    rows = dev.items("outboxes.order-events")
    kinds: dict[tuple[str, str], int] = {}
    for row in rows:
        kind = row["aggregate"], row["detailType"]
        kinds[kind] = kinds.get(kind, 0) + 1
    lost = [order for order in told.values() if order not in orders]
    assert not lost, f"clients were told of orders that are not there: {lost}"
    assert len(set(told.values())) == len(told), "two keys gave one order"
    for id, order in orders.items():
        assert order["status"] in STATUSES, order
        assert kinds.get((id, "Order Created")) == 1, f"an order without its event, or with two: {order}"
        paid = kinds.get((id, "Payment Processed"), 0)
        for field, kind in [("paymentId", "Payment Processed"), ("refundId", "Payment Refunded")]:
            count, least = kinds.get((id, kind), 0), int(field in order)
            assert least <= count <= (least if quiet else 1), f"{count} times {kind}: {order}"
        if order["status"] == "COMPLETED":
            assert paid == 1 and "refundId" not in order, order


def wait_for(what: str, holds, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.2)


def survives_kills(dev: Dev, chance: random.Random, kills: int) -> str:
    """evc dev is killed at random moments under load: tables are whole, nobody was told of what is not there"""
    dev.start()
    clients = Clients(dev)
    orphans: list[int] = []
    with clients.at_work():
        for _ in range(kills):
            time.sleep(chance.uniform(0.2, 2.0))
            orphans += dev.handlers()
            dev.kill()
            is_whole(dev.database)
            dev.start()
            is_right(dev, dict(clients.told), quiet=False)
        time.sleep(1)
    assert not clients.unexpected, clients.unexpected[:5]
    wait_for("all executions end", lambda: "RUNNING" not in dev.executions(), 240)
    assert len(clients.told) > kills, f"only {len(clients.told)} orders"
    is_right(dev, clients.told)
    running = set(dev.handlers())
    wait_for("handlers of those that were killed end", lambda: not [it for it in orphans if it not in running and is_alive(it)], 10)
    return f"{kills} kills, {len(clients.told)} orders"


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def forwards_later(dev: Dev, chance: random.Random, _kills: int) -> str:
    """rows of the outbox that were not forwarded when evc dev was killed are forwarded by the next run, once and in order"""
    dev.start()
    forwarder = "orders-dev-order-events-forwarder"
    dev.interface("PUT", f"faults/crash/{forwarder}")
    clients = Clients(dev)
    ids = [clients._place(str(uuid.uuid4()), "c") for _ in range(7)]
    assert all(ids), ids
    time.sleep(chance.uniform(0, 0.5))
    dev.kill()
    dev.start()

    def events() -> list[str]:
        hops = dev.interface("GET", "trace?since=0")["hops"]
        created = [it for it in hops if it["kind"] == "event" and it["text"] == "Order Created"]
        return [it["data"]["detail"]["orderId"] for it in sorted(created, key=lambda it: it["id"])]

    wait_for("all events are on the bus", lambda: set(ids) <= set(events()), 30)
    wait_for("all orders are fulfilled", lambda: {it["status"] for it in dev.items("tables.orders") if it["orderId"] in ids} <= FINAL, 60)
    # What is done is not done again by the run after that. It says how far the forwarder was when all has been quiet for a moment.
    time.sleep(1)
    dev.kill()
    dev.start()
    time.sleep(1)
    again = [id for id in events() if id in ids]
    assert not again, f"forwarded twice: {again}"
    is_right(dev, {})
    return f"{len(ids)} orders"


def survives_kills_of_handlers(dev: Dev, chance: random.Random, kills: int) -> str:
    """handlers are killed at random: each order ends in one final state, as the retries of AWS bring it there"""
    dev.start()
    clients = Clients(dev)
    killed = 0
    with clients.at_work():
        while killed < kills:
            time.sleep(chance.uniform(0.05, 0.4))
            handlers = dev.handlers()
            if handlers:
                try:
                    os.kill(chance.choice(handlers), signal.SIGKILL)
                    killed += 1
                except ProcessLookupError:
                    pass
    assert not clients.unexpected, clients.unexpected[:5]
    wait_for("all executions end", lambda: "RUNNING" not in dev.executions(), 240)
    is_right(dev, clients.told)
    orders = dev.items("tables.orders")
    open_orders = [order for order in orders if order["status"] not in FINAL]
    # A step without a way out ends an execution when its handler was killed four times in a row: seldom, and its alarm tells.
    assert len(open_orders) * 20 <= len(orders), open_orders
    crashes = [it for it in dev.interface("GET", "trace?since=0")["hops"] if it["kind"] == "invocation" and "ExitError" in str(it["outcome"])]
    return f"{killed} kills, {len(crashes)} in the midst of work, {len(orders)} orders"


def survives_chaos(dev: Dev, chance: random.Random, _kills: int) -> str:
    """faults by chance with the real handlers: each order ends in one final state, and secrets are in no trace"""
    secret = f"sk-{uuid.uuid4()}"
    values = dev.folder / "values.env"
    values.write_text(f'PAYMENT_PROVIDER="{secret}"\n', encoding="utf-8")
    seed = chance.randrange(1_000_000)
    dev.start("--env-file", str(values), "--chaos", f"seed={seed},duplicate=10%,reorder=10%,delay=5%,throttle=5%,kill=3%")
    clients = Clients(dev)
    with clients.at_work():
        time.sleep(3)
    dev.interface("DELETE", "faults")
    assert not clients.unexpected, clients.unexpected[:5]
    wait_for("all executions end", lambda: "RUNNING" not in dev.executions(), 240)
    is_right(dev, clients.told)
    hops = dev.interface("GET", "trace?since=0")["hops"]
    kinds = sorted({it["text"].split(":")[0] for it in hops if it["kind"] == "fault"})
    assert {"duplicate", "kill", "throttle"} <= set(kinds), kinds
    read = dev.call("secretsmanager.GetSecretValue", {"SecretId": secret_arn(dev)})
    assert read["SecretString"] == secret, "the secret is not that of the file"
    assert secret not in json.dumps(hops) and secret not in dev.log.read_text(encoding="utf-8"), "the secret is in the trace"
    return f"seed {seed}, {len(clients.told)} orders, faults: {', '.join(kinds)}"


def secret_arn(dev: Dev) -> str:
    (stack,) = dev.interface("GET", "system")["stacks"]
    (arn,) = [it["arn"] for it in stack["resources"] if it["type"] == "AWS::SecretsManager::Secret"]
    return arn


# What is tried, and how many kills it has: in the usual run, and in that of `--all`.
TRIALS = [(survives_kills, KILLS), (forwards_later, (0, 0)), (survives_kills_of_handlers, HANDLER_KILLS), (survives_chaos, (0, 0))]


def run(everything: bool, seed: int | None = None) -> tuple[int, int]:
    """How many trials passed and failed."""
    seed = random.randrange(1 << 32) if seed is None else seed
    print(f"  orders, hardship: seed {seed}", flush=True)
    passed = failed = 0
    for trial, kills in TRIALS:
        dev = Dev(ROOT / "target/local/hardship" / trial.__name__)
        title = trial.__doc__.splitlines()[0]
        begin = time.monotonic()
        try:
            told = trial(dev, random.Random(f"{seed} {trial.__name__}"), kills[everything])
            print(f"  ok    {title} ({told}; {time.monotonic() - begin:.0f} s)", flush=True)
            passed += 1
        except Exception as error:
            print(f"  FAIL  {title}: {error!r}\n        the log of evc dev: {dev.log}", flush=True)
            failed += 1
        finally:
            dev.stop()
    return passed, failed


def main() -> int:
    parser = argparse.ArgumentParser(description="Kill `evc dev` and its handlers, and look at what is left.")
    parser.add_argument("--all", action="store_true", help="many more kills")
    parser.add_argument("--seed", type=int, help="the seed of an earlier run")
    arguments = parser.parse_args()
    _, failed = run(arguments.all, arguments.seed)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
