"""Diagnoses cross releases: what an older one kept is read, and what the API takes is what is kept."""

from pathlib import Path

import msgspec
import pytest

from services.gateway.api.diagnoses import EXAMPLE
from services.gateway.api.diagnosis_inputs import DiagnosisInput
from shared.contracts.diagnosis import Diagnosis, DiagnosisStatus, decode_diagnosis, encode_diagnosis

RELEASED = (Path(__file__).parent / "released" / "diagnosis.v1.json").read_bytes().strip()


def test_a_released_diagnosis_is_read_and_written_as_it_was():
    diagnosis = decode_diagnosis(RELEASED)

    assert diagnosis.status is DiagnosisStatus.PARTIAL
    assert encode_diagnosis(diagnosis) == RELEASED
    assert encode_diagnosis(DiagnosisInput().load(EXAMPLE)) == RELEASED


def test_what_a_producer_writes_down_is_what_the_api_takes():
    assert DiagnosisInput().load(msgspec.json.decode(RELEASED)) == decode_diagnosis(RELEASED)


def test_the_api_takes_every_member_of_the_contract_and_no_other():
    assert {field.data_key for field in DiagnosisInput().fields.values()} == set(Diagnosis.__struct_encode_fields__)


def test_a_version_nobody_knows_is_refused():
    with pytest.raises(msgspec.ValidationError):
        decode_diagnosis(RELEASED.replace(b'"schemaVersion":1', b'"schemaVersion":2'))
