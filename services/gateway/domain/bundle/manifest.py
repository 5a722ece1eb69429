"""The manifest of a bundle: every file with its size and digest, and the end of the timeline's chain."""

from datetime import datetime

import msgspec

from shared.contracts.base import Contract

MANIFEST = "manifest.json"
# In the format of sha256sum; it catches what goes wrong by accident, the published digest what is done on purpose.
MANIFEST_DIGEST = "manifest.sha256"


class BundleFile(Contract, frozen=True, kw_only=True):
    """A file as it must be."""

    size_bytes: int
    sha256: str


class ManifestChain(Contract, frozen=True, kw_only=True):
    """The end of the timeline in the bundle: how many entries, and the hash of the last."""

    sequence: int
    hash: str


class BundleManifest(Contract, frozen=True, kw_only=True):
    """What a bundle holds. ``left_out`` says in words what it does not hold, and why."""

    format: str = "faultline-bundle"
    format_version: int = 1
    incident_id: str
    ref: str
    created_at: datetime
    created_by: str
    faultline_version: str
    chain: ManifestChain
    left_out: tuple[str, ...] = ()
    files: dict[str, BundleFile]


def write_manifest(manifest: BundleManifest) -> bytes:
    """Return the manifest as a person can read it."""
    ordered = msgspec.structs.replace(manifest, files=dict(sorted(manifest.files.items())))
    return msgspec.json.format(msgspec.json.encode(ordered), indent=2) + b"\n"
