import errno
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.gateway.adapters.blob_files import FileBlobs
from services.gateway.errors import BlobNotFound, StoreFull
from tests.support.disk_double import DiskDouble

LATER = datetime.now(UTC) + timedelta(days=3650)
BEFORE = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("content", [b"", b"body", bytes(range(256)) * 1000])
def test_what_was_put_is_got(blobs, content):
    assert blobs.get(blobs.put(content)) == content


def test_the_same_bytes_are_one_blob(blobs):
    assert blobs.put(b"body") == blobs.put(b"body")


@pytest.mark.parametrize("digest", ["0" * 64, "", "../../etc/passwd", "x" * 64])
def test_an_unknown_digest_is_not_found(blobs, digest):
    with pytest.raises(BlobNotFound):
        blobs.get(digest)


def test_unused_blobs_are_collected_once_they_are_old(blobs):
    used, unused = blobs.put(b"used"), blobs.put(b"unused")

    assert blobs.collect(lambda digest: digest == used, BEFORE) == 0
    assert blobs.collect(lambda digest: digest == used, LATER) == 1
    assert blobs.get(used) == b"used"
    with pytest.raises(BlobNotFound):
        blobs.get(unused)


def test_an_old_blob_put_again_while_it_is_collected_stays(tmp_path):
    blobs = FileBlobs(tmp_path)
    digest = blobs.put(b"body")
    os.utime(tmp_path / digest[:2] / digest, (0, 0))

    def is_used(_digest):
        # Its use is looked up just before the commit that is under way names it again.
        blobs.put(b"body")
        return False

    assert blobs.collect(is_used, BEFORE) == 0
    assert blobs.get(digest) == b"body"
    os.utime(tmp_path / digest[:2] / digest, (0, 0))
    assert blobs.collect(lambda _digest: False, BEFORE) == 1


@pytest.mark.parametrize("failing", ["write", "sync", "rename"])
def test_a_blob_that_could_not_be_written_leaves_nothing_behind(failing):
    full = OSError(errno.ENOSPC, "no space left on device")
    disk = DiskDouble(lambda _number, name: full if name == failing else None)

    with pytest.raises(StoreFull):
        FileBlobs(Path("/blobs"), disk).put(b"body")

    assert disk.operations[-1] == "unlink"
    assert disk.list(Path("/blobs/23")) == []


def test_a_leftover_that_cannot_be_deleted_hides_no_error():
    full = OSError(errno.ENOSPC, "no space left on device")
    disk = DiskDouble(lambda _number, name: full if name in {"write", "unlink"} else None)

    with pytest.raises(StoreFull):
        FileBlobs(Path("/blobs"), disk).put(b"body")
