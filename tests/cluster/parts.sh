# shellcheck shell=bash
# Sourced: processes of a cluster that can be started, stopped and started again, one by one.
# Needs $dir, the cluster's folder. DIR/parts/NAME is the command, DIR/pids/NAME its process, DIR/logs/NAME.log its words.

: "${dir:=}"

# define_part NAME COMMAND…
define_part() {
    local name=$1
    shift
    mkdir -p "$dir/parts" "$dir/pids" "$dir/logs"
    { printf '#!/usr/bin/env bash\nexec'; printf ' %q' "$@"; echo; } >"$dir/parts/$name"
    chmod 755 "$dir/parts/$name"
}

# start_part NAME
start_part() {
    setsid "$dir/parts/$1" </dev/null >>"$dir/logs/$1.log" 2>&1 9>&- &
    echo $! >"$dir/pids/$1"
}

part_runs() {
    local pid
    pid=$(cat "$dir/pids/$1" 2>/dev/null) && kill -0 "$pid" 2>/dev/null
}

# stop_part NAME [SIGNAL]: returns when it is gone; after 10 s it has no choice.
stop_part() {
    local pid tries
    pid=$(cat "$dir/pids/$1" 2>/dev/null) || return 0
    kill -s "${2:-TERM}" "$pid" 2>/dev/null || true
    for tries in {1..100}; do
        kill -0 "$pid" 2>/dev/null || break
        if [ "$tries" = 100 ]; then kill -KILL "$pid" 2>/dev/null || true; fi
        sleep 0.1
    done
    rm -f "$dir/pids/$1"
}

# wait_for PART SECS COMMAND…: until the command succeeds, as long as the part runs.
wait_for() {
    local part=$1 end=$((SECONDS + $2))
    shift 2
    until "$@"; do
        if ! part_runs "$part"; then
            tail -n 20 "$dir/logs/$part.log" >&2
            echo "cluster: $part ended: the lines above say why" >&2
            return 1
        fi
        if [ $SECONDS -gt $end ]; then
            tail -n 20 "$dir/logs/$part.log" >&2
            echo "cluster: $part was not ready in time: the lines above are its last" >&2
            return 1
        fi
        sleep 0.1
    done
}
