package stacktach_test

import (
	"context"
	"strings"
	"testing"

	"yardmaster/auth"
	"yardmaster/server/stacktach"
)

// nobody is a directory without people.
type nobody struct{}

func (nobody) CheckPassword(context.Context, string, string) (auth.Principal, error) {
	return auth.Principal{}, auth.ErrNoUser
}

func TestPathsWithoutTheirLastSlashAreSentToTheOneWithIt(t *testing.T) {
	y := start(t)
	for from, to := range map[string]string{
		"/stacky/deployments": "/stacky/deployments/", "/stacky/reports?created_from=1&created_to=2": "/stacky/reports/?created_from=1&created_to=2", "/stacky/report/1": "/stacky/report/1/",
		"/stacky/show/1?service=glance": "/stacky/show/1/?service=glance", "/stacky/reports/search?name=a%20b": "/stacky/reports/search/?name=a%20b", "/stacky/kpi/t1": "/stacky/kpi/t1/", "/db/usage/nova/launches?limit=1": "/db/usage/nova/launches/?limit=1",
		"/stacky/timings?name=x": "/stacky/timings/?name=x", "/stacky/timings/uuid?uuid=x": "/stacky/timings/uuid/?uuid=x", "/db/stats/events": "/db/stats/events/",
	} {
		a := y.get(from)
		if a.Code != 301 || a.Header().Get("Location") != to {
			t.Errorf("%s: %d to %q, want %q", from, a.Code, a.Header().Get("Location"), to)
		}
	}
}

func TestPathsThatAreNone(t *testing.T) {
	y := start(t)
	for _, path := range []string{"/stacky", "/stacky/", "/stacky/none/", "/stacky/show/", "/stacky/usage/launches/", "/stacky/usage/deletes", "/stacky/usage/exists/", "/db/", "/db/usage/", "/db/usage/glance/launches/", "/db/dump/x/", "/db/stats/generic/exists/"} {
		y.get(path).page()
	}
}

func TestAnyMethodReads(t *testing.T) {
	y := start(t)
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "OPTIONS"} {
		y.do(method, "/stacky/hosts/", "").is(200, `[["Host Name"]]`)
		y.do(method, "/db/usage/exists/", "").is(200, `{"exists": []}`)
	}
	if a := y.do("HEAD", "/stacky/hosts/", ""); a.Code != 200 || a.Body.Len() != 0 {
		t.Errorf("%d %q", a.Code, a.Body)
	}
}

func TestADialectThatLacksAPartIsRefused(t *testing.T) {
	for _, o := range []stacktach.Options{{}, {Service: &domain{}}, {Auth: auth.Open()}, {Service: &domain{}, Auth: auth.Open()}} {
		if _, err := stacktach.New(o); err == nil || !strings.Contains(err.Error(), "stacktach") {
			t.Errorf("%+v: %v", o, err)
		}
	}
}
