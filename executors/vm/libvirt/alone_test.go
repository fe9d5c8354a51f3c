package libvirt

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"yardmaster/executors"
	"yardmaster/executors/vm"
)

// held is a Runner whose scripts with a phrase wait for leave.
type held struct {
	*fake
	phrase string
	leave  chan struct{}
}

func (h held) Run(ctx context.Context, host, script string) (executors.Result, error) {
	if strings.Contains(script, h.phrase) {
		<-h.leave
	}
	return h.fake.Run(ctx, host, script)
}

func TestASecondCreateOfANameLooksWhenTheFirstHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rules := []rule{says("nodeinfo", free).once(), says("nodeinfo", looking([]string{"web"}, "", "", templateXML))}
		run := held{&fake{rules: rules, used: make([]int, 2)}, "V define", make(chan struct{})}
		p, err := New(run, Options{Hosts: []string{"hv1"}})
		if err != nil {
			t.Fatal(err)
		}
		create := func(ctx context.Context) chan error {
			ended := make(chan error, 1)
			go func() { ended <- p.Create(ctx, testPool, "web") }()
			synctest.Wait()
			return ended
		}
		first, second := create(t.Context()), create(t.Context())
		impatient, cancel := context.WithCancel(t.Context())
		third := create(impatient)
		cancel()
		want(t, "a third that does not wait", <-third, context.Canceled)
		if len(run.log) != 1 {
			t.Errorf("%d scripts ran", len(run.log))
		}
		close(run.leave)
		want(t, "first", <-first, nil)
		if err := <-second; !errors.Is(err, vm.ErrExists) {
			t.Errorf("second: got %v", err)
		}
	})
}
