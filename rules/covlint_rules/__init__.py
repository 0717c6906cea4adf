"""The built-in rules of covlint: one file per rule, named after the pattern it finds."""

from __future__ import annotations

from covlint.registry import Entry

#: Sorted by code. The last two words are the kind of fact that the rule judges and
#: the part of it that has to be there; until then the rule's module is not imported.
RULES = tuple(
    Entry(code, f"covlint_rules.{module}", rule, subject, needs)
    for code, module, rule, subject, needs in (
        ("COV101", "build.uninstrumented_build", "UninstrumentedBuild", "Chain", ""),
        ("COV102", "build.go_too_old", "GoTooOld", "GoBuild", ""),
        ("COV103", "build.undeclared_goflags", "UndeclaredGoflags", "Chain", ""),
        ("COV104", "build.overridden_goflags", "OverriddenGoflags", "GoBuild", ""),
        ("COV105", "build.coverpkg_without_main", "CoverpkgWithoutMain", "GoBuild", ""),
        ("COV106", "build.malformed_goflags", "MalformedGoflags", "GoBuild", ""),
        ("COV107", "build.forced_rebuild", "ForcedRebuild", "GoBuild", ""),
        ("COV108", "build.install_suffix", "InstallSuffix", "GoBuild", ""),
        ("COV109", "build.static_extldflags", "StaticExtldflags", "GoBuild", ""),
        ("COV110", "build.file_argument_build", "FileArgumentBuild", "GoBuild", ""),
        ("COV111", "build.remote_install", "RemoteInstall", "Chain", ""),
        ("COV112", "build.non_atomic_snapshot", "NonAtomicSnapshot", "Chain", "main"),
        ("COV113", "build.mixed_covermodes", "MixedCovermodes", "SharedDirectory", ""),
        ("COV114", "build.test_binary", "TestBinary", "Chain", "image"),
        ("COV115", "build.narrowed_coverpkg", "NarrowedCoverpkg", "GoBuild", ""),
        ("COV116", "build.disabled_redesign", "DisabledRedesign", "GoBuild", "experiment"),
        ("COV117", "build.unused_build_arg", "UnusedBuildArg", "Chain", "image"),
        ("COV201", "image.unwritable_coverdir", "UnwritableCoverdir", "Chain", ""),
        ("COV202", "image.missing_coverdir", "MissingCoverdir", "Chain", ""),
        ("COV203", "image.shell_without_exec", "ShellWithoutExec", "Chain", ""),
        ("COV204", "image.deaf_stop_signal", "DeafStopSignal", "Chain", "main"),
        ("COV205", "image.relative_coverdir", "RelativeCoverdir", "Chain", "coverdir"),
        ("COV206", "image.stale_binary", "StaleBinary", "Chain", "image"),
        ("COV207", "image.stray_quotes", "StrayQuotes", "Chain", "coverdir"),
        ("COV301", "workload.unset_coverdir", "UnsetCoverdir", "Chain", "container"),
        ("COV302", "workload.unmounted_coverdir", "UnmountedCoverdir", "Chain", "container"),
        ("COV303", "workload.read_only_coverdir", "ReadOnlyCoverdir", "Chain", "container"),
        ("COV304", "workload.non_root_coverdir", "NonRootCoverdir", "Chain", "container"),
        ("COV305", "workload.ephemeral_coverdir", "EphemeralCoverdir", "Chain", "container"),
        ("COV306", "workload.abrupt_termination", "AbruptTermination", "Chain", "container"),
        ("COV307", "workload.shell_command", "ShellCommand", "Chain", "container"),
        ("COV308", "workload.registry_pull", "RegistryPull", "Chain", "container"),
        ("COV309", "workload.split_coverdir", "SplitCoverdir", "Chain", "container"),
        ("COV310", "workload.forbidden_by_namespace", "ForbiddenByNamespace", "Chain", "namespace"),
        ("COV311", "workload.hostpath_type", "HostpathType", "Chain", "container"),
        ("COV312", "workload.capless_root", "CaplessRoot", "Chain", "container"),
        ("COV401", "cluster.missing_extra_mount", "MissingExtraMount", "Chain", "container"),
        ("COV402", "cluster.read_only_extra_mount", "ReadOnlyExtraMount", "Chain", "container"),
        ("COV403", "cluster.unmounted_worker", "UnmountedWorker", "Chain", "container"),
        ("COV404", "cluster.unexpanded_host_path", "UnexpandedHostPath", "Chain", "container"),
        ("COV405", "cluster.selinux_label", "SelinuxLabel", "Chain", "container"),
        ("COV501", "wiring.mismatched_coverdir", "MismatchedCoverdir", "Chain", "container"),
        ("COV502", "wiring.mismatched_node_path", "MismatchedNodePath", "Chain", "container"),
        ("COV601", "shutdown.unhandled_sigterm", "UnhandledSigterm", "Chain", "main"),
        ("COV602", "shutdown.interrupt_only", "InterruptOnly", "Chain", "main"),
        ("COV603", "shutdown.forced_kill", "ForcedKill", "Chain", ""),
        ("COV604", "shutdown.wiped_while_running", "WipedWhileRunning", "Chain", ""),
        ("COV606", "shutdown.early_collection", "EarlyCollection", "Chain", "main"),
        ("COV701", "collection.repeated_input_flag", "RepeatedInputFlag", "Collection", ""),
        ("COV702", "collection.nested_input", "NestedInput", "Collection", ""),
        ("COV703", "collection.concatenated_profiles", "ConcatenatedProfiles", "Collection", ""),
        ("COV704", "collection.stale_data", "StaleData", "Collection", ""),
        ("COV705", "collection.missing_covdata_cache", "MissingCovdataCache", "Collection", ""),
        ("COV706", "collection.exit_code_trust", "ExitCodeTrust", "Collection", ""),
        ("COV707", "collection.mixed_toolchains", "MixedToolchains", "SharedDirectory", ""),
    )
)
