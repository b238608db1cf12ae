"""Who a clause makes responsible, as printed: in it, in its sentence, or the body of the whole plan."""

from __future__ import annotations

import re
from dataclasses import dataclass

from knowledge.model import Document, Genre

BODY = (
    r"[\u4e00-\u9fff（）()]{0,16}?(?:教育局|教体局|教科体局|委员会|办公室|领导小组|指导组|工作组|专班|党委|党组|党总支|党支部|支部|工委|"
    r"纪委|工会|团委|共青团|妇委会|妇联|少工委|教研室|中心组|学校|小学|中学|幼儿园|高校|学院|科室|处室|[\u4e00-\u9fff]{1,4}[科股处]|"
    r"部门|单位|书记|校长|园长|专干|班主任|教师|党员|机关)"
)
_SUBJECT = re.compile(
    rf"^(?:各|由|请|市、县|省、市|省级|市级|县级|全体|每[个所名])?(?P<body>{BODY}(?:[、和及](?:{BODY}))*)"
    r"(?=要|应|须|负责|牵头|每|对|向|在|将|定期|按|组织|开展|实施|推行|建立|制定|召开|发挥|签订|报送|做好|落实|配合|先后|多次|统筹|按照)"
)
_LEADS = re.compile(
    rf"(?:责任(?:单位|科室|部门|人)|牵头(?:单位|科室|部门)?|由)[:：]?\s*(?P<body>{BODY}(?:[、，,和及](?:{BODY}))*)"
)
_ROLE_OF = re.compile(
    rf"发挥(?P<body>{BODY}(?:[、和及](?:{BODY}))*)(?:等[\u4e00-\u9fff]{{0,6}})?(?:的)?[^，。]{{0,8}}作用"
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


def responsible_of(quote: str, sentence: str, before: str, bodies: Bodies) -> str | None:
    """As printed, nearest first: the clause, its sentence, the duty before it, the whole document."""
    for text in (quote, sentence):
        for pattern in (_LEADS, _SUBJECT, _ROLE_OF):
            if match := pattern.search(text.strip()):
                return match["body"]
    if bodies.whole is not None:
        return bodies.whole
    match = _SUBJECT.search(before.strip())
    return match["body"] if match else None
