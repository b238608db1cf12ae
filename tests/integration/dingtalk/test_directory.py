"""Reading DingTalk's directory, against the simulator."""

import pytest

from bot.channels.base import DirectoryMember, DirectoryUnit
from bot.channels.dingtalk.directory import member, read_directory, union_id
from bot.errors import ChannelUnavailable, SetupNeeded
from tests.integration.dingtalk.sending_stage import Stage, stage


def furnish(dingtalk: Stage) -> None:
    directory = dingtalk.fake.directory
    directory.departments = [
        {"dept_id": 1, "name": "松涛县教育局"},
        {"dept_id": "7", "name": "松涛县第三小学", "parent_id": "1"},
        {"dept_id": 71, "name": "语文组", "parent_id": 7},
    ]
    directory.staff = [
        {"userid": "lu", "name": "陆闻笛", "dept_id_list": [1], "unionid": "u-lu"},
        {"userid": "jiang", "name": "江晚舟", "dept_id_list": [7, 71], "mobile": "13800000000"},
    ]


async def test_units_and_members_are_read_from_the_top_down() -> None:
    async with stage() as dingtalk:
        furnish(dingtalk)

        found = await read_directory(dingtalk.api)

        assert found.units == (
            DirectoryUnit(id="1", name="松涛县教育局", parent_id=None),
            DirectoryUnit(id="7", name="松涛县第三小学", parent_id="1"),
            DirectoryUnit(id="71", name="语文组", parent_id="7"),
        )
        assert found.members == (
            DirectoryMember(account="lu", name="陆闻笛", unit_ids=("1",)),
            DirectoryMember(
                account="jiang", name="江晚舟", unit_ids=("7", "71"), mobile="13800000000"
            ),
        )


async def test_a_large_department_is_read_page_by_page() -> None:
    async with stage() as dingtalk:
        furnish(dingtalk)
        dingtalk.fake.directory.page = 2
        dingtalk.fake.directory.staff = [
            {"userid": f"t{n}", "name": f"教师{n}", "dept_id_list": [7]} for n in range(5)
        ]

        found = await read_directory(dingtalk.api)

        assert [one.account for one in found.members] == [f"t{n}" for n in range(5)]


async def test_a_department_out_of_sight_is_left_out_of_a_member() -> None:
    async with stage() as dingtalk:
        furnish(dingtalk)
        dingtalk.fake.directory.staff[1]["dept_id_list"] = [7, 999]

        found = await read_directory(dingtalk.api)

        assert found.members[1].unit_ids == ("7",)


async def test_an_outage_in_the_middle_is_no_smaller_directory() -> None:
    """Half a directory would make everybody else look as if they had left."""
    async with stage() as dingtalk:
        furnish(dingtalk)
        dingtalk.fake.script["/topapi/v2/user/list"].extend(["html"])

        with pytest.raises(ChannelUnavailable):
            await read_directory(dingtalk.api)


async def test_a_missing_right_is_named() -> None:
    async with stage() as dingtalk:
        furnish(dingtalk)
        dingtalk.fake.rights.discard("contact")

        with pytest.raises(SetupNeeded) as caught:
            await read_directory(dingtalk.api)

        assert "权限" in caught.value.reply


async def test_a_busy_gateway_is_asked_again() -> None:
    async with stage() as dingtalk:
        furnish(dingtalk)
        dingtalk.fake.script["/topapi/v2/department/listsub"].extend(["timeout", ("90002", "")])

        found = await read_directory(dingtalk.api)

        assert len(found.units) == 3


async def test_one_member_is_looked_up_and_who_is_gone_is_nobody() -> None:
    async with stage() as dingtalk:
        furnish(dingtalk)

        assert (await member(dingtalk.api, "jiang") or pytest.fail()).name == "江晚舟"
        assert await member(dingtalk.api, "gone") is None
        assert await union_id(dingtalk.api, "lu") == "u-lu"
        assert await union_id(dingtalk.api, "jiang") is None
        assert await union_id(dingtalk.api, "gone") is None
