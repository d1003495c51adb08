#!/usr/bin/env bash
# What only this template promises: its samples, its pages, the size of ./handler, and the way to an app of one's own.
# A part of .ci/run, after `make build`.
set -euo pipefail
cd "$(dirname "$0")/../.."
step() { printf '\n== %s\n' "$*"; }

step "the samples are the documentation's, on ./handler; README, guide and reference are true"
make test-template

step "the size of ./handler"
limit=575000
size=$(wc -c <handler)
(( size <= limit )) || { echo "./handler has grown to $size bytes, and may have $limit" >&2; exit 1; }
echo "$size bytes, of $limit"

[ ! -e tests/template/acceptance.sh ] || { step "from a clone to an app of one's own"; tests/template/acceptance.sh; }
