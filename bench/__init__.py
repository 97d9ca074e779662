"""Benchmarks: ratios of one run, printed as one table. See README.md."""
