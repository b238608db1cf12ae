"""Who may do what to which unit, in one table."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bot.errors import NotAllowed
from bot.messages import Role, Sender


class Act(StrEnum):
    """What somebody may want to do."""

    ASK = "ask"
    MANAGE_DOCUMENTS = "manage_documents"
    MANAGE_PEOPLE = "manage_people"
    SEE_QUESTIONS = "see_questions"
    ANSWER_QUESTIONS = "answer_questions"
    MANAGE_TASKS = "manage_tasks"
    SEE_TASKS = "see_tasks"
    MANAGE_INDICATORS = "manage_indicators"
    RATE = "rate"
    SEE_PEOPLE = "see_people"
    BROADCAST = "broadcast"
    SEE_AUDIT = "see_audit"
    SEE_DELIVERIES = "see_deliveries"
    SIGN_IN = "sign_in"
    """On the admin page, where each sees what the other acts allow."""
    KEEP_BACKUPS = "keep_backups"
    """Nobody's by role: only at the machine."""


_IN_CHARGE = frozenset({Role.ADMIN, Role.OFFICER, Role.SECRETARY, Role.BRANCH_SECRETARY})

ALLOWED: Mapping[Act, frozenset[Role]] = {
    Act.ASK: frozenset(Role),
    Act.MANAGE_DOCUMENTS: frozenset({Role.ADMIN, Role.OFFICER}),
    Act.MANAGE_PEOPLE: frozenset({Role.ADMIN}),
    Act.SEE_QUESTIONS: frozenset({Role.ADMIN, Role.OFFICER, Role.SECRETARY}),
    Act.ANSWER_QUESTIONS: frozenset({Role.ADMIN, Role.OFFICER}),
    Act.MANAGE_TASKS: _IN_CHARGE,
    Act.SEE_TASKS: _IN_CHARGE | {Role.GUIDANCE, Role.DISCIPLINE},
    Act.MANAGE_INDICATORS: frozenset({Role.ADMIN, Role.OFFICER, Role.SECRETARY}),
    Act.RATE: frozenset({Role.ADMIN, Role.OFFICER, Role.SECRETARY, Role.GUIDANCE, Role.DISCIPLINE}),
    Act.SEE_PEOPLE: _IN_CHARGE | {Role.GUIDANCE, Role.DISCIPLINE},
    Act.BROADCAST: _IN_CHARGE,
    Act.SEE_AUDIT: frozenset({Role.ADMIN}),
    Act.SEE_DELIVERIES: frozenset({Role.ADMIN, Role.OFFICER}),
    Act.SIGN_IN: _IN_CHARGE | {Role.GUIDANCE, Role.DISCIPLINE},
    Act.KEEP_BACKUPS: frozenset(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts. ``units`` are the actor's own and all above them; ``roles`` reach downwards."""

    sender: Sender
    member_id: int | None = None
    name: str = ""
    units: frozenset[int] = frozenset()
    roles: Mapping[int, frozenset[Role]] = field(default_factory=dict)
    """Roles by unit, own units and every unit below those the role was given for."""
    is_operator: bool = False
    """At the machine itself, or an admin named in the configuration: may do everything."""

    @property
    def every_role(self) -> frozenset[Role]:
        """All roles anywhere; someone off the roster is a guest."""
        if self.is_operator:
            return frozenset(Role)
        return frozenset[Role]().union(*self.roles.values()) or frozenset({Role.GUEST})

    @property
    def administered(self) -> frozenset[int]:
        """Units whose everything the actor may see."""
        return frozenset(unit for unit, roles in self.roles.items() if Role.ADMIN in roles)

    @property
    def account(self) -> str:
        """``platform:account``, as the audit log names who acted."""
        return f"{self.sender.channel.platform}:{self.sender.account}"

    def may(self, act: Act, unit: int | None = None) -> bool:
        """Whether the actor may ``act`` on ``unit`` (None: anywhere at all)."""
        if self.is_operator:
            return True
        held = self.every_role if unit is None else self.roles.get(unit, frozenset())
        return bool(ALLOWED[act] & held) or Role.GUEST in ALLOWED[act]

    def sees(self, visible_to: int | None) -> bool:
        """Whether something kept for one unit and those below it is open to the actor."""
        return (
            self.is_operator
            or visible_to is None
            or visible_to in self.units
            or visible_to in self.administered
        )


def check(actor: Actor, act: Act, unit: int | None = None) -> None:
    """Refuse politely.

    Raises:
        NotAllowed: The actor's roles do not cover ``act`` on ``unit``.
    """
    if not actor.may(act, unit):
        raise NotAllowed(f"member {actor.member_id} may not {act}")


def within(actor: Actor, act: Act) -> Collection[int] | None:
    """The units on which the actor may ``act``; None is everywhere."""
    if actor.is_operator:
        return None
    return frozenset(unit for unit in actor.roles if actor.may(act, unit))
