"""Callback encryption of both platforms: wechatpy's cipher behind our own checks.

Source:
    WeCom, 加解密方案说明 (path/90968), and DingTalk, 配置事件推送 (the same construction):
    AES-256-CBC, IV = first 16 key bytes, plain frame = random(16) + uint32 length + message +
    receive_id, PKCS#7 to a multiple of 32.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
import struct
from dataclasses import dataclass
from typing import Protocol

from bot.errors import BadSignature, ConfigError

WINDOW_S = 300
"""How far a callback's timestamp may be from our clock; WeCom names no figure."""

_BLOCK_BYTES = 32
_HEAD_BYTES = 20
_AES_KEY = re.compile(r"[A-Za-z0-9]{43}")
_TOKEN = re.compile(r"[A-Za-z0-9]{1,32}")
_TIMESTAMP = re.compile(r"[0-9]{1,12}")


class _Cipher(Protocol):
    def encrypt(self, plaintext: bytes) -> bytes: ...
    def decrypt(self, ciphertext: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """An encrypted answer and what goes beside it."""

    ciphertext: str
    signature: str
    timestamp: str
    nonce: str


class CallbackCrypto:
    """Opens what the platform sends and seals what we answer.

    Every fault of a callback, whatever it is, becomes the same :class:`BadSignature`.

    Args:
        token: The callback's Token from the console, 1 to 32 letters and digits.
        aes_key: The EncodingAESKey from the console, 43 letters and digits.
        receive_id: The CorpID for a self-built app, the empty string for the AI bot; the
            Client ID for DingTalk's events.
        platform: What people call it.
    """

    def __init__(
        self, token: str, aes_key: str, receive_id: str, *, platform: str = "企业微信"
    ) -> None:
        if not _TOKEN.fullmatch(token):
            raise ConfigError(
                "the callback token is not 1-32 letters and digits",
                reply=f"{platform}的 Token 应为 1 到 32 位字母和数字，请从管理后台重新复制。",
            )
        self._token = token
        self._receive_id = receive_id.encode()
        self._cipher = _cipher(_decode_key(aes_key, platform))

    def signature(self, timestamp: str, nonce: str, ciphertext: str) -> str:
        joined = "".join(sorted((self._token, timestamp, nonce, ciphertext)))
        return hashlib.sha1(joined.encode(), usedforsecurity=False).hexdigest()

    def open(self, signature: str, timestamp: str, nonce: str, ciphertext: str) -> bytes:
        """Check the signature, then decrypt; the age of ``timestamp`` is :func:`check_age`'s."""
        try:
            expected = self.signature(timestamp, nonce, ciphertext).encode()
            given = signature.encode()
        except UnicodeEncodeError as error:
            raise BadSignature("callback parameters are not UTF-8") from error
        if not hmac.compare_digest(expected, given):
            raise BadSignature("callback signature differs")
        return self.decrypt(ciphertext)

    def decrypt(self, ciphertext: str) -> bytes:
        """Decrypt what was already found to be signed."""
        try:
            raw = base64.b64decode(ciphertext, validate=True)
        except (binascii.Error, ValueError) as error:
            raise BadSignature("callback ciphertext is not base64") from error
        frame = _unpad(_decrypt(self._cipher, raw))
        if len(frame) < _HEAD_BYTES:
            raise BadSignature("callback frame is too short")
        (length,) = struct.unpack_from(">I", frame, _HEAD_BYTES - 4)
        end = _HEAD_BYTES + length
        if end > len(frame):
            raise BadSignature("callback length field leaves the frame")
        if not hmac.compare_digest(frame[end:], self._receive_id):
            raise BadSignature("callback is meant for another receiver")
        return frame[_HEAD_BYTES:end]

    def seal(self, message: bytes, timestamp: str, nonce: str) -> Sealed:
        """Encrypt and sign an answer."""
        length = struct.pack(">I", len(message))
        frame = _pad(secrets.token_bytes(16) + length + message + self._receive_id)
        ciphertext = base64.b64encode(self._cipher.encrypt(frame)).decode()
        return Sealed(
            ciphertext=ciphertext,
            signature=self.signature(timestamp, nonce, ciphertext),
            timestamp=timestamp,
            nonce=nonce,
        )


def check_age(timestamp: str, now_s: float) -> None:
    """Refuse a callback whose timestamp is no number or too far from ``now_s`` (Unix seconds)."""
    if not _TIMESTAMP.fullmatch(timestamp):
        raise BadSignature("callback timestamp is not a number")
    if abs(now_s - int(timestamp)) > WINDOW_S:
        raise BadSignature(f"callback timestamp is {now_s - int(timestamp):.0f} s old")


def decrypt_media(key: bytes, body: bytes) -> bytes:
    """Decrypt a downloaded AI-bot file: the same cipher and padding without the frame."""
    return _unpad(_decrypt(_cipher(key), body))


def _decode_key(aes_key: str, platform: str) -> bytes:
    """The 43rd character may carry spare bits, so that the decoder must not be strict."""
    if not _AES_KEY.fullmatch(aes_key):
        raise ConfigError(
            "the callback AES key is not 43 letters and digits",
            reply=f"{platform}的 EncodingAESKey应为 43 位字母和数字，请从管理后台重新复制。",
        )
    return base64.b64decode(aes_key + "=")


def _cipher(key: bytes) -> _Cipher:
    from wechatpy.crypto.cryptography import WeChatCipher

    cipher: _Cipher = WeChatCipher(key)
    return cipher


def _decrypt(cipher: _Cipher, raw: bytes) -> bytes:
    if not raw or len(raw) % 16:
        raise BadSignature("ciphertext is not whole blocks")
    return cipher.decrypt(raw)


def _pad(frame: bytes) -> bytes:
    from wechatpy.crypto.pkcs7 import PKCS7Encoder

    padded: bytes = PKCS7Encoder.encode(frame)
    return padded


def _unpad(padded: bytes) -> bytes:
    """Remove PKCS#7 of block 32; wechatpy's own takes any last byte for a padding."""
    count = padded[-1]
    if not 1 <= count <= min(_BLOCK_BYTES, len(padded)):
        raise BadSignature("padding is out of range")
    if padded[-count:] != bytes([count]) * count:
        raise BadSignature("padding is broken")
    return padded[:-count]
