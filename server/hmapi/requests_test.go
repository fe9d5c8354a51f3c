package hmapi_test

import (
	"encoding/json"
	"strings"
	"testing"
)

func unmarshal(text string, out any) error { return json.Unmarshal([]byte(text), out) }

func TestOrganizationsAreNumbers(t *testing.T) {
	s := begin(t)
	for _, org := range []string{"x", "0", "-1", "1.0", "01", "+1", "99999999999999999999"} {
		text := `invalid: org: "` + org + `" is not a number above 0`
		for _, line := range []string{"GET /jobs/ORG", "GET /jobs/ORG/j", "DELETE /jobs/ORG/j", "GET /instance/ORG/x", "GET /instance/ORG/x/diff", "PUT /instance/ORG/x/update",
			"POST /instance/ORG/x/standby-on", "POST /instance/ORG/x/standby-off", "POST /instance/ORG/x/switchcolor", "POST /instance/ORG/x/importer",
			"DELETE /instance/ORG/x/importer"} {
			method, path, _ := strings.Cut(strings.Replace(line, "ORG", org, 1), " ")
			s.send(method, path, "").refused(400, text)
		}
	}
	s.asked()
}

func TestDeletionsThatAreRefused(t *testing.T) {
	s := begin(t)
	for body, want := range map[string]string{
		``:                                      "request body: is empty",
		`{`:                                     "request body: unexpected EOF",
		`[]`:                                    "request body: is a JSON array and should be an object",
		`null`:                                  "invalid: name: is required; org: a number above 0 is required",
		`{"org":1}`:                             "invalid: name: is required",
		`{"name":"x"}`:                          "invalid: org: a number above 0 is required",
		`{"name":"x","org":-1}`:                 "invalid: org: a number above 0 is required",
		`{"name":"x","org":"1"}`:                "invalid: org: is a string and should be a whole number",
		`{"name":7,"org":1}`:                    "invalid: name: is a number and should be a text",
		`{"name":"x","org":1,"keepData":"no"}`:  "invalid: keepData: is a string and should be true or false",
		`{"name":"x","org":1,"keep_data":true}`: "invalid: keep_data: is unknown",
		`{"name":"x","org":1} {}`:               "request body: something follows the JSON value",
	} {
		s.send("DELETE", "/instance", body).refused(400, want)
	}
	s.asked()
}

func TestBodiesAreBounded(t *testing.T) {
	s := begin(t)
	large := `{"org":1,"name":"x","adminKey":"` + strings.Repeat("k", 1<<20) + `"}`
	for _, line := range []string{"POST /instance", "POST /instance/diff", "DELETE /instance", "POST /instance/1/x/importer"} {
		method, path, _ := strings.Cut(line, " ")
		if a := s.send(method, path, large); a.Code != 413 || !strings.HasPrefix(a.Body.String(), `{"success":false,"error":"request body is too large`) {
			t.Errorf("%s: %d %s", line, a.Code, a.Body)
		}
	}
	s.asked()
	s.send("POST", "/instance", large[:1<<19]+`"}`).is(200, `"hm-deploy-1-x"`)
}

func TestBodiesThatCannotBeRead(t *testing.T) {
	s := begin(t)
	for _, path := range []string{"/instance", "/instance/diff"} {
		if a := s.send("POST", path, "{"); a.Code != 400 || !strings.Contains(a.Body.String(), `"success":false`) {
			t.Errorf("%s: %d %s", path, a.Code, a.Body)
		}
	}
	s.asked()
}
