"""Put a new mapping into force, as a new version; every version stays."""

import msgspec

from services.gateway.domain.records import CURRENT_MAPPING, EntryType, IntakeMapping
from services.gateway.errors import ValidationFailed, VersionConflict
from services.gateway.handlers.write_audit import write_audit
from services.gateway.ports import Transaction
from shared.contracts.mapping import MAPPING_FIELDS

Paths = dict[str, tuple[str, ...]]


def check_paths(paths: Paths) -> None:
    """Return if every field is one a mapping may have; raise ``ValidationFailed`` if not."""
    if unknown := sorted(set(paths) - set(MAPPING_FIELDS)):
        known = [f"is none of {', '.join(MAPPING_FIELDS)}"]
        raise ValidationFailed(f"Not valid: paths.{unknown[0]}.", errors={f"paths.{name}": known for name in unknown})


def change_mapping(tx: Transaction, paths: Paths, *, actor: str, versions: tuple[int, ...] | None) -> str:
    """Put the mapping and return its version; the same paths again are no new version.

    Raises ``ValidationFailed`` and ``VersionConflict``.
    """
    check_paths(paths)
    current = tx.find(IntakeMapping, CURRENT_MAPPING)
    version = current.version if current is not None else 0
    if versions is not None and version not in versions:
        raise VersionConflict(f"The mapping is at version {version} by now.", currentVersion=version)
    if current is not None and current.paths == paths:
        return str(version)
    mapping = IntakeMapping(version=version + 1, paths=paths, changed_by=actor, changed_at=tx.now)
    tx.put(mapping)
    tx.put(msgspec.structs.replace(mapping, id=str(mapping.version)))
    write_audit(
        tx,
        EntryType.MAPPING_CHANGED,
        actor,
        f"The mapping is at version {mapping.version}",
        version=mapping.version,
        fields=sorted(paths),
    )
    return str(mapping.version)
