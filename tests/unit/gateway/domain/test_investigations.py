"""In which cluster an incident is looked for, and what its timeline is told once."""

from datetime import UTC, datetime

import pytest

from services.gateway.domain.investigations import choose_place, news, remember
from services.gateway.domain.records import KeptInvestigation
from shared.contracts.investigation import Trigger
from tests.support.investigations import an_investigation

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("known", "named", "chosen"),
    [
        (("prod",), (), ("prod", None)),
        (("prod", "staging"), (), None),
        ((), (), None),
        (("prod", "staging"), ("staging",), ("staging", "staging")),
        (("Prod",), ("prod",), ("Prod", "prod")),
        (("admin@prod", "admin@staging"), ("prod",), ("admin@prod", "prod")),
        (("arn:aws:eks:eu-1:123:cluster/prod",), ("prod",), ("arn:aws:eks:eu-1:123:cluster/prod", "prod")),
        (("gke_shop_eu-1_prod", "staging"), ("prod",), ("gke_shop_eu-1_prod", "prod")),
        # Two end alike: a guess would look at the wrong one half of the time.
        (("a@prod", "b@prod"), ("prod",), None),
        (("a@prod", "prod"), ("prod",), ("prod", "prod")),
        # It names another cluster, so the only one there is is not it.
        (("prod",), ("moon",), None),
        (("prod",), ("moon", "prod"), ("prod", "prod")),
        (("reproduction",), ("prod",), None),
    ],
)
def test_the_cluster_that_is_meant(known, named, chosen):
    assert choose_place(known, named) == chosen


def test_what_is_found_again_and_again_is_never_forgotten_and_told_anew():
    record = KeptInvestigation(
        id="inv_1",
        incident_id="inc_1",
        trigger=Trigger.MITIGATED,
        context="prod",
        max_entities=200,
        job_id="job_1",
        requested_by="system",
        created_at=NOW,
    )
    found = an_investigation("inc_1", observed_at=NOW)
    drafts, told = news(record, found, ())
    assert len(drafts) == 3
    known = remember((), told)
    for number in range(3):
        known = remember(known, [f"other|{number}|{n}" for n in range(900)])
        again, told = news(record, found, known)
        assert again == []
        known = remember(known, told)
    assert len(known) == 1_000
