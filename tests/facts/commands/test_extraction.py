"""What command lines of scripts and Makefiles do with images, clusters and data."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covlint.documents.makereader import read_makefile
from covlint.facts.commands.extraction import (
    ImageBuild,
    Step,
    StepKind,
    is_makefile,
    is_script,
    may_matter,
    read_script_steps,
)
from covlint.facts.commands.makefiles import read_makefile_steps
from covlint.facts.commands.steps import ScriptFact
from covlint.source import SourceFile


def script(text: str, path: str = "run.sh") -> list[ScriptFact]:
    return list(read_script_steps(SourceFile.of_text(path, text)))


def makefile(text: str, path: str = "Makefile") -> list[ScriptFact]:
    return list(read_makefile_steps(read_makefile(SourceFile.of_text(path, text))))


def image(facts: list[ScriptFact]) -> ImageBuild:
    (found,) = (fact for fact in facts if isinstance(fact, ImageBuild))
    return found


def step(text: str) -> Step:
    (found,) = (fact for fact in script(text) if isinstance(fact, Step))
    return found


def test_image_build_of_a_script() -> None:
    text = (
        "#!/bin/sh\nTAG=dev\nexport FLAGS='-cover -x'\n"
        'docker build --build-arg GOFLAGS="$FLAGS" --build-arg=SHA=$SHA --build-arg HTTP_PROXY \\\n'
        "  -t app:$TAG --tag=app:two --target e2e -f docker/app.Dockerfile . | tee log\n"
    )
    source = SourceFile.of_text("run.sh", text)
    found = image(list(read_script_steps(source)))
    assert (found.dockerfile, found.context, found.target) == ("docker/app.Dockerfile", ".", "e2e")
    assert found.tags == ("app:dev", "app:two")
    assert [(one.name, one.value) for one in found.arguments] == [
        ("GOFLAGS", "-cover -x"),
        ("SHA", None),
        ("HTTP_PROXY", None),
    ]
    assert source.slice(found.arguments[0].span) == b'GOFLAGS="$FLAGS"'
    assert source.slice(found.span).startswith(b"docker build")
    assert source.slice(found.span).endswith(b"Dockerfile .")
    assert not found.opaque


@pytest.mark.parametrize(
    "command",
    [
        "docker build -t x .",
        "podman build -tx .",
        "nerdctl image build -t x .",
        "buildah bud -t x .",
        "docker buildx build --platform linux/amd64 --push -t x .",
        "sudo -E DOCKER_BUILDKIT=1 docker --context ci build -t x .",
        "DOCKER_BUILDKIT=1 timeout 60 docker build -t x .",
        '"${CONTAINER_CLI:-docker}" build -t x .',
        "$CONTAINER_TOOL build -t x .",
        "${DOCKER} build -t x .",
        "if docker build -t x .; then :; fi",
        "build() { docker build -t x . || exit 1; }",
    ],
)
def test_image_builds_are_recognised(command: str) -> None:
    assert may_matter(command.encode())
    found = image(script(command + "\n"))
    assert (found.tags, found.dockerfile) == (("x",), "Dockerfile")


def test_unknown_words_make_a_build_opaque() -> None:
    found = image(script('docker build $FLAGS -t "$IMG" "$DIR"\n'))
    assert (found.opaque, found.tags, found.context, found.dockerfile) == (True, (), None, None)
    assert not image(script('docker build -t "$IMG" .\n')).opaque
    assert image(script('docker build "$@" .\n')).opaque


@pytest.mark.parametrize(
    ("before", "dockerfile", "context"),
    [
        ("cd svc &&", "svc/Dockerfile", "svc"),
        ('cd "$(dirname "$0")/.."\n', "Dockerfile", "."),
        ('D="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"\ncd "$D"\n', "ci/Dockerfile", "ci"),
        ("cd $(git rev-parse --show-toplevel)\n", "Dockerfile", "."),
        ('cd "$1"\n', None, None),
        ("(cd svc)\n", "Dockerfile", "."),
        ("cd ../..\n", None, None),
    ],
)
def test_working_directory(before: str, dockerfile: str | None, context: str | None) -> None:
    found = image(script(f"{before} docker build -t x .\n", "ci/build.sh"))
    assert (found.dockerfile, found.context) == (dockerfile, context)


def test_a_variable_with_two_values_is_not_known() -> None:
    text = 'T=a\nif [ -n "$X" ]; then T=b; fi\ndocker build -t $T .\n'
    assert image(script(text)).tags == ()
    assert image(script("T=a\nT=b\ndocker build -t $T .\n")).tags == ("b",)
    assert image(script('T="${T:-a}"\ndocker build -t $T .\n')).tags == ("a",)


def test_makefile_recipes() -> None:
    text = (
        "CONTAINER_TOOL ?= $(shell which podman || echo docker)\nIMG ?= app:e2e\n"
        "docker-build-%: vet\n\t@cd svc && $(CONTAINER_TOOL) build \\\n"
        "\t\t--build-arg GOFLAGS=-cover -t $(IMG) -f cmd/$*/Dockerfile .\n"
        "one:\n\tdocker build -t one $(CURDIR)/one\n"
        "\tfor d in a b; do docker build -t $$d $$d; done\n"
    )
    source = SourceFile.of_text("sub/Makefile", text)
    first, second, *looped = read_makefile_steps(read_makefile(source))
    assert isinstance(first, ImageBuild)
    assert (first.recipe, first.tags, first.context) == ("docker-build-%", ("app:e2e",), "sub/svc")
    assert first.dockerfile is None
    assert [(one.name, one.value) for one in first.arguments] == [("GOFLAGS", "-cover")]
    assert source.slice(first.arguments[0].span) == b"GOFLAGS=-cover"
    assert source.slice(first.span).startswith(b"$(CONTAINER_TOOL) build")
    assert isinstance(second, ImageBuild)
    assert (second.dockerfile, second.recipe) == ("sub/one/Dockerfile", "one")
    assert [(one.tags, one.context) for one in looped if isinstance(one, ImageBuild)] == [
        (("a",), "sub/a"),
        (("b",), "sub/b"),
    ]


@pytest.mark.parametrize(
    ("command", "kind", "operands", "source", "destination", "through"),
    [
        ("kind load docker-image app:x --name c", StepKind.LOAD, ("app:x",), None, None, "kind"),
        (
            "kind create cluster --name c --config test/kind.yaml",
            StepKind.CREATE_CLUSTER, (), "test/kind.yaml", None, "kind",
        ),
        ("kind delete cluster --name c", StepKind.DELETE_CLUSTER, (), None, None, "kind"),
        (
            "kubectl --context k apply -n x -f ./d.yaml",
            StepKind.APPLY, ("./d.yaml",), "d.yaml", None, "kubectl",
        ),
        (
            "kubectl scale deployment/app --replicas=0",
            StepKind.SCALE, ("deployment/app",), None, None, "kubectl",
        ),
        (
            "kubectl delete pod -n x --force app --grace-period=0",
            StepKind.DELETE, ("pod", "app"), None, None, "kubectl",
        ),
        ("cp -r /a b", StepKind.COPY, ("/a", "b"), "/a", "b", "cp"),
        (
            'docker cp "$C-control-plane:/coverdata/." ./out',
            StepKind.COPY, (None, "./out"), "/coverdata/.", "./out", "docker",
        ),
        (
            "kubectl cp -n x -c app ns/pod:/cov ./out",
            StepKind.COPY, ("ns/pod:/cov", "./out"), "/cov", "./out", "kubectl",
        ),
        (
            "kubectl exec -n x pod -- tar cf - -C /cov . | tar xf -",
            StepKind.COPY, ("cf", "-", "."), "/cov", None, "kubectl",
        ),
        (
            "go tool covdata textfmt -i=cov -o cov.txt",
            StepKind.REPORT, ("textfmt",), "cov", "cov.txt", None,
        ),
        (
            "sudo chmod -R 777 /tmp/cov",
            StepKind.PERMISSION, ("777", "/tmp/cov"), None, "/tmp/cov", None,
        ),
        (
            "docker exec -it kind-worker chown 1001 /cov",
            StepKind.PERMISSION, ("1001", "/cov"), None, "/cov", "docker",
        ),
        (
            "podman exec n sh -c 'cd / && chmod 777 /cov'",
            StepKind.PERMISSION, ("777", "/cov"), None, "/cov", "podman",
        ),
        (
            "docker run -d --rm -p 80:80 --user 0 app:x serve",
            StepKind.RUN_CONTAINER, ("app:x", "serve"), None, None, "docker",
        ),
        ("docker stop -t 5 app", StepKind.STOP, ("app",), None, None, "docker"),
        ("podman stop --time=0 app", StepKind.REMOVE, ("app",), None, None, "podman"),
        ("docker kill app", StepKind.KILL, ("app",), None, None, "docker"),
        ("docker kill -s KILL app", StepKind.KILL, ("app",), None, None, "docker"),
        ("docker kill --signal=TERM app", StepKind.STOP, ("app",), None, None, "docker"),
        ("docker rm -vf app", StepKind.REMOVE, ("app",), None, None, "docker"),
        ("docker compose -f c.yaml down", StepKind.STOP, (), "compose", None, "docker"),
        ("docker-compose kill app", StepKind.KILL, ("app",), "compose", None, "docker"),
        (
            "kubectl rollout restart deploy/app",
            StepKind.RESTART, ("deploy/app",), None, None, "kubectl",
        ),
        (
            "kubectl set image deploy/app app=x",
            StepKind.EDIT, ("deploy/app", "app=x"), None, None, "kubectl",
        ),
        ("docker save -o a.tar a:1", StepKind.SAVE, ("a:1",), None, None, "docker"),
        ("docker tag a:1 a:2", StepKind.EDIT, ("a:1", "a:2"), None, None, "docker"),
        ("rm -rf cov/*", StepKind.WIPE, ("cov/*",), None, None, None),
        ("find cov -name 'cov*' -delete", StepKind.WIPE, ("cov",), None, None, None),
        ("docker exec node mkdir -p /cov", StepKind.CREATE, ("/cov",), None, None, "docker"),
        ("sed -i s/a/b/ d.yaml", StepKind.EDIT, ("s/a/b/", "d.yaml"), None, None, None),
    ],
)  # fmt: skip
def test_steps(
    command: str,
    kind: StepKind,
    operands: tuple[str | None, ...],
    source: str | None,
    destination: str | None,
    through: str | None,
) -> None:
    found = step(command + "\n")
    assert (found.kind, found.operands, found.source) == (kind, operands, source)
    assert (found.destination, found.through) == (destination, through)


def test_mounts_and_direction() -> None:
    found = step('docker run -v "$PWD/c:/cov:z" --mount type=bind,source=$X,target=/b -e A=1 app\n')
    assert found.mounts == ("/cov", "/b")
    assert found.operands == ("app",)
    assert step("docker cp ./x c:/y\n").inward
    assert not step("docker cp c:/y ./x\n").inward


@pytest.mark.parametrize(
    "text",
    ["docker rm app", "docker compose up -d", "rm -f cov.txt",
     "kubectl rollout status deploy/app"],
)  # fmt: skip
def test_what_ends_and_changes_nothing(text: str) -> None:
    assert script(text) == []


@pytest.mark.parametrize(
    ("text", "signal", "through"),
    [
        ("docker kill -s USR1 app", "SIGUSR1", "docker"),
        ("kubectl exec -n e2e deploy/app -- kill -USR2 1", "SIGUSR2", "kubectl"),
        ("kubectl exec app -- sh -c 'kill -s SIGUSR1 1'", "SIGUSR1", "kubectl"),
        ('pkill -HUP "$COVERDIR"', "SIGHUP", None),
    ],
)  # fmt: skip
def test_a_signal_after_which_the_program_goes_on(
    text: str, signal: str, through: str | None
) -> None:
    found = step(text + " # covdata\n")
    assert (found.kind, found.source, found.through) == (StepKind.SIGNAL, signal, through)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("curl -sf http://localhost:9095/coverage -o out", "/coverage"),
        ("curl http://$HOST:9095/debug/coverage?reset=1", "/debug/coverage"),
        ("wget -qO- till:8080/covdata", "/covdata"),
        ("curl -X POST http://till.e2e.svc.cluster.local/v1/coverage/counters", "/v1/coverage/counters"),
    ],
)  # fmt: skip
def test_the_service_hands_its_counters_out(text: str, path: str) -> None:
    found = step(text + "\n")
    assert (found.kind, found.source) == (StepKind.FETCH, path)


@pytest.mark.parametrize(
    "text",
    [
        "curl -s https://codecov.example/coverage | bash",
        "curl -fsSL https://code.example/x/coverage_server.go -o coverage_server.go",
        "curl http://localhost:8080/discovery",
        "kubectl exec app -- kill -TERM 1",
    ],
)
def test_what_is_no_pull_and_no_signal(text: str) -> None:
    assert script(text + " # covdata\n") == []


def test_what_is_printed_is_not_done() -> None:
    assert script("echo docker build -t x .\ncat <<EOF\ndocker build -t x .\nEOF\n") == []


@pytest.mark.parametrize(
    ("text", "matters"),
    [
        ("docker build .", True),
        ("$(CONTAINER_TOOL) build .", True),
        ("kind load docker-image x", True),
        ("ls coverdata", True),
        ("kubectl -n x cp a:/b c", True),
        ("kubectl get pods; cp a b", False),
        ("this kind of thing", False),
    ],
)
def test_may_matter(text: str, matters: bool) -> None:
    assert may_matter(text.encode()) is matters


def test_files_are_recognised() -> None:
    assert is_script("a.sh", b"")
    assert is_script("bin/run", b"#!/usr/bin/env bash\n")
    assert not is_script("bin/run", b"#!/usr/bin/env python3\n")
    assert is_makefile("a/Makefile")
    assert is_makefile("x.mk")
    assert not is_makefile("Makefile.go")


WORDS = ["docker", "build", "kind", "load", "kubectl", "exec", "--", "-t", "-f", "=", '"', "'", "$X",
         "$(", ")", "\n", ";", "cp", "sh -c", "-", "run", "-v", ":", "cd", "..", "sudo", "tar"]  # fmt: skip


@given(st.lists(st.sampled_from(WORDS), max_size=15))
def test_any_script_is_read(words: list[str]) -> None:
    text = " ".join(words)
    script(text)
    makefile("all:\n\t" + text)
