"""/任务 改 12 6月30日前，责任人 李老师，标签 迎检，督办: a task that is lived with, changed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.errors import UsageError
from bot.messages import Conversation, Reply
from handlers.access import Actor
from handlers.tasks.actions import Tasks
from handlers.tasks.assignees import Assignees
from handlers.tasks.drafting import say_due
from handlers.tasks.selection import Edit, read_edit
from handlers.times import Times

VERBS = ("改", "修改", "更改", "改派")
HOW = (
    "请这样写：/任务 改 12 6月30日前，责任人 李老师。能改期限、责任人（改派）、标签、督办；"
    "名称和依据不能改，要改就取消了重新交办。"
)
_NUMBERED = re.compile(
    r"[#＃第]?(\d{1,12})\s*[号项条]?\s*(?:改为|改成|改到|给)?\s*(\S.*)", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Changes:
    """Built once, in ``bot.app``."""

    tasks: Tasks
    assignees: Assignees
    times: Times

    async def command(self, actor: Actor, words: str, here: Conversation) -> Reply:
        """All that was said is checked before any of it is changed."""
        found = _NUMBERED.fullmatch(words.strip())
        edit = read_edit(found[2].replace("，", ",")) if found else Edit()
        if found is None or edit == Edit() or edit.title or edit.milestones:
            raise UsageError("no change", reply=HOW)
        occurrence = await self.tasks.occurrence(actor, int(found[1]))
        named = await self.assignees.named(actor, edit.who, here) if edit.who else None
        due_at, rule, problem = self.times.due(edit.when) if edit.when else (None, None, "")
        problems = [*(named.problems if named else ()), problem]
        if any(problems):
            listed = "；".join(filter(None, problems))
            raise UsageError("unreadable change", reply=f"没有改：{listed}。")
        task_id, said = occurrence.task_id, []
        if edit.when:
            view = await self.tasks.reschedule(actor, task_id, due_at=due_at, rule=rule)
            said.append(f"期限：{say_due(view.due_at, view.rule, self.times)}")
        if named is not None:
            await self.tasks.give_instead(actor, task_id, named.assignees)
            said.append(f"责任人：{'、'.join(named.words)}")
        if edit.labels is not None:
            await self.tasks.set_labels(actor, task_id, edit.labels)
            said.append(f"标签：{'、'.join(edit.labels)}")
        if edit.is_checked is not None:
            await self.tasks.set_checked(actor, task_id, is_checked=edit.is_checked)
            said.append("要督办" if edit.is_checked else "不督办")
        return Reply(text=f"“{occurrence.title}”改好了。{'；'.join(said)}。")
