"""5,000 people sign in within one minute: none lost, none twice, and how long each one waits.

``python -m bench.checkin [--check] [--people N] [--seconds N]``. The whole application runs, with
its dispatcher, router and outbox; the people write 到 at random moments whether or not answers
come, and every tenth says it twice. Waiting ends when the answer is committed (``handled``) and
when it is delivered (``delivered``).
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.app import opened
from bot.assembled import App
from bot.config import KnowledgeSettings, Settings
from bot.messages import ChannelName, Conversation, IncomingMessage, Role, Sender
from handlers.people.actions import operator
from handlers.records.opening import Opening
from store import people, roll_calls
from store.models import Delivery, InboxMessage
from store.models_records import CheckIn, Record, RecordKind

MOST_P99_MS = 300.0
_GROUP = Conversation(channel=ChannelName.WEB, id="everybody", is_group=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    expected: int
    present: int
    entries: int
    acked_ms: tuple[float, float]
    handled_ms: tuple[float, float]
    delivered_ms: tuple[float, float]
    """p50 and p99 each."""
    cpu_ms: float
    """Of the process, by message."""

    @property
    def is_good(self) -> bool:
        is_whole = self.present == self.entries == self.expected
        return is_whole and self.handled_ms[1] <= MOST_P99_MS


def _move_in(session: Session, number: int) -> int:
    school = people.unit_at(session, ["云溪县教育局"])
    now = datetime.now(UTC)
    for n in range(number):
        member = people.add_member(session, name=f"教师{n}", now=now)
        people.give_role(session, member.id, school.id, Role.TEACHER)
        people.link(session, "web", f"t{n}", member.id)
    return school.id


async def _open(app: App, unit_id: int) -> int:
    now = datetime.now(UTC)
    opening = Opening(
        type=app.recording.roll_calls.book.types.get("theme_day"),
        title="主题党日",
        starts_at=now,
        closes_at=now + timedelta(hours=1),
        unit_ids=(unit_id,),
        place="",
        wants_code=False,
    )
    view = await app.recording.roll_calls.open(operator(), opening, _GROUP, key="bench")
    return view.id


async def _sign_in(app: App, account: str, message_id: str) -> tuple[str, datetime, float]:
    began_at, began = datetime.now(UTC), time.perf_counter()
    await app.dispatcher.accept(
        IncomingMessage(
            channel=ChannelName.WEB,
            message_id=message_id,
            conversation=Conversation(channel=ChannelName.WEB, id=account),
            sender=Sender(channel=ChannelName.WEB, account=account),
            text="到",
            sent_at=began_at,
        )
    )
    return message_id, began_at, (time.perf_counter() - began) * 1000


async def measure(folder: Path, number: int, seconds: float) -> Outcome:
    settings = Settings(knowledge=KnowledgeSettings(embedding="none"))
    chance = random.Random(20260901)  # noqa: S311
    async with opened(settings, folder) as app, app.running():
        unit_id = await app.store.write(lambda session: _move_in(session, number))
        roll_call_id = await _open(app, unit_id)
        plan = [(chance.uniform(0, seconds), f"t{n}", f"first-{n}") for n in range(number)]
        plan += [(at + 0.2, who, f"again-{who}") for at, who, _ in plan[::10]]
        began, cpu_began = time.perf_counter(), time.process_time()
        async with asyncio.TaskGroup() as group:
            tasks = []
            for at, who, message_id in sorted(plan):
                await asyncio.sleep(max(0.0, began + at - time.perf_counter()))
                tasks.append(group.create_task(_sign_in(app, who, message_id)))
        said = [task.result() for task in tasks]
        async with asyncio.timeout(60):
            while await app.store.read(_unsettled):  # noqa: ASYNC110 - rows, not an event
                await asyncio.sleep(0.2)
        cpu_s = time.process_time() - cpu_began
        handled, delivered = await app.store.read(_times)
        present = await app.store.read(lambda session: roll_calls.counts(session, roll_call_id))
        entries = await app.store.read(_entries)
    return Outcome(
        expected=number,
        present=present.get(CheckIn.PRESENT, 0),
        entries=entries,
        acked_ms=_quantiles([ms for _, _, ms in said]),
        handled_ms=_quantiles([_ms(handled[one] - began_at) for one, began_at, _ in said]),
        delivered_ms=_quantiles([_ms(delivered[one] - began_at) for one, began_at, _ in said]),
        cpu_ms=cpu_s * 1000 / len(said),
    )


def _unsettled(session: Session) -> int:
    waiting = (
        select(func.count()).select_from(InboxMessage).where(InboxMessage.handled_at.is_(None))
    )
    undelivered = select(func.count()).select_from(Delivery).where(Delivery.ended_at.is_(None))
    return (session.scalar(waiting) or 0) + (session.scalar(undelivered) or 0)


def _times(session: Session) -> tuple[dict[str, datetime], dict[str, datetime]]:
    handled = {
        one.message_id: one.handled_at
        for one in session.scalars(select(InboxMessage))
        if one.handled_at is not None
    }
    delivered = {
        one.key.removeprefix("reply:web:"): one.ended_at
        for one in session.scalars(select(Delivery))
        if one.ended_at is not None
    }
    return handled, delivered


def _entries(session: Session) -> int:
    query = select(func.count()).select_from(Record).where(Record.kind == RecordKind.CHECK_IN)
    return session.scalar(query) or 0


def _ms(span: timedelta) -> float:
    return span.total_seconds() * 1000


def _quantiles(values: list[float]) -> tuple[float, float]:
    ordered = sorted(values)
    return ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100]


def main() -> int:
    """Print the figures; with ``--check``, 1 when they miss the goal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--people", type=int, default=5_000)
    parser.add_argument("--seconds", type=float, default=60.0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(measure(Path(folder), asked.people, asked.seconds))
    print(f"expected {found.expected}, present {found.present}, entries {found.entries}")
    for name, (p50, p99) in (
        ("acked", found.acked_ms),
        ("handled", found.handled_ms),
        ("delivered", found.delivered_ms),
    ):
        print(f"{name:10} p50 {p50:7.1f} ms   p99 {p99:7.1f} ms")
    print(f"cpu        {found.cpu_ms:.2f} ms a message")
    return 0 if found.is_good or not asked.check else 1


if __name__ == "__main__":
    sys.exit(main())
