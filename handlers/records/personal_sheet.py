"""A person's own data as a workbook: the columns that say something to them, by Chinese names."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from handlers.people.wording import ROLE_WORDS
from handlers.reports.cells import FIELD_WORDS, STANDINGS, Cell, Table, plain
from handlers.reports.xlsx import tables_workbook

_ZONE = ZoneInfo("Asia/Shanghai")
_LABELS: Mapping[str, str] = {
    "name": "姓名", "mobile": "手机", "joined_party_on": "入党日期", "is_active": "在册",
    "platform": "平台", "account": "账号", "display_name": "显示名", "role": "角色",
    "on_date": "日期", "type": "类型", "state": "状态", "fields": "内容", "reason": "说明",
    "standing": "情况", "hundredths": "分值", "title": "标题", "duty": "职责",
    "due_at": "到期", "done_at": "办结", "note": "说明", "until": "延到", "what": "做了什么",
    "question": "问题", "answer": "答复", "asked_at": "提问时间", "text": "内容",
    "audience": "发给谁", "made_at": "发出时间", "subject": "关于", "created_at": "时间",
    "received_at": "收到时间", "reply": "内容", "body": "内容", "accepted_at": "时间",
    "at": "时间", "before": "改前", "after": "改后", "entered_at": "登记时间",
    "file": "文件", "opened_at": "开始", "seen_at": "最近", "closes_at": "截止", "place": "地点",
    "assigned_at": "交办时间", "decided_at": "决定时间", "began_at": "开始",
    "imported_at": "导入时间",
    "written_at": "写于", "rated_at": "评分时间", "unit": "单位",
}  # fmt: skip
_WIDTH = 22


_CODES: Mapping[str, str] = {
    **STANDINGS,
    **{role.value: word for role, word in ROLE_WORDS.items()},
    "missing": "未签", "recorded": "已登记", "withdrawn": "已撤回", "web": "网页",
    "console": "终端", "wecom": "企业微信", "dingtalk": "钉钉", "assigned": "已交办",
    "accepted": "已签收", "working": "办理中", "reported": "已反馈", "done": "已办结",
    "declined": "已退回", "cancelled": "已取消", "active": "进行中", "paused": "暂停",
    "sent": "已发", "handled": "已处理", "failed": "没有发出", "missed": "错过了",
    "coalesced": "并在别的消息里", "uncertain": "拿不准",
    "open": "待答复", "answered": "已答复", "closed": "已关闭",
}  # fmt: skip
_CODED = frozenset({"type", "state", "standing", "role", "platform"})


def workbook(
    found: Mapping[str, Sequence[Mapping[str, object]]], words: Mapping[str, str] | None = None
) -> bytes:
    """What there is of each kind, then a sheet for each kind of which there is anything.

    ``words`` say what the codes of record types, their states and fields are called.
    """
    names = {**(words or {}), **_CODES}
    counts = tuple((name, len(rows)) for name, rows in found.items())
    first = Table(title="目录", header=("种类", "条数"), rows=counts, widths=(24, 10))
    sheets = [_table(name, rows, names) for name, rows in found.items() if rows]
    return tables_workbook([first, *sheets])


def _table(name: str, rows: Sequence[Mapping[str, object]], names: Mapping[str, str]) -> Table:
    columns = [one for one in rows[0] if one in _LABELS]
    return Table(
        title=name,
        header=tuple(_LABELS[one] for one in columns) or ("只有编号，见原始数据",),
        rows=tuple(tuple(_cell(one, row.get(one), names) for one in columns) for row in rows),
        widths=(_WIDTH,) * max(len(columns), 1),
    )


def _cell(column: str, value: object, names: Mapping[str, str]) -> Cell:
    if value is None:
        return None
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, int | float):
        return value / 100 if column == "hundredths" else value
    if isinstance(value, str):
        return names.get(value, value) if column in _CODED else _words(value)
    if column == "fields" and isinstance(value, dict):
        return _answers(value, names)
    return json.dumps(value, ensure_ascii=False)


def _answers(fields: Mapping[str, object], names: Mapping[str, str]) -> str:
    """主题：…；应到：5: what was filled in."""
    return "；".join(
        f"{FIELD_WORDS.get(one) or names.get(one, one)}：{_answer(one, value, names)}"
        for one, value in fields.items()
        if value not in (None, "", [])
    )


def _answer(field: str, value: object, names: Mapping[str, str]) -> Cell:
    return names.get(str(value), str(value)) if field == "standing" else plain(value)


def _words(value: str) -> str:
    """A moment as the person's clock shows it; a stored message by its words."""
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        pass
    else:
        return f"{at.astimezone(_ZONE):%Y-%m-%d %H:%M}" if at.tzinfo else value
    if value.startswith("{"):
        try:
            stored = json.loads(value)
        except ValueError:
            return value
        return str(stored.get("text") or stored.get("card", {}).get("body", ""))
    return value
