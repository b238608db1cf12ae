"""Our crypto and our callback against encryptors that nobody here wrote."""

import asyncio
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from wechatpy.enterprise.crypto import WeChatCrypto

from bot.channels.crypto import CallbackCrypto
from bot.errors import BadSignature
from tests.fakes.wecom_callbacks import AES_KEY, TOKEN, FakePlatform, post
from tests.integration.wecom.wecom_app_stage import stage
from tests.shared_data import shared_path

CORP = "wwschool00000001"
SEAL = Path(__file__).with_name("wecom_seal.cjs")


async def node(*questions: Mapping[str, str]) -> list[Mapping[str, str]]:
    """What @wecom/crypto answers to each question."""
    process = await asyncio.create_subprocess_exec(
        *("node", str(SEAL), os.environ["YAODIAN_NODE_MODULES"]),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    asked = "".join(json.dumps(question) + "\n" for question in questions)
    answers, _ = await asyncio.wait_for(process.communicate(asked.encode()), 20)
    assert process.returncode == 0
    return [json.loads(line) for line in answers.decode().splitlines()]


@pytest.mark.needs("shared")
def test_every_published_vector_opens() -> None:
    vectors = json.loads(shared_path("vectors/wecom_callback_crypto.json").read_text())
    cases = [vectors["official"], *vectors["cases"]]

    for case in cases:
        crypto = CallbackCrypto(case["token"], case["encoding_aes_key"], case["receive_id"])
        given = (case["signature"], case["timestamp"], case["nonce"], case["ciphertext"])
        assert crypto.open(*given).decode() == case["plaintext"], case["name"]
    assert len(cases) >= 14


@pytest.mark.needs("shared")
def test_every_negative_vector_is_refused() -> None:
    vectors = json.loads(shared_path("vectors/wecom_callback_crypto.json").read_text())

    for case in vectors["negative"]:
        crypto = CallbackCrypto(case["token"], case["encoding_aes_key"], case["receive_id"])
        given = (case["signature"], case["timestamp"], case["nonce"], case["ciphertext"])
        with pytest.raises(BadSignature):
            crypto.open(*given)
            pytest.fail(case["name"])
    assert len(vectors["negative"]) >= 10


@pytest.mark.parametrize("length", [0, 1, 11, 12, 13, 31, 32, 33, 4096])
def test_wechatpy_opens_what_we_seal(length: int) -> None:
    text = "签" * length
    sealed = CallbackCrypto(TOKEN, AES_KEY, CORP).seal(text.encode(), "1767225600", "n-1")
    theirs = WeChatCrypto(TOKEN, AES_KEY, CORP)

    opened = theirs.check_signature(sealed.signature, "1767225600", "n-1", sealed.ciphertext)

    assert opened == text


@pytest.mark.needs("node", "node_modules")
async def test_the_vendor_s_package_opens_what_we_seal() -> None:
    crypto = CallbackCrypto(TOKEN, AES_KEY, CORP)
    texts = ["", "收到", "<xml>" + "学习" * 999 + "</xml>"]
    sealed = [crypto.seal(text.encode(), "1767225600", "n-1") for text in texts]
    same = {"token": TOKEN, "key": AES_KEY, "timestamp": "1767225600", "nonce": "n-1"}

    answers = await node(*({**same, "ciphertext": one.ciphertext} for one in sealed))

    assert [answer["message"] for answer in answers] == texts
    assert {answer["id"] for answer in answers} == {CORP}
    assert [answer["signature"] for answer in answers] == [one.signature for one in sealed]


@pytest.mark.needs("node", "node_modules")
async def test_our_callback_takes_what_the_vendor_s_package_sealed() -> None:
    async with stage() as wecom:
        now_s = int(wecom.clock.now.timestamp())
        xmls = [
            FakePlatform().text("zhang", now_s, "三会一课多久一次？", 1),
            FakePlatform().event("zhang", now_s, "click", EventKey="/签到"),
            FakePlatform().message("zhang", now_s, "image", MediaId="m-1", MsgId="2"),
        ]
        same = {"token": TOKEN, "key": AES_KEY, "id": CORP, "timestamp": str(now_s), "nonce": "n-1"}
        answers = iter(await node(*({**same, "xml": xml} for xml in xmls)))

        def seal(timestamp: str, nonce: str, xml: str) -> tuple[str, str]:
            answer = next(answers)
            return answer["signature"], answer["ciphertext"]

        platform = FakePlatform(sealer=seal)
        for xml in xmls:
            posted = platform.seal(xml, now_s, "n-1")
            assert await post(wecom.session, wecom.address, posted) == (200, b"")

        kinds = [message.kind.value for message in wecom.inbox.messages.values()]
        assert kinds == ["text", "tap", "media"]


async def test_our_reading_of_a_message_is_wechatpy_s() -> None:
    from wechatpy.enterprise import parse_message

    async with stage() as wecom:
        now_s = int(wecom.clock.now.timestamp())
        xml = FakePlatform().text("zhang", now_s, "带 <标签> & 符号 ]] 的话", 7405550000000000001)
        await post(wecom.session, wecom.address, FakePlatform().seal(xml, now_s))

        ours, theirs = wecom.inbox.only, parse_message(xml)

        assert (ours.text, ours.sender.account) == (theirs.content, theirs.source)
        assert ours.message_id.endswith(f":{theirs.id}")
        assert re.fullmatch(r"\d+", str(theirs.agent))
