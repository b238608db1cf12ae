"""Somebody unknown: welcomed once, may ask to join, and an admin decides with one tap."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bot.errors import BotError, NotAllowed, NotFound, UsageError
from bot.messages import Button, Card, ChannelName, Conversation, Reply, Role
from handlers.access import Act, Actor, check
from handlers.people import wording
from handlers.people.actions import platform_of
from handlers.people.managing import newcomer
from handlers.people.selecting import unit_meant
from handlers.posting import Post
from store import audit, joins, people, settings
from store.engine import Store
from store.models import DeliveryKind, Member, Unit
from store.models_running import JoinRequest, JoinState

_GREETED_AGAIN = timedelta(hours=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A wish to join as an admin sees it."""

    id: int
    name: str
    unit: str
    platform: str
    account: str
    asked_at: datetime
    follows: str
    """What approving would do, or why it needs the name of a unit."""
    unit_id: int | None
    """None: no single unit is called so."""


@dataclass(frozen=True, slots=True)
class Joining:
    """Built once, in ``bot.app``."""

    store: Store
    post: Post
    clock: Callable[[], datetime]
    admins: frozenset[str] = frozenset()
    """Accounts that the configuration names; told when the roster has no admin yet."""

    async def greet_once(self, actor: Actor) -> bool:
        """Whether this is the first time that somebody unknown writes."""
        if actor.member_id is not None or actor.is_operator:
            return False
        key, now = f"welcomed:{actor.account}", self.clock().isoformat()

        def work(session: Session) -> bool:
            if settings.get(session, key) is not None:
                return False
            settings.put(session, key, now)
            return True

        return await self.store.write(work)

    async def greet_daily(self, actor: Actor) -> bool:
        """Whether somebody known was not greeted yet today; some platforms tell of every entry."""
        key, now = f"hello:{actor.account}", self.clock()

        def work(session: Session) -> bool:
            last = settings.get(session, key)
            if last is not None and now - datetime.fromisoformat(last) < _GREETED_AGAIN:
                return False
            settings.put(session, key, now.isoformat())
            return True

        return actor.member_id is not None and await self.store.write(work)

    async def ask(self, actor: Actor, name: str, unit: str) -> str:
        """Keep the wish and tell those who decide; what the asker is told."""
        if actor.member_id is not None:
            return wording.ALREADY_IN.format(name=actor.name)
        now = self.clock()

        def work(session: Session) -> str:
            row, is_news = joins.ask(
                session,
                channel=actor.sender.channel,
                platform=platform_of(actor.sender),
                account=actor.sender.account,
                name=name,
                unit=unit,
                now=now,
            )
            told = self._tell(session, row, now) if is_news else True
            said = wording.ASKED_TO_JOIN if told else wording.NOBODY_APPROVES
            return said.format(name=name, unit=unit)

        return await self.store.write(work)

    def _tell(self, session: Session, row: JoinRequest, now: datetime) -> bool:
        unit = _unit(session, row.unit)
        reply = Reply(card=_card(session, row, unit))
        roots = people.root_units(session)
        deciders = self.post.in_charge(session, {unit.id} if unit else roots, Role.ADMIN)
        key = f"join:{row.id}:{row.asked_at:%Y%m%dT%H%M%S}"
        is_told = False
        for member_id in deciders:
            at = f"{key}:{member_id}"
            is_told |= self.post.to_member(session, member_id, at, reply, now) is not None
        if not deciders:
            for conversation in _of_accounts(self.admins, self.post.channels):
                at = f"{key}:{conversation.id}"
                is_told |= self.post.to(session, conversation, at, reply, now) is not None
        return is_told

    async def wishes(self, actor: Actor) -> Sequence[Wish]:
        """What waits for the actor."""
        check(actor, Act.MANAGE_PEOPLE)

        def query(session: Session) -> list[Wish]:
            found = [(row, _unit(session, row.unit)) for row in joins.open_requests(session)]
            return [_wish(session, row, unit) for row, unit in found if _may_decide(actor, unit)]

        return await self.store.read(query)

    async def approve(self, actor: Actor, request_id: int, unit: str = "") -> str:
        """Take somebody in; ``unit`` corrects what they wrote. What the admin is told.

        Raises:
            NotFound: There is no such wish.
            UsageError: It is decided already, or the unit is not clear.
            NotAllowed: The unit is not the actor's, or the one that was asked for is not.
        """
        now = self.clock()

        def work(session: Session) -> str:
            row = _open(session, request_id)
            found = _named(session, unit or row.unit, request_id)
            check(actor, Act.MANAGE_PEOPLE, found.id)
            if not _may_decide(actor, _unit(session, row.unit)):
                raise NotAllowed("a wish to join another's unit")
            member = _on_the_sheet(session, row, found)
            is_known = member is not None
            if member is None:
                member = newcomer(session, row.name, found.id, Role.TEACHER, now)
            people.link(session, row.platform, row.account, member.id, display_name=row.name)
            self._decide(session, actor, row, JoinState.APPROVED, member, now)
            said = wording.JOINED.format(name=row.name, unit=found.name)
            self._answer(session, row, said, now)
            how = "账号已绑定花名册上的这位同志" if is_known else "已加进花名册，角色是教师"
            return f"已同意 {row.name}（{found.name}）：{how}。"

        return await self.store.write(work)

    async def refuse(self, actor: Actor, request_id: int) -> str:
        """Turn somebody away, politely. What the admin is told."""
        now = self.clock()

        def work(session: Session) -> str:
            row = _open(session, request_id)
            unit = _unit(session, row.unit)
            check(actor, Act.MANAGE_PEOPLE, unit.id if unit else None)
            self._decide(session, actor, row, JoinState.REFUSED, None, now)
            self._answer(session, row, wording.NOT_JOINED, now)
            return f"已谢绝 {row.name} 的加入申请。"

        return await self.store.write(work)

    def _decide(
        self,
        session: Session,
        actor: Actor,
        row: JoinRequest,
        state: JoinState,
        member: Member | None,
        now: datetime,
    ) -> None:
        row.state, row.decided_by, row.decided_at = state, actor.member_id, now
        row.member_id = member.id if member else None
        audit.record(
            session,
            who=actor.account,
            what=f"join.{state}",
            subject=f"join:{row.id}",
            now=now,
            before=JoinState.ASKED,
            after=f"member:{member.id}" if member else state,
        )

    def _answer(self, session: Session, row: JoinRequest, said: str, now: datetime) -> None:
        conversation = Conversation(channel=ChannelName(row.channel), id=row.account)
        key, kind = f"join:{row.id}:decided", DeliveryKind.REPLY
        self.post.to(session, conversation, key, Reply(text=said), now, kind=kind)


def _named(session: Session, words: str, request_id: int) -> Unit:
    try:
        return unit_meant(session, words)
    except NotFound as error:
        reply = (
            f"花名册里还没有“{words}”这个单位。是已有的单位，就写 /同意加入 {request_id} 单位；"
            "要新建单位，把有这个单位的花名册（.xlsx 或 .csv）发给我。"
        )
        raise NotFound("no such unit", reply=reply) from error


def _open(session: Session, request_id: int) -> JoinRequest:
    row = joins.get(session, request_id)
    if row is None:
        raise NotFound(f"no wish {request_id}", reply="没有这个加入申请，请核对编号。")
    if row.state != JoinState.ASKED:
        raise UsageError("decided already", reply=wording.DECIDED_ALREADY)
    return row


def _unit(session: Session, words: str) -> Unit | None:
    try:
        return unit_meant(session, words)
    except BotError:
        return None


def _may_decide(actor: Actor, unit: Unit | None) -> bool:
    return actor.may(Act.MANAGE_PEOPLE, unit.id if unit else None)


def _on_the_sheet(session: Session, row: JoinRequest, unit: Unit) -> Member | None:
    """Whom the roster knows by this name in this unit, without an account on that platform."""
    fitting = [
        member
        for member in people.members_named(session, row.name)
        if any(one.unit_id == unit.id for one in people.memberships(session, member.id))
        and all(one.platform != row.platform for one in people.accounts(session, member.id))
    ]
    return fitting[0] if len(fitting) == 1 else None


def _wish(session: Session, row: JoinRequest, unit: Unit | None) -> Wish:
    return Wish(
        id=row.id,
        name=row.name,
        unit=row.unit,
        platform=row.platform,
        account=row.account,
        asked_at=row.asked_at,
        follows=_follows(session, row, unit),
        unit_id=None if unit is None else unit.id,
    )


def _follows(session: Session, row: JoinRequest, unit: Unit | None) -> str:
    if unit is None:
        return f"没有找到“{row.unit}”这个单位。"
    if _on_the_sheet(session, row, unit):
        return f"花名册上{unit.name}有{row.name}，同意后这个账号就是这位同志的。"
    return f"花名册上{unit.name}没有{row.name}，同意后按教师加入。"


def _card(session: Session, row: JoinRequest, unit: Unit | None) -> Card:
    platform = {"wecom": "企业微信", "dingtalk": "钉钉"}.get(row.platform, "网页")
    how = f"同意时请写明：/同意加入 {row.id} 单位名称" if unit is None else ""
    return Card(
        title=f"申请加入：{row.name}",
        body=_follows(session, row, unit) + how,
        facts=(("单位", row.unit), ("平台", platform), ("账号", row.account)),
        buttons=(
            Button(label="同意", command=f"/同意加入 {row.id}", style="primary"),
            Button(label="谢绝", command=f"/谢绝加入 {row.id}"),
        ),
        key=f"join:{row.id}",
    )


def _of_accounts(
    accounts: frozenset[str], channels: Sequence[ChannelName]
) -> Sequence[Conversation]:
    found = []
    for name in sorted(accounts):
        platform, _, account = name.partition(":")
        channel = next((one for one in channels if one.platform == platform), None)
        if channel is not None:
            found.append(Conversation(channel=channel, id=account))
    return found
