"""Numbers of tasks and messages as people type them."""

from __future__ import annotations

import re

from bot.errors import UsageError


def number_of(text: str) -> int:
    """A task's number as typed.

    Raises:
        UsageError: It is none.
    """
    found = re.fullmatch(r"[#＃第]?\s*(\d{1,12})\s*[号项条个]?", text.strip())
    if found is None:
        raise UsageError(
            "no number", reply="请写上任务编号，例如：/完成 12。编号在 /我的任务 里能看到。"
        )
    return int(found[1])
