#!/bin/sh
# Runs uv with the given arguments: the one on the PATH, else the pinned one from PyPI in a folder of its own (.cache/uv).
set -eu
cd "$(dirname "$0")/.."

# Behind a proxy that signs with its own certificate only the system's store knows the signer (the second name is older uv's).
export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}" UV_NATIVE_TLS="${UV_NATIVE_TLS:-true}"
export UV_NO_PROGRESS=1
# pip reads this one and uv does not.
[ -z "${PIP_INDEX_URL:-}" ] || export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$PIP_INDEX_URL}"

if uv --version >/dev/null 2>&1; then
  exec uv "$@"
fi

home=.cache/uv
if ! "$home/bin/uv" --version >/dev/null 2>&1; then
  for python in python3.11 python3.12 python3 python3.13 python3.14 ""; do
    if "${python:-false}" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then break; fi
  done
  if [ -z "$python" ]; then
    echo "No Python 3.11 or newer on the PATH. On Debian: apt-get install python3 python3-venv" >&2
    exit 1
  fi
  echo "uv is not on the PATH: installing it into $home" >&2
  rm -rf "$home"
  install="install --quiet --disable-pip-version-check --no-warn-script-location --require-hashes -r requirements/uv.txt"
  if "$python" -m venv "$home" >/dev/null 2>&1; then
    "$home/bin/python" -m pip $install >&2
  elif "$python" -m pip --version >/dev/null 2>&1; then
    rm -rf "$home"
    "$python" -m pip $install --target "$home" >&2
  else
    echo "$python has neither venv with ensurepip nor pip. On Debian: apt-get install python3-venv" >&2
    exit 1
  fi
fi
exec "$home/bin/uv" "$@"
