#!/usr/bin/env bash
# Prove that `make run` becomes ready from nothing but a clone, twice, and leaves nothing behind when it is stopped.
set -euo pipefail
cd "$(dirname "$0")/.."

copy=$(mktemp -d)
make_pid=
# Only what this script started is ended.
finish() {
    if [ -n "$make_pid" ]; then kill -TERM "$make_pid" 2>/dev/null || true; wait "$make_pid" 2>/dev/null || true; fi
    rm -rf "$copy"
}
trap finish EXIT

git clone --quiet --no-hardlinks . "$copy/faultline"
cd "$copy/faultline"

free_ports() {
    python3 -c 'import socket; held=[socket.create_server(("127.0.0.1", 0)) for _ in range(4)]; print(*(s.getsockname()[1] for s in held))'
}

# run_once LIMIT: start, wait for /readyz, stop; fails when it takes longer than LIMIT seconds.
run_once() {
    local limit=$1 port door flower began
    read -r port door flower _ < <(free_ports)
    began=$SECONDS
    # A session of its own, so that nothing but our signal reaches it.
    FAULTLINE_PORT=$port FAULTLINE_GATEWAY_DOOR_PORT=$door FAULTLINE_DOOR_URL=http://127.0.0.1:$door \
        FAULTLINE_FLOWER_PORT=$flower setsid make run >"$copy/run.log" 2>&1 &
    make_pid=$!
    until curl --silent --fail --max-time 2 --output /dev/null "http://127.0.0.1:$port/readyz"; do
        if ! kill -0 "$make_pid" 2>/dev/null || [ $((SECONDS - began)) -ge "$limit" ]; then
            echo "not ready after $((SECONDS - began)) s; it said:" >&2
            tail -n 60 "$copy/run.log" >&2
            return 1
        fi
        sleep 0.2
    done
    echo "ready after $((SECONDS - began)) s (at most $limit)"
    # make passes TERM on to what it runs, and waits for it.
    kill -TERM "$make_pid"
    wait "$make_pid" || true
    make_pid=
    if pgrep -f -- "$copy/faultline" >/dev/null; then
        echo "left behind:" >&2
        pgrep -af -- "$copy/faultline" >&2
        return 1
    fi
    echo "stopped, nothing left behind"
}

run_once 120
run_once 60
