import msgspec
import pytest
from click.testing import CliRunner
from rich.console import Console, Group

from services.cli.commands.dx import _diagnose, _parse, _Place, _print
from services.cli.diagnosis_view import _parts
from services.cli.exit_codes import ExitCode
from services.cli.main import cli
from services.graph.domain.reading.coverage import CoverageState
from services.graph.handlers.diagnose import diagnose_resource
from shared.contracts.diagnosis import DiagnosedResource, Verdict, decode_diagnosis
from tests.support.clock import FixedClock
from tests.support.degraded import DegradedCluster
from tests.support.small_rules import SMALL_RULES
from tests.support.small_shop import a_shop


def _run(*words):
    return CliRunner().invoke(cli, ["dx", *words])


@pytest.mark.parametrize(
    "words",
    [
        ["checkout"],
        ["banana/x"],
        ["deploy/a", "-A"],
        ["-A", "-n", "shop"],
        ["--snapshot", ".", "--context", "prod", "deploy/a"],
        ["--snapshot", "/there/is/no/such/folder"],
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_read(words):
    result = _run(*words)

    assert result.exit_code == ExitCode.USAGE
    assert result.stderr


def test_a_name_without_a_namespace_is_looked_for_everywhere():
    place = _Place(a_shop(), FixedClock(), None)

    diagnosis = _diagnose(place, _parse(("deploy/web",)), None, all_namespaces=False)

    assert diagnosis.resource.namespace == "shop"
    assert diagnosis.verdict is Verdict.HEALTHY


def test_without_a_name_it_is_the_namespace_of_the_context_or_the_whole_snapshot():
    of_context = _diagnose(_Place(a_shop(), FixedClock(), "shop"), None, None, all_namespaces=False)
    of_snapshot = _diagnose(_Place(a_shop(), FixedClock(), None), None, None, all_namespaces=False)

    assert (of_context.resource.kind, of_context.resource.name) == ("Namespace", "shop")
    assert of_snapshot.resource.kind == "Cluster"


def _shop(name, source=None):
    resource = DiagnosedResource(namespace="shop", kind="Deployment", name=name)
    return diagnose_resource(source or a_shop(), resource, clock=FixedClock(), rules=SMALL_RULES)


def _shown(diagnosis, *, verbose):
    console = Console(width=120, highlight=False, color_system=None)
    with console.capture() as captured:
        console.print(Group(*_parts(diagnosis, verbose)))
    return captured.get()


def test_a_terminal_shows_causes_evidence_and_what_would_help():
    text = _shown(_shop("checkout"), verbose=False)

    assert "✗ unhealthy  Deployment shop/checkout" in text
    assert "no such host: orders" in text
    assert "$ kubectl logs checkout-7c9b-x1" in text
    assert "base of crash" not in text


def test_verbose_shows_the_arithmetic_and_advice():
    text = _shown(_shop("checkout"), verbose=True)

    assert "+0.900" in text
    assert "base of crash" in text
    assert "It has no limits" in text


def test_gaps_are_shown_with_the_rule_that_would_close_them():
    text = _shown(_shop("web", DegradedCluster(a_shop(), CoverageState.FORBIDDEN, {"Pod"})), verbose=False)

    assert "? cannot tell" in text
    assert 'allowed by {apiGroups: [""], resources: ["pods"], verbs: ["list"]} in a Role of shop' in text


def test_nothing_the_cluster_says_steers_the_terminal():
    diagnosis = _shop("checkout")
    lead = msgspec.structs.replace(diagnosis.hypotheses[0], title="\x1b[2J[bold]boo")

    text = _shown(msgspec.structs.replace(diagnosis, hypotheses=(lead,)), verbose=False)

    assert "\\x1b[2J[bold]boo" in text


def test_json_is_the_diagnosis_and_markdown_a_page(capsys):
    diagnosis = _shop("checkout")

    _print(diagnosis, "markdown", verbose=False)
    assert capsys.readouterr().out.startswith("# Deployment shop/checkout")

    _print(diagnosis, "json", verbose=False)
    assert decode_diagnosis(capsys.readouterr().out) == diagnosis


def test_piped_it_is_a_line_a_cause_and_the_verdict_beside_it(capsys):
    _print(_shop("checkout"), "table", verbose=False)

    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0].split("\t") == ["confidence", "severity", "culprit", "rule", "follows from", "what"]
    assert lines[1].split("\t")[2] == "Deployment shop/checkout"
    assert "shop/checkout" in err
