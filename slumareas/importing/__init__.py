"""Baseline workbooks as they really come: read, checked, explained, written, undone."""
