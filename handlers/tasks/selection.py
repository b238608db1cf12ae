"""1-5 确认, 全部确认, 3 改为 每月最后一个工作日，责任人 李老师: what to do with drafts. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from scheduler.numerals import number

MOST = 500


class Choice(StrEnum):
    """What is done with drafts."""

    CONFIRM = "confirm"
    SKIP = "skip"
    SHOW = "show"
    EDIT = "edit"
    NEXT = "next"
    PREVIOUS = "previous"
    LEAVE = "leave"
    SUPERSEDE = "supersede"
    """Confirm, in the place of the task it differs from."""
    KEEP_BOTH = "keep_both"
    READY = "ready"
    """Show only those that lack nothing."""
    EVERY = "every"
    FIND = "find"
    """Let a model look where nothing was found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What is to be changed; None stays."""

    when: str | None = None
    who: tuple[str, ...] | None = None
    title: str | None = None
    labels: tuple[str, ...] | None = None
    milestones: tuple[tuple[str, str], ...] | None = None
    """Name and time, both as said."""
    is_checked: bool | None = None
    """Whether who gives it has to say 办结."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """``numbers`` none and ``is_all`` False: what the page shows."""

    choice: Choice
    numbers: tuple[int, ...] = ()
    is_all: bool = False
    edit: Edit | None = None


_DIGITS = r"[0-9〇零一二两三四五六七八九十百]{1,5}"
_ONE = rf"(?:第\s*)?{_DIGITS}\s*(?:[条项个号件]|任务)?"
_SPAN = rf"{_ONE}(?:\s*(?:-|~|到|至)\s*{_ONE})?"
_LIST = rf"{_SPAN}(?:\s*(?:、|,|\s|和|与|及)\s*{_SPAN})*"
_VERBS = {
    Choice.CONFIRM: (
        r"(?:都|全)?(?:确认|确定|同意|通过|可以|采用|保留|下达|交办|没问题|好)"
        r"(?:下达|交办)?了?"
    ),
    Choice.SUPERSEDE: r"(?:都|全)?(?:接替|顶替|替换|代替)(?:旧的?|原来的?)?(?:任务)?",
    Choice.KEEP_BOTH: r"(?:都|全)?(?:都留|留着|两[项个]都(?:要|留|办)|都要)",
    Choice.SKIP: r"(?:都|全)?(?:跳过|不要|去掉|删除|删掉|略过|忽略|不用)了?",
    Choice.SHOW: r"(?:查看|看看?|详情|原文|展开)",
}
_ALL = r"(?:全部|所有|全都?|都)(?:的)?(?:任务|草稿)?"
_REST = r"(?:其余|其他|剩下|其它|余下)的?(?:全部|都)?"
_PAGES = {
    Choice.NEXT: re.compile(r"下一?页|下页|继续|往下|翻页|后面的?|再看"),
    Choice.PREVIOUS: re.compile(r"上一?页|上页|往前|前面的?|返回"),
    Choice.LEAVE: re.compile(r"退出|结束|完成草拟|先这样|不看了|算了|取消"),
    Choice.READY: re.compile(
        r"(?:只|就|先)?(?:看|要|显示)?(?:齐全|齐|能确认|可以确认|能交办|不缺)的?(?:任务|草稿)?"
    ),
    Choice.EVERY: re.compile(r"(?:看|显示)(?:全部|所有)的?(?:任务|草稿)?"),
    Choice.FIND: re.compile(r"再找找?|再找一找|让模型(?:再)?(?:找找?|看看)"),
}
_EDIT = re.compile(
    rf"(?P<n>{_LIST})\s*(?:的)?\s*(?:[:,]\s*)?(?:(?:改为|改成|改到|改|修改为?|换成|设为|设成)\s*[:,]?\s*(?P<to>.+)"
    r"|(?P<field>(?:责任人|责任单位|责任科室|牵头单位|负责人|时间|期限|完成时限|截止|标题|名称|标签|清单|项目|里程碑|节点)\s*.+|(?:要|需要|免|不用|不要|无需)?(?:督办|验收)))",
    re.DOTALL,
)
_BECOMES = r"\s*(?:改为|改成|改到|是|为|到|:)?\s*(.+)"
_LABELS = {
    "who": r"(?:责任人|责任单位|责任科室|牵头单位|牵头|负责人|交给|指派给|由|谁)",
    "title": r"(?:标题|名称|题目|任务名)",
    "labels": r"(?:标签|清单|项目)",
    "milestone": r"(?:里程碑|节点|阶段)",
    "when": r"(?:时间|期限|完成时限|截止时间|截止日期|截止|日期|时限)",
}
_CHECKED = re.compile(r"(?:要|需要|(?P<no>免|不用|不要|无需))?(?:督办|验收)")
_FIELDS = {name: re.compile(label + _BECOMES) for name, label in _LABELS.items()}


def edit_of(stored: Mapping[str, object]) -> Edit:
    """An edit as JSON has it."""
    when, title, milestones = stored["when"], stored["title"], stored["milestones"]
    return Edit(
        when=None if when is None else str(when),
        who=_strings(stored["who"]),
        title=None if title is None else str(title),
        labels=_strings(stored["labels"]),
        milestones=tuple((str(name), str(at)) for name, at in milestones)
        if isinstance(milestones, list | tuple)
        else None,
        is_checked=checked if isinstance(checked := stored.get("is_checked"), bool) else None,
    )


def _strings(stored: object) -> tuple[str, ...] | None:
    return tuple(str(one) for one in stored) if isinstance(stored, list | tuple) else None


def read_selection(text: str) -> Selection | None:
    """Read one answer to a page of drafts; None when it is something else."""
    plain = unicodedata.normalize("NFKC", text).strip().rstrip("。.!！,，;； ")
    plain = re.sub(r"[—–−]", "-", plain).replace("，", ",")
    if not plain or len(plain) > 400:
        return None
    for choice, pattern in _PAGES.items():
        if pattern.fullmatch(plain):
            return Selection(choice=choice)
    for choice, verb in _VERBS.items():
        if found := _chosen(plain, choice, verb):
            return found
    edit = _EDIT.fullmatch(plain)
    if edit is None:
        return None
    numbers = _numbers(edit["n"])
    fields = read_edit(edit["to"] or edit["field"])
    return Selection(choice=Choice.EDIT, numbers=numbers, edit=fields) if numbers else None


def read_edit(text: str) -> Edit:
    """每月最后一个工作日,责任人 李老师: fields by their label; what has none is a time."""
    values: dict[str, str] = {}
    milestones: list[tuple[str, str]] = []
    is_checked: bool | None = None
    last = "when"
    for piece in re.split(r"[,;，；]\s*", text):
        if not piece.strip():
            continue
        if checked := _CHECKED.fullmatch(piece.strip()):
            is_checked = not checked["no"]
            continue
        for name, pattern in _FIELDS.items():
            if found := pattern.fullmatch(piece.strip()):
                last = name
                if name == "milestone":
                    milestones.append(_milestone(found[1].strip()))
                else:
                    values[name] = found[1].strip()
                break
        else:
            if last == "milestone":
                milestones.append(_milestone(piece.strip()))
            else:
                joint = "、" if last in ("who", "labels") else ","
                values[last] = joint.join(filter(None, (values.get(last), piece.strip())))
    who, labels = values.get("who"), values.get("labels")
    return Edit(
        when=values.get("when"),
        who=_words(who) if who else None,
        title=values.get("title"),
        labels=_words(labels) if labels else None,
        milestones=tuple(milestones) or None,
        is_checked=is_checked,
    )


def _milestone(text: str) -> tuple[str, str]:
    name, _, when = text.partition(" ")
    return (name, when.strip()) if when else (text, "")


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in re.split(r"\s*(?:、|和|与|及|以及)\s*|\s+", text) if word)


def _chosen(plain: str, choice: Choice, verb: str) -> Selection | None:
    if re.fullmatch(rf"{_ALL}\s*{verb}|{verb}\s*{_ALL}", plain):
        return Selection(choice=choice, is_all=True)
    if re.fullmatch(rf"{_REST}\s*{verb}", plain):
        return Selection(choice=choice, is_all=True)
    if except_ := re.fullmatch(
        rf"除了?\s*({_LIST})\s*(?:以外|之外|外)?\s*,?\s*{_ALL}?\s*{verb}", plain
    ):
        return Selection(choice=choice, is_all=True, numbers=_numbers(except_[1]))
    if re.fullmatch(verb, plain):
        return Selection(choice=choice)
    found = re.fullmatch(rf"({_LIST})\s*(?:都|全部)?\s*{verb}|{verb}\s*({_LIST})", plain)
    if found is None:
        return None
    numbers = _numbers(found[1] or found[2])
    return Selection(choice=choice, numbers=numbers) if numbers else None


def _numbers(text: str) -> tuple[int, ...]:
    """Empty when a number cannot be read, or a span runs backwards or too far."""
    found: list[int] = []
    for span in re.finditer(_SPAN, text):
        ends = [number(digits) for digits in re.findall(_DIGITS, span.group())]
        if not ends or any(end is None or not 0 < end <= MOST for end in ends):
            return ()
        first, last = ends[0] or 0, ends[-1] or 0
        if last < first:
            return ()
        found += range(first, last + 1)
    return tuple(dict.fromkeys(found))
