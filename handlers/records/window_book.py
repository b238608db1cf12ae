"""Windows of forms as they stand: which takes something in, who has handed in, who leads it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bot.errors import NotFound
from handlers.access import Actor
from handlers.records import form_wording, rights
from handlers.records.form_opening import season_at
from handlers.records.form_parties import Asked, all_asked
from handlers.records.types import Per, RecordType, RecordTypes
from handlers.records.window_views import Handed, Standing, WindowView
from store import cases, people, settings
from store.models import Member, Unit
from store.models_records import Record
from store.models_windows import FormWindow

_LOOKED = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowBook:
    """Its methods run inside a unit of work."""

    types: RecordTypes
    clock: Callable[[], datetime]
    zone: ZoneInfo

    def current(self, session: Session, actor: Actor, type_: RecordType) -> FormWindow | None:
        """The window that takes in what the actor hands in now; a season's is made when needed."""
        return self.newest(session, actor, type_) or self._in_season(session, type_, self.clock())

    def newest(self, session: Session, actor: Actor, type_: RecordType) -> FormWindow | None:
        """The window that is open to the actor, if one was opened; nothing is made."""
        found = cases.windows(session, type_.id, open_at=self.clock(), limit=_LOOKED)
        return next((one for one in found if _reaches(one, actor)), None)

    def is_open(self, session: Session, actor: Actor, type_: RecordType) -> bool:
        """The same without making anything."""
        if self.newest(session, actor, type_) is not None:
            return True
        days = self._season_now(type_, self.clock())
        key = "" if days is None else _season_key(type_, days[0])
        made = cases.window_by_key(session, key) if key else None
        return days is not None and (made is None or made.closed_at is None)

    def refusal(self, session: Session, actor: Actor, type_: RecordType) -> str:
        """Why nothing is taken now, and when it will be."""
        now = self.clock()
        windows = [
            one for one in cases.windows(session, type_.id, limit=_LOOKED) if _reaches(one, actor)
        ]
        coming = [one for one in windows if one.closed_at is None and one.opened_at > now]
        if coming:
            return form_wording.opens_later(self.view(session, coming[-1]))
        season = season_at(type_, now.astimezone(self.zone).date())
        if season is not None:
            return form_wording.opens_in_season(type_, *season)
        return form_wording.was_closed(type_, self.view(session, windows[0]) if windows else None)

    def menu(self, session: Session, window: FormWindow | None) -> tuple[str, ...]:
        """What there is to choose from."""
        kept = None if window is None else settings.get(session, _menu_key(window.id))
        return tuple(json.loads(kept)) if kept else ()

    def standing(self, session: Session, window: FormWindow) -> Standing:
        """Who has handed in and who has not, for those who lead it."""
        type_ = self._type(window)
        asked = all_asked(session, type_, window.unit_id)
        handed: dict[str, Record] = {}
        for record in cases.in_window(session, window.id):
            key = str(record.member_id) if type_.per is Per.PERSON else f"u{record.unit_id}"
            handed[key] = record
        states = {one.id: one.name for one in type_.states}
        return Standing(
            view=self.view(session, window),
            asked=tuple(asked),
            handed=tuple(
                Handed(
                    record_id=record.id,
                    name=self._name(session, type_, record, key, asked),
                    key=key,
                    state=states.get(record.state, ""),
                )
                for key, record in handed.items()
            ),
            hides=type_.hidden_until_closed and window.closed_at is None,
            anonymous=type_.anonymous,
        )

    def view(self, session: Session, window: FormWindow) -> WindowView:
        type_ = self.types.get(window.type)
        unit = session.get(Unit, window.unit_id) if window.unit_id else None
        now = self.clock()
        return WindowView(
            id=window.id,
            type=type_,
            title=window.title,
            unit=unit.name if unit else "",
            opens_at=window.opened_at.astimezone(self.zone),
            closes_at=window.closes_at.astimezone(self.zone),
            is_open=window.closed_at is None and window.opened_at <= now < window.closes_at,
            is_closed=window.closed_at is not None,
            menu=self.menu(session, window),
        )

    def led(
        self, session: Session, actor: Actor, type_: RecordType, *, or_sees: bool = False
    ) -> FormWindow:
        """The newest window of a type that the actor leads, an open one first.

        Raises:
            NotFound: There is none.
        """
        found = [
            one
            for one in cases.windows(session, type_.id, limit=_LOOKED)
            if self._leads(session, actor, type_, one, or_sees=or_sees)
        ]
        if not found:
            raise NotFound("no window", reply=form_wording.none_led(type_))
        return next((one for one in found if one.closed_at is None), found[0])

    def _leads(
        self,
        session: Session,
        actor: Actor,
        type_: RecordType,
        window: FormWindow,
        *,
        or_sees: bool,
    ) -> bool:
        """Of everybody's window, only who opens the type at the very top."""
        if actor.member_id is not None and actor.member_id == window.opened_by:
            return True
        who = (*type_.open, *type_.see) if or_sees else type_.open
        units = people.root_units(session) if window.unit_id is None else (window.unit_id,)
        return any(rights.is_among(actor, who, unit) for unit in units)

    def _in_season(self, session: Session, type_: RecordType, now: datetime) -> FormWindow | None:
        days = self._season_now(type_, now)
        if days is None:
            return None
        first, last = (
            datetime.combine(day, at, self.zone).astimezone(UTC)
            for day, at in zip(days, (time(), time(23, 59, 59)), strict=True)
        )
        key = _season_key(type_, days[0])
        cases.open_window(
            session,
            {
                "key": key, "type": type_.id, "title": type_.name, "unit_id": None,
                "opened_at": first, "closes_at": last, "opened_by": None,
                "opened_account": "", "channel": "", "conversation": "",
            },
        )  # fmt: skip
        found = cases.window_by_key(session, key)
        return found if found is not None and found.closed_at is None else None

    def _season_now(self, type_: RecordType, now: datetime) -> tuple[date, date] | None:
        today = now.astimezone(self.zone).date()
        days = season_at(type_, today)
        return days if days is not None and days[0] <= today else None

    def _name(
        self,
        session: Session,
        type_: RecordType,
        record: Record,
        key: str,
        asked: Sequence[Asked],
    ) -> str:
        known = next((one.name for one in asked if one.key == key), None)
        if known is not None or type_.per is not Per.PERSON:
            unit = session.get(Unit, record.unit_id) if record.unit_id else None
            return known or (unit.name if unit else "")
        member = session.get(Member, record.member_id) if record.member_id else None
        return member.name if member else ""

    def _type(self, window: FormWindow) -> RecordType:
        found = self.types.get(window.type)
        if found is None:
            raise NotFound("the type is gone", reply=form_wording.TYPE_GONE)
        return found


def _reaches(window: FormWindow, actor: Actor) -> bool:
    return window.unit_id is None or actor.is_operator or window.unit_id in actor.units


def _season_key(type_: RecordType, first: date) -> str:
    return f"season:{type_.id}:{first.isoformat()}"


def keep_menu(session: Session, window_id: int, menu: Sequence[str]) -> None:
    """What there is to choose from in a window."""
    settings.put(session, _menu_key(window_id), json.dumps(list(menu), ensure_ascii=False))


def _menu_key(window_id: int) -> str:
    return f"form menu {window_id}"
