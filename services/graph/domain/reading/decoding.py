"""Turn a server's JSON into objects: one page at a time, and one odd object never costs the others."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import Any, Generic, TypeVar

import msgspec

from services.graph.domain.k8s.shape import KubeObject, Shape, without_noise
from services.graph.domain.reading.kinds import Kind
from services.graph.domain.reading.sharing import Sharing

K = TypeVar("K", bound=KubeObject)


class ListMeta(Shape, frozen=True, kw_only=True, gc=False):
    """``continue`` names the next page; ``remaining_item_count`` may be absent."""

    continue_: str | None = msgspec.field(default=None, name="continue")
    resource_version: str | None = None
    remaining_item_count: int | None = None


class _Page(Shape, Generic[K], frozen=True, kw_only=True, gc=False):
    kind: str | None = None
    metadata: ListMeta = ListMeta()
    items: list[K] | msgspec.UnsetType | None = msgspec.UNSET


class _RawPage(Shape, frozen=True, kw_only=True, gc=False):
    kind: str | None = None
    metadata: ListMeta = ListMeta()
    items: list[msgspec.Raw] | msgspec.UnsetType | None = msgspec.UNSET


@dataclass(frozen=True, slots=True)
class Page:
    """The objects of one page, where the next begins, and how many could not be understood."""

    objects: list[KubeObject]
    next_page: str | None
    unreadable: int
    problem: str = ""


def decode_page(kind: Kind, body: bytes) -> Page:
    """Return the objects of a list. Raises ``ValueError`` for what is no list at all, broken off JSON included."""
    try:
        page = _page_decoder(kind.decoded)(body)
    except msgspec.ValidationError:
        return _decode_one_by_one(kind, body)
    except msgspec.DecodeError as error:
        raise ValueError(f"no JSON: {error}") from error
    _check_is_list(page)
    objects = [_keep(kind, item) for item in page.items or ()]
    Sharing().share(objects)
    return Page(objects, page.metadata.continue_ or None, 0)


def split_page(body: bytes) -> tuple[tuple[msgspec.Raw, ...], str | None]:
    """Return the objects of a list as they stand there, and where its next page begins. Raises ``ValueError``."""
    try:
        page = _raw_page_decoder(body)
    except msgspec.MsgspecError as error:
        raise ValueError(f"no list: {error}") from error
    _check_is_list(page)
    return tuple(page.items or ()), page.metadata.continue_ or None


def _check_is_list(page: _Page[Any] | _RawPage) -> None:
    """Refuse other JSON, such as a proxy's error with status 200: read as an empty list, it would prove absence."""
    if page.items is msgspec.UNSET and not (page.kind or "").endswith("List"):
        raise ValueError("no list: it has no items")


def decode_object(kind: Kind, body: bytes) -> KubeObject:
    """Return one object. Raises ``ValueError``."""
    decode = _object_decoder(kind.decoded)
    try:
        return _keep(kind, decode(body))
    except msgspec.ValidationError:
        pass
    except msgspec.DecodeError as error:
        raise ValueError(f"not a {kind.name}: {error}") from error
    try:
        # Null where a shape has a default means the same as absent: custom resources and old servers send it.
        return _keep(kind, decode(msgspec.json.encode(_without_nulls(msgspec.json.decode(body)))))
    except msgspec.MsgspecError as error:
        raise ValueError(f"not a {kind.name}: {error}") from error


def _decode_one_by_one(kind: Kind, body: bytes) -> Page:
    try:
        page = _raw_page_decoder(body)
    except msgspec.MsgspecError as error:
        raise ValueError(f"no list: {error}") from error
    _check_is_list(page)
    objects: list[KubeObject] = []
    problem, unreadable = "", 0
    for item in page.items or ():
        try:
            objects.append(decode_object(kind, bytes(item)))
        except ValueError as error:
            unreadable, problem = unreadable + 1, str(error)
    return Page(objects, page.metadata.continue_ or None, unreadable, problem)


def _without_nulls(value: Any) -> Any:  # noqa: ANN401 - any JSON.
    if isinstance(value, dict):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_without_nulls(inner) for inner in value if inner is not None]
    return value


def _keep(kind: Kind, item: KubeObject) -> KubeObject:
    meta = item.metadata
    annotations = without_noise(meta.annotations)
    if annotations is not meta.annotations:
        item = msgspec.structs.replace(item, metadata=msgspec.structs.replace(meta, annotations=annotations))
    return kind.project(item) if kind.project else item


# msgspec keeps what it learns of a class with the class, and lets others find it half learnt: a thread that made the
# decoder of one kind while another was still at the metadata they share ended the process when it decoded with it.
_one_at_a_time = Lock()


@cache
def _page_decoder(shape: type[KubeObject]) -> Callable[[bytes], _Page[Any]]:
    with _one_at_a_time:
        return msgspec.json.Decoder(_Page[shape]).decode  # type: ignore[valid-type]  # One type for each kind.


@cache
def _object_decoder(shape: type[KubeObject]) -> Callable[[bytes], KubeObject]:
    with _one_at_a_time:
        return msgspec.json.Decoder(shape).decode


_raw_page_decoder = msgspec.json.Decoder(_RawPage).decode
