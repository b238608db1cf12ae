"""/积分: one's own points line by line; those in charge see their unit's."""

from __future__ import annotations

from dataclasses import dataclass

from bot.arguments import Arguments
from bot.errors import UsageError
from bot.messages import IncomingMessage, Reply
from handlers.people.actions import People
from handlers.reports.period import Period, read_period, year
from handlers.reports.points import OwnPoints, Points, UnitPoints

_LISTED, _MEMBERS = 15, 60
_NOT_SET = "还没有设置积分。管理员在 yaodian.toml 的 [points] 里写上每类记录几分，就会自动累计。"
_HOW = "可以这样写：/积分（自己今年的）、/积分 9月、/积分 第一支部 今年。"


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsDialogue:
    """Built once, in ``bot.app``."""

    points: Points
    people: People

    async def command(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/积分 [单位] [期间]."""
        actor = await self.people.actor(message.sender)
        if not self.points.is_configured:
            return Reply(text=_NOT_SET)
        period, words = _period_in(arguments.words, self.points)
        if len(words) > 1:
            raise UsageError("words left over", reply=f"没看懂“{' '.join(words)}”。{_HOW}")
        if words:
            found = await self.points.of_unit(actor, words[0], period)
            return Reply(text=_of_unit(found, is_ranked=self.points.is_ranked), is_private=True)
        return Reply(text=_own(await self.points.own(actor, period)), is_private=True)


def _period_in(words: tuple[str, ...], points: Points) -> tuple[Period, list[str]]:
    period, left = year(points.today().year), []
    for word in words:
        if found := read_period(word, points.today()):
            period = found
        else:
            left.append(word)
    return period, left


def _own(found: OwnPoints) -> str:
    if not found.lines:
        return f"{found.name}，{found.period.name}还没有积分。"
    lines = [f"**{found.name}　{found.period.name}积分：{_points(found.total)}**"]
    lines += [f"- {name}：{_points(total)}" for name, total in found.by_type]
    lines.append("最近的：" if len(found.lines) > _LISTED else "每一笔：")
    lines += [
        f"- {one.on:%m-%d} {one.type_name} {'+' if one.hundredths > 0 else ''}"
        f"{_points(one.hundredths)}（记录 #{one.record_id}）"
        for one in found.lines[-_LISTED:]
    ]
    return "\n".join(lines)


def _of_unit(found: UnitPoints, *, is_ranked: bool) -> str:
    total = sum(one.hundredths for one in found.members)
    lines = [
        f"**{found.unit}　{found.period.name}积分**",
        f"共 {len(found.members)} 人，合计 {_points(total)}。",
    ]
    place = 0
    for at, one in enumerate(found.members[:_MEMBERS]):
        is_equal = at > 0 and found.members[at - 1].hundredths == one.hundredths
        place = place if is_equal else at + 1
        mark = f"{place}." if is_ranked else "-"
        lines.append(f"{mark} {one.name}（{one.unit}）：{_points(one.hundredths)}")
    if len(found.members) > _MEMBERS:
        lines.append(f"只列了前 {_MEMBERS} 位，请写上下级单位再查。")
    return "\n".join(lines)


def _points(hundredths: int) -> str:
    return f"{hundredths / 100:g}"
