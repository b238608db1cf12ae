"""提醒我明天下午3点交材料: read, echoed, confirmed; /提醒 lists, tries, pauses, cancels."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

from bot.arguments import Arguments
from bot.errors import NotFound, UsageError
from bot.messages import Button, Card, IncomingMessage, MessageKind, Reply
from bot.routing import Pass
from handlers.access import Actor
from handlers.pending import Pending, State
from handlers.people.actions import People
from handlers.reminders import doubts
from handlers.reminders.actions import Reminders
from handlers.reminders.numbers import number_of
from handlers.reminders.sentences import EVERYONE, ME, Wish, is_wish, read_plain, read_wish
from handlers.reminders.ways import HOW as HOW_TO_SAY
from handlers.reminders.ways import read_way, say_way
from handlers.reminders.wishes import Timed, timed
from handlers.reminders.wording import say_when
from handlers.tasks.assignees import Assignees, Named
from handlers.tasks.views import Assignee, NewTask, OccurrenceView
from handlers.times import Times, is_settled
from knowledge.model import TaskKind
from scheduler.echo import echo, say
from scheduler.recurrence import SHANGHAI
from scheduler.when import Ambiguous, CalendarUnknown, NoTime, Reject, When

ASKED = "wish"
CONFIRMING = "wish.confirm"
_YES = re.compile(
    r"(?:好的?|是的?|对的?|嗯+|行|可以|确认|确定|没错|没问题|就这样|ok|yes|y|👌|👍)[了吧呀啊哈。.！!~～]*",
    re.I,
)
_NO = re.compile(r"(?:不(?:用|要|对|是|行|了)?|否|取消|算了|别|no|n)[了吧呀啊哈。.！!~～]*", re.I)
_ORDINAL = re.compile(r"第?\s*([1-9一二三四五六])\s*[个种项]?[。.]?")
_ORDINALS = "一二三四五六"
_AGAIN = "再提醒"
"""With nothing to be reminded of: about a reminder that came."""
_BOT = re.compile(r"^(?:[@＠]\S+\s+)+")

WHAT = "提醒什么事？请直接回复要提醒的内容。"
CANCELLED = "好，不设了。"
ONLY_ANSWERS = (
    "在这里我只能回答，到时候没法提醒您，所以没有设。"
    "请管理员把智能机器人改成长连接方式，或配一个自建应用。"
)
ONLY_ANSWERS_GROUP = (
    "在这个群里我只能回答，不能主动提醒，所以没有设。"
    "请到单聊里写明提醒谁，或请管理员把智能机器人改成长连接方式。"
)
OVER = "这个问题已经过去了，请重新说一遍。"
NOTHING = "现在没有要提醒您的事。想设一个，直接说就行，例如：提醒我明天下午3点交材料。"
HOW = "回复“好”就设上，回复“取消”就不设；要改，直接重说一遍。"
TODAY = "今天几点提醒？请回复一个时间，例如：下午4点。"


def is_wish_message(message: IncomingMessage) -> bool:
    """Whether it asks for a reminder."""
    is_text = message.kind is MessageKind.TEXT and message.is_mention
    return is_text and is_wish(_BOT.sub("", message.text.strip()))


def is_yes(text: str) -> bool:
    """好, 是, 确认 and the like."""
    return _YES.fullmatch(text.strip()) is not None


def is_no(text: str) -> bool:
    """不, 取消, 算了."""
    return _NO.fullmatch(text.strip()) is not None


@dataclass(frozen=True, slots=True)
class RemindersDialogue:
    """Built once, in ``bot.app``."""

    reminders: Reminders
    people: People
    assignees: Assignees
    times: Times
    pending: Pending

    async def wish(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """提醒…: echo it, or ask for what is missing."""
        names = await self.assignees.known()
        wish = read_wish(_BOT.sub("", message.text.strip()), self.times.find, names)
        if wish is None or (not wish.what and _AGAIN in message.text):
            raise Pass
        return await self._considered(message, wish)

    async def tapped_yes(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """The button 好."""
        return await self._tapped(message, "好")

    async def tapped_no(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """The button 取消."""
        return await self._tapped(message, "取消")

    async def tapped_choice(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """A button with one of several times."""
        return await self._tapped(message, arguments.word(0))

    async def _tapped(self, message: IncomingMessage, text: str) -> Reply:
        try:
            return await self._answer(message, text)
        except Pass:
            return Reply(text=OVER)

    async def answered(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """What follows a question of ours: a time, a thing, 好 or 取消."""
        return await self._answer(message, _BOT.sub("", message.text.strip()))

    async def _answer(self, message: IncomingMessage, text: str) -> Reply:
        state = await self.pending.get(message, ASKED, CONFIRMING)
        if state is None or is_wish(text) or text[:1] in ("/", "／"):
            raise Pass
        if is_no(text):
            await self.pending.forget(message)
            return Reply(text=CANCELLED)
        wish = _wish_of(state, self.times)
        if state["kind"] == CONFIRMING:
            if is_yes(text):
                return await self._confirmed(message, state, wish)
            when = self.times.read(text)
            if not is_settled(when):
                raise Pass
            return await self._considered(message, _replaced(wish, when, text))
        candidates = [str(one) for one in _list(state.get("candidates"))]
        if (chosen := _chosen(text, len(candidates))) is not None:
            words = candidates[chosen]
            return await self._considered(message, _replaced(wish, self.times.read(words), words))
        if not wish.what:
            return await self._considered(
                message, Wish(who=wish.who, when=wish.when, what=text, words=wish.words)
            )
        when = self._read_after(text, str(state.get("day") or ""))
        if isinstance(when, NoTime):
            raise Pass
        return await self._considered(message, _replaced(wish, when, text))

    def _read_after(self, text: str, day: str) -> When:
        """A time alone, said after we asked at which hour of a day."""
        if day:
            joined = self.times.read(f"{day}{text}")
            if is_settled(joined):
                return joined
        return self.times.read(text)

    async def _considered(self, message: IncomingMessage, wish: Wish) -> Reply:
        if not wish.what:
            await self._ask(message, wish)
            return Reply(text=WHAT)
        when = wish.when
        if isinstance(when, CalendarUnknown):
            when = when.provisional
        if isinstance(when, Ambiguous):
            choices = [say(one) for one in when.candidates]
            await self._ask(message, wish, candidates=choices)
            return _which(wish, choices)
        if isinstance(when, NoTime):
            await self._ask(message, wish)
            return Reply(
                text=f"什么时候提醒“{wish.what}”？请回复一个时间，例如：明天下午3点、每周五16:00、3月10日前。"
            )
        if isinstance(when, Reject):
            await self._ask(message, wish)
            return Reply(text=echo(when))
        settled = timed(when, self.times)
        if settled is None:
            await self._ask(message, wish, day="今天")
            return Reply(text=TODAY)
        named = await self._named(message, wish.who)
        if named.problems:
            return Reply(text=f"{'；'.join(named.problems)}。请再说一遍。")
        here = message.conversation
        is_for_here = named.group is None and (here.is_group or Assignee() in named.assignees)
        if is_for_here and not await self.reminders.reaches(here):
            return Reply(text=ONLY_ANSWERS_GROUP if here.is_group else ONLY_ANSWERS)
        state = _state(wish, settled.says) | {"id": message.message_id}
        await self.pending.ask(message, CONFIRMING, state)
        return _echoed(wish, settled, named, wish.when)

    async def _ask(
        self, message: IncomingMessage, wish: Wish, *, candidates: Sequence[str] = (), day: str = ""
    ) -> None:
        says = say(wish.when) if is_settled(wish.when) and not day else ""  # type: ignore[arg-type]
        state = _state(wish, says) | {"candidates": list(candidates), "day": day}
        await self.pending.ask(message, ASKED, state)

    async def _named(self, message: IncomingMessage, who: Sequence[str]) -> Named:
        default = EVERYONE if message.conversation.is_group else ME
        actor = await self.people.actor(message.sender)
        return await self.assignees.named(actor, who or (default,), message.conversation)

    async def _confirmed(self, message: IncomingMessage, state: State, wish: Wish) -> Reply:
        settled = timed(wish.when, self.times)
        if settled is None:
            await self.pending.forget(message)
            return Reply(text="这个时间已经过去了，请重新说一遍。")
        named = await self._named(message, wish.who)
        actor = await self.people.actor(message.sender)
        here = message.conversation
        uses_chat = here.is_group or Assignee() in named.assignees or named.group is not None
        view = await self.reminders.tasks.create(
            actor,
            NewTask(
                title=wish.what,
                assignees=named.assignees,
                kind=TaskKind.ONE_OFF if settled.rule is None else TaskKind.RECURRING,
                due_at=settled.due_at,
                rule=settled.rule,
                when_words=self.times.provisional(wish.words) if wish.words else "",
                policy=settled.policy,
                conversation=named.group or (here if uses_chat else None),
                announces=not uses_chat,
                key=f"wish:{message.channel}:{state.get('id') or uuid4().hex}",
            ),
        )
        await self.pending.forget(message)
        number = view.occurrences[0].id if view.occurrences else 0
        tail = f"不要了就发 /取消 {number}；发 /提醒 看全部。" if number else "发 /提醒 看全部。"
        return Reply(
            text=f"设好了：{settled.echo.rstrip('。')}，提醒{'、'.join(named.words)}“{wish.what}”。\n{tail}"
        )

    async def command(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/提醒: list; 试发, 暂停, 恢复, 取消 with a number; anything else is a new one."""
        verb, number = arguments.word(0), arguments.word(1)
        actor = await self.people.actor(message.sender)
        if verb in ("方式", "怎么提醒"):
            return await self._way(actor, number, arguments.text)
        if doubts.is_about(verb):
            return await doubts.answer(self.reminders, actor, verb, number)
        if not arguments.text:
            return _listed(await self.reminders.upcoming(actor))
        action = {
            "试发": "try",
            "试": "try",
            "暂停": "pause",
            "恢复": "resume",
            "继续": "resume",
        }.get(verb)
        if action is None:
            return await self._typed(message, arguments.text)
        occurrence = await self.reminders.tasks.occurrence(actor, number_of(number))
        if action == "try":
            return await self.reminders.preview(actor, occurrence.id)
        if action == "pause":
            await self.reminders.pause(actor, occurrence.task_id)
            return Reply(
                text=f"已暂停提醒“{occurrence.title}”。要恢复就发 /提醒 恢复 {occurrence.id}。"
            )
        await self.reminders.resume(actor, occurrence.task_id)
        return Reply(text=f"已恢复提醒“{occurrence.title}”。")

    async def _way(self, actor: Actor, number: str, text: str) -> Reply:
        """How a task reminds; with words, from now on so."""
        occurrence = await self.reminders.tasks.occurrence(actor, number_of(number))
        task = await self.reminders.tasks.task(actor, occurrence.task_id)
        words = text.partition(number)[2].strip()
        if not words:
            return Reply(text=f"“{task.title}”的提醒：{say_way(task.policy)}。\n{HOW_TO_SAY}")
        standard = self.reminders.planner.standard
        policy = standard if words in ("照常", "默认", "恢复默认") else read_way(words, task.policy)
        if policy is None:
            raise UsageError("no way of reminding", reply=f"没看懂怎么提醒。{HOW_TO_SAY}")
        for one in policy.escalations:
            if one.to.startswith("member:"):
                named = await self.assignees.named(actor, [one.to.removeprefix("member:")])
                if named.problems:
                    raise UsageError("nobody to report to", reply=f"{'；'.join(named.problems)}。")
        changed = await self.reminders.set_policy(actor, task.id, policy)
        return Reply(text=f"“{task.title}”以后这样提醒：{say_way(changed.policy)}。")

    async def _typed(self, message: IncomingMessage, text: str) -> Reply:
        names = await self.assignees.known()
        wish = read_wish(f"提醒{text}", self.times.find, names) if is_wish(f"提醒{text}") else None
        return await self._considered(message, wish or read_plain(text, self.times.find))


def _state(wish: Wish, says: str) -> State:
    return {"who": list(wish.who), "what": wish.what, "when": says, "words": wish.words}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _wish_of(state: State, times: Times) -> Wish:
    says = str(state["when"])
    return Wish(
        who=tuple(str(one) for one in _list(state["who"])),
        what=str(state["what"]),
        when=times.read(says) if says else NoTime(),
        words=str(state["words"]),
    )


def _replaced(wish: Wish, when: When, words: str) -> Wish:
    return Wish(who=wish.who, when=when, what=wish.what, words=words)


def _chosen(text: str, count: int) -> int | None:
    found = _ORDINAL.fullmatch(text.strip()) if count else None
    if found is None:
        return None
    n = _ORDINALS.find(found[1]) if found[1] in _ORDINALS else int(found[1]) - 1
    return n if n < count else None


def _which(wish: Wish, choices: Sequence[str]) -> Reply:
    listed = "\n".join(f"{n}. {one}" for n, one in enumerate(choices, 1))
    return Reply(
        text=f"“{wish.words}”是哪一个？回复序号，或者把时间写全。\n{listed}",
        card=Card(
            title="是哪一个时间？",
            buttons=tuple(
                Button(label=one, command=f"/选 {n}") for n, one in enumerate(choices, 1)
            ),
        ),
    )


def _echoed(wish: Wish, settled: Timed, named: Named, said: When) -> Reply:
    who = "、".join(named.words[:10]) + (
        f"等 {len(named.words)} 个" if len(named.words) > 10 else ""
    )
    facts = [("时间", settled.echo.rstrip("。")), ("提醒谁", who), ("事情", wish.what)]
    if settled.note:
        facts.append(("怎么提醒", settled.note))
    if isinstance(said, CalendarUnknown):
        facts.append(("注意", f"{said.missing_year}年放假安排还没公布，日子是暂定的"))
    lines = "\n".join(f"- {name}：{value}" for name, value in facts)
    return Reply(
        text=f"请确认这个提醒：\n{lines}\n{HOW}",
        card=Card(
            title="设这个提醒吗？",
            buttons=(
                Button(label="好", command="/确认", style="primary"),
                Button(label="取消", command="/算了"),
            ),
        ),
    )


def _listed(upcoming: Sequence[OccurrenceView]) -> Reply:
    if not upcoming:
        return Reply(text=NOTHING)
    lines = []
    for one in upcoming:
        at = (one.next_notice_at or one.due_at).astimezone(SHANGHAI)
        lines.append(f"- {one.id}号　{say_when(at)} {at:%H:%M}　{one.title}（{one.assignee}）")
    head = f"接下来的提醒（{len(upcoming)} 个）："
    tail = "发 /提醒 试发 编号 先看看样子，/提醒 暂停 编号 暂停，/取消 编号 取消。"
    return Reply(text=f"{head}\n" + "\n".join(lines) + f"\n\n{tail}")


def not_found(number: int) -> NotFound:
    """No such task, or not theirs."""
    return NotFound(
        f"no occurrence {number}", reply=f"没有 {number} 号任务，发 /我的任务 看看编号。"
    )
