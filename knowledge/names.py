"""Places and bodies that a text names where it says whom it speaks for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_QUOTED = re.compile(r"《[^《》]{1,120}》")
_EDGES = re.compile(
    r"[^\u4e00-\u9fffxX×]+|来自|根据|按照|关于|针对|印发|转发|推行|推动|推进|加强|强化|深化|提高|打造|构建|召开|标志着|落实|做好"
    r"|全面|优选|牵头|开展|实施|围绕|以及|结合|努力|力求|加快|深入|组织|发挥|适用于|年度|年(?=[\u4e00-\u9fff])|[在与和由对向为是将从到的了及至把被使让因以]"
)
_PLACE = re.compile(
    r"(?:[\u4e00-\u9fffxX×]{1,6}?(?:自治区|自治州|省|市|县|区|州|盟|旗|镇|乡|街道))"
)
_BODY = re.compile(
    r"^[\u4e00-\u9fffxX×]{1,20}?(?:教育工委|教育局|教体局|教育体育局|教育科技体育局|教育厅|教育委员会|人民政府|教育系统|工作委员会"
    r"|机关党委|党委|党总支|党支部|中心校|中心学校|教育集团|小学|中学|学校|学院|大学|幼儿园)"
)
_GENERAL = re.compile(
    r"^(?:各|全|个|更|清廉|新时代|高校|本|该|我|两|三|多|每|某|此|其|所|有关|相关|基层|县直|市直|直属|辖区|城|农村|中小学|学校|党|行业|民办|公办|设|地|社|园|校|片|战|国家级|省级|市级|县级)"
)
_MOST_NAMES = 20
_MOST_CHARS = 600


def printed_names(sources: Sequence[str]) -> tuple[str, ...]:
    """In order of appearance, each once; general words such as 各学校 are no names."""
    names: dict[str, None] = {}
    for source in sources:
        for chunk in _EDGES.split(_QUOTED.sub(" ", source)[:_MOST_CHARS]):
            if chunk:
                names.update(dict.fromkeys(_names_in(chunk)))
    return tuple(names)[:_MOST_NAMES]


def _names_in(chunk: str) -> Iterator[str]:
    if _GENERAL.match(chunk):
        return
    if body := _BODY.match(chunk):
        yield body[0]
    position = 0
    while place := _PLACE.match(chunk, position):
        if len(place[0]) >= 2 and not _GENERAL.match(place[0]):
            yield place[0]
        position = place.end()
