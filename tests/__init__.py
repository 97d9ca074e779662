"""The tests; helpers are imported as ``tests.house._house`` and the like."""
