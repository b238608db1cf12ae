"""What an answer of DingTalk says is wrong, for each of the three ways it says so."""

from __future__ import annotations

from dataclasses import dataclass

from bot.channels.dingtalk.errors import Action, Rule, rule_of_name, rule_of_number, rule_of_robot
from bot.channels.dingtalk.wire import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An answer that says no."""

    rule: Rule
    code: str


def new_failure(status: int, answer: Json) -> Failure | None:
    """What an answer of the new family says is wrong; None when all is well."""
    if 200 <= status < 300:
        return None
    code = str(answer.get("code") or f"HTTP {status}")
    detail = answer.get("accessdenieddetail")
    scopes = detail.get("requiredScopes") if isinstance(detail, dict) else None
    missing = "、".join(map(str, scopes)) if isinstance(scopes, list) else ""
    return Failure(rule=rule_of_name(status, code, missing), code=code)


def old_failure(status: int, answer: Json) -> Failure | None:
    """The same of the old family, whose numbers may be strings."""
    if status == 504:
        return Failure(rule=rule_of_number("15", ""), code="504")
    errcode = str(answer.get("errcode", "0" if status == 200 else f"HTTP {status}"))
    if errcode == "0":
        return None
    sub_code = str(answer.get("sub_code") or "")
    code = f"{errcode} {sub_code}".strip()
    return Failure(rule=rule_of_number(errcode, sub_code), code=code)


def robot_failure(answer: Json) -> Failure | None:
    """The same of a robot's webhook."""
    errcode = str(answer.get("errcode", "0"))
    if errcode == "0":
        return None
    return Failure(rule=rule_of_robot(errcode, str(answer.get("errmsg") or "")), code=errcode)


def gettoken_failure(status: int, answer: Json) -> Failure | None:
    """Here a refusal is about the secret, not about a token."""
    failure = old_failure(status, answer)
    if failure is None or failure.rule.action not in (Action.REFRESH, Action.REFUSE):
        return failure
    return Failure(rule=rule_of_name(400, "invalidClientIdOrSecret"), code=failure.code)
