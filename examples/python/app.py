"""Counts its visits in the database, with nothing but the standard library."""

import signal
import socket
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DATABASE = ("database", 6379)  # a service's name leads to it


def count_visit():
    """Adds one to the counter. A database that is being replaced is away for seconds: keep trying."""
    give_up = time.monotonic() + 10
    while True:
        try:
            with socket.create_connection(DATABASE, timeout=2) as connection:
                connection.sendall(b"INCR hello-python\r\n")
                return int(connection.makefile().readline()[1:])  # ":42"
        except (OSError, ValueError):
            if time.monotonic() > give_up:
                raise
            time.sleep(0.2)


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/health":  # of this app alone: it may start before the database
            self.answer(200, "ok")
        elif self.path == "/":
            try:
                self.answer(200, f"Hello from Python, visit number {count_visit()}")
            except (OSError, ValueError) as error:
                self.answer(503, f"No answer from the database: {error}")
        else:
            self.answer(404, "Not found")

    def answer(self, status, text):
        body = f"{text}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    daemon_threads = False  # closing it waits for the requests under way


# MyPaas stops a container with SIGTERM.
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
with Server(("", 8080), Page) as server:
    print("listening on port 8080")
    server.serve_forever()
