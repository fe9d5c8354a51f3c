package backend

import (
	"errors"
	"testing"
)

func TestAddressesHaveAHostAndAPort(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"kafka", "kafka:9092"},
		{"kafka-0.kafka:9093", "kafka-0.kafka:9093"},
		{"10.0.0.1", "10.0.0.1:9092"},
		{"::1", "[::1]:9092"},
		{"[::1]", "[::1]:9092"},
		{"[::1]:19092", "[::1]:19092"},
		{"", ""}, {":9092", ""}, {"kafka:", ""}, {"kafka:0", ""}, {"kafka:65536", ""}, {"kafka:x", ""}, {"a:b:c", ""},
		{"PLAINTEXT://kafka:9092", ""}, {"user@kafka:9092", ""}, {"a b", ""},
	} {
		got, err := Address(tt.in, 9092)
		if tt.want == "" && !errors.Is(err, ErrInvalid) || tt.want != "" && (err != nil || got.String() != tt.want) {
			t.Errorf("%q: %v, %v", tt.in, got, err)
		}
	}
}

func FuzzAddress(f *testing.F) {
	for _, seed := range []string{"kafka:9092", "[::1]:1", "::1", "", ":", "[", "]:["} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := Address(text, 9092)
		if err != nil {
			return
		}
		if again, err := Address(e.String(), 1); err != nil || again != e {
			t.Errorf("%q is %v, and that is %v, %v", text, e, again, err)
		}
	})
}
