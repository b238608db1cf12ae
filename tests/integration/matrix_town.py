"""A county of two schools, with one thing of every kind in each, for the table of permissions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.app import opened
from bot.assembled import App
from bot.errors import BotError, NotAllowed, NotFound
from bot.messages import (
    Card,
    ChannelName,
    Conversation,
    IncomingMessage,
    MessageKind,
    Reply,
    Role,
    Sender,
)
from bot.middleware import chain, identify, permit
from handlers.access import Actor
from handlers.people.actions import operator
from handlers.tasks.views import Assignee, NewTask, Step
from store import occurrences, people, questions, roll_calls
from store.models_records import Record
from tests.fakes.indicator_sheets import SMALL, workbook
from tests.scenario.town import settings

NEAR, FAR = "一中", "二中"
_STEPS = ("签收", "办理", "完成", "退回", "延期", "稍后", "办结", "重办", "交办", "转交", "批准",
          "不批准", "取消", "看")  # fmt: skip
_TITLES = {NEAR: "甲", FAR: "乙"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """``words`` is what sentences of the table are filled with."""

    app: App
    words: Mapping[str, str]
    numbers: count[int]

    async def says(self, account: str, text: str) -> str | None:
        """All that is answered; None where it is refused."""
        message = IncomingMessage(
            channel=ChannelName.WEB,
            message_id=f"m{next(self.numbers)}",
            conversation=Conversation(channel=ChannelName.WEB, id=account),
            sender=Sender(channel=ChannelName.WEB, account=account),
            kind=MessageKind.TEXT,
            text=text,
            sent_at=self.app.clock(),
        )
        handle = chain([identify(self._roles), permit(self.app.router)], self.app.router.handle)
        try:
            reply = await handle(message)
        except (NotAllowed, NotFound):
            return None
        except BotError as error:
            return error.reply
        return "" if reply is None else _all_of(reply)

    async def _roles(self, sender: Sender) -> frozenset[Role]:
        return (await self.app.people.actor(sender)).every_role


def _all_of(reply: Reply) -> str:
    card = "" if reply.card is None else _card(reply.card)
    return "\n".join([reply.text, card, *(one.name for one in reply.attachments)])


def _card(card: Card) -> str:
    return "\n".join([card.title, card.body, *(value for _, value in card.facts)])


@asynccontextmanager
async def town(folder: Path, role: Role | None, at: str = NEAR) -> AsyncIterator[Town]:
    """自己 has ``role`` in ``at``; None: is on no roster."""
    configured = settings().model_copy(update={"points": {"theme_day": 2.0}})
    async with opened(configured, folder) as app:
        ids = await app.store.write(lambda session: _people(session, app, role, at))
        chief = await _actor(app, "局长")
        await app.reporting.indicators.take_over(chief, "2026年指标.xlsx", workbook(SMALL))
        words: dict[str, str] = {}
        numbers = count(1)
        for unit in (NEAR, FAR):
            found = await _furnish(app, unit, ids)
            words |= {f"{unit}{name}": value for name, value in found.items()}
        place = Town(app=app, words=words, numbers=numbers)
        for unit in (NEAR, FAR):
            for said in (
                f"/签到 开始 主题党日 明天下午3点到4点 {unit}",
                f"{unit}今天召开了支部党员大会，应到2人，实到2人，学习了章程",
                "好",
            ):
                assert await place.says("局长", said)
            latest = await app.store.read(lambda session: roll_calls.latest_of(session, None, 1))
            words[f"{unit}签到"] = str(latest[0].id)
            words[f"{unit}记录"] = str(await app.store.read(_newest_record))
        yield place


def _newest_record(session: Session) -> int | None:
    return session.scalar(select(func.max(Record.id)))


def _people(session: Session, app: App, role: Role | None, at: str) -> dict[str, int]:
    now = app.clock()
    units = {"县局": people.unit_at(session, ["县局"]).id} | {
        name: people.unit_at(session, ["县局", name]).id for name in (NEAR, FAR)
    }
    staff = {"局长": ("县局", Role.ADMIN), f"{NEAR}人": (NEAR, Role.TEACHER),
             f"{FAR}人": (FAR, Role.TEACHER)}  # fmt: skip
    ids = dict(units)
    for name, (unit, held) in staff.items():
        ids[name] = people.add_member(session, name=name, now=now).id
        people.give_role(session, ids[name], units[unit], held)
        people.link(session, "web", name, ids[name])
    if role is not None:
        ids["自己"] = people.add_member(session, name="自己", now=now).id
        people.give_role(session, ids["自己"], units[at], role)
        people.link(session, "web", "自己", ids["自己"])
    return ids


async def _actor(app: App, name: str) -> Actor:
    return await app.people.actor(Sender(channel=ChannelName.WEB, account=name))


async def _furnish(app: App, unit: str, ids: Mapping[str, int]) -> dict[str, str]:
    chief, teacher = await _actor(app, "局长"), await _actor(app, f"{unit}人")
    text = (
        f"{unit}图书借阅办法\n\n第一条 {unit}每人可借图书{len(unit) + 5}册。\n第二条 按时归还。\n"
    )
    added = await app.documents.add(operator(), f"{unit}.txt", text.encode(), visible_to=ids[unit])
    assert added.document is not None
    words = {
        "标": _TITLES[unit],
        "文件": added.document.title,
        "人": f"{unit}人",
        "编号": str(ids[f"{unit}人"]),
    }
    for step in _STEPS:
        words[step] = str(await _task(app, chief, teacher, f"{_TITLES[unit]}{step}", step))
    await app.keeping.joining.ask(await _actor(app, f"{unit}生人1"), f"{unit}生人1", unit)
    await app.keeping.joining.ask(await _actor(app, f"{unit}生人2"), f"{unit}生人2", unit)
    wishes = {one.name: one.id for one in await app.keeping.joining.wishes(chief)}
    words |= {"申请1": str(wishes[f"{unit}生人1"]), "申请2": str(wishes[f"{unit}生人2"])}
    for name in ("问题", "问题2"):
        words[name] = str(await app.store.write(lambda s, n=name: _asked(s, app, unit, teacher, n)))
    sent = await app.keeping.broadcasts.send(chief, unit, f"{unit}放假一天")
    words["通知"] = str(sent.id)
    return words


async def _task(app: App, chief: Actor, teacher: Actor, title: str, step: str) -> int:
    """In the state that the step begins from; the number that the command takes."""
    tasks = app.tasking.tasks
    due_at = app.clock() + timedelta(days=3)
    made = await tasks.create(
        chief,
        NewTask(
            title=title, assignees=(Assignee(member_id=teacher.member_id),), due_at=due_at,
            is_checked=True, announces=False,
        ),
    )  # fmt: skip
    number = await app.store.read(
        lambda session: (
            next(iter(occurrences.of_task(session, made.id, is_open=True))).occurrence.id
        )
    )
    if step == "重办":
        await tasks.move(teacher, number, Step.REPORT, note="办好了")
    elif step == "交办":
        await tasks.move(teacher, number, Step.DECLINE, note="不归我")
    elif step in ("批准", "不批准"):
        await tasks.ask_postponement(teacher, number, due_at + timedelta(days=2), "材料没齐")
    return number


def _asked(session: Session, app: App, unit: str, teacher: Actor, name: str) -> int:
    asked = f"{unit}校庆几月办"
    return questions.add(
        session, feedback_id=f"f-{unit}-{name}", question=asked, understood=asked, answered=False,
        answer="", citations=[], elapsed_ms=1.0, channel="web", conversation=f"{unit}人",
        account=f"{unit}人", asked_by=teacher.member_id, now=app.clock(),
    )  # fmt: skip
