"""What each error of DingTalk means for us: try later, drop, stop, or tell an administrator.

The new API names errors with words and an HTTP status; the old one with an ``errcode`` whose
``sub_code`` says more; a group's custom robot has an ``errcode`` and a sentence.

Source:
    DingTalk, 全局错误码 and 自定义机器人错误码.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.errors import ChannelError, ChannelRefused, ChannelUnavailable, SetupNeeded


class Action(StrEnum):
    """What to do about an error."""

    RETRY = "retry"
    """Busy: the same request again, soon."""
    TIMEOUT = "timeout"
    """The gateway waited in vain for its own back end: done or not, nobody knows."""
    REFRESH = "refresh"
    """The token is stale: fetch a new one and repeat, once."""
    BACK_OFF = "back_off"
    """Over a rate limit."""
    DROP = "drop"
    """These recipients cannot be reached."""
    LOGIN = "login"
    """The login link was used up: start again."""
    SETUP = "setup"
    """An administrator has to change a setting; messages wait meanwhile."""
    DISABLE = "disable"
    """The address is gone for good: stop using it."""
    REFUSE = "refuse"
    """This request will never be taken."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What an error asks of us; ``advice`` is Chinese, for an administrator."""

    action: Action
    advice: str = ""


_BUG = Rule(Action.REFUSE, "钉钉不接受这条消息的内容，请把日志发给维护人员。")
_BUSY = Rule(Action.RETRY, "钉钉繁忙，稍后自动再试。")
_TIMEOUT = Rule(Action.TIMEOUT, "钉钉没有及时回答，稍后自动再试。")
_TOKEN = Rule(Action.REFRESH, "访问凭证过期，自动重新获取。")
_LIMIT = Rule(Action.BACK_OFF, "超过钉钉的调用频率，消息会排队稍后发出。")
_RECIPIENT = Rule(Action.DROP, "收件人不在应用的可使用范围，或已离职。请核对花名册和应用可见范围。")
_SECRET = Rule(
    Action.SETUP,
    "client_id 或 client_secret 不对。请到钉钉开放平台“应用开发 → 凭证与基础信息”重新复制。",
)
_ADDRESS = Rule(
    Action.SETUP,
    "本机的出口 IP 不在应用的“服务器出口 IP”里。请到开放平台“安全设置”里添加或留空。",
)
_RIGHTS = Rule(Action.SETUP, "应用缺少接口权限。请到开放平台“权限管理”里申请，并重新发布应用版本。")
_ROBOT = Rule(
    Action.REFUSE,
    "robot_code 不对，或机器人没有启用。请到开放平台“机器人”页面复制 RobotCode 并发布。",
)
_GROUP = Rule(Action.REFUSE, "机器人不在这个群里，或群已解散。请把机器人重新加进群。")
_PATH = Rule(Action.REFUSE, "接口地址不对，请检查 api_base 和 oapi_base。")

_NAMED: dict[str, Rule] = {
    "invalidauthentication": _TOKEN,
    "authenticationfailed.missingparameter": _BUG,
    "invalidclientidorsecret": _SECRET,
    "qps.exceed.limit": _LIMIT,
    "request.overlimit": _LIMIT,
    "invalidparameter.robotcode.auth": _ROBOT,
    "invalidparameter.robotcode.empty": _ROBOT,
    "invalidparameter.userids.empty": _BUG,
    "invalidparameter.userids.invalid": _RECIPIENT,
    "invalidparameter.userids.overmax": _BUG,
    "invalidparameter.msgkey.invalid": _BUG,
    "invalidparameter.msgparam.invalid": _BUG,
    "invalid.openconversationid": _GROUP,
    "resource.unavailable": _BUG,
}
_ENDINGS: dict[str, Rule] = {
    "accesstokenpermissiondenied": _RIGHTS,
    "ipnotinwhitelist": _ADDRESS,
    "qpslimitforapi": _LIMIT,
    "qpslimitforappkeyandapi": _LIMIT,
    "qpmlimitforappkeyandapi": _LIMIT,
}
_NUMBERED: dict[str, Rule] = {
    "-1": _BUSY,
    "15": _TIMEOUT,
    "isp.top-remote-connection-timeout": _TIMEOUT,
    "22": _PATH,
    "404": _PATH,
    "60011": _RIGHTS,
    "60020": _ADDRESS,
    "40078": Rule(Action.LOGIN, "登录链接已失效，请重新打开登录页。"),
    **dict.fromkeys(("40014", "42001", "40001"), _TOKEN),
    **dict.fromkeys((str(code) for code in range(90001, 90015)), _LIMIT),
    **dict.fromkeys(("33012", "40104", "60121"), _RECIPIENT),
}

_PENALTY_S = 600.0
_ROBOT_GONE = Rule(
    Action.DISABLE, "群机器人已不能用（群解散、机器人停用或被删除）。请在群里重新添加并更新配置。"
)
_ROBOT_TOKEN = Rule(
    Action.DISABLE, "群机器人的 access_token 不对。请到群设置里重新复制 Webhook 地址。"
)
_TOO_FAST = Rule(Action.BACK_OFF, "群机器人一分钟最多 20 条，超过要停 10 分钟，消息会排队。")
_ROBOT_NUMBERED: dict[str, Rule] = {
    "-1": _BUSY,
    "310000": Rule(Action.SETUP, "群机器人的安全设置没有通过，请检查关键词、加签和 IP 地址段。"),
    **dict.fromkeys(("130101", "410100", "660026"), _TOO_FAST),
    **dict.fromkeys(("300001", "300005", "400101"), _ROBOT_TOKEN),
    **dict.fromkeys(("400013", "400102", "400106"), _ROBOT_GONE),
    **dict.fromkeys(
        ("430101", "430102", "430103", "430104"),
        Rule(Action.REFUSE, "消息里有钉钉不允许的链接或内容，没有发出。"),
    ),
}
_SECURITY = (
    ("keywords not in content", "消息里没有群机器人要求的关键词，请把它填进 keyword。"),
    ("invalid timestamp", "本机时间与钉钉相差太多，请开启自动对时。"),
    ("sign not match", "群机器人的加签密钥不对，请重新复制 SEC 开头的 secret。"),
    ("not in whitelist", "本机的出口 IP 不在群机器人的 IP 地址段里，请到群设置里添加。"),
)


class PlatformRefused(ChannelRefused):
    """Refused with a code, for callers that know another way."""

    def __init__(self, message: str, code: str, rule: Rule) -> None:
        super().__init__(message, reply=rule.advice or None)
        self.code = code
        self.action = rule.action


_RETRY_S = 5.0
_SETUP_S = 300.0
_LONGEST_S = 60.0


def rule_of_name(status: int, code: str, scopes: str = "") -> Rule:
    """Of the new API; ``scopes`` are the permissions it says are missing."""
    name = code.lower()
    if status == 504:
        return _TIMEOUT
    rule = _NAMED.get(name) or _ENDINGS.get(name.rpartition(".")[2])
    if rule is _RIGHTS and scopes:
        return Rule(Action.SETUP, f"{_RIGHTS.advice}缺的是：{scopes}。")
    if rule is not None:
        return rule
    if status == 429:
        return _LIMIT
    if name.startswith("forbidden."):
        return _RIGHTS
    return _BUSY if status >= 500 else _BUG


def rule_of_number(errcode: str, sub_code: str) -> Rule:
    """Of the old API, where auth errors hide in ``sub_code``."""
    return _NUMBERED.get(sub_code) or _NUMBERED.get(errcode) or _BUG


def rule_of_robot(errcode: str, errmsg: str) -> Rule:
    """Of a custom robot's webhook, whose documents and practice use different codes."""
    words = errmsg.lower()
    if "too fast" in words or "too many" in words:
        return _TOO_FAST
    rule = _ROBOT_NUMBERED.get(errcode, _BUG)
    if errcode == "310000":
        for said, advice in _SECURITY:
            if said in words:
                return Rule(Action.SETUP, advice)
    return rule


def error_of(rule: Rule, code: str, call: str, *, limited_before: int = 0) -> ChannelError:
    """The error to raise.

    Args:
        rule: What the code means.
        code: As the platform gave it.
        call: The API's path, for the log; never with its query.
        limited_before: How many answers in a row were over the limit: 1, 2, 4 … seconds.
    """
    message = f"{call} answered {code!r} ({rule.action})"
    match rule.action:
        case Action.RETRY | Action.TIMEOUT | Action.REFRESH:
            return ChannelUnavailable(message, retry_after_s=_RETRY_S, reply=rule.advice)
        case Action.BACK_OFF:
            wait_s = min(2.0**limited_before, _LONGEST_S)
            wait_s = _PENALTY_S if rule is _TOO_FAST else wait_s
            return ChannelUnavailable(message, retry_after_s=wait_s, reply=rule.advice)
        case Action.SETUP:
            return SetupNeeded(message, retry_after_s=_SETUP_S, reply=rule.advice)
        case _:
            return PlatformRefused(message, code, rule)
