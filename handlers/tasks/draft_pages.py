"""What the pages of drafts look like: which are shown, how each reads, which buttons it has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.messages import Button, Card, Reply, Source
from handlers.pending import State
from handlers.tasks.comparing import Standing
from handlers.tasks.drafting import Board, Proposal

PAGE = 6
_SHOWN_GONE = 10
_SHOWN_REASONS = 12
_QUOTE_CHARS = 120
_MOST_COMPARED = 20
_MARKS: Mapping[Standing, str] = {
    Standing.NEW: "",
    Standing.CONFIRMED: "✓已确认　",
    Standing.DROPPED: "（确认过，后来取消了）",
    Standing.SAME: "（去年已有，没变）",
    Standing.CHANGED: "（和已确认的不同：{}）",
    Standing.PRACTICE: "（文件讲的是别处做法）",
}
HOW = (
    "可以回复：全部确认 · 1-3 确认 · 2 跳过 · 3 改为 每月最后一个工作日，责任人 李老师 · "
    "看 4 · {view} · 下一页 · 退出"
)
OPEN = (Standing.NEW, Standing.CHANGED)
"""What 全部确认 takes."""


def is_ready(one: Proposal, state: State) -> bool:
    """Whether a yes is all it wants."""
    return (
        not one.problems
        and one.standing in OPEN
        and one.number not in numbers_in(state.get("skipped"))
    )


def shown_on(board: Board, state: State) -> Sequence[Proposal]:
    """The drafts of the page at hand."""
    first = number_in(state["page"]) * PAGE
    return _view(board, state)[first : first + PAGE]


def pages_of(board: Board, state: State) -> int:
    """How many pages there are, at least one."""
    return max((len(_view(board, state)) + PAGE - 1) // PAGE, 1)


def _view(board: Board, state: State) -> Sequence[Proposal]:
    """All drafts, or only those that are complete and not confirmed yet."""
    if not state.get("ready"):
        return board.proposals
    return [one for one in board.proposals if is_ready(one, state)]


def head(board: Board, state: State) -> str:
    """How many there are, how many a yes would make tasks, and how they stand to last year's."""
    count = len(board.proposals)
    ready = sum(is_ready(one, state) for one in board.proposals)
    lines = [f"《{board.document.document.title}》读出 {count} 条，都还没有交办。"]
    if ready == count:
        lines.append("人、责、期都齐全，看过没问题就回复“全部确认”。")
    elif ready:
        lines.append(
            f"其中 {ready} 条人、责、期齐全（回复“只看齐全的”先看这些）；"
            f"{count - ready} 条要补上或跳过。"
        )
    else:
        lines.append("都还缺责任人或期限，补上才能交办。")
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
            lines.append(f"没提到的：{_gone(board)}")
    return "\n".join(lines)


def _gone(board: Board) -> str:
    shown = [
        one.title + (f"（{one.number}号）" if one.number else "")
        for one in board.gone[:_SHOWN_GONE]
    ]
    more = "……" if len(board.gone) > _SHOWN_GONE else ""
    how = "。要停的发 /取消 编号" if any(one.number for one in board.gone) else ""
    return f"{'；'.join(shown)}{more}{how}"


def to_decide(changed: Sequence[Proposal]) -> Reply:
    """Those that differ from a task that is lived with: whether they take its place."""
    lines = [f"有 {len(changed)} 条和正在办的任务不一样，要您定："]
    lines += [
        f"- 第 {one.number} 条“{one.title}”，变了{one.what_changed}\n"
        f"　原来：{_cut(one.earlier_words)}\n"
        f"　现在：{short(one.named.words)}，{one.when}"
        for one in changed[:_SHOWN_GONE]
    ]
    if len(changed) > _SHOWN_GONE:
        lines.append(f"……共 {len(changed)} 条。")
    numbers = _listed([one.number for one in changed])
    lines.append(
        "\n回复“接替”：旧任务停下（已到期没办完的仍要办完），换成新的；"
        "回复“都留”：两项都办。不回复就都不动；只定其中几条：“3 接替”。"
    )
    return Reply(
        text="\n".join(lines),
        card=Card(
            title="接替旧任务吗？",
            buttons=(
                Button(label="接替", command=f"/草稿 {numbers} 接替", style="primary"),
                Button(label="都留", command=f"/草稿 {numbers} 都留"),
            ),
        ),
    )


def compared(board: Board) -> Reply:
    """What is different from what was confirmed before."""
    if not board.earlier:
        title = board.document.document.title
        return Reply(text=f"没有可以比的：还没有确认过和《{title}》同名（年份不同）的文件的任务。")
    parts = [f"《{board.document.document.title}》和《{board.earlier}》已确认的任务比："]
    for standing, word in ((Standing.NEW, "新增"), (Standing.CHANGED, "有变化")):
        those = [one for one in board.proposals if one.standing is standing]
        parts.append(f"\n**{word} {len(those)} 条**")
        for one in those[:_MOST_COMPARED]:
            changed = f"（变了{one.what_changed}）" if one.what_changed else ""
            when = f"，{one.when}" if one.when else ""
            parts.append(f"- {one.number}. {one.title}{changed}{when}")
            if one.earlier_words:
                parts.append(f"　原来：{_cut(one.earlier_words)}")
        if len(those) > _MOST_COMPARED:
            parts.append(f"- ……共 {len(those)} 条")
    same = sum(one.standing is Standing.SAME for one in board.proposals)
    parts.append(f"\n没变 {same} 条；这次没提到 {len(board.gone)} 条（不会自动取消）")
    if board.gone:
        parts.append(_gone(board))
    parts.append("\n要确认，发 /任务 草拟 加文件名。")
    return Reply(text="\n".join(parts))


def page(board: Board, state: State) -> str:
    """One page of drafts."""
    shown = shown_on(board, state)
    if not shown:
        return "没有齐全而没确认的了。回复“看全部”看其余的，或“退出”。"
    lines = "\n\n".join(line(one, state) for one in shown)
    which = "齐全的，" if state.get("ready") else ""
    how = HOW.format(view="看全部" if which else "只看齐全的")
    return (
        f"{which}第 {number_in(state['page']) + 1}/{pages_of(board, state)} 页\n\n{lines}\n\n{how}"
    )


def line(one: Proposal, state: State) -> str:
    """One draft."""
    mark = _MARKS[one.standing].format(one.what_changed)
    if one.is_picked and one.standing is Standing.NEW:
        mark = "（模型指出的，请对照原文）"
    if one.number in numbers_in(state["skipped"]):
        mark = "✗已跳过　"
    who = short(one.named.words) or "、".join(one.who) or "？"
    parts = [f"责任人：{who}", f"期限：{one.when or '？'}"]
    parts += [f"节点：{step.label}" for step in one.milestones]
    if one.is_checked:
        parts.append("督办（反馈后要确认办结）")
    if one.labels:
        parts.append(f"标签：{'、'.join(one.labels)}")
    lines = [f"**{one.number}. {one.title}**{mark}", "　".join(parts)]
    if one.problems and one.standing is not Standing.PRACTICE:
        lines.append(f"⚠ {'；'.join(one.problems)}")
    lines.append(f"依据：{one.draft.locator} “{_cut(one.draft.quote)}”")
    return "\n".join(lines)


def clauses(board: Board, numbers: Sequence[int]) -> Reply:
    """The clauses of some drafts, whole."""
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


def buttons(board: Board, state: State) -> Card:
    """What a tap does with the page."""
    found = []
    ready = [one.number for one in shown_on(board, state) if is_ready(one, state)]
    if ready:
        command = f"/草稿 {'、'.join(map(str, ready))} 确认"
        label = "确认本页" if len(ready) == len(shown_on(board, state)) else "确认齐全的"
        found.append(Button(label=label, command=command, style="primary"))
    if not state.get("ready") and any(is_ready(one, state) for one in board.proposals):
        found.append(Button(label="只看齐全的", command="/草稿 只看齐全的"))
    if number_in(state["page"]) + 1 < pages_of(board, state):
        found.append(Button(label="下一页", command="/草稿 下一页"))
    found.append(Button(label="退出", command="/草稿 退出"))
    return Card(title="草拟的任务", buttons=tuple(found))


def reasons(refused: Sequence[Proposal]) -> list[str]:
    """Why drafts cannot be given yet: what lacks the same is one line."""
    alike: dict[str, list[int]] = {}
    titles = {one.number: one.title for one in refused}
    for one in refused:
        alike.setdefault("；".join(one.problems), []).append(one.number)
    lines = []
    for reason, numbers in list(alike.items())[:_SHOWN_REASONS]:
        title = f"“{titles[numbers[0]]}”" if len(numbers) == 1 else ""
        lines.append(f"- 第 {_listed(numbers)} 条{title}：{reason}")
    if len(alike) > _SHOWN_REASONS:
        lines.append("- ……")
    most = max(alike.values(), key=len)
    lines.append(
        f"补上就行，几条可以一起补，例如：{_listed(most[:4])} 改为 6月30日前，责任人 李老师"
    )
    return lines


def short(words: Sequence[str]) -> str:
    """The first four."""
    return "、".join(words[:4]) + (f" 等 {len(words)} 个" if len(words) > 4 else "")


def number_in(value: object) -> int:
    """Of a stored state."""
    return value if isinstance(value, int) else 0


def numbers_in(value: object) -> list[int]:
    """Of a stored state."""
    return [one for one in value if isinstance(one, int)] if isinstance(value, list) else []


def _listed(numbers: Sequence[int]) -> str:
    return "、".join(map(str, numbers))


def _cut(quote: str) -> str:
    return quote if len(quote) <= _QUOTE_CHARS else quote[: _QUOTE_CHARS - 1] + "…"
