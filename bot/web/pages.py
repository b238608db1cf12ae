"""Turns values into pages, and guards every response."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import groupby
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

HERE = Path(__file__).parent
STATIC = HERE / "static"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def environment(templates: Sequence[Path], static: Path) -> Environment:
    """Autoescaping for every template: what people and documents say is text, never markup.

    ``build`` names what ``static`` holds, so that a browser asks anew when it changes.
    """
    made = Environment(
        loader=FileSystemLoader(templates),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        auto_reload=False,
    )
    files = sorted(static.iterdir())
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
    made.globals["build"] = digest[:8]
    return made


@cache
def _templates() -> Environment:
    return environment([HERE / "templates"], STATIC)


def prepare() -> None:
    """Read and compile the templates now, off the event loop, rather than at the first request."""
    templates = _templates()
    for name in templates.list_templates():
        templates.get_template(name)


def render(template: str, values: Mapping[str, object]) -> Markup:
    """Fill ``template``; only what is ``Markup`` already stays unescaped."""
    return Markup(_templates().get_template(template).render(values))  # noqa: S704 autoescaped


def page(template: str, values: Mapping[str, object], *, status: int = 200) -> web.Response:
    """A whole page as a response."""
    return web.Response(text=render(template, values), content_type="text/html", status=status)


def notice(title: str, text: str, *, status: int) -> web.Response:
    """A page with one message, for what cannot be shown."""
    return page("notice.html", {"title": title, "text": text}, status=status)


def markdown_light(text: str) -> Markup:
    """Paragraphs, ``- `` lists and ``**bold**`` as HTML; everything else stays text."""
    blocks: list[Markup] = []
    for paragraph in re.split(r"\n{2,}", text.strip()):
        for is_list, lines in groupby(paragraph.split("\n"), lambda line: line.startswith("- ")):
            if is_list:
                items = (Markup("<li>{}</li>").format(_bold(line[2:])) for line in lines)
                blocks.append(Markup("<ul>{}</ul>").format(Markup("").join(items)))
            else:
                words = Markup("<br>").join(map(_bold, lines))
                blocks.append(Markup("<p>{}</p>").format(words))
    return Markup("").join(blocks)


def _bold(text: str) -> Markup:
    pieces = re.split(r"\*\*(.+?)\*\*", text)
    return Markup("").join(
        Markup("<b>{}</b>").format(piece) if n % 2 else escape(piece)
        for n, piece in enumerate(pieces)
    )


def guard(hosts: frozenset[str]) -> Middleware:
    """Refuses foreign names and foreign pages, and sets the headers that keep pages ours.

    Args:
        hosts: Names this server answers to; empty means any. On loopback a name of someone
            else's that points here (DNS rebinding) must not reach the demo.
    """

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        name = urlsplit(f"//{request.host}").hostname or ""
        if hosts and name not in hosts:
            raise web.HTTPMisdirectedRequest(text="这个地址不归要点管。")
        response = await handler(request)
        if not response.prepared:
            for header, value in HEADERS.items():
                response.headers.setdefault(header, value)
        return response

    return guarded


def is_own_page(request: web.Request) -> bool:
    """Whether a request that changes something comes from our page, not from someone else's."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.host
