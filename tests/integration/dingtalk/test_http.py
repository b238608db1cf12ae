"""Signed callbacks: what is authentic is stored once, all else is one and the same refusal."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.crypto import CallbackCrypto
from bot.channels.dingtalk.card_route import (
    SIGNATURE,
    TIMESTAMP,
    tap_secret,
    tap_signature,
)
from bot.channels.dingtalk.http import BODY_LIMIT_BYTES, Callbacks, signed
from bot.channels.dingtalk.inbound import Inbound
from bot.channels.dingtalk.settings import AppSettings, Mode
from bot.channels.seen import MemorySeen
from bot.messages import IncomingMessage
from tests.shared_data import shared_path

SECRET, TOKEN, AES_KEY = "app-secret", "Token2026", "k7Qm2ZxV9bNc4LsT8wRf1YhJ6uPdG3aE5oKiXtCzBvM"
CLIENT_ID = "dingapp1"
START = datetime(2026, 9, 1, tzinfo=UTC)
SETTINGS = AppSettings(
    client_id=CLIENT_ID, client_secret=SECRET, mode=Mode.HTTP, event_token=TOKEN,
    event_aes_key=AES_KEY,
)  # fmt: skip
CRYPTO = CallbackCrypto(TOKEN, AES_KEY, CLIENT_ID)
BODY: dict[str, object] = {
    "msgId": "m1", "msgtype": "text", "text": {"content": "签到"}, "conversationType": "1",
    "conversationId": "cid1", "senderStaffId": "zhang",
}  # fmt: skip


@dataclass(slots=True)
class Box:
    kept: list[IncomingMessage] = field(default_factory=list)
    changed: int = 0
    now: datetime = START

    async def accept(self, message: IncomingMessage) -> bool:
        is_new = all(one.message_id != message.message_id for one in self.kept)
        if is_new:
            self.kept.append(message)
        return is_new

    async def directory_changed(self) -> None:
        self.changed += 1

    def clock(self) -> datetime:
        return self.now


@pytest.fixture
async def box() -> Box:
    return Box()


@pytest.fixture
async def client(box: Box) -> AsyncIterator[TestClient]:
    inbound = Inbound(accept=box.accept, clock=box.clock, directory_changed=box.directory_changed)
    site = web.Application()
    Callbacks(SETTINGS, inbound, MemorySeen(box.clock)).add_routes(site)
    async with TestClient(TestServer(site)) as client:
        yield client


def headers(at_ms: int | None = None, secret: str = SECRET) -> dict[str, str]:
    timestamp = str(at_ms or int(START.timestamp() * 1000))
    return {"timestamp": timestamp, "sign": signed(timestamp, secret).decode()}


def tap_headers(at_ms: int | None = None, secret: str = "") -> dict[str, str]:
    timestamp = str(at_ms or int(START.timestamp() * 1000))
    sign = tap_signature(timestamp, secret or tap_secret(SETTINGS)).decode()
    return {TIMESTAMP: timestamp, SIGNATURE: sign}


async def post(client: TestClient, path: str, body: object, given: dict[str, str]) -> int:
    async with client.post(path, json=body, headers=given) as response:
        await response.read()
        return response.status


async def test_a_signed_message_is_stored_and_a_repeat_does_nothing(
    client: TestClient, box: Box
) -> None:
    assert await post(client, "/dingtalk/bot", BODY, headers()) == 200
    assert await post(client, "/dingtalk/bot", BODY, headers()) == 200
    assert [one.text for one in box.kept] == ["签到"]


async def test_a_used_signature_with_another_body_is_refused(client: TestClient, box: Box) -> None:
    await post(client, "/dingtalk/bot", BODY, headers())
    forged = {**BODY, "msgId": "m2", "text": {"content": "/停用 李老师"}}

    assert await post(client, "/dingtalk/bot", forged, headers()) == 403
    assert len(box.kept) == 1


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"timestamp": "1788220800000", "sign": "x"},
        headers(secret="another"),
        headers(int(START.timestamp() * 1000) - 3_601_000),
        headers(int(START.timestamp() * 1000) + 3_601_000),
        {**headers(), "timestamp": "今天"},
        {**headers(), "sign": "签名".encode().decode("latin-1")},
    ],
)
async def test_what_is_not_authentic_is_refused(
    client: TestClient, box: Box, given: dict[str, str]
) -> None:
    given = {
        name: value.encode(errors="replace").decode("latin-1") for name, value in given.items()
    }
    assert await post(client, "/dingtalk/bot", BODY, given) == 403
    assert not box.kept


async def test_a_large_body_is_not_read(client: TestClient, box: Box) -> None:
    large = {**BODY, "text": {"content": "长" * BODY_LIMIT_BYTES}}

    content = io.BytesIO(json.dumps(large).encode())
    async with client.post("/dingtalk/bot", data=content, headers=headers()) as response:
        assert response.status == 413
    assert not box.kept


async def test_authentic_rubbish_is_counted_and_answered(client: TestClient, box: Box) -> None:
    for n, raw in enumerate((b"[]", b"{", b"\xff\xfe", b'{"msgtype": {}}')):
        given = headers(int(START.timestamp() * 1000) + n)
        async with client.post("/dingtalk/bot", data=raw, headers=given) as response:
            assert response.status == 200
    assert not box.kept


TAP: dict[str, object] = {
    "type": "actionCallback", "userId": "zhang", "outTrackId": "t1",
    "content": json.dumps({"cardPrivateData": {"params": {"command": "/签收 17"}}}),
}  # fmt: skip


async def test_a_tap_is_stored_and_a_repeat_does_nothing(client: TestClient, box: Box) -> None:
    assert await post(client, "/dingtalk/card", TAP, tap_headers()) == 200
    assert await post(client, "/dingtalk/card", TAP, tap_headers()) == 200
    assert [one.text for one in box.kept] == ["/签收 17"]

    forged = {**TAP, "userId": "li"}
    assert await post(client, "/dingtalk/card", forged, tap_headers()) == 403
    assert len(box.kept) == 1


@pytest.mark.parametrize(
    "given",
    [
        {},
        headers(),
        tap_headers(secret=SECRET),
        tap_headers(int(START.timestamp() * 1000) - 3_601_000),
        {**tap_headers(), TIMESTAMP: "1788220800001"},
    ],
)
async def test_a_tap_that_is_not_authentic_is_refused(
    client: TestClient, box: Box, given: dict[str, str]
) -> None:
    assert await post(client, "/dingtalk/card", TAP, given) == 403
    assert not box.kept


@pytest.mark.parametrize("names", [("msg_signature", "timestamp"), ("signature", "timeStamp")])
async def test_an_event_is_opened_and_answered_sealed(
    client: TestClient, box: Box, names: tuple[str, str]
) -> None:
    for event, changes in (("check_url", 0), ("user_leave_org", 1), ("chat_update_title", 1)):
        timestamp = str(int(START.timestamp() * 1000))
        sealed = CRYPTO.seal(json.dumps({"EventType": event}).encode(), timestamp, "n1")
        query = {names[0]: sealed.signature, names[1]: timestamp, "nonce": "n1"}
        body = {"encrypt": sealed.ciphertext}
        async with client.post("/dingtalk/events", params=query, json=body) as response:
            answer = await response.json()
        opened = CRYPTO.open(
            answer["msg_signature"], answer["timeStamp"], answer["nonce"], answer["encrypt"]
        )
        assert opened == b"success"
        assert box.changed == changes

    wrong = {names[0]: "0" * 40, names[1]: timestamp, "nonce": "n1"}
    async with client.post("/dingtalk/events", params=wrong, json=body) as response:
        assert response.status == 403


def test_the_vectors_of_the_signature_and_of_events() -> None:
    signs = json.loads(shared_path("vectors/dingtalk_sign.json").read_text("utf-8"))["cases"]
    for case in signs:
        assert signed(case["timestamp"], case["secret"]).decode() == case["sign_base64"]
    events = json.loads(shared_path("vectors/dingtalk_event_crypto.json").read_text("utf-8"))
    for case in events["cases"]:
        crypto = CallbackCrypto(case["token"], case["aes_key"], case["owner_key"])
        opened = crypto.open(
            case["signature"], case["timestamp"], case["nonce"], case["ciphertext"]
        )
        assert opened.decode() == case["plaintext"]
    assert signs
    assert events["cases"]


@given(st.text(), st.text())
def test_any_words_can_be_signed(timestamp: str, secret: str) -> None:
    usable = secret.encode(errors="replace").decode()
    digest = hashlib.sha256(signed(timestamp, usable)).digest()

    assert len(signed(timestamp, usable)) == 44
    assert digest == hashlib.sha256(signed(timestamp, usable)).digest()
