"""The one error hierarchy. A leaf: imports nothing of ours."""

from __future__ import annotations

from typing import ClassVar


class BotError(Exception):
    """``str(error)`` goes to the log, in English; ``reply`` goes to the person, in Chinese."""

    default_reply: ClassVar[str] = "系统出了点问题，已经记下，请稍后再试。"

    def __init__(self, message: str, *, reply: str | None = None) -> None:
        super().__init__(message)
        self.reply = reply or self.default_reply


class UsageError(BotError):
    """The person can put it right."""

    default_reply = "这句话我没看懂，发 /帮助 看看可以怎么说。"


class UnreadableTime(UsageError):
    """A time in a command could not be read."""

    default_reply = "没看懂时间。可以这样写：明天下午三点、每周三 15:00、9月10日 8:30。"


class UnknownCommand(UsageError):
    """No command has this name."""

    default_reply = "没有这个命令，发 /帮助 看看有哪些。"


class NotAllowed(UsageError):
    """The actor's roles do not cover what was asked."""

    default_reply = "您没有权限做这件事。需要的话，请联系本单位管理员。"


class NotFound(UsageError):
    """A thing the person named does not exist, or is not visible to them."""

    default_reply = "没有找到您说的内容，请核对名称或编号。"


class ConfigError(BotError):
    """The configuration cannot be used; the reply names file, key and remedy."""

    default_reply = "配置有误，请检查 yaodian.toml。"


class ChannelError(BotError):
    """Talking to a platform failed."""

    default_reply = "消息暂时发不出去，稍后会再试。"


class ChannelUnavailable(ChannelError):
    """Surely not sent, or safe to send again; try the same bytes later."""

    needs_setup: ClassVar[bool] = False

    def __init__(
        self, message: str, *, retry_after_s: float | None = None, reply: str | None = None
    ) -> None:
        super().__init__(message, reply=reply)
        self.retry_after_s = retry_after_s


class SetupNeeded(ChannelUnavailable):
    """Nothing goes until an administrator changes a setting or gives a right: ``reply`` says so."""

    needs_setup = True


class ChannelRefused(ChannelError):
    """The platform will never take this; an admin is told ``reply``."""


class OutcomeUnknown(ChannelError):
    """The request left and no answer came: it may or may not have arrived."""


class BadSignature(ChannelError):
    """A callback is forged, stale, malformed or replayed with another body."""

    default_reply = "签名不对，已拒绝。"


class KnowledgeError(BotError):
    """Reading or searching documents failed."""


class UnreadableDocument(KnowledgeError):
    """A file could not be read; the reply says in one sentence why and what to do."""

    default_reply = "这个文件读不了。"


class IndexMissing(KnowledgeError):
    """The index is not built yet."""

    default_reply = "文档还在整理，请过一会儿再问。"
