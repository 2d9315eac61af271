"""
What a run came to, told in one way per file.

A report is a module with ``write(entries: Iterable[Entry], out: TextIO) -> None``. It reads the
journal and nothing else, one entry at a time: none holds the entries, so that its memory does
not grow with the run. Files that begin with ``_`` are parts that several reports share.
"""
