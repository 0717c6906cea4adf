"""Which calls subscribe a Go program to signals, and which libraries never do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from covlint.documents.golang import GoCall, GoExpression, GoFile, GoFunction, GoValue
from covlint.source import SourceFile, Span

#: A signal argument whose value is not seen.
UNSEEN = "?"


@dataclass(frozen=True, slots=True)
class SignalHandling:
    """One call that subscribes to signals.

    ``signals`` holds UNSEEN for an argument whose value is not seen.
    """

    span: Span
    signals: tuple[str, ...]  # "SIGTERM", "SIGINT", …; empty: all signals
    argument: Span | None  # the span of the last signal argument, where another can be added

    @property
    def takes_sigterm(self) -> bool | None:
        if not self.signals or "SIGTERM" in self.signals:
            return True
        return None if UNSEEN in self.signals else False


#: Functions that subscribe to the signals they are given, and the index of the first one.
_SUBSCRIBERS = {
    ("os/signal", "Notify"): 1,
    ("os/signal", "NotifyContext"): 1,
    # signal.NotifyContext on its arguments, inside a run.Group actor.
    ("github.com/oklog/run", "SignalHandler"): 1,
}

#: Functions of frameworks that subscribe to SIGTERM themselves, by import path.
#: A name with "()" needs a later call of that method: ``fx.New().Run``.
FRAMEWORKS: dict[str, tuple[str, frozenset[str]]] = {
    # shutdownSignals = {os.Interrupt, syscall.SIGTERM}, pkg/manager/signals.
    "sigs.k8s.io/controller-runtime": ("controller-runtime", frozenset({"SetupSignalHandler"})),
    "sigs.k8s.io/controller-runtime/pkg/manager/signals": (
        "controller-runtime",
        frozenset({"SetupSignalHandler"}),
    ),
    # shutdownSignals as above, pkg/server/signal_posix.go.
    "k8s.io/apiserver/pkg/server": (
        "k8s.io/apiserver",
        frozenset({"SetupSignalHandler", "SetupSignalContext"}),
    ),
    "k8s.io/sample-controller/pkg/signals": (
        "sample-controller",
        frozenset({"SetupSignalHandler"}),
    ),
    # NewContext and SetupSignalHandler notify on Interrupt and SIGTERM; Main uses NewContext.
    "knative.dev/pkg/signals": ("knative", frozenset({"NewContext", "SetupSignalHandler"})),
    "knative.dev/pkg/injection/sharedmain": ("knative", frozenset({"Main", "MainNamed"})),
    # Run waits on Done or Wait, whose receiver notifies on Interrupt, SIGINT and SIGTERM.
    "go.uber.org/fx": ("fx", frozenset({"New()"})),
    # The default of kratos.Signal is SIGTERM, SIGQUIT, SIGINT; Run notifies on it.
    "github.com/go-kratos/kratos/v2": ("kratos", frozenset({"New()"})),
    # Serve ends gracefully on SIGTERM and restarts on SIGUSR2.
    "github.com/facebookgo/grace/gracehttp": ("grace", frozenset({"Serve"})),
}

_FRAMEWORK_METHODS = frozenset({"Run", "Wait", "Done"})

#: Module paths (with everything below them) whose packages subscribe to no signal.
#: A library is in this table only when that is known; all others may do it.
_SILENT = (
    "cel.dev/expr",
    "github.com/BurntSushi/toml",
    "github.com/Masterminds/semver",
    "github.com/Masterminds/sprig",
    "github.com/alecthomas/kingpin",
    "github.com/aws/aws-sdk-go",
    "github.com/aws/aws-sdk-go-v2",
    "github.com/aws/smithy-go",
    "github.com/beorn7/perks",
    "github.com/caarlos0/env",
    "github.com/cenkalti/backoff",
    "github.com/cespare/xxhash",
    "github.com/davecgh/go-spew",
    "github.com/dgrijalva/jwt-go",
    "github.com/evanphx/json-patch",
    "github.com/fsnotify/fsnotify",
    "github.com/gin-contrib/cors",
    "github.com/gin-contrib/gzip",
    "github.com/gin-contrib/logger",
    "github.com/gin-contrib/pprof",
    "github.com/gin-contrib/sessions",
    "github.com/gin-contrib/sse",
    "github.com/gin-contrib/static",
    "github.com/gin-contrib/zap",
    "github.com/gin-gonic/gin",
    "github.com/go-chi",
    "github.com/go-logr",
    "github.com/go-openapi",
    "github.com/go-playground",
    "github.com/go-redis/redis",
    "github.com/go-sql-driver/mysql",
    "github.com/goccy/go-json",
    "github.com/gogo/protobuf",
    "github.com/golang-jwt/jwt",
    "github.com/golang/groupcache",
    "github.com/golang/protobuf",
    "github.com/golang/snappy",
    "github.com/google/cel-go",
    "github.com/google/go-cmp",
    "github.com/google/gofuzz",
    "github.com/google/uuid",
    "github.com/gorilla/context",
    "github.com/gorilla/handlers",
    "github.com/gorilla/mux",
    "github.com/gorilla/schema",
    "github.com/gorilla/securecookie",
    "github.com/gorilla/sessions",
    "github.com/gorilla/websocket",
    "github.com/grpc-ecosystem/go-grpc-middleware",
    "github.com/grpc-ecosystem/go-grpc-prometheus",
    "github.com/grpc-ecosystem/grpc-gateway",
    "github.com/hashicorp/go-cleanhttp",
    "github.com/hashicorp/go-multierror",
    "github.com/hashicorp/go-retryablehttp",
    "github.com/hashicorp/golang-lru",
    "github.com/imdario/mergo",
    "github.com/jackc/pgx",
    "github.com/jmoiron/sqlx",
    "github.com/joho/godotenv",
    "github.com/json-iterator/go",
    "github.com/julienschmidt/httprouter",
    "github.com/justinas/alice",
    "github.com/kelseyhightower/envconfig",
    "github.com/klauspost/compress",
    "github.com/labstack/echo",  # but v5, see below
    "github.com/labstack/gommon",
    "github.com/lib/pq",
    "github.com/mattn/go-colorable",
    "github.com/mattn/go-isatty",
    "github.com/mattn/go-sqlite3",
    "github.com/mitchellh/mapstructure",
    "github.com/pelletier/go-toml",
    "github.com/pkg/errors",
    "github.com/prometheus/client_golang",
    "github.com/prometheus/client_model",
    "github.com/prometheus/common",
    "github.com/prometheus/procfs",
    "github.com/redis/go-redis",
    "github.com/rs/cors",
    "github.com/rs/zerolog",
    "github.com/segmentio/kafka-go",
    "github.com/sirupsen/logrus",
    "github.com/spf13/afero",
    "github.com/spf13/cast",
    "github.com/spf13/cobra",
    "github.com/spf13/pflag",
    "github.com/spf13/viper",
    "github.com/stretchr/testify",
    "github.com/urfave/cli/v2",
    "go.mongodb.org/mongo-driver",
    "go.opentelemetry.io/otel",
    "go.opentelemetry.io/proto/otlp",
    "go.uber.org/atomic",
    "go.uber.org/automaxprocs",
    "go.uber.org/multierr",
    "go.uber.org/zap",
    "golang.org/x/crypto",
    "golang.org/x/net",
    "golang.org/x/oauth2",
    "golang.org/x/sync",
    "golang.org/x/sys/unix",
    "golang.org/x/text",
    "golang.org/x/time",
    "google.golang.org/genproto",
    "google.golang.org/grpc",
    "google.golang.org/protobuf",
    "gopkg.in/inf.v0",
    "gopkg.in/yaml.v2",
    "gopkg.in/yaml.v3",
    "gorm.io/driver",
    "gorm.io/gorm",
    "k8s.io/api",
    "k8s.io/apiextensions-apiserver/pkg/apis",
    "k8s.io/apimachinery",
    "k8s.io/client-go",
    "k8s.io/klog",
    "k8s.io/utils",
    "sigs.k8s.io/controller-runtime",  # but SetupSignalHandler, which is seen when called
    "sigs.k8s.io/json",
    "sigs.k8s.io/structured-merge-diff",
    "sigs.k8s.io/yaml",
)
_SILENT_SET = frozenset(_SILENT)
_MAY = frozenset({"github.com/labstack/echo/v5"})


def never_subscribes(path: str) -> bool:
    """Whether the package belongs to the standard library or to a module of the table."""
    if path == "C" or path == "plugin":
        return False
    if "." not in path.split("/", 1)[0]:
        return True
    parent = path
    while parent:
        if parent in _MAY:
            return False
        if parent in _SILENT_SET:
            return True
        parent = parent.rpartition("/")[0]
    return False


def concerns_signals(imports: frozenset[str], sources: Sequence[SourceFile]) -> bool:
    """Whether a package can subscribe to signals by a call known here."""
    if "os/signal" in imports or "github.com/oklog/run" in imports:
        return True
    names = [
        function.rstrip("()").encode()
        for path in imports.intersection(FRAMEWORKS)
        for function in FRAMEWORKS[path][1]
    ]
    return any(name in source.data for name in names for source in sources)


def framework_of(file: GoFile, package: Sequence[GoFile]) -> tuple[str, GoCall] | None:
    """The framework that handles SIGTERM, and the call that makes it do so."""
    for call in file.calls:
        target = file.resolve(call.callee)
        if target is None or target[0] not in FRAMEWORKS:
            continue
        name, functions = FRAMEWORKS[target[0]]
        if target[1] in functions:
            return name, call
        if target[1] + "()" in functions and not _restricted(target[0], package):
            return name, call
    return None


def _restricted(path: str, package: Sequence[GoFile]) -> bool:
    """Whether the application is never run here, or is given signals of its own."""
    callees = [(one, call.callee) for one in package for call in one.calls]
    if any(one.resolve(callee) == (path, "Signal") for one, callee in callees):
        return True
    return not any(callee.rpartition(".")[2] in _FRAMEWORK_METHODS for _, callee in callees)


def read_handlings(
    file: GoFile, package: Sequence[GoFile]
) -> Iterator[tuple[SignalHandling, GoCall]]:
    """The subscriptions in ``file``; values are looked up in the files of its package."""
    for call in file.calls:
        first = _first_signal(file, call.callee)
        if first is None:
            continue
        names: list[str] = []
        last: Span | None = None
        for argument in call.arguments[first:]:
            for name, span in _signals(file, package, argument, call.function, 0):
                names.append(name)
                last = span
        if len(call.arguments) > first and not names:
            names.append(UNSEEN)
        yield SignalHandling(call.span, tuple(dict.fromkeys(names)), last), call


def _first_signal(file: GoFile, callee: str) -> int | None:
    target = file.resolve(callee)
    if target is not None:
        return _SUBSCRIBERS.get(target)
    for entry in file.imports:
        if entry.alias == "." and (entry.path.text, callee) in _SUBSCRIBERS:
            return _SUBSCRIBERS[entry.path.text, callee]
    return None


def _signals(
    file: GoFile,
    package: Sequence[GoFile],
    expression: GoExpression,
    function: GoFunction | None,
    depth: int,
) -> Iterator[tuple[str, Span | None]]:
    """The signal names an expression stands for, each with the place it is written at."""
    if expression.elements is not None:
        for element in expression.elements:
            yield from _signals(file, package, element, function, depth)
        return
    text = "".join(expression.text.split())
    target = file.resolve(text)
    if target is not None:
        yield _signal_name(*target), expression.span
        return
    found = False
    if depth < 4 and re.fullmatch(r"\w+", text):
        for owner, value in _values(text, file, package, function):
            found = True
            yield from _signals(owner, package, value.expression, value.function, depth + 1)
    if found:
        return
    # append(sigs, syscall.SIGTERM) and the like: what is named in it is among them.
    names = re.findall(r"\bSIG[A-Z0-9]+\b|\bos\.Interrupt\b", expression.text)
    for name in names:
        yield ("SIGINT" if name == "os.Interrupt" else name), None
    if not names or "SIGTERM" not in names:
        yield UNSEEN, None


def _signal_name(path: str, name: str) -> str:
    if path == "os":
        return {"Interrupt": "SIGINT", "Kill": "SIGKILL"}.get(name, UNSEEN)
    if path in ("syscall", "golang.org/x/sys/unix") and name.startswith("SIG"):
        return name
    if path in ("syscall", "golang.org/x/sys/unix") and re.fullmatch(r"Signal\((15|0xf)\)", name):
        return "SIGTERM"
    return UNSEEN


def _values(
    name: str, file: GoFile, package: Sequence[GoFile], function: GoFunction | None
) -> list[tuple[GoFile, GoValue]]:
    """What a name is given: in its function if it is bound there, else at package level."""
    local = [v for v in file.values if v.name == name and function and v.function == function]
    if local:
        return [(file, value) for value in local]
    return [
        (one, value)
        for one in package
        for value in one.values
        if value.name == name and value.function is None
    ]
