"""/登录: a one-time address of the admin page, for whoever may see something there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.arguments import Arguments
from bot.errors import UsageError
from bot.messages import Card, IncomingMessage, Link, Reply
from handlers.people.actions import People
from handlers.people.signing_in import SignIn

_LEAVE = frozenset({"作废", "退出", "全部退出", "注销"})
_HOW = "可以这样写：/登录（取一个登录链接）、/登录 作废（在所有地方退出）。"
_ALONE = "登录链接只能给您一个人，请在私聊里发 /登录。"
_NO_ADDRESS = (
    "还没有能打开的网址。请在 yaodian.toml 的 [bot] 里写上 public_url，"
    '例如 public_url = "http://运行要点的电脑的地址:8765"，重启后再发 /登录。'
)
_HERE_ONLY = "只有在运行要点的那台电脑上才打得开。"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInDialogue:
    """Built once, in ``bot.app``; ``address`` makes whole addresses of paths, where it can."""

    sign_in: SignIn
    people: People
    address: Callable[[str], str | None]
    is_only_here: bool
    """The address opens on the machine itself and nowhere else."""

    async def command(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/登录: a link; /登录 作废: out everywhere."""
        actor = await self.people.actor(message.sender)
        if arguments.text in _LEAVE:
            count = await self.sign_in.leave_all(actor)
            said = f"已在 {count} 个地方退出。" if count else "您没有在别处登录。"
            return Reply(text=f"{said}之前的登录链接也作废了。", is_private=True)
        if arguments.text:
            raise UsageError("incomplete", reply=_HOW)
        if message.conversation.is_group:
            raise UsageError("in a group", reply=_ALONE)
        if self.address("/") is None:
            raise UsageError("no address", reply=_NO_ADDRESS)
        link = self.address(f"/login/{await self.sign_in.link(actor)}")
        card = Card(
            title="登录管理网页",
            body="点开后再按“登录”。10 分钟内有效，只能用一次，请不要转给别人。"
            f"{_HERE_ONLY if self.is_only_here else ''}不是您要的，请发 /登录 作废。",
            links=(Link(label="去登录", url=link or ""),),
        )
        return Reply(card=card, is_private=True)
