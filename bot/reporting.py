"""Builds points, indicators and proof; a part of the composition root."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.config import Settings
from bot.report_desk import ReportDesk
from handlers.confirmations import Confirmations
from handlers.people.actions import People
from handlers.records.erasing import Erasing
from handlers.records.erasing_dialogue import ErasingDialogue
from handlers.records.types import RecordTypes
from handlers.reports.indicator_dialogue import Fetch, IndicatorsDialogue
from handlers.reports.indicators import Indicators
from handlers.reports.points import Points
from handlers.reports.points_dialogue import PointsDialogue
from handlers.reports.proof_dialogue import ProofDialogue
from handlers.reports.proofs import Proofs
from handlers.reports.routes import ReportRoutes
from store.engine import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporting:
    """What the rest of the application uses of it."""

    indicators: Indicators
    points: Points
    proofs: Proofs
    routes: ReportRoutes
    desk: ReportDesk


def build_reporting(
    settings: Settings,
    store: Store,
    people: People,
    types: RecordTypes,
    *,
    erasing: Erasing,
    confirmations: Confirmations,
    fetch: Fetch,
    clock: Callable[[], datetime],
    zone: ZoneInfo,
) -> Reporting:
    """``confirmations`` are those of the whole program: a yes finds what it is about."""
    is_ranked = settings.reports.ranking
    indicators = Indicators(store=store, types=types, clock=clock, zone=zone)
    points = Points(
        store=store,
        types=types,
        clock=clock,
        zone=zone,
        is_ranked=is_ranked,
        is_configured=bool(settings.points),
    )
    proofs = Proofs(store=store, types=types, indicators=indicators, clock=clock, zone=zone)
    return Reporting(
        indicators=indicators,
        points=points,
        proofs=proofs,
        routes=ReportRoutes(
            indicators=IndicatorsDialogue(
                indicators=indicators,
                people=people,
                confirmations=confirmations,
                fetch=fetch,
                is_ranked=is_ranked,
            ),
            points=PointsDialogue(points=points, people=people),
            proofs=ProofDialogue(proofs=proofs, people=people),
            erasing=ErasingDialogue(erasing=erasing, people=people, confirmations=confirmations),
        ),
        desk=ReportDesk(indicators=indicators, proofs=proofs, is_ranked=is_ranked),
    )
