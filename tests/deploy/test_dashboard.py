"""Grafana's files are well formed. There is no Grafana here: that it shows them is not tried.

tests/e2e/test_observability.py asks every query of a real Prometheus that watches the product.
"""

import json
from pathlib import Path

import pytest
import yaml

OBSERVABILITY = Path(__file__).resolve().parents[2] / "deploy/observability"
GRAFANA = OBSERVABILITY / "grafana"
BOARD = json.loads((GRAFANA / "dashboards/faultline.json").read_text())
PANELS = BOARD["panels"]
SHOWN = [panel for panel in PANELS if panel["type"] != "row"]
WIDTH = 24

every_panel = pytest.mark.parametrize("panel", SHOWN, ids=lambda panel: panel["title"])


def cells(panel):
    at = panel["gridPos"]
    return {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}


def test_no_two_panels_have_one_id_or_one_title():
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    assert len({panel["title"] for panel in PANELS}) == len(PANELS)


def test_no_two_panels_lie_on_each_other_or_beside_the_page():
    taken = [cell for panel in PANELS for cell in cells(panel)]

    assert len(set(taken)) == len(taken)
    assert all(0 <= x < WIDTH for x, _ in taken)


@every_panel
def test_it_says_what_it_shows_and_in_which_unit(panel):
    assert panel["title"].strip()
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"] not in ("", "none")


@every_panel
def test_all_of_it_asks_the_source_that_was_chosen(panel):
    chosen = {"type": "prometheus", "uid": "${datasource}"}

    assert panel["datasource"] == chosen
    assert [target["datasource"] for target in panel["targets"]] == [chosen] * len(panel["targets"])
    assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"]) > 0
    assert all(target["expr"] and target["legendFormat"] for target in panel["targets"])


def test_the_source_can_be_chosen_and_is_the_one_that_is_provisioned():
    (source,) = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yml").read_text())["datasources"]
    (variable,) = BOARD["templating"]["list"]

    assert (variable["name"], variable["type"], variable["query"]) == ("datasource", "datasource", source["type"])
    assert variable["current"]["value"] == source["uid"]
    assert source["url"] == "http://prometheus:9090"


def test_it_is_provisioned_from_where_compose_mounts_it():
    (provider,) = yaml.safe_load((GRAFANA / "provisioning/dashboards/faultline.yml").read_text())["providers"]
    compose = yaml.safe_load((OBSERVABILITY.parents[1] / "docker-compose.yml").read_text())
    grafana = compose["services"]["grafana"]
    mounted = "/etc/faultline/grafana"

    assert "./deploy/observability:/etc/faultline:ro" in grafana["volumes"]
    assert provider["options"]["path"] == f"{mounted}/dashboards"
    assert grafana["environment"]["GF_PATHS_PROVISIONING"] == f"{mounted}/provisioning"
    home = grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home == f"{mounted}/dashboards/faultline.json"
    assert (GRAFANA / Path(home).relative_to(mounted)).exists()
