"""Every command × every role × one's own unit and another: one table. A new command needs a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.messages import Role
from tests.integration.matrix_town import FAR, NEAR, Town, town

R = Role
NOBODY: frozenset[Role] = frozenset()
EVERYBODY = frozenset(Role)
MEMBERS = EVERYBODY - {R.GUEST}
ADMIN = frozenset({R.ADMIN})
KEEPS = ADMIN | {R.OFFICER}
LEADS = KEEPS | {R.SECRETARY}
IN_CHARGE = LEADS | {R.BRANCH_SECRETARY}
SEES = IN_CHARGE | {R.GUIDANCE, R.DISCIPLINE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What is said about a thing of the own unit, then of another's, and who is answered.

    ``{}`` in the sentences is the unit, ``{看}`` and the like the number of its thing. An answer
    counts when it has ``shows`` in it. ``other`` None: it is about no unit.
    """

    says: str
    own: frozenset[Role]
    other: frozenset[Role] | None = None
    shows: str = ""
    top: bool = True
    """Whether the admin of the whole is answered about the other unit, too."""


def about_units(says: str, own: frozenset[Role], shows: str = "", *, top: bool = True) -> Row:
    """Nobody of one school is answered about the other."""
    return Row(says=says, own=own, other=NOBODY, shows=shows, top=top)


TABLE: Mapping[str, tuple[Row, ...]] = {
    "帮助": (Row(says="/帮助", own=EVERYBODY, shows="/来源"),),
    "问": (about_units("/问 {}每人可借图书多少册", MEMBERS, "{}每人可借图书7册"),),
    "来源": (Row(says="/来源", own=MEMBERS, shows="图书借阅办法"),),
    "原文": (Row(says="/原文", own=MEMBERS, shows=".txt"),),
    "文档": (about_units("/文档 {文件}", MEMBERS, "第一条"),),
    "加入": (Row(says="/加入 自己 {}", own=EVERYBODY),),
    "绑定": (Row(says="/绑定", own=EVERYBODY, shows="/绑定"),),
    "常用平台": (Row(says="/常用平台", own=EVERYBODY),),
    "成员": (
        about_units("/成员 {人}", SEES, "{人}"),
        about_units("/成员 {}", SEES, "{人}"),
        about_units("/成员 添加 新人 {}", ADMIN, "新人"),
        about_units("/成员 停用 {人}", ADMIN, "停用 {人}"),
    ),
    "角色": (about_units("/角色 {人} 党员 {}", ADMIN, "成为{}的党员"),),
    "申请": (about_units("/申请", ADMIN, "{}生人1"),),
    "同意加入": (about_units("/同意加入 {申请1}", ADMIN, "已同意"),),
    "谢绝加入": (about_units("/谢绝加入 {申请2}", ADMIN, "已谢绝"),),
    "片区": (about_units("/片区 {}片 加 {}", ADMIN, "{}片：{}"),),
    "问题": (
        about_units("/问题", LEADS, "{}校庆"),
        about_units("/问题 关闭 {问题2}", KEEPS, "已关闭"),
    ),
    "答": (about_units("/答 {问题} 每年五月", KEEPS, "已经告诉提问的人"),),
    "通知": (
        about_units("/通知 {} 开会", IN_CHARGE, "发通知给"),
        about_units("/通知 {人} 开会", IN_CHARGE, "发通知给 1 人"),
        Row(says="/通知 {通知}", own=NOBODY, other=NOBODY),
        Row(says="/通知 撤回 {通知}", own=NOBODY, other=NOBODY),
    ),
    "通知收到": (about_units("/通知收到 {通知}", MEMBERS, "记下您收到了", top=False),),
    "文档管理": (
        about_units("/文档管理 停用 {文件}", KEEPS, "停用《"),
        about_units("/文档管理 可见 {文件} {}", KEEPS, "现在给"),
    ),
    "撤销": (Row(says="/撤销", own=MEMBERS),),
    "登录": (Row(says="/登录", own=SEES, shows="登录管理网页"),),
    "日志": (Row(says="/日志", own=ADMIN),),
    "确认执行": (Row(says="/确认执行 1", own=EVERYBODY),),
    "放弃执行": (Row(says="/放弃执行 1", own=EVERYBODY),),
    "提醒": (Row(says="/提醒", own=EVERYBODY),),
    "日历": (Row(says="/日历", own=MEMBERS),),
    "确认": (Row(says="/确认", own=EVERYBODY),),
    "算了": (Row(says="/算了", own=EVERYBODY),),
    "选": (Row(says="/选 1", own=EVERYBODY),),
    "我的任务": (Row(says="/我的任务", own=EVERYBODY),),
    "任务": (
        about_units("/任务 {看}", SEES, "看"),
        about_units("/任务", SEES, "{标}看"),
    ),
    "草稿": (Row(says="/草稿", own=EVERYBODY),),
    "任务表": (Row(says="/任务表 1", own=EVERYBODY),),
    "签收": (about_units("/签收 {签收}", IN_CHARGE, "已签收"),),
    "办理": (about_units("/办理 {办理}", IN_CHARGE, "办理中"),),
    "完成": (about_units("/完成 {完成} 办好了", IN_CHARGE, "已反馈"),),
    "退回": (about_units("/退回 {退回} 不归我", IN_CHARGE, "已退回"),),
    "延期": (about_units("/延期 {延期} 到10天后 因为没齐", IN_CHARGE, "已延期到"),),
    "稍后": (about_units("/稍后 {稍后} 明天8点", IN_CHARGE, "再提醒"),),
    "办结": (about_units("/办结 {办结}", IN_CHARGE, "已办结"),),
    "重办": (about_units("/重办 {重办} 照片不清楚", IN_CHARGE, "已退回重办"),),
    "交办": (about_units("/交办 {交办}", IN_CHARGE, "已重新交办"),),
    "转交": (about_units("/转交 {转交} 自己", IN_CHARGE, "自己"),),
    "批准": (about_units("/批准 {批准}", IN_CHARGE, "同意延期到"),),
    "不批准": (about_units("/不批准 {不批准} 时间紧", IN_CHARGE, "没有同意延期"),),
    "取消": (about_units("/取消 {取消}", IN_CHARGE, "已取消"),),
    "签到": (
        about_units("/签到 开始 主题党日 明天下午3点到4点 {}", IN_CHARGE, "已通知名单"),
        about_units("/签到 名单 {签到}", IN_CHARGE, "应到"),
    ),
    "请假": (about_units("/请假 {签到} 家里有事", MEMBERS, "请假", top=False),),
    "补签": (about_units("/补签 同意 {签到} {编号}", IN_CHARGE, "处理过"),),
    "记录": (about_units("/记录 {记录}", SEES - {R.DISCIPLINE}, "三会一课"),),
    "填报": (Row(says="/填报 项目申报", own=MEMBERS),),
    "存记录": (Row(says="/存记录 存 1", own=EVERYBODY),),
    "统计": (
        about_units("/统计 {} 本月", SEES, "{}"),
        about_units("/统计 任务 {看}", SEES, "看"),
    ),
    "月报": (about_units("/月报 {} 本月", SEES, ".docx"),),
    "年报": (about_units("/年报 {}", SEES, ".xlsx"),),
    "我的数据": (Row(says="/我的数据", own=MEMBERS, shows="自己的数据.zip"),),
    "积分": (Row(says="/积分", own=MEMBERS), about_units("/积分 {}", SEES, "{}")),
    "指标": (
        about_units("/指标 {}", SEES, "{}"),
        Row(says="/指标 评 6 {} 3 做得好", own=NOBODY, other=NOBODY, shows="3"),
    ),
    "佐证": (about_units("/佐证 任务 {看}", SEES, ".zip"),),
    "放假安排": (
        Row(says="/放假安排", own=ADMIN, shows="放假安排"),
        Row(says="/放假安排 2027年 元旦：1月1日至3日放假，1月4日上班", own=NOBODY, shows="2027年"),
    ),
    "注销": (about_units("/注销 {人}", ADMIN, "注销 {人}"),),
}


def filled(sentence: str, unit: str, words: Mapping[str, str]) -> str:
    """The unit and the numbers of its things put in."""
    for name, value in words.items():
        if name.startswith(unit):
            sentence = sentence.replace(f"{{{name.removeprefix(unit)}}}", value)
    return sentence.replace("{}", unit)


async def is_answered(place: Town, row: Row, unit: str) -> bool:
    said = await place.says("自己", filled(row.says, unit, place.words))
    return said is not None and filled(row.shows, unit, place.words) in said


async def of_role(folder: Path, role: Role) -> dict[tuple[str, str], tuple[bool, bool | None]]:
    """By command and sentence: whether it is answered about the own unit, and another."""
    found: dict[tuple[str, str], tuple[bool, bool | None]] = {}
    async with town(folder, None if role is R.GUEST else role) as place:
        for name, rows in TABLE.items():
            for row in rows:
                own = await is_answered(place, row, NEAR)
                other = None if row.other is None else await is_answered(place, row, FAR)
                found[name, row.says] = (own, other)
    return found


@pytest.mark.parametrize("role", list(Role))
async def test_who_is_answered_about_what(tmp_path: Path, role: Role) -> None:
    found = await of_role(tmp_path, role)

    assert found == {
        (name, row.says): (role in row.own, None if row.other is None else role in row.other)
        for name, rows in TABLE.items()
        for row in rows
    }


async def test_the_admin_of_the_whole_is_answered_about_every_unit(tmp_path: Path) -> None:
    async with town(tmp_path, R.ADMIN, "县局") as place:
        refused = [
            (row.says, unit)
            for rows in TABLE.values()
            for row in rows
            for unit in ((NEAR,) if row.other is None else (NEAR, FAR))
            if row.top and not await is_answered(place, row, unit)
        ]

    assert refused == []


async def test_every_command_has_a_row(tmp_path: Path) -> None:
    async with town(tmp_path, None) as place:
        commands = place.app.router.commands

    assert {command.names[0] for command in commands} == set(TABLE)
