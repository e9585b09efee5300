#!/bin/sh
# Meltano 4.4.1 merges states key by key with --state-strategy=merge, and also by
# default after --full-refresh. Keys that the newer state has removed come back
# from the older one, while lists are replaced. A tap whose bookmark holds an object
# of open items therefore gets items back that it has closed.
set -eu
version=4.4.1
python=${PYTHON:-python3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$python" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "meltano==$version"

# A tap that has one record and the state of a file, and a target that hands out each state.
cat > "$folder/tap-fake" <<'TAP'
#!/bin/sh
for argument; do
  [ "$argument" = --discover ] && { echo '{"streams":[{"tap_stream_id":"a","stream":"a","key_properties":["id"],"schema":{"type":"object","properties":{"id":{"type":"string"}}},"metadata":[{"breadcrumb":[],"metadata":{"inclusion":"available","selected-by-default":true}}]}]}'; exit; }
done
echo '{"type":"SCHEMA","stream":"a","key_properties":["id"],"schema":{"type":"object","properties":{"id":{"type":"string"}}}}'
echo '{"type":"RECORD","stream":"a","record":{"id":"1"}}'
echo "{\"type\":\"STATE\",\"value\":$(cat "$FAKE_STATE")}"
TAP
cat > "$folder/target-fake" <<'TARGET'
#!/bin/sh
sed -n 's/^{"type":"STATE","value":\(.*\)}$/\1/p'
TARGET
chmod +x "$folder/tap-fake" "$folder/target-fake"
cat > "$folder/meltano.yml" <<PROJECT
project_id: states
default_environment: dev
send_anonymous_usage_stats: false
environments: [{name: dev}]
plugins:
  extractors: [{name: tap-fake, namespace: tap_fake, executable: $folder/tap-fake, capabilities: [catalog, discover, state]}]
  loaders: [{name: target-fake, namespace: target_fake, executable: $folder/target-fake}]
PROJECT
cd "$folder"
export MELTANO_SEND_ANONYMOUS_USAGE_STATS=false MELTANO_CLI_DISABLE_VERSION_CHECK=true NO_COLOR=1 FAKE_STATE="$folder/state"
echo "Meltano $version"
older='{"bookmarks":{"a":{"open":{"x":1,"y":2},"list":["x","y"],"text":"x y"}}}'
newer='{"bookmarks":{"a":{"open":{"z":3},"list":["z"],"text":"z"}}}'
failed=0
read_twice() { # suffix, options of the second run, what the state should be
  for state in "$older" "$newer"; do
    echo "$state" > "$FAKE_STATE"
    options=
    [ "$state" = "$newer" ] && options=$2
    # shellcheck disable=SC2086
    venv/bin/meltano run --state-id-suffix "$1" $options tap-fake target-fake 2> log || { cat log; exit 1; }
  done
  kept=$(venv/bin/meltano state get "dev:tap-fake-to-target-fake:$1" 2> /dev/null)
  echo "second run with '${2:-no option}': $kept"
  [ "$(echo "$kept" | "$folder/venv/bin/python" -c 'import json, sys; print(sorted(json.load(sys.stdin)["singer_state"]["bookmarks"]["a"]["open"]))')" = "$3" ] || failed=1
}
read_twice plain '' "['z']"
read_twice merge '--state-strategy=merge' "['x', 'y', 'z']"
read_twice refresh '--full-refresh' "['x', 'y', 'z']"
[ "$failed" = 0 ] && echo "as found: the removed keys x and y come back with merge, and by default after --full-refresh"
exit "$failed"
