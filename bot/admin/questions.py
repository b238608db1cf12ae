"""``/admin/questions``: what nobody could answer, an answer to it, and the answers that stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from aiohttp import web

from bot.admin import pages
from bot.admin.pages import Place, Visit
from bot.admin.session import Door, Posted
from bot.errors import NotAllowed, UsageError
from bot.web.links import anchor
from handlers.access import Act
from handlers.people.managing import Roster
from handlers.questions import wording
from handlers.questions.actions import Given, Questions
from handlers.questions.browsing import LookedForQuestions, QuestionList, StandingLine
from store.question_list import AnswerPile, QuestionPile

_PATH = str(Place.QUESTIONS)
_STANDING = f"{_PATH}/standing"
_MOST_CHARS = 4000
_BASIS_CHARS = 200
_Pile = TypeVar("_Pile", QuestionPile, AnswerPile)
_PILES: Sequence[tuple[QuestionPile, str]] = (
    (QuestionPile.OPEN, "等答复的"),
    (QuestionPile.DISLIKED, "没答好的"),
    (QuestionPile.CLOSED, "处理过的"),
)
_ANSWER_PILES: Sequence[tuple[AnswerPile, str]] = (
    (AnswerPile.HOLDING, "在用的"),
    (AnswerPile.OVER, "过了有效期的"),
    (AnswerPile.RETIRED, "停用的"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionsPages:
    """Routes below ``/admin/questions``."""

    door: Door
    desk: QuestionList
    questions: Questions
    roster: Roster

    def add_routes(self, app: web.Application) -> None:
        one = _PATH + "/{id:[0-9]{1,12}}"
        standing = _STANDING + "/{id:[0-9]{1,12}}"
        app.router.add_get(_PATH, self.door.showing(self._list))
        app.router.add_get(_STANDING, self.door.showing(self._answers))
        app.router.add_get(one, self.door.showing(self._one))
        app.router.add_post(one, self.door.acting(self._deal))
        app.router.add_get(standing, self.door.showing(self._standing))
        app.router.add_post(standing, self.door.acting(self._change))

    async def _list(self, request: web.Request, visit: Visit) -> web.Response:
        query = pages.chosen(request, "pile", "words", "own")
        pile = _of(QuestionPile, query["pile"], QuestionPile.OPEN)
        wanted = LookedForQuestions(pile=pile, words=query["words"], is_own=query["own"] == "yes")
        total, found = await self.desk.asked(
            visit.visitor.actor, wanted, offset=pages.offset(request), limit=pages.A_PAGE
        )
        values = {
            "found": found,
            "paging": pages.paging(request, total, query),
            "query": {name: query[name] for name in ("words", "own")},
            "pile": pile,
            "state_words": wording.STATES,
            "tabs": _tabs(),
        }
        return pages.page(Place.QUESTIONS, "questions.html", visit, values)

    async def _one(self, request: web.Request, visit: Visit) -> web.Response:
        actor = visit.visitor.actor
        found = await self.desk.look(actor, int(request.match_info["id"]))
        standing = None
        if found.standing_id is not None:
            standing = await self._seen(visit, found.standing_id)
        values = {
            "one": found,
            "standing": standing,
            "state_words": wording.STATES,
            "anchor": anchor,
            "may_pass": found.may_answer and actor.may(Act.SEE_PEOPLE),
        }
        return pages.page(Place.QUESTIONS, "question.html", visit, values)

    async def _seen(self, visit: Visit, standing_id: int) -> StandingLine | None:
        try:
            return await self.desk.look_standing(visit.visitor.actor, standing_id)
        except UsageError:
            return None

    async def _deal(self, request: web.Request, visit: Visit, posted: Posted) -> web.Response:
        question_id, actor = int(request.match_info["id"]), visit.visitor.actor
        match posted.text("do"):
            case "answer":
                given = await self.questions.reply(
                    actor,
                    question_id,
                    posted.text("answer")[:_MOST_CHARS],
                    basis=posted.text("basis")[:_BASIS_CHARS] or None,
                    expires_on=_day(posted),
                )
                return self.door.done(visit, _thanks(given), visit.path)
            case "same":
                other = posted.number("other")
                if other is None:
                    raise UsageError("no number", reply="请写另一个问题的编号，只写数字。")
                given = await self.questions.same_as(actor, question_id, other)
                return self.door.done(visit, _thanks(given), visit.path)
            case "pass":
                person = await self.roster.look(actor, posted.text("name"))
                name = await self.questions.pass_on(actor, question_id, person.member_id)
                return self.door.done(visit, f"已转给{name}。", visit.path)
            case "close":
                return await self._close(visit, posted, question_id)
        raise UsageError("no such deed", reply="没看懂要做什么，请回到这个问题再试。")

    async def _close(self, visit: Visit, posted: Posted, question_id: int) -> web.Response:
        actor = visit.visitor.actor
        found = await self.desk.look(actor, question_id)
        if not found.may_answer:
            raise NotAllowed(f"may not answer {question_id}")
        if not posted.is_sure:
            return _sure(
                visit,
                posted,
                "这个问题不用答复？",
                [f"{found.listed.who}问：{found.listed.question}", "提问的人不会收到任何消息。"],
                "不用答复",
            )
        await self.questions.close(actor, question_id)
        return self.door.done(visit, "这个问题不再等答复。", _PATH)

    async def _answers(self, request: web.Request, visit: Visit) -> web.Response:
        query = pages.chosen(request, "pile", "words")
        pile = _of(AnswerPile, query["pile"], AnswerPile.HOLDING)
        total, found = await self.desk.standing(
            visit.visitor.actor,
            pile,
            query["words"],
            offset=pages.offset(request),
            limit=pages.A_PAGE,
        )
        values = {
            "found": found,
            "paging": pages.paging(request, total, query),
            "query": query,
            "piles": _ANSWER_PILES,
            "tabs": _tabs(),
            "path_of_all": _STANDING,
        }
        return pages.page(Place.QUESTIONS, "standing_answers.html", visit, values)

    async def _standing(self, request: web.Request, visit: Visit) -> web.Response:
        found = await self.desk.look_standing(visit.visitor.actor, int(request.match_info["id"]))
        return pages.page(Place.QUESTIONS, "standing_answer.html", visit, {"one": found})

    async def _change(self, request: web.Request, visit: Visit, posted: Posted) -> web.Response:
        standing_id, actor = int(request.match_info["id"]), visit.visitor.actor
        match posted.text("do"):
            case "expiry":
                until = _day(posted)
                await self.questions.change_expiry(actor, standing_id, until)
                said = f"有效期改到 {pages.day(until)}。" if until else "这条答复一直有效。"
                return self.door.done(visit, said, visit.path)
            case "retire":
                found = await self.desk.look_standing(actor, standing_id)
                if not found.may_change:
                    raise NotAllowed(f"may not change {standing_id}")
                if not posted.is_sure:
                    lines = [
                        f"问：{found.question}",
                        f"答：{found.answer}",
                        f"停用后再有人问，会重新从文件里找。影响 {1 + len(found.serves)} 种问法。",
                    ]
                    return _sure(visit, posted, f"停用答复 {standing_id}？", lines, "停用")
                question = await self.questions.retire(actor, standing_id)
                return self.door.done(visit, f"已停用对“{question}”的答复。", visit.path)
        raise UsageError("no such deed", reply="没看懂要做什么，请回到这条答复再试。")


def _of(kind: type[_Pile], text: str, otherwise: _Pile) -> _Pile:
    try:
        return kind(text)
    except ValueError:
        return otherwise


def _tabs() -> list[tuple[str, str, str]]:
    of_questions = [(f"{_PATH}?pile={pile}", word, str(pile)) for pile, word in _PILES]
    return [*of_questions, (_STANDING, "标准答复", "standing")]


def _day(posted: Posted) -> date | None:
    """The last day that was chosen; None: none was.

    Raises:
        UsageError: It is no day.
    """
    words = posted.text("expires_on")
    if not words:
        return None
    found = pages.day_of(words)
    if found is None:
        raise UsageError("no such date", reply="有效期的日期不对，请写成 2026-12-31。")
    return found


def _thanks(given: Given) -> str:
    if not given.is_told:
        return f"答复已经记下（答复 {given.standing_id}），但提问的人现在收不到消息。"
    return f"已经告诉{given.asker}，以后有人再问也这样答（答复 {given.standing_id}）。"


def _sure(
    visit: Visit, posted: Posted, title: str, lines: Sequence[str], label: str
) -> web.Response:
    fields: Mapping[str, str] = posted.fields
    return pages.sure(
        Place.QUESTIONS,
        visit,
        title=title,
        lines=lines,
        fields=fields,
        back=visit.path,
        label=label,
    )
