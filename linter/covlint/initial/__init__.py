"""What a repository without coverage is given, so that its e2e tests are measured.

Every module proposes one piece; nothing is written and nothing is run here. What
production builds and deploys stays as it is: an empty build argument, files of their
own for the e2e cluster, a toggle of a chart that is off.
"""
