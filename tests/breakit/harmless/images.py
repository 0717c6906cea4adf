"""Other spellings of Dockerfiles, other bases, flags of production."""

from __future__ import annotations

from breakit.change import Edit, Harmless

TRACKER = "build/tracker.Dockerfile"
PRICER = "build/pricer.Dockerfile"
SMOKE = "build/smoke.Dockerfile"
ENTRYPOINT = 'ENTRYPOINT ["/usr/local/bin/tracker"]'
TRACKER_BUILD = (
    'RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}"'
    " -o /out/tracker ./cmd/tracker\n"
)
SMOKE_BUILD = "RUN CGO_ENABLED=0 go build -cover -o /out/tracker ./cmd/tracker\n"
PRICER_BUILD = (
    'RUN if [ "$COVER" = "true" ]; then \\\n'
    "      go build -cover -o /out/pricer ./cmd/pricer; \\\n"
    "    else \\\n"
    '      go build -trimpath -ldflags "-s -w" -o /out/pricer ./cmd/pricer; \\\n'
    "    fi\n"
)

IMAGES = (
    Harmless(
        "a stage has another name",
        (Edit(TRACKER, "AS build", "AS compile"), Edit(TRACKER, "--from=build", "--from=compile")),
    ),
    Harmless(
        "a stage has no name",
        (Edit(TRACKER, " AS build", ""), Edit(TRACKER, "--from=build", "--from=0")),
    ),
    Harmless(
        "comments and empty lines",
        (
            Edit(
                TRACKER, "WORKDIR /src\n", "\n# The source, and nothing but it.\nWORKDIR /src\n\n"
            ),
            Edit(TRACKER, "USER 1001\n", "# not root\nUSER 1001\n"),
        ),
    ),
    Harmless(
        "instructions in lower case",
        (
            Edit(
                TRACKER, "FROM golang:1.24-bookworm AS build", "from golang:1.24-bookworm as build"
            ),
            Edit(TRACKER, 'ARG GOFLAGS=""', 'arg GOFLAGS=""'),
            Edit(TRACKER, "RUN CGO", "run CGO"),
        ),
    ),
    Harmless(
        "Alpine in the place of Debian",
        (
            Edit(TRACKER, "golang:1.24-bookworm", "golang:1.24-alpine"),
            Edit(TRACKER, "debian:bookworm-slim", "alpine:3.20"),
            Edit(
                TRACKER,
                "useradd --uid 1001 --no-create-home parcels",
                "adduser -D -H -u 1001 parcels",
            ),
        ),
    ),
    Harmless(
        "a base with a digest",
        (Edit(TRACKER, "debian:bookworm-slim", "debian:bookworm-slim@sha256:" + "0a" * 32),),
    ),
    Harmless(
        "a base from an ARG",
        (
            Edit(
                TRACKER,
                "FROM golang:1.24-bookworm AS build",
                "ARG GO_VERSION=1.24\nFROM golang:${GO_VERSION}-bookworm AS build",
            ),
        ),
    ),
    Harmless(
        "scratch in the place of distroless",
        (
            Edit(
                PRICER,
                "FROM gcr.io/distroless/static-debian12:nonroot\n",
                "FROM scratch\nUSER 65532:65532\n",
            ),
        ),
    ),
    Harmless(
        "the universal base image of Red Hat",
        (
            Edit(
                TRACKER, "debian:bookworm-slim", "registry.access.redhat.com/ubi9/ubi-minimal:9.4"
            ),
            Edit(TRACKER, "RUN useradd --uid 1001 --no-create-home parcels\n", ""),
        ),
    ),
    Harmless(
        "old flags in the production branch",
        (
            Edit(
                PRICER,
                'go build -trimpath -ldflags "-s -w" -o',
                "go build -a -installsuffix cgo -ldflags '-extldflags \"-static\"' -o",
            ),
        ),
    ),
    Harmless("ARG without a default", (Edit(TRACKER, 'ARG GOFLAGS=""', "ARG GOFLAGS"),)),
    Harmless(
        "ARG at the start of its stage",
        (
            Edit(TRACKER, 'ARG GOFLAGS=""\n', ""),
            Edit(TRACKER, "AS build\n", 'AS build\nARG GOFLAGS=""\n'),
        ),
    ),
    Harmless(
        "ARG above the first FROM as well",
        (Edit(TRACKER, "FROM golang", "ARG GOFLAGS\nFROM golang"),),
    ),
    Harmless(
        "ENV GOFLAGS takes the argument in",
        (Edit(TRACKER, 'ARG GOFLAGS=""\n', 'ARG GOFLAGS=""\nENV GOFLAGS="${GOFLAGS} -mod=mod"\n'),),
    ),
    Harmless(
        "GOFLAGS taken in before the command",
        (
            Edit(
                TRACKER,
                "RUN CGO_ENABLED=0 go",
                'RUN CGO_ENABLED=0 GOFLAGS="$GOFLAGS -buildvcs=false" go',
            ),
        ),
    ),
    Harmless(
        "the build under cache mounts",
        (
            Edit(
                TRACKER,
                "RUN CGO_ENABLED=0",
                "RUN --mount=type=cache,target=/root/.cache/go-build \\\n"
                "    --mount=type=cache,target=/go/pkg/mod \\\n    CGO_ENABLED=0",
            ),
        ),
    ),
    Harmless(
        "the build in several lines",
        (
            Edit(
                TRACKER,
                TRACKER_BUILD,
                "RUN CGO_ENABLED=0 GOOS=linux \\\n    go build \\\n    # smaller\n    -trimpath \\\n"
                '    -ldflags "-s -w \\\n      -X main.version=${VERSION}" \\\n'
                "    -o /out/tracker \\\n    ./cmd/tracker\n",
            ),
        ),
    ),
    Harmless(
        "the build in a heredoc",
        (
            Edit(
                SMOKE,
                SMOKE_BUILD,
                "RUN <<EOF\nset -e\nexport CGO_ENABLED=0\n"
                "go build -cover -o /out/tracker ./cmd/tracker\nEOF\n",
            ),
        ),
    ),
    Harmless(
        "go install of the package",
        (
            Edit(
                SMOKE,
                SMOKE_BUILD,
                "RUN CGO_ENABLED=0 GOBIN=/out go install -cover ./cmd/tracker\n",
            ),
        ),
    ),
    Harmless(
        "go build -C",
        (
            Edit(
                SMOKE,
                SMOKE_BUILD,
                "RUN CGO_ENABLED=0 go build -C cmd/tracker -cover -o /out/tracker .\n",
            ),
        ),
    ),
    Harmless(
        "the package by its import path",
        (
            Edit(
                SMOKE,
                "/out/tracker ./cmd/tracker\n",
                "/out/tracker example.com/parcels/cmd/tracker\n",
            ),
        ),
    ),
    Harmless(
        "all packages, and a mode, for both",
        (
            Edit(PRICER, "go build -cover -o", "go build -covermode=atomic -coverpkg=./... -o"),
            Edit(
                "Makefile",
                "--build-arg GOFLAGS=-cover ",
                '--build-arg GOFLAGS="-cover -covermode=atomic -coverpkg=./..." ',
            ),
        ),
    ),
    Harmless(
        "a case in the place of the if",
        (
            Edit(
                PRICER,
                PRICER_BUILD,
                'RUN case "$COVER" in \\\n'
                "      true) go build -cover -o /out/pricer ./cmd/pricer ;; \\\n"
                "      *) go build -trimpath -o /out/pricer ./cmd/pricer ;; \\\n    esac\n",
            ),
        ),
    ),
    Harmless(
        "the flag by an expansion",
        (
            Edit(PRICER, "ARG COVER=false", "ARG COVER="),
            Edit(
                PRICER,
                PRICER_BUILD,
                "RUN go build ${COVER:+-cover} -trimpath -o /out/pricer ./cmd/pricer\n",
            ),
        ),
    ),
    Harmless(
        "a stage for each kind of build",
        (
            Edit(PRICER, "ARG COVER=false\n", ""),
            Edit(
                PRICER,
                PRICER_BUILD,
                'RUN go build -trimpath -ldflags "-s -w" -o /out/pricer ./cmd/pricer\n\n'
                "FROM build AS cover\nRUN go build -cover -o /out/pricer ./cmd/pricer\n\n"
                "FROM gcr.io/distroless/static-debian12:nonroot AS e2e\n"
                'COPY --from=cover /out/pricer /pricer\nENTRYPOINT ["/pricer"]\n',
            ),
            Edit("Makefile", "--build-arg COVER=true", "--target e2e"),
        ),
    ),
    Harmless(
        "shell form with exec",
        (Edit(SMOKE, ENTRYPOINT, "ENTRYPOINT exec /usr/local/bin/tracker"),),
    ),
    Harmless(
        "sh -c with exec at the end",
        (
            Edit(
                SMOKE,
                ENTRYPOINT,
                'CMD ["sh", "-c", "echo starting && exec /usr/local/bin/tracker"]',
            ),
        ),
    ),
    Harmless(
        "an init that passes signals on",
        (
            Edit(
                SMOKE,
                ENTRYPOINT,
                "RUN apt-get update && apt-get install -y tini\n"
                'ENTRYPOINT ["/usr/bin/tini", "--", "/usr/local/bin/tracker"]',
            ),
        ),
    ),
    Harmless(
        "an entrypoint script with exec",
        (
            Edit(
                "build/entrypoint.sh",
                "",
                '#!/bin/sh\nset -e\necho "tracker starts"\nexec /usr/local/bin/tracker "$@"\n',
            ),
            Edit(
                SMOKE,
                ENTRYPOINT,
                "COPY --chmod=755 build/entrypoint.sh /entrypoint.sh\n"
                'ENTRYPOINT ["/entrypoint.sh"]',
            ),
        ),
    ),
    Harmless(
        "SIGTERM as the stop signal",
        (Edit(TRACKER, "EXPOSE 8080\n", "EXPOSE 8080\nSTOPSIGNAL SIGTERM\n"),),
    ),
    Harmless(
        "another signal that the program handles",
        (Edit(SMOKE, "EXPOSE 8080\n", "EXPOSE 8080\nSTOPSIGNAL SIGINT\n"),),
    ),
    Harmless(
        "the directory by install",
        (
            Edit(
                SMOKE,
                "mkdir /coverdata && chown 1001 /coverdata",
                "install -d -o 1001 -m 0755 /coverdata",
            ),
        ),
    ),
    Harmless(
        "a directory that is open to all",
        (Edit(SMOKE, "mkdir /coverdata && chown 1001 /coverdata", "mkdir -m 0777 /coverdata"),),
    ),
    Harmless(
        "a user by name who owns the directory",
        (
            Edit(
                SMOKE,
                "mkdir /coverdata && chown 1001 /coverdata",
                "mkdir -p /coverdata && chown -R parcels:parcels /coverdata",
            ),
            Edit(SMOKE, "USER 1001", "USER parcels"),
        ),
    ),
    Harmless(
        "a directory of the build stage, copied for its user",
        (
            Edit(SMOKE, "RUN mkdir /coverdata && chown 1001 /coverdata\n", ""),
            Edit(
                SMOKE,
                "COPY --from=build /out/tracker /usr/local/bin/tracker\n",
                "COPY --from=build /out/tracker /usr/local/bin/tracker\n"
                "COPY --from=build --chown=1001:1001 /out/data /coverdata\n",
            ),
            Edit(SMOKE, SMOKE_BUILD, SMOKE_BUILD + "RUN mkdir /out/data\n"),
        ),
    ),
    Harmless(
        "an image of tools beside the services",
        (
            Edit(
                "build/tools.Dockerfile",
                "",
                "FROM golang:1.24\nRUN go install golang.org/x/tools/cmd/stringer@v0.30.0\n"
                "RUN apt-get update && apt-get install -y make\n",
            ),
        ),
    ),
)
