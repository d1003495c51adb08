#!/usr/bin/env bash
# From a clone to an app of one's own as a new user goes, by the commands alone: not an edit by hand, and not a warning.
# It works in target/acceptance, whose own target folder is kept from run to run.
set -euo pipefail
cd "$(dirname "$0")/../.."
template=$PWD app=$PWD/target/acceptance/app kept=$PWD/target/acceptance/target log=$PWD/target/acceptance/log
say() { printf '\n-- %s (%s s)\n' "$*" "$SECONDS"; }
fail() { echo "acceptance: $*" >&2; exit 1; }

# Runs make, shows what it says, and fails where it fails or warns.
quiet_make() {
    make "$@" >"$log" 2>&1 || { cat "$log"; fail "make $* failed"; }
    ! grep -inE '^ *warning' "$log" || fail "make $* warns"
}
# Runs make where it has to fail, and looks for the words in which it says why. Nothing may have changed.
refused() {
    local words=$1 before; shift
    before=$(git status --porcelain)
    if make "$@" >"$log" 2>&1; then fail "make $* was not refused"; fi
    grep -qF -- "$words" "$log" || { cat "$log"; fail "make $* does not say: $words"; }
    [ "$(git status --porcelain)" = "$before" ] || fail "make $* changed something"
}
save() { git add -A && git -c user.name=acceptance -c user.email=acceptance@localhost commit -qm "$1"; }

say "a fresh copy"
mkdir -p "$kept"
[ ! -e "$app/target" ] || { rm -rf "$kept" && mv "$app/target" "$kept"; }
rm -rf "$app" && mkdir "$app" && mv "$kept" "$app/target"
# What is committed, and what is changed since.
commit=$(git stash create)
git archive "${commit:-HEAD}" | tar -x -C "$app"
cd "$app"

say "make mine"
refused "git init" mine NAME=my-app
git init -q && save "The template"
# As git fetch template leaves it.
git update-ref refs/remotes/template/main HEAD
quiet_make mine NAME=my-app
old=$(sed -n 's/^name = "\(.*\)"/\1/p' "$template/Cargo.toml" | head -n 1)
if git grep -n "$old"; then fail "there is still the name $old"; fi
save "Mine" && git tag mine
git ls-files -z -- . ':!Cargo.lock' | xargs -0 cat | wc -c >"$template/target/acceptance/size"
# As the app's own ci.yml does with the oldest Rust.
cargo check -q --workspace --all-targets --locked 2>"$log" && [ ! -s "$log" ] || { cat "$log"; fail "cargo check --locked fails"; }

say "make new, for each trigger, with outputs, and with every odd name that is legal"
triggers="http timer queue blob servicebus eventhub eventgrid cosmosdb mcp"
long=$(printf 'x%.0s' {1..118})-2
for trigger in $triggers; do
    quiet_make new NAME="plain-$trigger" TRIGGER="$trigger"
    quiet_make new NAME="With_$trigger" TRIGGER="$trigger" OUT="queue blob,table servicebus,eventhub eventgrid cosmosdb queue"
done
quiet_make new NAME=routed TRIGGER=http ROUTE='items/{kind:alpha}/{id:int}' METHODS=put,delete AUTH=anonymous OUT=table IN=blob,table
quiet_make new NAME=nightly TRIGGER=timer SCHEDULE='0 30 4 * * 1-5' IN=cosmosdb,sql OUT=blob,queue
for name in test router Match std "$long"; do quiet_make new NAME="$name" TRIGGER=queue OUT=queue; done
# Its folder takes the place of the binary, which is there already and gets another name.
touch handler
quiet_make new NAME=handler TRIGGER=http
grep -q '"defaultExecutablePath": "handler.bin"' host.json && [ -f handler.bin ] || fail "the binary is not handler.bin"
# Folders that were there before: as func new leaves one, and with bindings that make new does not make.
mkdir FromFunc && cat >FromFunc/function.json <<'JSON'
{
  // by func new
  "bindings": [
    { "authLevel": "function", "type": "httpTrigger", "direction": "in", "name": "req", "methods": ["get", "put"], "route": "things/{kind:alpha}/{id:int?}" },
    { "type": "http", "direction": "out", "name": "res" },
  ]
}
JSON
quiet_make new NAME=FromFunc
while read -r name bindings; do
    mkdir "$name" && echo "{ \"bindings\": [ $bindings ] }" >"$name/function.json"
    quiet_make new NAME="$name"
done <<'JSON'
kafka { "type": "kafkaTrigger", "name": "event", "topic": "t" }, { "type": "signalR", "direction": "out", "name": "hub" }
hubs { "type": "eventHubTrigger", "direction": "in", "name": "events", "cardinality": "many", "eventHubName": "h" }, { "type": "queue", "direction": "out", "name": "$return", "queueName": "hubs" }
bytes { "type": "queueTrigger", "direction": "in", "name": "item", "dataType": "binary", "queueName": "bytes-in" }, { "type": "blob", "direction": "out", "name": "o", "path": "bytes-out/{rand-guid}" }
inputs { "type": "blobTrigger", "direction": "in", "name": "b", "path": "pictures/{match}.png" }, { "type": "table", "direction": "in", "name": "rows", "tableName": "things" }
JSON
for name in Makefile-job TEST router; do refused "error: " new NAME="$name" TRIGGER=http; done
for value in '`touch ran`' '$$(touch ran)' '";touch ran;"' "';touch ran;'"; do
    refused "" new NAME="ingest$value" TRIGGER="$value" IN="$value" OUT="$value" ROUTE="$value" METHODS="$value" SCHEDULE="$value" AUTH="$value"
    for target in remove mine build publish run; do
        refused "" "$target" NAME="$value" APP="$value" TARGET="$value" PORT="$value"
    done
done
[ ! -e ran ] || fail "a value from the command line ran in a shell"
added=$(git status --porcelain --untracked-files=all | grep -c function.json)
[ "$added" = 31 ] || fail "31 functions were added, and there are $added"

say "make lint test build package"
rm -f handler.bin deploy.zip
for target in lint test build package; do say "make $target" && quiet_make $target; done
say "make test runs the user's tests and no others"
TIMEFORMAT="make test took %R s; the goal is at most 3, when it is built"
time quiet_make test
[ "$(grep -c ' Running ' "$log")" = 1 ] && grep -q ' Running tests/functions' "$log" || { cat "$log"; fail "make test runs more, or less"; }
[ -x handler.bin ] && [ -s deploy.zip ] || fail "no handler.bin, or no deploy.zip"
(( $(unzip -l deploy.zip 2>/dev/null | grep -c function.json) == 31 )) || ! command -v unzip >/dev/null || fail "not all are packed"

say "the binary answers, also for the function called handler"
FUNCTIONS_CUSTOMHANDLER_PORT=0 ./handler.bin >"$log" 2>&1 & handler=$!
trap 'kill -9 $handler' EXIT
patience=$((SECONDS + 30))
until grep -q '127.0.0.1:[0-9]*$' "$log"; do
    kill -0 $handler && (( SECONDS < patience )) || { cat "$log"; fail "handler.bin does not start"; }
    sleep 0.1
done
address=$(sed -n 's,.*http://,,p' "$log")
answer=$(curl -sS "http://$address/api/handler?item=pen")
[ "$answer" = '{"item":"pen"}' ] || fail "the function handler answers: $answer"
kill -9 $handler && trap - EXIT
wait $handler 2>/dev/null || true

say "make check finds what does not fit"
sed -i.bak 's/"queueName": "plain-queue-in"/"queueName": "other"/; s/queueTrigger/queueTriger/' plain-queue/function.json
refused 'plain-queue/function.json: ' check
mv plain-queue/function.json.bak plain-queue/function.json
sed -i.bak 's/"isRequired": true/"isRequired": false/' plain-mcp/tool.json
refused 'make check FIX=1' check
quiet_make check FIX=1
mv plain-mcp/tool.json.bak plain-mcp/tool.json
quiet_make check FIX=1

say "make check and make new where the code does not compile"
cp src/functions/plain_queue.rs "$log.rs" && echo "no such thing" >>src/functions/plain_queue.rs
refused 'error: the app does not compile, so its table could not be read' check
quiet_make new NAME=while-broken TRIGGER=timer
quiet_make remove NAME=while-broken
mv "$log.rs" src/functions/plain_queue.rs

say "the template's newer machinery replaces the app's"
echo "// old" >>src/host/router.rs && rm tests/stand-in/src/commands/lock.rs && save "Functions, and old machinery"
eval "$(sed -n '/^git restore /,/^```/p' docs/guide.md | grep -v '^```')"
git diff --quiet HEAD -- src/functions tests/functions || fail "the user's own files changed"
git diff --quiet template/main -- src/host src/server tests/stand-in ':!tests/stand-in/tests' || fail "the machinery is not the template's"
save "Newer machinery"

say "make remove, and an app without any function"
for name in $(git ls-files '*/function.json' | grep -v '^tests/' | sed 's,/.*,,'); do quiet_make remove NAME="$name"; done
[ ! -e plain-queue ] && [ -e target/removed/plain-queue-1/src/functions/plain_queue.rs ] || fail "plain-queue is not in target/removed"
# All but the binary's name, which may stay.
git checkout -q mine -- host.json
git add -A && git diff --quiet mine || fail "make remove left something behind"
for target in lint test build package; do say "make $target" && quiet_make $target; done

say "an app of one function"
quiet_make new NAME=only TRIGGER=http
quiet_make lint
cargo test -q --test functions >"$log" 2>&1 || { cat "$log"; fail "the tests of one function fail"; }
say "done"
