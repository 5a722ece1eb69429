"""In which cluster an incident is looked for."""

import pytest

from services.gateway.domain.investigations import choose_place


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
