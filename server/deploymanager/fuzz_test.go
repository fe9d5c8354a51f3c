package deploymanager

import (
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

const someParts = "--x\r\nContent-Disposition: form-data; name=\"release_version\"\r\n\r\n1\r\n" +
	"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"../a.zip\"\r\nContent-Type: application/zip\r\n\r\nPK\r\n--x--\r\n"

// FuzzForms promises that whatever is posted is read or refused in words as the client's fault, that what is read is no more than
// what was sent, and that fields are judged without a panic.
func FuzzForms(f *testing.F) {
	for _, kind := range []string{"", "application/json", "application/x-www-form-urlencoded", "multipart/form-data", "multipart/form-data; boundary=x", "multipart/mixed; boundary"} {
		for _, body := range []string{"", "{}", `{"a":["b",null,{"c":[1]},[2]],"d":{"e":1},"f":1e400,"dry_run":true}`, "\ufeff {\"a\":1}", "{", "null", "a=1&a=2;b=%zz", "label=a&label=b",
			someParts, someParts[:40], strings.ReplaceAll(someParts, "x", ""), "--\r\n", "--x", "start=2023-10-26T13.08.45.131Z&number=-1&limit=9999999999999999999"} {
			f.Add(kind, body)
		}
	}
	f.Fuzz(func(t *testing.T, kind, body string) {
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.Header.Set("Content-Type", kind)
		got, err := readForm(r)
		if err != nil {
			wantRefusal(t, err)
			return
		}
		size := 0
		for name, values := range got.values {
			size += len(name)
			for _, v := range values {
				size += len(v)
			}
			got.text(name)
			got.need(name)
			got.needAll(name)
			got.flag(name)
			got.needFlag(name)
			got.count(name, 1, 0)
			if got.number(name) < 0 {
				t.Errorf("%s is negative", name)
			}
			got.time(name)
			got.version(name)
		}
		for _, file := range got.files {
			size += len(file.body)
			if strings.Contains(file.name, "/") {
				t.Errorf("file %q", file.name)
			}
		}
		if len(body) > 0 && size > 3*len(body) { // a byte that is no UTF-8 becomes three
			t.Errorf("%d bytes were made of %d", size, len(body))
		}
		if err := got.fault(); err != nil {
			wantRefusal(t, err)
		}
	})
}

// FuzzSettings promises texts or a refusal.
func FuzzSettings(f *testing.F) {
	for _, seed := range []string{`{}`, `{"data":{"settings":{"a":"b"}}}`, `{"settings":{"a":true}}`, `{"a":1}`, `{"data":null}`, `{"data":{"data":{}}}`, `null`, `[`, `{"a":{}}`, ``} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		all, err := parseSettings([]byte(body))
		if err != nil {
			wantRefusal(t, err)
		} else if all == nil {
			t.Error("neither settings nor a refusal")
		}
	})
}

// FuzzQueries promises the same of what stands behind the question mark.
func FuzzQueries(f *testing.F) {
	for _, seed := range []string{"", "limit=1&offset=-1", "limit=ten", "must_exist=true&must_exist=false", "%zz=%", "dry_run=1;"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		values, _ := url.ParseQuery(query)
		got := &form{query: values}
		if got.count("limit", 1, 0) < 0 || got.count("offset", 0, 0) < 0 {
			t.Errorf("%q", query)
		}
		got.flag("must_exist")
		got.dry()
		if err := got.fault(); err != nil {
			wantRefusal(t, err)
		}
	})
}

func wantRefusal(t *testing.T, err error) {
	t.Helper()
	resp := new(API).render(httptest.NewRequest("POST", "/", nil), err)
	raw, jsonErr := json.Marshal(resp.JSON)
	if resp.Status < 400 || resp.Status > 499 || jsonErr != nil || !json.Valid(raw) {
		t.Errorf("%v: %d %s %v", err, resp.Status, raw, jsonErr)
	}
}
