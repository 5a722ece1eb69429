#!/usr/bin/env bash
# Install Debian packages that some tests need, where they are absent and that is possible without a question.
# Their services are never started: tests start the programs themselves, on free ports.
# Exit 0 when all are there, 1 when not; the tests that need them say so and do not run.
set -euo pipefail

missing=()
for package in "$@"; do
    case "$package" in
    prometheus) program=prometheus ;;
    prometheus-alertmanager) program=prometheus-alertmanager ;;
    *) program=$package ;;
    esac
    command -v "$program" >/dev/null || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" != 0 ]; then as_root=(sudo -n); fi
if ! command -v apt-get >/dev/null || ! "${as_root[@]}" true 2>/dev/null; then
    echo "Not installed, and this user cannot install them unasked: ${missing[*]}. The tests that need them will not run." >&2
    exit 1
fi

# invoke-rc.d asks this file before it starts a service; 101 means "do not". One that stands already is kept.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
    "${as_root[@]}" chmod 755 "$policy"
    trap '"${as_root[@]}" rm -f "$policy"' EXIT
fi
echo "Installing ${missing[*]} for the tests that need them." >&2
install() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" \
        </dev/null >/dev/null
}
install 2>/dev/null || { "${as_root[@]}" apt-get update -qq </dev/null >/dev/null && install; } || {
    echo "Could not install ${missing[*]}; the tests that need them will not run." >&2
    exit 1
}
