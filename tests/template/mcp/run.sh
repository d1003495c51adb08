#!/usr/bin/env bash
# MCP tools under `make run`, called by npm's MCP client and by the protocol's conformance suite. A part of .ci/run.
# What npm installs goes to target/mcp/npm, and a copy of this template with the tools of tools.rs to target/mcp/app.
set -euo pipefail
cd "$(dirname "$0")/../../.."
here=$PWD/tests/template/mcp npm=$PWD/target/mcp/npm app=$PWD/target/mcp/app log=$PWD/target/mcp/log
fail() { echo "mcp: $*" >&2; [ ! -e "$log" ] || tail -n 40 "$log" >&2; exit 1; }

mkdir -p "$npm"
# The conformance suite needs Node 22, which the package `node` brings along.
(cd "$npm" && npm install --loglevel=error --no-audit --no-fund --prefix . \
    @modelcontextprotocol/sdk@1.32.2 @modelcontextprotocol/conformance@0.1.16 node@22)
node=$npm/node_modules/node/bin/node
cp "$here/client.mjs" "$npm"

echo "-- an app with the tools, and no other functions"
rm -rf "$app"
mkdir "$app"
commit=$(git stash create)
git archive "${commit:-HEAD}" | tar -x -C "$app"
rm -r "$app/hello" "$app/order" "$app/MyQueueFunction"
sed 's/\bapp::/crate::/' "$here/tools.rs" >"$app/src/functions/mod.rs"
# The machinery's test of the same tools has written their folders.
CARGO_TARGET_DIR=target cargo test -q --test machinery tools::each_tool_is_listed
cp -r target/tmp/tools/. "$app"

port=$("$node" -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')
url=http://localhost:$port/runtime/webhooks/mcp
(cd "$app" && CARGO_TARGET_DIR="$app/../target" exec make run PORT="$port" >"$log" 2>&1) &
run=$!
trap 'kill $run 2>/dev/null || true; wait $run 2>/dev/null || true' EXIT
for _ in $(seq 3000); do
    kill -0 $run 2>/dev/null || fail "make run has ended"
    ! grep -qF "claude mcp add --transport http local-functions $url" "$log" || break
    sleep 0.1
done
grep -qF '"url": "'"$url"'"' "$log" || fail "make run does not show $url"

echo "-- npm's client"
"$node" "$npm/client.mjs" "$url" | tee "$npm/said" || fail "npm's client"
grep -qE '^[1-9][0-9]* passed, 0 failed$' "$npm/said" || fail "npm's client has not run"
grep -qE '] price-of [0-9a-f]{8}: succeeded in' "$log" || fail "make run does not show how a call ended"
# A failure's reason is the app's log's.
for reason in "the till is locked" "the till is gone"; do
    grep -qF "$reason" "$log" || fail "the log lacks: $reason"
done

echo "-- the conformance suite"
for scenario in server-initialize logging-set-level ping tools-list tools-call-simple-text tools-call-image tools-call-audio \
    tools-call-embedded-resource tools-call-mixed-content tools-call-error server-sse-multiple-streams dns-rebinding-protection; do
    "$node" "$npm/node_modules/@modelcontextprotocol/conformance/dist/index.js" server --url "$url" --scenario "$scenario" \
        >"$npm/conformance" 2>&1 || { cat "$npm/conformance"; fail "$scenario"; }
    grep -qE '^Passed: [1-9]' "$npm/conformance" || { cat "$npm/conformance"; fail "$scenario checked nothing"; }
    echo "$scenario: $(grep -E '^Passed: ' "$npm/conformance")"
done
