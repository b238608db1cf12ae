import asyncio
import zipfile
from io import BytesIO

import pytest

from bot.channels.dingtalk.robot import GROUP, SESSION, SINGLE
from bot.errors import ChannelRefused, ChannelUnavailable, OutcomeUnknown
from bot.messages import Attachment, Reply, Source
from tests.integration.dingtalk.sending_stage import group, stage, to

NOTICE = Reply(text="周三下午三点在二楼会议室开主题党日，请准时参加。")


async def test_an_answer_goes_where_it_was_asked_and_costs_no_call() -> None:
    async with stage() as dingtalk:
        source = Source(document="1", title="校园阅读工作方案", locator="二、（一）")

        await dingtalk.deliver(
            Reply(text="不少于80册 [1]", sources=(source,)), dingtalk.answering()
        )

        (seen,) = dingtalk.fake.delivered
        assert (seen.to, seen.how, seen.kind) == ("zhang", "session", "text")
        assert seen.text == "不少于80册 [1]\n\n出处：\n[1] 《校园阅读工作方案》二、（一）"
        assert dingtalk.spent == []


async def test_after_its_session_an_answer_goes_through_the_robot() -> None:
    async with stage() as dingtalk:
        target = dingtalk.answering()
        dingtalk.clock.forward(minutes=89, seconds=40)

        await dingtalk.deliver(NOTICE, target)

        (seen,) = dingtalk.fake.delivered
        assert (seen.to, seen.how, seen.kind) == ("zhang", "robot", "sampleText")
        assert dingtalk.fake.calls[SESSION] == 0


@pytest.mark.parametrize("fault", [("300001", ""), ("130101", "")])
async def test_a_session_that_is_closed_early_is_passed_by(fault: tuple[str, str]) -> None:
    async with stage() as dingtalk:
        dingtalk.fake.script[SESSION].append(fault)

        await dingtalk.deliver(NOTICE, dingtalk.answering())
        await dingtalk.deliver(NOTICE, dingtalk.answering("cidGroup1", is_group=True))
        dingtalk.fake.robots.sessions.clear()
        await dingtalk.deliver(NOTICE, dingtalk.answering("cidGroup1", is_group=True))

        assert [one.how for one in dingtalk.fake.delivered] == ["robot", "session", "session"]


async def test_a_session_that_the_platform_forgot_is_passed_by_in_a_group() -> None:
    async with stage() as dingtalk:
        target = dingtalk.answering("cidGroup1", is_group=True)
        dingtalk.fake.robots.sessions.clear()

        (sent,) = await dingtalk.deliver(NOTICE, target)

        (seen,) = dingtalk.fake.delivered
        assert (seen.to, seen.how) == ("cidGroup1", "group")
        assert sent.provider_id is not None
        assert sent.provider_id.startswith("group ")


async def test_a_session_that_leads_elsewhere_is_never_called() -> None:
    async with stage() as dingtalk, stage() as elsewhere:
        target = elsewhere.answering()

        await dingtalk.deliver(NOTICE, target)

        assert elsewhere.fake.delivered == []
        assert [one.how for one in dingtalk.fake.delivered] == ["robot"]


async def test_in_a_group_members_are_mentioned_by_session_only() -> None:
    async with stage() as dingtalk:
        reply = Reply(text="请报名单", mentions=("7", "8", "99"))

        await dingtalk.deliver(reply, dingtalk.answering("cidGroup1", is_group=True))
        await dingtalk.deliver(reply, group())

        answered, pushed = dingtalk.fake.delivered
        assert answered.body["at"] == {"atUserIds": ["zhang", "li"]}
        assert answered.text == "请报名单 @zhang @li"
        assert pushed.text == "请报名单"


async def test_who_is_an_outsider_is_answered_and_never_pushed_to() -> None:
    async with stage() as dingtalk:
        target = dingtalk.answering("$:LWCP_v1:$outsider")
        await dingtalk.deliver(NOTICE, target)
        dingtalk.clock.forward(hours=2)

        with pytest.raises(ChannelRefused) as caught:
            await dingtalk.deliver(NOTICE, target)

        assert len(dingtalk.fake.delivered) == 1
        assert "通讯录" in caught.value.reply


async def test_nothing_private_goes_into_a_group() -> None:
    async with stage() as dingtalk:
        with pytest.raises(ChannelRefused):
            await dingtalk.deliver(Reply(text="谈话记录", is_private=True), group())

        assert dingtalk.fake.delivered == []


async def test_the_same_to_many_people_is_one_call_for_twenty() -> None:
    async with stage() as dingtalk:
        people = [f"t{n}" for n in range(25)]
        dingtalk.fake.members |= set(people)

        await asyncio.gather(
            *(dingtalk.deliver(NOTICE, to(one), name=f"d-{one}") for one in people)
        )

        assert sorted(one.to for one in dingtalk.fake.delivered) == sorted(people)
        assert dingtalk.fake.calls[SINGLE] == 2
        assert len(dingtalk.spent) == 2


async def test_different_words_are_never_mixed_up() -> None:
    async with stage() as dingtalk:
        words = {"zhang": "张老师，请交名单", "li": "李老师，请交总结", "wang": "王老师，请签收"}

        await asyncio.gather(
            *(dingtalk.deliver(Reply(text=text), to(who), who) for who, text in words.items())
        )

        assert {one.to: one.text for one in dingtalk.fake.delivered} == words


async def test_a_lost_answer_leaves_everybody_of_the_call_in_doubt() -> None:
    async with stage() as dingtalk:
        dingtalk.fake.script[SINGLE].append("lost")

        outcomes = await asyncio.gather(
            dingtalk.deliver(NOTICE, to("zhang"), "d1"),
            dingtalk.deliver(NOTICE, to("li"), "d2"),
            return_exceptions=True,
        )

        assert [type(one) for one in outcomes] == [OutcomeUnknown, OutcomeUnknown]


async def test_one_who_left_keeps_the_message_from_nobody_else() -> None:
    async with stage() as dingtalk:
        (sent,) = await dingtalk.deliver(NOTICE, to("zhang", "gone", "li"))

        assert [one.to for one in dingtalk.fake.delivered] == ["zhang", "li"]
        assert sent.refused == {"gone": "不在应用的可使用范围，或已离职"}


async def test_a_batch_that_fails_for_one_is_sent_one_by_one() -> None:
    async with stage() as dingtalk:
        dingtalk.fake.script[SINGLE].append((400, "invalidParameter.userIds.invalid"))

        first, second = await asyncio.gather(
            dingtalk.deliver(NOTICE, to("zhang"), "d1"),
            dingtalk.deliver(NOTICE, to("gone"), "d2"),
            return_exceptions=True,
        )

        assert isinstance(first, list)
        assert isinstance(second, ChannelRefused)
        assert [one.to for one in dingtalk.fake.delivered] == ["zhang"]


async def test_who_is_held_back_gets_it_on_the_next_try_and_the_rest_once() -> None:
    async with stage() as dingtalk:
        dingtalk.fake.flow_controlled["li"] = 2

        (sent,) = await dingtalk.deliver(NOTICE, to("zhang", "li"))

        assert [one.to for one in dingtalk.fake.delivered] == ["zhang", "li"]
        assert sent.refused == {}


async def test_who_stays_held_back_is_told_of_or_waited_for() -> None:
    async with stage() as dingtalk:
        dingtalk.fake.flow_controlled["li"] = 100

        (sent,) = await dingtalk.deliver(NOTICE, to("zhang", "li"))
        with pytest.raises(ChannelUnavailable) as caught:
            await dingtalk.deliver(NOTICE, to("li"))

        assert "频率" in sent.refused["li"]
        assert caught.value.retry_after_s == 60
        assert dingtalk.sender.wait_s(to("zhang"), dingtalk.clock.now) == 60
        assert dingtalk.sender.wait_s(dingtalk.answering(), dingtalk.clock.now) == 0


@pytest.mark.parametrize(
    ("fault", "error", "retry_after_s"),
    [
        ("html", ChannelUnavailable, 60),
        ("punish", ChannelUnavailable, 5),
        ((403, "Forbidden.AccessDenied.QpsLimitForApi"), ChannelUnavailable, 1),
        ((403, "Forbidden.AccessDenied.QpmLimitForAppkeyAndApi"), ChannelUnavailable, 1),
        ((400, "qps.exceed.limit"), ChannelUnavailable, 1),
        ((429, "TooManyRequests"), ChannelUnavailable, 1),
        ((403, "Forbidden.AccessDenied.IpNotInWhiteList"), ChannelUnavailable, 300),
        ((500, "SystemError"), ChannelUnavailable, 5),
        ("timeout", OutcomeUnknown, None),
        ("cut", OutcomeUnknown, None),
        ("lost", OutcomeUnknown, None),
        ((400, "invalidParameter.robotCode.auth"), ChannelRefused, None),
        ((400, "invalidParameter.msgParam.invalid"), ChannelRefused, None),
        ((400, "resource.unavailable"), ChannelRefused, None),
        ((400, "invalidParameter.userIds.invalid"), ChannelRefused, None),
    ],
)
async def test_every_fault_of_the_robot_says_what_to_do(
    fault: object, error: type[Exception], retry_after_s: float | None
) -> None:
    async with stage() as dingtalk:
        dingtalk.fake.script[SINGLE].append(fault)

        with pytest.raises(error) as caught:
            await dingtalk.deliver(NOTICE, to("zhang"))

        assert getattr(caught.value, "retry_after_s", None) == retry_after_s


async def test_a_stale_token_is_fetched_anew_and_the_message_sent_once() -> None:
    async with stage() as dingtalk:
        await dingtalk.deliver(NOTICE, to("zhang"))
        dingtalk.fake.tokens.clear()

        await dingtalk.deliver(NOTICE, to("li"))

        assert [one.to for one in dingtalk.fake.delivered] == ["zhang", "li"]
        assert dingtalk.fake.calls["/v1.0/oauth2/accessToken"] == 2


async def test_a_group_without_the_robot_is_explained() -> None:
    async with stage() as dingtalk:
        with pytest.raises(ChannelRefused) as caught:
            await dingtalk.deliver(NOTICE, group("cidElsewhere"))

        assert "机器人不在这个群里" in caught.value.reply
        assert dingtalk.fake.calls[GROUP] == 1


async def test_a_missing_permission_is_told_by_name_until_it_works() -> None:
    async with stage() as dingtalk:
        dingtalk.fake.rights.discard("robot")
        with pytest.raises(ChannelUnavailable):
            await dingtalk.deliver(NOTICE, to("zhang"))
        trouble = dingtalk.sender.trouble()

        dingtalk.fake.rights.add("robot")
        await dingtalk.deliver(NOTICE, to("zhang"))

        assert "robot.Write" in trouble
        assert dingtalk.sender.trouble() == ""


async def test_more_than_twenty_calls_a_second_wait() -> None:
    async with stage() as dingtalk:
        for n in range(20):
            assert dingtalk.sender.wait_s(to("zhang"), dingtalk.clock.now) == 0
            await dingtalk.deliver(Reply(text=f"第 {n} 条"), to("zhang"))

        assert dingtalk.sender.wait_s(to("zhang"), dingtalk.clock.now) == 1
        dingtalk.clock.forward(seconds=1)
        assert dingtalk.sender.wait_s(to("zhang"), dingtalk.clock.now) == 0


async def test_a_file_goes_as_what_it_is_and_others_in_a_zip() -> None:
    async with stage() as dingtalk:
        dingtalk.blobs.update(
            plan=b"PK\x03\x04 plan", rows="姓名,单位\n".encode(), photo=b"\x89PNG"
        )
        files = (
            Attachment(name="计划.docx", media_type="application/octet-stream", blob="plan"),
            Attachment(name="名单.csv", media_type="text/csv", blob="rows"),
            Attachment(name="现场.png", media_type="image/png", blob="photo"),
        )

        await dingtalk.deliver(Reply(attachments=files), dingtalk.answering())
        await dingtalk.deliver(Reply(attachments=files[:1]), group())

        kinds = [(one.how, one.kind) for one in dingtalk.fake.delivered]
        assert kinds == [
            ("robot", "sampleFile"),
            ("robot", "sampleFile"),
            ("robot", "sampleImageMsg"),
            ("group", "sampleFile"),
        ]
        assert list(dingtalk.fake.names.values()) == ["计划.docx", "名单.csv.zip", "现场.png"]
        boxed = list(dingtalk.fake.media.values())[1]
        assert zipfile.ZipFile(BytesIO(boxed)).read("名单.csv") == dingtalk.blobs["rows"]


async def test_a_file_that_dingtalk_forgot_is_uploaded_again() -> None:
    async with stage() as dingtalk:
        dingtalk.blobs["plan"] = b"PK\x03\x04 plan"
        plan = Attachment(name="计划.zip", media_type="application/zip", blob="plan")
        parts = await dingtalk.sender.render(
            Reply(attachments=(plan,)), to("zhang"), dingtalk.read_blob
        )
        dingtalk.fake.media.clear()
        dingtalk.fake.names.clear()

        await dingtalk.sender.send(parts[0], to("zhang"), "d1")

        assert list(dingtalk.fake.names.values()) == ["计划.zip"]
        assert [one.to for one in dingtalk.fake.delivered] == ["zhang"]


async def test_a_file_that_cannot_be_sent_is_said() -> None:
    async with stage() as dingtalk:
        dingtalk.blobs.update(empty=b"", plan=b"PK")
        empty = Attachment(name="空.docx", media_type="application/octet-stream", blob="empty")
        plan = Attachment(name="计划.docx", media_type="application/octet-stream", blob="plan")

        await dingtalk.deliver(Reply(attachments=(empty,)), dingtalk.answering())
        await dingtalk.deliver(Reply(attachments=(plan,)), dingtalk.answering("$outsider"))

        first, second = dingtalk.fake.delivered
        assert "空文件" in first.text
        assert (second.how, second.to) == ("session", "$outsider")
        assert "计划.docx" in second.text


async def test_what_was_sent_can_be_taken_back() -> None:
    async with stage() as dingtalk:
        (single,) = await dingtalk.deliver(NOTICE, to("zhang"))
        (shared,) = await dingtalk.deliver(NOTICE, group())
        (answered,) = await dingtalk.deliver(NOTICE, dingtalk.answering())

        for sent in (single, shared):
            assert sent.provider_id is not None
            await dingtalk.sender.recall(sent.provider_id)

        assert len(dingtalk.fake.recalled) == 2
        assert answered.provider_id is None
        with pytest.raises(ChannelRefused):
            await dingtalk.sender.recall("card x")


async def test_a_long_text_comes_whole_in_numbered_parts() -> None:
    async with stage() as dingtalk:
        lines = [f"{n:03}、请各支部按时上报学习记录，并附照片和签到表。" for n in range(300)]

        await dingtalk.deliver(Reply(text="\n".join(lines)), to("zhang"))

        texts = [one.text for one in dingtalk.fake.delivered]
        assert len(texts) > 1
        assert all(len(text.encode()) <= 6000 for text in texts)
        assert all(sum(line in text for text in texts) == 1 for line in lines)
