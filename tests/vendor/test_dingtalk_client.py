"""The simulator is what DingTalk's own OpenAPI client takes for DingTalk.

The client knows the new family only; of the old one the official stream client uses two calls.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from aiohttp.test_utils import TestServer
from alibabacloud_dingtalk.card_1_0 import models as card
from alibabacloud_dingtalk.card_1_0.client import Client as CardClient
from alibabacloud_dingtalk.oauth2_1_0 import models as oauth2
from alibabacloud_dingtalk.oauth2_1_0.client import Client as OauthClient
from alibabacloud_dingtalk.robot_1_0 import models as robot
from alibabacloud_dingtalk.robot_1_0.client import Client as RobotClient
from alibabacloud_dingtalk.todo_1_0 import models as todo
from alibabacloud_dingtalk.todo_1_0.client import Client as TodoClient
from alibabacloud_tea_openapi.models import Config
from alibabacloud_tea_util.models import RuntimeOptions
from Tea.exceptions import TeaException

from bot.channels.dingtalk.cards import CREATE, STREAM, UPDATE
from bot.channels.dingtalk.robot import GROUP, SINGLE
from tests.fakes.dingtalk import FakeDingTalk

RUNTIME = RuntimeOptions(autoretry=False, max_attempts=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Official:
    """The vendor's clients, turned to loopback, and the token they fetched."""

    fake: FakeDingTalk
    config: Config
    token: str


@pytest.fixture
async def official() -> AsyncIterator[Official]:
    fake = FakeDingTalk()
    fake.templates.add("t1.schema")
    async with TestServer(fake.app()) as server:
        config = Config(protocol="http", region_id="central", endpoint=f"127.0.0.1:{server.port}")
        request = oauth2.GetAccessTokenRequest(
            app_key=fake.client_id, app_secret=fake.client_secret
        )
        answer = await OauthClient(config).get_access_token_async(request)
        assert answer.body.expire_in == 7200
        yield Official(fake=fake, config=config, token=answer.body.access_token)


def messages(fake: FakeDingTalk, *accounts: str, key: str = "sampleText") -> object:
    return robot.BatchSendOTORequest(
        robot_code=fake.robot_code,
        user_ids=list(accounts),
        msg_key=key,
        msg_param=json.dumps({"content": "周三学习"}),
    )


async def batch_send(official: Official, request: object, token: str | None = None) -> object:
    headers = robot.BatchSendOTOHeaders(
        x_acs_dingtalk_access_token=official.token if token is None else token
    )
    client = RobotClient(official.config)
    answer = await client.batch_send_otowith_options_async(request, headers, RUNTIME)
    return answer.body


async def test_a_wrong_secret_is_refused_as_it_expects(official: Official) -> None:
    request = oauth2.GetAccessTokenRequest(app_key=official.fake.client_id, app_secret="mistyped")

    with pytest.raises(TeaException) as caught:
        await OauthClient(official.config).get_access_token_async(request)

    assert caught.value.code == "invalidClientIdOrSecret"


async def test_it_sends_to_people_and_reads_who_was_left_out(official: Official) -> None:
    official.fake.flow_controlled["li"] = 1

    body = await batch_send(official, messages(official.fake, "zhang", "li", "gone"))

    assert isinstance(body, robot.BatchSendOTOResponseBody)
    assert body.process_query_key
    assert body.invalid_staff_id_list == ["gone"]
    assert body.flow_controlled_staff_id_list == ["li"]
    assert [one.to for one in official.fake.delivered] == ["zhang"]
    assert official.fake.delivered[0].text == "周三学习"
    assert official.fake.calls[SINGLE] == 1


async def test_it_sends_into_a_group_and_takes_back(official: Official) -> None:
    client = RobotClient(official.config)
    request = robot.OrgGroupSendRequest(
        robot_code=official.fake.robot_code,
        open_conversation_id="cidGroup1",
        msg_key="sampleMarkdown",
        msg_param=json.dumps({"title": "通知", "text": "**周三**"}),
    )
    headers = robot.OrgGroupSendHeaders(x_acs_dingtalk_access_token=official.token)

    sent = await client.org_group_send_with_options_async(request, headers, RUNTIME)
    key = sent.body.process_query_key
    taken = await client.org_group_recall_with_options_async(
        robot.OrgGroupRecallRequest(
            robot_code=official.fake.robot_code,
            open_conversation_id="cidGroup1",
            process_query_keys=[key],
        ),
        robot.OrgGroupRecallHeaders(x_acs_dingtalk_access_token=official.token),
        RUNTIME,
    )
    private = await client.batch_recall_otowith_options_async(
        robot.BatchRecallOTORequest(
            robot_code=official.fake.robot_code, process_query_keys=["key-2"]
        ),
        robot.BatchRecallOTOHeaders(x_acs_dingtalk_access_token=official.token),
        RUNTIME,
    )

    assert official.fake.calls[GROUP] == 1
    assert [(one.how, one.text) for one in official.fake.delivered] == [("group", "**周三**")]
    assert taken.body.success_result == [key]
    assert private.body.success_result == ["key-2"]
    assert official.fake.recalled == {key, "key-2"}


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ((403, "Forbidden.AccessDenied.QpsLimitForApi"), 403,
         "Forbidden.AccessDenied.QpsLimitForApi"),
        ((400, "invalidParameter.robotCode.auth"), 400, "invalidParameter.robotCode.auth"),
        ("timeout", 504, "ServiceUnavailable"),
    ],
)  # fmt: skip
async def test_it_finds_errors_where_it_looks_for_them(
    official: Official, fault: object, status: int, code: str
) -> None:
    official.fake.script[SINGLE].append(fault)

    with pytest.raises(TeaException) as caught:
        await batch_send(official, messages(official.fake, "zhang"))

    assert caught.value.code == code
    assert caught.value.data["statusCode"] == status
    assert official.fake.delivered == []


async def test_it_is_told_of_a_stale_token_and_of_a_missing_right(official: Official) -> None:
    with pytest.raises(TeaException) as caught:
        await batch_send(official, messages(official.fake, "zhang"), "stale")
    assert caught.value.code == "InvalidAuthentication"

    official.fake.rights.clear()
    with pytest.raises(TeaException) as caught:
        await batch_send(official, messages(official.fake, "zhang"))
    assert caught.value.code == "Forbidden.AccessDenied.AccessTokenPermissionDenied"
    cause = caught.value.inner_exception
    assert cause.accessDeniedDetail == {"requiredScopes": ["robot.Write"]}


async def test_an_unknown_message_is_refused(official: Official) -> None:
    with pytest.raises(TeaException) as caught:
        await batch_send(official, messages(official.fake, "zhang", key="sampleNothing"))

    assert caught.value.code == "invalidParameter.msgKey.invalid"


async def test_it_makes_changes_and_streams_a_card(official: Official) -> None:
    client, token = CardClient(official.config), official.token

    made = await client.create_and_deliver_with_options_async(
        card.CreateAndDeliverRequest(
            card_template_id="t1.schema",
            out_track_id="track-1",
            callback_type="STREAM",
            card_data=card.CreateAndDeliverRequestCardData(card_param_map={"title": "签到"}),
            open_space_id="dtv1.card//IM_ROBOT.zhang",
            user_id_type=1,
            im_robot_open_space_model=card.CreateAndDeliverRequestImRobotOpenSpaceModel(
                support_forward=False
            ),
            im_robot_open_deliver_model=card.CreateAndDeliverRequestImRobotOpenDeliverModel(
                space_type="IM_ROBOT", robot_code=official.fake.robot_code
            ),
        ),
        card.CreateAndDeliverHeaders(x_acs_dingtalk_access_token=token),
        RUNTIME,
    )
    changed = await client.update_card_with_options_async(
        card.UpdateCardRequest(
            out_track_id="track-1",
            card_data=card.UpdateCardRequestCardData(card_param_map={"title": "已签到"}),
            user_id_type=1,
        ),
        card.UpdateCardHeaders(x_acs_dingtalk_access_token=token),
        RUNTIME,
    )
    streamed = await client.streaming_update_with_options_async(
        card.StreamingUpdateRequest(
            out_track_id="track-1",
            guid="g1",
            key="body",
            content="第一段",
            is_full=True,
            is_finalize=True,
            is_error=False,
        ),
        card.StreamingUpdateHeaders(x_acs_dingtalk_access_token=token),
        RUNTIME,
    )

    (result,) = made.body.result.deliver_results
    assert (made.body.success, result.success, result.space_id) == (True, True, "zhang")
    assert changed.body.success
    assert streamed.body.success
    assert official.fake.cards["track-1"]["cardData"] == {"cardParamMap": {"title": "已签到"}}
    assert official.fake.streamed["track-1"] == ["第一段"]
    assert official.fake.finalized == {"track-1"}
    assert [official.fake.calls[path] for path in (CREATE, UPDATE, STREAM)] == [1, 1, 1]


async def test_where_card_callbacks_go_is_told_as_it_tells_it(official: Official) -> None:
    answer = await CardClient(official.config).register_callback_with_options_async(
        card.RegisterCallbackRequest(
            api_secret="s",
            callback_route_key="yaodian",
            callback_url="https://x.example/dingtalk/card",
            force_update=True,
        ),
        card.RegisterCallbackHeaders(x_acs_dingtalk_access_token=official.token),
        RUNTIME,
    )

    assert answer.body.success
    assert answer.body.result.api_secret == "s"
    assert official.fake.routes == {"yaodian": ("https://x.example/dingtalk/card", "s")}


async def test_it_keeps_a_todo_from_its_making_to_its_end(official: Official) -> None:
    client, token = TodoClient(official.config), official.token

    made = await client.create_todo_task_with_options_async(
        "union-zhang",
        todo.CreateTodoTaskRequest(
            subject="报送计划",
            source_id="yaodian-7",
            creator_id="union-zhang",
            executor_ids=["union-zhang"],
            due_time=1767225600000,
            operator_id="union-zhang",
        ),
        todo.CreateTodoTaskHeaders(x_acs_dingtalk_access_token=token),
        RUNTIME,
    )
    task = made.body.id
    found = await client.get_todo_task_by_source_id_with_options_async(
        "union-zhang",
        "yaodian-7",
        todo.GetTodoTaskBySourceIdHeaders(x_acs_dingtalk_access_token=token),
        RUNTIME,
    )
    await client.update_todo_task_with_options_async(
        "union-zhang",
        task,
        todo.UpdateTodoTaskRequest(subject="报送总结", operator_id="union-zhang"),
        todo.UpdateTodoTaskHeaders(x_acs_dingtalk_access_token=token),
        RUNTIME,
    )
    row = todo.UpdateTodoTaskExecutorStatusRequestExecutorStatusList(id="union-zhang", is_done=True)
    await client.update_todo_task_executor_status_with_options_async(
        "union-zhang",
        task,
        todo.UpdateTodoTaskExecutorStatusRequest(
            executor_status_list=[row], operator_id="union-zhang"
        ),
        todo.UpdateTodoTaskExecutorStatusHeaders(x_acs_dingtalk_access_token=token),
        RUNTIME,
    )

    assert found.body.id == task
    kept = official.fake.todo.tasks[task]
    assert (kept["subject"], kept["done"]) == ("报送总结", True)
    gone = await client.delete_todo_task_with_options_async(
        "union-zhang",
        task,
        todo.DeleteTodoTaskRequest(operator_id="union-zhang"),
        todo.DeleteTodoTaskHeaders(x_acs_dingtalk_access_token=token),
        RUNTIME,
    )
    assert gone.body.result
    assert official.fake.todo.tasks == {}
