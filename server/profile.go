package server

import (
	"net/http"
	"net/http/pprof"

	"yardmaster/auth"
	"yardmaster/server/rest"
)

// ProfileRoutes serve Go's profiler to administrators: what it shows may hold secrets.
func ProfileRoutes() []rest.Route {
	named := func(path string, h http.HandlerFunc, summary string) rest.Route {
		return rest.Route{Method: http.MethodGet, Path: path, Need: auth.Admin, Handle: rest.FromHTTP(h), Summary: summary}
	}
	return []rest.Route{
		named("/debug/pprof/", pprof.Index, "Go's profiles"),
		named("/debug/pprof/cmdline", pprof.Cmdline, "the command line"),
		named("/debug/pprof/profile", pprof.Profile, "a CPU profile of ?seconds="),
		named("/debug/pprof/symbol", pprof.Symbol, "program counters by name"),
		named("/debug/pprof/trace", pprof.Trace, "an execution trace of ?seconds="),
		named("/debug/pprof/{profile}", pprof.Index, "one of Go's profiles"),
	}
}
