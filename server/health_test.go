package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"yardmaster/server"
)

func part(name string, required bool, err error) server.Part {
	return server.Part{Name: name, Required: required, Check: func(context.Context) (any, error) {
		return map[string]int{"size": 7}, err
	}}
}

func TestReadyz(t *testing.T) {
	down := errors.New("dial 10.0.0.7: refused")
	tests := []struct {
		name   string
		parts  []server.Part
		code   int
		status string
	}{
		{"all well", []server.Part{part("store", true, nil), part("redis", false, nil)}, 200, "ready"},
		{"redis down", []server.Part{part("store", true, nil), part("redis", false, down)}, 200, "degraded"},
		{"store down", []server.Part{part("store", true, down), part("redis", false, nil)}, 503, "unready"},
		{"both down", []server.Part{part("store", true, down), part("redis", false, down)}, 503, "unready"},
		{"no parts", nil, 200, "ready"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := start(t, server.Options{}, server.Health(tt.parts...)...)
			for _, token := range []string{"", "secret"} {
				resp, body := s.do(t, "GET", "/readyz", nil, "X-Auth-Token", token)
				var got struct {
					Status string
					Parts  []struct{ Name, Error string }
				}
				if err := json.Unmarshal([]byte(body), &got); err != nil {
					t.Fatal(err)
				}
				if resp.StatusCode != tt.code || got.Status != tt.status || len(got.Parts) != len(tt.parts) {
					t.Errorf("got %d %s, want %d %s", resp.StatusCode, body, tt.code, tt.status)
				}
				told := strings.Contains(body, "10.0.0.7") || strings.Contains(body, "size")
				if want := token != "" && len(tt.parts) > 0; told != want {
					t.Errorf("token %q: details told: %v, want %v: %s", token, told, want, body)
				}
			}
			if resp, body := s.do(t, "GET", "/healthz", nil); resp.StatusCode != 200 || body != "OK" {
				t.Errorf("healthz: got %d %q", resp.StatusCode, body)
			}
		})
	}
}
