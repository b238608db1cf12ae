"""Indicator trees: taken over from a sheet, filled by counting or by a rater, looked at by unit."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import PurePath
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bot.errors import NotAllowed, NotFound, UsageError
from handlers.access import Act, Actor, check
from handlers.people.selecting import unit_meant, unit_name
from handlers.records.types import RecordTypes
from handlers.reports.indicator_counting import standing, ways_of
from handlers.reports.indicator_sheet import Node, Sheet, read_indicators
from handlers.reports.indicator_views import (
    IndicatorView,
    Offer,
    RatingView,
    Standing,
    TreeView,
    Way,
)
from handlers.reports.period import Period, read_period, usual_year, year
from handlers.reports.units import unit_of
from store import audit, blobs, indicators, people
from store.engine import Store
from store.indicators import NewNode, NewTree
from store.models import Member, Unit
from store.models_indicators import IndicatorTree
from store.models_records import Indicator

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_YEAR = re.compile(r"(20\d\d)\s*年?度?")
_NAME_CHARS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicators:
    """Built once, in ``bot.app``."""

    store: Store
    types: RecordTypes
    clock: Callable[[], datetime]
    zone: ZoneInfo

    def today(self) -> date:
        """Where the people are."""
        return self.clock().astimezone(self.zone).date()

    async def offer(
        self, actor: Actor, file_name: str, content: bytes, *, name: str = "", period: str = ""
    ) -> Offer:
        """What a sheet would become; nothing is stored.

        Raises:
            NotAllowed: The actor keeps no indicators.
            UsageError: It is no such sheet, or the period cannot be read.
        """
        check(actor, Act.MANAGE_INDICATORS)
        sheet = await asyncio.to_thread(read_indicators, content)
        called = _name(name, sheet, file_name)
        span = self._period(period, called, file_name)
        nodes, errors = self._typed(sheet)
        known = await self.store.read(lambda session: indicators.tree(session, called))
        scores = [one.hundredths for one in nodes if one.level == 1 and one.hundredths]
        leaves = set(range(len(nodes))) - {one.parent for one in nodes}
        return Offer(
            name=called,
            first=span.first,
            last=span.last,
            levels=sheet.levels,
            full=sum(scores),
            counted=sum(bool(one.type and one.target) for one in nodes),
            unscored=sum(nodes[at].hundredths is None for at in leaves),
            replaces=known is not None,
            errors=errors,
        )

    async def take_over(
        self, actor: Actor, file_name: str, content: bytes, *, name: str = "", period: str = ""
    ) -> TreeView:
        """Store a sheet's tree, all or nothing.

        Raises:
            NotAllowed: The actor keeps no indicators, or the tree is another unit's.
            UsageError: The sheet has errors, or indicators that were rated are gone from it.
        """
        check(actor, Act.MANAGE_INDICATORS)
        sheet = await asyncio.to_thread(read_indicators, content)
        called = _name(name, sheet, file_name)
        span = self._period(period, called, file_name)
        nodes, errors = self._typed(sheet)
        if errors:
            raise UsageError("bad sheet", reply="\n".join(errors[:20]))
        now = self.clock()

        def work(session: Session) -> TreeView:
            unit = _keeps_for(session, actor)
            before = indicators.tree(session, called)
            if before is not None and before.unit_id is not None:
                check(actor, Act.MANAGE_INDICATORS, before.unit_id)
            tree = NewTree(
                name=called,
                unit_id=unit.id if before is None else before.unit_id,
                first_day=span.first,
                last_day=span.last,
                file=blobs.put(session, content, media_type=XLSX, now=now),
                by=actor.member_id,
                at=now,
            )
            gone = indicators.take_over(session, tree, nodes)
            if gone:
                names = "、".join(gone[:5])
                reply = f"这些指标已经评过分，新表里没有：{names}。请补上，或者换一个名称再导入。"
                raise UsageError("rated indicators are gone", reply=reply)
            levels = "/".join(map(str, sheet.levels))
            audit.record(
                session,
                who=actor.account,
                what="indicators.import",
                subject=f"indicators:{called}",
                now=now,
                before=None if before is None else "replaced",
                after=levels,
            )
            return _tree_view(session, indicators.tree(session, called))

        return await self.store.write(work)

    async def trees(self, actor: Actor) -> list[TreeView]:
        """Those that the actor may look at, the newest first."""
        check(actor, Act.SEE_TASKS)

        def query(session: Session) -> list[TreeView]:
            return [
                _tree_view(session, one)
                for one in indicators.trees(session)
                if _sees(session, actor, one)
            ]

        return await self.store.read(query)

    async def standing(self, actor: Actor, tree: str, unit: str = "") -> Standing:
        """How a unit stands; ``tree`` may be a part of its name, or empty: the newest.

        Raises:
            NotFound: No such tree or unit.
            NotAllowed: The actor may not see what is done there.
        """
        now = self.clock()

        def query(session: Session) -> Standing:
            found = _tree_named(session, actor, tree)
            of = _unit(session, actor, unit)
            check(actor, Act.SEE_TASKS, of.id)
            return standing(session, found, of, self.types, now)

        return await self.store.read(query)

    async def comparison(self, actor: Actor, tree: str) -> list[Standing]:
        """The units right below the tree's that the actor may see, in the roster's order."""
        now = self.clock()

        def query(session: Session) -> list[Standing]:
            found = _tree_named(session, actor, tree)
            every = people.units(session)
            below = [one for one in every if one.parent_id == found.unit_id]
            own = [one for one in every if one.id == found.unit_id]
            return [
                standing(session, found, one, self.types, now)
                for one in below or own
                if actor.may(Act.SEE_TASKS, one.id)
            ]

        return await self.store.read(query)

    async def look(self, actor: Actor, indicator_id: int, unit: str = "") -> IndicatorView:
        """One indicator of a unit: its criterion, the records behind it, every rating.

        Raises:
            NotFound: No such indicator or unit.
            NotAllowed: The actor may not see what is done there.
        """
        now = self.clock()

        def query(session: Session) -> IndicatorView:
            node, tree = _node(session, actor, indicator_id)
            of = _unit(session, actor, unit)
            check(actor, Act.SEE_TASKS, of.id)
            stands = standing(session, tree, of, self.types, now)
            by_id = {one.id: one for one in indicators.nodes_of(session, tree.name)}
            above: list[str] = []
            parent = node.parent_id
            while parent is not None:
                above.insert(0, by_id[parent].title)
                parent = by_id[parent].parent_id
            return IndicatorView(
                tree=tree.name,
                unit=of.name,
                row=next(one for one in stands.rows if one.id == node.id),
                above=tuple(above),
                ratings=tuple(
                    RatingView(
                        score=one.hundredths,
                        note=one.note or "",
                        by=_member_name(session, one.rated_by),
                        at=one.rated_at.astimezone(self.zone),
                    )
                    for one in indicators.rating_history(session, node.id, of.id)
                ),
            )

        return await self.store.read(query)

    async def rate(
        self, actor: Actor, indicator_id: int, unit: str, hundredths: int, note: str = ""
    ) -> IndicatorView:
        """Give a unit its score on an indicator; what was given before stays in the history.

        Raises:
            NotFound: No such indicator or unit.
            NotAllowed: The actor does not rate that unit; nobody rates their own.
            UsageError: It is counted, has no full score, or the score is over it.
        """
        now = self.clock()

        def work(session: Session) -> str:
            node, tree = _node(session, actor, indicator_id)
            of = unit_meant(session, unit)
            _check_rates(session, actor, of, tree)
            _check_score(session, node, hundredths)
            before = indicators.ratings(session, tree.name, [of.id]).get((node.id, of.id))
            indicators.rate(
                session,
                indicator_id=node.id,
                unit_id=of.id,
                hundredths=hundredths,
                by=actor.member_id,
                note=note,
                now=now,
            )
            audit.record(
                session,
                who=actor.account,
                what="indicators.rate",
                subject=f"indicator:{node.id}",
                now=now,
                before=None if before is None else f"unit:{of.id} {before / 100:g}",
                after=f"unit:{of.id} {hundredths / 100:g}",
            )
            return of.name

        return await self.look(actor, indicator_id, await self.store.write(work))

    def _period(self, said: str, name: str, file_name: str) -> Period:
        """As said; else the year in the name; else the one that is usually reported."""
        if said:
            found = read_period(said, self.today())
            if found is None:
                reply = f"没看懂期间“{said}”。可以写：2026年、2026年上半年。"
                raise UsageError("unreadable period", reply=reply)
            return found
        written = _YEAR.search(name) or _YEAR.search(file_name)
        return year(int(written[1])) if written else usual_year(self.today())

    def _typed(self, sheet: Sheet) -> tuple[list[NewNode], tuple[str, ...]]:
        """Nodes with the types that their words name; nothing confidential is counted."""
        errors = list(sheet.errors)
        nodes = []
        for one in sheet.nodes:
            type_ = self.types.named(one.type_words) if one.type_words else None
            if one.type_words and (type_ is None or type_.confidential):
                what = "是保密的，不能用来计分" if type_ else "没有这一类记录"
                errors.append(f"第 {one.row} 行：“{one.type_words}”{what}。")
            if one.target and not one.type_words:
                errors.append(f"第 {one.row} 行：写了次数，没写按哪类记录计。")
            nodes.append(_new(one, None if type_ is None else type_.id))
        return nodes, tuple(errors)


def _new(node: Node, type_id: str | None) -> NewNode:
    return NewNode(
        level=node.level,
        title=node.title,
        parent=node.parent,
        hundredths=node.hundredths,
        criterion=node.criterion,
        type=type_id,
        target=node.target,
    )


def _name(given: str, sheet: Sheet, file_name: str) -> str:
    return (given or sheet.title or PurePath(file_name).stem).strip()[:_NAME_CHARS] or "考核指标"


def _keeps_for(session: Session, actor: Actor) -> Unit:
    """The highest unit whose indicators the actor keeps."""
    may = [one for one in people.units(session) if actor.may(Act.MANAGE_INDICATORS, one.id)]
    ids = {one.id for one in may}
    tops = [one for one in may if one.parent_id not in ids]
    if not tops:
        raise NotFound("no unit", reply="花名册里还没有单位，请先导入花名册。")
    return tops[0]


def _sees(session: Session, actor: Actor, tree: IndicatorTree) -> bool:
    """Whoever is at or below the tree's unit, or above it."""
    if actor.is_operator or tree.unit_id is None:
        return True
    below = people.with_all_below(session, [tree.unit_id])
    return any(one in below and actor.may(Act.SEE_TASKS, one) for one in actor.roles)


def _tree_named(session: Session, actor: Actor, words: str) -> IndicatorTree:
    seen = [one for one in indicators.trees(session) if _sees(session, actor, one)]
    if not seen:
        reply = "还没有考核指标。管理员把指标表（.xlsx）直接发给我就能导入。"
        raise NotFound("no tree", reply=reply)
    wanted = words.strip("《》 ")
    fitting = [one for one in seen if one.name == wanted] or [
        one for one in seen if wanted in one.name
    ]
    if not fitting:
        names = "、".join(f"《{one.name}》" for one in seen[:8])
        raise NotFound("no such tree", reply=f"没有叫“{wanted}”的指标。现有：{names}。")
    return fitting[0]


def _node(session: Session, actor: Actor, indicator_id: int) -> tuple[Indicator, IndicatorTree]:
    node = indicators.node(session, indicator_id)
    tree = indicators.tree(session, node.tree) if node is not None else None
    if node is None or tree is None or not _sees(session, actor, tree):
        raise NotFound("no such indicator", reply="没有这项指标，请核对编号，发 /指标 可以看到。")
    return node, tree


def _unit(session: Session, actor: Actor, name: str) -> Unit:
    return unit_meant(session, name) if name else unit_of(session, actor, "")


def _check_rates(session: Session, actor: Actor, of: Unit, tree: IndicatorTree) -> None:
    """By somebody above: a school that rates itself rates well."""
    scope = [tree.unit_id] if tree.unit_id is not None else []
    if scope and of.id not in people.with_all_below(session, scope):
        raise UsageError("another tree's unit", reply=f"{of.name}不在这套指标的范围里。")
    above = of.parent_id if of.parent_id is not None else of.id
    if not actor.may(Act.RATE, above):
        reply = "评分要由上级单位的书记、专干、指导组或管理员来评，不能给自己单位评。"
        raise NotAllowed(f"member {actor.member_id} may not rate unit {of.id}", reply=reply)


def _check_score(session: Session, node: Indicator, hundredths: int) -> None:
    way = ways_of(indicators.nodes_of(session, node.tree))[node.id]
    if way is Way.COUNTED:
        reply = "这一项按记录自动计分，补上记录分数就会变，不用评。"
        raise UsageError("counted", reply=reply)
    if way is not Way.RATED or node.hundredths is None:
        reply = "这一项不直接评分：它的分数来自下级指标，或者表里没有写分值。"
        raise UsageError("not to be rated", reply=reply)
    if not 0 <= hundredths <= node.hundredths:
        reply = f"这一项满分 {node.hundredths / 100:g} 分，请写 0 到 {node.hundredths / 100:g}。"
        raise UsageError("out of bounds", reply=reply)


def _member_name(session: Session, member_id: int | None) -> str:
    member = session.get(Member, member_id) if member_id is not None else None
    return member.name if member is not None else "本机操作员"


def _tree_view(session: Session, tree: IndicatorTree | None) -> TreeView:
    assert tree is not None  # noqa: S101 - read in the same transaction
    nodes = indicators.nodes_of(session, tree.name)
    deepest = max((one.level for one in nodes), default=0)
    return TreeView(
        name=tree.name,
        unit=unit_name(session, tree.unit_id),
        first=tree.first_day,
        last=tree.last_day,
        levels=tuple(sum(one.level == n for one in nodes) for n in range(1, deepest + 1)),
        full=sum(one.hundredths or 0 for one in nodes if one.level == 1),
    )
