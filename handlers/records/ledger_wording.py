"""What drafts and records of the ledger say."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from handlers.records.reading import RecordDraft
from handlers.records.record_views import RecordView
from handlers.records.wording import day
from scheduler.numerals import number

CONFIRM = "这样登记对吗？回复“好”就存，“取消”就不存；要改的直接说，例如“实到19”。"
NOT_STORED = "好的，没有登记。"
OVER = "这条草稿已经处理过或过期了，需要的话请再说一遍。"
PRIVATE_ONLY = "这一类是保密的，请在私聊里告诉我。"
HOW = "可以这样写：/记录（我的记录）、/记录 12（看一条）、/记录 撤回 12 原因、/记录 改 12 实到 19。"
HOW_TO_CHANGE = "请写清改哪一项，例如：/记录 改 12 应到 21 实到 20 主题 学习新党章"
NO_RECORDS = "这里还没有记录。"

_FIELD_NAMES: Mapping[str, str] = {
    "topic": "主题",
    "place": "地点",
    "expected": "应到",
    "present": "实到",
    "on_leave": "请假",
    "absent": "缺席",
    "late": "迟到",
    "who": "人员",
    "reply": "答复",
    "standing": "情况",
    "reason": "事由",
}
_STANDINGS = {"present": "已到", "late": "迟到", "leave": "请假", "asked": "补签待同意",
              "missing": "未签"}  # fmt: skip
_ASKED = {
    "on": "哪一天",
    "unit": "哪个单位",
    "expected": "应到多少人",
    "present": "实到多少人",
    "who": "和谁、哪些人",
    "topic": "什么主题或内容",
}
_CONFLICTS = {
    "sum": "应到、实到、请假、缺席的人数加起来对不上",
    "present>expected": "实到比应到还多",
    "weekday": "日期和星期对不上",
    "future": "时间还没有到",
    "time": "起止时间对不上",
    "date": "没有这一天",
    "name": "有名字不在花名册上",
}
_CHANGES = re.compile(
    r"(?P<field>应到|实到|主题|地点|请假|缺席|迟到)\s*(?:改为|改成|为|是|[:：])?\s*"
    r"(?P<value>.+?)(?=\s*[，,；;\s](?:应到|实到|主题|地点|请假|缺席|迟到)|$)"
)
_NAMES = re.compile(r"[、，,\s]+")


def ask_for(lacks: str) -> str:
    """What is still missing, one thing at a time."""
    return f"还差一项：{_ASKED.get(lacks, lacks)}？直接回复就行；没有的话回复“就这样存”。"


def draft(found: RecordDraft) -> str:
    """A draft, with what does not add up."""
    when = day(found.on) if found.on else "日期未定"
    if found.start:
        when += f"{found.start:%H:%M}" + (f"—{found.end:%H:%M}" if found.end else "")
    lines = [f"**{found.type.name}**　{when}　{found.unit or ''}".rstrip()]
    figures = [
        f"{_FIELD_NAMES[name]} {value}"
        for name, value in (("expected", found.expected), ("present", found.present))
        if value is not None
    ]
    figures += [
        f"{_FIELD_NAMES[name]} {'、'.join(names)}"
        for name, names in (
            ("on_leave", found.on_leave),
            ("absent", found.absent),
            ("late", found.late),
            ("who", found.who),
        )
        if names
    ]
    if figures:
        lines.append("，".join(figures))
    if found.topic:
        lines.append(f"主题：{found.topic}")
    if found.conflicts:
        told = "；".join(_CONFLICTS.get(one, one) for one in found.conflicts)
        lines.append(f"请核对：{told}。")
    return "\n".join(lines)


def stored(found: Sequence[RecordView]) -> str:
    """After the yes."""
    if not found:
        return "这些记录之前已经登记过了。"
    lines = [
        f"已登记：#{one.id} {one.type_name}，{day(one.on)}，{one.unit}"
        + (f"，附上刚发的 {len(one.files)} 个文件" if one.files else "")
        for one in found
    ]
    return "\n".join([*lines, "写错了可以发：/记录 改 编号 …，或 /记录 撤回 编号 原因。"])


def listed(found: Sequence[RecordView]) -> str:
    """One line each."""
    if not found:
        return NO_RECORDS
    return "\n".join(
        f"- #{one.id} {day(one.on)} {one.type_name}（{one.state_name}）{one.unit}" for one in found
    )


def history(found: Sequence[RecordView]) -> str:
    """The newest entry whole, and how it came to be."""
    newest = found[-1]
    lines = [
        f"**#{newest.id} {newest.type_name}**（{newest.state_name}）",
        f"日期：{day(newest.on)}",
        f"单位：{newest.unit}" if newest.unit else "",
        f"由 {newest.owner} 办理" if newest.owner else "",
        f"办理期限：{day(newest.due_on)}" if newest.due_on else "",
        *fields(newest),
        *(f"附件：{file.name}" for file in newest.files),
    ]
    if len(found) > 1:
        lines.append("经过：")
        lines += [
            f"- {one.entered_at:%m-%d %H:%M} {one.entered_by}：{one.state_name}"
            + (f"（{one.reason}）" if one.reason else "")
            for one in found
        ]
    return "\n".join(line for line in lines if line)


def fields(view: RecordView) -> list[str]:
    """Each with the name that its type gives it."""
    return [f"{label}：{words}" for label, words in labelled(view, list(view.fields))]


def labelled(view: RecordView, names: Sequence[str]) -> list[tuple[str, str]]:
    """What the type calls these fields, and what they say; what is empty or ours is left out."""
    found = []
    for name in names:
        value = view.fields.get(name)
        declared = view.type.field(name) if view.type else None
        label = declared.name if declared else _FIELD_NAMES.get(name)
        if label is None or value in (None, "", []):
            continue
        words = "、".join(map(str, value)) if isinstance(value, list) else str(value)
        found.append((label, _STANDINGS.get(words, words) if name == "standing" else words))
    return found


def withdrawn(view: RecordView) -> str:
    """Taken back."""
    return f"已撤回 #{view.id} {view.type_name}，原来的内容留在经过里，积分一并收回。"


def corrected(view: RecordView) -> str:
    """What it says now."""
    return "\n".join([f"已更正，新编号 #{view.id} {view.type_name}：", *fields(view)])


def how_to_change_a_form(number: int) -> str:
    """A form is changed as a form."""
    return f"这是一张表，要改请发：/填报 修改 {number}"


def done(view: RecordView) -> str:
    """To whoever took a step."""
    return f"#{view.id} {view.type_name}：{view.state_name}。"


def read_changes(text: str) -> dict[str, object]:
    """应到 21 实到 20 主题 …: the fields that are to be changed."""
    by_name = {words: name for name, words in _FIELD_NAMES.items()}
    found: dict[str, object] = {}
    for match in _CHANGES.finditer(text):
        name, value = by_name[match["field"]], match["value"].strip(" ，,；;。")
        if name in ("expected", "present"):
            figure = number(value.rstrip("人名个"))
            if figure is not None:
                found[name] = figure
        elif name in ("on_leave", "absent", "late"):
            found[name] = [one for one in _NAMES.split(value) if one and one not in ("无", "没有")]
        else:
            found[name] = value
    return found
