package sim

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"mvdan.cc/sh/v3/syntax"
)

// errNotPlayed marks what bash can do and these nodes do not.
var errNotPlayed = errors.New("the simulated shell does not play this")

// parse reads a script and refuses what the interpreter could only do on the real machine.
func parse(src string) (*syntax.File, error) {
	if strings.ContainsRune(src, 0) {
		return nil, fmt.Errorf("%w: NUL in a script", errNotPlayed)
	}
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(src), "")
	if err != nil {
		return nil, err
	}
	if reason := inspect(file); reason != "" {
		return nil, fmt.Errorf("%w: %s", errNotPlayed, reason)
	}
	file.Name = "bash" // what $0 says
	return file, nil
}

// inspect walks a script once: it says why it cannot be played, if so, and has its subshells give back their locks.
func inspect(file *syntax.File) (reason string) {
	var within []bool // for each node around: whether it is a shell of its own
	shells := 0
	syntax.Walk(file, func(n syntax.Node) bool {
		switch {
		case reason != "":
			return false
		case n == nil: // the way back up
			last := len(within) - 1
			if within[last] {
				shells--
			}
			within = within[:last]
			return true
		}
		if reason = refusal(n); reason == "" && shells > 0 && unseen(n) {
			reason = "a background command in a subshell"
		}
		if reason != "" {
			return false
		}
		sub, own := n.(*syntax.Subshell)
		if own {
			endLocks(sub)
		} else {
			_, own = n.(*syntax.CmdSubst)
		}
		if own {
			shells++
		}
		within = append(within, own)
		return true
	})
	return reason
}

// lockEnd is the command by which a subshell that opened its own standard input gives back the lock on it.
const lockEnd = "subshell-ends"

// endLocks puts lockEnd behind a subshell that says "exec < FILE".
func endLocks(sub *syntax.Subshell) {
	for _, st := range sub.Stmts {
		call, ok := st.Cmd.(*syntax.CallExpr)
		if !ok || len(st.Redirs) == 0 || len(call.Args) != 1 || call.Args[0].Lit() != "exec" {
			continue
		}
		word := &syntax.Word{Parts: []syntax.WordPart{&syntax.Lit{Value: lockEnd}}}
		sub.Stmts = append(sub.Stmts, &syntax.Stmt{Cmd: &syntax.CallExpr{Args: []*syntax.Word{word}}})
		return
	}
}

// refusal says why a part of a script cannot be played.
func refusal(n syntax.Node) string {
	switch n := n.(type) {
	case *syntax.ProcSubst:
		return "process substitution"
	case *syntax.CoprocClause:
		return "coproc"
	case *syntax.Word:
		if len(n.Parts) > 0 {
			if lit, ok := n.Parts[0].(*syntax.Lit); ok && namesHome(lit.Value) {
				return "another user's home"
			}
		}
	case *syntax.Lit:
		if strings.Contains(n.Value, "..") && strings.Contains(n.Value, "{") {
			return "brace ranges"
		}
	case *syntax.UnaryTest:
		if n.Op == syntax.TsUsrOwn || n.Op == syntax.TsGrpOwn || n.Op == syntax.TsFdTerm {
			return "a test of ownership or terminals"
		}
	}
	return ""
}

// unseen tells a command that could outlive its shell: only a script's own statements may run beside it.
func unseen(n syntax.Node) bool {
	st, ok := n.(*syntax.Stmt)
	return ok && (st.Background || st.Coprocess || st.Disown)
}

// namesHome tells ~user, which would be looked up in the real machine's users; "~" and "~/" are root's home.
func namesHome(lit string) bool {
	if !strings.Contains(lit, "~") {
		return false
	}
	for _, s := range append(strings.Split(lit, ":"), lit[strings.Index(lit, "=")+1:]) {
		if len(s) > 1 && s[0] == '~' && s[1] != '/' {
			return true
		}
	}
	return false
}

// scriptCache keeps the last parsed scripts: health checks and nested shells repeat themselves, bricks do not.
type scriptCache struct {
	mu    sync.Mutex
	known map[string]*syntax.File
}

const cachedScripts, cachedLength = 64, 256

func (s *scriptCache) parse(src string) (*syntax.File, error) {
	if len(src) > cachedLength {
		return parse(src)
	}
	s.mu.Lock()
	file := s.known[src]
	s.mu.Unlock()
	if file != nil {
		return file, nil
	}
	file, err := parse(src)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil || len(s.known) >= cachedScripts {
		s.known = map[string]*syntax.File{}
	}
	s.known[src] = file
	return file, nil
}
