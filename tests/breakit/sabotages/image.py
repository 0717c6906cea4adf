"""The image: where GOCOVERDIR is, who may write there, and what is PID 1."""

from __future__ import annotations

from breakit.change import Edit, Engine, Sabotage
from covlint.diagnostics import Symptom

TRACKER = "build/tracker.Dockerfile"
SMOKE = "build/smoke.Dockerfile"
ENTRYPOINT = 'ENTRYPOINT ["/usr/local/bin/tracker"]'

IMAGE = (
    Sabotage(
        "the directory of the image stays root's",
        "COV201",
        SMOKE,
        (Edit(SMOKE, "mkdir /coverdata && chown 1001 /coverdata", "mkdir /coverdata"),),
        Engine.IMAGE,
        Symptom.PERMISSION_DENIED,
    ),
    Sabotage(
        "the directory is made by WORKDIR",
        "COV201",
        SMOKE,
        (Edit(SMOKE, "RUN mkdir /coverdata && chown 1001 /coverdata\n", "WORKDIR /coverdata\n"),),
        Engine.IMAGE,
        Symptom.PERMISSION_DENIED,
    ),
    Sabotage(
        "nothing makes the directory",
        "COV202",
        SMOKE,
        (Edit(SMOKE, "RUN mkdir /coverdata && chown 1001 /coverdata\n", ""),),
        Engine.IMAGE,
        Symptom.MISSING_DIRECTORY,
    ),
    Sabotage(
        "another directory is made",
        "COV202",
        SMOKE,
        (
            Edit(SMOKE, "GOCOVERDIR=/coverdata", "GOCOVERDIR=/coverdata/tracker"),
            Edit("scripts/smoke-image.sh", "smoke:/coverdata/.", "smoke:/coverdata/tracker/."),
        ),
        Engine.IMAGE,
        Symptom.MISSING_DIRECTORY,
    ),
    Sabotage(
        "ENTRYPOINT in shell form on Debian",
        "COV203",
        SMOKE,
        (Edit(SMOKE, ENTRYPOINT, "ENTRYPOINT /usr/local/bin/tracker"),),
        Engine.IMAGE,
        Symptom.META_ONLY,
    ),
    Sabotage(
        "sh -c with something before the service",
        "COV203",
        SMOKE,
        (Edit(SMOKE, ENTRYPOINT, 'CMD ["sh", "-c", "echo starting && /usr/local/bin/tracker"]'),),
        Engine.IMAGE,
        Symptom.META_ONLY,
    ),
    Sabotage(
        "an entrypoint script without exec",
        "COV203",
        "build/entrypoint.sh",
        (
            Edit(
                "build/entrypoint.sh",
                "",
                '#!/bin/sh\nset -e\necho "tracker starts"\n/usr/local/bin/tracker "$@"\n',
            ),
            Edit(
                SMOKE,
                ENTRYPOINT,
                'COPY --chmod=755 build/entrypoint.sh /entrypoint.sh\nENTRYPOINT ["/entrypoint.sh"]',
            ),
        ),
        Engine.IMAGE,
        Symptom.META_ONLY,
    ),
    Sabotage(
        "SIGQUIT as the stop signal",
        "COV204",
        SMOKE,
        (Edit(SMOKE, "EXPOSE 8080\n", "EXPOSE 8080\nSTOPSIGNAL SIGQUIT\n"),),
        Engine.IMAGE,
        Symptom.META_ONLY,
    ),
    Sabotage(
        "SIGKILL, by its number",
        "COV204",
        TRACKER,
        (Edit(TRACKER, "EXPOSE 8080\n", "EXPOSE 8080\nSTOPSIGNAL 9\n"),),
        Engine.KIND,
        Symptom.META_ONLY,
    ),
    Sabotage(
        "a relative directory, and another WORKDIR",
        "COV205",
        SMOKE,
        (
            Edit(SMOKE, "ENV GOCOVERDIR=/coverdata\n", "WORKDIR /srv\nENV GOCOVERDIR=coverdata\n"),
            Edit("scripts/smoke-image.sh", "smoke:/coverdata/.", "smoke:/srv/coverdata/."),
        ),
        Engine.IMAGE,
        Symptom.MISSING_DIRECTORY,
    ),
    Sabotage(
        "the plain stage is copied",
        "COV206",
        SMOKE,
        (
            Edit(
                SMOKE,
                "RUN CGO_ENABLED=0 go build -cover -o /out/tracker ./cmd/tracker\n",
                "RUN CGO_ENABLED=0 go build -o /out/tracker ./cmd/tracker\n\n"
                "FROM build AS cover\n"
                "RUN CGO_ENABLED=0 go build -cover -o /out/tracker ./cmd/tracker\n",
            ),
        ),
        Engine.IMAGE,
        Symptom.NOT_INSTRUMENTED,
    ),
    Sabotage(
        "quotes within quotes in the image",
        "COV207",
        SMOKE,
        (Edit(SMOKE, "GOCOVERDIR=/coverdata", "GOCOVERDIR='\"/coverdata\"'"),),
        Engine.IMAGE,
        Symptom.MISSING_DIRECTORY,
    ),
    Sabotage(
        "quotes within quotes in the patch",
        "COV207",
        "test/e2e/deploy/coverage.yaml",
        (
            Edit(
                "test/e2e/deploy/coverage.yaml",
                "value: /coverdata\n",
                "value: '\"/coverdata\"'\n",
            ),
        ),
        Engine.PROCESS,
        Symptom.MISSING_DIRECTORY,
    ),
    Sabotage(
        "two directories with a colon",
        "COV207",
        "test/e2e/deploy/coverage.yaml",
        (
            Edit(
                "test/e2e/deploy/coverage.yaml",
                "value: /var/coverage\n",
                "value: /var/coverage:/tmp\n",
            ),
        ),
        Engine.PROCESS,
        Symptom.NOT_EXTRACTED,
        target="pricer",
        repaired=False,
        hides=("COV113", "COV707"),  # they share no directory any more
    ),
)
