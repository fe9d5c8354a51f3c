package notice_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yardmaster/executors/sim/openstack"
	"yardmaster/jobs/events/notice"
)

func TestACloudIsReadAsEncodingJSONReadsIt(t *testing.T) {
	cloud := openstack.New(openstack.Options{Seed: 11})
	services, facts := map[string]int{}, map[string]int{}
	for range 6000 {
		sent := cloud.Next()
		m := notice.Message{Exchange: sent.Exchange, RoutingKey: sent.RoutingKey, Body: sent.Body}
		got := parse(t, m)
		if got.Usage.Fault != nil || !got.When.Equal(sent.When) || !json.Valid(got.Body) {
			t.Fatalf("%v at %v: %s", got.Usage.Fault, got.When, sent.Body)
		}
		services[got.Service]++
		u := got.Usage
		for name, there := range map[string]bool{"instance": got.Instance.OK, "launch": u.Launch != nil, "delete": u.Delete != nil,
			"exists": u.Exists != nil, "image": u.Image != nil, "image delete": u.ImageDelete != nil, "image exists": u.ImageExists != nil} {
			if there {
				facts[name]++
			}
		}
		want, ok := naive(m)
		if d := difference(want, got); !ok || d != "" {
			t.Fatal(d)
		}
	}
	if len(services) != 2 || len(facts) != 7 {
		t.Errorf("services %v, facts %v", services, facts)
	}
}

// difference is that of two notices, but for what they say of use.
func difference(want, got notice.Notice) string {
	if !bytes.Equal(want.Body, got.Body) {
		return fmt.Sprintf("body: want %s\ngot %s", want.Body, got.Body)
	}
	want.Body, got.Body, want.Usage, got.Usage = nil, nil, notice.Usage{}, notice.Usage{}
	if reflect.DeepEqual(want, got) {
		return ""
	}
	return cmp.Diff(want, got)
}
