#!/usr/bin/env bash
# An Elasticsearch with the analyzers english, cjk and smartcn, and with API keys: the tests' server
# lacks what these need. Prints its folder, for ELASTICSEARCH_HOME of scripts/elasticsearch.sh.
#
#   scripts/elasticsearch-plugin.sh VERSION
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
version=${1:?which version?}
source=$root/tests/elasticsearch-plugin/TestAnalysisPlugin.java

fail() { printf 'elasticsearch-plugin.sh: %s\n' "$*" >&2; exit 1; }

plain=$("$root/scripts/elasticsearch.sh" install "$version")
java=$("$root/scripts/elasticsearch.sh" java)
[ -x "$java/bin/javac" ] || fail "$java has no compiler: install a JDK of 21 or newer"
made=$plain-plugin-$(sha256sum "$source" | cut -c1-12)
if [ -d "$made" ]; then echo "$made"; exit; fi

# smartcn of the server's own Lucene, where Maven has it; releases of one major version fit together.
fetch_smartcn() {
    local jar=$HOME/.m2/repository/org/apache/lucene/lucene-analysis-smartcn/$1/lucene-analysis-smartcn-$1.jar
    [ -s "$jar" ] || mvn -B -q dependency:get -Dtransitive=false \
        -Dartifact="org.apache.lucene:lucene-analysis-smartcn:$1" >/dev/null 2>&1 || return 1
    echo "$jar"
}
lucene=$(basename "$plain"/lib/lucene-core-*.jar .jar)
smartcn=$(fetch_smartcn "${lucene#lucene-core-}" || fetch_smartcn 10.3.2) ||
    fail "Maven could not fetch org.apache.lucene:lucene-analysis-smartcn"

work=$(mktemp -d "$(dirname "$plain")/plugin.XXXXXX")
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
cp -al "$plain" "$work/server" 2>/dev/null || cp -a "$plain" "$work/server"
plugin=$work/server/plugins/test-analysis
mkdir -p "$plugin" "$work/classes"
"$java/bin/javac" -nowarn -proc:none -cp "$plain/lib/*:$smartcn" -d "$work/classes" "$source" >&2
"$java/bin/jar" --create --file "$plugin/test-analysis.jar" -C "$work/classes" .
cp "$smartcn" "$plugin/"
cat >"$plugin/plugin-descriptor.properties" <<PROPERTIES
description=analyzers and filters that the tests' server lacks
version=1.0
name=test-analysis
classname=TestAnalysisPlugin
java.version=21
elasticsearch.version=$version
PROPERTIES
chmod -R a+rX "$work/server"
mv -T "$work/server" "$made" 2>/dev/null || [ -d "$made" ] || fail "cannot write $made"
echo "$made"
