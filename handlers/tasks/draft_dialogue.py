"""/任务 草拟 《…》: drafts page by page; confirm, skip, change them in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta

from bot.arguments import Arguments
from bot.errors import UsageError
from bot.messages import Button, Card, IncomingMessage, MessageKind, Reply, Source
from bot.routing import Pass
from handlers.access import Actor
from handlers.pending import Pending, State
from handlers.people.actions import People
from handlers.tasks.drafting import Board, Drafting, Proposal, Standing, numbers_of
from handlers.tasks.finding import Finding, Found
from handlers.tasks.selection import Choice, Edit, Selection, edit_of, read_selection
from knowledge.picked import Span

DRAFTS = "drafts"
PAGE = 6
LASTING = timedelta(days=3)
_SHOWN_GONE = 10
_QUOTE_CHARS = 120
_MARKS: Mapping[Standing, str] = {
    Standing.NEW: "",
    Standing.CONFIRMED: "✓已确认　",
    Standing.SAME: "（去年已有，没变）",
    Standing.CHANGED: "（和已确认的不同：{}）",
    Standing.PRACTICE: "（文件讲的是别处做法）",
}
HOW = (
    "可以回复：全部确认 · 1-3 确认 · 2 跳过 · 3 改为 每月最后一个工作日，责任人 李老师 · "
    "看 4 · 下一页 · 退出"
)
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
            "looked": 0,
        }
        await self.pending.ask(message, DRAFTS, state, LASTING)
        head = _head(board)
        if self.finding is not None:
            head += "\n觉得有漏的，回复“再找找”，模型会再看一遍没读出任务的段落。"
        return Reply(text=f"{head}\n\n{_page(board, state)}", card=_buttons(board, state))

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
            case Choice.SHOW:
                return _shown(board, _chosen(board, state, selection)[:3])
            case Choice.SKIP:
                return await self._skip(message, board, state, _chosen(board, state, selection))
            case Choice.CONFIRM:
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
        looked = _number(state.get("looked"))
        found = await self.finding.find(actor, board.document.document, drafts, looked)
        before = _spans(state.get("picked"))
        spans = [*before, *(span for span in found.spans if span not in before)]
        state["picked"] = [[span.start, span.end] for span in spans]
        state["looked"] = found.looked
        state["page"] = len(board.proposals) // PAGE
        await self.pending.ask(message, DRAFTS, state, LASTING)
        again = await self._board(actor, state)
        new = again.proposals[len(board.proposals) :]
        lines = "\n\n".join(_line(one, state) for one in new)
        return Reply(text="\n\n".join(part for part in (_found(found, len(new)), lines) if part))

    async def _turn(self, message: IncomingMessage, board: Board, state: State, step: int) -> Reply:
        pages = (len(board.proposals) + PAGE - 1) // PAGE
        page = _number(state["page"]) + step
        if not 0 <= page < pages:
            return Reply(text="这是最后一页了。" if step > 0 else "这是第一页。")
        state["page"] = page
        await self.pending.ask(message, DRAFTS, state, LASTING)
        return Reply(text=_page(board, state), card=_buttons(board, state))

    async def _skip(
        self, message: IncomingMessage, board: Board, state: State, numbers: Sequence[int]
    ) -> Reply:
        state["skipped"] = sorted({*_numbers(state["skipped"]), *numbers})
        await self.pending.ask(message, DRAFTS, state, LASTING)
        return Reply(text=f"跳过了第 {_listed(numbers)} 条。\n\n{_page(board, state)}")

    async def _confirm(
        self, message: IncomingMessage, board: Board, state: State, selection: Selection
    ) -> Reply:
        numbers = _chosen(board, state, selection)
        is_by_number = bool(selection.numbers) and not selection.is_all
        if not is_by_number:
            by_itself = (Standing.NEW, Standing.CHANGED)
            wanted = {one.number for one in board.proposals if one.standing in by_itself}
            numbers = [n for n in numbers if n in wanted]
        actor = await self.people.actor(message.sender)
        done = await self.drafting.confirm(actor, board, numbers)
        state["skipped"] = sorted(set(_numbers(state["skipped"])) - {*numbers})
        await self.pending.ask(message, DRAFTS, state, LASTING)
        lines = [f"确认了 {len(done.made)} 项任务。" if done.made else "这次没有新的任务可以确认。"]
        lines += [
            f"- {one.occurrences[0].id if one.occurrences else '—'}号　{one.title}"
            f"（{_short(one.assignees)}）"
            for one in done.made[:20]
        ]
        if len(done.made) > 20:
            lines.append(f"……共 {len(done.made)} 项，发 /任务 看全部。")
        if done.refused:
            lines.append(f"\n有 {len(done.refused)} 条还不能交办（人、责、期要齐）：")
            lines += [
                f"- 第 {one.number} 条“{one.title}”：{'；'.join(one.problems)}"
                for one in done.refused[:15]
            ]
            lines.append(f"补上就行，例如：{done.refused[0].number} 改为 6月30日前，责任人 李老师")
        again = await self._board(actor, state)
        left = [one for one in again.proposals if one.standing in (Standing.NEW, Standing.CHANGED)]
        left = [one for one in left if one.number not in _numbers(state["skipped"])]
        if left and not done.refused:
            lines.append(f"\n还有 {len(left)} 条没定，回复“下一页”接着看。")
        return Reply(text="\n".join(lines))

    async def _edit(
        self, message: IncomingMessage, board: Board, state: State, selection: Selection
    ) -> Reply:
        edit = selection.edit or Edit()
        numbers = numbers_of(board, selection.numbers)
        actor = await self.people.actor(message.sender)
        if problems := await self.drafting.check_edit(actor, edit):
            return Reply(text=f"没有改：{'；'.join(problems)}。")
        edits = _edits(state)
        for n in numbers:
            edits[n] = _merged(edits.get(n, Edit()), edit)
        state["edits"] = {str(n): asdict(one) for n, one in edits.items()}
        await self.pending.ask(message, DRAFTS, state, LASTING)
        again = await self._board(actor, state)
        changed = [_line(one, state) for one in again.proposals if one.number in numbers]
        tail = f"可以了就回复：{_listed(numbers)} 确认"
        return Reply(text="改好了：\n" + "\n".join(changed) + f"\n\n{tail}")


def _head(board: Board) -> str:
    count = len(board.proposals)
    lines = [f"《{board.document.document.title}》读出 {count} 条，都还没有交办，请逐页确认。"]
    if board.earlier:
        counted = {
            standing: sum(one.standing is standing for one in board.proposals)
            for standing in Standing
        }
        lines.append(
            f"和《{board.earlier}》已确认的任务比：新增 {counted[Standing.NEW]}，"
            f"有变化 {counted[Standing.CHANGED]}，没变 {counted[Standing.SAME]}，"
            f"这次没提到 {len(board.gone)}（不会自动取消）。"
        )
        if board.gone:
            shown = "；".join(board.gone[:_SHOWN_GONE])
            lines.append(f"没提到的：{shown}{'……' if len(board.gone) > _SHOWN_GONE else ''}")
    return "\n".join(lines)


def _page(board: Board, state: State) -> str:
    page = _number(state["page"])
    pages = (len(board.proposals) + PAGE - 1) // PAGE
    shown = board.proposals[page * PAGE : (page + 1) * PAGE]
    lines = "\n\n".join(_line(one, state) for one in shown)
    return f"第 {page + 1}/{pages} 页\n\n{lines}\n\n{HOW}"


def _line(one: Proposal, state: State) -> str:
    mark = _MARKS[one.standing].format(one.what_changed)
    if one.is_picked and one.standing is Standing.NEW:
        mark = "（模型指出的，请对照原文）"
    if one.number in _numbers(state["skipped"]):
        mark = "✗已跳过　"
    who = _short(one.named.words) or "、".join(one.who) or "？"
    parts = [f"责任人：{who}", f"期限：{one.when or '？'}"]
    parts += [f"节点：{step.label}" for step in one.milestones]
    if one.labels:
        parts.append(f"标签：{'、'.join(one.labels)}")
    lines = [f"**{one.number}. {one.title}**{mark}", "　".join(parts)]
    if one.problems and one.standing is not Standing.PRACTICE:
        lines.append(f"⚠ {'；'.join(one.problems)}")
    lines.append(f"依据：{one.draft.locator} “{_cut(one.draft.quote)}”")
    return "\n".join(lines)


def _shown(board: Board, numbers: Sequence[int]) -> Reply:
    chosen = [one for one in board.proposals if one.number in numbers]
    document = board.document.document
    return Reply(
        text="\n\n".join(f"**{one.number}. {one.title}**\n{one.draft.quote}" for one in chosen),
        sources=tuple(
            Source(
                document=document.id,
                title=document.title,
                locator=one.draft.locator,
                quote=one.draft.quote,
            )
            for one in chosen
        ),
    )


def _buttons(board: Board, state: State) -> Card:
    first = _number(state["page"]) * PAGE + 1
    last = min(first + PAGE - 1, len(board.proposals))
    buttons = [Button(label="确认本页", command=f"/草稿 {first}-{last} 确认", style="primary")]
    if last < len(board.proposals):
        buttons.append(Button(label="下一页", command="/草稿 下一页"))
    buttons.append(Button(label="退出", command="/草稿 退出"))
    return Card(title="草拟的任务", buttons=tuple(buttons))


def _chosen(board: Board, state: State, selection: Selection) -> list[int]:
    if selection.is_all:
        except_ = {*selection.numbers, *_numbers(state["skipped"])}
        return [one.number for one in board.proposals if one.number not in except_]
    if selection.numbers:
        return list(numbers_of(board, selection.numbers))
    page = _number(state["page"])
    shown = board.proposals[page * PAGE : (page + 1) * PAGE]
    return [one.number for one in shown if one.number not in _numbers(state["skipped"])]


def _edits(state: State) -> dict[int, Edit]:
    stored = state["edits"]
    listed = stored.items() if isinstance(stored, dict) else ()
    return {int(n): edit_of(fields) for n, fields in listed}


def _merged(before: Edit, edit: Edit) -> Edit:
    given = {name: value for name, value in asdict(edit).items() if value is not None}
    return replace(before, **given)


def _spans(stored: object) -> list[Span]:
    pairs = stored if isinstance(stored, list) else []
    return [Span(start=_number(pair[0]), end=_number(pair[1])) for pair in pairs]


def _found(found: Found, new: int) -> str:
    left = found.silent - found.looked
    said = f"又找出 {new} 条，排在最后：" if new else "这几段没有再找出要做的事。"
    if found.is_cut:
        return f"{said if new else ''}\n模型这会儿没有回答，过几分钟再回复“再找找”。".strip()
    return f"{said}\n还有 {left} 段没看，回复“再找找”接着看。" if left else said


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _numbers(value: object) -> list[int]:
    return [one for one in value if isinstance(one, int)] if isinstance(value, list) else []


def _listed(numbers: Sequence[int]) -> str:
    return "、".join(map(str, numbers))


def _short(words: Sequence[str]) -> str:
    return "、".join(words[:4]) + (f" 等 {len(words)} 个" if len(words) > 4 else "")


def _cut(quote: str) -> str:
    return quote if len(quote) <= _QUOTE_CHARS else quote[: _QUOTE_CHARS - 1] + "…"
