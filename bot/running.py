"""The part of the composition that is about running it: people, questions, notices, the log."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.channels.base import Recalls, Sends
from bot.config import RoutingSettings, Settings
from bot.errors import ChannelError
from bot.messages import ChannelName
from bot.tasking import group_webhooks
from bot.web.addresses import is_only_here, page_address
from handlers.confirmations import Confirmations
from handlers.documents.actions import Documents
from handlers.documents.keeping import Keeping
from handlers.documents.uploading import Fetch, Uploading
from handlers.journal import Journal
from handlers.notices.actions import Broadcasts, Recall
from handlers.notices.dialogue import NoticesDialogue
from handlers.people.actions import People
from handlers.people.binding import Binding
from handlers.people.dialogue import PeopleDialogue
from handlers.people.joining import Joining
from handlers.people.managing import Roster
from handlers.people.preferring import Preferring
from handlers.people.signing_in import SignIn
from handlers.people.signing_in_dialogue import SignInDialogue
from handlers.posting import Post
from handlers.questions.actions import Questions
from handlers.questions.dialogue import QuestionsDialogue
from handlers.questions.digest import Digest
from handlers.questions.owners import Rules, Topic
from handlers.running import RunningRoutes
from handlers.times import Times
from handlers.undo import Undo
from scheduler.clock import Chore, Ticker
from scheduler.when import Instant
from store.engine import Store

_DIGEST_S = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """What the rest of the application uses of it."""

    roster: Roster
    binding: Binding
    joining: Joining
    questions: Questions
    broadcasts: Broadcasts
    journal: Journal
    keeping: Keeping
    uploading: Uploading
    sign_in: SignIn
    routes: RunningRoutes
    ticker: Ticker


def make_questions(
    settings: Settings,
    store: Store,
    *,
    post: Post,
    clock: Callable[[], datetime],
    zone: ZoneInfo,
) -> Questions:
    """Before the rest: asking needs it."""
    rules = _rules(settings.routing)
    return Questions(
        store=store,
        post=post,
        clock=clock,
        zone=zone,
        rules=rules,
        unsure_below=settings.routing.unsure_below,
    )


def build_running(
    settings: Settings,
    store: Store,
    people: People,
    documents: Documents,
    questions: Questions,
    *,
    senders: Mapping[ChannelName, Sends],
    fetch: Fetch,
    times: Times,
    confirmations: Confirmations,
    clock: Callable[[], datetime],
    monotonic: Callable[[], float],
    real_clock: Callable[[], datetime],
    zone: ZoneInfo,
) -> Running:
    """Everything about running it, over what is there already."""
    post = questions.post
    undo = Undo(store, people, clock, confirmations, zone)
    roster, binding = Roster(store, clock), Binding(store, clock)
    joining = Joining(store, post, clock, people.admins)
    broadcasts = Broadcasts(
        store=store,
        post=post,
        clock=clock,
        recall_sent=_recalling(senders),
        chats=group_webhooks(settings),
    )
    digest = Digest(store=store, post=post, clock=clock, zone=zone)
    journal = Journal(store=store, people=people, zone=zone)
    keeping = Keeping(documents)
    sign_in = SignIn(store, people, real_clock)
    uploading = Uploading(
        documents=documents,
        keeping=keeping,
        people=people,
        confirmations=confirmations,
        undo=undo,
        fetch=fetch,
        limit_bytes=settings.knowledge.file_limit_mb * 2**20,
    )
    routes = RunningRoutes(
        people=PeopleDialogue(
            people=people,
            roster=roster,
            binding=binding,
            joining=joining,
            preferring=Preferring(store, clock),
            confirmations=confirmations,
            undo=undo,
        ),
        questions=QuestionsDialogue(
            questions=questions,
            digest=digest,
            people=people,
            roster=roster,
            confirmations=confirmations,
            undo=undo,
        ),
        notices=NoticesDialogue(
            broadcasts=broadcasts,
            people=people,
            confirmations=confirmations,
            undo=undo,
            read_time=_reading(times),
            zone=zone,
        ),
        uploading=uploading,
        journal=journal,
        signing_in=SignInDialogue(
            sign_in=sign_in,
            people=people,
            address=page_address(settings.bot),
            is_only_here=is_only_here(settings.bot),
        ),
        confirmations=confirmations,
        undo=undo,
    )
    chore = Chore(name="digest", every_s=_DIGEST_S, run=digest.send_due)
    return Running(
        roster=roster,
        binding=binding,
        joining=joining,
        questions=questions,
        broadcasts=broadcasts,
        journal=journal,
        keeping=keeping,
        uploading=uploading,
        sign_in=sign_in,
        routes=routes,
        ticker=Ticker(chores=[chore], clock=clock, monotonic=monotonic),
    )


def reaching(channels: Collection[ChannelName]) -> Post:
    """Those of ``channels`` that reach a person, best first."""
    best = (
        ChannelName.WECOM_APP,
        ChannelName.WECOM_AIBOT,
        ChannelName.DINGTALK,
        ChannelName.WEB,
    )
    return Post(channels=[name for name in best if name in channels])


def _rules(settings: RoutingSettings) -> Rules:
    return Rules(
        topics=tuple(Topic(words=one.words, to=one.to) for one in settings.topics),
        units=settings.units,
        default=settings.default,
    )


def _reading(times: Times) -> Callable[[str, datetime], datetime | None]:
    def read(words: str, now: datetime) -> datetime | None:
        when = times.read(words)
        return when.at if isinstance(when, Instant) else None

    return read


def _recalling(senders: Mapping[ChannelName, Sends]) -> Recall:
    """Takes back through the channel that sent, where it can."""

    async def recall(channel: str, provider_id: str) -> bool:
        sender = senders.get(ChannelName(channel))
        if not isinstance(sender, Recalls):
            return False
        try:
            await sender.recall(provider_id)
        except ChannelError:
            return False
        return True

    return recall
