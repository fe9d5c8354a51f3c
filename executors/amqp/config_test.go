package amqp

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	amqp091 "github.com/rabbitmq/amqp091-go"
)

func TestConfigIsChecked(t *testing.T) {
	good := func() Config {
		return Config{Host: "h", Port: 5672, Topics: []Topic{{"nova", []Binding{{"q", "k"}}}}}
	}
	long := strings.Repeat("x", 256)
	for _, c := range []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{"host", func(c *Config) { c.Host = "" }, "host"},
		{"port", func(c *Config) { c.Port = 70000 }, "port 70000"},
		{"prefetch", func(c *Config) { c.Prefetch = 70000 }, "prefetch 70000"},
		{"heartbeat", func(c *Config) { c.Heartbeat = 1500 * time.Millisecond }, "heartbeat 1.5s"},
		{"no topics", func(c *Config) { c.Topics = nil }, "topics"},
		{"no exchange", func(c *Config) { c.Topics[0].Exchange = "" }, "exchange"},
		{"exchange twice", func(c *Config) { c.Topics = append(c.Topics, c.Topics[0]) }, `"nova" is there twice`},
		{"no queues", func(c *Config) { c.Topics[0].Queues = nil }, "no queues"},
		{"no queue", func(c *Config) { c.Topics[0].Queues[0].Queue = "" }, "queue"},
		{"long key", func(c *Config) { c.Topics[0].Queues[0].RoutingKey = long }, "routing key"},
		{"argument", func(c *Config) { c.QueueArguments = map[string]any{"x-a": struct{}{}} }, "queue_arguments: x-a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := good()
			c.change(&cfg)
			_, err := NewConsumer(cfg, slog.New(slog.DiscardHandler))
			if !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
		})
	}
	cfg, err := good().complete()
	if err != nil || cfg.Prefetch != 2000 || cfg.Heartbeat != 10*time.Second || cfg.DialTimeout != 10*time.Second {
		t.Errorf("got %+v, %v", cfg, err)
	}
}

func TestArguments(t *testing.T) {
	deep := map[string]any{}
	for at, i := deep, 0; i < 20; i++ {
		next := map[string]any{}
		at["a"] = next
		at = next
	}
	for _, c := range []struct {
		name string
		in   any
		want any // an error, if it is text that begins with "!"
	}{
		{"text", "all", "all"},
		{"yes", true, true},
		{"nothing", nil, nil},
		{"small", 7, int32(7)},
		{"below zero", int64(-7), int32(-7)},
		{"large", int64(1) << 40, int64(1) << 40},
		{"JSON number", json.Number("60000"), int32(60000)},
		{"large JSON number", json.Number("4294967296"), int64(4294967296)},
		{"JSON number with an exponent", json.Number("1e3"), int32(1000)},
		{"JSON fraction", json.Number("0.5"), 0.5},
		{"float that is whole", 60000.0, int32(60000)},
		{"float", 1.5, 1.5},
		{"list", []any{1.0, "a"}, []any{int32(1), "a"}},
		{"group", map[string]any{"a": 1}, amqp091.Table{"a": int32(1)}},
		{"not a number", math.NaN(), "!x: NaN"},
		{"JSON number that does not fit", json.Number("1e999"), "!x: "},
		{"part of a list", []any{1, struct{}{}}, "!x: [1]: a struct {}"},
		{"too deep", deep, "!nested too deeply"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := arguments(map[string]any{"x": c.in})
			if text, _ := c.want.(string); strings.HasPrefix(text, "!") {
				if err == nil || !strings.Contains(err.Error(), text[1:]) {
					t.Errorf("got %v, %v", got, err)
				}
				return
			}
			if d := cmp.Diff(amqp091.Table{"x": c.want}, got); d != "" || err != nil {
				t.Error(d, err)
			}
		})
	}
}

// Whatever JSON says, what is made of it can be sent.
func FuzzArguments(f *testing.F) {
	for _, seed := range []string{`{"x-ha-policy":"all","x-max-length":1e5}`, `{"a":[1,[2.5,{"b":null}]]}`, `{"":1}`, `{"a":9223372036854775808}`, `{"a":-1e-400}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var in map[string]any
		dec := json.NewDecoder(bytes.NewReader([]byte(text)))
		dec.UseNumber()
		if dec.Decode(&in) != nil {
			return
		}
		out, err := arguments(in)
		if err != nil {
			return
		}
		if err := out.Validate(); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	})
}
