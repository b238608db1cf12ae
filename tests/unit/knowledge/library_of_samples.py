"""Invented documents for the tests of search."""

from __future__ import annotations

from datetime import UTC, datetime

from knowledge.index import Index
from knowledge.model import Document, Passage, PassageKind, Turn
from knowledge.question import Understood, understand

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def sample(
    title: str, *texts: str, year: int | None = None, names: tuple[str, ...] = (), key: str = ""
) -> Document:
    document_id = key or f"{abs(hash(title)):012x}"[:12]
    passages: list[Passage] = []
    at = 0
    for number, text in enumerate(texts, 1):
        passages.append(
            Passage(
                id=f"{document_id}#{number}",
                document_id=document_id,
                locator=f"{number}.",
                path=("一、重点工作",),
                kind=PassageKind.ITEM,
                start=at,
                end=at + len(text),
                text=text,
            )
        )
        at += len(text) + 1
    return Document(
        id=document_id,
        file=f"{title}.txt",
        title=title,
        year=year,
        names=names,
        text="\n".join(texts),
        passages=tuple(passages),
    )


PLANS = (
    sample(
        "白鹭县教育局2023年工作要点",
        "1.组织骨干教师交流轮岗40人，薄弱学校优先。",
        "2.开展书香校园评选，每校设立班级图书角。",
        year=2023,
        key="bailu2023",
    ),
    sample(
        "白鹭县教育局2024年工作要点",
        "1.组织骨干教师交流轮岗55人，薄弱学校优先。",
        "2.开展书香校园评选，每校设立班级图书角。",
        "3.实行一单两书制度，向学校下达任务清单、提示函和督办函。",
        year=2024,
        key="bailu2024",
    ),
    sample(
        "青崖市教育局2024年工作要点",
        "1.组织骨干教师交流轮岗120人，城区学校带头。",
        "2.对党组织书记开展述职评议，前期先谈心，结果向全体党员公开。",
        "3.推行标准化食堂，组织学校交叉检查，选派人员到昆明学习。",
        year=2024,
        key="qingya2024",
    ),
)


def index_of(*documents: Document) -> Index:
    index = Index()
    index.add_all(documents)
    return index


def ask(index: Index, question: str, *previous: Turn) -> Understood:
    return understand(question, previous, index.vocabulary, NOW)
