"""Photos and documents sent on the chat page, as people choose, drop or paste them."""

from __future__ import annotations

import io
import re
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from aiohttp import FormData
from lxml import html
from PIL import Image

from bot.assembled import App
from bot.web import sent_files
from tests.scenario.drivers import WebDriver, on_the_page
from tests.scenario.town import READING, living, settle_in


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    async with living(tmp_path) as app:
        await settle_in(app)
        yield app


def photo() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(out, "PNG")
    return out.getvalue()


async def test_a_document_sent_on_the_page_is_looked_at_and_added_after_a_yes(app: App) -> None:
    async with on_the_page(app, "宋见微") as admin:
        text = READING.replace("校园阅读", "校园劳动").encode()
        await admin.send_file("劳动方案.txt", text)
        assert "添加文件" in (await admin.heard()).card
        await admin.say("确认")
        assert "已添加" in (await admin.heard()).text


async def test_a_photo_stays_in_the_conversation_for_its_sender_alone(app: App) -> None:
    async with on_the_page(app, "祁远山") as teacher:
        await teacher.send_file("现场<1>.png", photo())
        assert "《现场<1>.png》收到了" in (await teacher.heard()).text
        async with teacher.client.get(f"/chat?as={teacher.account}") as response:
            tree = html.fromstring(await response.text())
        (source,) = tree.xpath("//article[contains(@class, 'mine')]//img/@src")
        async with teacher.client.get(source) as response:
            assert await response.read() == photo()
        async with teacher.client.get(re.sub(r"\?r=.*", "", source)) as response:
            assert response.status == 403


@pytest.mark.parametrize("files", [0, sent_files.MOST_FILES + 1])
async def test_too_few_or_too_many_files_are_refused(app: App, files: int) -> None:
    async with on_the_page(app, "祁远山") as teacher:
        form = FormData()
        form.add_field("id", uuid4().hex)
        for n in range(files):
            form.add_field("file", b"words", filename=f"{n}.txt")
        assert await status_of(teacher, form) == 400


async def test_a_stranger_and_a_foreign_page_may_send_nothing(app: App) -> None:
    async with on_the_page(app, "祁远山") as teacher:
        form = FormData()
        form.add_field("file", b"words", filename="1.txt")
        async with teacher.client.post("/chat/files?as=nobody", data=form()) as response:
            assert response.status == 403
        path = f"/chat/files?as={teacher.account}"
        foreign = {"Sec-Fetch-Site": "cross-site"}
        form = FormData()
        form.add_field("file", b"words", filename="1.txt")
        async with teacher.client.post(path, data=form(), headers=foreign) as response:
            assert response.status == 403


async def test_what_is_too_large_is_cut_off_with_a_kind_word(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sent_files, "TOTAL_BYTES", 100_000)
    async with on_the_page(app, "祁远山") as teacher:
        form = FormData()
        form.add_field("id", uuid4().hex)
        form.add_field("file", b"x" * 100_001, filename="big.txt")
        assert await status_of(teacher, form) == 413


async def status_of(driver: WebDriver, form: FormData) -> int:
    path = f"/chat/files?as={driver.account}"
    async with driver.client.post(path, data=form) as response:
        return response.status
