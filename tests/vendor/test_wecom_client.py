"""The simulator is what wechatpy's own client takes for WeCom."""

import asyncio
import io
from collections.abc import Callable

import pytest
from wechatpy.enterprise import WeChatClient
from wechatpy.exceptions import WeChatClientException

from tests.integration.wecom.wecom_app_stage import Stage, stage


class LoopbackClient(WeChatClient):
    """wechatpy's client with its addresses, which it spells out, turned to loopback."""

    def fetch_access_token(self) -> object:
        params = {"corpid": self.corp_id, "corpsecret": self.secret}
        return self._fetch_access_token(url=self.API_BASE_URL + "gettoken", params=params)


def client_of(wecom: Stage, secret: str | None = None) -> LoopbackClient:
    LoopbackClient.API_BASE_URL = wecom.app.settings.api_base.rstrip("/") + "/cgi-bin/"
    return LoopbackClient(wecom.fake.corp_id, secret or wecom.fake.secret, timeout=5)


async def call(work: Callable[[], object]) -> object:
    """Run the blocking client beside the loop that serves it."""
    return await asyncio.to_thread(work)


async def test_it_sends_every_kind_of_message() -> None:
    async with stage() as wecom:
        client = client_of(wecom)
        agent = wecom.fake.agent_id

        def work() -> None:
            uploaded = client.media.upload("file", ("计划.docx", io.BytesIO(b"a whole plan")))
            image = client.media.upload("image", ("图.png", io.BytesIO(b"\x89PNG picture")))
            client.message.send_text(agent, ["zhang", "li"], "周三学习")
            client.message.send_markdown(agent, "zhang", "**周三**")
            client.message.send_file(agent, "zhang", uploaded["media_id"])
            client.message.send_image(agent, "zhang", image["media_id"])
            client.message.send_text_card(agent, "zhang", "通知", "全文", "https://x.example/1")
            article = {"title": "年历", "description": "", "url": "https://x.example/", "image": ""}
            client.message.send_articles(agent, "zhang", [article])

        await call(work)

        kinds = [message.msgtype for message in wecom.fake.delivered if message.account == "zhang"]
        assert kinds == ["text", "markdown", "file", "image", "textcard", "news"]
        assert wecom.fake.calls["gettoken"] == 1


async def test_it_sees_partial_failures_and_errors_where_it_expects_them() -> None:
    async with stage() as wecom:
        client = client_of(wecom)
        send = client.message.send_text

        answer = await call(lambda: send(wecom.fake.agent_id, "zhang|gone", "x"))
        assert isinstance(answer, dict)
        assert answer["invaliduser"] == "gone"
        with pytest.raises(WeChatClientException) as caught:
            await call(lambda: send(wecom.fake.agent_id, "gone", "x"))
        assert caught.value.errcode == 81013
        with pytest.raises(WeChatClientException) as caught:
            await call(lambda: client_of(wecom, "mistyped").access_token)
        assert caught.value.errcode == 40001


async def test_it_refreshes_a_token_that_was_revoked() -> None:
    async with stage() as wecom:
        client = client_of(wecom)
        await call(lambda: client.message.send_text(wecom.fake.agent_id, "zhang", "1"))
        wecom.fake.tokens.clear()

        await call(lambda: client.message.send_text(wecom.fake.agent_id, "zhang", "2"))

        assert [message.text for message in wecom.fake.delivered] == ["1", "2"]
        assert wecom.fake.calls["gettoken"] == 2


async def test_it_reads_the_directory_the_menu_and_who_signs_in() -> None:
    async with stage() as wecom:
        client = client_of(wecom)
        wecom.fake.departments = [{"id": 2, "name": "云山中心小学", "parentid": 1, "order": 1}]
        wecom.fake.staff = [{"userid": "zhang", "name": "张敏", "department": [2]}]
        wecom.fake.codes["c1"] = "zhang"
        menu = {"button": [{"type": "click", "name": "签到", "key": "/签到"}]}

        departments = await call(client.department.get)
        people = await call(lambda: client.user.list(2, simple=True))
        who = await call(lambda: client.oauth.get_user_info("c1"))
        await call(lambda: client.menu.create(wecom.fake.agent_id, menu))
        addresses = await call(client.misc.get_wechat_ips)

        assert departments == wecom.fake.departments
        assert people == wecom.fake.staff
        assert isinstance(who, dict)
        assert who["UserId"] == "zhang"
        assert wecom.fake.menu == menu
        assert addresses == ["127.0.0.*"]
