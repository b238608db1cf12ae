import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.crypto import CallbackCrypto, check_age, decrypt_media
from bot.errors import BadSignature, ConfigError

TOKEN = "Sunny2024"
AES_KEY = "k7Qm2ZxV9bNc4LsT8wRf1YhJ6uPdG3aE5oKiXtCzBvM"
CORP = "wwschool00000001"


@pytest.fixture(scope="module")
def crypto() -> CallbackCrypto:
    return CallbackCrypto(TOKEN, AES_KEY, CORP)


@given(message=st.binary(max_size=300), nonce=st.text(st.characters(codec="utf-8"), max_size=40))
def test_what_is_sealed_opens_again(message: bytes, nonce: str) -> None:
    crypto = CallbackCrypto(TOKEN, AES_KEY, CORP)

    sealed = crypto.seal(message, "1767225600", nonce)

    assert crypto.open(sealed.signature, "1767225600", nonce, sealed.ciphertext) == message


@given(st.text(), st.text(), st.text(), st.text())
def test_anything_else_is_refused_the_same_way(
    signature: str, timestamp: str, nonce: str, ciphertext: str
) -> None:
    with pytest.raises(BadSignature):
        CallbackCrypto(TOKEN, AES_KEY, CORP).open(signature, timestamp, nonce, ciphertext)


@given(
    st.one_of(st.text(), st.binary(max_size=200).map(lambda raw: base64.b64encode(raw).decode()))
)
def test_signed_rubbish_is_refused(ciphertext: str) -> None:
    with pytest.raises(BadSignature):
        CallbackCrypto(TOKEN, AES_KEY, CORP).decrypt(ciphertext)


@given(st.binary(min_size=16, max_size=128).map(lambda raw: raw[: len(raw) // 16 * 16]))
def test_foreign_media_never_raises_anything_else(body: bytes) -> None:
    try:
        plain = decrypt_media(bytes(range(32)), body)
    except BadSignature:
        return
    assert len(body) - 32 <= len(plain) < len(body)


def test_an_upper_case_signature_is_refused(crypto: CallbackCrypto) -> None:
    sealed = crypto.seal(b"x", "1767225600", "n")

    with pytest.raises(BadSignature):
        crypto.open(sealed.signature.upper(), "1767225600", "n", sealed.ciphertext)


def test_another_receiver_is_refused(crypto: CallbackCrypto) -> None:
    sealed = CallbackCrypto(TOKEN, AES_KEY, "wwother").seal(b"x", "1767225600", "n")

    with pytest.raises(BadSignature, match="receiver"):
        crypto.open(sealed.signature, "1767225600", "n", sealed.ciphertext)


@pytest.mark.parametrize("offset", [-300, 0, 300])
def test_a_fresh_timestamp_passes(offset: int) -> None:
    check_age(str(1767225600 + offset), 1767225600.0)


@pytest.mark.parametrize(
    "timestamp", ["1767225299", "1767225901", "", "-5", "abc", "１７６７２２５６００"]
)
def test_a_stale_or_odd_timestamp_is_refused(timestamp: str) -> None:
    with pytest.raises(BadSignature):
        check_age(timestamp, 1767225600.0)


@pytest.mark.parametrize(
    ("token", "aes_key"),
    [("", AES_KEY), ("a b", AES_KEY), (TOKEN, "short"), (TOKEN, AES_KEY[:-1] + "+")],
)
def test_a_mistyped_secret_is_a_setting_to_correct(token: str, aes_key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        CallbackCrypto(token, aes_key, CORP)

    assert "重新复制" in caught.value.reply
    assert aes_key not in str(caught.value)
