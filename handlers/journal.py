"""/日志: who did what to what, before and after."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bot.arguments import Arguments
from bot.messages import IncomingMessage, Reply
from handlers.access import Act, Actor, check
from handlers.people.actions import People
from handlers.people.selecting import member_meant
from store import audit, people
from store.engine import Store
from store.models import AuditEntry

_LISTED = 15
_SHOWN_CHARS = 80
_PERSONAL = re.compile(
    r"(?<!\d)(1[3-9]\d)\d{4}(\d{4})(?!\d)|(?<!\d)(\d{6})\d{8}(\d{3}[\dXx])(?!\d)"
)
_DEEDS = {
    "documents.add": "添加文件",
    "documents.retire": "停用文件",
    "documents.remove": "删除文件",
    "documents.restore": "恢复文件",
    "documents.show_to": "改可见范围",
    "roster.import": "导入花名册",
    "member.add": "添加成员",
    "member.deactivate": "停用成员",
    "member.reactivate": "恢复成员",
    "role.give": "给角色",
    "role.take": "去掉角色",
    "group.change": "改片区",
    "account.bind": "绑定账号",
    "join.approved": "同意加入",
    "join.refused": "谢绝加入",
    "question.route": "转问题",
    "question.answer": "答复问题",
    "question.close": "关闭问题",
    "standing.retire": "停用答复",
    "broadcast.send": "发通知",
    "broadcast.chase": "催通知",
    "broadcast.recall": "撤回通知",
    "record.correct": "改记录",
    "record.withdraw": "撤回记录",
    "record.move": "办理记录",
    "records.export": "导出台账",
    "indicators.import": "导入指标",
    "indicators.rate": "评分",
    "proofs.export": "导出佐证",
    "delivery.resend": "再发一次",
    "calendar.put": "放假安排",
    "delivery.give_up": "不再发送",
    "delivery.arrived": "确认已送到",
    "session.open": "登录管理网页",
    "session.close": "退出管理网页",
    "standing.expiry": "改答复有效期",
    "people.export": "导出个人数据",
    "people.erase": "注销个人数据",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """Built once, in ``bot.app``."""

    store: Store
    people: People
    zone: ZoneInfo

    async def entries(
        self, actor: Actor, who: str = "", *, before: int | None = None, limit: int = _LISTED
    ) -> Sequence[AuditEntry]:
        """Newest first; ``who`` narrows it to one member's deeds. For those who run the whole.

        Raises:
            NotAllowed: The actor may not read it.
        """
        check(actor, Act.SEE_AUDIT)

        def query(session: Session) -> Sequence[AuditEntry]:
            roots = people.root_units(session)
            if not any(actor.may(Act.SEE_AUDIT, one) for one in roots):
                check(actor, Act.SEE_AUDIT, -1)
            accounts = None
            if who:
                member = member_meant(session, who)
                held = people.accounts(session, member.id)
                accounts = [f"{one.platform}:{one.account}" for one in held]
            return audit.latest(session, who=accounts, before=before, limit=limit)

        return await self.store.read(query)

    async def command(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/日志 [姓名] [编号之前]."""
        actor = await self.people.actor(message.sender)
        words = list(arguments.words + arguments.mentions)
        before = int(words.pop()) if words and re.fullmatch(r"\d{1,9}", words[-1]) else None
        found = await self.entries(actor, " ".join(words), before=before)
        if not found:
            return Reply(text="没有更早的操作记录了。" if before else "还没有操作记录。")
        names = await self.store.read(lambda session: _names(session, found))
        lines = [self._line(entry, names.get(entry.who, entry.who)) for entry in found]
        more = f"\n再往前看：/日志 {' '.join([*words, str(found[-1].n)])}"
        return Reply(text="\n".join(lines) + more, is_private=True)

    def _line(self, entry: AuditEntry, who: str) -> str:
        at = entry.at.astimezone(self.zone)
        deed = _DEEDS.get(entry.what, entry.what)
        change = " → ".join(_short(text) for text in (entry.before, entry.after) if text)
        return f"- {entry.n}　{at:%m-%d %H:%M}　{who}　{deed}（{entry.subject}）　{change}".rstrip()


def masked(text: str) -> str:
    """Phone and identity numbers without their middle."""
    return _PERSONAL.sub(lambda m: f"{m[1] or m[3]}****{m[2] or m[4]}", text)


def _short(text: str) -> str:
    line = masked(" ".join(text.split()))
    return line if len(line) <= _SHOWN_CHARS else f"{line[: _SHOWN_CHARS - 1]}…"


def _names(session: Session, entries: Sequence[AuditEntry]) -> dict[str, str]:
    names = {"console:operator": "本机操作员"}
    for who in {entry.who for entry in entries}:
        platform, _, account = who.partition(":")
        member = people.member_of(session, platform, account)
        if member is not None:
            names[who] = member.name
    return names
