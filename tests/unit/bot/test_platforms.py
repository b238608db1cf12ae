"""The README's table of platforms says what the channels can do."""

from __future__ import annotations

import re
from pathlib import Path

from bot.channels.base import Guarantee
from bot.platforms import (
    APP,
    CALLBACK,
    COLUMNS,
    DINGTALK,
    DINGTALK_WEBHOOK,
    PAGE,
    ROWS,
    SOCKET,
    TERMINAL,
    WEBHOOK,
    Row,
    can,
    cells,
    table,
)

README = Path(__file__).parents[3] / "README.md"


def written() -> dict[str, dict[str, str]]:
    """Rows by title, cells by column; columns of other platforms may stand beside ours."""
    section = README.read_text().split("## 在哪里能用")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    split = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    header, _, *rows = split
    return {row[0]: dict(zip(header[1:], row[1:], strict=True)) for row in rows}


def test_the_table_stands_in_the_readme() -> None:
    found = written()

    for row in ROWS:
        for column, words in cells(row):
            assert found[row.title][column] == words, (row.title, column)


def test_the_table_is_whole() -> None:
    lines = table().splitlines()

    assert len(lines) == len(ROWS) + 2
    assert {line.count("|") for line in lines} == {len(COLUMNS) + 2}


def row(title: str) -> Row:
    return next(one for one in ROWS if one.title == title)


def test_what_decides_is_the_class() -> None:
    able = {
        needs: {column for column, channel in COLUMNS.items() if hasattr(channel, needs)}
        for needs in {one.needs for one in ROWS if one.needs}
    }

    assert able == {
        "stream": {PAGE, SOCKET, CALLBACK},
        "update_card": {APP, SOCKET, CALLBACK, DINGTALK},
        "refresh_card": {PAGE, APP, DINGTALK},
        "download": {APP, SOCKET, CALLBACK, DINGTALK},
        "keeps_privacy": {SOCKET, CALLBACK, DINGTALK},
        "recall": {APP, DINGTALK},
        "merge": {WEBHOOK, DINGTALK, DINGTALK_WEBHOOK},
        "read_directory": {APP, DINGTALK},
        "sign_in_url": {APP},
    }
    assert not can(COLUMNS[TERMINAL], row("撤回发出的"))


def test_who_drops_repeats_is_said() -> None:
    promised = dict(cells(row("提醒会不会重")))
    for column in (APP, SOCKET, WEBHOOK, DINGTALK_WEBHOOK):
        drops = COLUMNS[column].guarantee is Guarantee.ONCE  # type: ignore[attr-defined]
        assert ("去重" in promised[column]) is drops
