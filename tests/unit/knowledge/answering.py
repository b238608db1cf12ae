"""A small corpus of invented documents, and a way to ask it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

from knowledge.answers import Answerer
from knowledge.index import Index
from knowledge.model import Answer, Document, Turn
from knowledge.question import understand
from knowledge.reading import read_bytes
from knowledge.retrieval import Retriever

NOW = datetime(2026, 11, 25, 10, tzinfo=ZoneInfo("Asia/Shanghai"))

PLAN = """澄川县教育局2026年劳动教育工作要点

澄川县教育局
2026年3月2日

一、健全工作机制
1.建立联席会议制度。县教育局会同县农业农村局成立劳动教育领导小组，每季度召开一次联席会议，定期通报进展。
2.建设实践基地。年内建成“稻香园”“竹韵坊”“渔光谷”三个县级劳动实践基地，投入资金86万元。
二、落实课程安排
3.开足劳动课程。中小学每周开设劳动课不少于1课时，小学阶段以整理与收纳、烹饪与营养、农业种植为主要内容。
4.开展评比活动。9月底前各校报送劳动教育典型案例，评选优秀案例15个，获奖名单由县教育局公布。
"""

OLD_PLAN = PLAN.replace("2026", "2025").replace("86万元", "52万元").replace("15个", "12个")

STORY = """云栖小学：一片菜园里的劳动课

本报讯（记者 何青禾）4月12日，云栖小学举行“小小农夫节”。\
据了解，该校把校园菜园分成36块责任田，由各班认领。\
校长丁若兰表示，菜园收获的蔬菜全部送到学校食堂。

据悉，××县已有9所学校建起校园菜园，并被评为劳动教育先进县。
"""


@cache
def corpus() -> tuple[Document, ...]:
    return tuple(
        read_bytes(text.encode(), name)
        for name, text in (
            ("plan2026.txt", PLAN),
            ("plan2025.txt", OLD_PLAN),
            ("story.txt", STORY),
        )
    )


@cache
def _machinery() -> tuple[Index, Retriever, Answerer]:
    index = Index()
    index.add_all(corpus())
    snapshot = index.snapshot()
    total = len(snapshot.passages)
    answerer = Answerer(weigh=lambda term: math.log1p(total / (1 + snapshot.frequency(term))))
    return index, Retriever(index), answerer


def ask(question: str, previous: Sequence[Turn] = ()) -> Answer:
    index, retriever, answerer = _machinery()
    understood = understand(question, previous, index.vocabulary, NOW)
    return answerer.answer(understood, retriever.search(understood, allowed=None, limit=12))
