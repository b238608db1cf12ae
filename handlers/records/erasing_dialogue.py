"""/注销: an admin takes a person out, after a yes."""

from __future__ import annotations

from dataclasses import dataclass

from bot.arguments import Arguments
from bot.errors import UsageError
from bot.messages import IncomingMessage, Reply
from handlers.access import Actor
from handlers.confirmations import Confirmations, Values
from handlers.people.actions import People
from handlers.people.managing import must_manage
from handlers.people.selecting import member_meant
from handlers.records.erasing import Erasing

_DEED = "people.erase"
_WHAT = (
    "会删掉姓名、手机、账号、说过的话和发来的文件，别人收到的消息里也不再有这个名字；"
    "登记的次数和统计数字不变。**不能恢复。**本人要留一份的话，请先让本人发 /我的数据。"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasingDialogue:
    """Built once, in ``bot.app``."""

    erasing: Erasing
    people: People
    confirmations: Confirmations

    def __post_init__(self) -> None:
        self.confirmations.on(_DEED, self._erase)

    async def command(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/注销 姓名."""
        actor = await self.people.actor(message.sender)
        words = " ".join(arguments.words + arguments.mentions)
        if not words:
            raise UsageError("no name", reply="请写上姓名，例如：/注销 张三。")
        member = await self.erasing.store.read(lambda session: member_meant(session, words))
        member_id, name = member.id, member.name
        await self.erasing.store.read(lambda session: must_manage(session, actor, member_id))
        return await self.confirmations.ask(
            message,
            _DEED,
            {"member_id": member_id},
            title=f"注销 {name}（#{member_id}）",
            body=_WHAT,
        )

    async def _erase(self, actor: Actor, values: Values) -> Reply:
        member_id = values["member_id"]
        assert isinstance(member_id, int)  # noqa: S101 - as it was asked
        touched = await self.erasing.erase(actor, member_id)
        return Reply(text=f"已注销，涉及 {touched} 条记录。统计数字没有变。")
