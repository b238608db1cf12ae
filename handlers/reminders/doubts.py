"""/提醒 存疑: reminders of which nobody knows whether they arrived, and what to do with each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.errors import NotFound
from bot.messages import Button, Card, Reply
from handlers.access import Actor
from handlers.reminders.actions import Reminders, Undecided, Verdict
from handlers.reminders.numbers import number_of
from handlers.reminders.wording import say_when
from scheduler.recurrence import SHANGHAI
from store.models import OnDoubt

_LIST = "存疑"
_VERDICTS: Mapping[str, Verdict] = {
    "再发": Verdict.RESEND,
    "算送到": Verdict.ARRIVED,
    "不发": Verdict.GIVE_UP,
}
_SETTINGS: Mapping[str, OnDoubt] = {"先问": OnDoubt.HOLD, "重发": OnDoubt.RESEND}
_SAID: Mapping[Verdict, str] = {
    Verdict.RESEND: "好，第 {n} 条再发一次，会标上“可能重复”。",
    Verdict.ARRIVED: "好，第 {n} 条算已送到。",
    Verdict.GIVE_UP: "好，第 {n} 条不再发了。",
}
_SET: Mapping[OnDoubt, str] = {
    OnDoubt.HOLD: "以后“{title}”的提醒拿不准是否送到时先不重发，等人来定（/提醒 存疑）。",
    OnDoubt.RESEND: "以后“{title}”的提醒拿不准是否送到时就再发一次，标上“可能重复”。",
}
NOTHING = "没有拿不准是否送到的提醒。"
_SETTLED = "第 {n} 条已经定过了。"
_MOST = 10
_WORDS_CHARS = 40


def is_about(verb: str) -> bool:
    """Whether the first word after /提醒 is one of these."""
    return verb == _LIST or verb in _VERDICTS or verb in _SETTINGS


async def answer(reminders: Reminders, actor: Actor, verb: str, number: str) -> Reply:
    """List them, settle one, or say for a task what a doubt means."""
    if verb in _SETTINGS:
        occurrence = await reminders.tasks.occurrence(actor, number_of(number))
        view = await reminders.set_on_doubt(actor, occurrence.task_id, _SETTINGS[verb])
        return Reply(text=_SET[_SETTINGS[verb]].format(title=view.title))
    found = await reminders.undecided(actor)
    if verb == _LIST:
        return _listed(found)
    n = number_of(number)
    if n not in {one.delivery_id for one in found}:
        raise NotFound(f"no undecided {n}", reply=f"没有第 {n} 条。发 /提醒 存疑 看有哪些。")
    verdict = _VERDICTS[verb]
    is_done = await reminders.decide(actor, n, verdict)
    return Reply(text=(_SAID[verdict] if is_done else _SETTLED).format(n=n))


def _listed(found: Sequence[Undecided]) -> Reply:
    if not found:
        return Reply(text=NOTHING)
    lines = [f"有 {len(found)} 条提醒拿不准是否送到："]
    lines += [_line(one) for one in found[:_MOST]]
    if len(found) > _MOST:
        lines.append(f"……先处理这 {_MOST} 条，其余再发 /提醒 存疑。")
    n = found[0].delivery_id
    lines.append(
        f"\n问过本人再定：/提醒 再发 {n}（会标“可能重复”）、/提醒 算送到 {n}、/提醒 不发 {n}。"
    )
    buttons = (
        Button(label=f"第 {n} 条再发", command=f"/提醒 再发 {n}", style="primary"),
        Button(label=f"第 {n} 条算送到", command=f"/提醒 算送到 {n}"),
    )
    return Reply(text="\n".join(lines), card=Card(title="怎么办？", buttons=buttons))


def _line(one: Undecided) -> str:
    who = "、".join(one.who) or "群里"
    words = " ".join(one.text.replace("*", "").split())
    shown = words if len(words) <= _WORDS_CHARS else f"{words[: _WORDS_CHARS - 1]}…"
    return (
        f"- 第 {one.delivery_id} 条　{say_when(one.since.astimezone(SHANGHAI))}　给{who}：{shown}"
    )
