"""The databases behind the ports.  No SQL stands outside this package.

`store.py` is the embedded store: one SQLite file, one writer that groups commits
(`writer.py`), readers of their own.  One module per aggregate turns rows into records.
"""
