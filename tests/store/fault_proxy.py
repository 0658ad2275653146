"""A proxy before an S3 server that fails as networks and busy stores do.

Run as a process of its own: delta-rs holds the interpreter's lock while it
waits for an answer. Its first line of output is its port. ``POST /_faults``
with a list of faults puts them in force, ``GET /_seen`` answers what came.

A fault is ``{"fault": ..., "method": ..., "path": ..., "skip": 0, "times": 1}``:
of the requests with this method whose path matches, ``skip`` pass and then
``times`` meet it:

- ``500``, ``503``: this answer, and the request is not passed on
- ``slow``: passed on after ``seconds``
- ``drop``: the connection is closed before the request is passed on
- ``lost``: passed on, and the connection is closed instead of an answer
- ``cut``: passed on, and the connection is closed in the middle of the answer
- ``twice``: passed on twice, of which only the second answer comes back
"""

from __future__ import annotations

import http.client
import json
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

ERRORS = {"500": "InternalError", "503": "SlowDown"}
HOP = {"connection", "transfer-encoding", "content-length", "date", "server"}


class Proxy(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    upstream = ""
    faults: ClassVar[list[dict]] = []
    seen: ClassVar[list[dict]] = []
    lock = threading.Lock()

    def answer(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in HOP:
                self.send_header(name, value)
        length = next((v for n, v in headers if n.lower() == "content-length"), len(body))
        self.send_header("Content-Length", str(length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def forwarded(self, body):
        connection = http.client.HTTPConnection(self.upstream, timeout=30)
        try:
            headers = {k: v for k, v in self.headers.items() if k.lower() != "expect"}
            connection.request(self.command, self.path, body, headers)
            response = connection.getresponse()
            return response.status, response.read(), response.getheaders()
        finally:
            connection.close()

    def due(self):
        with self.lock:
            self.seen.append(
                {
                    "method": self.command,
                    "path": self.path,
                    "authorization": self.headers.get("Authorization", ""),
                    "token": self.headers.get("x-amz-security-token", ""),
                }
            )
            for fault in self.faults:
                if fault["method"] != self.command or not re.search(fault["path"], self.path):
                    continue
                if fault.get("skip", 0) > 0:
                    fault["skip"] -= 1
                elif fault.get("times", 1) > 0:
                    fault["times"] = fault.get("times", 1) - 1
                    self.seen[-1]["fault"] = fault["fault"]
                    return fault
        return {"fault": "none"}

    def serve(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/_faults":
            type(self).faults = json.loads(body)
            type(self).seen = []
            self.answer(200)
        elif self.path == "/_seen":
            self.answer(200, json.dumps(self.seen).encode())
        else:
            self.meet(self.due(), body)

    def meet(self, fault, body):
        kind = fault["fault"]
        if kind in ERRORS:
            code = ERRORS[kind]
            text = f"<Error><Code>{code}</Code><Message>{code}</Message></Error>"
            self.answer(int(kind), text.encode(), [("Content-Type", "application/xml")])
            return
        if kind == "slow":
            time.sleep(fault["seconds"])
        if kind == "twice":
            self.forwarded(body)
        if kind != "drop":
            answer = self.forwarded(body)
        if kind in {"drop", "lost"}:
            self.close_connection = True
            return
        if kind == "cut":
            status, body, headers = answer
            self.answer(status, body[: len(body) // 2], [*headers, ("content-length", len(body))])
            self.close_connection = True
            return
        self.answer(*answer)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = serve

    def log_message(self, *arguments):
        pass


if __name__ == "__main__":
    Proxy.upstream = sys.argv[1].removeprefix("http://")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    server.daemon_threads = True
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()
