"""Photos and files of records: kept by their hash, judged by what they are, never unpacked."""

from __future__ import annotations

import asyncio
import io
import resource
import time
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from sqlalchemy import func, select

from bot.errors import UsageError
from bot.messages import Attachment, ChannelName, Conversation, IncomingMessage, MessageKind, Sender
from handlers.records.attachments import Attachments
from handlers.records.files import check_file, safe_name
from store import blobs
from store.engine import Store
from store.models import Blob
from tests.fakes.bombs import BOMBS, png
from tests.fakes.messages import NOW
from tests.unit.knowledge.file_makers import make_docx, paragraph

REFUSED = ("pixels.png", "ratio.docx", "entries.zip", "nested.zip")


def picture(kind: str = "PNG", size: tuple[int, int] = (900, 600)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(out, kind)
    return out.getvalue()


def message(*files: Attachment) -> IncomingMessage:
    return IncomingMessage(
        channel=ChannelName.WEB,
        message_id="m",
        conversation=Conversation(channel=ChannelName.WEB, id="m1"),
        sender=Sender(channel=ChannelName.WEB, account="m1"),
        kind=MessageKind.MEDIA,
        attachments=files,
        sent_at=NOW,
    )


class Shop:
    """Gives what was sent, as a channel would."""

    def __init__(self, store: Store) -> None:
        self.contents: dict[str, bytes] = {}
        self.attachments = Attachments(store=store, clock=lambda: NOW, fetch=self._fetch)

    async def _fetch(self, _: IncomingMessage, attachment: Attachment, limit: int) -> bytes:
        return self.contents[attachment.name]

    async def send(self, **contents: bytes) -> list[str]:
        named = {name.replace("__", "."): content for name, content in contents.items()}
        self.contents |= named
        files = [Attachment(name=name, media_type="x") for name in named]
        return [one.blob for one in await self.attachments.keep(message(*files))]


async def test_a_photo_is_kept_by_its_hash_with_a_small_picture(store: Store) -> None:
    shop, photo = Shop(store), picture("JPEG", (4000, 3000))
    first = await shop.send(a__jpg=photo)
    again = await shop.send(b__jpg=photo)

    assert first == again == [sha256(photo).hexdigest()]
    kept = await store.read(lambda session: session.scalars(select(Blob)).all())
    assert len(kept) == 2
    [small] = [one for one in kept if one.hash != first[0]]
    assert small.media_type == "image/jpeg"
    with Image.open(io.BytesIO(small.bytes)) as thumbnail:
        assert max(thumbnail.size) <= 320
    whole = await store.read(lambda session: blobs.get(session, first[0]))
    assert whole is not None
    assert whole.bytes == photo


async def test_one_bad_file_and_nothing_of_the_message_is_kept(store: Store) -> None:
    with pytest.raises(UsageError):
        await Shop(store).send(good__png=picture(), bad__png=BOMBS["pixels.png"]())
    count = select(func.count()).select_from(Blob)
    assert await store.read(lambda session: session.scalar(count)) == 0


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_costs_little_whether_it_is_kept_or_refused(name: str) -> None:
    """What nobody unpacks harms nobody: a heavy .pdf may be kept, and is never opened here."""
    content = BOMBS[name]()
    before, memory = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        checked = check_file(name, content)
    except UsageError as error:
        assert error.reply.endswith("。")
    else:
        assert name not in REFUSED
        assert checked.thumbnail is None
    assert time.process_time() - before < 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 100_000  # KB


@pytest.mark.parametrize(
    ("name", "content", "kept_as"),
    [
        ("照片.exe", picture(), "照片.png"),
        ("照片", picture("GIF"), "照片.gif"),
        ("材料.jpg", make_docx(paragraph("学")), "材料.docx"),
        ("说明.txt", "好".encode(), "说明.txt"),
        ("x.heic", b"\0\0\0\x18ftypheic" + b"\0" * 40, "x.heic"),
        ("../../etc/passwd.png", picture(), "_etc_passwd.png"),
    ],
)
def test_the_content_says_what_it_is(name: str, content: bytes, kept_as: str) -> None:
    assert check_file(name, content).name.endswith(kept_as)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.exe", b"MZ\x90\x00"),
        ("a.html", b"<script>alert(1)</script>"),
        ("a.svg", b"<svg onload='x()'/>"),
        ("a.txt", b"\0\1"),
        ("a.png", picture()[:200]),
        ("a.png", png(7000, 7000, is_whole=True)),
        ("a.webp", b"RIFF\x10\0\0\0WEBPVP8L" + b"\0" * 30),
        ("a.zip", b"PK\x03\x04broken"),
        ("a.png", b""),
    ],
)
def test_what_is_not_taken_is_said_in_a_sentence(name: str, content: bytes) -> None:
    with pytest.raises(UsageError) as caught:
        check_file(name, content)
    assert caught.value.reply.endswith("。")


STARTS = (
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",
    b"GIF89a",
    b"PK\x03\x04",
    b"%PDF-",
    b"RIFF....WEBP",
)


@settings(max_examples=150)
@given(st.sampled_from([*STARTS, b"", picture(), picture("GIF"), picture("WEBP")]),
       st.binary(max_size=200), st.text(max_size=30), st.integers(0, 400))  # fmt: skip
def test_any_bytes_are_kept_or_refused(start: bytes, rest: bytes, name: str, cut: int) -> None:
    content = start[: len(start) - cut % (len(start) + 1)] + rest
    try:
        checked = check_file(name, content)
    except UsageError as error:
        assert error.reply.endswith("。")
    else:
        assert checked.content == content
        assert not set(checked.name) & set('/\\:*?"<>|\0')


@given(st.text(max_size=300))
def test_any_name_is_safe(name: str) -> None:
    made = safe_name(name, ".zip")
    assert made.endswith(".zip")
    assert len(made) <= 120
    assert not set(made) & set('/\\:*?"<>|\0\n\u202e')
    assert made.strip(" .") == made


async def test_the_loop_stays_free_while_bombs_are_judged(store: Store) -> None:
    shop = Shop(store)
    made = {name: await asyncio.to_thread(make) for name, make in BOMBS.items()}
    made["whole.png"] = await asyncio.to_thread(lambda: png(6000, 6000, is_whole=True))

    async def send(name: str) -> None:
        try:
            await shop.send(**{name.replace(".", "__"): made[name]})
        except UsageError:
            return

    longest = 0.0
    sending = asyncio.gather(*(send(name) for name in made for _ in range(3)))
    while not sending.done():
        before = time.monotonic()
        await asyncio.sleep(0.005)
        longest = max(longest, time.monotonic() - before)
    await sending

    assert longest < 0.5
