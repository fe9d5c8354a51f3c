package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Pooler is a client of the vmpooler API, for what the walk shows. With a token it checks machines out, else a password signs it
// in.
type Pooler struct {
	Base           string // http://host:port
	User, Password string
	Token          string
}

func (p *Pooler) call(ctx context.Context, method, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, method, p.Base+"/api/v1"+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if p.Token != "" {
		r.Header.Set("X-AUTH-TOKEN", p.Token)
	} else {
		r.SetBasicAuth(p.User, p.Password)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("%s %s: %s", method, path, resp.Status)
	}
	return json.NewDecoder(resp.Body).Decode(out)
}

// SignIn makes a token and uses it from now on.
func (p *Pooler) SignIn(ctx context.Context) error {
	var made struct{ Token string }
	if err := p.call(ctx, http.MethodPost, "/token", nil, &made); err != nil {
		return err
	}
	p.Token = made.Token
	return nil
}

// poolState is a pool as /poolstat tells it.
type poolState struct{ Ready, Max int }

func (p *Pooler) state(ctx context.Context, pools []string) (map[string]poolState, error) {
	var stat struct{ Pools map[string]poolState }
	err := p.call(ctx, http.MethodGet, "/poolstat?pool="+strings.Join(pools, ","), nil, &stat)
	return stat.Pools, err
}

// full waits until every pool is as full as it should be.
func (p *Pooler) full(ctx context.Context, pools []string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		now, err := p.state(ctx, pools)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(pools, func(name string) bool { return now[name].Ready < now[name].Max }) {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return errors.New("pools are not full after a minute")
		}
	}
}

// checkOut takes machines, all or none, and gives their names.
func (p *Pooler) checkOut(ctx context.Context, want map[string]int) (names []string, took time.Duration, err error) {
	var answer map[string]json.RawMessage
	begin := time.Now()
	if err := p.call(ctx, http.MethodPost, "/vm", want, &answer); err != nil {
		return nil, 0, err
	}
	took = time.Since(begin)
	for pool := range want {
		var one struct{ Hostname string }
		var many struct{ Hostname []string }
		switch {
		case json.Unmarshal(answer[pool], &one) == nil:
			names = append(names, one.Hostname)
		case json.Unmarshal(answer[pool], &many) == nil:
			names = append(names, many.Hostname...)
		default:
			return nil, 0, fmt.Errorf("answer for %s cannot be read", pool)
		}
	}
	slices.Sort(names)
	return names, took, nil
}

// pools shows a checkout, and that the pools fill again by themselves.
func (t Tour) pools(ctx context.Context) error {
	if err := t.Pooler.SignIn(ctx); err != nil {
		return err
	}
	if err := t.Pooler.full(ctx, t.Pools); err != nil {
		return err
	}
	t.say("pools %s hold their machines ready", strings.Join(t.Pools, ", "))
	want := map[string]int{t.Pools[0]: 2, t.Pools[1]: 1}
	names, took, err := t.Pooler.checkOut(ctx, want)
	if err != nil {
		return err
	}
	t.say("checked out %s in %.1f ms, all or none", strings.Join(names, ", "), float64(took.Microseconds())/1000)
	begin := time.Now()
	if err := t.Pooler.full(ctx, t.Pools); err != nil {
		return err
	}
	t.say("and the pools are full again after %d ms", time.Since(begin).Milliseconds())
	return nil
}
