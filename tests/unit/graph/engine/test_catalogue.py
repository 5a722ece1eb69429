import importlib
import pkgutil

from services.graph.domain import rules
from services.graph.domain.rules.catalogue import RULES, get_rule


def test_every_rule_has_an_id_of_its_own_and_is_found_by_it():
    assert len({rule.id for rule in RULES}) == len(RULES)
    assert all(get_rule(rule.id) is rule for rule in RULES)


def test_every_module_with_rules_is_in_the_catalogue():
    names = [module.name for module in pkgutil.iter_modules(rules.__path__)]
    found = [importlib.import_module(f"{rules.__name__}.{name}") for name in sorted(names) if name != "catalogue"]

    assert [rule.id for module in found for rule in getattr(module, "RULES", ())] == [rule.id for rule in RULES]
