"""/任务 草拟 《…》: drafts page by page; confirm, skip, change them in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta

from bot.arguments import Arguments
from bot.errors import UsageError
from bot.messages import IncomingMessage, MessageKind, Reply
from bot.routing import Pass
from handlers.access import Actor
from handlers.pending import Pending, State
from handlers.people.actions import People
from handlers.tasks import draft_pages
from handlers.tasks.comparing import Standing
from handlers.tasks.draft_pages import OPEN, PAGE, shown_on
from handlers.tasks.drafting import Board, Drafting, Proposal, numbers_of
from handlers.tasks.finding import Finding, Found
from handlers.tasks.selection import Choice, Edit, Selection, edit_of, read_selection
from knowledge.picked import Span

DRAFTS = "drafts"
LASTING = timedelta(days=3)
NOTHING = "这份文件里没有读出要做的事。"
NO_MODEL = "没有接语言模型，读出来的就是这些；漏了的可以直接说，例如：提醒各校6月30日前报名单。"
LEFT = "好，先到这里。想接着来，再发一次 /任务 草拟 加文件名。"


def is_draft_answer(message: IncomingMessage) -> bool:
    """Whether it may be an answer to a page of drafts."""
    is_text = message.kind is MessageKind.TEXT and message.is_mention
    return is_text and read_selection(message.text) is not None


@dataclass(frozen=True, slots=True)
class DraftDialogue:
    """Built once, in ``bot.app``."""

    drafting: Drafting
    people: People
    pending: Pending
    finding: Finding | None = None

    async def begin(self, message: IncomingMessage, document: str) -> Reply:
        """The first page."""
        name = document.strip().strip("《》“”\"' ")
        if not name:
            reply = "请写上文件名，例如：/任务 草拟 《党建工作要点》。有哪些文件，发 /文档 看。"
            raise UsageError("no document named", reply=reply)
        actor = await self.people.actor(message.sender)
        board = await self.drafting.board(actor, name)
        if not board.proposals:
            return Reply(text=NOTHING)
        state: State = {
            "document": board.document.document.id,
            "page": 0,
            "edits": {},
            "skipped": [],
            "picked": [],
            "ready": False,
            "looked": 0,
        }
        await self.pending.ask(message, DRAFTS, state, LASTING)
        head = draft_pages.head(board, state)
        if self.finding is not None:
            head += "\n觉得有漏的，回复“再找找”，模型会再看一遍没读出任务的段落。"
        return Reply(
            text=f"{head}\n\n{draft_pages.page(board, state)}",
            card=draft_pages.buttons(board, state),
        )

    async def compare(self, message: IncomingMessage, document: str) -> Reply:
        """/任务 对比 《…》: what differs from the tasks confirmed of the plan before it."""
        name = document.strip().strip("《》“”\"' ")
        if not name:
            reply = "请写上文件名，例如：/任务 对比 《党建工作要点》。"
            raise UsageError("no document named", reply=reply)
        actor = await self.people.actor(message.sender)
        return draft_pages.compared(await self.drafting.board(actor, name))

    async def answered(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """An answer to the page that was shown."""
        state = await self.pending.get(message, DRAFTS)
        typed = arguments.text if message.text.startswith(("/", "／")) else message.text
        selection = read_selection(typed)
        if state is None or selection is None:
            raise Pass
        actor = await self.people.actor(message.sender)
        board = await self._board(actor, state)
        match selection.choice:
            case Choice.FIND:
                return await self._find(message, actor, board, state)
            case Choice.LEAVE:
                await self.pending.forget(message)
                return Reply(text=LEFT)
            case Choice.NEXT | Choice.PREVIOUS:
                step = 1 if selection.choice is Choice.NEXT else -1
                return await self._turn(message, board, state, step)
            case Choice.READY | Choice.EVERY:
                state["ready"], state["page"] = selection.choice is Choice.READY, -1
                return await self._turn(message, board, state, 1)
            case Choice.SHOW:
                return draft_pages.clauses(board, _chosen(board, state, selection)[:3])
            case Choice.SKIP:
                return await self._skip(message, board, state, _chosen(board, state, selection))
            case Choice.CONFIRM | Choice.SUPERSEDE | Choice.KEEP_BOTH:
                return await self._confirm(message, board, state, selection)
            case Choice.EDIT:
                return await self._edit(message, board, state, selection)

    async def _board(self, actor: Actor, state: State) -> Board:
        return await self.drafting.board(
            actor, str(state["document"]), _edits(state), _spans(state.get("picked"))
        )

    async def _find(
        self, message: IncomingMessage, actor: Actor, board: Board, state: State
    ) -> Reply:
        """What a model points at joins the end of the list; confirming it is a person's."""
        if self.finding is None:
            return Reply(text=NO_MODEL)
        drafts = [one.draft for one in board.proposals if not one.is_picked]
        looked = draft_pages.number_in(state.get("looked"))
        found = await self.finding.find(actor, board.document.document, drafts, looked)
        before = _spans(state.get("picked"))
        spans = [*before, *(span for span in found.spans if span not in before)]
        state["picked"] = [[span.start, span.end] for span in spans]
        state["looked"] = found.looked
        state["page"] = len(board.proposals) // PAGE
        state["ready"] = False
        await self.pending.ask(message, DRAFTS, state, LASTING)
        again = await self._board(actor, state)
        new = again.proposals[len(board.proposals) :]
        lines = "\n\n".join(draft_pages.line(one, state) for one in new)
        return Reply(text="\n\n".join(part for part in (_found(found, len(new)), lines) if part))

    async def _turn(self, message: IncomingMessage, board: Board, state: State, step: int) -> Reply:
        pages = draft_pages.pages_of(board, state)
        page = draft_pages.number_in(state["page"]) + step
        if not 0 <= page < pages:
            return Reply(text="这是最后一页了。" if step > 0 else "这是第一页。")
        state["page"] = page
        await self.pending.ask(message, DRAFTS, state, LASTING)
        return Reply(text=draft_pages.page(board, state), card=draft_pages.buttons(board, state))

    async def _skip(
        self, message: IncomingMessage, board: Board, state: State, numbers: Sequence[int]
    ) -> Reply:
        state["skipped"] = sorted({*draft_pages.numbers_in(state["skipped"]), *numbers})
        await self.pending.ask(message, DRAFTS, state, LASTING)
        return Reply(text=f"跳过了第 {_listed(numbers)} 条。\n\n{draft_pages.page(board, state)}")

    async def _confirm(
        self, message: IncomingMessage, board: Board, state: State, selection: Selection
    ) -> Reply:
        numbers = _chosen(board, state, selection)
        differing = [one for one in board.proposals if one.earlier_task is not None]
        if selection.choice is not Choice.CONFIRM and not selection.numbers:
            numbers = [one.number for one in differing]
        is_by_number = bool(selection.numbers) and not selection.is_all
        if not is_by_number:
            wanted = {one.number for one in board.proposals if one.standing in OPEN}
            numbers = [n for n in numbers if n in wanted]
        actor = await self.people.actor(message.sender)
        undecided: list[Proposal] = []
        if selection.choice is Choice.CONFIRM:
            undecided = [one for one in differing if one.number in numbers and not one.problems]
            numbers = sorted(set(numbers) - {one.number for one in undecided})
        if undecided and not numbers:
            return draft_pages.to_decide(undecided)
        done = await self.drafting.confirm(
            actor, board, numbers, supersedes=selection.choice is Choice.SUPERSEDE
        )
        state["skipped"] = sorted(set(draft_pages.numbers_in(state["skipped"])) - {*numbers})
        await self.pending.ask(message, DRAFTS, state, LASTING)
        lines = [f"确认了 {len(done.made)} 项任务。" if done.made else "这次没有新的任务可以确认。"]
        lines += [
            f"- {one.occurrences[0].id if one.occurrences else '—'}号　{one.title}"
            f"（{draft_pages.short(one.assignees)}）"
            for one in done.made[:20]
        ]
        if len(done.made) > 20:
            lines.append(f"……共 {len(done.made)} 项，发 /任务 看全部。")
        if done.refused:
            lines.append(f"\n有 {len(done.refused)} 条还不能交办（人、责、期要齐）：")
            lines += draft_pages.reasons(done.refused)
        if undecided:
            asked = draft_pages.to_decide(undecided)
            return replace(asked, text="\n".join([*lines, "", asked.text]))
        again = await self._board(actor, state)
        skipped = draft_pages.numbers_in(state["skipped"])
        left = [
            one for one in again.proposals if one.standing in OPEN and one.number not in skipped
        ]
        if state.get("ready") and any(not one.problems for one in left):
            state["page"] = 0
            await self.pending.ask(message, DRAFTS, state, LASTING)
            lines.append(f"\n{draft_pages.page(again, state)}")
            return Reply(text="\n".join(lines), card=draft_pages.buttons(again, state))
        if left and not done.refused:
            how = "看全部" if state.get("ready") else "下一页"
            lines.append(f"\n还有 {len(left)} 条没定，回复“{how}”接着看。")
        return Reply(text="\n".join(lines))

    async def _edit(
        self, message: IncomingMessage, board: Board, state: State, selection: Selection
    ) -> Reply:
        edit = selection.edit or Edit()
        numbers = numbers_of(board, selection.numbers)
        done = [
            one.number
            for one in board.proposals
            if one.number in numbers and one.standing is Standing.CONFIRMED
        ]
        if done:
            listed = _listed(done)
            return Reply(
                text=f"没有改：第 {listed} 条已经确认成任务了。要改发 /任务 改 编号 "
                "6月30日前，责任人 李老师（编号发 /任务 看）。"
            )
        actor = await self.people.actor(message.sender)
        if problems := await self.drafting.check_edit(actor, edit):
            return Reply(text=f"没有改：{'；'.join(problems)}。")
        edits = _edits(state)
        for n in numbers:
            edits[n] = _merged(edits.get(n, Edit()), edit)
        state["edits"] = {str(n): asdict(one) for n, one in edits.items()}
        await self.pending.ask(message, DRAFTS, state, LASTING)
        again = await self._board(actor, state)
        changed = [draft_pages.line(one, state) for one in again.proposals if one.number in numbers]
        tail = f"可以了就回复：{_listed(numbers)} 确认"
        return Reply(text="改好了：\n" + "\n".join(changed) + f"\n\n{tail}")


def _chosen(board: Board, state: State, selection: Selection) -> list[int]:
    if selection.is_all:
        except_ = {*selection.numbers, *draft_pages.numbers_in(state["skipped"])}
        return [one.number for one in board.proposals if one.number not in except_]
    if selection.numbers:
        return list(numbers_of(board, selection.numbers))
    skipped = draft_pages.numbers_in(state["skipped"])
    return [one.number for one in shown_on(board, state) if one.number not in skipped]


def _edits(state: State) -> dict[int, Edit]:
    stored = state["edits"]
    listed = stored.items() if isinstance(stored, dict) else ()
    return {int(n): edit_of(fields) for n, fields in listed}


def _merged(before: Edit, edit: Edit) -> Edit:
    given = {name: value for name, value in asdict(edit).items() if value is not None}
    return replace(before, **given)


def _spans(stored: object) -> list[Span]:
    pairs = stored if isinstance(stored, list) else []
    return [
        Span(start=draft_pages.number_in(pair[0]), end=draft_pages.number_in(pair[1]))
        for pair in pairs
    ]


def _found(found: Found, new: int) -> str:
    left = found.silent - found.looked
    said = f"又找出 {new} 条，排在最后：" if new else "这几段没有再找出要做的事。"
    if found.is_cut:
        return f"{said if new else ''}\n模型这会儿没有回答，过几分钟再回复“再找找”。".strip()
    return f"{said}\n还有 {left} 段没看，回复“再找找”接着看。" if left else said


def _listed(numbers: Sequence[int]) -> str:
    return "、".join(map(str, numbers))
