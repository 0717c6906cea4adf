"""The built-in rules of covlint: one file per rule, named after the pattern it finds."""

from __future__ import annotations

from covlint.registry import Entry

#: Sorted by code. The last word is the kind of fact that the rule judges; the
#: rule's module is imported when such a fact turns up.
RULES = tuple(
    Entry(code, f"covlint_rules.{module}", rule, subject)
    for code, module, rule, subject in (
        ("COV101", "build.uninstrumented_build", "UninstrumentedBuild", "Chain"),
        ("COV102", "build.go_too_old", "GoTooOld", "GoBuild"),
        ("COV103", "build.undeclared_goflags", "UndeclaredGoflags", "Chain"),
        ("COV104", "build.overridden_goflags", "OverriddenGoflags", "GoBuild"),
        ("COV105", "build.coverpkg_without_main", "CoverpkgWithoutMain", "GoBuild"),
        ("COV106", "build.malformed_goflags", "MalformedGoflags", "GoBuild"),
        ("COV107", "build.forced_rebuild", "ForcedRebuild", "GoBuild"),
        ("COV108", "build.install_suffix", "InstallSuffix", "GoBuild"),
        ("COV109", "build.static_extldflags", "StaticExtldflags", "GoBuild"),
        ("COV110", "build.file_argument_build", "FileArgumentBuild", "GoBuild"),
        ("COV201", "image.unwritable_coverdir", "UnwritableCoverdir", "Chain"),
        ("COV202", "image.missing_coverdir", "MissingCoverdir", "Chain"),
        ("COV203", "image.shell_without_exec", "ShellWithoutExec", "Chain"),
        ("COV301", "workload.unset_coverdir", "UnsetCoverdir", "Chain"),
        ("COV302", "workload.unmounted_coverdir", "UnmountedCoverdir", "Chain"),
        ("COV303", "workload.read_only_coverdir", "ReadOnlyCoverdir", "Chain"),
        ("COV304", "workload.non_root_coverdir", "NonRootCoverdir", "Chain"),
        ("COV306", "workload.abrupt_termination", "AbruptTermination", "Chain"),
        ("COV401", "cluster.missing_extra_mount", "MissingExtraMount", "Chain"),
        ("COV402", "cluster.read_only_extra_mount", "ReadOnlyExtraMount", "Chain"),
        ("COV501", "wiring.mismatched_coverdir", "MismatchedCoverdir", "Chain"),
        ("COV502", "wiring.mismatched_node_path", "MismatchedNodePath", "Chain"),
        ("COV601", "shutdown.unhandled_sigterm", "UnhandledSigterm", "Chain"),
        ("COV602", "shutdown.interrupt_only", "InterruptOnly", "Chain"),
    )
)
