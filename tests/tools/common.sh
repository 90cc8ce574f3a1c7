# Shared by the scripts of this directory: where prepared tools live and how Debian packages are had.
# Every script here prepares one tool, does nothing when it is there already, and prints the tool's path.

set -euo pipefail

cache="${INFRA_TESTS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/infra-tests}"
mkdir -p "$cache"

# Half-prepared directories never outlive a failure.
scratch=()
remove_scratch() { [ "${#scratch[@]}" -eq 0 ] || rm -rf "${scratch[@]}"; }
trap remove_scratch EXIT

# Makes a directory beside its final place, so that finishing is one rename.
make_scratch() {
    work=$(mktemp -d "$1.XXXXXX")
    chmod 755 "$work"
    scratch+=("$work")
}

# Another run may have been faster; either result is complete.
put_in_place() { mv -T "$1" "$2" 2>/dev/null || [ -e "$2" ]; }

say() { printf '%s\n' "$*" >&2; }

die() {
    say "tests: $*"
    exit 1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo -n "$@" || die "\`$*\` needs root: run as root, or let sudo work without a password"
    fi
}

# Repeats a command that fails while another process holds one of apt's locks.
with_apt_lock() {
    local deadline=$((SECONDS + 900)) output
    until output=$("$@" 2>&1); do
        if ! grep -qiE 'could not get lock|unable to (acquire|lock)' <<<"$output" || [ "$SECONDS" -ge "$deadline" ]; then
            printf '%s\n' "$output" >&2
            return 1
        fi
        sleep 3
    done
}

# Installs packages without asking anything and without starting a service.
apt_install() {
    local policy=/usr/sbin/policy-rc.d made_policy=no status=0
    say "tests: installing $*"
    if [ ! -e "$policy" ]; then
        made_policy=yes
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
    fi
    with_apt_lock as_root apt-get -qq -o DPkg::Lock::Timeout=900 update &&
        with_apt_lock as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a \
            apt-get -qq -y -o DPkg::Lock::Timeout=900 --no-install-recommends install "$@" </dev/null || status=$?
    if [ "$made_policy" = yes ]; then
        as_root rm -f "$policy"
    fi
    [ "$status" -eq 0 ] || die "apt-get could not install $*"
}

# Unpacks packages of Debian's newest suite, with all the libraries they need, below a directory of their own:
# their libc is newer than the system's, so they run through their own loader and are never installed.
unpack_sid() {
    local root=$1 codename uri
    shift
    [ ! -e "$root" ] || return 0
    codename=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
    uri=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
        awk -v release="$codename" '$2 == release && $3 == "main" { print $1; exit }')
    [ -n "$uri" ] || die "no Debian mirror among this machine's apt sources for suite \`$codename\`"

    say "tests: unpacking $* below $root"
    mkdir -p "$(dirname "$root")"
    make_scratch "$root"
    mkdir -p "$work"/{lists/partial,archives/partial,root}
    printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s sid main\n' "$uri" >"$work/sources.list"
    local private=(
        -o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=/dev/null
        -o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work" -o APT::Sandbox::User=root
        -o "Dir::Cache::pkgcache=" -o "Dir::Cache::srcpkgcache=" -o Acquire::Languages=none
    )
    apt-get -qq "${private[@]}" update >&2 || die "apt-get could not read the package lists of suite sid"
    local closure
    closure=$(apt-cache "${private[@]}" depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks \
        --no-replaces --no-enhances "$@" | grep '^[a-z0-9]' | grep -vE '^(perl|libperl|dpkg|debconf|adduser|passwd)' | sort -u)
    mkdir "$work/packages"
    # shellcheck disable=SC2086 # one word per package
    (cd "$work/packages" && apt-get -qq "${private[@]}" download $closure >&2) || die "apt-get could not download $*"
    for package in "$work"/packages/*.deb; do
        dpkg -x "$package" "$work/root"
    done
    put_in_place "$work/root" "$root"
}
