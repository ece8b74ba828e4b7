"""A real server for the tests: the binary MEMHOST_BIN with the plugins in MEMHOST_PLUGINS."""

import os
import queue
import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

STARTS_WITHIN = 60.0


class Server:
    """`memhost serve` over a directory, which can be killed and started again."""

    def __init__(self, store: Path) -> None:
        self.binary = os.environ.get("MEMHOST_BIN")
        self.store = store
        self.port = 0
        self.process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        if not self.binary:
            pytest.fail("set MEMHOST_BIN to the program `memhost`, and MEMHOST_PLUGINS to its folder of plugins")
        command = [self.binary, "serve", "--store", str(self.store), "--listen", f"127.0.0.1:{self.port}"]
        # Its own errors are what a test that fails should show.
        self.process = subprocess.Popen([*command, "--slot", "help-desk=rag"], stderr=subprocess.PIPE, text=True)
        said: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._listen, args=(self.process, said), daemon=True).start()
        lines = []
        while True:
            try:
                line = said.get(timeout=STARTS_WITHIN)
            except queue.Empty:
                line = ""
            lines.append(line)
            if found := re.search(r"listening on http://127\.0\.0\.1:(\d+)", line):
                self.port = int(found[1])
                return
            if not line:
                self.kill()
                pytest.fail("the server did not start:\n" + "".join(lines))

    @staticmethod
    def _listen(process: subprocess.Popen[str], said: "queue.Queue[str]") -> None:
        assert process.stderr
        with process.stderr as lines:
            for line in lines:
                said.put(line)
        said.put("")

    def key(self, *allows: str) -> str:
        """A key, made while the server does not run."""
        assert self.binary
        command = [self.binary, "key", "create", "--store", str(self.store), *allows]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def swap(self, plugin: str, mode: str) -> None:
        assert self.binary
        command = [self.binary, "slot", "swap", "help-desk", plugin, "--mode", mode]
        done = subprocess.run(command, env=os.environ | {"MEMHOST_URL": self.url}, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            assert self.process.wait(timeout=30) == 0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("store"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def server_of_its_own(tmp_path: Path) -> Iterator[Server]:
    """One that the test starts, and may kill."""
    server = Server(tmp_path)
    yield server
    try:
        server.stop()
    finally:
        server.kill()


@pytest.fixture(autouse=True)
def no_settings_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MEMHOST_URL", "MEMHOST_KEY"):
        monkeypatch.delenv(name, raising=False)
