"""Inputs nobody wrote: every reader, check and fix on bytes that are made to break them.

``make fuzz`` (``python -m fuzz`` with ``tests`` on the path) runs them guided by coverage
(atheris, libFuzzer); ``test_fuzz.py`` replays what was found, and mutates the seeds a little.
"""
