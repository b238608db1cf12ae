"""Each odd case of a check-in has one right outcome."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import func, select

from bot.errors import NotAllowed, UsageError
from bot.messages import ChannelName, Conversation
from handlers.records.answers import Said, Word
from handlers.records.roll_call_views import Answered, Result
from store import people, records, roll_calls
from store.engine import Store
from store.models import Delivery, Member
from store.models_records import CheckIn, Record, RecordKind, RollCall
from store.records import Wanted
from tests.integration.records.hall import GROUP, NAMES, Hall, furnish

HERE = Said(word=Word.PRESENT)


@pytest.fixture
async def hall(store: Store) -> Hall:
    return await furnish(store)


async def say(
    hall: Hall, name: str, said: Said = HERE, *, roll_call_id: int | None = None
) -> Answered:
    actor = await hall.who(name)
    return await hall.roll_calls.answer(actor, said, GROUP, roll_call_id=roll_call_id)


async def entries(hall: Hall, kind: RecordKind = RecordKind.CHECK_IN) -> list[Record]:
    wanted = Wanted(kinds=[kind], is_counted=None)
    return list(await hall.store.read(lambda session: records.find(session, wanted)))


async def test_the_roster_is_frozen_and_the_counts_add_up(hall: Hall) -> None:
    view = await hall.open()
    assert (view.expected, view.present, view.missing) == (5, 0, 5)

    await say(hall, "柏舟")
    await say(hall, "檀溪", Said(word=Word.LATE, minutes=10))
    found = await say(hall, "桑榆晚", Said(word=Word.LEAVE, reason="外出听课"))

    assert found.view is not None
    assert (found.view.expected, found.view.present) == (5, 2)
    assert (found.view.number(CheckIn.LEAVE), found.view.missing) == (1, 2)


async def test_the_same_tap_twice_counts_once(hall: Hall) -> None:
    view = await hall.open()
    first = await say(hall, "柏舟", roll_call_id=view.id)
    again = await say(hall, "柏舟", roll_call_id=view.id)

    assert (first.result, again.result) == (Result.DONE, Result.ALREADY)
    assert len(await entries(hall)) == 1


async def test_two_devices_at_the_same_moment_count_once(hall: Hall) -> None:
    await hall.open()
    found = await asyncio.gather(*(say(hall, "柏舟") for _ in range(8)))

    results = sorted(one.result for one in found)
    assert results == sorted([Result.DONE] + [Result.ALREADY] * 7)
    assert len(await entries(hall)) == 1


async def test_the_same_message_opens_one_roll_call(hall: Hall) -> None:
    actor = await hall.who("关若谷")
    opening = await hall.open()
    again = await hall.store.read(lambda session: roll_calls.get(session, opening.id))
    assert again is not None
    from handlers.records.opening import Opening

    repeated = Opening(
        type=hall.types.get("theme_day"),
        title="主题党日",
        starts_at=opening.starts_at,
        closes_at=opening.closes_at,
        unit_ids=(),
        place="",
        wants_code=False,
    )
    view = await hall.roll_calls.open(actor, repeated, GROUP, key=again.key)
    assert view.id == opening.id
    total = await hall.store.read(
        lambda session: session.scalar(select(func.count()).select_from(RollCall))
    )
    assert total == 1


async def test_after_the_end_nothing_is_entered(hall: Hall) -> None:
    view = await hall.open()
    hall.clock.go(71 * 60)

    assert (await say(hall, "柏舟", roll_call_id=view.id)).result is Result.CLOSED
    assert await entries(hall) == []


async def test_it_closes_by_itself_and_tells_where_it_was_opened(hall: Hall) -> None:
    view = await hall.open()
    await say(hall, "柏舟")
    assert await hall.roll_calls.close_due() == view.closes_at
    hall.clock.go(71 * 60)

    assert await hall.roll_calls.close_due() is None
    assert await hall.roll_calls.close_due() is None
    told = await hall.store.read(
        lambda session: session.scalars(
            select(Delivery).where(Delivery.conversation == GROUP.id)
        ).all()
    )
    assert len(told) == 1
    assert "应到 5，实到 1" in told[0].reply
    [activity] = await entries(hall, RecordKind.ACTIVITY)
    assert activity.fields["expected"] == 5
    assert activity.fields["present"] == 1


async def test_a_renamed_member_is_the_same_person(hall: Hall) -> None:
    await hall.open()
    member_id = hall.ids["柏舟"]

    def rename(session):  # type: ignore[no-untyped-def]
        session.get_one(Member, member_id).name = "柏泛舟"

    await hall.store.write(rename)
    assert (await say(hall, "柏舟")).result is Result.DONE
    officer = await hall.who("关若谷")
    for name in ("柏舟", "柏泛舟"):
        said = Said(word=Word.PRESENT, names=(name,))
        found = await hall.roll_calls.answer(officer, said, GROUP)
        assert found.result is Result.ALREADY


async def test_somebody_off_the_roster_is_told_and_not_counted(hall: Hall) -> None:
    view = await hall.open()

    assert (await say(hall, "路人", roll_call_id=view.id)).result is Result.NOT_EXPECTED
    assert (await say(hall, "nobody", roll_call_id=view.id)).result is Result.NOT_EXPECTED
    assert await entries(hall) == []


async def test_who_joins_after_the_opening_is_not_expected(hall: Hall) -> None:
    view = await hall.open()

    def join(session):  # type: ignore[no-untyped-def]
        [branch] = people.units_named(session, "第一党支部")
        people.give_role(session, hall.ids["路人"], branch.id, "teacher")

    await hall.store.write(join)
    assert (await say(hall, "路人", roll_call_id=view.id)).result is Result.NOT_EXPECTED


async def test_leave_wants_a_reason_and_can_be_followed_by_coming(hall: Hall) -> None:
    await hall.open()
    assert (await say(hall, "柏舟", Said(word=Word.LEAVE))).result is Result.REASON_MISSING
    assert (await say(hall, "柏舟", Said(word=Word.LEAVE, reason="发烧"))).result is Result.DONE
    found = await say(hall, "柏舟")

    assert (found.result, found.standing) == (Result.CORRECTED, CheckIn.PRESENT)
    [newest] = await entries(hall)
    line = await hall.store.read(lambda session: records.history(session, newest.id))
    assert [one.fields["standing"] for one in line] == ["leave", "present"]
    assert line[1].replaces == line[0].id


async def test_only_who_leads_signs_for_others(hall: Hall) -> None:
    await hall.open()
    said = Said(word=Word.PRESENT, names=("檀溪", "谷雨"))
    found = await hall.roll_calls.answer(await hall.who("关若谷"), said, GROUP)

    assert (found.result, found.names) == (Result.DONE, ("檀溪", "谷雨"))
    assert all(one.fields["by_proxy"] for one in await entries(hall))
    with pytest.raises((NotAllowed, UsageError)):
        await hall.roll_calls.answer(await hall.who("柏舟"), said, GROUP)
    unknown = Said(word=Word.PRESENT, names=("檀溪", "没有这人"))
    found = await hall.roll_calls.answer(await hall.who("关若谷"), unknown, GROUP)
    assert (found.result, found.names) == (Result.UNKNOWN_NAMES, ("没有这人",))


async def test_what_may_be_a_name_or_a_reason_is_told_apart(hall: Hall) -> None:
    await hall.open()
    guess = Said(word=Word.LEAVE, names=("檀溪",), reason="檀溪", is_guess=True)
    found = await hall.roll_calls.answer(await hall.who("关若谷"), guess, GROUP)
    assert found.names == ("檀溪",)

    ill = Said(word=Word.LEAVE, names=("生病",), reason="生病", is_guess=True)
    assert (await say(hall, "柏舟", ill)).standing is CheckIn.LEAVE
    mine = [one for one in await entries(hall) if one.member_id == hall.ids["柏舟"]]
    assert mine[0].fields["reason"] == "生病"


@pytest.mark.parametrize("is_agreed", [True, False])
async def test_a_make_up_waits_for_an_officer(hall: Hall, is_agreed: bool) -> None:
    view = await hall.open()
    hall.clock.go(71 * 60)
    await hall.roll_calls.close_due()
    late = Said(word=Word.MAKE_UP, reason="手机没电")
    assert (await say(hall, "柏舟", late)).result is Result.ASKED
    assert (await say(hall, "柏舟", late)).result is Result.ALREADY

    officer, here = await hall.who("关若谷"), hall.room("关若谷")
    decide = hall.roll_calls.decide
    with pytest.raises((NotAllowed, UsageError)):
        await decide(await hall.who("谷雨"), view.id, hall.ids["柏舟"], here, is_agreed=True)
    assert await decide(officer, view.id, hall.ids["柏舟"], here, is_agreed=is_agreed) is not None
    assert await decide(officer, view.id, hall.ids["柏舟"], here, is_agreed=is_agreed) is None

    [activity] = await entries(hall, RecordKind.ACTIVITY)
    assert activity.fields["present"] == int(is_agreed)
    counted = [one for one in await entries(hall) if one.is_counted]
    assert len(counted) == int(is_agreed)


async def test_a_large_one_is_counted_once_a_second_and_exactly_at_the_end(hall: Hall) -> None:
    def move_in(session):  # type: ignore[no-untyped-def]
        [branch] = people.units_named(session, "第一党支部")
        for n in range(500):
            member = people.add_member(session, name=f"教师{n}", now=hall.clock())
            people.give_role(session, member.id, branch.id, "teacher")

    await hall.store.write(move_in)
    view = await hall.open()
    officer = await hall.who("关若谷")
    for name in ("柏舟", "檀溪"):
        assert (await say(hall, name)).result is Result.DONE
    hall.clock.go(1)
    shown = await say(hall, "谷雨")
    assert shown.view is not None
    assert (shown.view.expected, shown.view.present) == (505, 3)
    await say(hall, "桑榆晚")
    closed = await hall.roll_calls.close(officer, view.id, GROUP)
    assert (closed.present, closed.missing) == (4, 501)


async def test_only_the_missing_are_nudged_and_not_twice_a_minute(hall: Hall) -> None:
    view = await hall.open()
    await say(hall, "柏舟")
    officer = await hall.who("关若谷")
    nudged = await hall.roll_calls.nudge(officer, view.id, GROUP)
    assert set(nudged.told) == set(NAMES) - {"柏舟", "关若谷"}

    again = await hall.roll_calls.nudge(officer, view.id, GROUP)
    assert (again.told, set(again.too_soon)) == ((), set(nudged.told))
    sent = await hall.store.read(lambda session: session.scalars(select(Delivery)).all())
    assert {one.conversation for one in sent} == {f"m{hall.ids[name]}" for name in nudged.told}
    with pytest.raises(NotAllowed):
        await hall.roll_calls.nudge(await hall.who("柏舟"), view.id, GROUP)


async def test_opened_in_private_everybody_is_invited(hall: Hall) -> None:
    await hall.open(here=hall.room("关若谷"))
    sent = await hall.store.read(lambda session: session.scalars(select(Delivery)).all())
    assert {one.conversation for one in sent} == {f"m{hall.ids[name]}" for name in NAMES[1:]}


async def test_a_teacher_cannot_open_and_an_early_bird_waits(hall: Hall) -> None:
    with pytest.raises(NotAllowed):
        opening = await hall.open()
        from handlers.records.opening import Opening

        await hall.roll_calls.open(
            await hall.who("柏舟"),
            Opening(
                type=hall.types.get("theme_day"),
                title="主题党日",
                starts_at=opening.starts_at,
                closes_at=opening.closes_at,
                unit_ids=(),
                place="",
                wants_code=False,
            ),
            GROUP,
            key="by a teacher",
        )
    later = Conversation(channel=ChannelName.WECOM_APP, id="chat-10", is_group=True)
    view = await hall.open("党课 明天下午3点到4点", later)
    assert (await say(hall, "柏舟", roll_call_id=view.id)).result is Result.TOO_EARLY


async def test_two_open_at_once_are_asked_about(hall: Hall) -> None:
    here = hall.room("关若谷")
    await hall.open(here=here)
    await hall.open("政治学习 今天下午3点到5点", here)
    found = await hall.roll_calls.answer(await hall.who("柏舟"), HERE, hall.room("柏舟"))

    assert found.result is Result.WHICH
    assert len(found.choices) == 2
