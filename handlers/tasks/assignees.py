"""李老师, 各支部, 第一小学, 大家: whom people mean, from the roster."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from bot.messages import ChannelName, Conversation, Role
from handlers.access import Act, Actor
from handlers.reach import runs_whole
from handlers.reminders.sentences import EVERYONE, ME
from handlers.tasks.views import Assignee, Every
from store import people
from store.engine import Store
from store.models import Member, Unit

_EACH = re.compile(
    r"(?:各|每个|每名|每位|每所|所有|全体|全部|全县|全市|全区|全校)+(?:中小|级|类|个|中、?小)*"
)
_BRANCHES = re.compile(r"支部")
_COMMITTEES = re.compile(r"党组织|总支|党委")
_SCHOOLS = re.compile(r"学校|校|园|中小学")
_IS_SCHOOL = re.compile(r"(?:小学|中学|学校|幼儿园|高中|初中|职高|学院|校区?)$")
_IS_BRANCH = re.compile(r"支部(?:委员会)?$")
_IS_COMMITTEE = re.compile(r"(?:支部|总支|党委)(?:委员会)?$")
_OURS = re.compile(r"^(?:[本我该各]?(?:县|市|区|局|校|单位)(?:里|内)?的?)+")
"""局人事科 of the plan is 人事科 of the roster."""
_TITLE = re.compile(
    r"(?:老师|主任|副?校长|副?书记|园长|局长|科长|股长|组长|委员|同志|专干|会计|干事)$"
)
_ROLES = (
    ("支部书记", Role.BRANCH_SECRETARY),
    ("党建专干", Role.OFFICER),
    ("专干", Role.OFFICER),
    ("书记", Role.SECRETARY),
    ("管理员", Role.ADMIN),
    ("指导组", Role.GUIDANCE),
    ("党员", Role.PARTY_MEMBER),
    ("党员教师", Role.PARTY_MEMBER),
    ("教职工", Role.TEACHER),
    ("教师", Role.TEACHER),
    ("老师", Role.TEACHER),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """``problems`` say in Chinese which names could not be settled, and what to do."""

    assignees: tuple[Assignee, ...] = ()
    words: tuple[str, ...] = ()
    """Who they are, as the echo names them."""
    group: Conversation | None = None
    """The group that was named and that cannot answer: it is told, whoever sits in it."""
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Assignees:
    """Built once, in ``bot.app``; ``groups`` are those that are only written to, by name."""

    store: Store
    groups: Mapping[str, ChannelName] = field(default_factory=dict)

    async def known(self) -> frozenset[str]:
        """Every name of the roster, people and units."""

        def query(session: Session) -> frozenset[str]:
            names = {one.name for one in people.members(session)}
            units = {one.name for one in people.units(session)}
            return frozenset(names | units | _short_names(units) | self.groups.keys())

        return await self.store.read(query)

    async def named(
        self, actor: Actor, names: Sequence[str], here: Conversation | None = None
    ) -> Named:
        """Settle each name; ``here`` is what 大家 and 我 mean."""

        def query(session: Session) -> Named:
            roster = _Roster(session, actor, here)
            found = [self._group(session, actor, name) or roster.settle(name) for name in names]
            group = next((each.group for each in found if each.group), None)
            assignees = dict.fromkeys(one for each in found for one in each.assignees)
            if group is not None and len(assignees) > 1:
                assignees.pop(Assignee(), None)  # the group as a whole: others are named
            return Named(
                assignees=tuple(assignees),
                words=tuple(dict.fromkeys(word for each in found for word in each.words)),
                problems=tuple(problem for each in found for problem in each.problems),
                group=group,
            )

        return await self.store.read(query)

    def _group(self, session: Session, actor: Actor, name: str) -> Named | None:
        """A group that is only written to, by those who lead the whole."""
        channel = self.groups.get(name)
        if channel is None:
            return None
        if not runs_whole(session, actor, Act.BROADCAST):
            return Named(problems=(f"往“{name}”里发要由管理员来设",))
        group = Conversation(channel=channel, id=name, is_group=True)
        return Named(assignees=(Assignee(),), words=(f"“{name}”群",), group=group)


class _Roster:
    """The roster for one question."""

    def __init__(self, session: Session, actor: Actor, here: Conversation | None) -> None:
        self._session = session
        self._actor = actor
        self._here = here
        self._units = people.units(session)

    def settle(self, name: str) -> Named:
        if name == ME:
            return self._me()
        if name == EVERYONE:
            return self._everyone()
        bare = re.sub(r"[（(].*?[)）]|等$|牵头$|负责$|^由", "", name).strip(' 、，,《》“”"')
        for settle in (self._member, self._unit, self._each, self._titled, self._with_role):
            if found := settle(bare):
                return found
        return Named(problems=(f"花名册上没有“{name}”",))

    def _me(self) -> Named:
        if self._here is not None and not self._here.is_group:
            return Named(assignees=(Assignee(),), words=("您",))
        if self._actor.member_id is not None:
            return Named(
                assignees=(Assignee(member_id=self._actor.member_id),),
                words=(self._actor.name or "您",),
            )
        return Named(assignees=(Assignee(),), words=("本群",))

    def _everyone(self) -> Named:
        here = self._here
        if here is not None and here.is_group:
            row = people.conversation(self._session, here.channel, here.id)
            if row is None or row.unit_id is None:
                return Named(assignees=(Assignee(),), words=("本群",))
            each = Assignee(unit_id=row.unit_id, every=Every.MEMBER)
            return Named(assignees=(each,), words=("本群全体成员",))
        own = [one.id for one in self._units if self._manages(one.id)]
        top = [one for one in self._units if one.id in own and one.parent_id not in own]
        if len(top) == 1:
            each = Assignee(unit_id=top[0].id, every=Every.MEMBER)
            return Named(assignees=(each,), words=(f"{top[0].name}全体成员",))
        return Named(problems=("“大家”是指哪些人？请在群里说，或者写明单位、姓名",))

    def _member(self, name: str) -> Named | None:
        found = people.members_named(self._session, name)
        if not found and _TITLE.search(name):
            found = people.members_named(self._session, _TITLE.sub("", name))
        return self._single(found, name) if found else None

    def _titled(self, name: str) -> Named | None:
        """李老师: by surname, nearest first."""
        bare = _TITLE.sub("", name)
        if bare == name or not 1 <= len(bare) <= 2:
            return None
        found = [one for one in people.members(self._session) if one.name.startswith(bare)]
        return self._single(found, name) if found else None

    def _single(self, found: Sequence[Member], name: str) -> Named:
        if len(found) > 1:
            near = [one for one in found if self._units_of(one.id) & self._actor.units]
            own = {unit for unit in self._actor.units if not self._below(unit)}
            nearest = [one for one in near if self._units_of(one.id) & own]
            found = nearest if len(nearest) == 1 else near if len(near) == 1 else found
        if len(found) == 1:
            return Named(assignees=(Assignee(member_id=found[0].id),), words=(found[0].name,))
        listed = "、".join(f"{one.name}（{self._unit_name(one.id)}）" for one in found[:5])
        return Named(problems=(f"“{name}”有好几位：{listed}，请写全名和单位，如“第一小学的王芳”",))

    def _unit(self, name: str) -> Named | None:
        if len(name) < 2:
            return None
        whose, _, who = name.partition("的")
        if who and (units := self._called(whose)):
            below = people.with_all_below(self._session, [one.id for one in units])
            members = [one for one in people.members(self._session, below) if one.name == who]
            if len(members) == 1:
                return Named(assignees=(Assignee(member_id=members[0].id),), words=(who,))
        found = self._called(name)
        if len(found) > 1:
            listed = "、".join(one.name for one in found[:6])
            return Named(problems=(f"“{name}”可以是：{listed}，请写全称",))
        return _given(found) if found else None

    def _called(self, name: str) -> list[Unit]:
        exact = [one for one in self._units if one.name == name]
        found = exact or [one for one in self._units if one.name.endswith(name)]
        bare = _OURS.sub("", name)
        if found or len(bare) < 2 or bare == name:
            return found
        return [one for one in self._units if one.name == bare]

    def _each(self, name: str) -> Named | None:
        each = _EACH.match(name)
        if each is None:
            return None
        what = name[each.end() :]
        kinds = ((_BRANCHES, _IS_BRANCH), (_COMMITTEES, _IS_COMMITTEE), (_SCHOOLS, _IS_SCHOOL))
        for pattern, is_one in kinds:
            if pattern.search(what):
                found = [one for one in self._units if is_one.search(one.name)]
                return _given(found) if found else None
        if "单位" in what or "科室" in what or "部门" in what:
            roots = {one.id for one in self._units if one.parent_id is None}
            return _given([one for one in self._units if one.parent_id in roots])
        return None

    def _with_role(self, name: str) -> Named | None:
        """第一小学教师, 各支部书记: those of a role, in a unit or wherever there are any."""
        for word, role in _ROLES:
            if not name.endswith(word):
                continue
            where = name.removesuffix(word)
            if where and not _EACH.fullmatch(where):
                units = self._called(where) or self._called(where + "支部")
            else:
                units = [one for one in self._units if self._manages(one.id)]
            held = [one for one in units if self._holds(one.id, role)]
            if held:
                return Named(
                    assignees=tuple(Assignee(unit_id=one.id, role=role) for one in held),
                    words=tuple(f"{one.name}{word}" for one in held),
                )
        return None

    def _holds(self, unit_id: int, role: Role) -> bool:
        members = people.members(self._session, [unit_id])
        return any(
            (one.unit_id, one.role) == (unit_id, role)
            for member in members
            for one in people.memberships(self._session, member.id)
        )

    def _manages(self, unit_id: int) -> bool:
        return self._actor.may(Act.MANAGE_TASKS, unit_id)

    def _below(self, unit_id: int) -> Collection[int]:
        return [one.id for one in self._units if one.parent_id == unit_id]

    def _units_of(self, member_id: int) -> frozenset[int]:
        return frozenset(one.unit_id for one in people.memberships(self._session, member_id))

    def _unit_name(self, member_id: int) -> str:
        own = self._units_of(member_id)
        return next((one.name for one in self._units if one.id in own), "未分单位")


def _given(units: Iterable[Unit]) -> Named:
    listed = list(units)
    return Named(
        assignees=tuple(Assignee(unit_id=one.id) for one in listed),
        words=tuple(one.name for one in listed),
    )


def _short_names(units: Iterable[str]) -> set[str]:
    """青禾县第一小学 is also 第一小学."""
    short = {re.sub(r"^.{2,4}?[县市区]", "", name) for name in units}
    return {name for name in short if len(name) >= 3}
