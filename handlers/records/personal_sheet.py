"""A person's own data as a workbook: the columns that say something to them, by Chinese names."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from handlers.reports.cells import Cell, Table
from handlers.reports.xlsx import tables_workbook

_ZONE = ZoneInfo("Asia/Shanghai")
_LABELS: Mapping[str, str] = {
    "name": "姓名", "mobile": "手机", "joined_party_on": "入党日期", "is_active": "在册",
    "platform": "平台", "account": "账号", "display_name": "显示名", "role": "角色",
    "on_date": "日期", "type": "类型", "state": "状态", "fields": "内容", "reason": "说明",
    "standing": "情况", "hundredths": "分值（百分之一分）", "title": "标题", "duty": "职责",
    "due_at": "到期", "done_at": "办结", "note": "说明", "until": "延到", "what": "做了什么",
    "question": "问题", "answer": "答复", "asked_at": "提问时间", "text": "内容",
    "audience": "发给谁", "made_at": "发出时间", "subject": "关于", "created_at": "时间",
    "received_at": "收到时间", "reply": "内容", "body": "内容", "accepted_at": "时间",
    "at": "时间", "before": "改前", "after": "改后", "entered_at": "登记时间",
    "written_at": "写于", "rated_at": "评分时间", "unit": "单位",
}  # fmt: skip
_WIDTH = 22


def workbook(found: Mapping[str, Sequence[Mapping[str, object]]]) -> bytes:
    """A sheet for each kind of data; an empty one says that there is none."""
    return tables_workbook([_table(name, rows) for name, rows in found.items()])


def _table(name: str, rows: Sequence[Mapping[str, object]]) -> Table:
    columns = [one for one in (rows[0] if rows else ()) if one in _LABELS]
    return Table(
        title=name,
        header=tuple(_LABELS[one] for one in columns) or ("没有",),
        rows=tuple(tuple(_cell(row[one]) for one in columns) for row in rows),
        widths=(_WIDTH,) * max(len(columns), 1),
    )


def _cell(value: object) -> Cell:
    if value is None:
        return None
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, int | float):
        return value
    if isinstance(value, str):
        return _words(value)
    return json.dumps(value, ensure_ascii=False)


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
