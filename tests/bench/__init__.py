"""Benchmarks, run by ``make bench…``: they print figures and say which goals were met."""
