package amqp

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	amqp091 "github.com/rabbitmq/amqp091-go"
)

// maxNesting is more than any argument of a queue has.
const maxNesting = 8

// arguments turns what a JSON or YAML file says of a queue into what AMQP can carry: whole numbers become integers, of 32 bits where
// they fit, as other clients send them.
func arguments(in map[string]any) (amqp091.Table, error) {
	if len(in) == 0 {
		return nil, nil
	}
	return table(in, 0)
}

func table(in map[string]any, depth int) (amqp091.Table, error) {
	if depth > maxNesting {
		return nil, fmt.Errorf("is nested too deeply")
	}
	out := make(amqp091.Table, len(in))
	for name, v := range in {
		if name == "" || len(name) > maxName {
			return nil, fmt.Errorf("%q is not a name of 1 to %d bytes", name, maxName)
		}
		a, err := argument(v, depth)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out[name] = a
	}
	return out, nil
}

func argument(v any, depth int) (any, error) {
	switch v := v.(type) {
	case nil, bool, string:
		return v, nil
	case int:
		return whole(int64(v)), nil
	case int32:
		return v, nil
	case int64:
		return whole(v), nil
	case float64:
		return number(v)
	case json.Number:
		return jsonNumber(v)
	case map[string]any:
		return table(v, depth+1)
	case []any:
		return array(v, depth+1)
	}
	return nil, fmt.Errorf("a %T cannot be an argument", v)
}

func array(in []any, depth int) (any, error) {
	if depth > maxNesting {
		return nil, fmt.Errorf("is nested too deeply")
	}
	out := make([]any, len(in))
	for i, v := range in {
		a, err := argument(v, depth)
		if err != nil {
			return nil, fmt.Errorf("[%d]: %w", i, err)
		}
		out[i] = a
	}
	return out, nil
}

func whole(n int64) any {
	if n >= math.MinInt32 && n <= math.MaxInt32 {
		return int32(n)
	}
	return n
}

func number(f float64) (any, error) {
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return nil, fmt.Errorf("%v is not a number", f)
	case f == math.Trunc(f) && math.Abs(f) < 1<<53:
		return whole(int64(f)), nil
	}
	return f, nil
}

func jsonNumber(n json.Number) (any, error) {
	if i, err := strconv.ParseInt(n.String(), 10, 64); err == nil {
		return whole(i), nil
	}
	f, err := n.Float64()
	if err != nil {
		return nil, fmt.Errorf("%q is not a number that fits", n.String())
	}
	return number(f)
}
