#!/usr/bin/env bash
# A throw-away Elasticsearch of one node, for tests and benchmarks. It listens on 127.0.0.1 alone.
#
#   scripts/elasticsearch.sh install VERSION               unpack it once; print where it is
#   scripts/elasticsearch.sh start VERSION PORT DATADIR    start it and wait until it answers
#   scripts/elasticsearch.sh stop DATADIR                  stop what was started there
#   scripts/elasticsearch.sh run VERSION -- COMMAND…       start one, run COMMAND with
#                                                          VITRINE_TEST_ELASTICSEARCH_URL, stop it
#   scripts/elasticsearch.sh java                          print which JDK would run it
#
# The server is Maven's `integ-test-zip`: the real server without most of its modules. It refuses
# root, so root runs it as a user of its own, and keeps it where that user can read.
#
# ELASTICSEARCH_HEAP          memory of its Java (1g)
# ELASTICSEARCH_JAVA_OPTIONS  instead of the options that make it start fast; empty: its own defaults
# ELASTICSEARCH_JAVA_HOME     a JDK of 21 or newer, instead of the newest found
# ELASTICSEARCH_HOME          an unpacked server, instead of the installed one
# ELASTICSEARCH_CONFIG        a folder whose files are laid over its configuration (certificates, users)
# ELASTICSEARCH_YML           lines for elasticsearch.yml; security is off unless they name it
# ELASTICSEARCH_CURL          options of the curl that asks whether it answers (`--cacert …`)
set -euo pipefail

FAST_START='-XX:TieredStopAtLevel=1 -XX:-AlwaysPreTouch -XX:+UseSerialGC -XX:-UseG1GC'
START_SECS_MAX=180
SERVER_USER=vitrine-elasticsearch

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
if [ "$(id -u)" = 0 ]; then servers=/var/cache/vitrine; else servers=$root/.tools; fi

fail() { printf 'elasticsearch.sh: %s\n' "$*" >&2; exit 1; }

# Prints the newest JDK of 21 or newer; fails where there is none.
find_java() {
    local release version best=0 found=
    if [ -n "${ELASTICSEARCH_JAVA_HOME:-}" ]; then echo "$ELASTICSEARCH_JAVA_HOME"; return; fi
    for release in /usr/lib/jvm/*/release /opt/*/release "$root"/.tools/jdk*/release "${JAVA_HOME:-/none}/release"; do
        version=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$release" 2>/dev/null) || continue
        if [ "${version:-0}" -ge 21 ] && [ "$version" -gt "$best" ]; then
            best=$version found=$(dirname "$release")
        fi
    done
    [ -n "$found" ] || return 1
    echo "$found"
}

home_of() { echo "${ELASTICSEARCH_HOME:-$servers/elasticsearch-$1}"; }

install_server() {
    local version=$1 home zip work
    home=$(home_of "$version")
    if [ ! -x "$home/bin/elasticsearch" ]; then
        command -v mvn >/dev/null || fail "no Maven, which fetches Elasticsearch: run scripts/setup.sh tests"
        zip=$HOME/.m2/repository/org/elasticsearch/distribution/integ-test-zip/elasticsearch/$version/elasticsearch-$version.zip
        if [ ! -s "$zip" ]; then
            echo "fetching Elasticsearch $version (130 MB)" >&2
            mvn -B -q dependency:get -Dtransitive=false \
                -Dartifact="org.elasticsearch.distribution.integ-test-zip:elasticsearch:$version:zip" >&2 ||
                fail "Maven could not fetch Elasticsearch $version: the lines above say why"
        fi
        mkdir -p "$servers"
        work=$(mktemp -d "$servers/unpack.XXXXXX")
        chmod 755 "$work"
        # Python unpacks everywhere, but forgets which files are programs.
        python3 -m zipfile -e "$zip" "$work"
        chmod -R a+rX "$work"
        chmod a+x "$work/elasticsearch-$version"/bin/*
        # Whoever unpacks at the same time may have been first; theirs is the same.
        mv -T "$work/elasticsearch-$version" "$home" 2>/dev/null || [ -x "$home/bin/elasticsearch" ] ||
            fail "cannot write $home"
        rm -rf "$work"
    fi
    echo "$home"
}

# configure HOME PORT DATADIR
configure() {
    local home=$1 port=$2 data=$3 config=$3/config
    mkdir -p "$config/jvm.options.d" "$data"/{data,logs,tmp,repo}
    cp "$home"/config/{jvm.options,log4j2.properties} "$config/"
    for file in roles.yml role_mapping.yml users users_roles; do
        if [ -f "$home/config/$file" ]; then cp -n "$home/config/$file" "$config/"; fi
    done
    if [ -n "${ELASTICSEARCH_CONFIG:-}" ]; then cp -r "$ELASTICSEARCH_CONFIG/." "$config/"; fi
    {
        printf '%s\n' 'cluster.name: vitrine-test' 'node.name: one' "path.data: $data/data" \
            "path.logs: $data/logs" "path.repo: [\"$data/repo\"]" 'network.host: 127.0.0.1' \
            "http.port: $port" 'discovery.type: single-node' 'telemetry.tracing.enabled: false' \
            'cluster.routing.allocation.disk.threshold_enabled: false' \
            'indices.merge.disk.check_interval: 0' # Else it merges nothing where 95 % of the disk are in use.
        case "${ELASTICSEARCH_YML:-}" in
            *xpack.security.enabled*) ;;
            *) echo 'xpack.security.enabled: false' ;;
        esac
        printf '%s\n' "${ELASTICSEARCH_YML:-}"
    } >"$config/elasticsearch.yml"
    printf '%s\n' "-Xms${ELASTICSEARCH_HEAP:-1g}" "-Xmx${ELASTICSEARCH_HEAP:-1g}" '-Xlog:disable' \
        '-Xlog:all=warning:stderr:utctime,level,tags' >"$config/jvm.options.d/test.options"
}

answers() {
    local scheme=http
    case "${ELASTICSEARCH_YML:-}" in *xpack.security.http.ssl.enabled:\ true*) scheme=https ;; esac
    # shellcheck disable=SC2086 # Options are words.
    curl -fsS -m 2 ${ELASTICSEARCH_CURL:-} -o /dev/null \
        "$scheme://127.0.0.1:$1/_cluster/health?wait_for_status=yellow&timeout=1s" 2>/dev/null
}

# start_server VERSION PORT DATADIR [PREFIX…]: the prefix runs before the server's own command.
start_server() {
    local version=$1 port=$2 data=$3 home java launcher as=()
    shift 3
    home=$(install_server "$version")
    java=$(find_java) || fail "no JDK of 21 or newer: run scripts/setup.sh tests, or set ELASTICSEARCH_JAVA_HOME"
    command -v curl >/dev/null || fail "no curl, which asks whether the server answers: install it"
    mkdir -p "$data"
    data=$(readlink -f "$data")
    configure "$home" "$port" "$data"
    if [ "$(id -u)" = 0 ]; then
        id "$SERVER_USER" >/dev/null 2>&1 ||
            useradd --system --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin "$SERVER_USER" 2>/dev/null ||
            id "$SERVER_USER" >/dev/null # Somebody else was first.
        chown -R "$SERVER_USER:" "$data"
        as=(setpriv --reuid "$SERVER_USER" --regid "$(id -g "$SERVER_USER")" --clear-groups)
    fi
    ( cd "$data"
      exec env -i PATH=/usr/bin:/bin HOME="$data" LANG=C.UTF-8 ES_JAVA_HOME="$java" \
          ES_PATH_CONF="$data/config" ES_TMPDIR="$data/tmp" \
          ES_JAVA_OPTS="${ELASTICSEARCH_JAVA_OPTIONS-$FAST_START}" \
          setsid "${as[@]}" "$@" "$home/bin/elasticsearch" -p "$data/pid" \
          >"$data/logs/stdout.log" 2>&1 </dev/null ) &
    launcher=$!
    local begin=$SECONDS
    until answers "$port"; do
        if ! kill -0 "$launcher" 2>/dev/null; then
            tail -n 30 "$data/logs/stdout.log" >&2
            fail "Elasticsearch $version ended while starting: the lines above say why"
        fi
        if [ $((SECONDS - begin)) -gt "$START_SECS_MAX" ]; then
            tail -n 30 "$data/logs/stdout.log" >&2
            kill "$launcher" 2>/dev/null || true
            fail "Elasticsearch $version did not answer within $START_SECS_MAX s"
        fi
        sleep 0.1
    done
}

stop_server() {
    local data=$1 pid
    pid=$(cat "$data/pid" 2>/dev/null) || return 0
    kill "$pid" 2>/dev/null || true
    for _ in $(seq 100); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    kill -9 "$pid" 2>/dev/null || true
    rm -f "$data/pid"
}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# run_with VERSION COMMAND…: its exit status is the command's.
run_with() {
    local version=$1 status=0
    shift
    port=$(free_port)
    data=$(mktemp -d "${TMPDIR:-/tmp}/vitrine-elasticsearch.XXXXXX")
    command=
    ended() {
        trap - EXIT INT TERM HUP
        if [ -n "$command" ]; then kill -TERM "$command" 2>/dev/null || true; fi
        stop_server "$data"
        rm -rf "$data"
    }
    trap 'ended' EXIT
    trap 'ended; exit 130' INT HUP
    trap 'ended; exit 143' TERM
    # The server also ends with this script where no trap can run.
    start_server "$version" "$port" "$data" setpriv --pdeathsig TERM
    VITRINE_TEST_ELASTICSEARCH_URL=http://127.0.0.1:$port "$@" &
    command=$!
    wait "$command" || status=$?
    command=
    return "$status"
}

case "${1:-}" in
    install) install_server "${2:?VERSION}" ;;
    start) start_server "${2:?VERSION}" "${3:?PORT}" "${4:?DATADIR}" ;;
    stop) stop_server "${2:?DATADIR}" ;;
    run)
        if [ "${3:-}" != -- ] || [ $# -lt 4 ]; then fail 'usage: elasticsearch.sh run VERSION -- COMMAND…'; fi
        run_with "$2" "${@:4}"
        ;;
    java) find_java || fail 'no JDK of 21 or newer' ;;
    *) sed -n '2,/^set -/{/^set -/d;s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
esac
