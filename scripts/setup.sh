#!/usr/bin/env bash
# Make the environment in .venv from uv.lock, and install the git hook. Writes nothing outside this folder
# but the caches of pip and uv.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }

find_python() {
    local name
    for name in ${PYTHON:-} python3.11 python3.12 python3.13 python3 python; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    say "Faultline needs Python 3.11 or newer and found none. Install it, or name one: make setup PYTHON=/path/to/python3"
    return 1
}

make_environment() {
    local python
    python=$(find_python)
    # Debian ships Python without the part that makes environments.
    if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
        say "$python cannot make environments: it has no ensurepip."
        say "On Debian and Ubuntu install it with: apt-get install python3-venv"
        return 1
    fi
    say "Making .venv with $("$python" --version)"
    "$python" -m venv --clear .venv
}

install_hook() {
    # Only where this folder is the repository itself: an unpacked archive inside another one is left alone.
    [ "$(git rev-parse --show-toplevel 2>/dev/null || true)" = "$(pwd -P)" ] || return 0
    local now
    now=$(git config --get core.hooksPath || true)
    case "$now" in
    .githooks) ;;
    "") git config core.hooksPath .githooks ;;
    *) say "Your git hooks are in $now; to have ours too, call .githooks/pre-commit from there." ;;
    esac
}

[ -x .venv/bin/python ] && .venv/bin/python -c 'import pip' 2>/dev/null || make_environment
[ -x .venv/bin/uv ] || .venv/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9,<1'
env -u VIRTUAL_ENV UV_PROJECT_ENVIRONMENT=.venv UV_PYTHON_DOWNLOADS=never \
    .venv/bin/uv sync --frozen --all-extras --quiet
install_hook
