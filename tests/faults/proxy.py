"""An HTTP proxy between the functions and the emulator, which does wrong what a test tells it to do.

Functions reach AWS through it, because the emulator gives them its URL as AWS_ENDPOINT_URL. Tests script it by API action:

    proxy.next("PutEvents", faults.fail_entries(3, 7), faults.throttled)  # the next two calls meet these, in this order
    proxy.always("PutEvents", faults.throttled)                            # every call, until `proxy.heal()`
"""

import http.client
import os
import threading
import time
from collections import defaultdict, deque
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Callable
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


@dataclass
class Answer:
    """An HTTP response."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Exchange:
    """A request on its way; `forward` sends it on, with another body if one is given."""

    action: str
    headers: dict[str, str]
    body: bytes
    caller: int
    """The port of the process that called."""
    send: Callable[[dict[str, str], bytes], Answer]

    def forward(self, body: bytes | None = None) -> Answer:
        if body is None:
            return self.send(self.headers, self.body)
        return self.send(signed(self.headers, body, environment(self.pid())), body)

    def pid(self) -> int:
        """The process that called."""
        return process_of_port(self.caller)


# What a fault does with a request: the answer that the caller gets; none cuts the connection.
Fault = Callable[[Exchange], Answer | None]


@dataclass
class Call:
    """A call that passed by, as tests look at it."""

    at: float
    action: str
    body: bytes
    fault: str
    """The fault it met; empty if it met none."""


class Proxy:
    """Serves while the `with` block lasts."""

    def __init__(self, target: str):
        self._target = urlsplit(target).netloc
        self._lock = threading.Lock()
        self._next: dict[str, deque[Fault]] = defaultdict(deque)
        self._always: dict[str, Callable[[], Fault | None]] = {}
        self.calls: list[Call] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "Proxy":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_reason) -> None:
        self._server.shutdown()
        self._server.server_close()

    def next(self, action: str, *faults: Fault) -> None:
        """The next calls of this action meet these faults, in this order."""
        with self._lock:
            self._next[action].extend(faults)

    def always(self, action: str, fault: Fault) -> None:
        """Every call of this action meets this fault, once those of `next` are used up."""
        self.choose(action, lambda: fault)

    def choose(self, action: str, choose: Callable[[], Fault | None]) -> None:
        """Every call of this action meets the fault that is chosen for it, or none."""
        with self._lock:
            self._always[action] = choose

    def heal(self) -> None:
        """No faults any more."""
        with self._lock:
            self._next.clear()
            self._always.clear()

    def of(self, action: str, since: float = 0) -> list[Call]:
        """The calls of an action."""
        return [call for call in list(self.calls) if call.action == action and call.at >= since]

    def _draw(self, action: str, body: bytes) -> Fault | None:
        with self._lock:
            if self._next[action]:
                fault = self._next[action].popleft()
            else:
                fault = self._always.get(action, lambda: None)()
            self.calls.append(Call(time.monotonic(), action, body, getattr(fault, "__name__", "")))
            return fault

    def _handler(proxy) -> type[BaseHTTPRequestHandler]:  # noqa: N805, the class below has its own `self`
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            upstream: http.client.HTTPConnection | None = None

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                # DynamoDB, EventBridge and SQS all name the action so: `AWSEvents.PutEvents`.
                action = self.headers.get("X-Amz-Target", "").rsplit(".", 1)[-1]
                headers = {name.lower(): value for name, value in self.headers.items()}
                exchange = Exchange(action, headers, body, self.client_address[1], self.pass_on)
                fault = proxy._draw(action, body)
                answer = fault(exchange) if fault else exchange.forward()
                if answer is None:
                    self.close_connection = True
                else:
                    self.reply(answer)

            def pass_on(self, headers: dict[str, str], body: bytes) -> Answer:
                if self.upstream is None:
                    self.upstream = http.client.HTTPConnection(proxy._target, timeout=120)
                self.upstream.request("POST", "/", body, headers)
                response = self.upstream.getresponse()
                return Answer(response.status, dict(response.getheaders()), response.read())

            def reply(self, answer: Answer) -> None:
                self.send_response_only(answer.status)
                hop = ("connection", "content-length", "transfer-encoding")
                for name, value in answer.headers.items():
                    if name.lower() not in hop:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            def finish(self) -> None:
                try:
                    super().finish()
                except OSError:
                    pass  # the caller is gone
                if self.upstream is not None:
                    self.upstream.close()

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except ConnectionError:
                    self.close_connection = True  # the caller is gone

        return Handler


def signed(headers: dict[str, str], body: bytes, variables: dict[str, str]) -> dict[str, str]:
    """The headers of a request with another body, signed again with the caller's keys."""
    keys = [variables[f"AWS_{name}"] for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN")]
    kept = {name: headers[name] for name in ("host", "content-type", "x-amz-target")}
    # `Credential=KEY/20261121/us-east-1/events/aws4_request`
    region, service = headers["authorization"].split("/")[2:4]
    request = AWSRequest("POST", f"http://{headers['host']}/", kept, body)
    SigV4Auth(Credentials(*keys), service, region).add_auth(request)
    return {**dict(request.headers.items()), "content-length": str(len(body))}


def environment(pid: int) -> dict[str, str]:
    """The environment of a process."""
    with open(f"/proc/{pid}/environ", encoding="utf-8") as variables:
        return dict(variable.split("=", 1) for variable in variables.read().split("\0") if "=" in variable)


def process_of_port(port: int) -> int:
    """The process whose socket is bound to this local port, from /proc: the connection's inode, then who holds it.

    Never the tests' own: where the caller is gone already, one of their connections may have got its port.
    """
    wanted = f"0100007F:{port:04X}"
    with open("/proc/net/tcp", encoding="ascii") as table:
        rows = [line.split() for line in table]
    inodes = {f"socket:[{row[9]}]" for row in rows if row[1] == wanted and row[9] != "0"}
    for pid in (entry for entry in os.listdir("/proc") if entry.isdigit() and int(entry) != os.getpid()):
        try:
            handles = {os.readlink(f"/proc/{pid}/fd/{handle}") for handle in os.listdir(f"/proc/{pid}/fd")}
        except OSError:
            continue  # gone, or not ours
        if handles & inodes:
            return int(pid)
    raise LookupError(f"no process has the port {port}")
