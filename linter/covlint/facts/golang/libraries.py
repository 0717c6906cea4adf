"""Libraries that subscribe a program to SIGTERM.

Each entry was read in the version that it names (two say that they were not), for
the signals that it takes (SIGTERM is always among them) and for what becomes of the
process then. A library that is neither here nor among the quiet modules may do
anything: unknown.
"""

from __future__ import annotations

from covlint.frozen import dataclass

_RUNS = frozenset({"Run", "Wait", "Done"})


@dataclass(frozen=True, slots=True)
class Library:
    """``calls``: functions that subscribe by being called or handed over; ``makes``:
    those whose value does so in a later call of a method in ``then``, but for programs
    that name one of ``unless``. ``ends``: what becomes of the process."""

    name: str
    read: str  # module and version
    ends: str
    calls: frozenset[str] = frozenset()
    makes: frozenset[str] = frozenset()
    then: frozenset[str] = _RUNS
    unless: frozenset[str] = frozenset()

    @property
    def names(self) -> frozenset[str]:
        return self.calls | self.makes


_CONTEXT = "a context or channel ends, main returns; a second signal calls os.Exit(1)"
_RETURNS = "the call returns, and so does main"

_CONTROLLER_RUNTIME = Library(
    "controller-runtime",
    "sigs.k8s.io/controller-runtime v0.25.2",
    _CONTEXT,
    frozenset({"SetupSignalHandler"}),
)
_DSKIT_SERVER = Library(
    "dskit", "github.com/grafana/dskit de1ec7541c44", _RETURNS, makes=frozenset({"New"})
)
_GO_ZERO = Library(
    "go-zero",
    "github.com/zeromicro/go-zero v1.10.3, core/proc, subscribed when imported",
    "servers stop and main returns; what is alive after 5.5 s is killed by the signal",
    frozenset({"MustNewServer", "NewServer", "NewServiceGroup"}),
)
_GRACEFUL = Library(
    "graceful",
    "gopkg.in/tylerb/graceful.v1 v1.2.15",
    _RETURNS,
    frozenset({"Run", "RunWithErr", "ListenAndServe", "ListenAndServeTLS", "Serve"}),
)
_NATS = Library(
    "nats-server",
    "github.com/nats-io/nats-server/v2 v2.15.2, unless Options.NoSigs",
    "os.Exit(0)",
    frozenset({"Run"}),
    frozenset({"NewServer"}),
    frozenset({"Start"}),
)
_WRANGLER = Library(
    "wrangler",
    "github.com/rancher/wrangler/v3 v3.2.4",
    _CONTEXT,
    frozenset({"SetupSignalHandler", "SetupSignalContext"}),
)

#: By import path.
LIBRARIES: dict[str, Library] = {
    "sigs.k8s.io/controller-runtime": _CONTROLLER_RUNTIME,
    "sigs.k8s.io/controller-runtime/pkg/manager/signals": _CONTROLLER_RUNTIME,
    "k8s.io/apiserver/pkg/server": Library(
        "k8s.io/apiserver",
        "k8s.io/apiserver v0.37.2",
        _CONTEXT,
        frozenset({"SetupSignalHandler", "SetupSignalContext"}),
    ),
    # the function alone is known: the module itself could not be had
    "k8s.io/sample-controller/pkg/signals": Library(
        "sample-controller",
        "as k8s.io/apiserver",
        _CONTEXT,
        frozenset({"SetupSignalHandler"}),
    ),
    "github.com/openshift/library-go/pkg/controller/controllercmd": Library(
        "library-go",
        "github.com/openshift/library-go 85336565c3c7",
        _CONTEXT,
        frozenset({"NewControllerCommandConfig"}),
    ),
    "github.com/rancher/wrangler/v3/pkg/signals": _WRANGLER,
    "knative.dev/pkg/signals": Library(
        "knative",
        "knative.dev/pkg 74c4be5e935e",
        _CONTEXT,
        frozenset({"NewContext", "SetupSignalHandler"}),
    ),
    # MainNamed and MainWithContext are given a context.
    "knative.dev/pkg/injection/sharedmain": Library(
        "knative", "knative.dev/pkg 74c4be5e935e", _CONTEXT, frozenset({"Main"})
    ),
    # Done only gives a channel, which programs wait on.
    "go.uber.org/fx": Library("fx", "go.uber.org/fx v1.24.0", _RETURNS, makes=frozenset({"New"})),
    "github.com/go-kratos/kratos/v2": Library(
        "kratos",
        "github.com/go-kratos/kratos/v2 v2.8.3",
        _RETURNS,
        makes=frozenset({"New"}),
        unless=frozenset({"Signal"}),
    ),
    "github.com/zeromicro/go-zero/core/service": _GO_ZERO,
    "github.com/zeromicro/go-zero/rest": _GO_ZERO,
    "github.com/zeromicro/go-zero/zrpc": _GO_ZERO,
    "go.temporal.io/sdk/worker": Library(
        "temporal", "go.temporal.io/sdk v1.50.0", _RETURNS, frozenset({"InterruptCh"})
    ),
    # Start of the same types subscribes to nothing.
    "github.com/hibiken/asynq": Library(
        "asynq",
        "github.com/hibiken/asynq v0.26.0",
        _RETURNS,
        makes=frozenset({"NewServer", "NewScheduler", "NewPeriodicTaskManager"}),
        then=frozenset({"Run"}),
    ),
    "github.com/ThreeDotsLabs/watermill/message/router/plugin": Library(
        "watermill",
        "github.com/ThreeDotsLabs/watermill v1.5.1",
        "the router closes, its Run returns, and so does main",
        frozenset({"SignalsHandler"}),
    ),
    "github.com/kardianos/service": Library(
        "kardianos/service",
        "github.com/kardianos/service v1.3.0",
        _RETURNS,
        makes=frozenset({"New"}),
        then=frozenset({"Run"}),
    ),
    # Run of the same type subscribes to nothing.
    "github.com/cloudwego/hertz/pkg/app/server": Library(
        "hertz",
        "github.com/cloudwego/hertz v0.10.4",
        _RETURNS,
        makes=frozenset({"Default", "New"}),
        then=frozenset({"Spin"}),
        unless=frozenset({"SetCustomSignalWaiter"}),
    ),
    # echo up to v4 subscribes to nothing; StartConfig is given a context.
    "github.com/labstack/echo/v5": Library(
        "echo",
        "github.com/labstack/echo/v5 v5.4.4",
        _RETURNS,
        makes=frozenset({"New"}),
        then=frozenset({"Start"}),
    ),
    "github.com/kataras/iris/v12": Library(
        "iris",
        "github.com/kataras/iris/v12 v12.2.11",
        _RETURNS,
        makes=frozenset({"New", "Default"}),
        then=frozenset({"Listen", "Run"}),
        unless=frozenset({"WithoutInterruptHandler"}),
    ),
    "github.com/ory/graceful": Library(
        "graceful", "github.com/ory/graceful v0.1.3", _RETURNS, frozenset({"Graceful"})
    ),
    "github.com/tylerb/graceful": _GRACEFUL,  # the repository that gopkg.in serves
    "gopkg.in/tylerb/graceful.v1": _GRACEFUL,
    "github.com/fvbock/endless": Library(
        "endless",
        "github.com/fvbock/endless 017eb322782b",
        _RETURNS,
        frozenset({"ListenAndServe", "ListenAndServeTLS", "NewServer"}),
    ),
    # by its documentation: the module itself could not be had
    "github.com/facebookgo/grace/gracehttp": Library(
        "grace", "documentation", _RETURNS, frozenset({"Serve"})
    ),
    "github.com/grafana/dskit/server": _DSKIT_SERVER,
    "github.com/weaveworks/common/server": _DSKIT_SERVER,
    "github.com/grafana/dskit/signals": Library(
        "dskit",
        "github.com/grafana/dskit de1ec7541c44",
        _RETURNS,
        makes=frozenset({"NewHandler"}),
        then=frozenset({"Loop"}),
    ),
    "go.opentelemetry.io/collector/otelcol": Library(
        "otelcol",
        "go.opentelemetry.io/collector/otelcol v0.164.0, unless DisableGracefulShutdown",
        _RETURNS,
        frozenset({"NewCommand"}),
        frozenset({"NewCollector"}),
    ),
    "github.com/caddyserver/caddy/v2": Library(
        "caddy", "github.com/caddyserver/caddy/v2 v2.11.9", "os.Exit", frozenset({"TrapSignals"})
    ),
    "github.com/caddyserver/caddy/v2/cmd": Library(
        "caddy", "github.com/caddyserver/caddy/v2 v2.11.9", "os.Exit", frozenset({"Main"})
    ),
    "github.com/nats-io/nats-server/v2/server": _NATS,
}
