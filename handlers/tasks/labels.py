"""/任务 清单: which lists and projects there are, what is in one, and putting a task into some."""

from __future__ import annotations

import re
from collections import Counter

from bot.messages import Reply
from handlers.access import Actor
from handlers.tasks import wording
from handlers.tasks.actions import Tasks
from handlers.tasks.views import Filter
from handlers.times import Times

VERBS = ("标签", "清单", "项目")
_PUT = re.compile(r"[#＃第]?(\d{1,12})\s*[号项条]?\s+(?P<labels>\S.*)", re.DOTALL)
_NONE = ("无", "不要", "去掉", "清空")
_MOST = 30


async def answer(tasks: Tasks, times: Times, actor: Actor, rest: str) -> Reply:
    """Alone: every label with how many are open. With a name: those. With a number: set them."""
    if not rest:
        return await _known(tasks, actor)
    if put := _PUT.fullmatch(rest):
        occurrence = await tasks.occurrence(actor, int(put[1]))
        words = tuple(word for word in re.split(r"[、，,；;\s]+", put["labels"]) if word)
        labels = () if words in tuple((one,) for one in _NONE) else words
        view = await tasks.set_labels(actor, occurrence.task_id, labels)
        listed = "、".join(view.labels) or "没有"
        return Reply(text=f"“{view.title}”的清单：{listed}。")
    labelled = await tasks.listed(actor, Filter(label=rest, includes_closed=True))
    return wording.listed(f"“{rest}”里的任务", labelled, times.now())


async def _known(tasks: Tasks, actor: Actor) -> Reply:
    found = await tasks.listed(actor, Filter(includes_closed=True))
    total = Counter(label for one in found for label in one.labels)
    if not total:
        return Reply(text="还没有清单。给任务归到清单：/任务 清单 12 迎检、安全。")
    late = Counter(label for one in found if one.is_late for label in one.labels)
    lines = [
        f"- {label}　{count} 项" + (f"，逾期 {late[label]} 项" if late[label] else "")
        for label, count in total.most_common(_MOST)
    ]
    how = "看一个：/任务 清单 名称；归到清单：/任务 清单 12 名称。"
    return Reply(text="现有的清单、项目：\n" + "\n".join(lines) + f"\n\n{how}")
