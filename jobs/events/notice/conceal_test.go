package notice_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"yardmaster/jobs/events/notice"
)

func TestSecretsAreConcealed(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"a token", `{"_context_auth_token": "d81a", "a": 1}`, `{"_context_auth_token": "***", "a": 1}`},
		{"at any depth", `[{"payload":{"x":[{"adminPass":"s3"}]}}]`, `[{"payload":{"x":[{"adminPass":"***"}]}}]`},
		{"with quotes in it", `{"password":"a\"b\\","b":"\\"}`, `{"password":"***","b":"\\"}`},
		{"none", `{"password":null,"auth_token_id":"x","key_name":"mine"}`, `{"password":null,"auth_token_id":"x","key_name":"mine"}`},
		{"a number", `{"admin_password": 12, "a": 1}`, `{"admin_password": "***", "a": 1}`},
		{"a list", `{"password":["a",{"b":"]"}],"c":1}`, `{"password":"***","c":1}`},
		{"an object", `{"secret":{"v":{"w":1}},"c":1}`, `{"secret":"***","c":1}`},
		{"an escaped name", `{"_context_auth\u005ftoken":"x"}`, `{"_context_auth\u005ftoken":"***"}`},
		{"within a text", `{"user_data":"{\"password\":\"x\"}","n":"{}"}`, `{"user_data":"{\"password\":\"***\"}","n":"{}"}`},
		{"as a value only", `{"a":"password","b":"c"}`, `{"a":"password","b":"c"}`},
		{"cut off", `{"password":"abc`, `{"password":"***"`},
		{"nothing at all", ``, ``},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := []byte(c.in)
			if got := string(notice.Conceal(in)); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if string(in) != c.in {
				t.Error("the argument was changed")
			}
		})
	}
}

func TestANoticeHoldsNoToken(t *testing.T) {
	body := `{"event_type":"compute.instance.update","publisher_id":"compute.h","timestamp":"2026-01-02 03:04:05","_context_auth_token":"t0ps3cret","payload":{}}`
	for name, text := range map[string]string{"plain": body, "enveloped": envelope(body)} {
		n, err := notice.Parse(notice.Message{Exchange: "nova", RoutingKey: "monitor.info", Body: []byte(text)})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if strings.Contains(string(n.Body), "t0ps3cret") {
			t.Errorf("%s: %s", name, n.Body)
		}
	}
}

func envelope(body string) string {
	inner, _ := json.Marshal(body)
	return `{"oslo.version":"2.0","oslo.message":` + string(inner) + `}`
}

// FuzzConceal: what was JSON stays JSON, and says the same but for secrets.
func FuzzConceal(f *testing.F) {
	for _, s := range []string{`{"password":"x"}`, `{"a":{"auth_token":"y"},"b":[1,"\"",null]}`, `"`, `{"password":`, `{"pass\u0077ord":"x"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		out := notice.Conceal(in)
		if json.Valid(in) != json.Valid(out) && json.Valid(in) {
			t.Fatalf("%q became %q", in, out)
		}
		if again := notice.Conceal(out); !bytes.Equal(again, out) {
			t.Fatalf("%q is concealed once more: %q", out, again)
		}
	})
}
