"""Signatures of callbacks that were used: a repeat is fine, another body under one is forged."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from store.inserting import HotInsert
from store.models import SeenSignature

_SEE = HotInsert("seen_signature", "signature", "body_hash", "until")


class Use(StrEnum):
    """What a signature's use was."""

    FIRST = "first"
    REPEAT = "repeat"
    FORGED = "forged"


def use(session: Session, signature: str, body_hash: str, until: datetime) -> Use:
    """Note that ``signature`` came with this body; to be remembered until its window is over."""
    if _SEE.run(session, signature, body_hash, until):
        return Use.FIRST
    known = session.scalars(
        select(SeenSignature.body_hash).where(SeenSignature.signature == signature)
    ).one()
    return Use.REPEAT if known == body_hash else Use.FORGED


def purge(session: Session, now: datetime) -> None:
    """Forget signatures whose window is over."""
    session.execute(delete(SeenSignature).where(SeenSignature.until < now))
