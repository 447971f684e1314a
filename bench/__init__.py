"""Reproducible benchmarks, each with its floor; `python -m bench --help`, method in README.md."""
