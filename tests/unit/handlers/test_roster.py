from __future__ import annotations

import io
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from openpyxl import Workbook

from bot.errors import NotAllowed, UsageError
from bot.messages import ChannelName, Role, Sender
from handlers.access import Act, Actor, check
from handlers.people.actions import People, operator
from handlers.people.roster import read_roster
from store.engine import Store

HEADER = "姓名,单位,角色,手机,企业微信账号,钉钉账号,入党日期\n"


def sheet(rows: list[list[object]]) -> bytes:
    book = Workbook()
    page = book.active
    assert page is not None
    for row in rows:
        page.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def test_a_workbook_with_a_title_row_and_real_dates() -> None:
    content = sheet(
        [
            ["云溪县教育系统花名册"],
            ["姓名", "单位", "角色", "手机", "入党日期"],
            ["宋见微", "县局/机关支部", "管理员、党建专干", 19900001234, date(2012, 7, 1)],
            [None, None, None, None, None],
            ["祁远山", "县局／二中", None, "19900005678.0"[:11], "2015.6.30"],
        ]
    )
    rows, errors = read_roster("册.xlsx", content)

    assert errors == []
    assert [row.name for row in rows] == ["宋见微", "祁远山"]
    assert rows[0].unit == ("县局", "机关支部")
    assert rows[0].roles == (Role.ADMIN, Role.OFFICER)
    assert (rows[0].mobile, rows[0].joined_party_on) == ("19900001234", date(2012, 7, 1))
    assert rows[1].roles == (Role.TEACHER,)
    assert rows[1].joined_party_on == date(2015, 6, 30)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_text_sheet_in_any_usual_encoding(encoding: str) -> None:
    content = (HEADER + "白映雪,二中,书记,,bai,,\n").encode(encoding)
    (row,), errors = read_roster("册.csv", content)

    assert errors == []
    assert (row.name, row.roles, row.accounts) == ("白映雪", (Role.SECRETARY,), {"wecom": "bai"})


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (",二中,,,,,", "第 2 行：没有写姓名"),
        ("白映雪,,,,,,", "第 2 行：没有写单位"),
        ("白映雪,二中,班主席,,,,", "第 2 行：不认识角色“班主席”"),
        ("白映雪,二中,,12345,,,", "第 2 行：手机号要写 11 位数字"),
        ("白映雪,二中,,,,,去年七一", "第 2 行：入党日期“去年七一”读不懂"),
        ("白映雪,二中,,,,,2015-13-40", "第 2 行：入党日期"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(line: str, complaint: str) -> None:
    rows, errors = read_roster("册.csv", (HEADER + line + "\n").encode())

    assert rows == []
    assert errors[0].startswith(complaint)


def test_one_account_belongs_to_one_person() -> None:
    content = HEADER + "甲,二中,,,same,,\n乙,二中,,,same,,\n"

    assert read_roster("册.csv", content.encode())[1] == ["账号 same 同时写给了甲和乙"]


@given(st.binary(max_size=300), st.sampled_from(["册.csv", "册.xlsx", "册.doc"]))
@example(b"\r\x00", "册.csv")
def test_any_file_is_a_roster_or_a_sentence(content: bytes, name: str) -> None:
    try:
        read_roster(name, content)
    except UsageError as error:
        assert error.reply.endswith("。")


@pytest.fixture
async def people(tmp_path: Path) -> AsyncIterator[People]:
    store = await Store.open(tmp_path)
    yield People(store, lambda: datetime(2026, 3, 2, tzinfo=UTC), frozenset({"wecom:boss"}))
    await store.close()


ROSTER = (
    HEADER
    + "宋见微,县局,管理员,,song,,\n"
    + "祁远山,县局/二中,教师,,qi,qi-ding,\n"
    + "祁远山,县局/联盟,指导组,,qi,,\n"
).encode()


async def test_an_import_twice_is_an_import_once(people: People) -> None:
    first = await people.import_roster(operator(), "册.csv", ROSTER)
    again = await people.import_roster(operator(), "册.csv", ROSTER)

    assert (first.added, first.known, first.units) == (2, 1, 3)
    assert (again.added, again.known, again.units) == (0, 3, 0)
    assert [person.name for person in await people.everyone()] == ["宋见微", "祁远山"]


async def test_a_dry_run_writes_nothing(people: People) -> None:
    result = await people.import_roster(operator(), "册.csv", ROSTER, is_dry_run=True)

    assert (result.added, result.known, result.units) == (2, 1, 3)
    assert "新增 宋见微（县局）" in result.changes
    assert await people.everyone() == []


async def test_one_bad_row_and_nobody_is_imported(people: People) -> None:
    result = await people.import_roster(operator(), "册.csv", ROSTER + "丙,,,,,,\n".encode())

    assert result.errors == ("第 5 行：没有写单位",)
    assert await people.everyone() == []


async def test_one_person_on_every_platform_and_in_every_unit(people: People) -> None:
    await people.import_roster(operator(), "册.csv", ROSTER)
    wecom = await people.actor(Sender(channel=ChannelName.WECOM_AIBOT, account="qi"))
    dingtalk = await people.actor(Sender(channel=ChannelName.DINGTALK, account="qi-ding"))
    boss = await people.actor(Sender(channel=ChannelName.WECOM_APP, account="boss"))
    stranger = await people.actor(Sender(channel=ChannelName.WECOM_APP, account="nobody"))

    assert wecom.member_id == dingtalk.member_id
    assert wecom.every_role == {Role.TEACHER, Role.GUIDANCE}
    assert len(wecom.units) == 3
    assert boss.is_operator
    assert stranger.every_role == {Role.GUEST}


async def test_an_admins_rights_reach_down_and_nobody_elses(people: People) -> None:
    await people.import_roster(operator(), "册.csv", ROSTER)
    admin = await people.actor(Sender(channel=ChannelName.WECOM_APP, account="song"))
    teacher = await people.actor(Sender(channel=ChannelName.WECOM_APP, account="qi"))

    for unit in teacher.units:
        assert admin.may(Act.MANAGE_DOCUMENTS, unit)
        assert not teacher.may(Act.MANAGE_DOCUMENTS, unit)
        assert admin.sees(unit)
    assert not teacher.sees(999)
    with pytest.raises(NotAllowed):
        check(teacher, Act.MANAGE_PEOPLE)
    with pytest.raises(NotAllowed):
        await people.import_roster(teacher, "册.csv", ROSTER)


def test_a_guest_may_ask_and_no_more() -> None:
    guest = Actor(sender=Sender(channel=ChannelName.WEB, account="guest"))

    assert guest.may(Act.ASK)
    assert not any(guest.may(act) for act in Act if act is not Act.ASK)
