"""What people see of a change: every line that differs, no noise, no secret, and never too much."""

from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.actions.domain.diff import MOST_BYTES, cut, make_diff
from services.actions.domain.masking import MASKED, Mask
from services.actions.domain.objects import KubeObject
from tests.support.kube_small_cluster import a_cluster, item_of

SECRET = "hunter2hunter"


def deployment():
    return deepcopy(item_of(a_cluster(), "Deployment", "checkout"))


def diff(before, after):
    return make_diff(KubeObject(before), KubeObject(after))[0]


def changed(text):
    return [line for line in text.splitlines() if line[0] in "+-" and line[:3] not in {"---", "+++"}]


def test_a_change_is_one_line_out_and_one_line_in():
    after = deployment()
    after["spec"]["replicas"] = 6

    text = diff(deployment(), after)

    assert text.splitlines()[:2] == ["--- before", "+++ after"]
    assert changed(text) == ["-  replicas: 3", "+  replicas: 6"]


def test_noise_is_no_difference():
    after = deployment()
    after["metadata"] |= {"resourceVersion": "999", "generation": 9, "managedFields": []}
    after["status"] = {"replicas": 9}

    assert diff(deployment(), after) == ""


@pytest.mark.parametrize(("before", "after", "sign"), [({}, {"a": 1}, "+"), ({"a": 1}, {}, "-")])
def test_what_is_made_or_deleted_is_shown_whole(before, after, sign):
    assert changed(diff(before, after)) == [f"{sign}a: 1"]


VALUES = {
    "secret": ({"kind": "Secret", "data": {"a": SECRET}}, {"kind": "Secret", "data": {"a": "b3RoZXI="}}),
    "string-data": ({"kind": "Secret", "stringData": {"a": SECRET}}, {"kind": "Secret", "stringData": {"a": "o"}}),
    "env": (
        {"env": [{"name": "DB_PASSWORD", "value": SECRET}]},
        {"env": [{"name": "DB_PASSWORD", "value": "another-one"}]},
    ),
    "member": ({"data": {"api_key": SECRET}}, {"data": {"api_key": "another-one"}}),
    "flag": ({"args": [f"--password={SECRET}"]}, {"args": ["--password=another-one"]}),
    "next-argument": ({"args": ["--token", SECRET]}, {"args": ["--token", "another-one"]}),
    "url": ({"url": f"postgres://app:{SECRET}@db/shop"}, {"url": "postgres://app:another-one@db/shop"}),
    "text": ({"conf": f"a: 1\ndb_password: {SECRET}\n"}, {"conf": "a: 1\ndb_password: another-one\n"}),
}


@pytest.mark.parametrize(("before", "after"), VALUES.values(), ids=VALUES.keys())
def test_a_secret_is_masked_and_that_it_differs_is_said(before, after):
    text = diff(before, after)

    assert SECRET not in text
    assert "another-one" not in text
    assert MASKED in text
    assert "another value" in text
    assert diff(before, before) == ""


@pytest.mark.parametrize(
    "value",
    [
        {"secretName": "tls"},
        {"automountServiceAccountToken": False},
        {"env": [{"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}}]},
        {"args": ["--password=$(DB_PASSWORD)", "--config=/etc/app.yaml"]},
        {"env": [{"name": "MODE", "value": "fast"}]},
        {"url": "https://example.org:8443/path"},
        {"note": "the token is kept in the vault"},
    ],
    ids=lambda value: next(iter(value)),
)
def test_what_only_names_a_secret_stays(value):
    mask = Mask()

    assert mask.apply(value) == value
    assert mask.count == 0


def test_an_item_that_only_moved_keeps_its_mask():
    env = [{"name": "A_TOKEN", "value": "aaaa"}, {"name": "B_TOKEN", "value": "bbbb"}]

    assert "another value" not in diff({"env": env}, {"env": env[::-1]})


@pytest.mark.parametrize(
    "text", ["true", "null", "1", "", "a: b", "a #b", "-x", "\u202eabc", "a\x1b[2J", "a\x7f", " x", "a\tb"]
)
def test_text_that_reads_as_something_else_is_quoted(text):
    (line,) = changed(diff({}, {"a": text}))

    assert line.startswith('+a: "')
    assert line.isprintable()


def test_long_text_is_shown_by_its_lines():
    text = diff({"conf": "a\nb\nc\n"}, {"conf": "a\nB\nc\n"})

    assert changed(text) == ["-  b", "+  B"]


def test_what_is_too_long_is_cut_and_said():
    after = {f"key{number:05}": "x" * 90 for number in range(5_000)}

    text, truncated = make_diff(KubeObject({}), KubeObject(after))

    assert truncated
    assert len(text.encode()) <= MOST_BYTES
    assert text.splitlines()[-1].startswith("… cut here: ")


@given(st.text(max_size=300), st.integers(120, 200))
def test_a_cut_is_never_longer_than_allowed(text, most):
    kept, truncated = cut(text, most)

    assert len(kept.encode("utf-8", "surrogatepass")) <= most
    assert truncated is (len(text.encode("utf-8", "surrogatepass")) > most)


def test_big_objects_are_compared_where_they_differ():
    before = {f"key{number:05}": "x" for number in range(9_000)}
    after = before | {"key04000": "y"}

    assert changed(diff(before, after)) == ["-key04000: x", "+key04000: y"]
    far = dict.fromkeys(before, "z")
    assert "too much differs" in diff(before, far)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=8,
    )
)
def test_any_json_is_written_and_is_no_different_from_itself(value):
    assert diff({"spec": value}, {"spec": value}) == ""
    assert all(line.isprintable() for line in diff({}, {"spec": value}).replace("\t", " ").splitlines())
