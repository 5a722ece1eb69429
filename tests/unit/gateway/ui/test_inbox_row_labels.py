"""The labels a row of the inbox shows: which, in what order, and where each leads."""

import html
import re

from tests.support.gateway import GatewayUnderTest


def row_labels(text: str) -> list[tuple[str, str]]:
    """Return the labels of the only row, each as its address and its words."""
    line = re.search(r'<ul class="labels-line".*?</ul>', text, re.DOTALL)
    assert line
    found = re.findall(r'<a class="chip [a-z]+" href="([^"]+)"[^>]*>(.*?)</a>', line[0])
    return [(html.unescape(address), html.unescape(re.sub("<[^>]+>", "", words))) for address, words in found]


def test_a_row_has_all_labels_the_most_telling_first(gw: GatewayUnderTest):
    labels = {"alertname": "CheckoutSlow", "team": "pay", "service": "cart", "env": "prod", "namespace": "shop"}
    gw.open_incident(services=["cart", "checkout"], labels={**labels, "cluster": "eu-1"})

    said = [words for _, words in row_labels(gw.get("/incidents").text)]

    assert said[:4] == ["cluster eu-1", "namespace shop", "cart", "checkout"]
    assert said[4:] == ["env prod", "team pay", "alertname CheckoutSlow", "service cart"]


def test_a_label_service_that_no_service_says_stands_with_the_others(gw: GatewayUnderTest):
    gw.open_incident(services=["cart"], labels={"service": "mail", "team": "pay"})

    assert [words for _, words in row_labels(gw.get("/incidents").text)] == ["cart", "service mail", "team pay"]


def test_each_label_of_a_row_leads_to_those_that_have_it_too(gw: GatewayUnderTest):
    odd = "a&b:c,d=1"
    gw.open_incident(services=["cart"], labels={"team": odd})
    gw.open_incident(services=["mail"], labels={"team": "other"})
    gw.patch("/api/incidents/INC-1", json={"status": "resolved"})

    (of_service, _), (of_label, _) = row_labels(gw.get("/incidents?open=all&service=cart").text)

    assert of_service == "/incidents?service=cart&open=all"
    assert re.findall(r'<tr id="row-(\d+)"', gw.get(of_label).text) == ["1"]
    assert "open=all" in of_label


def test_a_label_that_is_filtered_by_is_marked_and_stays_so(gw: GatewayUnderTest):
    gw.open_incident(labels={"team": "pay"}, services=[])

    text = gw.get("/incidents?label=team:pay").text

    assert row_labels(text) == [("/incidents?label=team%3Apay", "team pay")]
    assert 'title="team=pay" aria-current="true"' in text
    # It has room in any width: there is nothing more to ask for.
    assert "labels-more" not in text


def test_what_no_filter_can_say_stands_there_and_leads_nowhere(gw: GatewayUnderTest):
    gw.open_incident(services=["a,b"], labels={"k:x": "v"})

    text = gw.get("/incidents").text

    assert row_labels(text) == []
    assert re.findall(r'<span class="chip [a-z]+" title="([^"]+)">', text) == ["service=a,b", "k:x=v"]


def test_the_place_of_the_labels_is_empty_where_there_are_none(gw: GatewayUnderTest):
    gw.open_incident(services=[], labels={})

    # To the style sheet a space is something, and a phone would keep a line for it.
    assert '<td class="col-where"></td>' in gw.get("/incidents").text
