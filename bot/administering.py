"""The part of the composition that is the admin page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.admin.audit import AuditPage
from bot.admin.board import BoardPage
from bot.admin.documents import DocumentsPages
from bot.admin.outbox import OutboxPage
from bot.admin.questions import QuestionsPages
from bot.admin.records import RecordPages
from bot.admin.roster import RosterPages
from bot.admin.session import Door
from bot.admin.sessions import SessionsPage
from bot.admin.site import AdminSite
from bot.admin.tasks import TaskAdminPages
from bot.channels.base import Health, SignsIn
from bot.config import Settings
from bot.messages import ChannelName
from bot.model_writer import ModelUsage
from bot.recording import Recording
from bot.running import Running
from bot.tasking import Tasking
from handlers.board.actions import Board
from handlers.board.deliveries import Deliveries
from handlers.documents.browsing import DocumentList
from handlers.people.browsing import RosterList
from handlers.people.importing import RosterFiles
from handlers.people.signing_in import SignIn
from handlers.questions.browsing import QuestionList
from handlers.reports.exporting import LedgerExport
from handlers.tasks.browsing import TaskList
from handlers.trail import Trail
from store.engine import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminNeeds:
    """What the admin page is built over."""

    store: Store
    tasking: Tasking
    recording: Recording
    running: Running
    health: Callable[[], Awaitable[Mapping[str, Health]]]
    usage: ModelUsage
    ways: Mapping[ChannelName, SignsIn]
    """Platforms that vouch for who somebody is."""
    folder: Path
    clock: Callable[[], datetime]
    monotonic: Callable[[], float]
    zone: ZoneInfo


def build_admin(settings: Settings, sign_in: SignIn, needs: AdminNeeds) -> AdminSite:
    """Every page, behind one door."""
    door = Door(
        sign_in=sign_in,
        public_url=settings.bot.public_url,
        ways=needs.ways,
        monotonic=needs.monotonic,
    )
    people = RosterList(needs.store, needs.clock)
    board = Board(needs.store, needs.clock, needs.zone)
    return AdminSite(
        door=door,
        parts=[
            BoardPage(
                door=door,
                board=board,
                joining=needs.running.joining,
                records=needs.recording.browsing,
                tasks=needs.tasking.tasks,
                health=needs.health,
                usage=needs.usage,
                folder=needs.folder,
            ),
            TaskAdminPages(
                door=door,
                listing=TaskList(needs.store, needs.clock),
                tasks=needs.tasking.tasks,
                people=people,
                times=needs.tasking.times,
                links=needs.tasking.task_pages.links,
            ),
            RecordPages(
                door=door,
                browsing=needs.recording.browsing,
                records=needs.recording.records,
                deciding=needs.recording.deciding,
                export=LedgerExport(needs.recording.browsing, needs.clock),
                people=people,
            ),
            RosterPages(
                door=door,
                people=people,
                roster=needs.running.roster,
                joining=needs.running.joining,
                files=RosterFiles(sign_in.people),
                tasks=needs.tasking.tasks,
            ),
            DocumentsPages(
                door=door,
                shelf=DocumentList(needs.store, needs.clock, needs.zone),
                documents=needs.running.keeping.documents,
                keeping=needs.running.keeping,
                people=people,
                limit_bytes=needs.running.uploading.limit_bytes,
            ),
            QuestionsPages(
                door=door,
                desk=QuestionList(needs.store, needs.clock, needs.zone),
                questions=needs.running.questions,
                roster=needs.running.roster,
            ),
            OutboxPage(door=door, deliveries=Deliveries(needs.store, needs.clock)),
            AuditPage(door=door, trail=Trail(needs.store, needs.zone)),
            SessionsPage(door=door, sign_in=sign_in),
        ],
    )
