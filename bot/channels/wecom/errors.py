"""What each errcode of qyapi means for us: try later, drop, stop, or tell an administrator.

Source:
    WeCom, 全局错误码 (path/90313). Every answer is HTTP 200; only ``errcode`` is to be trusted.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.errors import ChannelError, ChannelRefused, ChannelUnavailable, SetupNeeded


class Action(StrEnum):
    """What to do about an errcode."""

    RETRY = "retry"
    """Busy or in conflict: the same request again, soon."""
    REFRESH = "refresh"
    """The token is stale: fetch a new one and repeat, once."""
    BACK_OFF = "back_off"
    """Over a rate limit: wait as long as its window."""
    DROP = "drop"
    """These recipients cannot be reached."""
    UPLOAD = "upload"
    """The media is gone: upload it again."""
    SPLIT = "split"
    """Too much in one request."""
    RENEW = "renew"
    """The card can no longer be updated: send a new one."""
    LOGIN = "login"
    """The login link was used up: start again."""
    RANGE = "range"
    """Too big for one download: fetch it in pieces."""
    SETUP = "setup"
    """An administrator has to change a setting; messages wait meanwhile."""
    DISABLE = "disable"
    """The address is gone for good: stop using it."""
    REFUSE = "refuse"
    """This request will never be taken."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What an errcode asks of us."""

    action: Action
    advice: str = ""
    """Chinese, for an administrator: what is wrong and what to do next."""


_RECIPIENT = Rule(
    Action.DROP, "收件人不在应用的可见范围，或账号已离职、停用。请核对花名册和应用可见范围。"
)
_BUG = Rule(Action.REFUSE, "企业微信不接受这条消息的内容，请把日志发给维护人员。")
_BUSY = Rule(Action.RETRY, "企业微信繁忙，稍后自动再试。")
_SECRET = Rule(
    Action.SETUP,
    "corp_id 或 secret 不对。请到管理后台“应用管理 → 自建应用”重新复制 Secret，"
    "到“我的企业 → 企业信息”复制企业 ID。",
)
_AGENT = Rule(Action.SETUP, "agent_id 与 secret 不是同一个应用的，请从同一个自建应用页面复制。")
_WEBHOOK = Rule(
    Action.DISABLE, "群机器人地址失效：机器人被移出群或已停用。请在群里重新添加，并更新 key。"
)
_RIGHTS = Rule(Action.SETUP, "应用没有调用这个接口的权限，请到管理后台检查应用权限。")
_TOKEN = Rule(Action.REFRESH, "访问凭证过期，自动重新获取。")

_RULES: dict[int, Rule] = {
    -1: _BUSY,
    40001: _SECRET,
    40013: _SECRET,
    40091: _SECRET,
    40056: _AGENT,
    301002: _AGENT,
    43012: Rule(
        Action.SETUP,
        "要用带按钮的卡片，先在应用的“接收消息”里设置回调地址、Token 和 EncodingAESKey。",
    ),
    45009: Rule(Action.BACK_OFF, "超过企业微信的调用频率，消息会排队稍后发出。"),
    45029: Rule(Action.SPLIT, "通讯录太大，改为逐个部门读取。"),
    48002: _RIGHTS,
    48006: Rule(Action.SETUP, "应用长期未使用，权限已被收回，请到管理后台重新启用。"),
    48010: Rule(Action.SETUP, "本机的 TLS 版本太旧，请升级系统的 OpenSSL。"),
    50001: Rule(Action.SETUP, "网页授权的域名不在“可信域名”里，请到应用详情里添加。"),
    85005: Rule(
        Action.SETUP, "域名归属没有通过校验，请把 WW_verify_….txt 放到网站根目录后再校验。"
    ),
    50003: Rule(Action.SETUP, "应用已被停用，请到管理后台“应用管理”里启用。"),
    60020: Rule(
        Action.SETUP,
        "本机的出口 IP 不在“企业可信IP”里。请到应用详情最下方“企业可信IP”添加，约一分钟后生效。",
    ),
    60140: Rule(Action.RENEW, "卡片已不能更新，改发新卡片。"),
    42052: Rule(Action.REFUSE, "消息发出超过 24 小时，不能撤回了。"),
    830002: Rule(Action.RANGE, "文件较大，改为分段下载。"),
    81013: _RECIPIENT,
    93006: Rule(Action.REFUSE, "群编号不对（区分大小写）。"),
    **dict.fromkeys((45033, 45035, 45036), _BUSY),
    **dict.fromkeys((40014, 42001, 41001), _TOKEN),
    **dict.fromkeys((40003, 40031, 46004, 50002, 60011, 60021, 92000, 60111), _RECIPIENT),
    **dict.fromkeys((40007, 40145), Rule(Action.UPLOAD, "素材过期，重新上传。")),
    **dict.fromkeys(
        (45001, 45002, 45007, 45008, 82002, 82003), Rule(Action.SPLIT, "内容超过企业微信的上限。")
    ),
    **dict.fromkeys(
        (40029, 42003, 42022), Rule(Action.LOGIN, "登录链接已失效，请重新打开登录页。")
    ),
    **dict.fromkeys((42014, 42015, 42016, 42017, 42018, 42019, 42020), Rule(Action.RENEW)),
    **dict.fromkeys((93000, 93001, 93004, 93008), _WEBHOOK),
}
"""What is not listed is a request that will never be taken: argument, media and field errors."""


class PlatformRefused(ChannelRefused):
    """Refused with an errcode, for callers that know another way."""

    def __init__(self, message: str, errcode: int, *, reply: str | None = None) -> None:
        super().__init__(message, reply=reply)
        self.errcode = errcode
        self.action = rule_of(errcode).action


_MINUTE_S, _HOUR_S = 60.0, 3600.0
_RETRY_S = 5.0
_SETUP_S = 300.0


def rule_of(errcode: int) -> Rule:
    """An unknown errcode is a refusal: sending the same again would not help."""
    return _RULES.get(errcode, _BUG)


def error_of(errcode: int, call: str, *, limited_before: int = 0) -> ChannelError:
    """The error to raise for an answer whose ``errcode`` is not 0.

    Args:
        errcode: As the platform gave it.
        call: The API's path, for the log; never with its query.
        limited_before: How many answers in a row were over the limit, since the platform does
            not say which window (minute, hour) is full.
    """
    rule = rule_of(errcode)
    message = f"{call} answered errcode {errcode} ({rule.action})"
    match rule.action:
        case Action.RETRY | Action.REFRESH:
            return ChannelUnavailable(message, retry_after_s=_RETRY_S, reply=rule.advice)
        case Action.BACK_OFF:
            wait_s = _MINUTE_S if limited_before < 3 else _HOUR_S
            return ChannelUnavailable(message, retry_after_s=wait_s, reply=rule.advice)
        case Action.SETUP:
            return SetupNeeded(message, retry_after_s=_SETUP_S, reply=rule.advice)
        case _:
            return PlatformRefused(message, errcode, reply=rule.advice or None)
