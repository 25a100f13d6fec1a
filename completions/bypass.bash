# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Completion of bypass for bash. The words come from the program itself: its lists and help texts.

# _bypass_commands PROGRAM [lab]: the words of its help's lines "bypass [lab] WORD ..."; a|b are two.
_bypass_commands()
{
	"$@" --help 2>/dev/null | sed -n "s/^ *bypass ${2:+$2 }\\([a-z|]*\\)[ ,:].*/\\1/p" | tr '|' '\n' | sort -u
}

# _bypass_list PROGRAM paths|suites: first words; what is indented goes on with the line before.
_bypass_list()
{
	"$1" list "$2" 2>/dev/null | sed -n 's/^\([^ ]\{1,\}\).*/\1/p'
}

# The part of a target that is typed as it stands: file:, testbed:pmem/, ...
_bypass_targets()
{
	"$1" list targets 2>/dev/null | sed -n '/^testbed: /d; s/^\([a-z]*:[a-z/-]*\).*/\1/p' | sort -u
}

# _bypass_options PROGRAM COMMAND: of its help; those with a value end in "=".
_bypass_options()
{
	"$@" --help 2>/dev/null | grep -oE -e '--[a-z][a-z_-]+=?' | sort -u
	echo --help
}

# _bypass_choices OPTION PROGRAM COMMAND: a, b and c of OPTION=a|b|c in the help.
_bypass_choices()
{
	local option=$1

	# Of report these are two names of one option, whose help lists the choices once.
	[[ $option/$3 != --output-format/report ]] || option=--format
	shift
	[[ $option != --testbed ]] || printf '%s\n' instructions ns
	"$@" --help 2>/dev/null | grep -oE -e "$option=[^ ]*\|[^ ]*" | head -n 1 | cut -d = -f 2- |
		tr '|' '\n' | sed 's/[A-Z]*$//'
}

# NVMe disks, with the kernel's driver or ours.
_bypass_disks()
{
	local path

	for path in /sys/bus/pci/drivers/{nvme,vfio-pci}/*:*; do
		[[ ! -e $path ]] || echo "${path##*/}"
	done
}

# _bypass_value PROGRAM COMMAND OPTION VALUE: whole values
_bypass_value()
{
	local list=

	case $3 in
	--path)
		[[ $4 != *,* ]] || list=${4%,*},
		compgen -P "$list" -W "$(_bypass_list "$1" paths)" -- "${4##*,}"
		;;
	--target)
		case $4 in
		file:*) compgen -P file: -f -- "${4#file:}" ;;
		block:*) compgen -P block: -f -- "${4#block:}" ;;
		*) compgen -W "$(_bypass_targets "$1")" -- "$4" ;;
		esac
		;;
	--results | --export-json) compgen -f -- "$4" ;;
	*) compgen -W "$(_bypass_choices "$3" "$1" "$2")" -- "$4" ;;
	esac
}

# _bypass_words PROGRAM COMMAND WORD: what WORD may become
_bypass_words()
{
	case $2/$3 in
	*/--*=*) _bypass_value "$1" "$2" "${3%%=*}" "${3#*=}" | sed "s/^/${3%%=*}=/" ;;
	export/-*) compgen -W "--fio $(_bypass_options "$1" run)" -- "$3" ;;
	*/-*) compgen -W "$(_bypass_options "$1" "$2")" -- "$3" ;;
	run/* | export/*)
		compgen -W "$(_bypass_list "$1" suites)" -- "$3"
		compgen -f -X '!*.@(fio|ini)' -- "$3"
		;;
	list/*) compgen -W 'paths suites targets' -- "$3" ;;
	report/* | compare/*)
		compgen -W @last -- "$3"
		compgen -f -- "$3"
		;;
	bind/* | unbind/*) compgen -W "$(_bypass_disks)" -- "$3" ;;
	lab/*) compgen -W "$(_bypass_commands "$1" lab)" -- "$3" ;;
	esac
}

_bypass()
{
	local line=${COMP_LINE:0:COMP_POINT} breaks=${COMP_WORDBREAKS//[^=:]/} word before i
	local -a words

	read -ra words <<<"$line"
	# Bash takes a word apart at "=" and ":"; this is the whole of it.
	word=${line##*[[:space:]]}
	before=${#words[@]}
	[[ -z $word ]] || before=$((before - 1))
	if ((before == 1)); then
		mapfile -t COMPREPLY < <(compgen -W "$(_bypass_commands "$1") --help --version" -- "$word")
	elif [[ ${words[1]} == lab ]] && ((before == 3)); then
		mapfile -t COMPREPLY < <(compgen -W "$("$1" lab list 2>/dev/null |
			sed -n 's/^ *\([0-9]\{1,\}\)  [a-z].*/\1/p')" -- "$word")
	else
		mapfile -t COMPREPLY < <(_bypass_words "$1" "${words[1]}" "$word")
	fi
	# A value follows.
	case ${COMPREPLY[*]} in
	*[=:/,]) compopt -o nospace 2>/dev/null ;;
	esac
	# What bash holds for words before this one must not come again.
	before=
	[[ -z $breaks ]] || before=${word%"${word##*["$breaks"]}"}
	for i in "${!COMPREPLY[@]}"; do
		COMPREPLY[i]=${COMPREPLY[i]#"$before"}
	done
}

complete -F _bypass bypass
