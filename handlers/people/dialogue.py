"""/成员, /角色, /绑定, /加入, /片区: people about people."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.arguments import Arguments
from bot.errors import UsageError
from bot.messages import IncomingMessage, Reply, Role
from bot.routing import Handler
from handlers.access import Actor
from handlers.confirmations import Confirmations, Values
from handlers.people import wording
from handlers.people.actions import People
from handlers.people.binding import Binding
from handlers.people.joining import Joining
from handlers.people.listing import Listed
from handlers.people.managing import Leaver, Roster
from handlers.people.preferring import PLATFORM_WORDS, Preferring, Standing
from handlers.undo import Undo

_LISTED = 40
_PLATFORMS = {"wecom": "企业微信", "dingtalk": "钉钉", "web": "网页"}
_HOW_MEMBERS = (
    "可以这样写：/成员 单位、/成员 姓名、/成员 添加 姓名 单位 角色、"
    "/成员 停用 姓名、/成员 恢复 姓名。"
)
_HOW_ROLES = (
    "可以这样写：/角色 姓名（看现在的）、/角色 姓名 支部书记 单位、/角色 去掉 姓名 支部书记 单位。"
)
_HOW_GROUPS = "可以这样写：/片区 东片区、/片区 东片区 加 二中 实验小学、/片区 东片区 减 二中。"


_HOW_PLATFORMS = "可以这样写：/常用平台 钉钉、/常用平台 企业微信、/常用平台 自动。"
_AS_USED = {"自动", "都行", "随便"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleDialogue:
    """Built once, in ``bot.app``."""

    people: People
    roster: Roster
    binding: Binding
    joining: Joining
    preferring: Preferring
    confirmations: Confirmations
    undo: Undo

    def __post_init__(self) -> None:
        self.confirmations.on("member.deactivate", self._deactivate)
        self.confirmations.on("role.give", self._give)
        self.confirmations.on("role.take", self._take)
        self.undo.on("member.deactivate", self._undo_deactivate)
        self.undo.on("member.add", self._undo_add)
        self.undo.on("role.give", self._undo_give)
        self.undo.on("role.take", self._undo_take)

    def welcoming(self, answer: Handler) -> Handler:
        """``answer``, and to somebody unknown, once, who we are and what we keep."""

        async def greet(message: IncomingMessage, arguments: Arguments) -> Reply | None:
            reply = await answer(message, arguments)
            if message.conversation.is_group or reply is None or reply.stream is not None:
                return reply
            if not await self.joining.greet_once(await self.people.actor(message.sender)):
                return reply
            text = f"{reply.text}\n\n{wording.WELCOME}" if reply.text else wording.WELCOME
            return replace(reply, text=text)

        return greet

    async def enter(self, message: IncomingMessage, arguments: Arguments) -> Reply | None:
        """Somebody opened the chat: who is unknown is welcomed once, others once a day."""
        actor = await self.people.actor(message.sender)
        if await self.joining.greet_once(actor):
            return Reply(text=wording.WELCOME)
        return Reply(text=wording.HELLO) if await self.joining.greet_daily(actor) else None

    async def members(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/成员 [单位 or 姓名]; 添加, 停用, 恢复."""
        actor = await self.people.actor(message.sender)
        words = arguments.words + arguments.mentions
        match words:
            case ["添加", name, unit, *role]:
                added = await self.roster.add(actor, name, unit, role[0] if role else "教师")
                return Reply(text=f"已加进花名册：{_line(added)}")
            case ["停用", name]:
                leaver = await self.roster.consider_leaving(actor, name)
                return await self._ask_to_leave(message, leaver)
            case ["恢复", name]:
                member_id = await self.roster.leaver(actor, name)
                back = await self.roster.reactivate(actor, member_id)
                return Reply(text=f"已恢复：{_line(back)}")
            case ["添加" | "停用" | "恢复", *_]:
                raise UsageError("incomplete", reply=_HOW_MEMBERS)
        return await self._list(actor, " ".join(words))

    async def _list(self, actor: Actor, words: str) -> Reply:
        try:
            total, listed = await self.roster.listed(actor, words, limit=_LISTED)
        except UsageError as no_unit:
            try:
                total, listed = 1, [await self.roster.look(actor, words)]
            except UsageError:
                raise no_unit from None
        lines = [f"- {_line(one)}" for one in listed]
        more = f"\n只列了前 {_LISTED} 位，请写上单位再查。" if total > _LISTED else ""
        return Reply(text=f"共 {total} 人。\n" + "\n".join(lines) + more, is_private=True)

    async def _ask_to_leave(self, message: IncomingMessage, leaver: Leaver) -> Reply:
        return await self.confirmations.ask(
            message,
            "member.deactivate",
            {"member_id": leaver.member_id},
            title=f"停用 {leaver.name}（#{leaver.member_id}）",
            body="停用后不能再提问内部文件、不再收提醒；记录都保留。\n" + _left_over(leaver),
        )

    async def role(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/角色 姓名 角色 [单位]; /角色 去掉 …; /角色 姓名."""
        actor = await self.people.actor(message.sender)
        words = list(arguments.words)
        takes = bool(words) and words[0] in {"去掉", "取消", "移除", "撤销"}
        words = words[1:] if takes else words
        words = [*arguments.mentions, *words]
        if len(words) == 1 and not takes:
            return Reply(text=_line(await self.roster.look(actor, words[0])), is_private=True)
        if not 2 <= len(words) <= 3:
            raise UsageError("incomplete", reply=_HOW_ROLES)
        change = await self.roster.consider_role(actor, *words)
        role = wording.ROLE_WORDS[change.role]
        if change.is_held is not takes:
            had = "本来就是" if change.is_held else "本来就不是"
            return Reply(text=f"{change.name} {had}{change.unit}的{role}，不用改。")
        values = {
            "member_id": change.member_id,
            "role": change.role.value,
            "unit_id": change.unit_id,
        }
        what = "不再是" if takes else "成为"
        return await self.confirmations.ask(
            message,
            "role.take" if takes else "role.give",
            values,
            title=f"{change.name} {what}{change.unit}的{role}",
            body="会影响 1 个人；对这个单位和它下面的单位都有效。",
        )

    async def bind(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/绑定: a code; /绑定 483920: use it."""
        digits = "".join(arguments.text.split())
        if not digits:
            code = await self.binding.code(await self.people.actor(message.sender))
            return Reply(text=wording.YOUR_CODE.format(code=code), is_private=True)
        name = await self.binding.bind(message.sender, digits)
        return Reply(text=wording.BOUND.format(name=name), is_private=True)

    async def platform(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/常用平台 [钉钉 or 企业微信 or 自动]."""
        actor = await self.people.actor(message.sender)
        words = "".join(arguments.words)
        if not words:
            return Reply(text=_said(await self.preferring.standing(actor)), is_private=True)
        if words in _AS_USED:
            await self.preferring.prefer(actor, None)
            return Reply(text="好的，您最近在哪个平台和我说话，提醒就发到哪里。", is_private=True)
        found = [code for code, word in PLATFORM_WORDS.items() if words == word]
        if not found:
            raise UsageError("no such platform", reply=_HOW_PLATFORMS)
        await self.preferring.prefer(actor, found[0])
        return Reply(text=f"好的，以后提醒和通知都发到您的{words}。", is_private=True)

    async def join(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/加入 姓名 单位."""
        if len(arguments.words) < 2:
            raise UsageError("incomplete", reply=wording.HOW_TO_JOIN)
        name, *unit = arguments.words
        actor = await self.people.actor(message.sender)
        return Reply(text=await self.joining.ask(actor, name[:20], " ".join(unit)[:60]))

    async def wishes(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/申请: who waits to be let in."""
        found = await self.joining.wishes(await self.people.actor(message.sender))
        if not found:
            return Reply(text="没有等着审核的加入申请。")
        lines = [f"- {one.id}：{one.name}（{one.unit}）" for one in found]
        how = "同意请发 /同意加入 编号，不同意请发 /谢绝加入 编号。"
        return Reply(text="\n".join([f"有 {len(found)} 个申请：", *lines, how]), is_private=True)

    async def approve(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/同意加入 N [单位]."""
        actor = await self.people.actor(message.sender)
        unit = " ".join(arguments.words[1:])
        return Reply(text=await self.joining.approve(actor, _number(arguments), unit))

    async def refuse(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/谢绝加入 N."""
        actor = await self.people.actor(message.sender)
        return Reply(text=await self.joining.refuse(actor, _number(arguments)))

    async def group(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/片区 名称 [加 or 减 单位…]."""
        actor = await self.people.actor(message.sender)
        match arguments.words:
            case [name]:
                units = await self.roster.group(actor, name, [], adds=True)
            case [name, "加" | "增加" | "添加", *more] if more:
                units = await self.roster.group(actor, name, more, adds=True)
            case [name, "减" | "去掉" | "移除", *less] if less:
                units = await self.roster.group(actor, name, less, adds=False)
            case _:
                raise UsageError("incomplete", reply=_HOW_GROUPS)
        return Reply(text=f"{name}：{units or '还没有单位'}")

    async def _deactivate(self, actor: Actor, values: Values) -> Reply:
        leaver = await self.roster.deactivate(actor, _int(values, "member_id"))
        return Reply(text=f"已停用 {leaver.name}。{_left_over(leaver)}\n发 /撤销 可以恢复。")

    async def _give(self, actor: Actor, values: Values) -> Reply:
        change = await self.roster.give(actor, *_role_values(values))
        role = wording.ROLE_WORDS[change.role]
        return Reply(text=f"好了，{change.name} 现在是{change.unit}的{role}。发 /撤销 可以收回。")

    async def _take(self, actor: Actor, values: Values) -> Reply:
        change = await self.roster.take(actor, *_role_values(values))
        role = wording.ROLE_WORDS[change.role]
        return Reply(text=f"好了，{change.name} 不再是{change.unit}的{role}。发 /撤销 可以恢复。")

    async def _undo_deactivate(self, actor: Actor, values: Values) -> str:
        back = await self.roster.reactivate(actor, _int(values, "member_id"))
        return f"已撤销停用：{_line(back)}"

    async def _undo_add(self, actor: Actor, values: Values) -> str:
        leaver = await self.roster.deactivate(actor, _int(values, "member_id"))
        return f"已撤销添加：{leaver.name}。"

    async def _undo_give(self, actor: Actor, values: Values) -> str:
        change = await self.roster.take(actor, *_role_values(values))
        role = wording.ROLE_WORDS[change.role]
        return f"已撤销：{change.name} 不再是{change.unit}的{role}。"

    async def _undo_take(self, actor: Actor, values: Values) -> str:
        change = await self.roster.give(actor, *_role_values(values))
        return f"已撤销：{change.name} 还是{change.unit}的{wording.ROLE_WORDS[change.role]}。"


def _line(one: Listed) -> str:
    roles = "；".join(
        f"{unit} {'、'.join(wording.ROLE_WORDS[role] for role in held)}" for unit, held in one.roles
    )
    platforms = "、".join(_PLATFORMS.get(name, name) for name in one.platforms)
    return f"#{one.member_id} {one.name}：{roles or '未分单位'}（{platforms or '没有账号'}）"


def _left_over(leaver: Leaver) -> str:
    if not leaver.open_tasks:
        return "名下没有未办结的任务。"
    tasks = "\n".join(f"- {task}" for task in leaver.open_tasks)
    return (
        f"名下还有 {len(leaver.open_tasks)} 件任务没办结，请交给别人（/转交 编号 姓名）：\n{tasks}"
    )


def _number(arguments: Arguments) -> int:
    word = arguments.word(0).lstrip("#")
    if not (word.isdecimal() and len(word) < 10):
        raise UsageError("no number", reply="请写上申请的编号，发 /申请 可以看到。")
    return int(word)


def _int(values: Values, name: str) -> int:
    value = values[name]
    assert isinstance(value, int)  # noqa: S101
    return value


def _role_values(values: Values) -> tuple[int, Role, int]:
    return _int(values, "member_id"), Role(str(values["role"])), _int(values, "unit_id")


def _said(standing: Standing) -> str:
    names = [PLATFORM_WORDS[one] for one in standing.platforms]
    if not names:
        return "您在企业微信和钉钉都还没有账号，提醒请到网页上看。"
    if len(names) == 1:
        return f"提醒发到您的{names[0]}。在另一个平台也有账号的，可以用 /绑定 连起来。"
    if standing.preferred is None:
        where = "您最近在哪个平台和我说话，提醒就发到哪里"
    else:
        where = f"提醒和通知都发到您的{PLATFORM_WORDS.get(standing.preferred, '常用平台')}"
    return f"您在{'和'.join(names)}都有账号，{where}。{_HOW_PLATFORMS}"
