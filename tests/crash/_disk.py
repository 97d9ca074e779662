"""A disk for SQLite that asks before it changes anything, so that a test can kill, tear, refuse or forget a write.

SQLite reaches the operating system through a table of functions. A copy of its usual table is made the default here,
in which writing, cutting, syncing and deleting pass through a function of ours; everything else is as it always is.
It is the library that Python itself uses: nothing is compiled, nothing is replaced but these four.
"""

from __future__ import annotations

import ctypes
import os
import sqlite3
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from attrs import frozen

FULL, IO_WRITE, IO_SYNC, IO_TRUNCATE, IO_DELETE = 13, 778, 1034, 1546, 2570
"""Codes of SQLite: no space, and an error of the device in each kind of change."""

_P, _INT, _LONG = ctypes.c_void_p, ctypes.c_int, ctypes.c_int64
_OPEN = ctypes.CFUNCTYPE(_INT, _P, _P, _P, _INT, _P)
_DELETE = ctypes.CFUNCTYPE(_INT, _P, _P, _INT)
_WRITE = ctypes.CFUNCTYPE(_INT, _P, _P, _INT, _LONG)
_TRUNCATE = ctypes.CFUNCTYPE(_INT, _P, _LONG)
_SYNC = ctypes.CFUNCTYPE(_INT, _P, _INT)
_VFS = """pAppData xOpen xDelete xAccess xFullPathname xDlOpen xDlError xDlSym xDlClose xRandomness xSleep
    xCurrentTime xGetLastError xCurrentTimeInt64 xSetSystemCall xGetSystemCall xNextSystemCall"""
_FILE = """xClose xRead xWrite xTruncate xSync xFileSize xLock xUnlock xCheckReservedLock xFileControl xSectorSize
    xDeviceCharacteristics xShmMap xShmLock xShmBarrier xShmUnmap xFetch xUnfetch"""


class _Vfs(ctypes.Structure):
    _fields_ = (
        ("iVersion", _INT),
        ("szOsFile", _INT),
        ("mxPathname", _INT),
        ("pNext", _P),
        ("zName", ctypes.c_char_p),
        *((name, _P) for name in _VFS.split()),
    )


class _Methods(ctypes.Structure):
    _fields_ = (("iVersion", _INT), *((name, _P) for name in _FILE.split()))


class Hidden(Exception):
    """The SQLite of this interpreter cannot be reached."""


@frozen
class Change:
    """One change of a file.

    Attributes:
        kind: ``write``, ``truncate``, ``sync``, ``delete``; ``append`` of a file that is not SQLite's.
        name: of the file, without its folder.
        place: the offset of a write, the new length of a truncation.
    """

    kind: str
    name: str
    place: int = 0
    data: bytes = b""


Do = Callable[[bytes], int]
"""Make the change; of a write only these bytes. Returns a code of SQLite."""
Handler = Callable[[Change, Do], int]


def _at_once(change: Change, do: Do) -> int:
    return do(change.data)


class Disk:
    """The disk of this process from now on.

    Attributes:
        handler: asked about each change; it makes the change, or not, and returns a code of SQLite.
    """

    def __init__(self) -> None:
        """Become the default of SQLite; nothing is ever synced for real, as only a power cut could tell.

        Raises:
            Hidden: SQLite is hidden inside of this interpreter.
        """
        self.handler: Handler = _at_once
        self._names: dict[int, str] = {}
        self._methods: dict[int, _Methods] = {}
        self._kept: list[Any] = []  # what SQLite holds an address of
        library = _library()
        library.sqlite3_vfs_find.restype = _P
        library.sqlite3_vfs_find.argtypes = (ctypes.c_char_p,)
        library.sqlite3_vfs_register.argtypes = (_P, _INT)
        usual = _Vfs.from_address(library.sqlite3_vfs_find(None))
        own = _copied(_Vfs, ctypes.addressof(usual))
        own.zName, own.pNext = b"asked", None
        own.xOpen = self._address(_OPEN, self._opening(_OPEN(usual.xOpen)))
        own.xDelete = self._address(_DELETE, self._deleting(_DELETE(usual.xDelete)))
        self._kept.append(own)
        if library.sqlite3_vfs_register(ctypes.addressof(own), 1):
            raise Hidden("SQLite took no disk of ours")

    def ask(self, change: Change, do: Do) -> int:
        """Ask the handler; when it fails itself, the process ends, for SQLite could not pass on what it raised."""
        try:
            return self.handler(change, do)
        except BaseException:  # noqa: BLE001 - nothing gets through C
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(70)

    def append(self, path: str, text: str) -> None:
        """Append a line to a file of the test, for good; a change like the others."""

        def do(data: bytes) -> int:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            try:
                os.write(handle, data)
                os.fsync(handle)
            finally:
                os.close(handle)
            return 0

        data = f"{text}\n".encode()
        self.ask(Change("append", Path(path).name, 0, data), do)

    def _address(self, kind: Any, function: Callable[..., int]) -> int:
        made = kind(function)
        self._kept.append(made)
        address = ctypes.cast(made, _P).value
        assert address is not None
        return address

    def _opening(self, usual: Callable[..., int]) -> Callable[..., int]:
        def xopen(vfs: int, name: int | None, file: int, flags: int, out: int) -> int:
            code = usual(vfs, name, file, flags, out)
            slot = _P.from_address(file)  # the first word of an open file: where its functions are
            if code == 0 and slot.value:
                self._names[file] = _name(name)
                slot.value = ctypes.addressof(self._asking(slot.value))
            return code

        return xopen

    def _deleting(self, usual: Callable[..., int]) -> Callable[..., int]:
        def xdelete(vfs: int, name: int, synced: int) -> int:
            return self.ask(Change("delete", _name(name)), lambda _: usual(vfs, name, synced))

        return xdelete

    def _asking(self, address: int) -> _Methods:
        """Return the functions of an open file, with ours in it."""
        if address in self._methods:
            return self._methods[address]
        made = self._methods[address] = _copied(_Methods, address)
        write, truncate = _WRITE(made.xWrite), _TRUNCATE(made.xTruncate)

        def xwrite(file: int, data: int, size: int, place: int) -> int:
            def do(part: bytes) -> int:
                return write(file, data, len(part), place) if part else 0

            return self.ask(Change("write", self._names[file], place, ctypes.string_at(data, size)), do)

        def xtruncate(file: int, size: int) -> int:
            return self.ask(Change("truncate", self._names[file], size), lambda _: truncate(file, size))

        def xsync(file: int, flags: int) -> int:
            return self.ask(Change("sync", self._names[file], flags), lambda _: 0)

        made.xWrite = self._address(_WRITE, xwrite)
        made.xTruncate = self._address(_TRUNCATE, xtruncate)
        made.xSync = self._address(_SYNC, xsync)
        return made


def _library() -> Any:
    """Return the SQLite of this interpreter."""
    place = getattr(sys.modules["_sqlite3"], "__file__", None)
    if sys.platform == "win32" or place is None:
        raise Hidden("the SQLite of this interpreter is a part of it or of another system")
    library = ctypes.CDLL(place)
    try:
        library.sqlite3_vfs_register  # noqa: B018 - looked up here
        library.sqlite3_libversion.restype = ctypes.c_char_p
    except AttributeError as error:
        raise Hidden(f"the SQLite of this interpreter hides its names: {error}") from None
    if library.sqlite3_libversion().decode() != sqlite3.sqlite_version:
        raise Hidden("found another SQLite than Python uses")
    return library


def _copied(kind: Any, address: int) -> Any:
    made = kind()
    ctypes.memmove(ctypes.byref(made), address, ctypes.sizeof(kind))
    return made


def _name(address: int | None) -> str:
    return "" if address is None else Path(ctypes.string_at(address).decode()).name
