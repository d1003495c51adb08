#!/usr/bin/env bash
# An app that was made from the template before 28 November 2026 takes this one's machinery, by the commands of docs/guide.md.
# It works in target/acceptance, after acceptance.sh, which has this template as a commit.
set -euo pipefail
cd "$(dirname "$0")/../.."
template=$PWD old=f970beef044a older=$PWD/target/acceptance/older log=$PWD/target/acceptance/log
export CARGO_TARGET_DIR=$PWD/target/acceptance/target-of-older
fail() { cat "$log"; echo "older: $*" >&2; exit 1; }
run() { echo "-- $*"; "$@" >"$log" 2>&1 || fail "$* failed"; }
save() { git add -A && git -c user.name=older -c user.email=older@localhost commit -qm "$1"; }

if ! git cat-file -e "$old^{commit}" 2>/dev/null; then
    echo "this clone has no commit $old, the template of such an app: git fetch --unshallow" >&2
    [ -z "${CI:-}" ] || exit 1
    echo "not tried" && exit 0
fi
rm -rf "$older" && mkdir "$older"
git archive "$old" | tar -x -C "$older"
cd "$older"
git init -q && save "The old template"
run make mine NAME=older
run make new NAME=ingest TRIGGER=queue OUT=blob
save "An old app"

git fetch -q ../app refs/remotes/template/main:refs/remotes/template/main
eval "$(sed -n '/^git restore /,/^```/p' "$template/docs/guide.md" | grep -v '^```')"
# What the guide says of an app with a folder tests/machinery.
sed -i.bak '/^\[\[bench\]\]$/,/^$/d' Cargo.toml && rm Cargo.toml.bak
once=$(tr '\n' ' ' <"$template/docs/guide.md" | grep -o '`git rm -rq [^`]*`' | tr -d '`')
[ -n "$once" ] || fail "docs/guide.md has no longer a command for old apps"
eval "$once"
save "Newer machinery"
for target in lint check test build package; do run make "$target"; done
run make new NAME=newer TRIGGER=http
run make test
grep -q '^test newer::' "$log" && grep -q '^test ingest::' "$log" || fail "the app's own tests did not run"
