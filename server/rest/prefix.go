package rest

import (
	"fmt"
	"net/http"
	"net/url"
	pathpkg "path"
	"strings"

	gorilla "github.com/gorilla/mux"
)

// prefixes is the switch in front: leading path segments to their area.
type prefixes map[string]*area

// maxDepth is how many segments a prefix may have.
const maxDepth = 4

func (t prefixes) add(d *Dialect, prefix string) error {
	switch {
	case strings.Trim(prefix, "/") != prefix || strings.ContainsAny(prefix, "{}") || strings.Count(prefix, "/") >= maxDepth:
		return fmt.Errorf("dialect %s: prefix %q is not up to %d plain segments", d.Name, prefix, maxDepth)
	case t[prefix] != nil:
		return fmt.Errorf("dialect %s: prefix %q belongs to %s", d.Name, prefix, t[prefix].dialect.Name)
	}
	t[prefix] = &area{dialect: d, prefix: prefix, router: gorilla.NewRouter()}
	return nil
}

// owner gives the area with the longest prefix of a clean path, or nil.
func (t prefixes) owner(path string) *area {
	path = strings.TrimPrefix(path, "/")
	if path == "" {
		return t[""]
	}
	var ends [maxDepth]int
	n, start := 0, 0
	for n < maxDepth {
		i := strings.IndexByte(path[start:], '/')
		if i < 0 {
			ends[n] = len(path)
			n++
			break
		}
		ends[n] = start + i
		n++
		start += i + 1
	}
	for n--; n >= 0; n-- {
		if ends[n] == 0 {
			continue
		}
		if a := t[path[:ends[n]]]; a != nil {
			return a
		}
	}
	return nil
}

// literal is the part of a pattern in front of its first variable segment.
func literal(pattern string) string {
	if i := strings.IndexByte(pattern, '{'); i >= 0 {
		return pattern[:strings.LastIndexByte(pattern[:i], '/')+1]
	}
	return pattern
}

// cleanPath resolves dots and double slashes and keeps a trailing slash.
func cleanPath(p string) string {
	if p == "" || p[0] != '/' {
		p = "/" + p
	}
	clean := pathpkg.Clean(p)
	if p[len(p)-1] == '/' && clean != "/" {
		if len(p) == len(clean)+1 {
			return p
		}
		clean += "/"
	}
	return clean
}

func withPath(r *http.Request, path string) *http.Request {
	u := *r.URL
	u.Path, u.RawPath = path, ""
	other := *r
	other.URL = &u
	return &other
}

// redirectTo keeps the query and never leaves this host.
func redirectTo(r *http.Request, path string) string {
	return (&url.URL{Path: path, RawQuery: r.URL.RawQuery}).String()
}
