from dataclasses import replace

import pytest

from bot.channels.dingtalk.card_route import REGISTER, CardRoute, route_key, tap_secret
from bot.channels.dingtalk.cards import CREATE, UPDATE, shows_key, track_id
from bot.channels.dingtalk.settings import Mode
from bot.errors import ChannelUnavailable, OutcomeUnknown
from bot.messages import Button, Card, Reply
from tests.integration.dingtalk.sending_stage import Stage, group, stage, to

TASK = Card(
    title="主题党日",
    body="周三 15:00，二楼会议室",
    facts=(("责任人", "张老师"),),
    buttons=(
        Button(label="签收", command="/签收 17", style="primary"),
        Button(label="完成", command="/完成 17"),
    ),
    key="occurrence:17",
)
DONE = Card(title="主题党日（已签收）", body="谢谢", key="occurrence:17")


def shown(dingtalk: Stage, track: str) -> dict[str, str]:
    data = dingtalk.fake.cards[track]["cardData"]
    assert isinstance(data, dict)
    values: dict[str, str] = data["cardParamMap"]
    return values


async def test_without_a_template_buttons_are_commands_to_reply() -> None:
    async with stage() as dingtalk:
        await dingtalk.deliver(Reply(card=TASK), to("zhang"))

        (seen,) = dingtalk.fake.delivered
        assert seen.kind == "sampleMarkdown"
        assert seen.body["title"] == "主题党日"
        assert "签收：请回复 /签收 17" in seen.text
        assert "完成：请回复 /完成 17" in seen.text


async def test_with_a_template_a_tap_brings_the_command_back() -> None:
    async with stage(has_cards=True) as dingtalk:
        (sent,) = await dingtalk.deliver(Reply(card=TASK), to("zhang"), name="d" * 32)

        (seen,) = dingtalk.fake.delivered
        track = str(seen.body["outTrackId"])
        values = shown(dingtalk, track)
        assert (seen.to, seen.how) == ("zhang", "card")
        assert seen.body["callbackType"] == "STREAM"
        assert (values["button1"], values["command1"]) == ("签收", "/签收 17")
        assert (values["button3"], values["command3"]) == ("", "")
        assert values["facts"] == "责任人：张老师"
        assert sent.provider_id == f"card {track}"
        assert shows_key(track, "occurrence:17")
        assert not shows_key(track, "occurrence:18")


async def test_two_people_get_a_card_each() -> None:
    async with stage(has_cards=True) as dingtalk:
        await dingtalk.deliver(Reply(text="请看", card=TASK), to("zhang", "li"))

        assert [(one.to, one.how) for one in dingtalk.fake.delivered] == [
            ("zhang", "robot"),
            ("li", "robot"),
            ("zhang", "card"),
            ("li", "card"),
        ]
        assert len(dingtalk.fake.cards) == 2


async def test_the_tapped_card_itself_says_what_became_of_it() -> None:
    async with stage(has_cards=True) as dingtalk:
        await dingtalk.deliver(Reply(card=TASK), to("zhang"))
        (track,) = dingtalk.fake.cards

        await dingtalk.deliver(Reply(card=DONE), dingtalk.answering(tapped=track), name="d2")

        values = shown(dingtalk, track)
        assert (values["title"], values["button1"]) == ("主题党日（已签收）", "")
        assert len(dingtalk.fake.delivered) == 1


async def test_in_a_group_the_card_changes_for_the_one_who_tapped() -> None:
    async with stage(has_cards=True) as dingtalk:
        await dingtalk.deliver(Reply(card=TASK), group())
        (track,) = dingtalk.fake.cards
        tapped = dingtalk.answering("cidGroup1", is_group=True, tapped=track)

        await dingtalk.deliver(Reply(card=DONE), replace(tapped, accounts=("zhang",)), name="d2")

        private = dingtalk.fake.cards[track]["privateData"]
        assert isinstance(private, dict)
        assert private["zhang"]["cardParamMap"]["title"] == "主题党日（已签收）"


async def test_a_card_that_is_gone_is_answered_in_words() -> None:
    async with stage(has_cards=True) as dingtalk:
        gone = track_id("occurrence:17", "d0")

        await dingtalk.deliver(Reply(card=DONE), dingtalk.answering(tapped=gone))
        await dingtalk.deliver(Reply(card=TASK), dingtalk.answering(tapped=gone), name="d2")

        assert [one.how for one in dingtalk.fake.delivered] == ["robot", "card"]
        assert "已签收" in dingtalk.fake.delivered[0].text


async def test_a_template_that_is_wrong_leaves_words_and_is_not_tried_each_time() -> None:
    async with stage(has_cards=True) as dingtalk:
        dingtalk.fake.templates.clear()

        for n in range(3):
            await dingtalk.deliver(Reply(card=TASK), to("zhang"), name=f"d{n}")

        assert [one.how for one in dingtalk.fake.delivered] == ["robot"] * 3
        assert all("/签收 17" in one.text for one in dingtalk.fake.delivered)
        assert dingtalk.fake.calls[CREATE] == 1


async def test_a_missing_card_permission_leaves_words() -> None:
    async with stage(has_cards=True) as dingtalk:
        dingtalk.fake.rights.discard("card")

        await dingtalk.deliver(Reply(card=TASK), to("zhang"))

        assert [one.how for one in dingtalk.fake.delivered] == ["robot"]


async def test_a_card_that_reaches_nobody_is_not_taken_for_delivered() -> None:
    async with stage(has_cards=True) as dingtalk:
        await dingtalk.deliver(Reply(card=TASK), group())
        dingtalk.fake.groups.clear()
        dingtalk.fake.groups.add("cidOther")

        with pytest.raises(Exception, match="openConversationId"):
            await dingtalk.deliver(Reply(card=TASK), group(), name="d2")


async def test_a_repeated_card_shows_once() -> None:
    async with stage(has_cards=True) as dingtalk:
        dingtalk.fake.script[CREATE].append("lost")
        with pytest.raises(OutcomeUnknown):
            await dingtalk.deliver(Reply(card=TASK), to("zhang"))

        await dingtalk.deliver(Reply(card=TASK), to("zhang"))

        assert len(dingtalk.fake.delivered) == 1


async def test_an_outage_is_waited_for_and_not_said_in_words() -> None:
    async with stage(has_cards=True) as dingtalk:
        dingtalk.fake.script[CREATE].append((500, "SystemError"))

        with pytest.raises(ChannelUnavailable):
            await dingtalk.deliver(Reply(card=TASK), to("zhang"))

        assert dingtalk.fake.delivered == []


ADDRESS = "https://bot.example.cn/"


async def test_over_http_dingtalk_is_told_once_where_taps_go() -> None:
    async with stage(has_cards=True, mode=Mode.HTTP) as dingtalk:
        route = CardRoute(dingtalk.settings, dingtalk.api, ADDRESS, dingtalk.clock)
        assert not route.is_open
        await route.run()
        await route.run()

        assert route.is_open
        key = route_key(dingtalk.settings)
        assert dingtalk.fake.routes == {
            key: ("https://bot.example.cn/dingtalk/card", tap_secret(dingtalk.settings))
        }
        assert dingtalk.fake.calls[REGISTER] == 1
        await dingtalk.deliver(Reply(card=TASK), to("zhang"))
        (seen,) = dingtalk.fake.delivered
        assert (seen.body["callbackType"], seen.body["callbackRouteKey"]) == ("HTTP", key)


async def test_what_was_registered_before_is_replaced() -> None:
    async with stage(has_cards=True, mode=Mode.HTTP) as dingtalk:
        key = route_key(dingtalk.settings)
        dingtalk.fake.routes[key] = ("https://old.example.cn/", "old")

        await CardRoute(dingtalk.settings, dingtalk.api, ADDRESS, dingtalk.clock).run()

        assert dingtalk.fake.routes[key][1] == tap_secret(dingtalk.settings)


async def test_a_refused_registration_is_tried_again_more_and_more_slowly() -> None:
    async with stage(has_cards=True, mode=Mode.HTTP) as dingtalk:
        dingtalk.fake.rights.discard("card")
        route = CardRoute(dingtalk.settings, dingtalk.api, ADDRESS, dingtalk.clock)
        for _ in range(60):
            await route.run()
            dingtalk.clock.forward(seconds=10)
        assert not route.is_open
        assert 3 <= dingtalk.fake.calls[REGISTER] <= 6

        dingtalk.fake.rights.add("card")
        dingtalk.clock.forward(hours=1)
        await route.run()
        assert route.is_open


async def test_until_taps_lead_somewhere_cards_are_said_in_words() -> None:
    async with stage(has_cards=True, mode=Mode.HTTP, takes_taps=False) as dingtalk:
        await dingtalk.deliver(Reply(card=TASK), to("zhang"))

        (seen,) = dingtalk.fake.delivered
        assert seen.how == "robot"
        assert "/签收 17" in seen.text


async def test_a_sent_card_can_be_replaced() -> None:
    async with stage(has_cards=True) as dingtalk:
        (sent,) = await dingtalk.deliver(Reply(card=TASK), to("zhang"))
        assert sent.provider_id is not None

        await dingtalk.sender.update_card(Reply(card=DONE), to("zhang"), sent.provider_id)

        (track,) = dingtalk.fake.cards
        assert shown(dingtalk, track)["title"] == "主题党日（已签收）"
        assert dingtalk.fake.calls[UPDATE] == 1
