"""/任务, /我的任务, 签收, 完成, 延期 … and what people answer to a reminder in their own words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.arguments import Arguments
from bot.errors import UsageError
from bot.messages import IncomingMessage, MessageKind, Reply
from bot.routing import Pass
from handlers.access import Actor
from handlers.pending import Pending
from handlers.people.actions import People
from handlers.reminders.actions import Reminders
from handlers.reminders.numbers import number_of
from handlers.tasks import changing, labels, wording
from handlers.tasks.actions import Tasks
from handlers.tasks.changing import Changes
from handlers.tasks.draft_dialogue import DraftDialogue
from handlers.tasks.evidence import Evidence, names
from handlers.tasks.matching import Matching
from handlers.tasks.replies import Answer, Said, may_be_reply, read_reply
from handlers.tasks.sheets import Sheets
from handlers.tasks.until import moment
from handlers.tasks.until import until as until_when
from handlers.tasks.views import Filter, Moved, Proof, Step
from handlers.times import Times

WHICH = "which"
REASON = "reason"
_LATER = timedelta(hours=1)
_HISTORY = timedelta(days=120)
_CHECKS = {"督办": True, "验收": True, "免督办": False, "免验收": False}
_CHECKED = "“{title}”改为要确认才办结：办的人反馈后，会请交办的人看佐证、点“办结”。"
_UNCHECKED = "“{title}”改为办的人反馈就算办结。"
_STEPS = {
    Answer.DONE: Step.REPORT,
    Answer.ACCEPTED: Step.ACCEPT,
    Answer.WORKING: Step.START,
    Answer.DECLINE: Step.DECLINE,
}


def is_task_reply(message: IncomingMessage) -> bool:
    """Whether it may be about a task; whoever is asked in a group has named the bot."""
    is_said = message.kind is MessageKind.TEXT or (
        message.kind is MessageKind.MEDIA and bool(message.text)
    )
    return is_said and message.is_mention and may_be_reply(message.text)


def is_free_text(message: IncomingMessage) -> bool:
    """Anything typed: it may answer a question of ours."""
    return message.kind is MessageKind.TEXT and message.is_mention


@dataclass(frozen=True, slots=True)
class TasksDialogue:
    """Built once, in ``bot.app``."""

    tasks: Tasks
    reminders: Reminders
    people: People
    drafts: DraftDialogue
    matching: Matching
    sheets: Sheets
    times: Times
    pending: Pending
    evidence: Evidence
    changes: Changes

    async def command(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/任务: what the units have to do; 草拟, 逾期, 延期, 导出, a label or a number."""
        actor = await self.people.actor(message.sender)
        verb, rest = arguments.word(0), arguments.text.partition(" ")[2].strip()
        if verb.startswith(("草拟", "起草")):
            glued = arguments.text[2:].strip()
            return await self.drafts.begin(message, glued)
        if verb.startswith("对比"):
            return await self.drafts.compare(message, arguments.text[2:])
        if not verb or verb in ("全部", "列表"):
            listed = await self.tasks.listed(actor, Filter())
            return wording.listed("任务", listed, self.times.now())
        if verb in ("逾期", "超期", "拖期"):
            late = await self.tasks.listed(actor, Filter(is_late=True))
            return wording.listed("逾期的任务", late, self.times.now())
        if verb in ("延期", "审批"):
            return wording.postponements(await self.tasks.postponements(actor))
        if verb == "导出":
            return await self.sheets.reply(actor)
        if verb in changing.VERBS:
            return await self.changes.command(actor, rest, message.conversation)
        if verb in labels.VERBS:
            return await labels.answer(self.tasks, self.times, actor, rest)
        if verb in _CHECKS and rest:
            occurrence = await self.tasks.occurrence(actor, number_of(rest))
            await self.tasks.set_checked(actor, occurrence.task_id, is_checked=_CHECKS[verb])
            said = _CHECKED if _CHECKS[verb] else _UNCHECKED
            return Reply(text=said.format(title=occurrence.title))
        return await self._details(actor, number_of(arguments.text))

    async def _details(self, actor: Actor, number: int) -> Reply:
        occurrence = await self.tasks.occurrence(actor, number)
        task = await self.tasks.task(actor, occurrence.task_id)
        history = await self.tasks.history(actor, task.id)
        receipts = await self.reminders.receipts(actor, number)
        files = [one.as_attachment() for one in await self.tasks.proofs(actor, number)]
        shown = wording.details(occurrence, task, history, receipts, self.times)
        return replace(shown, attachments=tuple(files), is_private=bool(files))

    async def mine(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/我的任务."""
        actor = await self.people.actor(message.sender)
        includes_closed = arguments.word(0) in ("全部", "已完成", "历史")
        since = self.times.now() - _HISTORY if includes_closed else None
        found = await self.tasks.mine(actor, includes_closed=includes_closed, due_from=since)
        return wording.listed("您的任务", found, self.times.now(), is_mine=True)

    async def step(self, message: IncomingMessage, arguments: Arguments, step: Step) -> Reply:
        """/签收 17, /完成 17 说明, /退回 17 原因 and the like."""
        actor = await self.people.actor(message.sender)
        number, note = _numbered(arguments)
        if number is None:
            said = {step: answer for answer, step in _STEPS.items()}.get(step)
            if said is None:
                raise UsageError("no number", reply="请写上任务编号，例如：/办结 12。")
            return await self._act(message, Said(answer=said, note=note))
        return await self._move(message, actor, number, step, note)

    async def accept(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/签收."""
        return await self.step(message, arguments, Step.ACCEPT)

    async def start(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/办理."""
        return await self.step(message, arguments, Step.START)

    async def report(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/完成."""
        return await self.step(message, arguments, Step.REPORT)

    async def decline(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/退回."""
        return await self.step(message, arguments, Step.DECLINE)

    async def close(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/办结, by who gave it."""
        return await self.step(message, arguments, Step.CONFIRM)

    async def back(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/重办, by who gave it."""
        return await self.step(message, arguments, Step.RETURN)

    async def again(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/交办 17: once more after it was declined."""
        return await self.step(message, arguments, Step.GIVE_AGAIN)

    async def hand_over(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/转交 17 李老师: with what is to come of it."""
        number, to = _numbered(arguments)
        if number is None or not to:
            reply = "请写上任务编号和转交给谁，例如：/转交 12 张三。重名的写 张三（单位）。"
            raise UsageError("incomplete", reply=reply)
        actor = await self.people.actor(message.sender)
        done = await self.tasks.hand_over(actor, [number], to)
        if not done.count:
            return Reply(text=f"{number}号本来就是{done.name}的，不用转交。")
        return Reply(text=f"{number}号已转交给{done.name}，以后各次也归他。转错了可以再转交。")

    async def cancel(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/取消 17: the whole task."""
        number, note = _numbered(arguments)
        if number is None:
            raise UsageError(
                "no number", reply="请写上任务编号，例如：/取消 12。编号发 /提醒 或 /任务 看。"
            )
        actor = await self.people.actor(message.sender)
        occurrence = await self.tasks.occurrence(actor, number)
        await self.tasks.cancel(actor, occurrence.task_id, note)
        return Reply(text=f"已取消“{occurrence.title}”，不会再提醒。")

    async def snooze(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/稍后 17 [时间]: an hour unless something else is said."""
        number, when = _numbered(arguments)
        return await self._act(message, Said(answer=Answer.SNOOZE, when=when), number=number)

    async def postpone(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/延期 17 到下周五 因为材料没齐."""
        number, rest = _numbered(arguments)
        said = read_reply(f"延期到{rest.removeprefix('到').strip()}", self.times.find)
        if said is None:
            raise UsageError("unreadable", reply=wording.HOW_TO_POSTPONE)
        return await self._act(message, said, number=number)

    async def approve(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/批准 3."""
        return await self._decide(message, arguments, approves=True)

    async def refuse(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/不批准 3 原因."""
        return await self._decide(message, arguments, approves=False)

    async def _decide(
        self, message: IncomingMessage, arguments: Arguments, *, approves: bool
    ) -> Reply:
        actor = await self.people.actor(message.sender)
        number, note = _numbered(arguments)
        waiting = await self.tasks.postponements(actor)
        found = [one for one in waiting if one.occurrence_id == number]
        if not found:
            raise UsageError("no such wish", reply="没有这条延期申请。发 /任务 延期 看有哪些。")
        decided = await self.tasks.decide_postponement(
            actor, found[0].id, approves=approves, note=note
        )
        until = wording.day(decided.until)
        what = f"同意延期到 {until}" if approves else "没有同意延期，按原定时间办"
        return Reply(text=f"已记下：{decided.who}的“{decided.title}”{what}。")

    async def reply(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """已完成, 明天交, 延期到下周五 因为…: on the occurrence it is about."""
        said = read_reply(message.text, self.times.find)
        if said is None:
            raise Pass
        return await self._act(message, said, may_pass=True)

    async def answered(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """Which one, or the reason, after we asked."""
        text = message.text.strip()
        if text[:1] in ("/", "／") or read_reply(text, self.times.find) is not None:
            raise Pass
        if state := await self.pending.get(message, REASON):
            await self.pending.forget(message)
            if len(text) < 2 or text in ("取消", "算了"):
                return Reply(text="好，没有申请延期。")
            said = Said(answer=Answer.POSTPONE, when=str(state["when"]), note=text)
            return await self._act(message, said, number=int(str(state["number"])))
        state = await self.pending.get(message, WHICH)
        found = re.fullmatch(r"[#＃第]?\s*(\d{1,12})\s*[号个条项]?[。.]?", text)
        if state is None or found is None:
            raise Pass
        listed = state["numbers"] if isinstance(state["numbers"], list) else []
        number = int(found[1])
        if number not in listed:
            number = listed[number - 1] if 1 <= number <= len(listed) else 0
        if not number:
            return Reply(text=f"请回复其中一个编号：{'、'.join(map(str, listed))}。")
        await self.pending.forget(message)
        said = Said(
            answer=Answer(str(state["answer"])), when=str(state["when"]), note=str(state["note"])
        )
        return await self._act(message, said, number=number)

    async def _act(
        self,
        message: IncomingMessage,
        said: Said,
        *,
        number: int | None = None,
        may_pass: bool = False,
    ) -> Reply:
        actor = await self.people.actor(message.sender)
        if number is None:
            found = await self.matching.about(actor, message, said.about)
            if not found:
                if may_pass:
                    raise Pass
                return Reply(text=wording.NONE_OPEN)
            if len(found) > 1:
                await self.pending.ask(
                    message,
                    WHICH,
                    {
                        "numbers": [one.id for one in found],
                        "answer": said.answer.value,
                        "when": said.when,
                        "note": said.note,
                    },
                )
                return wording.which(found)
            number = found[0].id
        if step := _STEPS.get(said.answer):
            return await self._move(message, actor, number, step, said.note)
        if said.answer is Answer.SNOOZE:
            return await self._snooze(message, actor, number, said)
        return await self._put_off(message, actor, number, said)

    async def _move(
        self, message: IncomingMessage, actor: Actor, number: int, step: Step, note: str
    ) -> Reply:
        if step in (Step.DECLINE, Step.RETURN) and not note:
            reply = f"请写上原因，例如：/{wording.STEP_WORDS[step]} {number} 材料不全。"
            raise UsageError("no reason", reply=reply)
        files = await self.evidence.of(message, note) if step is Step.REPORT else ()
        moved = await self.tasks.move(
            actor, number, step, note, here=message.conversation, files=files
        )
        if not moved.is_changed and files:
            await self.tasks.attach(actor, number, files, here=message.conversation)
        await self.evidence.used(message, files)
        return _told(moved, step, note, files)

    async def _snooze(
        self, message: IncomingMessage, actor: Actor, number: int, said: Said
    ) -> Reply:
        until = (
            self.times.now() + _LATER
            if not said.when
            else moment(self.times, said.when, morning=True)
        )
        if until is None:
            raise UsageError(
                "unreadable", reply="没看懂时间，可以说：一小时后再提醒我、明天8点再提醒我。"
            )
        view = await self.reminders.snooze(actor, number, until, here=message.conversation)
        return Reply(text=f"好，{wording.moment(until)} 再提醒您“{view.title}”。")

    async def _put_off(
        self, message: IncomingMessage, actor: Actor, number: int, said: Said
    ) -> Reply:
        """A promise within the time is noted; beyond it, it is a wish for more time."""
        occurrence = await self.tasks.occurrence(actor, number)
        until = until_when(self.times, said.when, occurrence.due_at)
        if until is None:
            raise UsageError("unreadable", reply=wording.HOW_TO_POSTPONE)
        is_promise = said.answer is Answer.PROMISED
        if is_promise and until <= occurrence.due_at:
            moved = await self.tasks.move(
                actor, number, Step.START, f"答应{said.when}完成", here=message.conversation
            )
            return Reply(
                text=f"记下了：“{moved.occurrence.title}”您{said.when}完成，"
                f"截止 {wording.day(occurrence.due_at)}。办好了回复“已完成”。"
            )
        reason = said.note or (f"答应{said.when}完成" if is_promise else "")
        if not reason:
            state: dict[str, object] = {"number": number, "when": said.when}
            await self.pending.ask(message, REASON, state)
            return Reply(text=f"延期到 {wording.day(until)}，请说明原因（直接回复就行）。")
        asked = await self.tasks.ask_postponement(
            actor, number, until, reason, here=message.conversation
        )
        if asked.is_approved:
            return Reply(text=f"“{asked.title}”已延期到 {wording.day(until)}。")
        return Reply(
            text=f"已申请把“{asked.title}”延期到 {wording.day(until)}（原因：{reason}），"
            "等交办的人批准；批准前仍按原定时间。"
        )


def _numbered(arguments: Arguments) -> tuple[int | None, str]:
    found = re.match(r"\s*[#＃第]?(\d{1,12})\s*(?:[号项条](?!\d))?\s*[，,：:]?\s*", arguments.text)
    if found is None:
        return None, arguments.text.strip()
    return int(found[1]), arguments.text[found.end() :].strip()


def _told(moved: Moved, step: Step, note: str, files: Sequence[Proof] = ()) -> Reply:
    one = moved.occurrence
    kept = f"佐证已附上：{names(files)}" if files else ""
    if not moved.is_changed:
        said = f"“{one.title}”已经是“{wording.state(one)}”了。"
        return Reply(text="\n".join(filter(None, (said, kept))))
    said = wording.MOVED[step].format(title=wording.title(one))
    if step is Step.REPORT and one.is_checked:
        said = f"收到，“{wording.title(one)}”已反馈，等交办的人确认办结。"
    noted = f"说明已记下：{note}" if note and step is Step.REPORT else ""
    basis = f"（{wording.basis(one)}）" if step is Step.REPORT and one.document else ""
    return Reply(text="\n".join(filter(None, (said, noted, kept, basis))))
