"""What is said of forms and their windows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from bot.messages import Button, Card, Reply
from handlers.records.types import RecordType
from handlers.records.window_views import Bundle, Standing, Tally, WindowView
from handlers.records.wording import day, names

HOW_TO_OPEN = (
    "请写明哪一种、到哪一天，例如：/填报 开始 季度体检 9月1日到9月30日。"
    "有菜单的接着写“菜单：红色讲堂、结对共建”。"
)
HOW_TO_PUT_OFF = "请写明哪一种、延到哪一天，例如：/填报 延期 材料报送 到9月30日"
WHICH = "请写明哪一种，例如：/填报 名单 材料报送"
WHICH_UNIT = "是哪个单位的？请写上单位全名，例如：/填报 开始 季度体检 到9月30日 云溪县第二中学"
OVER_ALREADY = "截止时间已经过了，请写一个以后的时间，例如：到9月30日。"
CLOSED_ALREADY = "这一次填报已经结束了。"
TYPE_GONE = "这一种填报已经取消了。"


def moment(at: datetime) -> str:
    """9月30日（周三）; with the time of day where it is not the end or the beginning of it."""
    is_day = (at.hour, at.minute) in ((0, 0), (23, 59))
    return day(at) + ("" if is_day else f"{at:%H:%M}")


def opened(view: WindowView, asked: int) -> str:
    """To whoever opened it."""
    when = f"截止 {moment(view.closes_at)}"
    if not view.is_open:
        when = f"{moment(view.opens_at)} 开始，{when}"
    lines = [f"“{view.title}”开放填报，{when}；要报的有 {asked} 个，开始时会通知到人。"]
    if view.menu:
        lines.append("可选：" + "、".join(view.menu))
    lines.append(
        f"看谁没报发“/填报 名单 {view.title}”，催发“/填报 催一下 {view.title}”，"
        f"结束发“/填报 结束 {view.title}”，不发到点自动结束。"
    )
    return "\n".join(lines)


def announced(view: WindowView) -> Reply:
    """To those who are asked."""
    own = view.type.wording.get("opened", "") if view.type else ""
    text = own or f"“{view.title}”开放填报了。"
    return Reply(
        text=f"{text}截止 {moment(view.closes_at)}。",
        card=_card(view, "点“填报”开始，一步一步填。"),
    )


def nudge(view: WindowView) -> Reply:
    """To those who have not handed in."""
    own = view.type.wording.get("ask", "") if view.type else ""
    text = own or f"“{view.title}”还没有收到您的，请尽快填报。"
    return Reply(text=f"{text}截止 {moment(view.closes_at)}。", card=_card(view, ""))


def standing(found: Standing) -> Reply:
    """Who has handed in and who has not."""
    view = found.view
    state = "正在填报" if view.is_open else ("已结束" if view.is_closed else "还没开始")
    lines = [
        f"**{view.title}**（{state}）　截止 {moment(view.closes_at)}",
        f"应报 {len(found.asked)}，已报 {len(found.asked) - len(found.missing)}，"
        f"未报 {len(found.missing)}",
    ]
    if found.missing and not found.anonymous:
        lines.append(f"- 未报：{names([one.name for one in found.missing])}")
    if found.handed and not found.hides and not found.anonymous:
        shown = [f"{one.name} #{one.record_id}（{one.state}）" for one in found.handed]
        lines.append(f"- 已报：{names(shown)}")
    return Reply(text="\n".join(lines), is_private=True)


def closed(found: Standing) -> Reply:
    """At the end."""
    told = standing(found).text
    more = ""
    if found.view.type is not None and found.view.type.votes_on:
        more = f"\n看结果发：/填报 结果 {found.view.title}"
    return Reply(text=f"“{found.view.title}”填报结束。\n{told}{more}", is_private=True)


def nudged(found: Standing, told: Sequence[str]) -> str:
    """To whoever had them reminded."""
    if not found.missing:
        return f"“{found.view.title}”都报齐了，没有要催的。"
    rest = len(found.missing) - len(told)
    lines = []
    if told:
        what = f"{len(told)} 个" if found.anonymous else f"{len(told)} 个：{names(told)}"
        lines.append(f"已提醒 {what}。")
    if rest:
        lines.append(f"还有 {rest} 个没有账号，或者一小时内刚提醒过，这次没有发。")
    return "\n".join(lines)


def tally(found: Tally) -> Reply:
    """How the votes fell, without who cast them."""
    lines = [f"**{found.view.title}**　{moment(found.view.closes_at)} 截止"]
    for about, questions in found.counts.items():
        lines.append(f"**{about}**")
        for question, counts in questions.items():
            total = sum(counts.values())
            said = "，".join(f"{answer} {n}" for answer, n in counts.items())
            lines.append(f"- {question}（{total} 票）：{said}")
        lines += [f"- 意见：{one}" for one in found.remarks[about]]
    if not found.counts:
        lines.append("没有收到投票。")
    return Reply(text="\n".join(lines), is_private=True)


def open_already(view: WindowView) -> str:
    """There is one open."""
    return (
        f"“{view.title}”已经开放了，截止 {moment(view.closes_at)}。"
        f"要改时间发：/填报 延期 {view.title} 到9月30日"
    )


def not_open(view: WindowView) -> str:
    """Nobody can hand in now."""
    if view.is_closed or view.opens_at >= view.closes_at:
        return CLOSED_ALREADY
    return f"“{view.title}”现在没有开放，{moment(view.opens_at)} 开始。"


def opens_later(view: WindowView) -> str:
    """It is announced."""
    return (
        f"“{view.title}”{moment(view.opens_at)} 开始填报，到 {moment(view.closes_at)} 截止，"
        "到时候会通知您。"
    )


def opens_in_season(type_: RecordType, first: date, last: date) -> str:
    """It opens every year."""
    return f"“{type_.name}”{day(first)} 开始填报，到 {day(last)} 截止，到时候再来填。"


def was_closed(type_: RecordType, view: WindowView | None) -> str:
    """It is over, or never was."""
    if view is None:
        return f"“{type_.name}”现在没有开放填报，开放后会通知。"
    own = type_.wording.get("closed", "")
    told = f"“{type_.name}”已经在 {moment(view.closes_at)} 截止了，现在没有开放。"
    return f"{own}{told}下次开放会通知。"


def still_hidden(view: WindowView) -> str:
    """Nobody sees it before the end."""
    return (
        f"“{view.title}”还没有结束，结束前谁也看不到结果。截止 {moment(view.closes_at)}，"
        f"要提前结束发：/填报 结束 {view.title}"
    )


def no_vote(type_: RecordType) -> str:
    """There is nothing to count."""
    return f"“{type_.name}”不是投票，看谁报了发：/填报 名单 {type_.name}"


def none_led(type_: RecordType) -> str:
    """Nothing there for the actor."""
    return f"没有您能管的“{type_.name}”填报。开放的写法：/填报 开始 {type_.name} 到9月30日"


def _card(view: WindowView, body: str) -> Card:
    return Card(
        title=view.title,
        body=body,
        buttons=(Button(label="填报", command=f"/填报 {view.title}", style="primary"),),
        key=f"form-window:{view.id}",
    )


def how_to_limit(type_: RecordType) -> str:
    """How an admin sets the time to deal with something."""
    if not type_.limit_set_by_admin:
        return f"“{type_.name}”不用另定办理期限。"
    return f"请写明几天，例如：/填报 期限 {type_.name} 15天"


def limited(type_: RecordType, days: int) -> str:
    """It is set."""
    return f"定好了：以后收到的“{type_.name}”，{days} 天内办结；已经收到的不变。"


def packed(bundle: Bundle) -> str:
    """What is in the archive."""
    lines = [f"{bundle.name}：{bundle.records} 份，{bundle.files} 个文件，已按要求改名，附清单。"]
    if bundle.missing:
        lines.append(f"还没报的 {len(bundle.missing)} 个：{names(bundle.missing)}")
    return "\n".join(lines)


def too_large(size_mb: int) -> str:
    """More than a chat carries."""
    return (
        f"材料有 {size_mb} MB，聊天里发不了。"
        "请管理员在电脑上导出：yaodian records bundle 材料报送 材料.zip"
    )
