"""The built-in rules of covlint: one file per rule, named after the pattern it finds."""

from __future__ import annotations

from covlint.registry import Entry

#: Sorted by code. The last word is the kind of fact that the rule judges; the
#: rule's module is imported when such a fact turns up.
RULES = (
    Entry("COV101", "covlint_rules.build.uninstrumented_build", "UninstrumentedBuild", "Chain"),
    Entry("COV102", "covlint_rules.build.go_too_old", "GoTooOld", "GoBuild"),
    Entry("COV103", "covlint_rules.build.undeclared_goflags", "UndeclaredGoflags", "Chain"),
    Entry("COV104", "covlint_rules.build.overridden_goflags", "OverriddenGoflags", "GoBuild"),
    Entry("COV105", "covlint_rules.build.coverpkg_without_main", "CoverpkgWithoutMain", "GoBuild"),
    Entry("COV106", "covlint_rules.build.malformed_goflags", "MalformedGoflags", "GoBuild"),
    Entry("COV107", "covlint_rules.build.forced_rebuild", "ForcedRebuild", "GoBuild"),
    Entry("COV108", "covlint_rules.build.install_suffix", "InstallSuffix", "GoBuild"),
    Entry("COV109", "covlint_rules.build.static_extldflags", "StaticExtldflags", "GoBuild"),
    Entry("COV110", "covlint_rules.build.file_argument_build", "FileArgumentBuild", "GoBuild"),
)
