from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy import update
from sqlalchemy.orm import Session

from store import (
    audit,
    blobs,
    documents,
    inbox,
    leases,
    people,
    questions,
    settings,
    signatures,
    vectors,
)
from store.engine import Store
from store.models import AuditEntry, DocumentStatus
from store.questions import QuestionState
from store.signatures import Use

NOW = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def _document(
    session: Session, document_id: str, file: str = "要点.txt", visible_to: int | None = None
) -> bool:
    return documents.add(
        session,
        document_id=document_id,
        file=file,
        title="工作要点",
        details={"year": 2026},
        body="{}",
        blob=None,
        now=NOW,
        visible_to=visible_to,
    )


async def test_the_same_bytes_change_nothing_and_changed_ones_replace(store: Store) -> None:
    added = [await store.write(partial(_document, document_id=name)) for name in "aabab"]

    assert added == [True, False, True, True, True]
    rows = await store.read(documents.everything)
    assert {row.id: row.replaced_by for row in rows} == {"a": "b", "b": None}
    newest = await store.read(lambda session: documents.get(session, "要点.txt"))
    assert newest is not None
    assert (newest.id, newest.details) == ("b", {"year": 2026})


async def test_removing_undoes_an_upload(store: Store) -> None:
    for name in ("a", "b"):
        await store.write(partial(_document, document_id=name))

    assert await store.write(lambda session: documents.remove(session, "b"))
    assert not await store.write(lambda session: documents.remove(session, "b"))
    assert [row.id for row in await store.read(documents.current)] == ["a"]


async def test_a_document_is_seen_in_its_unit_and_below(store: Store) -> None:
    school = await store.write(lambda s: people.unit_at(s, ["青河县", "一中"]).id)
    branch = await store.write(lambda s: people.unit_at(s, ["青河县", "一中", "支部"]).id)
    await store.write(lambda s: _document(s, "open", "a.txt"))
    await store.write(lambda s: _document(s, "school", "b.txt", visible_to=school))
    await store.write(lambda s: _document(s, "gone", "c.txt"))
    await store.write(lambda s: documents.set_status(s, "gone", DocumentStatus.RETIRED))

    def seen(session: Session, unit: int) -> list[str]:
        return sorted(documents.visible(session, people.with_all_above(session, [unit])))

    assert await store.read(partial(seen, unit=branch)) == ["open", "school"]
    assert await store.read(partial(seen, unit=0)) == ["open"]


async def test_units_are_made_once_and_know_their_tree(store: Store) -> None:
    def make(session: Session) -> tuple[int, int, int]:
        one = people.unit_at(session, ["县", "一校", "支部"])
        two = people.unit_at(session, ["县", "二校", "支部"])
        again = people.unit_at(session, ["县", "一校", "支部"])
        return one.id, two.id, again.id

    one, two, again = await store.write(make)
    assert one == again != two
    assert len(await store.read(lambda s: people.units_named(s, "支部"))) == 2
    above = await store.read(lambda s: people.with_all_above(s, [one]))
    assert (len(above), two in above) == (3, False)
    root = await store.read(lambda s: people.units_named(s, "县")[0].id)
    assert len(await store.read(lambda s: people.with_all_below(s, [root]))) == 5


async def test_an_account_leads_to_its_member(store: Store) -> None:
    def make(session: Session) -> int:
        unit = people.unit_at(session, ["县"])
        member = people.add_member(session, name="周明", now=NOW)
        assert people.give_role(session, member.id, unit.id, "teacher")
        assert not people.give_role(session, member.id, unit.id, "teacher")
        people.link(session, "wecom", "zhou", member.id)
        return member.id

    member_id = await store.write(make)
    found = await store.read(lambda s: people.member_of(s, "wecom", "zhou"))
    assert found is not None
    assert found.id == member_id
    assert await store.read(lambda s: people.member_of(s, "dingtalk", "zhou")) is None
    held = await store.read(lambda s: people.memberships(s, member_id))
    assert [row.role for row in held] == ["teacher"]


async def test_a_conversation_keeps_its_unit_when_it_is_seen_again(store: Store) -> None:
    def seen(session: Session) -> None:
        people.seen_in(session, "web", "g", is_group=True, now=NOW)

    unit = await store.write(lambda s: people.unit_at(s, ["县"]).id)
    assert not await store.write(lambda s: people.bind(s, "web", "g", unit))
    await store.write(seen)
    assert await store.write(lambda s: people.bind(s, "web", "g", unit))
    await store.write(seen)

    row = await store.read(lambda s: people.conversation(s, "web", "g"))
    assert row is not None
    assert row.unit_id == unit


def _question(session: Session, feedback_id: str, hours: int = 0, account: str = "zhou") -> int:
    return questions.add(
        session,
        feedback_id=feedback_id,
        question=feedback_id,
        understood=f"{feedback_id}？",
        answered=False,
        answer="文件没有说",
        citations=[{"locator": "二、4."}],
        elapsed_ms=1.5,
        channel="web",
        conversation="room",
        account=account,
        now=NOW + hours * HOUR,
    )


async def test_the_context_is_the_askers_own_and_recent(store: Store) -> None:
    await store.write(lambda s: _question(s, "old", -5))
    for number in "12":
        await store.write(partial(_question, feedback_id=number))
    await store.write(lambda s: _question(s, "theirs", account="wu"))

    rows = await store.read(
        lambda s: questions.recent(
            s, channel="web", conversation="room", account="zhou", since=NOW - HOUR
        )
    )
    assert [row.question for row in rows] == ["1", "2"]
    assert rows[0].citations == [{"locator": "二、4."}]


async def test_only_the_asker_gives_feedback(store: Store) -> None:
    await store.write(lambda s: _question(s, "q"))

    def give(session: Session, account: str, feedback: str | None = "up") -> bool:
        return questions.give_feedback(session, "q", account=account, feedback=feedback, now=NOW)

    assert not await store.write(partial(give, account="wu"))
    assert await store.write(partial(give, account="zhou"))
    assert await store.write(partial(give, account="zhou", feedback=None))


async def test_a_persons_reply_stands(store: Store) -> None:
    number = await store.write(lambda s: _question(s, "q"))
    await store.write(
        lambda s: questions.stand(s, question_id=number, answer="每月", written_by=None, now=NOW)
    )

    (standing,) = await store.read(lambda s: questions.standing_answers(s, []))
    assert (standing.question, standing.answer) == ("q？", "每月")
    assert len(await store.read(lambda s: questions.in_state(s, QuestionState.CLOSED))) == 1


async def test_the_audit_shows_where_it_was_touched(store: Store) -> None:
    def record(session: Session, n: int) -> None:
        audit.record(session, who="周明", what="retire", subject=f"document:{n}", now=NOW)

    await asyncio.gather(*(store.write(partial(record, n=n)) for n in range(8)))
    assert await store.read(audit.first_broken) is None

    def touch(session: Session) -> None:
        session.execute(update(AuditEntry).where(AuditEntry.n == 5).values(who="别人"))

    await store.write(touch)
    assert await store.read(audit.first_broken) == 5


async def test_a_lease_has_one_owner_and_a_growing_fence(store: Store) -> None:
    def take(session: Session, owner: str, hours: int) -> int | None:
        now = NOW + hours * HOUR
        return leases.acquire(session, "bot", owner=owner, now=now, lease=HOUR)

    tries = [("a", 0), ("b", 0), ("a", 1), ("b", 3), ("a", 3)]
    fences = [await store.write(partial(take, owner=o, hours=h)) for o, h in tries]

    assert fences == [1, None, 1, 2, None]
    renewed = [
        await store.write(lambda s: leases.renew(s, "bot", owner="b", now=NOW, lease=HOUR)),
        await store.write(lambda s: leases.renew(s, "bot", owner="a", now=NOW, lease=HOUR)),
    ]
    assert renewed == [True, False]


async def test_a_signature_serves_one_body(store: Store) -> None:
    uses = [
        await store.write(lambda s, body=body: signatures.use(s, "sig", body, NOW))  # type: ignore[misc]
        for body in ("one", "one", "two")
    ]
    assert uses == [Use.FIRST, Use.REPEAT, Use.FORGED]

    await store.write(lambda s: signatures.purge(s, NOW + HOUR))
    assert await store.write(lambda s: signatures.use(s, "sig", "two", NOW)) == Use.FIRST


async def test_small_things_are_kept(store: Store) -> None:
    for value in ("1", "2"):
        await store.write(partial(settings.put, key="k", value=value))
    assert await store.read(lambda s: settings.get(s, "k")) == "2"

    many = {f"h{n}": bytes([n % 256]) for n in range(1200)}
    await store.write(lambda s: vectors.put(s, "m", many))
    assert await store.read(lambda s: vectors.get(s, "m", [*many, "unknown"])) == many
    assert await store.read(lambda s: vectors.get(s, "other", ["h1"])) == {}

    def put_twice(session: Session) -> tuple[str, str]:
        first = blobs.put(session, b"abc", media_type="text/plain", now=NOW)
        return first, blobs.put(session, b"abc", media_type="text/plain", now=NOW)

    first, second = await store.write(put_twice)
    blob = await store.read(lambda s: blobs.get(s, first))
    assert first == second
    assert blob is not None
    assert (blob.bytes, blob.size_bytes) == (b"abc", 3)


async def test_old_keys_go_and_waiting_messages_stay(store: Store) -> None:
    for number in "12":
        await store.write(
            lambda s, number=number: inbox.accept(  # type: ignore[misc]
                s, channel="web", message_id=number, turn=number, body="{}", now=NOW
            )
        )
    (one, _) = await store.write(lambda s: inbox.claim(s, owner="me", limit=5, now=NOW, lease=HOUR))
    await store.write(lambda s: inbox.finish(s, one.id, attempt=1, now=NOW))

    assert await store.write(lambda s: inbox.purge(s, before=NOW + HOUR)) == 1
    assert await store.read(lambda s: sum(inbox.waiting(s).values())) == 1
