package libvirt

import (
	"fmt"
	"hash/fnv"
	"strings"
	"time"
)

// divider stands between the parts of what a script prints.
const divider = "~~~"

// locks is how many files the names of machines are spread over.
const locks = 1024

// marks is the namespace of the element that says whose a domain is. It is stored with domains: it never changes.
const marks = "urn:yardmaster:machine:1"

// script composes what runs on one hypervisor. V is virsh: it begins nothing once the script's time is over, since a script may
// outlive its caller, and takes no longer than $most if that is set. Q is V for a question that is quick if it is answered.
type script struct {
	strings.Builder
	limit int // seconds
}

func newScript(h *hypervisor, limit time.Duration) *script {
	s := &script{limit: int(limit / time.Second)}
	s.add(`set -e
export LC_ALL=C
most=
V() {
  local left=$((%d - SECONDS))
  if [ "$left" -le 0 ]; then
    echo 'time is over' >&2
    exit %d
  fi
  if [ "$most" ] && [ "$most" -lt "$left" ]; then
    left=$most
  fi
  timeout --foreground -k 5 "$left" virsh -q -c %s "$@"
}
Q() {
  V "$@" || {
    local status=$?
    case $status in
    %[2]d | %[4]d) echo '%[5]s' >&2 ;;
    esac
    return $status
  }
}
`, s.limit, exitLate, quote(h.uri), exitKilled, sayNothing)
	return s
}

// add appends formatted lines.
func (s *script) add(format string, args ...any) *script {
	fmt.Fprintf(s, format, args...)
	return s
}

// lock lets one script at a time work on a machine, and leaves a quarter of the script's time to work in. The file is on a file
// system that a boot empties; several names may share it.
func (s *script) lock(name string) *script {
	sum := fnv.New32a()
	sum.Write([]byte(name))
	return s.add(`locks=${XDG_RUNTIME_DIR:-/run/lock}/yardmaster
mkdir -p -m 700 "$locks"
exec 9> "$locks/vm-%04d"
flock -w %d 9 || {
  echo 'another script is at work on %s' >&2
  exit %d
}
`, sum.Sum32()%locks, s.limit-s.limit/4, name, exitBusy)
}

// listed sets $there if there is a domain of that name or UUID. Only a list that succeeded says that there is none.
func (s *script) listed(domain string) *script {
	by := "--name"
	if uuidShape.MatchString(domain) {
		by = "--uuid"
	}
	return s.add(`names=$(Q list --all %s)
case $'\n'"$names"$'\n' in
*$'\n'%s$'\n'*) there=yes ;;
*) there= ;;
esac
`, by, domain)
}

// absent is what a script says that has no such machine.
const absent = "absent"

// whose sets $mark to the element that says whose the domain is, empty if it has none.
func (s *script) whose(name string) *script {
	return s.add("mark=$(V metadata %s %s 2>&1) || %s", name, marks, otherwise("$mark", "mark=", "metadata not found"))
}

// ours ends the script unless the pool has a machine of that name here.
func (s *script) ours(name, pool string) *script {
	s.listed(name).add("[ \"$there\" ] || { echo %s; exit 0; }\n", absent).whose(name)
	return s.add("case \"$mark\" in\n*' pool=\"%s\"'*) ;;\n*) echo %s; exit 0 ;;\nesac\n", pool, absent)
}

// tolerate runs a command whose words are kept in $out, and forgives a refusal with one of the phrases.
func (s *script) tolerate(command string, phrases ...string) *script {
	return s.add("out=$(%s 2>&1) || %s", command, otherwise("$out", ":", phrases...))
}

// otherwise does something else if the words of a refusal hold one of the phrases, and is refused if not.
func otherwise(words, instead string, phrases ...string) string {
	return fmt.Sprintf("case \"%[1]s\" in\n*'%[2]s'*) %[3]s ;;\n*)\n  printf '%%s\\n' \"%[1]s\" >&2\n  exit 5 ;;\nesac\n",
		words, strings.Join(phrases, "'* | *'"), instead)
}

// given ends a command with text as its input.
func given(text string) string {
	return "/dev/stdin > /dev/null << 'END OF INPUT'\n" + strings.TrimSuffix(text, "\n") + "\nEND OF INPUT\n"
}

// batch is one call of virsh for several commands: quicker than one by one. That one was refused shows only in what is missing
// between the dividers.
func batch(commands ...string) string {
	return quote(strings.Join(commands, "; echo "+word("\n"+divider+"\n")+"; "))
}

// word makes s, which holds no quotes, one word for virsh's own parser.
func word(s string) string { return "'" + s + "'" }
