# Shared by the scripts that build a reference tool of Go: a Go, and how a tool is built with it.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# Builds a program at an exact version, unless it is there, and prints its path: NAME VERSION PACKAGE.
go_tool() {
    local name=$1 version=$2 package=$3 go home=$cache/$1-$2
    if [ ! -x "$home/$name" ]; then
        go=$(command -v go) || {
            unpack_sid "$cache/go-sid" golang-go
            go=$(echo "$cache"/go-sid/usr/lib/go-*/bin/go)
        }
        say "tests: building $name $version"
        mkdir -p "$cache"
        make_scratch "$home"
        # A module of its own: `go install` refuses what replaces its dependencies.
        (cd "$work" && "$go" mod init "$name-build" && "$go" get "$package@v$version" && CGO_ENABLED=0 "$go" build -o "$name" "$package") >&2 </dev/null ||
            die "Go could not build $name $version"
        put_in_place "$work" "$home"
    fi
    printf '%s\n' "$home/$name"
}
