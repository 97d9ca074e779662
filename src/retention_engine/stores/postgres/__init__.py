"""The store in a PostgreSQL database, which several workers share."""

from retention_engine.stores.postgres.store import PostgresStore

__all__ = ["PostgresStore"]
