"""``covlint --fix``, the whole command, killed, refused and disturbed while it writes.

``python -m faults`` runs all of it; ``make test`` a few of each.
"""
