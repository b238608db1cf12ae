"""What each channel can do, and what happens instead: the README's table says it in these words.

Whether a channel has a capability is read from its class, so that the table cannot promise what is
not there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bot.channels.console import ConsoleChannel
from bot.channels.dingtalk.channel import DingTalkChannel
from bot.channels.dingtalk.webhook import DingTalkWebhooks
from bot.channels.web import WebChannel
from bot.channels.wecom.aibot import AiBotChannel
from bot.channels.wecom.aibot_callback import AiBotCallbackChannel
from bot.channels.wecom.app import WeComApp
from bot.channels.wecom.webhook import WeComWebhooks

PAGE, TERMINAL = "网页 `/chat`", "终端 `yaodian chat`"
APP, WEBHOOK = "企业微信自建应用", "企业微信群消息推送"
SOCKET, CALLBACK = "企业微信智能机器人（长连接）", "企业微信智能机器人（回调）"
DINGTALK, DINGTALK_WEBHOOK = "钉钉应用机器人", "钉钉群机器人"

COLUMNS: Mapping[str, type] = {
    PAGE: WebChannel,
    TERMINAL: ConsoleChannel,
    APP: WeComApp,
    SOCKET: AiBotChannel,
    CALLBACK: AiBotCallbackChannel,
    WEBHOOK: WeComWebhooks,
    DINGTALK: DingTalkChannel,
    DINGTALK_WEBHOOK: DingTalkWebhooks,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One thing people want of a channel.

    ``needs`` is the method or attribute of the capability; empty where none decides.
    """

    title: str
    needs: str = ""
    yes: str = "可以"
    no: str = "没有"
    instead: Mapping[str, str] = field(default_factory=dict)
    """Words of their own for some columns; they say yes or no by ``needs`` all the same."""


ROWS = (
    Row(
        title="提问、追问、看出处",
        instead={APP: "可以（私聊）", SOCKET: "可以（私聊；群里要 @）",
                 CALLBACK: "可以（私聊；群里要 @）", WEBHOOK: "只发不收",
                 DINGTALK: "可以（私聊；群里要 @）", DINGTALK_WEBHOOK: "只发不收"},
    ),
    Row(
        title="到点主动提醒",
        instead={TERMINAL: "下次打开时看到", SOCKET: "可以（先和它说过一句话的人）",
                 CALLBACK: "不能，从自建应用或网页提醒", WEBHOOK: "可以（发给整个群）",
                 DINGTALK_WEBHOOK: "可以（发给整个群）"},
    ),
    Row(
        title="打开到那一条", yes="`/来源` 给全文",
        instead={PAGE: "点出处", TERMINAL: "`/来源` 给全文", APP: "`/来源` 给全文",
                 SOCKET: "`/来源` 给全文", CALLBACK: "`/来源` 给全文", WEBHOOK: "没有",
                 DINGTALK_WEBHOOK: "没有"},
    ),
    Row(
        title="原文件",
        instead={PAGE: "下载", TERMINAL: "给文件名", APP: "发文件", SOCKET: "发文件",
                 CALLBACK: "只发图片，文件给名字", WEBHOOK: "发文件",
                 DINGTALK: "发文件，钉钉不收的格式打成 zip",
                 DINGTALK_WEBHOOK: "不能，说请私聊要点索取"},
    ),
    Row(
        title="边写边显示", needs="stream", no="写好了一次发",
        instead={DINGTALK: "配了流式卡片模板：可以；没配：写好了一次发"},
    ),
    Row(
        title="点卡片上的按钮", needs="update_card", yes="点了，卡片就地更新", no="照提示打字",
        instead={PAGE: "点", WEBHOOK: "没有",
                 DINGTALK: "配了卡片模板：点了就地更新；没配：照提示打字",
                 DINGTALK_WEBHOOK: "没有"},
    ),
    Row(
        title="签到卡片上的人数", needs="refresh_card", yes="自己更新", no="有人点了才更新",
        instead={TERMINAL: "发 `/签到 情况` 看", APP: "结束时更新一次", WEBHOOK: "没有",
                 DINGTALK: "配了卡片模板：半分钟更新一次；没配：发 `/签到 情况` 看",
                 DINGTALK_WEBHOOK: "没有"},
    ),
    Row(
        title="发照片、文件给它", needs="download", yes="存一天，等着当佐证", no="不能",
        instead={PAGE: "点 📎，或拖进来、粘贴", WEBHOOK: "只发不收",
                 DINGTALK: "存一天，等着当佐证（文件要在私聊里发）",
                 DINGTALK_WEBHOOK: "只发不收"},
    ),
    Row(
        title="群里问到只能本人看的", needs="keeps_privacy", yes="单独发给本人", no="不进群",
        instead={CALLBACK: "请本人到单聊里再问"},
    ),
    Row(
        title="撤回发出的", needs="recall", yes="24 小时内可以", no="不能，再发一条更正",
        instead={DINGTALK: "可以（卡片不能），时限由钉钉定"},
    ),
    Row(
        title="等着发给一个群的几条", needs="merge", yes="合成一条", no="一条一条发",
        instead={PAGE: "不进群", TERMINAL: "不进群", APP: "不进群",
                 DINGTALK: "提醒合成一条（带按钮的卡片除外）"},
    ),
    Row(
        title="同步通讯录", needs="read_directory", no="从花名册导入",
    ),
    Row(
        title="用它登录管理网页", needs="sign_in_url", no="用 `/登录` 的链接",
        instead={TERMINAL: "不能", WEBHOOK: "不能", DINGTALK_WEBHOOK: "不能"},
    ),
    Row(
        title="提醒会不会重",
        instead={PAGE: "不会", TERMINAL: "不会", APP: "平台去重（4 小时内同一条只到一次）",
                 SOCKET: "拿不准时标“可能重复”", CALLBACK: "不发提醒",
                 WEBHOOK: "拿不准时标“可能重复”",
                 DINGTALK: "填了 `agent_id`：当天平台去重；没填：拿不准时标“可能重复”",
                 DINGTALK_WEBHOOK: "平台去重（10 分钟内同一条只到一次）"},
    ),
)  # fmt: skip


def can(channel: type, row: Row) -> bool:
    """Whether its class has what the row needs."""
    return not row.needs or hasattr(channel, row.needs)


def cells(row: Row) -> Iterator[tuple[str, str]]:
    """Column and words."""
    for column, channel in COLUMNS.items():
        yield column, row.instead.get(column) or (row.yes if can(channel, row) else row.no)


def table() -> str:
    """As it stands in the README."""
    lines = [f"| | {' | '.join(COLUMNS)} |", "|---" * (len(COLUMNS) + 1) + "|"]
    lines += [f"| {row.title} | {' | '.join(words for _, words in cells(row))} |" for row in ROWS]
    return "\n".join(lines)
