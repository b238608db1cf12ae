"""WeCom posting to our callback: XML of every kind, encrypted by wechatpy, never by our code."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import aiohttp
from wechatpy.enterprise.crypto import WeChatCrypto
from yarl import URL

TOKEN = "Sunny2024"
AES_KEY = "k7Qm2ZxV9bNc4LsT8wRf1YhJ6uPdG3aE5oKiXtCzBvM"


class Sealer(Protocol):
    """Seals a plain XML: (timestamp, nonce, xml) -> (signature, ciphertext)."""

    def __call__(self, timestamp: str, nonce: str, xml: str) -> tuple[str, str]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """One request as it goes over the wire."""

    query: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class FakePlatform:
    corp_id: str = "wwschool00000001"
    agent_id: int = 1000002
    sealer: Sealer | None = None

    def seal(self, xml: str, timestamp_s: int, nonce: str | None = None) -> Posted:
        timestamp, nonce = str(timestamp_s), nonce or secrets.token_hex(5)
        signature, ciphertext = (self.sealer or self._wechatpy)(timestamp, nonce, xml)
        body = (
            f"<xml><ToUserName><![CDATA[{self.corp_id}]]></ToUserName>"
            f"<AgentID><![CDATA[{self.agent_id}]]></AgentID>"
            f"<Encrypt><![CDATA[{ciphertext}]]></Encrypt></xml>"
        )
        query = {"msg_signature": signature, "timestamp": timestamp, "nonce": nonce}
        return Posted(query=query, body=body.encode())

    def _wechatpy(self, timestamp: str, nonce: str, xml: str) -> tuple[str, str]:
        crypto = WeChatCrypto(TOKEN, AES_KEY, self.corp_id)
        sealed = crypto.encrypt_message(xml, nonce, timestamp)
        ciphertext = re.search(r"<Encrypt><!\[CDATA\[(.+)\]\]></Encrypt>", sealed)
        signature = re.search(r"<MsgSignature><!\[CDATA\[(.+)\]\]></MsgSignature>", sealed)
        assert ciphertext is not None
        assert signature is not None
        return signature[1], ciphertext[1]

    def message(self, account: str, created_s: int, kind: str, **fields: str) -> str:
        """A message's XML; ``fields`` are its elements, ready-made XML when they begin with <."""
        inner = "".join(
            f"<{name}>{value if value.startswith('<') else f'<![CDATA[{value}]]>'}</{name}>"
            for name, value in fields.items()
        )
        return (
            f"<xml><ToUserName><![CDATA[{self.corp_id}]]></ToUserName>"
            f"<FromUserName><![CDATA[{account}]]></FromUserName>"
            f"<CreateTime>{created_s}</CreateTime><MsgType><![CDATA[{kind}]]></MsgType>"
            f"{inner}<AgentID>{self.agent_id}</AgentID></xml>"
        )

    def text(self, account: str, created_s: int, content: str, number: int) -> str:
        return self.message(account, created_s, "text", Content=content, MsgId=str(number))

    def event(self, account: str, created_s: int, event: str, **fields: str) -> str:
        return self.message(account, created_s, "event", Event=event, **fields)

    def tap(self, account: str, created_s: int, key: str, task_id: str, code: str) -> str:
        return self.event(
            account,
            created_s,
            "template_card_event",
            EventKey=key,
            TaskId=task_id,
            CardType="button_interaction",
            ResponseCode=code,
        )


async def post(session: aiohttp.ClientSession, address: str, posted: Posted) -> tuple[int, bytes]:
    """Post and read the answer, within the five seconds that WeCom waits."""
    url = URL(address).with_query(posted.query)
    timeout = aiohttp.ClientTimeout(total=5)
    async with session.post(url, data=posted.body, timeout=timeout) as response:
        return response.status, await response.read()
