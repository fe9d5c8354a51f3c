package expand_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"yardmaster/jobs/instances/expand"
)

// Topics and keyspaces are made and dropped by the names that an instance gives them: none of its pods may be told another one.
func TestWhereDataIsKeptIsNotOverridden(t *testing.T) {
	i := small()
	i.Importer = &expand.Importer{PartitionScheme: "bySeries"}
	objects, err := expand.DefaultConfig().Expand(i, expand.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, o := range objects {
		var d struct {
			Spec struct {
				Template struct {
					Spec struct {
						Containers []struct {
							Env []struct{ Name, Value string }
						}
					}
				}
			}
		}
		if o.Kind != "Deployment" {
			continue
		}
		if err := json.Unmarshal(o.Text, &d); err != nil {
			t.Fatal(err)
		}
		for _, c := range d.Spec.Template.Spec.Containers {
			for _, v := range c.Env {
				if slices.Contains([]string{expand.Topic(i), expand.PersistTopic(i), expand.Keyspace(i)}, v.Value) && !slices.Contains(names, v.Name) {
					names = append(names, v.Name)
				}
			}
		}
	}
	if len(names) != 5 {
		t.Errorf("pods are told of data by %q", names)
	}
	for _, name := range names {
		for _, component := range []string{"metrictank", "metrictank-write", "metrictank-read", "tsdb-gw", "importer"} {
			i := small()
			i.Overrides = expand.Overrides{component: {Env: map[string]string{name: "elsewhere"}}}
			if err := expand.DefaultConfig().Validate(i); err == nil || !strings.Contains(err.Error(), name+": is set by the expansion alone") {
				t.Errorf("%s of %s: got %v", name, component, err)
			}
		}
		_, err := expand.ParseConfig([]byte("components: {metrictank: {env: {" + name + ": elsewhere}}}"))
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s in the configuration: got %v", name, err)
		}
	}
}
