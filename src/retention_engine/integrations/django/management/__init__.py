"""What ``manage.py`` can do."""

__all__ = []
