from __future__ import annotations

from collections.abc import Iterator

from covlint.diagnostics import Diagnostic, Evidence, Related, Severity, Symptom
from covlint.facts.dockerfile.build import Instrumentation
from covlint.facts.kubernetes.coverage_volume import coverage_mounts, written_fix
from covlint.facts.kubernetes.workload import Container
from covlint.rule import Invalid, Rule, Valid
from covlint.wiring import Certainty, Chain, may_serve_coverage


class UnsetCoverdir(Rule[Chain]):
    """A container runs an instrumented binary without GOCOVERDIR.

    Why: Go prints one warning at the start, `GOCOVERDIR not set, no coverage data emitted`,
    and writes nothing. An empty value counts as unset.

    Instead: set GOCOVERDIR to a directory at which a volume is mounted.

    Left out: environments that are not seen in full (`envFrom`, templates), commands and
    start-up scripts that may set it, programs that hand their counters out themselves
    (`runtime/coverage`), and containers of which it is not certain that they run the
    instrumented image.

    Fix: safe in a manifest that is plainly for e2e; unsafe in any other, or where the
    container's definition is shared.
    """

    code = "COV301"
    name = "unset-coverdir"
    severity = Severity.ERROR
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.NOT_SET
    source = "facts, part A: GOCOVERDIR unset or empty (Go 1.21 to 1.27)"

    def check(self, chain: Chain) -> Iterator[Diagnostic]:
        container = chain.container
        if container is None or not chain.takes_part or chain.coverdir is not None:
            return
        if chain.instrumentation is not Instrumentation.YES or container.env_opaque:
            return
        if may_serve_coverage(chain):
            return
        if not self.runs_this_image(chain) or self.may_be_set(chain, container):
            return
        variable = container.variable("GOCOVERDIR")
        if variable is not None and variable.value is None:
            return
        paths = {mount.path.text for mount in coverage_mounts(container)}
        path = paths.pop() if len(paths) == 1 else "/coverdata"
        if variable is None:
            span, edits = container.span, container.add_variable("GOCOVERDIR", path)
        else:
            value = variable.value.span if variable.value is not None else variable.span
            span = value if value.start < value.end else variable.span
            edits = variable.set_value(path)
        shared = container.shared or (variable is not None and variable.shared)
        yield self.diagnostic(
            span,
            f"this container runs an instrumented binary, but GOCOVERDIR is "
            f"{'empty' if variable is not None else 'not set'}: Go warns once and writes no data",
            related=tuple(Related(build.span, "instrumented here") for build in chain.builds[:1]),
            fix=written_fix(
                f"Set GOCOVERDIR to {path}", [edits], safe=chain.plainly_e2e and not shared
            ),
        )

    def runs_this_image(self, chain: Chain) -> bool:
        """By the very tag that is built; a tag that no command builds may be another image."""
        if chain.image_certainty is Certainty.EXACT:
            return bool(chain.image_builds) or chain.plainly_e2e
        return chain.image_certainty is Certainty.ASSUMED

    def may_be_set(self, chain: Chain, container: Container) -> bool:
        """Whether a command, a script or an ARG may set the variable."""
        words = [*(container.command or ()), *(container.arguments or ())]
        if container.process_opaque or any("GOCOVERDIR" in word.text for word in words):
            return True
        image = chain.image
        if image is None or container.command is not None:
            return False
        if any(name == "GOCOVERDIR" for name, _ in image.environment):
            return container.variable("GOCOVERDIR") is None
        process = image.process
        if process is None:
            return False
        script = process.script is not None
        return script or any("GOCOVERDIR" in word.text for word in process.argv)

    VALID = (
        Valid(
            {
                "Dockerfile": 'FROM golang:1.24\nRUN go build -cover -o /till .\nCMD ["/till"]\n',
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n      env:\n"
                "        - name: GOCOVERDIR\n          value: /coverdata\n",
            }
        ),
        Valid(
            {
                "Dockerfile": "FROM golang:1.24\nRUN go build -cover -o /till .\n"
                'ENV GOCOVERDIR=/tmp\nCMD ["/till"]\n',
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n",
            },
            "the image sets it",
        ),
        Valid(
            {
                "Dockerfile": 'FROM golang:1.24\nRUN go build -cover -o /till .\nCMD ["/till"]\n',
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n      envFrom:\n"
                "        - configMapRef:\n            name: coverage\n",
            },
            "it may come from the ConfigMap",
        ),
        Valid(
            {
                "Dockerfile": 'FROM golang:1.24\nRUN go build -cover -o /till .\nCMD ["/till"]\n',
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n      env:\n"
                "        - name: GOCOVERDIR\n          value: '{{ .Values.coverage.path }}'\n",
            },
            "the value is not seen",
        ),
        Valid(
            {
                "Dockerfile": "FROM golang:1.24\nRUN go build -cover -o /till .\n",
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n"
                "      command: [sh, -c, GOCOVERDIR=/coverdata exec /till]\n",
            },
            "the command sets it",
        ),
        Valid(
            {
                "Dockerfile": "FROM golang:1.24\nCOPY . /src\nWORKDIR /src\n"
                "RUN go build -cover -o /till .\n",
                "go.mod": "module example.com/till\n",
                "main.go": 'package main\n\nimport _ "runtime/coverage"\n\nfunc main() {}\n',
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n",
            },
            "the program hands its counters out itself",
        ),
        Valid(
            {
                "Dockerfile": "FROM golang:1.24\nWORKDIR /src\nCOPY main.go ./\n"
                "RUN wget https://example.com/server.go\n"
                "RUN go build -cover -o /till main.go server.go\n",
                "main.go": "package main\n\nfunc main() {}\n",
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n",
            },
            "a downloaded file of the program may hand them out",
        ),
        Valid(
            {
                "Dockerfile": "FROM golang:1.24\nARG GOFLAGS\nRUN go build -o /till .\n",
                "Makefile": "e2e:\n\tdocker build --build-arg GOFLAGS=-cover -t till:e2e .\n",
                "deploy/production/till.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till:1.0\n",
            },
            "another image than the instrumented one",
        ),
    )
    INVALID = (
        Invalid(
            {
                "Dockerfile": "FROM golang:1.24\nARG GOFLAGS\nWORKDIR /src\nCOPY . .\n"
                'RUN go build -o /till ./cmd/till\nCMD ["/till"]\n',
                "docker-compose.yml": "services:\n  «till»:\n    build:\n      context: .\n"
                "      args:\n        GOFLAGS: -cover\n",
            },
            fixed={
                "docker-compose.yml": "services:\n  till:\n    build:\n      context: .\n"
                "      args:\n        GOFLAGS: -cover\n    environment:\n"
                "      GOCOVERDIR: /coverdata\n",
            },
            message="GOCOVERDIR is not set",
            safe=False,
        ),
        Invalid(
            {
                "Dockerfile": 'FROM golang:1.24\nRUN go build -cover -o /till .\nCMD ["/till"]\n',
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - «name: till»\n      image: till\n",
            },
            fixed={
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n      env:\n"
                "        - name: GOCOVERDIR\n          value: /coverdata\n",
            },
            message="GOCOVERDIR is not set",
            safe=True,
            example=True,
        ),
        Invalid(
            {
                "Dockerfile": "FROM golang:1.24\nARG GOFLAGS\nRUN go build -o /till .\n",
                "Makefile": "e2e:\n\tdocker build --build-arg GOFLAGS=-cover -t till:e2e .\n",
                "deploy/till.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - image: till:e2e\n      «name: till»\n      volumeMounts:\n"
                "        - name: data\n          mountPath: /var/coverage\n"
                "  volumes:\n    - name: data\n      emptyDir: {}\n",
            },
            fixed={
                "deploy/till.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - image: till:e2e\n      name: till\n      volumeMounts:\n"
                "        - name: data\n          mountPath: /var/coverage\n"
                "      env:\n        - name: GOCOVERDIR\n          value: /var/coverage\n"
                "  volumes:\n    - name: data\n      emptyDir: {}\n",
            },
            message="writes no data",
            safe=False,
        ),
        Invalid(
            {
                "Dockerfile": 'FROM golang:1.24\nRUN go build -cover -o /till .\nCMD ["/till"]\n',
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n      env:\n"
                '        - name: GOCOVERDIR\n          value: «""»\n',
            },
            fixed={
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n      env:\n"
                '        - name: GOCOVERDIR\n          value: "/coverdata"\n',
            },
            message="GOCOVERDIR is empty",
        ),
        Invalid(
            {
                "Dockerfile": 'FROM golang:1.24\nRUN go build -cover -o /till .\nCMD ["/till"]\n',
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n      env:\n"
                "        - «name: GOCOVERDIR»\n",
            },
            fixed={
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n      env:\n"
                "        - name: GOCOVERDIR\n          value: /coverdata\n",
            },
        ),
    )
