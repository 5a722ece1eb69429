import sqlite3

import pytest

from services.gateway.adapters.json_store.index import Index
from services.gateway.errors import StoreUnavailable


@pytest.fixture
def index(tmp_path):
    index = Index(tmp_path / "index.sqlite")
    yield index
    index.close()


def test_a_read_that_sqlite_refuses_says_that_the_store_is_unavailable(index):
    with pytest.raises(StoreUnavailable, match="the index cannot be read"), index.reading() as connection:
        connection.execute("SELECT * FROM nowhere")

    assert index.find(("job", "job_1")) is None


def test_connections_that_cannot_be_made_do_not_use_up_the_readers(index, monkeypatch):
    def refuse(*, readonly):
        raise sqlite3.OperationalError("unable to open database file")

    with monkeypatch.context() as patch:
        patch.setattr(index, "_connect", refuse)
        for _ in range(10):
            with pytest.raises(StoreUnavailable):
                index.find(("job", "job_1"))

    assert index.find(("job", "job_1")) is None
