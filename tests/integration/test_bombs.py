"""Hostile files against the limited child: one sentence each, and the next file reads."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.errors import UnreadableDocument
from knowledge.reading_pool import ReadingPool
from tests.fakes.bombs import docx_of_paragraphs, link_zip, pdf_of_commands, png, xlsx_of_rows
from tests.unit.knowledge.file_makers import make_docx, make_zip, paragraph

_ROOT = Path(__file__).resolve().parents[2]
_GOOD = (
    "云岭县教育局2026年工作要点\n一、抓安全\n各校每月开展一次安全排查，发现问题及时整改。".encode()
)


@pytest.fixture
def pool() -> Iterator[ReadingPool]:
    pool = ReadingPool()
    yield pool
    pool.close()


def _entities_docx() -> bytes:
    layers = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 9))
    return make_zip(
        {
            "word/document.xml": f'<!DOCTYPE x [<!ENTITY a0 "哈">{layers}]><w:document xmlns:w="http://'
            'schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>&a8;'
            "</w:t></w:r></w:p></w:body></w:document>"
        }
    )


def _deep_html() -> bytes:
    return b"<html><body>" + b"<div>" * 200_000 + "学校".encode()


_BOMBS = {
    "ratio.docx": lambda: make_docx(paragraph("学" * 20_000_000)),
    "entries.docx": lambda: make_zip(
        {"word/document.xml": "<x/>", **{f"word/{n}": "" for n in range(2100)}}
    ),
    "nested.docx": lambda: make_zip(
        {"word/document.xml": "<x/>", "word/a.zip": make_zip({"b": "c"})}
    ),
    "link.docx": link_zip,
    "entities.docx": _entities_docx,
    "pixels.png": lambda: png(40_000, 40_000),
    "size.txt": lambda: b"a" * (51 * 1024 * 1024),
    "cut.docx": lambda: make_docx(paragraph("学校"))[:200],
    "bomb.pdf": pdf_of_commands,
}


@pytest.mark.parametrize("name", _BOMBS)
def test_a_bomb_is_refused_and_the_next_file_reads(pool: ReadingPool, name: str) -> None:
    content = _BOMBS[name]()
    started = time.monotonic()

    with pytest.raises(UnreadableDocument) as caught:
        pool.read(content, name)

    assert time.monotonic() - started < 60
    assert caught.value.reply.endswith("。")
    assert caught.value.reply.count("。") <= 2
    assert pool.read(_GOOD, "要点.txt").title == "云岭县教育局2026年工作要点"


def test_a_deep_page_ends_nothing(pool: ReadingPool) -> None:
    try:
        pool.read(_deep_html(), "deep.html")
    except UnreadableDocument as refusal:
        assert refusal.reply.endswith("。")

    assert pool.read(_GOOD, "要点.txt").year == 2026


@pytest.mark.parametrize("make", [docx_of_paragraphs, xlsx_of_rows])
def test_what_is_long_stays_within_the_limits(pool: ReadingPool, make: Callable[[], bytes]) -> None:
    with pytest.raises(UnreadableDocument):
        pool.read(make(), f"long.{make.__name__[:4]}")

    assert pool.read(_GOOD, "要点.txt").year == 2026


async def test_the_loop_stays_free_while_a_bomb_is_read(pool: ReadingPool) -> None:
    bomb = pdf_of_commands()
    longest = 0.0
    reading = asyncio.create_task(asyncio.to_thread(pool.read, bomb, "bomb.pdf"))
    while not reading.done():
        before = time.monotonic()
        await asyncio.sleep(0.01)
        longest = max(longest, time.monotonic() - before)

    assert isinstance(reading.exception(), UnreadableDocument)
    assert longest < 0.5


def test_the_child_is_given_small_limits_and_no_network() -> None:
    """Where the kernel allows an empty network, even this machine cannot be reached from it."""
    probe = (
        "import sys, resource, socket; sys.path.append(sys.argv[1]);"
        "from knowledge import reading_child as child; child._confine(400 << 20);"
        "print(resource.getrlimit(resource.RLIMIT_AS)[0], child._drop_network());"
        "s = socket.socket(); s.settimeout(2);"
        "print(s.connect_ex(('127.0.0.1', int(sys.argv[2]))) == 0)"
    )
    with socket.create_server(("127.0.0.1", 0)) as server:
        result = subprocess.run(
            [sys.executable, "-I", "-c", probe, str(_ROOT), str(server.getsockname()[1])],
            capture_output=True,
            text=True,
            check=True,
            env={"PATH": os.environ["PATH"]},
        )
    limit, is_dropped, is_connected = result.stdout.split()

    assert int(limit) == 400 << 20
    assert is_dropped != is_connected


def test_the_child_inherits_no_secrets(pool: ReadingPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YAODIAN__WECOM__APP__SECRET", "canary-4711")
    pool.read(_GOOD, "要点.txt")
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()

    environments = [Path(f"/proc/{child}/environ").read_bytes() for child in children]

    assert environments
    assert not any(b"canary-4711" in environment for environment in environments)
