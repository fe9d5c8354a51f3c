package vmpoolerclient

import (
	"fmt"
	"time"
)

// VM is a machine as GET /vm/HOST tells of it.
type VM struct {
	Template, State, IP string
	Domain, FQDN        string // the first version has the one, the others the other
	Lifetime, Running   float64
	Tags                map[string]string
	Snapshots, Disks    []string
}

// vmOf reads a machine, and wants of each key the one type that clients can live with. domain or fqdn must be there.
func vmOf(answer hash, name string) (VM, error) {
	h, isHash := answer[name].(hash)
	if !isHash {
		return VM{}, fmt.Errorf("no %s in %v", name, answer)
	}
	v := VM{}
	r := reader{of: h}
	v.Template, v.State, v.IP = r.text("template"), r.text("state"), r.text("ip")
	v.Lifetime, v.Running = r.number("lifetime"), r.number("running")
	if _, named := h["fqdn"]; named {
		v.FQDN = r.text("fqdn")
	} else {
		v.Domain = r.text("domain")
	}
	if tags, tagged := h["tags"].(hash); tagged {
		v.Tags = map[string]string{}
		of := reader{of: tags}
		for tag := range tags {
			v.Tags[tag] = of.text(tag)
		}
		r.also(of.err)
	}
	v.Snapshots, v.Disks = r.list("snapshots"), r.list("disk")
	return v, r.err
}

// TimeLayout is how every time is written.
const TimeLayout = "2006-01-02 15:04:05 -0700"

// Token is a token as GET /token/TOKEN tells of it.
type Token struct {
	User          string
	Created, Last time.Time // Last is zero if it was never used
	Running       []string
}

func tokenOf(answer hash, token string) (Token, error) {
	h, isHash := answer[token].(hash)
	if !isHash {
		return Token{}, fmt.Errorf("no token in %v", sorted(answer))
	}
	r := reader{of: h}
	t := Token{Created: r.time("created")}
	if _, told := h["user"]; told {
		t.User = r.text("user")
	}
	if last, used := h["last"]; used && last != "never" {
		t.Last = r.time("last")
	}
	if vms, holds := h["vms"].(hash); holds {
		of := reader{of: vms}
		t.Running = of.list("running")
		r.also(of.err)
	}
	return t, r.err
}

// reader takes keys of an object, and remembers the first that is not what it must be.
type reader struct {
	of  hash
	err error
}

func (r *reader) also(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *reader) text(key string) string {
	s, isText := r.of[key].(string)
	if !isText {
		r.also(fmt.Errorf("%s is %#v, want a text", key, r.of[key]))
	}
	return s
}

func (r *reader) number(key string) float64 {
	f, isNumber := r.of[key].(float64)
	if !isNumber {
		r.also(fmt.Errorf("%s is %#v, want a number", key, r.of[key]))
	}
	return f
}

// list may be missing.
func (r *reader) list(key string) []string {
	v, there := r.of[key]
	if !there {
		return nil
	}
	if _, isText := v.(string); isText {
		r.also(fmt.Errorf("%s is %#v, want a list", key, v))
	}
	all, err := texts(v)
	r.also(err)
	return all
}

func (r *reader) time(key string) time.Time {
	t, err := time.Parse(TimeLayout, r.text(key))
	if err != nil {
		r.also(fmt.Errorf("%s: %w", key, err))
	}
	return t
}
