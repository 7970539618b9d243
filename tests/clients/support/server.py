"""Starts the server that the variable KVARIUM names, on a free port, and ends it."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time


@contextlib.contextmanager
def server(*directives):
    port, http_port = free_port(), free_port()
    folder = tempfile.mkdtemp(prefix="kvarium-")
    words = ["server", "--port", port, "--http-port", http_port, "--save", "", "--dir", folder, *directives]
    process = subprocess.Popen([os.environ["KVARIUM"], *map(str, words)], stdin=subprocess.DEVNULL)
    try:
        wait_for(process, port)
        yield port
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def free_port():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return bound.getsockname()[1]


def wait_for(process, port):
    for _ in range(100):
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise RuntimeError("the server does not answer")
