# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for ring1(1)

_ring1()
{
    local cur prev words cword split
    if declare -F _init_completion >/dev/null; then
        _init_completion -s || return
    else
        cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
        words=("${COMP_WORDS[@]}") cword=$COMP_CWORD
    fi

    local options runs traces
    runs="--memory --name --maxmem --vcpus --initrd --disk --net --net-dump --console --control --xenstore --append --abi --xen --cpu --mfn --time --date --input --max-time
            --max-guest-time --max-hypercalls --on-reboot --on-suspend --sandbox --console-io --segment-limits --preempt --save --at --load --record --report
            --gdb --gdb-wait --core --symbols --raw --help"
    traces="--output --relative-timestamps --timestamps --call-times --string-limit --list-limit --stack-traces
            --const-print-style --expression --touches --summary-only --summary --summary-sort-by --json --perfetto --xentrace --hc"
    case ${words[1]-} in
    run) options="$runs --trace" ;;
    trace)
        options="$runs $traces"
        ;;
    replay) options="$traces --until --info --hash --gdb --trace --symbols --report --core --max-time --sandbox --help" ;;
    info) options="--memory --maxmem --vcpus --initrd --raw --abi --xen --json --sandbox --help" ;;
    ctl)
        options="--json --help"
        [[ $cur == -* ]] || mapfile -t COMPREPLY < <(compgen -W "status shutdown reboot suspend sysrq nmi balloon vcpus
            pause resume destroy xenstore" -- "$cur")
        [[ ${#COMPREPLY[@]} -eq 0 ]] || return
        ;;
    hypercalls) options="--abi --xen --json --help" ;;
    seq)
        if ((cword == 2)); then
            mapfile -t COMPREPLY < <(compgen -W "run check fmt min export import --help" -- "$cur")
            return
        fi
        case ${words[2]-} in
        run) options="--trace --console --quiet --abi --xen --sandbox --help" ;;
        check) options="--abi --xen --sandbox --help" ;;
        fmt) options="--in-place --sandbox --help" ;;
        min) options="--output --tries --sandbox --help" ;;
        export) options="--elf --expected --skip-backends --watch --sandbox --help" ;;
        import) options="--output --sandbox --help" ;;
        esac
        ;;
    fuzz)
        options="--abi --xen --runs --seconds --seed --corpus --merge --finds --max-finds --checks --tries --module --json
            --quiet --dictionary --oracle --calls --batch --rounds --sandbox --guest --buffer --length --from --until --crash --skip --budget --max-guest-time --max-input --words
            --host-only --load --symbols --input --trace --hc --memory --name --maxmem --vcpus --initrd --disk --net --xenstore --append
            --cpu --mfn --time --date --console-io --segment-limits --preempt --raw --help"
        if ((cword == 2)) && [[ $cur != -* ]]; then
            mapfile -t COMPREPLY < <(compgen -W "triage show import" -- "$cur")
            return
        fi
        ;;
    diff) options="--ignore --window --context --shown --domain --tsc-hz --json --quiet --sandbox --help" ;;
    esac
    if ((cword == 1)); then
        mapfile -t COMPREPLY < <(compgen -W "run trace replay info diff hypercalls seq fuzz ctl --help --version --gdb-script" -- "$cur")
        return
    fi

    local values
    case $prev in
    --abi) values="auto xen-2.0 xen-3.0 xen-3.0-pae" ;;
    --xen) values="2.0 3.0.0 3.0.4 3.2 4.17" ;;
    --cpu) values="list atom pentium-m pentium3 pentium2" ;;
    --mfn) values="identity offset shuffle sparse" ;;
    -e | --expression) values="event=all event=upcall event=exception event=emulated event=store event=frame event=device" ;;
    --net) values="user user,restrict none" ;;
    --time) values="virtual real" ;;
    --date) values="now" ;;
    --on-reboot) values="exit restart" ;;
    --on-suspend) values="exit resume cancel" ;;
    --console-io) values="allow deny" ;;
    --segment-limits) values="strict off" ;;
    --sandbox) values="on off report" ;;
    -S | --summary-sort-by) values="time host calls errors name" ;;
    -X | --const-print-style) values="raw abbrev verbose" ;;
    --checks) values="auto full cheap" ;;
    --preempt) values="normal every random:1" ;;
    --vcpus) values="1 2 4 8 16 32" ;;
    --ignore) values="frames time sites why addresses out results vcpus" ;;
    -m | --memory | --maxmem) values="16 64 256 1024 4096" ;;
    --append | --gdb | --max-time | --max-guest-time | --max-hypercalls | --raw | -s | --string-limit | --list-limit | -e | --expression | -P | --touches | --window | --context | --shown | --domain | --tsc-hz) return ;;
    esac
    if [[ -n ${values-} ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$values" -- "$cur")
    elif [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "${options-}" -- "$cur")
    elif [[ ${words[1]} != hypercalls ]]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
    fi
}
complete -o filenames -F _ring1 ring1
