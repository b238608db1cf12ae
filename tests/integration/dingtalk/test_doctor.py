"""What ``yaodian doctor dingtalk`` finds, over sockets on loopback."""

import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from bot.channels.crypto import CallbackCrypto
from bot.channels.dingtalk.doctor import GATEWAY, check_app, check_webhooks
from bot.channels.dingtalk.settings import AppSettings, Mode, WebhookSettings
from bot.channels.finding import Finding
from bot.config import (
    DingTalkAppSettings,
    DingTalkSettings,
    DingTalkWebhookSettings,
    KnowledgeSettings,
    Settings,
)
from bot.doctor import examine
from tests.fakes.dingtalk import FakeDingTalk
from tests.fakes.dingtalk_answers import json_of, new_error

EVENT_TOKEN, EVENT_KEY = "eventtoken1", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"


@dataclass(slots=True)
class Platform:
    """The simulator with a gateway whose endpoint is itself."""

    fake: FakeDingTalk = field(default_factory=FakeDingTalk)
    base: str = ""
    endpoint: str = ""
    session: ClientSession = field(init=False)
    tickets: int = 0
    event_answer: bytes = b"success"

    def settings(self, mode: Mode = Mode.STREAM) -> AppSettings:
        return AppSettings(
            client_id=self.fake.client_id,
            client_secret=self.fake.client_secret,
            mode=mode,
            api_base=self.base,
            oapi_base=self.base,
        )

    async def gateway(self, request: web.Request) -> web.Response:
        body = json_of(await request.read())
        if body.get("clientSecret") != self.fake.client_secret or not self.endpoint:
            return new_error(401, "authFailed")
        self.tickets += 1
        return web.json_response({"endpoint": self.endpoint, "ticket": "t1"})

    async def events(self, request: web.Request) -> web.Response:
        """Our own address, as far as the console sees it."""
        crypto = CallbackCrypto(EVENT_TOKEN, EVENT_KEY, self.fake.client_id)
        query, body = request.query, json_of(await request.read())
        opened = crypto.open(
            query["signature"], query["timestamp"], query["nonce"], str(body["encrypt"])
        )
        assert json_of(opened) == {"EventType": "check_url"}
        sealed = crypto.seal(self.event_answer, query["timestamp"], query["nonce"])
        return web.json_response(
            {
                "msg_signature": sealed.signature,
                "timeStamp": sealed.timestamp,
                "nonce": sealed.nonce,
                "encrypt": sealed.ciphertext,
            }
        )


@pytest.fixture
async def platform() -> AsyncIterator[Platform]:
    platform = Platform()
    platform.fake.directory.departments = [{"dept_id": 2, "name": "云山小学", "parent_id": "1"}]
    app = platform.fake.app()
    app.router.add_post(GATEWAY, platform.gateway)
    app.router.add_post("/dingtalk/events", platform.events)
    async with TestServer(app) as server, ClientSession() as session:
        platform.base = str(server.make_url("")).rstrip("/")
        platform.endpoint = platform.base.replace("http", "ws", 1) + "/connect"
        platform.session = session
        yield platform


def only_fault(found: list[Finding]) -> Finding:
    (fault,) = [one for one in found if not one.ok]
    return fault


async def test_all_is_well_and_nobody_heard_of_it(platform: Platform) -> None:
    found = await check_app(platform.settings(), platform.session)

    assert [one.advice for one in found if not one.ok] == []
    assert any("1 个部门" in one.title for one in found)
    assert any("长连接，能连上" in one.title for one in found)
    assert platform.fake.delivered == []
    assert platform.tickets == 1


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"client_secret": "mistyped"}, "凭证与基础信息"),
        ({"robot_code": "dingother"}, "RobotCode"),
        ({"api_base": "http://127.0.0.1:9"}, "连不上"),
        ({"event_token": "tok1", "event_aes_key": "short"}, "43 位"),
        ({"event_token": "t", "event_aes_key": EVENT_KEY}, "3 到 32 位"),
        ({"event_token": "tok1"}, "一起填写"),
    ],
)
async def test_each_mistake_is_explained(
    platform: Platform, changed: dict[str, str], word: str
) -> None:
    settings = replace(platform.settings(), **changed)  # type: ignore[arg-type]

    assert word in only_fault(await check_app(settings, platform.session)).advice


async def test_missing_rights_are_told_from_an_untrusted_address(platform: Platform) -> None:
    platform.fake.rights = {"robot"}
    assert "权限" in only_fault(await check_app(platform.settings(), platform.session)).advice

    platform.fake.rights = {"contact"}
    fault = only_fault(await check_app(platform.settings(), platform.session))
    assert "robot.Write" in fault.advice

    platform.fake.is_trusted = False
    found = await check_app(platform.settings(), platform.session)
    assert any("出口 IP" in one.advice for one in found if not one.ok)


async def test_an_empty_scope_is_told_from_a_school_without_departments(
    platform: Platform,
) -> None:
    platform.fake.directory.departments = []
    assert "可使用范围" in only_fault(await check_app(platform.settings(), platform.session)).advice

    platform.fake.directory.staff = [{"userid": "zhang", "name": "张敏", "dept_id_list": [1]}]
    assert all(one.ok for one in await check_app(platform.settings(), platform.session))


async def test_a_stream_that_is_off_is_told_from_one_that_is_walled_in(
    platform: Platform,
) -> None:
    platform.endpoint = ""
    assert "Stream" in only_fault(await check_app(platform.settings(), platform.session)).advice

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        platform.endpoint = f"wss://127.0.0.1:{free.getsockname()[1]}/connect"
        fault = only_fault(await check_app(platform.settings(), platform.session))
    assert "防火墙" in fault.advice


async def test_a_clock_that_is_off_is_told(platform: Platform) -> None:
    platform.fake.ahead = timedelta(seconds=400)

    assert "对时" in only_fault(await check_app(platform.settings(), platform.session)).advice


async def test_the_address_for_events_is_called_as_the_console_would(platform: Platform) -> None:
    settings = replace(
        platform.settings(Mode.HTTP), event_token=EVENT_TOKEN, event_aes_key=EVENT_KEY
    )

    found = await check_app(settings, platform.session, platform.base)
    assert all(one.ok for one in found)
    assert "公网地址" in only_fault(await check_app(settings, platform.session)).advice
    platform.event_answer = b"failure"
    found = await check_app(settings, platform.session, platform.base)
    assert "反向代理" in only_fault(found).advice
    found = await check_app(settings, platform.session, "http://127.0.0.1:9")
    assert "访问不到" in only_fault(found).advice


async def test_a_groups_robot_is_tried_without_a_word_to_the_group(platform: Platform) -> None:
    def hook(**changed: str) -> WebhookSettings:
        known = {"name": "全校群", "access_token": "robot-token-1", "secret": "SEC0001"}
        return WebhookSettings(**{**known, "api_base": platform.base, **changed})

    platform.fake.robots.keywords["robot-token-1"] = "通知"
    hooks = [
        hook(keyword="通知"),
        hook(),
        hook(access_token="gone"),
        hook(secret="SEC0002"),
        hook(api_base="http://127.0.0.1:9"),
    ]

    found = await check_webhooks(hooks, platform.session)

    words = ["", "关键词", "Webhook 地址", "加签", "连不上"]
    assert [one.ok for one in found] == [True, False, False, False, False]
    assert all(word in one.advice for word, one in zip(words, found, strict=True))
    assert platform.fake.delivered == []


async def test_the_command_asks_for_everything_that_is_configured(
    platform: Platform, tmp_path: Path
) -> None:
    settings = Settings(
        knowledge=KnowledgeSettings(embedding="none"),
        dingtalk=DingTalkSettings(
            app=DingTalkAppSettings(
                client_id=platform.fake.client_id,
                client_secret=SecretStr(platform.fake.client_secret),
                api_base=platform.base,
                oapi_base=platform.base,
            ),
            webhook=(
                DingTalkWebhookSettings(
                    name="全校群", access_token=SecretStr("gone"), api_base=platform.base
                ),
            ),
        ),
    )

    found = await examine(settings, tmp_path, "dingtalk")

    assert [one.title for one in found if not one.is_ok] == ["群机器人“全校群”"]
    missing = await examine(
        Settings(knowledge=KnowledgeSettings(embedding="none")), tmp_path, "dingtalk"
    )
    assert "[dingtalk.…]" in missing[0].advice
