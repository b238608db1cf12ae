"""Bodies that a plan speaks of (教育局, 党委, 学校 …), and the one it speaks for."""

from __future__ import annotations

import re
from dataclasses import dataclass

from knowledge.model import Document, Genre

BODY = (
    r"[\u4e00-\u9fff（）()]{0,16}?(?:教育局|教体局|教科体局|委员会|办公室|领导小组|指导组|工作组|专班|党委|党组|党总支|党支部|支部|工委|"
    r"纪委|工会|团委|共青团|妇委会|妇联|少工委|教研室|中心组|学校|小学|中学|幼儿园|高校|学院|科室|处室|[\u4e00-\u9fff]{1,4}[科股处]|"
    r"部门|单位|书记|校长|园长|专干|班主任|教师|党员|机关)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bodies:
    """The body the whole document speaks for; None when it speaks for nobody in particular."""

    whole: str | None

    @classmethod
    def of(cls, document: Document) -> Bodies:
        """From the preamble (``…将以…``), the title, then the issuer."""
        preamble = document.text[:400]
        if match := re.search(
            rf"[。\n](?P<body>{BODY})(?:将|要)(?:以|坚持|深入|全面|认真)", preamble
        ):
            return cls(whole=match["body"])
        if document.genre is Genre.POLICY and (
            match := re.match(
                rf"(?:关于印发)?《?(?P<body>{BODY})(?=[12〇二一0-9]|关于)", document.title
            )
        ):
            return cls(whole=match["body"])
        return cls(whole=document.issuer)
