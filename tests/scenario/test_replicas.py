"""Two replicas over one PostgreSQL are one 要点 to whoever asks."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from handlers.people.actions import operator
from tests.scenario.drivers import on_the_page
from tests.scenario.town import KITCHEN, living, settle_in

pytestmark = pytest.mark.needs("postgresql")


async def test_a_page_open_here_shows_what_the_other_replica_answers(
    tmp_path: Path, postgresql_url: str
) -> None:
    async with (
        living(tmp_path / "here", postgresql_url) as here,
        living(tmp_path / "there", postgresql_url),
    ):
        await settle_in(here)
        # What is said here may be answered and delivered by either; here it can only be the other.
        await here.dispatcher.stop()
        here.loops.tasks["outbox"].cancel()
        async with on_the_page(here, "祁远山") as teacher:
            await teacher.say("读书节几月举办")
            assert "4月" in (await teacher.heard()).text


async def test_a_document_added_here_is_known_there(tmp_path: Path, postgresql_url: str) -> None:
    async with (
        living(tmp_path / "here", postgresql_url) as here,
        living(tmp_path / "there", postgresql_url) as there,
    ):
        await settle_in(here)
        woken = there.store.woken("documents")
        await here.documents.add(operator(), "陪餐.txt", KITCHEN.encode())
        async with asyncio.timeout(20):
            while len(there.library.documents) < 2:
                await woken.next(1)
        async with on_the_page(there, "祁远山") as teacher:
            await teacher.say("陪餐记录保存多久")
            answer = await teacher.heard()

    assert "一年" in answer.text
