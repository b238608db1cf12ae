"""Records as somebody looks through them: filtered, page by page, and one with its history."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy.orm import Session

from bot.errors import NotFound
from bot.messages import Role
from handlers.access import Act, Actor, check
from handlers.records import rights
from handlers.records.record_views import RecordView, Views
from handlers.records.types import Move, Party, RecordType, Who
from store import blobs, ledger, people, records
from store.engine import Store
from store.ledger import Reach
from store.models_records import WITHDRAWN, Record, RecordKind
from store.records import Wanted

_NO_UNIT = 0


class Standing(StrEnum):
    """How far a record is, whatever its type calls it."""

    TURN = "turn"
    """It waits for a step of who looks."""
    OPEN = "open"
    SETTLED = "settled"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedFor:
    """Which records a list shows; ``unit_id`` with all units below it, days inclusive."""

    unit_id: int | None = None
    type_id: str = ""
    kind: RecordKind | None = None
    standing: Standing | None = None
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of a line: how it stood, and what is different from the one before."""

    view: RecordView
    channel: str
    changed: Sequence[str]
    """Ids of fields; ``on`` for the day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A record with everything that became of it, oldest first, and what the actor may do."""

    newest: RecordView
    entries: Sequence[Entry]
    moves: Sequence[Move]
    may_withdraw: bool
    is_confidential: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A file of a record, or its small picture."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class RecordList:
    """Built once, in ``bot.app``."""

    store: Store
    views: Views

    async def page(
        self, actor: Actor, wanted: LookedFor, *, offset: int = 0, limit: int = 30
    ) -> tuple[int, Sequence[RecordView]]:
        """How many fit, and some of them, the newest first; only what the actor may see.

        Raises:
            NotAllowed: The actor looks after nothing.
        """
        check(actor, Act.SIGN_IN)

        def query(session: Session) -> tuple[int, Sequence[RecordView]]:
            total, found = self.sought(session, actor, wanted, offset=offset, limit=limit)
            return total, [self.views.view(session, actor, one) for one in found]

        return await self.store.read(query)

    def sought(
        self,
        session: Session,
        actor: Actor,
        wanted: LookedFor,
        *,
        offset: int = 0,
        limit: int,
        with_confidential: bool = True,
    ) -> tuple[int, Sequence[Record]]:
        """The rows; inside a unit of work."""
        units = None
        if wanted.unit_id is not None:
            units = people.with_all_below(session, [wanted.unit_id])
        has_turn = wanted.standing is Standing.TURN
        rows = Wanted(
            types=[wanted.type_id] if wanted.type_id else None,
            kinds=[RecordKind.FORM] if has_turn else [wanted.kind] if wanted.kind else None,
            states=[WITHDRAWN] if wanted.standing is Standing.WITHDRAWN else None,
            is_counted=_COUNTED.get(wanted.standing),
            unit_ids=units,
            first_day=wanted.first,
            last_day=wanted.last,
            with_confidential=with_confidential,
        )
        types = list(self.views.types)
        turn = turns(actor, types) if has_turn else None
        if wanted.standing is Standing.OPEN:
            turn = [Reach(types=[one.id], unit_ids=None, states=_open(one)) for one in types]
        return ledger.sought(session, rows, reaches(actor, types), turn, offset=offset, limit=limit)

    async def waiting(self, actor: Actor) -> int:
        """How many wait for a step of the actor."""
        total, _ = await self.page(actor, LookedFor(standing=Standing.TURN), limit=0)
        return total

    def types(self, actor: Actor) -> Sequence[RecordType]:
        """Those of which the actor may see more than their own."""
        shown = {
            one
            for reach in reaches(actor, list(self.views.types))
            if reach.unit_ids is None or reach.unit_ids
            for one in reach.types
        }
        return [one for one in self.views.types if one.id in shown]

    async def line(self, actor: Actor, record_id: int) -> Line:
        """One record with its history.

        Raises:
            NotFound: There is none the actor may see.
        """

        def query(session: Session) -> Line:
            newest, type_ = self.views.seen(session, actor, record_id)
            rows = records.history(session, newest.id)
            submitters = self.views.submitters(session, newest)
            is_own = actor.member_id is not None and actor.member_id in submitters
            is_withdrawn = newest.state == WITHDRAWN
            return Line(
                newest=self.views.view(session, actor, newest),
                entries=[
                    Entry(
                        view=self.views.view(session, actor, one),
                        channel=one.channel,
                        changed=_changed(before, one),
                    )
                    for before, one in zip([None, *rows], rows, strict=False)
                ],
                moves=[
                    one
                    for one in type_.moves_from(newest.state)
                    if rights.is_among(actor, one.who, newest.unit_id, submitters=submitters)
                ],
                may_withdraw=not is_withdrawn
                and (is_own or rights.is_among(actor, type_.open, newest.unit_id)),
                is_confidential=newest.is_confidential,
            )

        return await self.store.read(query)

    async def file(self, actor: Actor, record_id: int, n: int, *, is_small: bool) -> Picture:
        """The ``n``-th file of a record as it stands now.

        Raises:
            NotFound: There is none the actor may see.
        """

        def query(session: Session) -> Picture:
            newest, _ = self.views.seen(session, actor, record_id)
            files = records.files_of(session, newest.id)
            found = files[n] if n < len(files) else None
            blob_id = found and (found.thumbnail if is_small else found.blob)
            blob = blobs.get(session, blob_id) if blob_id else None
            if found is None or blob is None:
                raise NotFound("no such file", reply="没有这个附件，可能已经清除了。")
            return Picture(name=found.name, media_type=blob.media_type, content=blob.bytes)

        return await self.store.read(query)


_COUNTED: Mapping[Standing | None, bool] = {
    Standing.TURN: False,
    Standing.OPEN: False,
    Standing.SETTLED: True,
}


def reaches(actor: Actor, types: Sequence[RecordType]) -> list[Reach]:
    """What ``Views.seen`` lets the actor see, as a query asks it; types with one rule together."""
    by_rule: dict[tuple[Who, Who, bool, bool], list[str]] = {}
    for one in types:
        deciders = () if one.confidential else tuple(who for move in one.moves for who in move.who)
        rule = (one.see, deciders, Party.SUBMITTER in one.see, one.is_vote)
        by_rule.setdefault(rule, []).append(one.id)
    return [
        Reach(
            types=ids,
            unit_ids=() if is_vote else _units(actor, (*see, *deciders)),
            own=actor.member_id if is_own or is_vote else None,
        )
        for (see, deciders, is_own, is_vote), ids in by_rule.items()
    ]


def turns(actor: Actor, types: Sequence[RecordType]) -> list[Reach]:
    """Unsettled records on which the actor's roles, or having sent them, let them take a step."""
    return [
        Reach(
            types=[one.id],
            unit_ids=_units(actor, move.who),
            states=leaves,
            own=actor.member_id if Party.SUBMITTER in move.who else None,
        )
        for one in types
        for move in one.moves
        if not move.at_close
        if (leaves := [state for state in move.leaves if state in _open(one)])
    ]


def _open(type_: RecordType) -> list[str]:
    return [state.id for state in type_.states if not state.is_final]


def _units(actor: Actor, who: Who) -> Collection[int] | None:
    """Where ``who`` takes the actor in by their roles, as ``rights.is_among`` has it."""
    if actor.is_operator or Party.ANYONE in who:
        return None
    found = {unit for unit, held in actor.roles.items() if _fits(held, who)}
    return found | {_NO_UNIT} if _fits(actor.every_role, who) else found


def _fits(held: Collection[Role], who: Who) -> bool:
    is_somebody = Role.TEACHER in who and bool(set(held) - {Role.GUEST})
    return is_somebody or any(role in held for role in who)


def _changed(before: Record | None, after: Record) -> list[str]:
    if before is None:
        return []
    keys = [*before.fields, *(one for one in after.fields if one not in before.fields)]
    changed = [one for one in keys if before.fields.get(one) != after.fields.get(one)]
    return changed if before.on_date == after.on_date else [*changed, "on"]
