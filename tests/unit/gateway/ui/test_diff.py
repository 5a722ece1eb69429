from services.gateway.ui.actions.diff import count, read_diff, visible

DIFF = """--- before
+++ after
@@ -6,3 +6,3 @@
 spec:
-  replicas: 3
+  replicas: 5
"""


def test_what_goes_and_what_comes_is_told_apart():
    lines = read_diff(DIFF)

    assert [line.sort for line in lines] == ["file", "file", "place", "plain", "removed", "added"]
    assert [line.text for line in lines[-2:]] == ["  replicas: 3", "  replicas: 5"]
    assert count(lines) == {"added": 1, "removed": 1}


def test_a_list_with_dashes_is_no_diff():
    assert {line.sort for line in read_diff("- one\n- two\n")} == {"plain"}


def test_what_nobody_would_see_is_made_visible():
    assert visible("a\x1b[31mb\u202ec\u200bd\ttab\n") == "a<U+001B>[31mb<U+202E>c<U+200B>d\ttab\n"
