"""Which Certificate is to write a Secret that others wait for."""

from services.graph.domain.k8s.cluster import Certificate
from services.graph.domain.k8s.shape import find_condition
from services.graph.domain.rules.base import Seen, View
from services.graph.domain.rules.showing import shown


def unissued_certificate(view: View, namespace: str | None, secret: str) -> Certificate | None:
    """Return the Certificate of cert-manager that is to write the Secret and says that it is not ready."""
    for one in view.inventory.in_namespace(Certificate, namespace):
        ready = find_condition(one.status.conditions, "Ready")
        if one.spec.secret_name == secret and ready is not None and ready.status != "True":
            return one
    return None


def shown_unissued(certificate: Certificate | None) -> tuple[Seen, ...]:
    """Return what shows it; nothing where there is none."""
    if certificate is None:
        return ()
    text = f"is to write Secret {certificate.spec.secret_name}, and is not ready"
    return (shown(certificate, text, "spec.secretName"),)
