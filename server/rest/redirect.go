package rest

import (
	"html"
	"net/http"
	"strings"
)

// Redirect points to target with the small HTML page that net/http sends along
// on GET; any status that carries a Location will do.
func Redirect(r *http.Request, status int, target string) Response {
	resp := Location(status, target)
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return resp
	}
	resp.Header.Set("Content-Type", "text/html; charset=utf-8")
	resp.Body = []byte(`<a href="` + html.EscapeString(target) + `">` + http.StatusText(status) + "</a>.\n\n")
	return resp
}

func notAllowed(d *Dialect, methods []string) Response {
	resp := d.NotAllowed
	if resp.Status == 0 {
		resp.Status = http.StatusMethodNotAllowed
	}
	return resp.With("Allow", strings.Join(methods, ", "))
}
