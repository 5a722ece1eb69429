"""Endpoints of rules: read them, put new ones into force, try them on the past, and see what noise there is."""

from datetime import timedelta
from typing import Any

from flask import Response

from services.gateway import errors
from services.gateway.api import inputs, rule_inputs, rule_shapes
from services.gateway.api.current import (
    encode,
    encode_page,
    entity_tag,
    gateway,
    if_match_versions,
    read_answer,
    repeat_guard,
    subject,
    write_answer,
)
from services.gateway.api.operation import Operation, endpoint
from services.gateway.api.reading import ReadingBlueprint
from services.gateway.domain.records import CURRENT, Role, RuleBook, Scope
from services.gateway.domain.rules.builtin import BUILT_IN
from services.gateway.handlers.answer_once import Answer, answer_once
from services.gateway.handlers.change_rules import change_rules
from services.gateway.handlers.sum_up_noise import sum_up_noise
from services.gateway.handlers.try_rules import try_rules
from services.gateway.ports import RecordQuery

blueprint = ReadingBlueprint("rules", __name__, description="Which signals become one incident, and who owns it.")

_EXAMPLE = {
    "grouping": [
        {
            "id": "checkout",
            "name": "Everything of checkout",
            "match": {"namespaces": ["shop"], "labels": {"team": ["checkout"]}},
            "when": "signal.severity != 'info'",
            "groupBy": ["namespace", "labels.team"],
            "windowSeconds": 3600,
        },
    ],
    "ownership": [{"id": "shop", "name": "Shop", "match": {"namespaces": ["shop"]}, "owner": "ann"}],
    "reason": "One case for the whole of checkout",
}


@endpoint(
    blueprint,
    Operation(
        path="/api/rules", role=Role.VIEWER, scope=Scope.RULES_READ, answer=rule_shapes.RulesShape, conditional=True
    ),
)
def read_rules() -> Response:
    """Read the rules in force, in their order, and the built-in ones that stand after them."""
    book = gateway().store.find(RuleBook, CURRENT)
    return read_answer(_show(book), book.version if book is not None else 0)


@endpoint(
    blueprint,
    Operation(
        path="/api/rules",
        method="PUT",
        role=Role.ADMIN,
        scope=Scope.RULES_WRITE,
        answer=rule_shapes.RulesShape,
        body=rule_inputs.RulesInput,
        body_example=_EXAMPLE,
        errors=(errors.VersionConflict,),
        keyed=True,
        matched=True,
    ),
)
def replace_rules(fields: dict[str, Any]) -> Response:
    """Put rules into force, in place of all of before; incidents that are open go by them from now on."""
    store, actor, versions = gateway().store, subject().id, if_match_versions()

    def render(version: str) -> Answer:
        # Before the first version there is none to read: nothing was put where nothing was in force.
        body = _show(store.find(RuleBook, version))
        return Answer(200, body.decode(), etag=entity_tag(body, int(version)))

    answer = answer_once(
        store,
        repeat_guard(),
        lambda tx: change_rules(
            tx,
            fields["grouping"],
            fields["ownership"],
            reason=fields["reason"],
            actor=actor,
            versions=versions,
        ),
        render,
    )
    return write_answer(answer)


@endpoint(
    blueprint,
    Operation(
        path="/api/rules/versions",
        role=Role.VIEWER,
        scope=Scope.RULES_READ,
        answer=rule_shapes.RulesVersionPageShape,
        query=inputs.Page,
        errors=(errors.BadCursor,),
        conditional=True,
    ),
)
def list_versions(args: dict[str, Any]) -> Response:
    """List every version of the rules, newest first."""
    query = RecordQuery(states=("past",), limit=args["limit"], cursor=args.get("cursor"))
    page = gateway().store.list_records(RuleBook, query)
    items = [
        {
            "version": book.version,
            "groupingRules": len(book.grouping),
            "ownershipRules": len(book.ownership),
            "changedBy": book.changed_by,
            "changedAt": book.changed_at,
            "reason": book.reason,
        }
        for book in page.records
    ]
    return read_answer(encode_page(items, page.total, page.next_cursor))


@endpoint(
    blueprint,
    Operation(
        path="/api/rules/versions/{version}",
        role=Role.VIEWER,
        scope=Scope.RULES_READ,
        answer=rule_shapes.RulesShape,
        errors=(errors.RecordNotFound,),
        conditional=True,
    ),
)
def read_version(version: str) -> Response:
    """Read one version of the rules."""
    if not version.isdecimal():
        raise errors.RecordNotFound(f"there is no version {version!r} of the rules")
    return read_answer(_show(gateway().store.get(RuleBook, version)))


@endpoint(
    blueprint,
    Operation(
        path="/api/rules/try",
        method="POST",
        role=Role.RESPONDER,
        scope=Scope.RULES_WRITE,
        answer=rule_shapes.TriedRulesShape,
        body=rule_inputs.RulesTrial,
        body_example={**_EXAMPLE, "hours": 24},
    ),
)
def try_out(fields: dict[str, Any]) -> Response:
    """Try rules on the past: what they would have made of it, beside those in force. Nothing is changed."""
    parts = gateway()
    now = parts.clock.now()
    result = try_rules(
        parts.store,
        parts.policy,
        fields["grouping"],
        fields["ownership"],
        since=now - timedelta(hours=fields["hours"]),
        now=now,
    )
    return Response(encode(result), 200, content_type="application/json")


@endpoint(
    blueprint,
    Operation(
        path="/api/noise",
        role=Role.VIEWER,
        scope=Scope.RULES_READ,
        answer=rule_shapes.NoiseShape,
        query=rule_inputs.NoiseQuery,
        conditional=True,
    ),
)
def read_noise(args: dict[str, Any]) -> Response:
    """Count, for each source and rule, what came and how little of it was news."""
    parts = gateway()
    return read_answer(encode(sum_up_noise(parts.store, parts.clock.now() - timedelta(hours=args["hours"]))))


def _show(book: RuleBook | None) -> bytes:
    return encode(
        {
            "version": book.version if book is not None else 0,
            "grouping": book.grouping if book is not None else (),
            "ownership": book.ownership if book is not None else (),
            "builtIn": BUILT_IN,
            "changedBy": book.changed_by if book is not None else None,
            "changedAt": book.changed_at if book is not None else None,
            "reason": book.reason if book is not None else "",
        },
    )
