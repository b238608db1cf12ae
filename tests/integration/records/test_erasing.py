"""Somebody who asks for it is gone from every row and from the bytes of the file; numbers stay."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.codec import message_to_json, reply_to_json
from bot.errors import NotAllowed
from bot.messages import Attachment, ChannelName, Conversation, Reply, Role
from handlers.access import Actor
from handlers.people.actions import operator
from handlers.records.erasing import ERASED, Erasing
from handlers.records.personal import Personal
from handlers.records.personal_rows import BY_MEMBER
from handlers.reports.cells import Table
from handlers.reports.xlsx import tables_workbook
from store import audit, blobs, erasing, inbox, outbox, pending, people, records, settings
from store.engine import Store
from store.models import Base, Blob, Delivery, DeliveryState, Member, Part, PartState
from store.models_questions import Question, StandingAnswer
from store.models_records import PendingForm, Record, RecordKind
from store.models_running import JoinRequest
from store.models_tasks import Assignment, Task, TaskEvent
from store.records import Entered, NewFile, NewRecord
from tests.integration.records.hall import Hall, furnish

NAME, LONGER = "欧阳惊鸿", "欧阳惊鸿雁"
ACCOUNT, MOBILE = "ouyang-jinghong-7", "13900007777"
SAID, PICTURE = "只有本人说过的话", b"the bytes of a photo that nobody else has"
TRACES = (
    NAME.encode(), json.dumps(NAME)[1:-1].encode(), ACCOUNT.encode(), MOBILE.encode(),
    SAID.encode(), PICTURE,
)  # fmt: skip
CHAT = Conversation(channel=ChannelName.WECOM_APP, id=ACCOUNT)


@pytest.fixture
async def hall(store: Store) -> Hall:
    return await furnish(store)


async def move_in(hall: Hall) -> int:
    """A member who has left a trace in every table that can hold one."""
    now = hall.clock()
    sheet = await asyncio.to_thread(tables_workbook, [Table(title="名单", header=("姓名",),
                                    rows=((NAME,),), widths=(9,))])  # fmt: skip
    said = hall.message("路人", f"{NAME}今天来了吗")
    own = hall.message("路人", SAID)

    def work(session: Session) -> int:
        branch = session.get_one(Member, hall.ids["柏舟"])
        member = people.add_member(session, name=NAME, now=now)
        member.mobile = MOBILE
        unit_id = people.memberships(session, branch.id)[0].unit_id
        people.give_role(session, member.id, unit_id, Role.TEACHER)
        namesake = people.add_member(session, name=LONGER, now=now)
        people.give_role(session, namesake.id, unit_id, Role.TEACHER)
        people.link(session, "wecom", ACCOUNT, member.id, display_name=NAME)
        people.seen_in(session, "wecom.app", ACCOUNT, is_group=False, now=now)
        entered = Entered(by=member.id, account=f"wecom:{ACCOUNT}", channel="wecom.app",
                          conversation=ACCOUNT, at=now)  # fmt: skip
        photo = blobs.put(session, PICTURE, media_type="image/png", now=now)
        records.add(
            session,
            NewRecord(kind=RecordKind.FORM, type="pledge_officer", on=date(2026, 9, 1),
                      unit_id=unit_id, member_id=member.id, fields={"topic": SAID}),
            entered,
            [NewFile(name=f"{NAME}.png", blob=photo)],
        )  # fmt: skip
        records.add(
            session,
            NewRecord(kind=RecordKind.ACTIVITY, type="theme_day", on=date(2026, 9, 1),
                      unit_id=unit_id, fields={"who": [NAME, LONGER, "柏舟"], "topic": NAME}),
            entered,
        )  # fmt: skip
        task = Task(title=f"{NAME}交小结", kind="once", policy={}, milestones=[],
                    evidence_types=[], labels=[], created_by=member.id,
                    created_account=f"wecom:{ACCOUNT}", channel="wecom.app",
                    conversation=ACCOUNT, created_at=now)  # fmt: skip
        session.add(task)
        session.flush()
        session.add(Assignment(task_id=task.id, assignee=NAME, member_id=member.id,
                               assigned_at=now, planned_until=now))  # fmt: skip
        session.add(TaskEvent(task_id=task.id, at=now, member_id=member.id, what="note",
                              note=f"{NAME}说好的"))  # fmt: skip
        session.add(Question(feedback_id="f1", question=SAID, understood=SAID, answered=False,
                             answer="", citations=[], elapsed_ms=1.0, asked_at=now,
                             channel="wecom.app", conversation=ACCOUNT, account=ACCOUNT,
                             asked_by=member.id, state="open"))  # fmt: skip
        session.add(StandingAnswer(question="找谁", answer=f"找{NAME}", written_at=now,
                                   serves=[f"{NAME}在吗"]))  # fmt: skip
        session.add(PendingForm(account=f"wecom:{ACCOUNT}", conversation=f"wecom.app:{ACCOUNT}",
                                kind="form", body={"topic": SAID}, began_at=now,
                                expires_at=now))  # fmt: skip
        session.add(JoinRequest(channel="wecom.app", platform="wecom", account=ACCOUNT,
                                name=NAME, unit="二中", asked_at=now))  # fmt: skip
        pending.put(session, "wecom.app", ACCOUNT, ACCOUNT, state={"text": SAID}, until=now)
        pending.put(session, "web", "m1", "m1", state={"text": f"给{NAME}"}, until=now)
        audit.record(session, who=f"wecom:{ACCOUNT}", what="member.add", now=now,
                     subject=f"member:{member.id}", after=NAME)  # fmt: skip
        audit.record(session, who="console:operator", what="member.add", now=now, subject="x")
        inbox.accept(
            session,
            channel="wecom.app",
            message_id="m1",
            body=message_to_json(own),
            turn=f"wecom.app\n{ACCOUNT}\n{ACCOUNT}\nslow",
            now=now,
        )
        inbox.accept(
            session,
            channel="web",
            message_id="m2",
            body=message_to_json(said),
            turn="web\nb\nm1\nslow",
            now=now,
        )
        made = blobs.put(session, sheet, media_type="application/xlsx", now=now)
        named = Reply(
            text=f"已提醒：{NAME}、{LONGER}",
            attachments=(Attachment(name="名单.xlsx", media_type="x", blob=made),),
        )
        for key, where, reply in (
            ("d1", CHAT, Reply(text=f"{NAME}老师，{SAID}")),
            ("d2", hall.room("柏舟"), named),
        ):
            draft = outbox.Draft(key=key, kind=outbox.DeliveryKind.BROADCAST, channel=where.channel,
                                 conversation=where.id, reply=reply_to_json(reply))  # fmt: skip
            delivery_id = outbox.add(session, draft, now=now)
            assert delivery_id is not None
            session.add(Part(delivery_id=delivery_id, n=0, bytes=reply.text.encode()))
        return member.id

    return await hall.store.write(work)


def everything(session: Session) -> str:
    """All that is stored, as text."""
    found = []
    for mapper in Base.registry.mappers:
        for row in session.scalars(select(mapper.class_)):
            found += [repr(getattr(row, column.key)) for column in mapper.column_attrs]
    return "\n".join(found)


async def test_no_row_and_no_byte_tells_of_an_erased_person(
    hall: Hall, store_place: str | Path
) -> None:
    member_id = await move_in(hall)
    before = await hall.store.read(_counts)
    stored = await hall.store.read(everything)
    assert all(one.decode() in stored for one in (NAME.encode(), ACCOUNT.encode(), SAID.encode()))

    await Erasing(store=hall.store, clock=hall.clock).erase(operator(), member_id)

    stored = (await hall.store.read(everything)).replace(LONGER, "")
    assert NAME not in stored
    assert ACCOUNT not in stored
    assert SAID not in stored
    assert ERASED in stored
    assert await hall.store.read(_counts) == before
    assert await hall.store.read(audit.first_broken) is None
    blob_bytes = await hall.store.read(lambda session: session.scalars(select(Blob.bytes)).all())
    assert not [one for one in blob_bytes if PICTURE in one or one.startswith(b"PK")]
    if isinstance(store_place, Path):
        await asyncio.to_thread(_search_files, store_place)


def _counts(session: Session) -> tuple[int, ...]:
    shown = session.scalars(select(Record)).all()
    people_named = sum(len(names) for one in shown
                       if isinstance(names := one.fields.get("who"), list))  # fmt: skip
    return (
        len(shown),
        people_named,
        len(session.scalars(select(Member)).all()),
        len(session.scalars(select(Delivery)).all()),
    )


def _search_files(folder: Path) -> None:
    files = list(folder.glob("yaodian.db*"))
    assert files
    for file in files:
        content = file.read_bytes()
        for longer in (LONGER.encode(), json.dumps(LONGER)[1:-1].encode()):
            content = content.replace(longer, b"")
        assert [one for one in TRACES if one in content] == [], file.name


async def test_a_crash_before_the_scrubbing_is_made_up_for(hall: Hall) -> None:
    member_id = await move_in(hall)
    await hall.store.write(lambda session: settings.put(session, erasing.SCRUB, "1"))
    keeping = Erasing(store=hall.store, clock=hall.clock)
    await keeping.expire({}, date(2026, 9, 2))
    assert await hall.store.read(lambda session: settings.get(session, erasing.SCRUB)) is None
    assert await keeping.erase(operator(), member_id) == 2


async def test_who_manages_another_school_neither_erases_nor_exports(hall: Hall) -> None:
    other = await hall.who("路人")
    [unit] = list(other.roles)
    admin = Actor(sender=other.sender, member_id=other.member_id, units=other.units,
                  roles={unit: frozenset({Role.ADMIN})})  # fmt: skip
    erases = Erasing(store=hall.store, clock=hall.clock)
    with pytest.raises(NotAllowed):
        await erases.erase(admin, hall.ids["柏舟"])
    with pytest.raises(NotAllowed):
        await Personal(store=hall.store, clock=hall.clock).export(admin, hall.ids["柏舟"])
    with pytest.raises(NotAllowed):
        await erases.erase(admin, hall.ids["路人"])


async def test_retention_lets_go_of_the_files_too(hall: Hall) -> None:
    await move_in(hall)
    keeping = Erasing(store=hall.store, clock=hall.clock)
    assert await keeping.expire({"pledge_officer": 30}, date(2026, 9, 1) + timedelta(31)) == 1
    assert await hall.store.read(lambda session: session.scalars(select(Blob.hash)).all()) != []
    kept = await hall.store.read(lambda session: session.scalars(select(Blob.bytes)).all())
    assert PICTURE not in kept


async def test_own_data_has_all_of_it_and_nothing_confidential_about_others(hall: Hall) -> None:
    member_id = await move_in(hall)
    await hall.store.write(lambda session: _case_about_another(session, hall, member_id))
    personal = Personal(store=hall.store, clock=hall.clock)
    content = await personal.export(operator(), member_id)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        whole = b"".join(archive.read(one) for one in names)
        counts = {
            name.split("/")[-1].removesuffix(".json"): len(json.loads(archive.read(name)))
            for name in names
            if name.endswith(".json")
        }
    assert "别人的事".encode() not in whole
    assert PICTURE in whole
    for kind in ("人员", "账号", "记录", "任务", "任务经过", "提问", "收到的消息", "发来的消息",
                 "操作记录"):  # fmt: skip
        assert counts[kind] >= 1, kind
    assert counts["记录"] == 2


def _case_about_another(session: Session, hall: Hall, member_id: int) -> None:
    entered = Entered(by=member_id, account="", channel="web", conversation="", at=hall.clock())
    new = NewRecord(kind=RecordKind.FORM, type="clue", on=date(2026, 9, 1), unit_id=1,
                    member_id=hall.ids["柏舟"], fields={"topic": "别人的事"},
                    is_confidential=True)  # fmt: skip
    records.add(session, new, entered)


OTHERS = {
    "question.routed_to": "what somebody else asked",
    "sign_in_link.member_id": "a door, not a thing that is known of somebody",
    "account.member_id": "given as 账号",
    "membership.member_id": "given as 单位和角色",
    "record.member_id": "given as 记录",
    "record.entered_by": "given as 记录",
    "task.created_by": "given as 任务",
    "document.added_by": "given as 添加的文件",
}
"""Columns that lead to a member and are not given by themselves, and why."""


def test_no_table_that_leads_to_a_person_is_forgotten_in_their_export() -> None:
    """A new table with people in it fails here until somebody says what becomes of it."""
    given = {
        f"{one.class_.__tablename__}.{one.key}" for columns in BY_MEMBER.values() for one in columns
    }
    leading = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        if any(one.target_fullname == "member.id" for one in column.foreign_keys)
    }

    assert leading - given - OTHERS.keys() == set()
    assert given <= leading


@pytest.mark.parametrize(
    ("parts", "state", "is_rendered"),
    [
        ([], DeliveryState.OPEN, False),
        ([PartState.PENDING, PartState.PENDING], DeliveryState.OPEN, False),
        ([PartState.SENT, PartState.PENDING], DeliveryState.UNCERTAIN, False),
        ([PartState.CLAIMED], DeliveryState.UNCERTAIN, False),
    ],
)
async def test_what_others_are_still_to_get_reaches_them_without_the_name(
    hall: Hall, parts: list[PartState], state: DeliveryState, is_rendered: bool
) -> None:
    """A delivery whose bytes were dropped was once taken for sent: it had no parts left."""
    member_id = await move_in(hall)
    now = hall.clock()

    def give(session: Session) -> int:
        draft = outbox.Draft(
            key="late", kind=outbox.DeliveryKind.BROADCAST, channel=ChannelName.WECOM_APP,
            conversation="chat-9", reply=reply_to_json(Reply(text=f"{NAME}明天值班")),
            accounts=(ACCOUNT, "colleague"), is_group=True,
        )  # fmt: skip
        delivery_id = outbox.add(session, draft, now=now)
        assert delivery_id is not None
        row = session.get_one(Delivery, delivery_id)
        row.is_rendered, row.owner, row.attempt = bool(parts), "somebody", 1
        for n, one in enumerate(parts):
            content = f"{NAME} {ACCOUNT}".encode()
            session.add(Part(delivery_id=delivery_id, n=n, bytes=content, state=one,
                             refused={ACCOUNT: "60011"}))  # fmt: skip
        return delivery_id

    delivery_id = await hall.store.write(give)
    await Erasing(store=hall.store, clock=hall.clock).erase(operator(), member_id)

    def look(session: Session) -> tuple[object, ...]:
        row = session.get_one(Delivery, delivery_id)
        left = session.scalars(select(Part).where(Part.delivery_id == delivery_id)).all()
        return row.state, row.is_rendered, row.accounts, row.attempt > 1, len(left), row.reply

    found = await hall.store.read(look)
    assert found[:5] == (state, is_rendered, ["colleague"], True, 0)
    assert ERASED in str(found[5])
    stored = (await hall.store.read(everything)).replace(LONGER, "")
    assert NAME not in stored
    assert ACCOUNT not in stored
