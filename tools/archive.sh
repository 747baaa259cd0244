# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Fetches single packages from Debian's archive through a private apt
# configuration: apt verifies signatures, and no apt state of the system is
# read for writing or changed. Sourced by ../quickstart, which provides say,
# quietly and $work (a private temporary folder, removed at the end).

: "${work:?}"
archive_keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# Prints the address of the Debian mirror that the system's apt is set up to
# use (the main archive, not security or updates), or nothing.
archive_mirror() {
    if [[ -n ${QUICKSTART_MIRROR:-} ]]; then
        printf '%s\n' "${QUICKSTART_MIRROR%/}"
        return
    fi
    local origin suite component uri guess=
    while IFS='|' read -r origin suite component uri; do
        [[ $component == main ]] || continue
        case $suite in
            stable | oldstable | oldoldstable | testing | unstable | sid) ;;
            bullseye | bookworm | trixie | forky) ;;
            *) continue ;;
        esac
        uri=${uri%/}
        if [[ $origin == Debian ]]; then
            printf '%s\n' "$uri"
            return
        fi
        [[ -n $guess || $uri != */debian ]] || guess=$uri
    done < <(archive_targets; archive_targets --no-release-info)
    printf '%s\n' "$guess"
}

# What the system's apt is set up to read. It knows whose archive an entry is
# (the origin) only after an update: without release info it lists all, unsure.
archive_targets() {
    apt-get indextargets "$@" --format "\$(ORIGIN)|\$(RELEASE)|\$(COMPONENT)|\$(REPO_URI)" \
        'Created-By: Packages' 2>/dev/null
}

# archive_open KIND SUITE ARCH: writes the private configuration for one suite
# and one architecture and loads the suite's index, once. KIND: deb or deb-src.
# Sets archive_dir; its apt.conf is what the functions below use.
archive_open() {
    local kind=$1 suite=$2 arch=$3 mirror
    archive_dir=$work/apt-$kind-$suite-$arch
    [[ ! -e $archive_dir/ready ]] || return 0
    [[ -r $archive_keyring ]] || {
        say "no $archive_keyring (Debian package debian-archive-keyring)"
        return 1
    }
    mirror=$(archive_mirror)
    [[ -n $mirror ]] || {
        say "the system's apt configuration names no Debian mirror; set QUICKSTART_MIRROR"
        return 1
    }
    mkdir -p "$archive_dir"/{lists,cache/archives}/partial "$archive_dir/files"
    # root's apt downloads as this user, where it may write there.
    ((EUID != 0)) || chown _apt "$archive_dir/files" || return 1
    printf '%s [arch=%s signed-by=%s] %s %s main\n' \
        "$kind" "$arch" "$archive_keyring" "$mirror" "$suite" >"$archive_dir/sources.list"
    archive_apt_conf "$archive_dir" "$arch" >"$archive_dir/apt.conf"
    say "reading the index of Debian $suite ($arch, $kind)"
    quietly archive_apt update || return 1
    : >"$archive_dir/ready"
}

# Of the system's configuration only how to reach the archive is kept (proxies
# and the like, and what the owner says of mirrors that lag behind): its hooks
# would run with the system's folders in mind.
archive_apt_conf() {
    local dir=$1 arch=$2
    cat <<-END
	Dir::Etc::Main "/dev/null";
	Dir::Etc::Parts "/dev/null";
	Dir::Etc::SourceList "$dir/sources.list";
	Dir::Etc::SourceParts "/dev/null";
	Dir::Etc::Preferences "/dev/null";
	Dir::Etc::PreferencesParts "/dev/null";
	Dir::State::Lists "$dir/lists";
	Dir::Cache "$dir/cache";
	Dir::Log "$dir";
	APT::Architecture "$arch";
	APT::Architectures { "$arch"; };
	APT::Update::Error-Mode "any";
	END
    apt-config dump | grep -E '^Acquire::(http|https|tor|ForceIPv[46]|Queue-Mode|Check-)' || true
    printf 'Acquire::Languages "none";\nAcquire::Retries "2";\n'
}

archive_apt() {
    APT_CONFIG=$archive_dir/apt.conf apt-get -q "$@"
}

# has_sum FILE SHA256: is the file there, with this sum?
has_sum() {
    [[ -f $1 ]] && sha256sum --check --status <<<"$2  $1"
}

# archive_deb SUITE ARCH PACKAGE VERSION SHA256: fetches one binary package
# and checks it against its pin. Sets archive_file.
archive_deb() {
    local suite=$1 arch=$2 package=$3 version=$4 sum=$5 file
    archive_open deb "$suite" "$arch" || return 1
    archive_file=
    say "fetching $package $version ($suite, $arch)"
    (cd "$archive_dir/files" && quietly archive_apt download "$package=$version") || return 1
    for file in "$archive_dir/files/${package}_"*_{"$arch",all}.deb; do
        if has_sum "$file" "$sum"; then
            archive_file=$file
            return 0
        fi
    done
    say "$package $version: the SHA-256 sum is not the pinned one"
    return 1
}

# archive_source SUITE PACKAGE ORIG SHA256: fetches the suite's source package
# whose upstream tarball is ORIG, checks the tarball against its pin, and
# unpacks it with Debian's patches. Sets archive_file to the folder.
archive_source() {
    local suite=$1 package=$2 orig=$3 sum=$4
    archive_open deb-src "$suite" "$(dpkg --print-architecture)" || return 1
    archive_file=$archive_dir/$package
    say "fetching the source package $package ($suite)"
    (cd "$archive_dir/files" && quietly archive_apt source --download-only "$package") || return 1
    has_sum "$archive_dir/files/$orig" "$sum" || {
        say "$package: the archive no longer has $orig with the pinned SHA-256 sum"
        return 1
    }
    quietly dpkg-source --extract "$archive_dir/files/${package}_"*.dsc "$archive_file"
}
