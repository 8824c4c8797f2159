"""A hub on loopback that keeps data sets in memory: the requests of huggingface_hub that a push makes."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "hf_" + "SecretOfTheHubTest" * 2


@dataclass
class Hub:
    """What is on a hub."""

    address: str = ""
    private: dict[str, bool] = field(default_factory=dict)
    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    commits: list[str] = field(default_factory=list)
    large: dict[str, bytes] = field(default_factory=dict)
    fails: dict[str, int] = field(default_factory=dict)
    """A part of a request's path, and the status that it is answered with."""


@contextmanager
def serve_hub() -> Iterator[Hub]:
    hub = Hub()

    class Handler(_Handler):
        the_hub = hub

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    the_hub: Hub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def do_PUT(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _answer(self, body: bytes) -> None:
        path = self.path.split("?")[0]
        code = next((code for part, code in self.the_hub.fails.items() if part in path), None)
        if code is None and not path.startswith("/lfs/") and self.headers.get("Authorization") != f"Bearer {TOKEN}":
            code = 401
        if code is None:
            code, answer = self._route(path, body)
        else:
            answer = {"error": f"refused {self.headers.get('Authorization')}"}  # some servers echo the key
        content = json.dumps(answer).encode()
        self.send_response(code)
        if code == 404:
            self.send_header("X-Error-Code", "RepoNotFound")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _route(self, path: str, body: bytes) -> tuple[int, Any]:
        hub = self.the_hub
        if path == "/api/repos/create":
            asked = json.loads(body)
            name = f"{asked['organization']}/{asked['name']}"
            hub.private[name] = asked.get("private", asked.get("visibility") == "private")
            hub.files[name] = {".gitattributes": b"*.flac filter=lfs diff=lfs merge=lfs -text\n"}
            return 200, {"url": f"{hub.address}/datasets/{name}", "name": name}
        if path == "/api/validate-yaml":
            return 200, {"errors": [], "warnings": []}
        if path.startswith("/lfs/"):
            hub.large[path.removeprefix("/lfs/")] = body
            return 200, {}
        found = re.match(r"(?:/api)?/datasets/(\w+/[\w-]+?)(\.git/info/lfs/objects/batch|/\w+/main|)$", path)
        if not found or found[1] not in hub.files:
            return 404, {"error": "Repository not found"}
        files = hub.files[found[1]]
        if found[2].startswith(".git"):
            objects = json.loads(body)["objects"]
            return 200, {"transfer": "basic", "objects": [
                {**one, "actions": {"upload": {"href": f"{hub.address}/lfs/{one['oid']}"}}} for one in objects
            ]}  # fmt: skip
        if found[2] == "/tree/main":
            return 200, [{"type": "file", "path": name, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}
                         for name, content in files.items()]  # fmt: skip
        if found[2] == "/preupload/main":
            names = [one["path"] for one in json.loads(body)["files"]]
            modes = {name: "lfs" if name.endswith(".flac") else "regular" for name in names}
            return 200, {"files": [{"path": name, "uploadMode": mode, "shouldIgnore": False}
                                   for name, mode in modes.items()]}  # fmt: skip
        if found[2] == "/commit/main":
            return 200, self._commit(found[1], [json.loads(line) for line in body.splitlines()])
        return 200, {"id": found[1], "private": hub.private[found[1]], "sha": "0" * 40, "siblings": []}

    def _commit(self, name: str, lines: list[dict[str, Any]]) -> dict[str, Any]:
        files = self.the_hub.files[name]
        for line in lines:
            value = line["value"]
            if line["key"] == "header":
                self.the_hub.commits.append(value["summary"])
            elif line["key"] == "deletedFile":
                del files[value["path"]]
            elif line["key"] == "lfsFile":
                content = self.the_hub.large[value["oid"]]
                assert hashlib.sha256(content).hexdigest() == value["oid"]
                files[value["path"]] = content
            else:
                files[value["path"]] = base64.b64decode(value["content"])
        return {"commitUrl": f"{self.the_hub.address}/datasets/{name}/commit/{'0' * 40}", "commitOid": "0" * 40}
