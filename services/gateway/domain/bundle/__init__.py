"""The bundle: an incident as files that prove themselves. Which files, and the manifest that lists them. Pure."""

from services.gateway.domain.bundle.contents import PARTS, BundlePart
from services.gateway.domain.bundle.manifest import (
    MANIFEST,
    MANIFEST_DIGEST,
    BundleFile,
    BundleManifest,
    ManifestChain,
    write_manifest,
)

__all__ = [
    "MANIFEST",
    "MANIFEST_DIGEST",
    "PARTS",
    "BundleFile",
    "BundleManifest",
    "BundlePart",
    "ManifestChain",
    "write_manifest",
]
