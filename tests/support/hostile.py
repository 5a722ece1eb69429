"""Text with which people and alerts could do harm to a Markdown document, beside any text at all."""

from hypothesis import strategies as st

PIECES = """
# |## x|- |1. |1) |> |---|===|```|~~~|    code|<b>|</div>|<!-- |<script>alert(1)</script>|<?|<![CDATA[
[x](http://e.vil)|![x](y)|[x]: http://e.vil|<http://e.vil>|http://e.vil|https://|www.e.vil|:-|**|__|*x*|`|``|~~|&lt;
&#35;|\\|$x$|[^1]|[ ] |+ |= |  |a|7
"""
UNSEEN = [
    "\n",
    "\n\n",
    "\t",
    "\r",
    "\x00",
    "\x1b[31m",
    "\x85",
    "\u2028",
    "\u202e",
    "\u200b",
    "|",
    "|---|---|\n",
    "\\\n",
]
pieces = [piece for line in PIECES.strip("\n").split("\n") for piece in line.split("|")]


def hostile_text(most_pieces: int = 8) -> st.SearchStrategy[str]:
    """Return text made of pieces that mean something in Markdown, and of whatever else."""
    piece = st.one_of(st.sampled_from([*pieces, *UNSEEN]), st.text(max_size=5))
    return st.lists(piece, max_size=most_pieces).map("".join)
