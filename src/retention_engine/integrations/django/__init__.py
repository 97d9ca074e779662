"""Django: what was saved becomes a fact once it is committed; ``manage.py retention_run`` sends.

Put ``retention_engine.integrations.django`` into ``INSTALLED_APPS``, and let ``RETENTION_RUNNER`` name a function
without arguments that makes the runner, such as ``"shop.retention.make_runner"``.
"""

from retention_engine.integrations.django.recording import record_on_commit, record_on_signal, runner

__all__ = ["record_on_commit", "record_on_signal", "runner"]
