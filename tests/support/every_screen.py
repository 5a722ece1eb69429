"""Every screen there is, by name: one list for what must hold on all of them. A new page is a line here."""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.support.furnished import Furnished


@dataclass(frozen=True, slots=True)
class Screen:
    """A screen: ``path`` may name members of ``Furnished``; ``settled`` is what it shows once it is all there."""

    name: str
    path: str
    settled: str = "main"
    signed_in: bool = True

    def address(self, furnished: Furnished) -> str:
        """Return its path in a furnished product."""
        return self.path.format_map(_members(furnished))


SCREENS = (
    Screen("sign-in", "/sign-in", signed_in=False),
    Screen("dashboard", "/"),
    Screen("inbox", "/incidents"),
    Screen("incident-new", "/incidents/new"),
    Screen("incident", "/incidents/{incident}"),
    Screen("incident-graph", "/incidents/{incident}/graph", "[data-module=graph]"),
    Screen("incident-evidence", "/incidents/{incident}/evidence"),
    Screen("incident-actions", "/incidents/{incident}/actions"),
    Screen("incident-signals", "/incidents/{incident}/signals"),
    Screen("incident-jobs", "/incidents/{incident}/jobs"),
    Screen("incident-report", "/incidents/{incident}/report"),
    Screen("actions", "/actions"),
    Screen("quickdx", "/quickdx"),
    Screen("quickdx-result", "/quickdx/{quickdx}"),
    Screen("operations-jobs", "/operations"),
    Screen("operations-job", "/operations/jobs/{failed_job}"),
    Screen("operations-deliveries", "/operations/deliveries"),
    Screen("operations-delivery", "/operations/deliveries/{delivery}"),
    Screen("operations-quarantined", "/operations/deliveries/{quarantined}"),
    Screen("operations-rules", "/operations/rules"),
    Screen("operations-rules-edit", "/operations/rules/edit?from={rules}", "#rule-set"),
    Screen("operations-silences", "/operations/silences"),
    Screen("operations-noise", "/operations/noise"),
    Screen("operations-health", "/operations/health"),
    Screen("operations-tokens", "/operations/tokens"),
    Screen("operations-audit", "/operations/audit"),
    Screen("unknown", "/no-such-page"),
)


def _members(furnished: Furnished) -> dict[str, str]:
    return {name: getattr(furnished, name) for name in furnished.__slots__}


def signed_in_screens() -> Iterator[Screen]:
    """Yield the screens a person sees."""
    return (screen for screen in SCREENS if screen.signed_in)
