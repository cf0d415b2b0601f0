"""How fast the forwarder of an outbox is, beside the simplest ways to publish and beside a forwarder in Python.

A bus that takes 5 ms for every call and a Runtime API stand on this machine, in this process; everything is measured in
one run, so that the ratios mean something where the numbers do not. Run by `cargo xtask bench forwarder`; nothing is
asserted.

    python forwarder.py FORWARDER
"""

import asyncio
import http.client
import json
import os
import queue
import statistics
import subprocess
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

LATENCY = 0.005  # seconds for a call of the bus
ENTRIES = 10  # the most in one call of PutEvents
BATCH = 100  # records of one invocation: the default of an outbox
LARGEST = 1000  # the most that one may have
AT_A_TIME = 5  # calls of the forwarder: `CALLS` in runtime/handlers/src/forward/publisher.rs
RECORDS = 4000  # of one measurement
COLD_STARTS = 11
CONNECTIONS = 32  # to find the bus's own limit
PYTHON = [sys.executable, str(Path(__file__).with_name("boto3_forwarder.py"))]


class Bus(asyncio.Protocol):
    """One connection to a bus that takes every entry, and answers each call after LATENCY."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        self.transport, self.received = transport, b""

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, separator, body = self.received.partition(b"\r\n\r\n")
        if not separator:
            return
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        length = int(fields[b"content-length"])
        if len(body) >= length:
            self.received = body[length:]
            asyncio.get_running_loop().call_later(LATENCY, self.answer, len(json.loads(body[:length])["Entries"]))

    def answer(self, entries: int) -> None:
        taken = [{"EventId": "11111111-2222-4333-8444-555555555555"}] * entries
        body = json.dumps({"FailedEntryCount": 0, "Entries": taken}).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: {len(body)}\r\n\r\n"
        self.transport.write(head.encode() + body)


def serve_bus() -> int:
    """Start the bus; its port."""
    port: queue.Queue[int] = queue.Queue()

    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(Bus, "127.0.0.1", 0)
        port.put(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    threading.Thread(target=lambda: asyncio.run(serve()), daemon=True).start()
    return port.get()


class Function:
    """A function's process, and the Runtime API that it takes its invocations from.

    https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
    """

    def __init__(self, command: list[str], bus: int):
        self._events: queue.Queue[bytes] = queue.Queue()
        self._answers: queue.Queue[bytes] = queue.Queue()
        self._api = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._api.serve_forever, daemon=True).start()
        environment = {
            "PATH": os.defpath,
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._api.server_address[1]}",
            "AWS_LAMBDA_FUNCTION_NAME": "forwarder",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{bus}",
            "EVENT_BUS_NAME": "bus",
            "DLQ_URL": f"http://127.0.0.1:{bus}/dead-letters",
        }
        self._process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self) -> "Function":
        return self

    def __exit__(self, *_reason) -> None:
        self._process.kill()
        self._process.wait()
        self._api.shutdown()
        self._api.server_close()

    def invoke(self, event: bytes) -> None:
        """Invoke and wait; every record must have been published."""
        self._events.put(event)
        answer = json.loads(self._answers.get(timeout=60))
        assert not answer.get("batchItemFailures") and "errorType" not in answer, answer

    def _handler(function) -> type[BaseHTTPRequestHandler]:  # noqa: N805, the class below has its own `self`
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1  # head and body leave together

            def do_GET(self) -> None:
                deadline = int((time.time() + 60) * 1000)
                event = function._events.get()
                headers = {"Lambda-Runtime-Aws-Request-Id": "r", "Lambda-Runtime-Deadline-Ms": str(deadline)}
                self.reply(200, event, headers)

            def do_POST(self) -> None:
                answer = self.rfile.read(int(self.headers["Content-Length"]))
                self.reply(202, b"{}", {})
                function._answers.put(answer)

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except ConnectionError:
                    self.close_connection = True  # the function was killed

            def reply(self, status: int, body: bytes, headers: dict[str, str]) -> None:
                self.send_response_only(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
                self.wfile.flush()

        return Handler


def batch(records: int, aggregates: int) -> bytes:
    """The event of a stream with new rows of an outbox, which are about so many things."""
    return json.dumps({"Records": [record(number, number % aggregates) for number in range(records)]}).encode()


def record(number: int, aggregate: int) -> dict:
    event_id = str(uuid.UUID(int=number))
    items = [{"itemId": f"item-{line}", "quantity": line + 1} for line in range(8)]
    metadata = {"eventId": event_id, "aggregate": f"cart-{aggregate}", "sequence": number}
    cart = {"cartId": f"cart-{aggregate}", "userId": "user-1", "items": items}
    detail = json.dumps({**cart, "metadata": metadata})
    keys = {"aggregate": {"S": f"cart-{aggregate}"}, "eventId": {"S": event_id}}
    row = {
        **keys,
        "source": {"S": "shopping-cart"},
        "detailType": {"S": "ItemsAddedToCart"},
        "detail": {"S": detail},
        "occurredAt": {"S": "2026-11-21T08:00:00.000Z"},
        "ttl": {"N": "1795000000"},
    }
    images = {"Keys": keys, "NewImage": row, "SequenceNumber": str(number), "StreamViewType": "NEW_IMAGE"}
    return {"eventID": str(number), "eventName": "INSERT", "eventSource": "aws:dynamodb", "dynamodb": images}


def calls_a_second(bus: int, entries: int, connections: int, calls: int) -> float:
    """How many calls with so many entries the bus takes from so many connections, which make one after the other."""
    row = record(0, 0)["dynamodb"]["NewImage"]
    entry = {"EventBusName": "bus", "Source": "shopping-cart", "DetailType": "x", "Detail": row["detail"]["S"]}
    body = json.dumps({"Entries": [entry] * entries}).encode()

    def call_on(_connection: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", bus)
        for _ in range(calls // connections):
            connection.request("POST", "/", body, {"X-Amz-Target": "AWSEvents.PutEvents"})
            connection.getresponse().read()
        connection.close()

    start = time.perf_counter()
    with ThreadPoolExecutor(connections) as pool:
        list(pool.map(call_on, range(connections)))
    return calls / (time.perf_counter() - start)


def records_a_second(command: list[str], bus: int, size: int, aggregates: int) -> float:
    """How many records a warm function publishes, in batches of this size about so many things."""
    event = batch(size, aggregates)
    with Function(command, bus) as function:
        function.invoke(event)
        start = time.perf_counter()
        for _ in range(RECORDS // size):
            function.invoke(event)
        return RECORDS / (time.perf_counter() - start)


def cold_start(command: list[str], bus: int) -> float:
    """From the start of the process to the answer of its first invocation, with one record: milliseconds, the median."""
    times = []
    for _ in range(COLD_STARTS):
        start = time.perf_counter()
        with Function(command, bus) as function:
            function.invoke(batch(1, 1))
            times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000


def warm_latency(command: list[str], bus: int) -> float:
    """From an invocation with one record to its answer: milliseconds, the median."""
    event = batch(1, 1)
    with Function(command, bus) as function:
        function.invoke(event)
        times = []
        for _ in range(100):
            start = time.perf_counter()
            function.invoke(event)
            times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000


def main() -> None:
    """Measure and print."""
    bus, forwarder = serve_bus(), [sys.argv[1]]
    one = calls_a_second(bus, 1, 1, 200)
    ten = calls_a_second(bus, ENTRIES, 1, 200) * ENTRIES
    packed = calls_a_second(bus, ENTRIES, AT_A_TIME, 800) * ENTRIES
    limit = calls_a_second(bus, ENTRIES, CONNECTIONS, 8000) * ENTRIES
    print(f"records a second, {LATENCY * 1000:.0f} ms for a call of the bus")
    rows = [
        ("one call a record", one),
        (f"calls of {ENTRIES} one after the other", ten),
        (f"calls of {ENTRIES}, {AT_A_TIME} at a time: what packing allows", packed),
        (f"the bus's own limit, {CONNECTIONS} connections", limit),
        (f"forwarder, a batch of {LARGEST} about {LARGEST} things", records_a_second(forwarder, bus, LARGEST, LARGEST)),
        (f"forwarder, a batch of {BATCH} about {BATCH} things", records_a_second(forwarder, bus, BATCH, BATCH)),
        (f"forwarder, a batch of {BATCH} about {ENTRIES} things", records_a_second(forwarder, bus, BATCH, ENTRIES)),
        (f"forwarder, a batch of {BATCH} about one thing", records_a_second(forwarder, bus, BATCH, 1)),
        (f"boto3, a batch of {BATCH} in calls of {ENTRIES}", records_a_second(PYTHON, bus, BATCH, BATCH)),
    ]
    for title, rate in rows:
        print(f"  {title:48} {rate:9.0f}   {rate / packed:6.2f} of what packing allows")
    for title, measure in (("cold start", cold_start), ("warm invocation", warm_latency)):
        ours, python = measure(forwarder, bus), measure(PYTHON, bus)
        print(f"{title} with one record: {ours:.1f} ms, in Python {python:.1f} ms, {python / ours:.1f} times as long")


if __name__ == "__main__":
    main()
