"""What travels between the gateway and its workers: queue messages, and the calls of the internal door.

Every message carries ``schema_version``; a reader refuses a version it does not know.
"""

import msgspec

from shared.contracts.messages.calls import (
    ActionOrder,
    Beat,
    BeatAnswer,
    Claim,
    Claimed,
    ExecuteOrder,
    Hello,
    PreviewOrder,
    VerifyOrder,
    decode_beat,
    decode_claim,
    decode_hello,
)
from shared.contracts.messages.queued import (
    ActionJob,
    DeliveryToNormalise,
    DiagnoseResource,
    InvestigateIncident,
    NormaliseDeliveries,
    TakeInventory,
    decode_action_job,
    decode_diagnose_resource,
    decode_investigate_incident,
    decode_normalise_deliveries,
    decode_take_inventory,
)
from shared.contracts.messages.results import (
    ActionDone,
    ActionPreviewed,
    ActionVerified,
    DeliveryNormalised,
    DeliveryQuarantined,
    IncidentInvestigated,
    InventoryTaken,
    JobFailed,
    JobResult,
    ResourceDiagnosed,
    Results,
    ResultsRecorded,
    decode_results,
)

__all__ = [
    "SCHEMA_VERSION",
    "ActionDone",
    "ActionJob",
    "ActionOrder",
    "ActionPreviewed",
    "ActionVerified",
    "Beat",
    "BeatAnswer",
    "Claim",
    "Claimed",
    "DeliveryNormalised",
    "DeliveryQuarantined",
    "DeliveryToNormalise",
    "DiagnoseResource",
    "ExecuteOrder",
    "Hello",
    "IncidentInvestigated",
    "InventoryTaken",
    "InvestigateIncident",
    "JobFailed",
    "JobResult",
    "NormaliseDeliveries",
    "PreviewOrder",
    "ResourceDiagnosed",
    "Results",
    "ResultsRecorded",
    "TakeInventory",
    "VerifyOrder",
    "decode_action_job",
    "decode_beat",
    "decode_claim",
    "decode_diagnose_resource",
    "decode_hello",
    "decode_investigate_incident",
    "decode_normalise_deliveries",
    "decode_results",
    "decode_take_inventory",
    "encode",
]

SCHEMA_VERSION = 1

encode = msgspec.json.Encoder().encode
