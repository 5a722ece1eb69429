"""What to paste where, so that the first alert comes. Pure."""

from dataclasses import dataclass

_ALERTMANAGER = """receivers:
  - name: faultline
    webhook_configs:
      - url: {address}/api/intake/alertmanager
        send_resolved: true
        http_config:
          authorization:
            credentials: {token}

route:
  receiver: faultline"""
_GRAFANA = """Integration           Webhook
URL                   {address}/api/intake/grafana
HTTP Method           POST
Authorization Header
  Scheme              Bearer
  Credentials         {token}"""
_CURL = """curl -i {address}/api/intake/webhook \\
  -H 'Authorization: Bearer {token}' \\
  -H 'Content-Type: application/json' \\
  -d '{{"title": "Disk of db-1 is nearly full", "severity": "high", "service": "db", "status": "firing"}}'"""
_TOKEN = "TOKEN"  # noqa: S105 - stands where the person puts theirs.


@dataclass(frozen=True, slots=True)
class FirstAlert:
    """How one source sends its first alert: where that is written down, and what."""

    id: str
    name: str
    where: str
    text: str


def first_alerts(address: str) -> list[FirstAlert]:
    """Return the ways, with the ``address`` this gateway is reached at."""
    ways = (
        ("alertmanager", "Alertmanager", "In alertmanager.yml, then reload it.", _ALERTMANAGER),
        ("grafana", "Grafana", "Alerting, Contact points, New contact point.", _GRAFANA),
        ("curl", "curl", "From any shell; any JSON with a title is understood.", _CURL),
    )
    return [FirstAlert(id, name, where, text.format(address=address, token=_TOKEN)) for id, name, where, text in ways]  # noqa: A001 - the field's name.
