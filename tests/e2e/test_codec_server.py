"""The codec server over HTTP, as Temporal's Web UI and command ask it."""

import asyncio
import base64
import json
import os
import signal
import sys
import urllib.error
import urllib.request
import uuid
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import Message
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from google.protobuf.json_format import MessageToDict
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from cancellation.encryption import ENCODING, Encryption, data_converter
from cancellation.key_ring import KeyRing
from embedded import temporal_binary

KEY = b"k" * 32
RING = KeyRing("2026-11", {"2026-11": KEY})
TOKEN = "codigo-de-acesso-comprido"
WEB_UI = "http://127.0.0.1:8233"
CLEAR = Payload(metadata={"encoding": b"json/plain"}, data=b'"Rita Canario"')
BEARER = {"authorization": f"Bearer {TOKEN}"}


class Answer(NamedTuple):
    status: int
    headers: Message
    body: bytes


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


class Served:
    def __init__(self, url: str) -> None:
        self.url = url
        self._opener = urllib.request.build_opener(_Stay)

    async def ask(self, path: str, body: bytes | None = None, method: str = "POST", **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(f"{self.url}{path}", data=body, method=method, headers=named)

        def asked() -> Answer:
            try:
                with self._opener.open(request, timeout=20) as answer:
                    return Answer(answer.status, answer.headers, answer.read())
            except urllib.error.HTTPError as error:
                return Answer(error.code, error.headers, error.read())

        return await asyncio.to_thread(asked)


@asynccontextmanager
async def serving(folder: Path, **more: str) -> AsyncIterator[Served]:
    """The command as a process of its own, with its secrets in files."""
    keys = {"current": "2026-11", "keys": {"2026-11": base64.b64encode(KEY).decode()}}
    (folder / "keys").write_text(json.dumps(keys))
    (folder / "token").write_text(TOKEN + "\n")
    environment = {
        **os.environ,
        "CANCELAMENTO_HOME": str(folder),
        "CANCELAMENTO_CODEC_KEYS_FILE": str(folder / "keys"),
        "CANCELAMENTO_CODEC_TOKEN_FILE": str(folder / "token"),
        "CANCELAMENTO_CODEC_PORT": "0",
        "PYTHONUNBUFFERED": "1",
        **more,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "starters.cli", "codec", env=environment, stdout=PIPE, stderr=PIPE
    )
    assert process.stdout is not None
    try:
        yield Served((await asyncio.wait_for(process.stdout.readline(), 60)).decode().split()[-1])
    finally:
        process.send_signal(signal.SIGTERM)
        said, logged = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0
    assert "parado" in said.decode()
    for secret in (TOKEN, "Canario", base64.b64encode(KEY).decode()):
        assert secret not in (said + logged).decode()


@pytest.fixture(scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with serving(tmp_path_factory.mktemp("codec")) as found:
        yield found


def as_json(*payloads: Payload) -> bytes:
    return json.dumps(MessageToDict(Payloads(payloads=payloads))).encode()


async def sealed(ring: KeyRing = RING) -> Payload:
    [payload] = await Encryption(ring).encode([CLEAR])
    return payload


@pytest.mark.parametrize("path", ["/decode", "/cancelamento/decode"])
async def test_it_decrypts_what_is_encrypted_and_leaves_the_rest_in_order(served: Served, path: str) -> None:
    answer = await served.ask(path, as_json(CLEAR, await sealed()), **BEARER, x_namespace="cancelamento")
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert json.loads(answer.body) == MessageToDict(Payloads(payloads=[CLEAR, CLEAR]))


@pytest.mark.parametrize("path", ["/live", "/ready"])
async def test_it_says_that_it_is_there_to_whoever_asks(served: Served, path: str) -> None:
    assert (await served.ask(path, method="GET")).status == 200


async def test_without_the_token_nothing_is_decrypted(served: Served) -> None:
    body = as_json(await sealed())
    for headers in (
        {},
        {"authorization": "Bearer errado"},
        {"authorization": TOKEN},
        {"cookie": "codec=9.9"},
    ):
        answer = await served.ask("/decode", body, **headers)
        assert answer.status == 401
        assert b"Canario" not in answer.body


async def test_it_encrypts_only_where_that_is_allowed(served: Served, tmp_path: Path) -> None:
    refused = await served.ask("/encode", as_json(CLEAR), **BEARER)
    assert refused.status == 403
    assert "CANCELAMENTO_CODEC_ENCODES" in refused.body.decode()
    async with serving(tmp_path, CANCELAMENTO_CODEC_ENCODES="true") as encodes:
        done = json.loads((await encodes.ask("/encode", as_json(CLEAR), **BEARER)).body)
        assert base64.b64decode(done["payloads"][0]["metadata"]["encoding"]) == ENCODING
        back = await encodes.ask("/decode", json.dumps(done).encode(), **BEARER)
        assert json.loads(back.body) == MessageToDict(Payloads(payloads=[CLEAR]))


async def test_what_cannot_be_read_is_400_and_says_why(served: Served) -> None:
    unknown = await sealed(KeyRing("perdida", {"perdida": b"x" * 32}))
    broken = await sealed()
    broken.data = broken.data[:-1]
    for body, words in (
        (b"nada", "Payloads"),
        (b"\xff", "Payloads"),
        (b'{"payloads": 3}', "Payloads"),
        (as_json(unknown), "perdida"),
        (as_json(broken), "danificado"),
    ):
        answer = await served.ask("/decode", body, **BEARER)
        assert answer.status == 400
        assert words in json.loads(answer.body)["error"]
    assert (await served.ask("/outra", b"{}", **BEARER)).status == 404


async def test_only_the_web_uis_own_origin_may_ask(served: Served) -> None:
    asks = {
        "access_control_request_method": "POST",
        "access_control_request_headers": "content-type,x-namespace,authorization",
    }
    allowed = await served.ask("/decode", None, "OPTIONS", origin=WEB_UI, **asks)
    assert allowed.status == 200
    assert allowed.headers["access-control-allow-origin"] == WEB_UI
    assert allowed.headers["access-control-allow-credentials"] == "true"
    for origin in ("http://127.0.0.1:82330", "http://localhost:8233", "https://127.0.0.1:8233", "null"):
        refused = await served.ask("/decode", None, "OPTIONS", origin=origin, **asks)
        assert refused.status == 400
        assert "access-control-allow-origin" not in refused.headers
        asked = await served.ask("/decode", as_json(await sealed()), origin=origin, **BEARER)
        assert asked.status == 403
        assert "access-control-allow-origin" not in asked.headers


async def test_a_browser_comes_in_by_the_page_and_its_cookie_is_closed(served: Served) -> None:
    page = await served.ask("/", method="GET")
    assert page.status == 200
    assert "Código de acesso" in page.body.decode()
    assert (await served.ask("/entrar", b"token=errado")).status == 403
    came_in = await served.ask("/entrar", f"token={TOKEN}".encode())
    assert came_in.status == 303
    cookie = came_in.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict"} <= {part.strip() for part in cookie.split(";")}
    own = cookie.split(";")[0]
    assert TOKEN not in own
    answer = await served.ask("/decode", as_json(await sealed()), cookie=own, origin=WEB_UI)
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == WEB_UI
    until, _, mark = own.partition(".")
    forged = f"{until}0.{mark}"
    assert (await served.ask("/decode", as_json(await sealed()), cookie=forged)).status == 401


async def test_the_temporal_command_reads_an_encrypted_case_through_it(
    served: Served, temporal_env: WorkflowEnvironment
) -> None:
    plain = temporal_env.client
    client = Client(**(plain.config() | {"data_converter": data_converter(RING)}))
    # Nobody works on it: what counts is what stands in the history.
    case = await client.start_workflow(
        "Cancellation", {"text": "Rita Canario"}, id=f"codec-{uuid.uuid4().hex}", task_queue="nobody"
    )

    async def shown(*options: str) -> str:
        process = await asyncio.create_subprocess_exec(
            *(temporal_binary(), "workflow", "show", "-w", case.id, "--detailed"),
            *("--address", plain.service_client.config.target_host, *options),
            stdout=PIPE,
            stderr=PIPE,
        )
        said, complaint = await asyncio.wait_for(process.communicate(), 60)
        return (said + complaint).decode()

    assert "Rita" not in await shown()
    through = ("--codec-endpoint", f"{served.url}/{{namespace}}", "--codec-auth")
    assert "Rita Canario" in await shown(*through, f"Bearer {TOKEN}")
    await case.terminate("the test is over")


async def test_who_guesses_the_token_is_stopped(tmp_path: Path) -> None:
    async with serving(tmp_path, CANCELAMENTO_CODEC_PUBLIC_URL="https://codec.exemplo.com.br") as guarded:
        came_in = await guarded.ask("/entrar", f"token={TOKEN}".encode())
        assert came_in.headers["set-cookie"].startswith("__Host-codec=")
        assert "Secure" in came_in.headers["set-cookie"]
        tried = [await guarded.ask("/decode", b"{}", authorization=f"Bearer {n}") for n in range(22)]
        assert {one.status for one in tried[:20]} == {401}
        assert tried[-1].status == 429
        assert int(tried[-1].headers["retry-after"]) > 0


async def test_it_does_not_start_without_keys_or_token(tmp_path: Path) -> None:
    environment = {**os.environ, "CANCELAMENTO_HOME": str(tmp_path), "CANCELAMENTO_CODEC_PORT": "0"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "starters.cli", "codec", env=environment, stdout=PIPE, stderr=PIPE
    )
    _, complaint = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode != 0
    assert "CANCELAMENTO_CODEC_KEYS_FILE" in complaint.decode()
    assert "Traceback" not in complaint.decode()
