"""Full scores of a tree's nodes, out of the points or the shares that its sheet prints. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

_WHOLE = 10_000
"""A tree of shares is worth 100 points."""
_NEAR = Fraction(1, 200)
"""By how much printed shares may miss the whole: they are rounded."""


class Weighed(NamedTuple):
    """A node as far as its score goes; ``said`` is as printed."""

    parent: int | None
    level: int
    title: str
    row: int
    said: Fraction | None


Full = list[int | None]
"""Hundredths of points by place; None where none is printed for it or anything below."""


def from_scores(nodes: Sequence[Weighed]) -> tuple[Full, list[str]]:
    """Printed points; of a node without any they are the sum of those below it.

    A printed sum that is another than that of the parts is an error: which is meant is not known.
    """
    full: Full = [None] * len(nodes)
    errors: list[str] = []
    below = _below(nodes)
    for at in reversed(range(len(nodes))):
        node = nodes[at]
        parts = [full[one] for one in below.get(at, ())]
        known = [one for one in parts if one is not None]
        printed = None if node.said is None else round(node.said * 100)
        if printed is not None and known and sum(known) != printed:
            errors.append(
                f"第 {node.row} 行：“{node.title[:20]}”写的是 {_points(printed)} 分，"
                f"下面各项加起来是 {_points(sum(known))} 分，请改成一致。"
            )
        full[at] = printed if printed is not None else (sum(known) if known else None)
    return full, errors[::-1]


def from_weights(nodes: Sequence[Weighed]) -> tuple[Full, list[str]]:
    """Printed shares, of the parent or of the whole; they have to make up the whole."""
    below = _below(nodes)
    said = [one.said for one in nodes]
    leaves = [at for at in range(len(nodes)) if at not in below]
    of_whole = [said[at] for at in leaves]
    if all(one is not None for one in of_whole) and _is_whole(of_whole):
        return _climb(nodes, below, dict(zip(leaves, of_whole, strict=True))), []
    errors: list[str] = []
    full: Full = [None] * len(nodes)
    _spread(nodes, below, said, full, errors, None, _WHOLE)
    return full, errors


def _spread(
    nodes: Sequence[Weighed],
    below: Mapping[int | None, Sequence[int]],
    said: Sequence[Fraction | None],
    full: Full,
    errors: list[str],
    parent: int | None,
    worth: int,
) -> None:
    """Hand ``worth`` on to the children by their shares; without any the parent keeps it."""
    own = below.get(parent, ())
    shares = [said[at] for at in own]
    if all(one is None for one in shares):
        stray = [one for one in _leaves(below, own) if said[one] is not None]
        if stray:
            shown = _percent([said[one] for one in stray])
            errors.append(f"最下一级的权重加起来是 {shown}，应当是 100%；上级指标没写权重。")
        return
    where = "一级指标" if parent is None else f"“{nodes[parent].title[:20]}”下面各项"
    if any(one is None for one in shares):
        rows = "、".join(str(nodes[at].row) for at in own if said[at] is None)
        errors.append(f"{where}有的没写权重（第 {rows} 行）。")
        return
    if not _is_whole(shares):
        errors.append(f"{where}的权重加起来是 {_percent(shares)}，应当是 100%。")
        return
    for at, part in zip(own, _parted(shares, worth), strict=True):
        full[at] = part
        _spread(nodes, below, said, full, errors, at, part)


def _climb(
    nodes: Sequence[Weighed],
    below: Mapping[int | None, Sequence[int]],
    shares: Mapping[int, Fraction | None],
) -> Full:
    full: Full = [None] * len(nodes)
    for at, part in zip(shares, _parted(list(shares.values()), _WHOLE), strict=True):
        full[at] = part
    for at in reversed(range(len(nodes))):
        if at in below:
            full[at] = sum(full[one] or 0 for one in below[at])
    return full


def _parted(shares: Sequence[Fraction | None], worth: int) -> list[int]:
    """Whole hundredths that add up exactly; the largest remainders get what is left."""
    whole = sum((one for one in shares if one is not None), Fraction())
    exact = [(one or Fraction()) / whole * worth for one in shares]
    parts = [int(one) for one in exact]
    left = worth - sum(parts)
    order = sorted(range(len(exact)), key=lambda at: (parts[at] - exact[at], at))
    for at in order[:left]:
        parts[at] += 1
    return parts


def _is_whole(shares: Iterable[Fraction | None]) -> bool:
    """0.25 and 25 are both written for a quarter, never side by side."""
    total = sum((one for one in shares if one is not None), Fraction())
    return abs(total - 1) <= _NEAR or abs(total - 100) <= _NEAR * 100


def _percent(shares: Iterable[Fraction | None]) -> str:
    total = sum((one for one in shares if one is not None), Fraction())
    return f"{float(total if total > 2 else total * 100):g}%"


def _leaves(below: Mapping[int | None, Sequence[int]], own: Sequence[int]) -> list[int]:
    found: list[int] = []
    for at in own:
        found += _leaves(below, below[at]) if at in below else [at]
    return found


def _below(nodes: Sequence[Weighed]) -> dict[int | None, list[int]]:
    found: dict[int | None, list[int]] = {}
    for at, node in enumerate(nodes):
        found.setdefault(node.parent, []).append(at)
    return found


def _points(hundredths: int) -> str:
    return f"{hundredths / 100:g}"
