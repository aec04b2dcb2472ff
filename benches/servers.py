"""A real Elasticsearch for a benchmark, with the options that a production one has."""

import json
import os
import socket
import subprocess
import tempfile
import urllib.error
import urllib.request

import report

SCRIPT = str(report.ROOT / "scripts" / "elasticsearch.sh")
VERSION = "9.5.3"


class Server:
    """Runs from `with` to its end; `VITRINE_BENCH_ELASTICSEARCH_URL` names another instead."""

    def __enter__(self) -> "Server":
        self.folder = None
        self.url = os.environ.get("VITRINE_BENCH_ELASTICSEARCH_URL", "")
        if not self.url:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port = free.getsockname()[1]
            self.folder = tempfile.TemporaryDirectory()
            os.chmod(self.folder.name, 0o755)
            # Empty: the server's own Java options, and not those that make it start fast.
            options = {**os.environ, "ELASTICSEARCH_JAVA_OPTIONS": "", "ELASTICSEARCH_HEAP": "2g"}
            subprocess.run([SCRIPT, "start", VERSION, str(port), self.folder.name + "/data"], check=True, env=options)
            self.url = f"http://127.0.0.1:{port}"
        return self

    def __exit__(self, *_) -> None:
        if self.folder:
            subprocess.run([SCRIPT, "stop", self.folder.name + "/data"], check=True)
            self.folder.cleanup()

    def ask(self, method: str, path: str, body: dict | None = None, missing_ok: bool = False) -> dict:
        """One request with JSON both ways."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.url + path, data=data, method=method, headers={"content-type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=3600) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if missing_ok and error.code == 404:
                return {}
            raise RuntimeError(f"{method} {path}: {error.code} {error.read().decode()[:500]}") from error
