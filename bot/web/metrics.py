"""/metrics as Prometheus reads it: text, each name with its meaning and its type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from store.gauges import Gauges

ANSWER_BOUNDS_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

Labels = Mapping[str, str]
Sample = tuple[Labels, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One name with its samples."""

    name: str
    meaning: str
    samples: Sequence[Sample] = ()
    kind: str = "gauge"
    parts: Sequence[tuple[str, Labels, float]] = ()
    """Of a summary or histogram: the end of the name, labels, value."""

    def lines(self) -> list[str]:
        """The meaning, the type, then a line per sample."""
        return [
            f"# HELP {self.name} {self.meaning}",
            f"# TYPE {self.name} {self.kind}",
            *(_line(self.name, labels, value) for labels, value in self.samples),
            *(_line(self.name + end, labels, value) for end, labels, value in self.parts),
        ]


def one(name: str, meaning: str, value: float, *, kind: str = "gauge") -> Family:
    """A name with a single value."""
    return Family(name=name, meaning=meaning, samples=[({}, value)], kind=kind)


def store_families(counted: Gauges) -> list[Family]:
    """What the rows say; replicas on one database say the same."""
    handled, handling_s = counted.handling_s
    return [
        _by("yaodian_messages", "Messages accepted, by what became of them.", "state",
            counted.messages),
        one("yaodian_inbox_lag_seconds", "Age of the oldest message not handled.",
            counted.inbox_lag_s),
        Family(name="yaodian_handling_seconds", kind="summary",
               meaning="From accepting a message to its reply in the outbox.",
               parts=[("_sum", {}, handling_s), ("_count", {}, handled)]),
        Family(
            name="yaodian_deliveries",
            meaning="Deliveries by channel, kind and outcome.",
            samples=[
                ({"channel": channel, "kind": kind, "state": state}, count)
                for channel, kind, state, count in counted.deliveries
            ],
        ),
        _by("yaodian_outbox_depth", "Deliveries due and not sent.", "channel",
            counted.outbox_depth),
        one("yaodian_outbox_lag_seconds", "How long the oldest of them has been due.",
            counted.outbox_lag_s),
        _by("yaodian_reminders", "Reminders by outcome.", "outcome", counted.reminders),
        _by("yaodian_questions", "Questions by state.", "state", counted.questions),
        _answers(*counted.answers),
    ]  # fmt: skip


def text(families: Iterable[Family]) -> list[str]:
    """Every line, in order."""
    return [line for family in families for line in family.lines()]


def _answers(count: int, total_s: float, within: Sequence[int]) -> Family:
    bounds = [*(f"{bound:g}" for bound in ANSWER_BOUNDS_S), "+Inf"]
    return Family(
        name="yaodian_answer_seconds",
        kind="histogram",
        meaning="Time to find and word an answer.",
        parts=[
            *(("_bucket", {"le": bound}, n)
              for bound, n in zip(bounds, [*within, count], strict=True)),
            ("_sum", {}, total_s),
            ("_count", {}, count),
        ],
    )  # fmt: skip


def _by(name: str, meaning: str, label: str, counts: Sequence[tuple[str, int]]) -> Family:
    return Family(
        name=name, meaning=meaning, samples=[({label: key}, count) for key, count in counts]
    )


def _line(name: str, labels: Labels, value: float) -> str:
    inner = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
    return f"{name}{{{inner}}} {_number(value)}" if inner else f"{name} {_number(value)}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:.6f}"
