"""What a roll call and the record of it say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from bot.messages import Attachment, Button, Card, Link, Reply
from handlers.backups.shortage import Cost
from handlers.records.roll_call_views import Answered, Line, Nudged, Result, RollCallView, Wording
from store.models_records import CheckIn

_WEEKDAYS = "一二三四五六日"
_NAMES_SHOWN = 60

STANDING_WORDS = {
    CheckIn.MISSING: "未签",
    CheckIn.PRESENT: "已签到",
    CheckIn.LATE: "迟到",
    CheckIn.LEAVE: "请假",
    CheckIn.ASKED: "补签待同意",
}
HOW_TO_OPEN = "这样开始：/签到 开始 主题党日 今天下午3点到4点 第一党支部 地点三楼会议室"
NONE_OPEN = "现在没有要您签的到。"
NOT_EXPECTED = (
    "您不在这次签到的名单里。名单以开始时的花名册为准，有出入请找发起人代签或联系管理员。"
)
WHICH = "有好几个签到在进行，请点您要签的那一个："
SAY_WHOM = "请写明替谁签，例如：代签 张三 李四"
_ON_SITE = "到现场扫二维码，或者把屏幕上的六位数字发来，例如：签到 123456"
ON_THE_WAY = "知道了，到了以后再发“到”或“迟到10分钟”。"
DECIDED_BEFORE = "这条已经处理过了。"


def day(moment: date) -> str:
    """9月1日（周二）."""
    return f"{moment.month}月{moment.day}日（周{_WEEKDAYS[moment.weekday()]}）"


def span(starts_at: datetime, ends_at: datetime) -> str:
    """9月1日（周二）15:00—16:00."""
    end = f"{ends_at:%H:%M}"
    if ends_at.date() != starts_at.date():
        end = f"{day(ends_at)}{end}"
    return f"{day(starts_at)}{starts_at:%H:%M}—{end}"


def names(found: Sequence[str]) -> str:
    """Joined; a long list is cut and counted."""
    shown = "、".join(found[:_NAMES_SHOWN])
    return f"{shown}等{len(found)}人" if len(found) > _NAMES_SHOWN else shown


def counted(view: RollCallView) -> str:
    """应到 20，实到 12，请假 1，未签 7."""
    parts = [
        f"应到 {view.expected}",
        f"实到 {view.present}",
        f"请假 {view.number(CheckIn.LEAVE)}",
        f"未签 {view.missing}",
    ]
    return "，".join(parts)


def card(view: RollCallView, *, is_leader: bool = False, counts: bool = True) -> Card:
    """The card that everybody taps; one key, so that it counts on.

    Without ``counts`` for each one's own: nobody keeps thousands of them up to date.
    """
    facts = [("单位", view.unit), ("时间", span(view.starts_at, view.closes_at))]
    if view.occurrence_id is not None:
        facts.append(("任务", f"{view.occurrence_id} 号"))
    if view.place:
        facts.append(("地点", view.place))
    if counts:
        facts.append(("人数", counted(view)))
    buttons: tuple[Button, ...] = ()
    if view.is_open:
        buttons = (
            Button(label="签到", command=f"/签到 {view.id}", style="primary"),
            Button(label="请假", command=f"/请假 {view.id}"),
        )
        if is_leader:
            buttons = (
                *buttons,
                Button(label="催一下", command=f"/签到 催一下 {view.id}"),
                Button(label="名单", command=f"/签到 名单 {view.id}"),
                *(
                    [Button(label="二维码", command=f"/签到 二维码 {view.id}")]
                    if view.needs_code
                    else []
                ),
                Button(label="结束", command=f"/签到 结束 {view.id}"),
            )
    return Card(
        title=f"签到：{view.title}" + ("" if view.is_open else "（已结束）"),
        body=_ON_SITE if view.needs_code and view.is_open else "",
        facts=tuple(facts),
        buttons=buttons,
        key=f"roll:{view.id}",
    )


TOO_MUCH = "这个月的额度不够这次签到"


def too_much(people: int, costs: Sequence[Cost]) -> str:
    """What it takes, what is left, and what happens then."""
    lines = [f"这次要问 {people} 人，大约要用："]
    for one in costs:
        short = "，不够" if one.is_too_much else ""
        lines.append(f"- {one.quota.name} {one.needed} 次（还剩 {one.quota.left} 次{short}）")
    lines += [one.quota.after for one in costs if one.is_too_much]
    lines.append("可以少签几次，或先用纸质名单，再由支部书记 /签到 代签。")
    return "\n".join(lines)


def opened(view: RollCallView, *, is_group: bool) -> Reply:
    """To the officer, or into the group."""
    if is_group:
        text = f"“{view.title}”开始签到，点“签到”，或者 @我 发“到”。"
    else:
        text = f"“{view.title}”开始签到，已通知名单上的 {view.expected} 人。"
    return Reply(text=text, card=card(view, is_leader=not is_group))


def _invitation(view: RollCallView) -> Reply:
    how = "到了现场再签" if view.needs_code else "也可以直接发“到”"
    return Reply(text=f"请签到：{view.title}。{how}。", card=card(view, counts=False))


def _nudge(view: RollCallView) -> Reply:
    return Reply(
        text=f"您还没有签到：{view.title}，{view.closes_at:%H:%M} 结束。不能来请发“请假 事由”。",
        card=card(view, counts=False),
    )


def closed(view: RollCallView) -> Reply:
    """The end of it, with who is missing."""
    lines = [f"“{view.title}”签到结束：{counted(view)}。"]
    for label, standings in (
        ("未签", (CheckIn.MISSING, CheckIn.ASKED)),
        ("请假", (CheckIn.LEAVE,)),
        ("迟到", (CheckIn.LATE,)),
    ):
        if found := view.names(*standings):
            lines.append(f"{label}：{names(found)}")
    if view.occurrence_id is not None:
        task = f"任务 {view.occurrence_id} 号"
        lines.append(
            f"{task}已据此反馈完成，发 /任务 {view.occurrence_id} 可以看。"
            if view.present
            else f"没有人到场，{task}没有记为完成。"
        )
    return Reply(text="\n".join(lines), card=None)


def _make_up(view: RollCallView, asks: Line, reason: str) -> Reply:
    why = f"，说明：{reason}" if reason else ""
    where = f"{view.id} {asks.member_id}"
    return Reply(
        text=f"{asks.name} 申请补签“{view.title}”（{day(view.starts_at)}）{why}。"
        f"不同意要说原因的，发：/补签 不同意 {where} 原因",
        card=Card(
            title=f"补签：{asks.name}",
            body=view.title,
            buttons=(
                Button(label="同意", command=f"/补签 同意 {where}", style="primary"),
                Button(label="不同意", command=f"/补签 不同意 {where}"),
            ),
            key=f"make-up:{view.id}:{asks.member_id}",
        ),
    )


def _decided(view: RollCallView, is_agreed: bool, reason: str) -> Reply:
    what = "已同意，记为到场" if is_agreed else "没有同意"
    doubts = "" if is_agreed else "有疑问请直接联系发起人。"
    why = f"：{reason}" if reason else ""
    return Reply(text=f"您补签“{view.title}”的申请{what}{why}。{doubts}")


DELIVERED = Wording(
    invitation=_invitation, nudge=_nudge, closed=closed, make_up=_make_up, decided=_decided
)


def code(
    view: RollCallView, digits: str, until: datetime, picture: Attachment, screen: str | None
) -> Reply:
    """The code of the minute, to be shown where people meet."""
    links = (Link(label="投影用的网页（自己会换）", url=screen),) if screen else ()
    again = "" if screen else f"过了再发 /签到 二维码 {view.id} 取新的。"
    return Reply(
        text=f"“{view.title}”的现场码：**{digits}**，{until:%H:%M} 前有效，每分钟换一次。{again}",
        card=Card(title=f"现场签到：{view.title}", body=counted(view), links=links)
        if links
        else None,
        attachments=(picture,),
        is_private=True,
    )


def roster(view: RollCallView) -> Reply:
    """Who stands how."""
    lines = [f"**{view.title}**　{span(view.starts_at, view.closes_at)}", counted(view)]
    order = (CheckIn.MISSING, CheckIn.ASKED, CheckIn.LEAVE, CheckIn.LATE, CheckIn.PRESENT)
    lines += [
        f"- {STANDING_WORDS[standing]}（{len(found)}）：{names(found)}"
        for standing in order
        if (found := view.names(standing))
    ]
    return Reply(text="\n".join(lines))


def nudged(found: Nudged) -> Reply:
    """Whom the reminder went to."""
    if not (found.told or found.unreachable or found.too_soon):
        return Reply(text=f"“{found.view.title}”没有未签的人了：{counted(found.view)}。")
    lines = []
    if found.told:
        lines.append(f"已提醒 {len(found.told)} 人：{names(found.told)}。")
    if found.too_soon:
        lines.append(f"刚提醒过，先不重复：{names(found.too_soon)}。")
    if found.unreachable:
        lines.append(f"没有账号，消息到不了，请当面或电话提醒：{names(found.unreachable)}。")
    return Reply(text="\n".join(lines))


def answered(found: Answered, name: str, *, is_group: bool) -> Reply:
    """To whoever answered a roll call."""
    view = found.view
    if found.result is Result.WHICH:
        return _which(found.choices)
    if view is None:
        return Reply(text=NOT_EXPECTED if found.result is Result.NOT_EXPECTED else NONE_OPEN)
    who = names(found.names) if found.names else (name if is_group else "")
    text = _told(found, view, f"{who} " if who else "")
    is_live = view.is_open and found.result in (Result.DONE, Result.CORRECTED)
    return Reply(text=text, card=card(view) if is_live and is_group else None)


def _told(found: Answered, view: RollCallView, who: str) -> str:
    standing = STANDING_WORDS[found.standing] if found.standing else ""
    if found.standing is CheckIn.LATE:
        standing = "已签到（迟到）"
    elif found.standing is CheckIn.LEAVE:
        standing = "请假已登记"
    match found.result:
        case Result.DONE:
            return f"{who}{standing}：{view.title}。{counted(view)}。"
        case Result.CORRECTED:
            return f"{who}已改为“{standing}”：{view.title}。{counted(view)}。"
        case Result.PHOTO_ADDED:
            return f"{who}照片收到了，作为“{view.title}”签到的佐证。"
        case Result.ALREADY:
            return f"{who}{standing}，不用再发：{view.title}。"
        case Result.ASKED:
            return f"补签申请已转给发起人，同意后会告诉您：{view.title}。"
        case Result.CLOSED:
            return (
                f"“{view.title}”的签到 {view.closes_at:%H:%M} 已经结束。"
                "到场了但没签上的，请发“补签 说明”。"
            )
        case Result.TOO_EARLY:
            starts = f"{day(view.starts_at)}{view.starts_at:%H:%M}"
            return f"“{view.title}”{starts} 开始，提前半小时可以签。"
        case Result.COMING:
            return ON_THE_WAY
        case Result.CODE_MISSING:
            return "这次要在现场签到：请看现场公布的六位数字，发“签到 123456”（换成现场的数字）。"
        case Result.CODE_WRONG:
            return "现场码不对，请看现场屏幕上最新的六位数字，再发一次。"
        case Result.CODE_OLD:
            return "这个现场码已经过期了（每分钟换一次），请看现场最新的数字，再发一次。"
        case Result.CODE_TOO_OFTEN:
            return "错的现场码发得太多了，请过五分钟再发，或者请组织者代签。"
        case Result.CODE_OTHER:
            return f"这是另一个签到的现场码。要签“{view.title}”，请看它现场的数字。"
        case Result.REASON_MISSING:
            return "请假请写上事由，例如：请假 外出开会"
        case Result.UNKNOWN_NAMES:
            which = names(found.names) or "这些人"
            return f"名单上找不到{which}，或者有同名的人，没有登记。请核对姓名，或发 /签到 名单。"
    return NOT_EXPECTED


def which_photo(choices: Sequence[RollCallView]) -> Reply:
    """The photo is kept until one is tapped."""
    return _which(choices, "照片收到了。有好几个签到在进行，请点它是哪一个的：", " 照片")


def _which(choices: Sequence[RollCallView], text: str = WHICH, more: str = "") -> Reply:
    return Reply(
        text=text,
        card=Card(
            title="签到",
            body="\n".join(f"{one.title}　{span(one.starts_at, one.closes_at)}" for one in choices),
            buttons=tuple(
                Button(label=one.title[:12], command=f"/签到 {one.id}{more}") for one in choices[:6]
            ),
        ),
    )
