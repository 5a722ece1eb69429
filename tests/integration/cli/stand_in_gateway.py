"""A gateway that answers as it is told, and remembers what it was asked."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Gateway:
    """Answers by (method, path) and remembers what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[tuple[str, str], list[tuple[int, Any]]] = {}
        self.asked: list[tuple[str, str, Any]] = []
        self.tokens: list[str | None] = []
        self.if_match: list[str | None] = []
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def do_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                path = self.path.partition("?")[0]
                gateway.asked.append((self.command, self.path, json.loads(body) if body else None))
                gateway.tokens.append(self.headers.get("Authorization"))
                gateway.if_match.append(self.headers.get("If-Match"))
                answers = gateway.answers.get((self.command, path)) or [
                    (404, {"title": "Not found", "code": "not_found"})
                ]
                status, answer = answers.pop(0) if len(answers) > 1 else answers[0]
                content = b"" if answer is None else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_any  # noqa: N815 - the names http.server asks for.

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def answer(self, method: str, path: str, *answers: tuple[int, Any]) -> None:
        self.answers[method, path] = list(answers)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def page(*items: Any, cursor: str | None = None, total: int | None = None) -> tuple[int, Any]:
    return 200, {"items": list(items), "total": len(items) if total is None else total, "nextCursor": cursor}
