"""The target: nginx with one worker on the server's core, in a folder of its own."""

import signal
import socket
import subprocess
import time
import urllib.request

from machine import HERE, Trouble, cores, find
from processes import bound


class Nginx:
    """Serves from `with` to its end; also ends when this process is killed."""

    def __init__(self, folder, files):
        self.folder = folder / "nginx"
        self.files = files

    def __enter__(self):
        self.folder.mkdir()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        text = (HERE / "nginx.conf").read_text(encoding="utf-8")
        text = text.replace("@PORT@", str(port)).replace("@FILES@", str(self.files))
        (self.folder / "nginx.conf").write_text(text, encoding="utf-8")
        self.url = f"http://127.0.0.1:{port}"
        self.log = self.folder / "log.txt"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [find("nginx"), "-p", f"{self.folder}/", "-c", "nginx.conf", "-e", "stderr"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=bound(cores()[0], signal.SIGTERM),
            )
        try:
            self.await_answer()
        except BaseException:
            self.__exit__()
            raise
        return self

    def await_answer(self):
        """Waits until the answer is the one that the checks expect."""
        deadline = time.monotonic() + 5
        while True:
            try:
                with urllib.request.urlopen(f"{self.url}/hello", timeout=1) as answer:
                    size = len(answer.read())
                    if answer.status == 200 and size == 34:
                        return
                    raise Trouble(f"nginx answers {answer.status} with {size} bytes, not 200 with 34")
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    log = self.log.read_text(encoding="utf-8", errors="replace")
                    raise Trouble(f"nginx does not start:\n{log}") from None
                time.sleep(0.05)

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
