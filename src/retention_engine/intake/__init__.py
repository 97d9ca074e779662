"""The edge."""

from retention_engine.intake.bridge import AnyFact, attach  # noqa

attach()
