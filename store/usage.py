"""Tokens by day and payer: held before a call, replaced by what it used after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Select, delete, select, update
from sqlalchemy.orm import Session

from store.inserting import insert_once
from store.models_usage import ModelUsage

EVERYONE = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """What some days came to; held tokens are not in it."""

    calls: int
    prompt_tokens: int
    completion_tokens: int

    @property
    def total(self) -> int:
        return self.prompt_tokens + self.completion_tokens


def reserve(
    session: Session, day: date, payers: Sequence[tuple[str, int | None]], tokens: int
) -> bool:
    """Hold ``tokens`` for all ``payers`` (name, most per day), or for none of them.

    Payers are taken in one fixed order, so that two calls never wait for each other.
    """
    rows = []
    for payer, most in sorted(payers, key=lambda one: one[0]):
        insert_once(
            session,
            ModelUsage,
            {
                "day": day,
                "payer": payer,
                "calls": 0,
                "prompt_tokens": 0,
                "completion_tokens": 0,
                "reserved_tokens": 0,
            },
        )
        row = session.scalars(_of(day, payer).with_for_update()).one()
        if most is not None and _spent(row) + tokens > most:
            return False
        rows.append(row)
    for row in rows:
        row.reserved_tokens += tokens
    return True


def settle(
    session: Session,
    day: date,
    payers: Sequence[str],
    reserved: int,
    *,
    prompt_tokens: int,
    completion_tokens: int,
) -> None:
    """Put what a call used in the place of what was held for it."""
    for payer in sorted(payers):
        session.execute(
            update(ModelUsage)
            .where(ModelUsage.day == day, ModelUsage.payer == payer)
            .values(
                calls=ModelUsage.calls + 1,
                prompt_tokens=ModelUsage.prompt_tokens + prompt_tokens,
                completion_tokens=ModelUsage.completion_tokens + completion_tokens,
                reserved_tokens=ModelUsage.reserved_tokens - reserved,
            )
        )


def total(session: Session, since: date, until: date) -> Total:
    """Of everyone together, both days included."""
    rows = session.scalars(
        select(ModelUsage).where(
            ModelUsage.payer == EVERYONE, ModelUsage.day >= since, ModelUsage.day <= until
        )
    ).all()
    return Total(
        calls=sum(row.calls for row in rows),
        prompt_tokens=sum(row.prompt_tokens for row in rows),
        completion_tokens=sum(row.completion_tokens for row in rows),
    )


def by_day(session: Session, since: date, until: date) -> Sequence[ModelUsage]:
    """Of everyone together, one row for each day on which there was any."""
    return session.scalars(
        select(ModelUsage)
        .where(ModelUsage.payer == EVERYONE, ModelUsage.day >= since, ModelUsage.day <= until)
        .order_by(ModelUsage.day)
    ).all()


def payers_on(session: Session, day: date, *, limit: int = 100) -> Sequence[ModelUsage]:
    """Who used how much on a day, most first."""
    spent = ModelUsage.prompt_tokens + ModelUsage.completion_tokens
    return session.scalars(
        select(ModelUsage).where(ModelUsage.day == day).order_by(spent.desc()).limit(limit)
    ).all()


def forget(session: Session, today: date, *, keep_days: int = 400) -> None:
    """Drop what is older; only the sum of everyone is kept for longer than a month."""
    month = ModelUsage.day < today - timedelta(days=31)
    session.execute(delete(ModelUsage).where(month, ModelUsage.payer != EVERYONE))
    session.execute(delete(ModelUsage).where(ModelUsage.day < today - timedelta(days=keep_days)))


def forget_payer(session: Session, payer: str) -> None:
    """A person's own data goes with the person."""
    session.execute(delete(ModelUsage).where(ModelUsage.payer == payer))


def _of(day: date, payer: str) -> Select[ModelUsage]:
    return select(ModelUsage).where(ModelUsage.day == day, ModelUsage.payer == payer)


def _spent(row: ModelUsage) -> int:
    return row.prompt_tokens + row.completion_tokens + row.reserved_tokens
