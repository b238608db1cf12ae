"""Signing in where people meet: by the digits of the minute, or by scanning them."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from datetime import timedelta

import cv2
import numpy as np
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bot.errors import NotAllowed, NotFound, UsageError
from bot.messages import ChannelName, Sender
from bot.web import pages
from bot.web.check_in import CheckInPages
from handlers.records.answers import Said, Word, read_answer
from handlers.records.on_site_code import MOST_WRONG, code_at, ends_at, is_code, was_code
from handlers.records.qr import drawing, poster
from handlers.records.roll_call_views import Answered, Result, RollCallView
from store import blobs, people, records
from store.engine import Store
from store.models_records import RecordKind
from store.records import Wanted
from tests.integration.records.hall import AFTERNOON, GROUP, LINKS, Hall, furnish

PLACE = "https://bot.example.cn"
WORDS = "主题党日 今天下午3点到4点 现场码"


@pytest.fixture
async def hall(store: Store) -> Hall:
    return await furnish(store, address=PLACE)


async def code_of(hall: Hall, view: RollCallView) -> str:
    return (await hall.on_site.now(await hall.who("关若谷"), view.id)).code


async def say(
    hall: Hall, name: str, code: str, *, roll_call_id: int | None = None, is_code_only: bool = False
) -> Answered:
    said = Said(word=Word.PRESENT, code=code, is_code_only=is_code_only, is_plain=not is_code_only)
    actor = await hall.who(name)
    return await hall.roll_calls.answer(actor, said, hall.room(name), roll_call_id=roll_call_id)


async def entries(hall: Hall) -> int:
    wanted = Wanted(kinds=[RecordKind.CHECK_IN], is_counted=None)
    return len(await hall.store.read(lambda session: records.find(session, wanted)))


async def test_the_code_serves_within_its_minute_and_its_neighbours(hall: Hall) -> None:
    view = await hall.open(WORDS)
    assert view.needs_code
    assert (await say(hall, "柏舟", "")).result is Result.CODE_MISSING
    code = await code_of(hall, view)
    hall.clock.go(60)
    assert (await say(hall, "柏舟", code)).result is Result.DONE
    hall.clock.go(60)
    assert (await say(hall, "檀溪", code)).result is Result.CODE_OLD
    assert (await say(hall, "檀溪", await code_of(hall, view))).result is Result.DONE
    assert (await say(hall, "檀溪", code)).result is Result.ALREADY
    assert await entries(hall) == 2


async def test_a_code_from_yesterday_is_told_apart_from_a_wrong_one(hall: Hall) -> None:
    view = await hall.open("主题党日 今天下午3点到明天下午5点 现场码")
    hall.clock.go(20 * 60)
    yesterday = await code_of(hall, view)
    hall.clock.go(23 * 3600)
    assert (await say(hall, "柏舟", yesterday)).result is Result.CODE_OLD
    fresh = await code_of(hall, view)
    wrong = f"{(int(fresh) + 7) % 1_000_000:06d}"
    assert (await say(hall, "柏舟", wrong)).result is Result.CODE_WRONG
    assert await entries(hall) == 0


async def test_a_code_of_another_roll_call_signs_in_there_or_nowhere(hall: Hall) -> None:
    first = await hall.open(WORDS)
    second = await hall.open("政治学习 今天下午3点到5点 现场码", hall.room("关若谷"))
    other = await code_of(hall, second)

    wrong = await say(hall, "柏舟", other, roll_call_id=first.id)
    assert wrong.result is Result.CODE_OTHER
    right = await say(hall, "柏舟", other)
    assert right.result is Result.DONE
    assert right.view is not None
    assert right.view.id == second.id


async def test_a_code_is_for_those_on_the_roster(hall: Hall) -> None:
    view = await hall.open(WORDS)
    code = await code_of(hall, view)
    assert (await say(hall, "路人", code)).result is Result.NOT_EXPECTED
    assert (await say(hall, "路人", code, roll_call_id=view.id)).result is Result.NOT_EXPECTED
    with pytest.raises(NotAllowed):
        await hall.on_site.now(await hall.who("柏舟"), view.id)
    assert await entries(hall) == 0


async def test_bare_digits_sign_in_only_where_a_code_is_asked_for(hall: Hall) -> None:
    plain = await hall.open()
    assert (await say(hall, "柏舟", "315000", is_code_only=True)).result is Result.NONE_OPEN
    with pytest.raises(NotFound):
        await hall.on_site.now(await hall.who("关若谷"), plain.id)
    view = await hall.open("党课 今天下午3点到5点 二维码")
    found = await say(hall, "柏舟", await code_of(hall, view), is_code_only=True)
    assert found.result is Result.DONE
    assert found.view is not None
    assert found.view.id == view.id


async def test_whoever_guesses_has_to_wait(hall: Hall) -> None:
    view = await hall.open(WORDS)
    right = int(await code_of(hall, view))
    for n in range(MOST_WRONG):
        guess = f"{(right + 11 + n) % 1_000_000:06d}"
        assert (await say(hall, "柏舟", guess)).result is Result.CODE_WRONG
    assert (await say(hall, "柏舟", f"{right:06d}")).result is Result.CODE_TOO_OFTEN
    assert (await say(hall, "檀溪", f"{right:06d}")).result is Result.DONE
    hall.clock.go(5 * 60)
    assert (await say(hall, "柏舟", await code_of(hall, view))).result is Result.DONE


async def test_two_devices_scan_at_once_and_count_once(hall: Hall) -> None:
    view = await hall.open(WORDS)
    code = await code_of(hall, view)
    found = await asyncio.gather(*(say(hall, "柏舟", code) for _ in range(6)))
    results = sorted(one.result for one in found)
    assert results == sorted([Result.DONE] + [Result.ALREADY] * 5)
    assert await entries(hall) == 1


async def test_the_picture_reads_as_the_address_that_signs_in(hall: Hall) -> None:
    view = await hall.open(WORDS)
    shown = await hall.on_site.now(await hall.who("关若谷"), view.id)
    picture = await hall.on_site.picture(shown)
    assert picture.blob is not None
    row = await hall.store.read(lambda session: blobs.get(session, picture.blob or ""))
    assert row is not None
    assert scanned(row.bytes) == f"{PLACE}/c/{view.id}/{shown.code}"
    assert shown.until == ends_at(AFTERNOON)
    hall.clock.go(3 * 3600)
    over = await hall.on_site.now(await hall.who("关若谷"), view.id)
    assert over.code == ""
    with pytest.raises(UsageError):
        await hall.on_site.picture(over)


async def test_without_an_address_the_picture_holds_the_words(store: Store) -> None:
    hall = await furnish(store)
    view = await hall.open(WORDS)
    actor = await hall.who("关若谷")
    shown = await hall.on_site.now(actor, view.id)
    assert hall.on_site.screen(shown, actor.sender) is None
    content = poster(shown.scanned, title="很长很长的主题党日活动名称一二三四", code="1", note="")
    said = read_answer(scanned(content))
    assert said is not None
    assert (await say(hall, "柏舟", said.code)).result is Result.DONE
    assert drawing(shown.scanned).startswith("data:image/svg+xml")


def scanned(png: bytes) -> str:
    picture = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
    text, _, _ = cv2.QRCodeDetector().detectAndDecode(picture)
    return str(text)


@given(secret=st.text(min_size=1, max_size=40), minutes=st.integers(-3, 3))
def test_a_code_is_right_for_three_minutes(secret: str, minutes: int) -> None:
    moment = AFTERNOON + timedelta(minutes=minutes)
    code = code_at(secret, AFTERNOON)
    assert code_at(secret, AFTERNOON + timedelta(seconds=59)) == code
    if abs(minutes) <= 1:
        assert is_code(secret, code, moment)
    if minutes > 0:
        assert was_code(secret, code, moment, AFTERNOON)


class Platform:
    """Vouches for whoever brings the code; its program calls itself ``inside``."""

    def is_inside(self, user_agent: str) -> bool:
        return "inside" in user_agent

    def inside_sign_in_url(self, redirect_to: str, state: str) -> str:
        return f"https://platform.example/?to={redirect_to}&state={state}"

    async def account_of(self, code: str) -> str:
        if code != "good":
            raise NotAllowed("no such code")
        return "bai"


@pytest.fixture
async def client(hall: Hall) -> AsyncIterator[TestClient]:
    async def identify(request: web.Request) -> Sender | None:
        account = request.query.get("as")
        if account is None:
            return None
        return Sender(channel=ChannelName.WEB, account=account, display_name="柏舟")

    def settle(session) -> None:  # type: ignore[no-untyped-def]
        people.link(session, "wecom", "bai", hall.ids["柏舟"], display_name="柏舟")

    await hall.store.write(settle)
    await asyncio.to_thread(pages.prepare)
    site = web.Application()
    check_in_pages = CheckInPages(
        roll_calls=hall.roll_calls,
        on_site=hall.on_site,
        people=hall.people,
        links=LINKS,
        identify=identify,
        ways={ChannelName.WECOM_APP: Platform()},
        public_url=PLACE,
        clock=hall.clock,
    )
    check_in_pages.add_routes(site)
    async with TestClient(TestServer(site)) as client:
        yield client


async def test_opening_the_address_signs_nobody_in_and_the_button_does(
    hall: Hall, client: TestClient
) -> None:
    view = await hall.open(WORDS)
    path = f"/c/{view.id}/{await code_of(hall, view)}"
    async with client.get(path) as unknown:
        assert f"签到 {path[-6:]}" in await unknown.text()
    async with client.get(f"{path}?as=m{hall.ids['柏舟']}") as offered:
        assert "柏舟，您到了吗" in await offered.text()
    assert await entries(hall) == 0

    foreign = {"Sec-Fetch-Site": "cross-site"}
    mine = f"{path}?as=m{hall.ids['柏舟']}"
    for headers, query, status in ((foreign, mine, 403), ({}, path, 403), ({}, mine, 200)):
        async with client.post(query, headers=headers) as response:
            assert response.status == status
    async with client.post(mine) as again:
        assert (again.status, "不用再发" in await again.text()) == (200, True)
    async with client.post(f"{path}?as=m{hall.ids['路人']}") as stranger:
        assert (stranger.status, "不在这次签到的名单里" in await stranger.text()) == (409, True)
    assert await entries(hall) == 1


async def test_a_platform_signs_in_silently(hall: Hall, client: TestClient) -> None:
    view = await hall.open(WORDS)
    path = f"/c/{view.id}/{await code_of(hall, view)}"
    inside = {"User-Agent": "phone inside"}
    async with client.get(path, headers=inside, allow_redirects=False) as sent:
        assert sent.status == 303
        assert f"to={PLACE}{path}/back" in sent.headers["Location"]
        state = sent.headers["Location"].rpartition("state=")[2]
    cookie = {**inside, "Cookie": f"yaodian_check_in={state}"}
    for query, status in (
        ("code=good", 403),
        (f"code=good&state={state}x", 403),
        (f"code=bad&state={state}", 403),
        (f"code=good&state={state}", 200),
    ):
        async with client.get(f"{path}/back?{query}", headers=cookie) as response:
            assert response.status == status, query
    assert await entries(hall) == 1


async def test_the_screen_follows_the_minute_and_the_people(hall: Hall, client: TestClient) -> None:
    view = await hall.open(WORDS)
    sender = (await hall.who("关若谷")).sender
    path = LINKS.screen(view.id, sender, hall.clock())
    now = path.replace("?", "/now?")
    async with client.get(path) as screen:
        words = await screen.text()
        assert view.title in words
        assert await code_of(hall, view) in words
    async with client.get(now) as first:
        before = await first.json()
    hall.clock.go(60)
    await say(hall, "柏舟", before["code"])
    async with client.get(now) as second:
        after = await second.json()
    assert (before["present"], after["present"], after["missing"]) == (0, 1, 4)
    assert after["code"] == await code_of(hall, view) != before["code"]
    assert after["picture"] != before["picture"]

    teacher = LINKS.screen(view.id, (await hall.who("柏舟")).sender, hall.clock())
    for other in (teacher.replace("?", "/now?"), now.replace(f"/{view.id}/", "/999/"), now[:-3]):
        async with client.get(other) as refused:
            assert refused.status == 403
    hall.clock.go(3 * 3600)
    async with client.get(now) as over:
        assert (await over.json())["is_open"] is False
    assert GROUP.is_group
