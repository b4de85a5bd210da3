#!/usr/bin/env bash
# Okta's own SDKs, for the tests that drive the simulator with them, into target/sdk.
set -euo pipefail
cd "$(dirname "$0")"
folder=../../target/sdk
mkdir -p "$folder"
[ -x "$folder/python/bin/python" ] || python3 -m venv "$folder/python"
"$folder/python/bin/pip" install --quiet --requirement requirements.txt
cp package.json "$folder/"
npm install --silent --no-audit --no-fund --prefix "$folder" >/dev/null
