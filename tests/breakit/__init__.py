"""The break-it bench: a healthy project, broken on purpose in many small ways.

``python -m breakit`` (with ``tests`` on the path; ``make breakit``) prints how much of it
covlint finds and repairs, and how often it raises a false alarm.
"""
