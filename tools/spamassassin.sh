#!/bin/sh
# Runs a Perl script with SpamAssassin's modules: those of Debian's packages, unpacked in .cache/spamassassin (nothing is
# installed, so that root is not needed), else the machine's own. The script finds in SPAMASSASSIN_ROOT where the packages
# are unpacked; it is empty for the machine's own.
# usage: tools/spamassassin.sh SCRIPT [ARGUMENT...], or without a script only to have SpamAssassin at hand
set -eu
home=$(cd "$(dirname "$0")/.." && pwd)/.cache/spamassassin
new=$home.new

# With the machine's lists of packages, or with ones of our own: in a container they may be missing or old.
apt() {
  lists=$1
  shift
  apt-get -qq -o Debug::NoLocking=1 -o APT::Sandbox::User=root -o Acquire::Retries=2 -o Acquire::http::Timeout=30 \
    -o "Dir::State::lists=$lists" -o "Dir::Cache=$new" "$@" >&2
}

download() { # --reinstall also fetches what is installed already
  apt "$1" install --yes --no-install-recommends --reinstall --download-only spamassassin
}

unpack() {
  rm -rf "$new"
  mkdir -p "$new/archives/partial" "$new/lists/partial" "$new/root"
  download /var/lib/apt/lists 2>/dev/null || { apt "$new/lists" update && download "$new/lists"; } || return 1
  for package in "$new"/archives/*.deb; do dpkg-deb -x "$package" "$new/root" || return 1; done
  rm -rf "$home" "$new/archives" "$new/lists" "$new"/*.bin
  mv "$new" "$home"
}

if [ ! -d "$home" ] && command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null; then
  echo 'Unpacking SpamAssassin, by whose rules the tests score messages' >&2
  unpack || rm -rf "$new"
fi

if [ -d "$home" ]; then
  export SPAMASSASSIN_ROOT="$home/root"
  for folder in "$home"/root/usr/share/perl5 "$home"/root/usr/share/perl/* "$home"/root/usr/lib/*/perl5/* "$home"/root/usr/lib/*/perl/*; do
    [ ! -d "$folder" ] || PERL5LIB=$folder${PERL5LIB:+:$PERL5LIB}
  done
  export PERL5LIB
  perl=/usr/bin/perl # the one that the packages are made for
elif perl -MMail::SpamAssassin -e 1 2>/dev/null; then
  export SPAMASSASSIN_ROOT=
  perl=perl
else
  cat >&2 <<'END'
SpamAssassin, by whose rules the tests score messages, is not on this machine and could not be downloaded.
Install it: apt-get install spamassassin (Debian), dnf install spamassassin (Fedora), brew install spamassassin (macOS).
END
  exit 69
fi
[ $# = 0 ] || exec "$perl" "$@"
