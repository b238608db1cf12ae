"""Which document somebody means by its title."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy.orm import Session

from bot.errors import NotFound
from store import documents

_LISTED = 10


def id_meant(session: Session, words: str, units: Collection[int] | None) -> str:
    """By title, or by a clear part of one; of those that everyone or ``units`` (None: all) see.

    Raises:
        NotFound: There is none, or several fit.
    """
    wanted = words.strip("《》 ")
    titles = documents.titled(session, wanted, units, limit=_LISTED) if wanted else ()
    fitting = [one for one in titles if one[1] == wanted] or titles
    if len(fitting) == 1:
        return fitting[0][0]
    if fitting:
        lines = "\n".join(f"- 《{title}》" for _, title in fitting)
        raise NotFound("several documents fit", reply=f"有好几份文件都像，请写全名：\n{lines}")
    raise NotFound("no such document", reply="没有找到这份文件，发 /文档 可以看到全部文件。")
