#!/bin/sh
# In meltano.yml a tap may have a "select" list beside its settings. Meltano 4.4.1 adds a tap
# from a file with both by `meltano add --from-ref`: it writes the settings into
# meltano.yml, but not the list, and says nothing. So the selection is *.*, and the tap
# reads streams that its file leaves out.
set -eu
python=${PYTHON:-python3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$python" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check meltano==4.4.1
mkdir "$folder/project"
cd "$folder/project"
cat >meltano.yml <<'YAML'
project_id: example
default_environment: dev
environments:
- name: dev
YAML
cat >"$folder/tap-example.yml" <<'YAML'
name: tap-example
namespace: tap_example
variant: example
label: Example
executable: tap-example
capabilities: [catalog, discover, state]
select:
- orders.*
settings:
- name: start_date
  kind: date_iso8601
YAML
export MELTANO_SEND_ANONYMOUS_USAGE_STATS=false MELTANO_HUB_URL=http://127.0.0.1:9 MELTANO_CLI_DISABLE_VERSION_CHECK=true NO_COLOR=1
meltano=$folder/venv/bin/meltano
"$meltano" add tap-example --from-ref "$folder/tap-example.yml" --no-install >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
echo "lines of meltano.yml with start_date: $(grep -c start_date meltano.yml), with orders: $(grep -c 'orders' meltano.yml || true)"
"$meltano" config print tap-example --extras 2>/dev/null | "$python" -c '
import json, sys
selection = json.load(sys.stdin)["_select"]
print("selection:", selection)
assert selection == ["*.*"], selection
'
grep -q start_date meltano.yml
if grep -q orders meltano.yml; then
	echo "the list was taken over"
	exit 1
fi
