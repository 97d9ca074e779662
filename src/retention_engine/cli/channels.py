"""The delivery file: which channel goes by which transport; secrets stand elsewhere."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TextIO

from attrs import field, frozen

from retention_engine import templates
from retention_engine.delivery import Delivery
from retention_engine.engine import Engine
from retention_engine.errors import DefinitionError, nearest, shown
from retention_engine.preferences import Keyring, unsubscribe_links
from retention_engine.texts import check_keys, check_tokens, checked
from retention_engine.transports import (
    ConsoleTransport,
    FileTransport,
    Secret,
    Security,
    Sender,
    Server,
    Signer,
    SmtpTransport,
    TelegramTransport,
    Transport,
    WebhookTransport,
    load_transport,
)

_FILE = ("templates", "renderer", "environment", "transports", "unsubscribe")
_SECRETS = ("token", "password", "secret")
_FROM = ("-env", "-file")


@frozen(kw_only=True)
class Channels:
    """What a delivery file says.

    Attributes:
        transports: by channel.
        unsubscribe: secret and URL of links; None: none are made.
    """

    renderer: templates.Renderer
    environment: str | None = None
    transports: Mapping[str, Transport] = field(factory=dict)
    unsubscribe: Callable[[str, str, str | None], str] | None = None

    def delivery(self, engine: Engine) -> Delivery:
        """Return the delivery of an engine's messages."""
        return Delivery(engine, self.transports, renderer=self.renderer, unsubscribe=self.unsubscribe)

    def close(self) -> None:
        """Close the connections of those transports that keep some."""
        for each in self.transports.values():
            close = getattr(each, "close", None)
            if close is not None:
                close()


def read_channels(path: Path, *, dry_run: bool = False, stream: TextIO | None = None) -> Channels:
    """Read a delivery file; paths in it are relative to its folder.

    Args:
        path: of the file.
        dry_run: print messages instead of sending them: no secret is read, and nothing is made that could send.
        stream: what is printed to; None: standard output.

    Raises:
        DefinitionError: anything wrong; the message says the place. OSError: a file cannot be read.
    """
    text = path.read_text("utf-8")
    check_tokens(text)
    try:
        raw = tomllib.loads(text)
    except ValueError as error:
        raise DefinitionError(f"{shown(str(path))} is no TOML: {error}") from None
    check_keys(raw, _FILE, "the delivery file")
    given = checked(raw.get("transports", {}), dict, "transports", "a table of channels")
    console = ConsoleTransport(stream)
    made = {name: console if dry_run else _transport(name, given[name], path.parent, console) for name in given}
    environment = raw.get("environment")
    return Channels(
        renderer=_renderer(raw, path.parent),
        environment=None if environment is None else checked(environment, str, "environment", "a text"),
        transports=made,
        unsubscribe=None if dry_run or "unsubscribe" not in raw else _unsubscribe(raw["unsubscribe"], path.parent),
    )


def _renderer(raw: Mapping[str, Any], folder: Path) -> templates.Renderer:
    place = folder / checked(raw.get("templates", "templates"), str, "templates", "a folder")
    kind = raw.get("renderer", "plain")
    if kind == "jinja":
        return templates.JinjaRenderer(place)  # loaded, as it needs an extra, by this line alone
    if kind != "plain":
        raise DefinitionError(f"renderer: 'plain' or 'jinja', not {shown(kind)}")
    return templates.PlainRenderer(place)


def _unsubscribe(raw: Any, folder: Path) -> Callable[[str, str, str | None], str]:
    options = _options(checked(raw, dict, "unsubscribe", "a table"), "unsubscribe", folder)
    check_keys(options, ("url", "secret", "key"), "unsubscribe")
    key, secret = options.get("key", "k1"), _needed(options, "secret", "unsubscribe")
    return unsubscribe_links(Keyring({key: secret.encode()}, current=key), _needed(options, "url", "unsubscribe"))


def _transport(channel: str, raw: Any, folder: Path, console: Transport) -> Transport:
    place = f"transports.{channel}"
    options = _options(checked(raw, dict, place, "a table"), place, folder)
    kind = checked(options.pop("type", channel), str, f"{place}.type", "a text")
    if kind == "console":
        check_keys(options, (), place)
        return console
    if kind in _MADE:
        keys, make = _MADE[kind]
        check_keys(options, keys, place)
        try:
            return make(options, place)
        except (TypeError, ValueError) as error:  # what a transport says of its options
            raise DefinitionError(f"{place}: {error}") from None
    try:
        make_other = load_transport(kind)
    except DefinitionError as error:
        raise DefinitionError(f"{place}.type: {error}{nearest(kind, ['console', *_MADE])}") from None
    made: Transport = make_other(**{name.replace("-", "_"): value for name, value in options.items()})
    return made


def _options(raw: Mapping[str, Any], place: str, folder: Path) -> dict[str, Any]:
    """Return a table with its secrets, which are read from where it says.

    Raises:
        DefinitionError: a secret stands in the file itself, or is not where it should be.
    """
    options: dict[str, Any] = {}
    for name, value in raw.items():
        stem, source = next(((name.removesuffix(end), end) for end in _FROM if name.endswith(end)), (name, ""))
        if stem in _SECRETS and not source:
            raise DefinitionError(f"{place}.{name}: no secret stands in this file: give {name}-env or {name}-file")
        options[stem] = _read(checked(value, str, f"{place}.{name}", "a name"), source, folder) if source else value
        if options[stem] is None:
            raise DefinitionError(f"{place}.{name}: the environment has no variable {shown(value)}")
    return options


def _read(name: str, source: str, folder: Path) -> str | None:
    return os.environ.get(name) if source == "-env" else (folder / name).read_text("utf-8").strip()


def _needed(options: Mapping[str, Any], name: str, place: str) -> str:
    if name not in options:
        given = f"{name}-env or {name}-file" if name in _SECRETS else name
        raise DefinitionError(f"{place}: {given} is missing")
    return checked(options[name], str, f"{place}.{name}", "a text")


def _file(options: dict[str, Any], place: str) -> Transport:
    return FileTransport(_needed(options, "path", place))


def _telegram(options: dict[str, Any], place: str) -> Transport:
    token = _needed(options, "token", place)
    return TelegramTransport(token, **({"base_url": options["url"]} if "url" in options else {}))


def _email(options: dict[str, Any], place: str) -> Transport:
    password = options.get("password")
    server = Server(
        host=_needed(options, "server", place),
        port=options.get("port", 587),
        security=Security(options.get("security", "starttls")),
        user=options.get("user"),
        password=None if password is None else Secret(password),
    )
    names = {name: options[name.replace("_", "-")] for name in ("name", "list_id", "bounces") if name in options}
    return SmtpTransport(server, Sender(_needed(options, "sender", place), **names))


def _webhook(options: dict[str, Any], place: str) -> Transport:
    return WebhookTransport(Signer(_needed(options, "secret", place)), networks=options.get("networks", ()))


_MADE: dict[str, tuple[tuple[str, ...], Callable[[dict[str, Any], str], Transport]]] = {
    "file": (("path",), _file),
    "telegram": (("token", "url"), _telegram),
    "email": (
        ("server", "port", "security", "user", "password", "sender", "name", "list-id", "bounces"),
        _email,
    ),
    "webhook": (("secret", "networks"), _webhook),
}
