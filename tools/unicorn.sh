# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sees to it that pkg-config finds Unicorn >= 2.1.4: the system's own, or
# Debian's newer binary in deps/unicorn, or one built there from Debian's source
# package. Nothing of the system is replaced. Sourced by ../quickstart after
# archive.sh.

: "${root:?}" "${work:?}" "${source_packages[*]:?}"

unicorn_least=2.1.4
unicorn_suite=forky
unicorn_version=2.1.4-4
unicorn_lib_sum=80cf407cdc4a8450d1c1f924c232516bc3bf0604804aa1ae01c2594a88ed7724
unicorn_dev_sum=e4a7f4de0a57e5b1de73a9495779a01d65d7260560ab9c9d0af9d94d4089c369
unicorn_orig=unicorn-engine_2.1.4.orig.tar.gz
unicorn_orig_sum=0500c1f36307dd098d13a43cb480ee852c6c76d366f89a8d7a2527b65fc3b394
unicorn_dir=$root/deps/unicorn

need_unicorn() {
    local want=${QUICKSTART_UNICORN:-auto}
    case $want in
        auto | system | binary | source) ;;
        *) die "QUICKSTART_UNICORN=$want: not one of auto, system, binary, source" ;;
    esac
    if [[ $want == auto || $want == system ]]; then
        if pkg-config --atleast-version="$unicorn_least" unicorn; then
            say "Unicorn $(pkg-config --modversion unicorn), the system's own"
            return
        fi
        [[ $want == auto ]] || die "the system has no Unicorn >= $unicorn_least"
    fi
    unicorn_kept "$want" || unicorn_install "$want"
    export PKG_CONFIG_PATH=$unicorn_dir/lib/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
    say "Unicorn $unicorn_least in deps/unicorn ($(<"$unicorn_dir/origin"))"
}

# Is what an earlier start left in deps/unicorn what is wanted, and does it run?
unicorn_kept() {
    local origin
    [[ -r $unicorn_dir/origin && -x $unicorn_dir/probe ]] || return 1
    origin=$(<"$unicorn_dir/origin")
    case "$1:$origin" in
        auto:"source of $unicorn_orig" | source:"source of $unicorn_orig") ;;
        auto:"binary $unicorn_version" | binary:"binary $unicorn_version") ;;
        *) return 1 ;;
    esac
    "$unicorn_dir/probe" 2>/dev/null
}

unicorn_install() {
    local want=$1 stage=$work/unicorn
    case $want in
        source) unicorn_from_source "$stage" || die "cannot build Unicorn from Debian's source package" ;;
        binary) unicorn_from_binary "$stage" || die "cannot use Debian's Unicorn $unicorn_version" ;;
        auto)
            unicorn_from_binary "$stage" || {
                say "Debian's Unicorn $unicorn_version cannot be used here: building it from source"
                rm -rf "$stage"
                unicorn_from_source "$stage" ||
                    die "no Unicorn >= $unicorn_least: neither Debian's binary nor its source package could be used"
            }
            ;;
    esac
    unicorn_put "$stage" || die "cannot write deps/unicorn"
}

# Whole or not at all: a start that is interrupted leaves nothing half made.
unicorn_put() {
    mkdir -p "$root/deps" &&
        rm -rf "$unicorn_dir" "$unicorn_dir.new" &&
        cp -a "$1" "$unicorn_dir.new" &&
        mv "$unicorn_dir.new" "$unicorn_dir"
}

# Debian's binary packages: they need libc6 >= 2.34 alone, so they also run on
# the releases before the one they were built for.
unicorn_from_binary() {
    local stage=$1 unpacked=$work/unicorn-debs lib
    [[ $(dpkg --print-architecture) == amd64 ]] || {
        say "no Unicorn binary is pinned for $(dpkg --print-architecture)"
        return 1
    }
    archive_deb "$unicorn_suite" amd64 libunicorn2t64 "$unicorn_version" "$unicorn_lib_sum" || return 1
    dpkg -x "${archive_file:?}" "$unpacked" || return 1
    archive_deb "$unicorn_suite" amd64 libunicorn-dev "$unicorn_version" "$unicorn_dev_sum" || return 1
    dpkg -x "$archive_file" "$unpacked" || return 1
    lib=$unpacked/usr/lib/x86_64-linux-gnu
    mkdir -p "$stage/lib" &&
        cp -a "$unpacked/usr/include" "$stage/" &&
        cp -a "$lib"/libunicorn.so* "$stage/lib/" &&
        cp "$unpacked/usr/share/doc/libunicorn2t64/copyright" "$stage/" || return 1
    unicorn_finish "$stage" "binary $unicorn_version"
}

unicorn_from_source() {
    local stage=$1
    need_packages "${source_packages[@]}"
    archive_source "$unicorn_suite" unicorn-engine "$unicorn_orig" "$unicorn_orig_sum" || return 1
    unicorn_build "$archive_file" "$stage"
}

# unicorn_build SOURCE STAGE: x86 only, which is a tenth of the whole. It is
# built in the temporary folder because its configure takes no path with spaces.
unicorn_build() {
    local source=$1 stage=$2 build=$work/unicorn-build
    say "building Unicorn from source, x86 only (some minutes)"
    quietly cmake -S "$source" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
        -DUNICORN_ARCH=x86 -DBUILD_SHARED_LIBS=ON -DUNICORN_LEGACY_STATIC_ARCHIVE=OFF \
        -DUNICORN_BUILD_TESTS=OFF -DUNICORN_INSTALL=ON \
        -DCMAKE_INSTALL_PREFIX="$stage" -DCMAKE_INSTALL_LIBDIR=lib || return 1
    quietly cmake --build "$build" || return 1
    quietly cmake --install "$build" || return 1
    cp "$source/COPYING" "$stage/copyright" || return 1
    unicorn_finish "$stage" "source of $unicorn_orig"
}

# Writes the pkg-config file, relative to its own place, and proves that a
# program links with the library, loads it and finds the version wanted.
unicorn_finish() {
    local stage=$1 origin=$2
    rm -f "$stage"/lib/libunicorn*.a
    mkdir -p "$stage/lib/pkgconfig"
    cat >"$stage/lib/pkgconfig/unicorn.pc" <<-END
	prefix=\${pcfiledir}/../..
	libdir=\${prefix}/lib
	includedir=\${prefix}/include

	Name: unicorn
	Description: Unicorn emulator engine
	Version: $unicorn_least
	Libs: -L\${libdir} -lunicorn
	Cflags: -I\${includedir}
	END
    cat >"$stage/probe.c" <<-'END'
	#include <unicorn/unicorn.h>

	int main(void)
	{
	    uc_engine *uc;
	    unsigned int major, minor;

	    uc_version(&major, &minor);
	    if (major != UC_API_MAJOR || minor != UC_API_MINOR)
	        return 1;
	    if (uc_open(UC_ARCH_X86, UC_MODE_32, &uc) != UC_ERR_OK)
	        return 1;
	    return uc_close(uc) != UC_ERR_OK;
	}
	END
    # shellcheck disable=SC2016 # $ORIGIN is the loader's
    quietly gcc -I "$stage/include" -o "$stage/probe" "$stage/probe.c" \
        -L "$stage/lib" -lunicorn '-Wl,-rpath,$ORIGIN/lib' || return 1
    quietly "$stage/probe" || {
        say "this Unicorn ($origin) does not load"
        return 1
    }
    printf '%s\n' "$origin" >"$stage/origin"
}
