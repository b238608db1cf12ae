"""What DingTalk answers: every code of the tables, and whatever else comes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.dingtalk import cards
from bot.channels.dingtalk.answers import (
    gettoken_failure,
    new_failure,
    old_failure,
    robot_failure,
)
from bot.channels.dingtalk.directory import members_of, units_of
from bot.channels.dingtalk.errors import Action, error_of
from bot.channels.dingtalk.reply_to import ReplyTo
from bot.channels.dingtalk.wire import parsed, throttled_s
from bot.channels.dingtalk.work_notice import outcome_of
from bot.errors import ChannelRefused, ChannelUnavailable, SetupNeeded

DENIED = "Forbidden.AccessDenied."
NEW = [
    (400, "InvalidAuthentication", Action.REFRESH),
    (400, "AuthenticationFailed.MissingParameter", Action.REFUSE),
    (400, "invalidClientIdOrSecret", Action.SETUP),
    (403, f"{DENIED}AccessTokenPermissionDenied", Action.SETUP),
    (403, f"{DENIED}IpNotInWhiteList", Action.SETUP),
    (403, f"{DENIED}QpsLimitForApi", Action.BACK_OFF),
    (403, f"{DENIED}QpsLimitForAppkeyAndApi", Action.BACK_OFF),
    (403, f"{DENIED}QpmLimitForAppkeyAndApi", Action.BACK_OFF),
    (400, "qps.exceed.limit", Action.BACK_OFF),
    (400, "request.overlimit", Action.BACK_OFF),
    (429, "", Action.BACK_OFF),
    (400, "invalidParameter.robotCode.auth", Action.REFUSE),
    (400, "invalidParameter.userIds.empty", Action.REFUSE),
    (400, "invalidParameter.userIds.invalid", Action.DROP),
    (400, "invalidParameter.userIds.overMax", Action.REFUSE),
    (400, "invalidParameter.msgKey.invalid", Action.REFUSE),
    (400, "invalidParameter.msgParam.invalid", Action.REFUSE),
    (400, "invalid.openConversationId", Action.REFUSE),
    (400, "resource.unavailable", Action.REFUSE),
    (400, "somethingNew", Action.REFUSE),
    (500, "ServiceUnavailable", Action.RETRY),
    (504, "ServiceUnavailable", Action.TIMEOUT),
]
OLD = [
    *(("88", code, Action.REFRESH) for code in ("40014", "42001", "40001")),
    *((str(code), "", Action.BACK_OFF) for code in range(90001, 90015)),
    *((code, "", Action.DROP) for code in ("33012", "40104", "60121")),
    ("-1", "", Action.RETRY),
    ("15", "isp.top-remote-connection-timeout", Action.TIMEOUT),
    ("88", "60011", Action.SETUP),
    ("60011", "", Action.SETUP),
    ("88", "60020", Action.SETUP),
    ("60020", "", Action.SETUP),
    ("40078", "", Action.LOGIN),
    ("22", "", Action.REFUSE),
    ("404", "", Action.REFUSE),
    ("777777", "", Action.REFUSE),
]
ROBOT = [
    ("-1", "", Action.RETRY),
    *((code, "", Action.BACK_OFF) for code in ("130101", "410100", "660026")),
    ("999", "send too fast", Action.BACK_OFF),
    ("999", "too many requests", Action.BACK_OFF),
    *((code, "", Action.DISABLE) for code in ("300001", "300005", "400101")),
    *((code, "", Action.DISABLE) for code in ("400013", "400102", "400106")),
    *(("310000", words, Action.SETUP) for words in (
        "keywords not in content", "invalid timestamp", "sign not match",
        "ip 1.2.3.4 not in whitelist", "something else",
    )),
    *((code, "", Action.REFUSE) for code in ("400105", "40035", "43002", "43004")),
    *((str(code), "", Action.REFUSE) for code in range(430101, 430105)),
]  # fmt: skip

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
NAMES = (
    "code", "message", "accessdenieddetail", "requiredScopes", "errcode", "sub_code", "errmsg",
    "result", "list", "dept_id", "parent_id", "name", "userid", "dept_id_list", "mobile", "wait",
    "status", "punish", "success", "deliverResults", "send_result", "forbidden_list",
    "unread_user_id_list",
)  # fmt: skip
answers = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5)
    ),
    max_leaves=15,
)
objects = st.dictionaries(st.sampled_from(NAMES), answers, max_size=6)


@pytest.mark.parametrize(("status", "code", "action"), NEW)
def test_every_code_of_the_new_family_has_its_action(
    status: int, code: str, action: Action
) -> None:
    failure = new_failure(status, {"code": code, "message": "for people"})

    assert failure is not None
    assert failure.rule.action is action
    assert failure.rule.advice


@pytest.mark.parametrize(("errcode", "sub_code", "action"), OLD)
@pytest.mark.parametrize("is_text", [True, False])
def test_every_code_of_the_old_family_has_its_action(
    errcode: str, sub_code: str, action: Action, *, is_text: bool
) -> None:
    given_code = errcode if is_text else int(errcode)
    failure = old_failure(200, {"errcode": given_code, "sub_code": sub_code})

    assert failure is not None
    assert failure.rule.action is action
    assert failure.rule.advice


@pytest.mark.parametrize(("errcode", "errmsg", "action"), ROBOT)
def test_every_code_of_a_groups_robot_has_its_action(
    errcode: str, errmsg: str, action: Action
) -> None:
    failure = robot_failure({"errcode": int(errcode), "errmsg": errmsg})

    assert failure is not None
    assert failure.rule.action is action
    assert failure.rule.advice


def test_the_missing_permission_is_named() -> None:
    detail = {"requiredScopes": ["qyapi_robot_sendmsg"]}
    code = f"{DENIED}AccessTokenPermissionDenied"

    failure = new_failure(403, {"code": code, "accessdenieddetail": detail})

    assert failure is not None
    assert "qyapi_robot_sendmsg" in failure.rule.advice


def test_zero_is_well_in_either_spelling() -> None:
    assert old_failure(200, {"errcode": "0"}) is None
    assert old_failure(200, {"errcode": 0}) is None
    assert robot_failure({"errcode": 0}) is None
    assert new_failure(200, {"code": "whatever"}) is None


def test_over_the_limit_waits_longer_each_time_up_to_a_minute() -> None:
    failure = new_failure(403, {"code": f"{DENIED}QpsLimitForApi"})
    assert failure is not None
    waits = [error_of(failure.rule, "x", "/call", limited_before=n) for n in range(9)]

    assert all(isinstance(one, ChannelUnavailable) for one in waits)
    seconds = [one.retry_after_s for one in waits if isinstance(one, ChannelUnavailable)]
    assert seconds == [1, 2, 4, 8, 16, 32, 60, 60, 60]


@given(status=st.integers(min_value=100, max_value=599), answer=objects)
def test_any_answer_is_well_or_says_what_to_do(status: int, answer: dict[str, object]) -> None:
    found = (
        new_failure(status, answer),
        old_failure(status, answer),
        robot_failure(answer),
        gettoken_failure(status, answer),
    )
    for failure in filter(None, found):
        error = error_of(failure.rule, failure.code, "/call")
        assert isinstance(error, ChannelUnavailable | ChannelRefused)
        assert error.reply
        assert isinstance(error, SetupNeeded) == (failure.rule.action is Action.SETUP)
    assert (new_failure(status, answer) is None) == (200 <= status < 300)


@given(answer=objects)
def test_any_directory_is_read_and_what_makes_no_sense_left_out(
    answer: dict[str, object],
) -> None:
    for unit in units_of(answer):
        assert unit.id
        assert unit.name
        assert unit.parent_id != unit.id
    for person in members_of(answer.get("result")):
        assert person.account
        assert person.name


@given(answer=objects)
def test_a_result_never_says_two_things_of_one_person(answer: dict[str, object]) -> None:
    outcome = outcome_of({"send_result": answer}, "1")

    assert not outcome.arrived & outcome.invalid
    assert not outcome.arrived & outcome.left
    assert not outcome.invalid & outcome.left


@given(answer=objects)
def test_a_card_counts_as_delivered_only_if_it_says_so(answer: dict[str, object]) -> None:
    if cards.was_delivered(answer):
        assert answer["success"] is True


@given(text=st.text() | anything.map(json.dumps))
def test_any_body_is_an_object_or_none(text: str) -> None:
    answer = parsed(text)

    wait_s = throttled_s(200, text, answer)
    assert answer is None or isinstance(answer, dict)
    assert wait_s is None or 0 < wait_s <= 300


@given(words=st.tuples(st.text(), st.text(), st.text()))
def test_a_handle_is_read_back_as_it_was(words: tuple[str, str, str]) -> None:
    message_id, address, track = words
    handle = ReplyTo(message_id=message_id, session_webhook=address, out_track_id=track)

    assert ReplyTo.decode(handle.encode()) == handle
