"""The commands of running it, with nothing behind them."""

from __future__ import annotations

from typing import cast
from zoneinfo import ZoneInfo

from handlers.confirmations import Confirmations
from handlers.documents.actions import Documents
from handlers.documents.keeping import Keeping
from handlers.documents.uploading import Uploading
from handlers.journal import Journal
from handlers.notices.actions import Broadcasts
from handlers.notices.dialogue import NoticesDialogue
from handlers.pending import Pending
from handlers.people.actions import People
from handlers.people.dialogue import PeopleDialogue
from handlers.people.managing import Roster
from handlers.people.preferring import Preferring
from handlers.people.signing_in import SignIn
from handlers.people.signing_in_dialogue import SignInDialogue
from handlers.questions.actions import Questions
from handlers.questions.dialogue import QuestionsDialogue
from handlers.running import RunningRoutes
from handlers.undo import Undo
from store.engine import Store
from tests.fakes.messages import NOW

ZONE = ZoneInfo("Asia/Shanghai")


def running_routes() -> RunningRoutes:
    """For looking at the table only."""
    nobody = cast("People", None)
    confirmations = Confirmations(cast("Pending", None), nobody)
    undo = Undo(cast("Store", None), nobody, lambda: NOW, confirmations, ZONE)
    nothing = cast("Roster", None)
    return RunningRoutes(
        people=PeopleDialogue(
            people=nobody, roster=nothing, binding=cast("object", None),  # type: ignore[arg-type]
            joining=cast("object", None),  # type: ignore[arg-type]
            preferring=cast("Preferring", None),
            confirmations=confirmations, undo=undo,
        ),
        questions=QuestionsDialogue(
            questions=cast("Questions", None), digest=cast("object", None),  # type: ignore[arg-type]
            people=nobody, roster=nothing, confirmations=confirmations, undo=undo,
        ),
        notices=NoticesDialogue(
            broadcasts=cast("Broadcasts", None), people=nobody, confirmations=confirmations,
            undo=undo, read_time=lambda words, now: None, zone=ZONE,
        ),
        uploading=Uploading(
            documents=cast("Documents", None), keeping=cast("Keeping", None), people=nobody,
            confirmations=confirmations, undo=undo,
            fetch=cast("object", None), limit_bytes=1,  # type: ignore[arg-type]
        ),
        journal=Journal(store=cast("Store", None), people=nobody, zone=ZONE),
        signing_in=SignInDialogue(
            sign_in=cast("SignIn", None), people=nobody,
            address=lambda path: None, is_only_here=False,
        ),
        confirmations=confirmations,
        undo=undo,
    )  # fmt: skip
