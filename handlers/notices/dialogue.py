"""/通知: who, how many, yes; then who has read it, chase, recall."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.arguments import Arguments
from bot.errors import UnreadableTime, UsageError
from bot.messages import IncomingMessage, MessageKind, Reply
from bot.routing import Pass
from handlers.access import Actor
from handlers.confirmations import Confirmations, Values
from handlers.notices.actions import Broadcasts, Preview, Recalled, Sent
from handlers.people.actions import People
from handlers.undo import Undo

ReadTime = Callable[[str, datetime], datetime | None]
"""A moment said in words, or None."""

_HOW = (
    "可以这样写：/通知 云溪县第二中学 明天下午三点开会；范围还可以是全体、支部书记、"
    "二中的党员、片区名、姓名、群名（群消息推送）、未读3、未签到、未交12（任务编号），用顿号或空格隔开。"
    "定时发：/通知 全体 定时 “明天 8:30” 内容。\n"
    "看回执：/通知 3；催未读的：/通知 催 3；撤回：/通知 撤回 3。"
)
_RECEIVED = re.compile(r"(?:已?收到|知道了|已阅|好的?[,，]?收到)[了啦]?[。.!！]?")
_LASTS = timedelta(days=7)
_NAMED = 30


def says_received(message: IncomingMessage) -> bool:
    """Whether it says 收到 and nothing else."""
    is_text = message.kind is MessageKind.TEXT
    return is_text and _RECEIVED.fullmatch(message.text.strip()) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticesDialogue:
    """Built once, in ``bot.app``."""

    broadcasts: Broadcasts
    people: People
    confirmations: Confirmations
    undo: Undo
    read_time: ReadTime
    zone: ZoneInfo

    def __post_init__(self) -> None:
        self.confirmations.on("broadcast.send", self._send)
        self.confirmations.on("broadcast.chase", self._chase)
        self.confirmations.on("broadcast.recall", self._recall)
        self.undo.on("broadcast.send", self._undo_send)

    async def command(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/通知 and what belongs to it."""
        actor = await self.people.actor(message.sender)
        match arguments.words:
            case [] if not arguments.mentions:
                return Reply(text=self._listed(await self.broadcasts.mine(actor)), is_private=True)
            case [number] if number.isdecimal():
                sent = await self.broadcasts.look(actor, int(number))
                return Reply(text=self._receipts(sent), is_private=True)
            case ["催" | "催办", number] if number.isdecimal():
                return await self._ask_chase(message, actor, int(number))
            case ["撤回", number] if number.isdecimal():
                return await self._ask_recall(message, actor, int(number))
            case [_] if not arguments.mentions:
                raise UsageError("incomplete", reply=_HOW)
        return await self._ask_send(message, actor, arguments)

    async def _ask_send(
        self, message: IncomingMessage, actor: Actor, arguments: Arguments
    ) -> Reply:
        words, text, due_at = await self._parted(arguments)
        preview = await self.broadcasts.preview(actor, words, text)
        when = self._day(due_at) if due_at else "马上"
        values = {
            "audience": words,
            "text": text,
            "due_at": due_at.isoformat() if due_at else None,
        }
        return await self.confirmations.ask(
            message,
            "broadcast.send",
            values,
            title=f"发通知给 {_counted(preview.count, preview.chats)}",
            body=f"范围：{_units(preview)}\n发送：{when}\n内容：{text}{_unreachable(preview)}",
        )

    async def _parted(self, arguments: Arguments) -> tuple[str, str, datetime | None]:
        """Audience, text, and when."""
        audience, rest = await self.broadcasts.parted(arguments.text)
        if not rest.startswith("定时"):
            return audience, rest, None
        rest = rest.removeprefix("定时").lstrip(" ：:")
        quoted = re.match(r"[“\"「']([^”\"」']{1,40})[”\"」']\s*(.+)", rest, re.DOTALL)
        when, text = (quoted[1], quoted[2]) if quoted else (rest.partition(" ")[::2])
        at = self.read_time(when, self.broadcasts.clock())
        if at is None:
            raise UnreadableTime(
                "no moment",
                reply="没看懂什么时候发。可以这样写：/通知 全体 定时 “明天 8:30” 内容。",
            )
        return audience, text.strip(), at

    async def _ask_chase(self, message: IncomingMessage, actor: Actor, number: int) -> Reply:
        sent = await self.broadcasts.look(actor, number)
        if not sent.unread:
            return Reply(text=f"通知 {number} 都读过了，不用催。")
        return await self.confirmations.ask(
            message,
            "broadcast.chase",
            {"broadcast_id": number},
            title=f"再发给没回“收到”的 {len(sent.unread)} 人",
            body=f"{_names(sent.unread)}\n内容：{sent.text}",
        )

    async def _ask_recall(self, message: IncomingMessage, actor: Actor, number: int) -> Reply:
        sent = await self.broadcasts.look(actor, number)
        return await self.confirmations.ask(
            message,
            "broadcast.recall",
            {"broadcast_id": number},
            title=f"撤回通知 {number}（发给 {_counted(sent.total, sent.chats)}）",
            body=f"已送到 {sent.delivered} 人，能不能从他们那里撤掉要看平台。\n内容：{sent.text}",
        )

    async def received(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/通知收到 3: the button under a broadcast."""
        actor = await self.people.actor(message.sender)
        number = arguments.word(0)
        if not (number.isdecimal() and await self.broadcasts.receive(actor, int(number))):
            return Reply(text="这条通知不是发给您的，或者已经不在了。")
        return Reply(text="好的，已记下您收到了。")

    async def said_received(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """收到, after a broadcast."""
        actor = await self.people.actor(message.sender)
        since = self.broadcasts.clock() - _LASTS
        if not await self.broadcasts.receive_latest(actor, since):
            raise Pass
        return Reply(text="好的，已记下您收到了。")

    async def _send(self, actor: Actor, values: Values) -> Reply:
        due = values["due_at"]
        due_at = datetime.fromisoformat(due) if isinstance(due, str) else None
        words, text = str(values["audience"]), str(values["text"])
        sent = await self.broadcasts.send(actor, words, text, due_at=due_at)
        when = f"，{self._day(due_at)}发出" if due_at else ""
        return Reply(
            text=f"通知 {sent.id} 已交给发件箱，共 {_counted(sent.total, sent.chats)}{when}。"
            f"看回执发 /通知 {sent.id}，撤回发 /通知 撤回 {sent.id}。"
        )

    async def _chase(self, actor: Actor, values: Values) -> Reply:
        told = await self.broadcasts.chase(actor, _id(values))
        return Reply(text=f"已再发给 {told} 人。")

    async def _recall(self, actor: Actor, values: Values) -> Reply:
        return Reply(text=_recalled(await self.broadcasts.recall(actor, _id(values))))

    async def _undo_send(self, actor: Actor, values: Values) -> str:
        return _recalled(await self.broadcasts.recall(actor, _id(values)))

    def _listed(self, sent: Sequence[Sent]) -> str:
        if not sent:
            return f"还没有发过通知。{_HOW}"
        lines = [
            f"- {one.id}：{one.text[:30]}（{one.audience}，{self._day(one.due_at)}，"
            f"{'已撤回' if one.is_recalled else f'收到 {one.read}/{one.total}'}）"
            for one in sent
        ]
        return "最近的通知：\n" + "\n".join(lines) + "\n发 /通知 编号 看回执。"

    def _receipts(self, sent: Sent) -> str:
        lines = [
            f"通知 {sent.id}（{sent.audience}，{self._day(sent.due_at)}）："
            f"{'已撤回' if sent.is_recalled else f'共 {_counted(sent.total, sent.chats)}'}",
            sent.text,
            f"送到 {sent.delivered} 人，回“收到” {sent.read} 人。",
        ]
        if sent.unread:
            lines.append(f"还没回的 {len(sent.unread)} 人：{_names(sent.unread)}")
        if sent.unreachable:
            lines.append(f"没有可以送达的账号：{_names(sent.unreachable)}")
        if sent.failed:
            lines.append(f"没有送到：{_names(sent.failed)}")
        return "\n".join(lines)

    def _day(self, at: datetime) -> str:
        here = at.astimezone(self.zone)
        return f"{here.month}月{here.day}日（周{'一二三四五六日'[here.weekday()]}）{here:%H:%M}"


def _id(values: Values) -> int:
    return int(str(values["broadcast_id"]))


def _units(preview: Preview) -> str:
    units = [f"{unit} {count} 人" for unit, count in list(preview.by_unit.items())[:20]]
    if preview.names:
        units = ["、".join(preview.names)]
    return "，".join([*units, *(f"“{name}”群（收不到回执）" for name in preview.chats)])


def _counted(members: int, chats: Sequence[str]) -> str:
    groups = f"{len(chats)} 个群" if chats else ""
    return "、".join(filter(None, (f"{members} 人" if members or not chats else "", groups)))


def _unreachable(preview: Preview) -> str:
    if not preview.unreachable:
        return ""
    return f"\n其中 {len(preview.unreachable)} 人没有可以送达的账号：{_names(preview.unreachable)}"


def _names(names: Sequence[str]) -> str:
    more = f" 等 {len(names)} 人" if len(names) > _NAMED else ""
    return "、".join(names[:_NAMED]) + more


def _recalled(recalled: Recalled) -> str:
    parts = [f"{recalled.withdrawn} 人还没发出，不会再发"]
    if recalled.taken_back:
        parts.append(f"{recalled.taken_back} 条已从对方那里撤掉")
    if recalled.too_late:
        parts.append(f"{recalled.too_late} 条已经送到，平台不让撤了")
    return "通知已撤回：" + "；".join(parts) + "。"
