package libvirt

import (
	"context"
	"fmt"
	"strings"
	"unicode"

	"yardmaster/executors/vm"
)

// noteMost is how long a note may be.
const noteMost = 200

// note is a domain's description.
func note(pool, user string) string {
	user = strings.TrimSpace(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(user, " ")))
	if user == "" {
		return fmt.Sprintf("machine of pool %s", pool)
	}
	if runes := []rune(user); len(runes) > noteMost {
		user = string(runes[:noteMost])
	}
	return fmt.Sprintf("machine of pool %s, in use by %s", pool, user)
}

// Tag writes into the domain's description who uses the machine.
func (p *Provider) Tag(ctx context.Context, pool vm.Pool, name, user string) error {
	_, err := p.change(ctx, pool, name, "tag "+name, p.opt.Timeout, func(s *script, at place) {
		text := quote(note(at.pool, user))
		s.state(name).add("V desc %s --config %s > /dev/null\n[ ! \"$on\" ] || V desc %[1]s --live %[2]s > /dev/null\n", name, text)
	})
	return err
}
