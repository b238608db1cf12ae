"""What the admin pages share: the frame around them, lists in pages, dates as people write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from urllib.parse import urlencode

from aiohttp import web
from jinja2 import Environment

from bot.messages import Conversation
from bot.web import pages
from handlers.access import Act, Actor
from handlers.people.signing_in import Visitor
from handlers.people.wording import ROLE_WORDS
from scheduler.recurrence import SHANGHAI

HERE = Path(__file__).parent
STATIC = HERE / "static"
A_PAGE = 30
"""Lines of a list."""
_FURTHEST = 100_000
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""No script at all: every page works without."""
PLATFORMS = {"wecom": "企业微信", "dingtalk": "钉钉", "web": "网页", "console": "终端"}
CHANNELS = {
    "web": "网页聊天",
    "console": "终端",
    "wecom.app": "企业微信应用",
    "wecom.aibot": "企业微信智能机器人",
    "wecom.webhook": "企业微信群消息推送",
    "dingtalk": "钉钉",
    "dingtalk.webhook": "钉钉群消息推送",
}


class Place(StrEnum):
    """The parts of the page, by their path."""

    BOARD = "/admin"
    ROSTER = "/admin/roster"
    TASKS = "/admin/tasks"
    RECORDS = "/admin/records"
    DOCUMENTS = "/admin/documents"
    QUESTIONS = "/admin/questions"
    OUTBOX = "/admin/outbox"
    AUDIT = "/admin/audit"
    NONE = ""


_PLACES: Sequence[tuple[Place, str, Act]] = (
    (Place.BOARD, "今天", Act.SIGN_IN),
    (Place.TASKS, "任务", Act.SEE_TASKS),
    (Place.RECORDS, "记录", Act.SIGN_IN),
    (Place.ROSTER, "花名册", Act.SEE_PEOPLE),
    (Place.DOCUMENTS, "文档", Act.SIGN_IN),
    (Place.QUESTIONS, "问题", Act.SEE_QUESTIONS),
    (Place.OUTBOX, "消息", Act.SEE_DELIVERIES),
    (Place.AUDIT, "日志", Act.SEE_AUDIT),
)
"""Each with what one must be allowed to find it in the list of places."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request of somebody who is signed in."""

    visitor: Visitor
    secret: str
    token: str
    """What their forms carry."""
    path: str
    said: str = ""
    """What the last action has to say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """Where one is in a list."""

    number: int
    total: int
    query: Mapping[str, str]
    path: str

    @property
    def offset(self) -> int:
        return (self.number - 1) * A_PAGE

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // A_PAGE))

    def to(self, number: int) -> str:
        """The address of another page of the same list."""
        return address(self.path, {**self.query, "page": str(number)})


def number(text: str) -> int | None:
    """A number that may be somebody's id; None for everything else."""
    words = text.strip()
    return int(words) if words.isascii() and words.isdecimal() and len(words) <= 12 else None


def page_number(request: web.Request) -> int:
    """Which page of a list is asked for."""
    return min(max(number(request.query.get("page", "")) or 1, 1), _FURTHEST)


def offset(request: web.Request) -> int:
    """How many lines stand on the pages before."""
    return (page_number(request) - 1) * A_PAGE


def address(path: str, query: Mapping[str, str]) -> str:
    """``path`` with what is not empty of ``query``."""
    kept = {name: text for name, text in query.items() if text}
    return f"{path}?{urlencode(kept)}" if kept else path


def in_path(request: web.Request, name: str) -> int:
    """A number that is a part of the address."""
    return int(request.match_info[name])


def here(actor: Actor) -> Conversation:
    """Where somebody is who acts on the page: what is told them goes to their own chat."""
    return Conversation(channel=actor.sender.channel, id=actor.sender.account)


def thumbnail(content: bytes) -> web.Response:
    """A small JPEG that we made of a picture ourselves; never what somebody sent."""
    return web.Response(
        body=content, content_type="image/jpeg", headers={"Cache-Control": "no-store"}
    )


def chosen(request: web.Request, *names: str) -> dict[str, str]:
    """The filters of a list, as they stand in the address; each of them, empty or not."""
    return {name: request.query.get(name, "").strip()[:100] for name in names}


def day_of(text: str) -> date | None:
    """2026-11-29."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def paging(request: web.Request, total: int, query: Mapping[str, str]) -> Paging:
    """Where the request is in a list of ``total``."""
    kept = {name: value for name, value in query.items() if value}
    return Paging(number=page_number(request), total=total, query=kept, path=request.path)


def page(
    place: Place, template: str, visit: Visit, values: Mapping[str, object], status: int = 200
) -> web.Response:
    """A page in its frame."""
    actor = visit.visitor.actor
    places = [(path, name, path is place) for path, name, act in _PLACES if actor.may(act)]
    frame = {
        "places": places,
        "me": actor.name or "管理员",
        "token": visit.token,
        "said": visit.said,
        "path": visit.path,
    }
    return _response(template, {**frame, **values}, status)


def plain(template: str, values: Mapping[str, object], *, status: int = 200) -> web.Response:
    """A page for somebody who is not signed in."""
    return _response(template, values, status)


def sure(
    place: Place,
    visit: Visit,
    *,
    title: str,
    lines: Sequence[str],
    fields: Mapping[str, str],
    back: str,
    label: str = "确认",
) -> web.Response:
    """Say what will happen to how many, and ask once more; the answer goes to the same address."""
    kept = {name: text for name, text in fields.items() if name not in ("token", "sure")}
    values = {"title": title, "lines": lines, "fields": kept, "back": back, "label": label}
    return page(place, "sure.html", visit, values)


def prepare() -> None:
    """Read and compile the templates now, off the event loop."""
    templates = _templates()
    for name in templates.list_templates():
        templates.get_template(name)


def moment(at: datetime | None) -> str:
    """11月29日 08:30; with its year when that is another."""
    if at is None:
        return ""
    local = at.astimezone(SHANGHAI)
    year = "" if local.year == datetime.now(SHANGHAI).year else f"{local.year}年"
    return f"{year}{local.month}月{local.day}日 {local:%H:%M}"


def day(on: date | None) -> str:
    """2026年11月29日."""
    return "" if on is None else f"{on.year}年{on.month}月{on.day}日"


def _response(template: str, values: Mapping[str, object], status: int) -> web.Response:
    text = _templates().get_template(template).render(values)
    return web.Response(
        text=text,
        content_type="text/html",
        status=status,
        headers={
            "Content-Security-Policy": POLICY,
            "Cache-Control": "no-store",
            "X-Frame-Options": "DENY",
        },
    )


@cache
def _templates() -> Environment:
    made = pages.environment([HERE / "templates"], STATIC)
    made.filters |= {"moment": moment, "day": day, "role": lambda one: ROLE_WORDS[one]}
    made.globals |= {"platforms": PLATFORMS, "channels": CHANNELS}
    return made
