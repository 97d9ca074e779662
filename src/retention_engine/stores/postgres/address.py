"""Where a store is: the URL of a database, and the schema in it."""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

from attrs import field, frozen

from retention_engine.errors import DefinitionError, shown

_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,62}")


@frozen
class Address:
    """What a connection is opened with.

    Attributes:
        url: for the driver, perhaps with a password.
        schema: where the tables are; None: where the database looks first.
        name: for people, without a password.
    """

    url: str = field(repr=False)
    schema: str | None
    name: str

    @classmethod
    def of(cls, url: str) -> Address:
        """Take ``schema=`` out of a URL; all else is the driver's.

        Raises:
            DefinitionError: it is no URL, or the schema has another form than ``shop_1``.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            raise DefinitionError(f"no URL of a database: {shown(url.rpartition('@')[2])}") from None
        given = parts.query.split("&")
        schema = next((one.partition("=")[2] for one in given if one.startswith("schema=")), None)
        if schema is not None and not _SCHEMA.fullmatch(schema):
            raise DefinitionError(f"a schema is named by small letters, digits and _, not {shown(schema)}")
        rest = "&".join(one for one in given if not one.startswith("schema="))
        place = f"{host}:{port}" if port else host
        name = f"postgresql://{place}{parts.path}" + (f" schema {schema}" if schema else "")
        return cls(urlunsplit(parts._replace(query=rest)), schema, name)
