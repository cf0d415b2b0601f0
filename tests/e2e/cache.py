"""A Redis that is what ElastiCache Serverless is to its clients: TLS, cluster mode, users with access strings.

One node has all slots, so that keys of two of them may not meet in one command, as in a cluster of many. The password is not
looked at: an IAM token is only worth something to AWS.
"""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

# Who the tests are; functions have users of their own.
PASSWORD = "tests"


class Cache:
    """Runs while the `with` block does; its files lie in `folder`."""

    def __init__(self, folder: Path):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.folder = folder
        self.port = _free_port()
        self.url = f"rediss://default:{PASSWORD}@localhost:{self.port}/?cluster=true"
        self.authority = folder / "authority.pem"

    def __enter__(self) -> "Cache":
        self._certificates()
        node = ["--tls-port", str(self.port), "--port", "0", "--bind", "127.0.0.1", "--dir", str(self.folder)]
        tls = ["--tls-cert-file", "server.pem", "--tls-key-file", "server.key", "--tls-ca-cert-file", "authority.pem"]
        cluster = ["--cluster-enabled", "yes", "--tls-cluster", "yes", "--cluster-announce-hostname", "localhost"]
        shown = ["--cluster-preferred-endpoint-type", "hostname", "--tls-auth-clients", "no"]
        settings = ["--requirepass", PASSWORD, "--appendonly", "yes", "--save", "", "--logfile", "redis.log"]
        self._process = subprocess.Popen(["redis-server", *node, *tls, *cluster, *shown, *settings], cwd=self.folder)
        self._await(lambda: self.command("PING") == "PONG")
        self.command("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
        self._await(lambda: "cluster_state:ok" in self.command("CLUSTER", "INFO"))
        return self

    def __exit__(self, *_reason) -> None:
        self._process.kill()
        self._process.wait()

    def command(self, *arguments: str) -> str:
        """What the server answers to a command."""
        client = ["redis-cli", "--tls", "--cacert", str(self.authority), "-h", "localhost", "-p", str(self.port), "--raw"]
        environment = {**os.environ, "REDISCLI_AUTH": PASSWORD}
        done = subprocess.run([*client, *arguments], env=environment, capture_output=True, text=True, timeout=10)
        return done.stdout.strip()

    def environment(self) -> dict[str, str]:
        """What the emulator, and the functions that inherit its environment, have to know."""
        return {
            "SSL_CERT_FILE": str(self.authority),
            "EVC_CACHE_HOST": "localhost",
            "EVC_CACHE_PORT": str(self.port),
            "REDISCLI_AUTH": PASSWORD,
        }

    def _certificates(self) -> None:
        """An authority, and a server's certificate from it: clients refuse one that vouches for itself."""

        def openssl(*arguments: str) -> None:
            subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)

        fresh = ["req", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
        openssl(*fresh, "-x509", "-keyout", "authority.key", "-out", "authority.pem", "-subj", "/CN=tests")
        openssl(*fresh, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
        (self.folder / "names.txt").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n", encoding="utf-8")
        signed = ["x509", "-req", "-in", "server.csr", "-CA", "authority.pem", "-CAkey", "authority.key", "-days", "2"]
        openssl(*signed, "-CAcreateserial", "-extfile", "names.txt", "-out", "server.pem")

    def _await(self, ready) -> None:
        end = time.monotonic() + 20
        while time.monotonic() < end and self._process.poll() is None:
            if ready():
                return
            time.sleep(0.05)
        raise RuntimeError(f"the cache did not start: see {self.folder}/redis.log")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        # Beside its port, a node of a cluster listens on the one that is higher by 10000.
        port = probe.getsockname()[1]
    return port if port < 55_000 else _free_port()
