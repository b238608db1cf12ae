"""What teachers send is taken over while the platform still has it, on each of WeCom's surfaces."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.arguments import Arguments
from bot.channels.base import Downloads
from bot.channels.wecom.aibot import AiBotChannel
from bot.channels.wecom.aibot_callback import AiBotCallbackChannel
from bot.channels.wecom.aibot_inbound import read_message
from bot.channels.wecom.aibot_settings import AiBotSettings
from bot.media import Intake
from bot.messages import ChannelName, IncomingMessage, Reply
from handlers.received import VOICE, Received
from store import waiting_files
from store.engine import Store
from store.models import Blob
from store.waiting_files import WaitingFile
from tests.fakes.media_host import MediaHost, media_host
from tests.fakes.wecom_callbacks import FakePlatform, post
from tests.integration.wecom.aibot_stage import SharedLease
from tests.integration.wecom.wecom_app_stage import Stage, stage


def now() -> datetime:
    return datetime.now(UTC)


PHOTO = b"\xff\xd8\xff a photo of the sheet"


@pytest.fixture
async def wecom() -> AsyncIterator[Stage]:
    async with stage() as opened:
        yield opened


@pytest.fixture
async def host() -> AsyncIterator[MediaHost]:
    async with media_host() as opened:
        yield opened


async def taken_over(
    store: Store, channel: Downloads, message: IncomingMessage
) -> tuple[Reply | None, Sequence[WaitingFile]]:
    """What the sender is told, and what waits for them, as it is sent."""

    def now() -> datetime:
        return message.sent_at

    async def of_no_task(message: IncomingMessage) -> Reply | None:
        return None

    received = Received(store, now, of_no_task)

    async def last(known: IncomingMessage) -> Reply | None:
        return await received.media(known, Arguments(text=""))

    intake = Intake(store=store, channels={message.channel: channel}, clock=now)  # type: ignore[dict-item]
    reply = await intake(message, last)

    def look(session: Session) -> Sequence[WaitingFile]:
        return waiting_files.look(session, "wecom", message.sender.account, now())

    return reply, await store.read(look)


async def blobs(store: Store) -> list[bytes]:
    return list(await store.read(lambda session: session.scalars(select(Blob.bytes)).all()))


async def sent_to_the_app(wecom: Stage, kind: str, **fields: str) -> IncomingMessage:
    platform, stamp = FakePlatform(), int(wecom.clock.now.timestamp())
    xml = platform.message("zhang", stamp, kind, MsgId="9", MediaId="m-1", **fields)
    assert await post(wecom.session, wecom.address, platform.seal(xml, stamp)) == (200, b"")
    return wecom.inbox.only


async def test_a_photo_to_the_app_waits_for_its_use(wecom: Stage, store: Store) -> None:
    wecom.fake.media["m-1"] = PHOTO

    message = await sent_to_the_app(wecom, "image")
    reply, (waiting,) = await taken_over(store, wecom.app, message)

    assert reply is not None
    assert "存着一天" in reply.text
    assert (waiting.name, waiting.media_type) == ("图片.jpg", "image/jpeg")
    assert await blobs(store) == [PHOTO]


async def test_what_the_platform_no_longer_has_is_asked_for_again(
    wecom: Stage, store: Store
) -> None:
    message = await sent_to_the_app(wecom, "image")
    reply, waiting = await taken_over(store, wecom.app, message)

    assert reply is not None
    assert "请再发一次" in reply.text
    assert (list(waiting), await blobs(store)) == ([], [])


async def test_a_voice_to_the_app_is_answered_kindly(wecom: Stage, store: Store) -> None:
    wecom.fake.media["m-1"] = b"#!AMR and more"

    message = await sent_to_the_app(wecom, "voice", Format="amr")
    reply, waiting = await taken_over(store, wecom.app, message)

    assert reply == Reply(text=VOICE)
    assert list(waiting) == []


def said(kind: str, content: dict[str, object]) -> IncomingMessage:
    body = {
        "msgid": "m1", "aibotid": "b", "chattype": "single", "from": {"userid": "zhang"},
        "msgtype": kind, kind: content,
    }  # fmt: skip
    message = read_message(body, now=now())
    assert message is not None
    return message


SETTINGS = AiBotSettings(
    token="Token01",
    aes_key="abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
    ws_url="ws://127.0.0.1:9/",
    media_hosts=("127.0.0.1",),
)


async def nothing(message: IncomingMessage) -> bool:
    raise AssertionError(message)


@pytest.fixture(params=["websocket", "callback"])
async def bot(
    request: pytest.FixtureRequest,
) -> AsyncIterator[AiBotChannel | AiBotCallbackChannel]:
    """Overrides the one that is connected: files come over HTTP in both modes."""
    channel: AiBotChannel | AiBotCallbackChannel
    if request.param == "callback":
        channel = AiBotCallbackChannel(SETTINGS, nothing, clock=now)
    else:
        channel = AiBotChannel(SETTINGS, nothing, SharedLease().of("a"), clock=now)
    await channel.start()
    yield channel
    await channel.stop()


async def test_a_photo_to_the_ai_bot_is_decrypted_and_waits(
    bot: AiBotChannel | AiBotCallbackChannel, host: MediaHost, store: Store
) -> None:
    message = said("image", host.keep("IMG_07.png", PHOTO))
    _, (waiting,) = await taken_over(store, bot, message)

    assert (waiting.name, waiting.media_type) == ("IMG_07.png", "image/png")
    assert await blobs(store) == [PHOTO]


async def test_a_file_to_the_ai_bot_keeps_its_name(
    bot: AiBotChannel | AiBotCallbackChannel, host: MediaHost, store: Store
) -> None:
    message = said("file", host.keep("签到表.xlsx", b"PK\x03\x04 a sheet"))
    reply, (waiting,) = await taken_over(store, bot, message)

    assert reply is not None
    assert "《签到表.xlsx》收到了" in reply.text
    assert waiting.media_type.endswith("spreadsheetml.sheet")


async def test_a_voice_to_the_ai_bot_is_its_words(store: Store) -> None:
    assert said("voice", {"content": "读书节几月举办"}).text == "读书节几月举办"


async def test_what_was_not_addressed_to_the_bot_is_not_fetched(wecom: Stage, store: Store) -> None:
    message = await sent_to_the_app(wecom, "image")
    unaddressed = IncomingMessage(
        channel=ChannelName.WECOM_APP,
        message_id="x",
        conversation=message.conversation,
        sender=message.sender,
        attachments=message.attachments,
        sent_at=message.sent_at,
        is_mention=False,
    )

    await taken_over(store, wecom.app, unaddressed)

    assert wecom.fake.calls["media/get"] == 0
