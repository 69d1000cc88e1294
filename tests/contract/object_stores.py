"""Object stores for the suites of recordings, and ways to put into them what their client would not write."""

import os
import threading
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from obstore.store import ObjectStore

from cancellation.adapters.objectstore.opening import open_store

S3_PREFIX = "producao"


def s3_store(endpoint: str, bucket: str) -> ObjectStore:
    """A store in a bucket of that server, whose client tries nothing again by itself."""
    return open_store(
        f"s3://{bucket}/{S3_PREFIX}",
        {
            "endpoint": endpoint,
            "region": "us-east-1",
            "client_options": {"allow_http": True},
            "retry_config": {"max_retries": 0, "retry_timeout": timedelta(seconds=5)},
            "aws_access_key_id": "test",
            "aws_secret_access_key": "test",
        },
    )


def make_bucket(endpoint: str) -> str:
    """A fresh bucket; its name."""
    bucket = f"gravacoes-{uuid.uuid4().hex}"
    request(endpoint, "PUT", bucket)
    return bucket


def request(endpoint: str, method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    """One request to a server that asks for no signature."""
    headers = {"content-type": "application/octet-stream", **headers}
    made = urllib.request.Request(f"{endpoint}/{path}", data=body, method=method, headers=headers)
    with urllib.request.urlopen(made) as answer:
        content: bytes = answer.read()
    return content


class Shelf(Protocol):
    """A store seen from below, past its client."""

    store: ObjectStore

    def put(self, path: str, content: bytes) -> bool:
        """Write an object of any name; False where the store itself does not take that name."""

    def contents(self, folder: str) -> list[bytes]:
        """What is there, whatever its name."""


@dataclass
class FolderShelf:
    """A local folder."""

    root: Path

    def __post_init__(self) -> None:
        self.store = open_store(self.root.as_uri())

    def put(self, path: str, content: bytes) -> bool:
        file = self.root / path
        if ".." in path.split("/"):
            return False
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with open(file, "xb") as opened:
                opened.write(content)
        except (OSError, ValueError):  # too long, the name of a folder, or with a character that ends it
            return False
        return True

    def contents(self, folder: str) -> list[bytes]:
        files = [Path(top) / name for top, _, names in os.walk(self.root / folder) for name in names]
        return [file.read_bytes() for file in files]


@dataclass
class BucketShelf:
    """A bucket."""

    endpoint: str
    bucket: str

    def __post_init__(self) -> None:
        self.store = s3_store(self.endpoint, self.bucket)

    def put(self, path: str, content: bytes, **headers: str) -> bool:
        try:
            request(self.endpoint, "PUT", self._address(path), content, **headers)
        except (urllib.error.HTTPError, UnicodeEncodeError):
            return False
        return True

    def contents(self, folder: str) -> list[bytes]:
        from moto.s3.models import s3_backends

        keys = s3_backends["123456789012"]["global"].buckets[self.bucket].keys
        return [bytes(key.value) for name, key in keys.items() if name.startswith(f"{S3_PREFIX}/{folder}/")]

    def forbid(self, *actions: str, under: str) -> None:
        """Let nobody do that with the objects whose path begins so."""
        resource = f"arn:aws:s3:::{self.bucket}/{S3_PREFIX}/{under}*"
        statements = ",".join(
            f'{{"Effect":"Deny","Principal":"*","Action":"s3:{action}","Resource":"{resource}"}}'
            for action in actions
        )
        policy = f'{{"Version":"2012-10-17","Statement":[{statements}]}}'
        request(self.endpoint, "PUT", f"{self.bucket}?policy", policy.encode())

    def allow(self) -> None:
        """Take the prohibition back."""
        request(self.endpoint, "DELETE", f"{self.bucket}?policy")

    def _address(self, path: str) -> str:
        return f"{self.bucket}/{quote(f'{S3_PREFIX}/{path}', safe='/')}"


Fault = Callable[[str, str, bytes], tuple[int, bytes] | None]
"""From method, path with query, and body to the answer that is given instead of the server's."""


@dataclass
class FaultyServer:
    """Stands before another HTTP server and answers some requests itself."""

    behind: str
    fault: Fault = lambda *_: None
    answered: list[str] = field(default_factory=list)

    @contextmanager
    def listening(self) -> Iterator[str]:
        """Its address, while it listens."""
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                status, headers, content = owner.answer(self.command, self.path, body, dict(self.headers))
                self.send_response(status)
                for name, value in headers.items():
                    if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                        self.send_header(name, value)
                length = headers.get("Content-Length") if self.command == "HEAD" else str(len(content))
                self.send_header("Content-Length", length or "0")
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_one

            def log_message(self, *_: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            server.server_close()

    def answer(
        self, method: str, path: str, body: bytes, headers: dict[str, str]
    ) -> tuple[int, dict[str, str], bytes]:
        """Its own answer, or that of the server behind it."""
        own = self.fault(method, path, body)
        if own is not None:
            self.answered.append(path)
            return own[0], {}, own[1]
        passed = {name.lower(): value for name, value in headers.items() if name.lower() != "host"}
        passed.setdefault("content-type", "application/octet-stream")
        made = urllib.request.Request(
            f"{self.behind}{path}", data=body or None, method=method, headers=passed
        )
        try:
            with urllib.request.urlopen(made) as answer:
                return answer.status, dict(answer.headers), answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, dict(error.headers), error.read()
