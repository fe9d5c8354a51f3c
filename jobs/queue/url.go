package queue

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
)

type kind int

const (
	inProcess kind = iota
	single
	sentinel
	cluster
)

// target is where a URL points.
type target struct {
	kind             kind
	addrs            []string // host:port each, or one absolute path of a socket
	user, password   string   // of Redis itself
	sentinelPassword string
	master           string
	db               int
	tls              bool
}

const (
	redisPort    = "6379"
	sentinelPort = "26379"
)

var errURL = errors.New("redis URL")

// parseURL reads these forms; what it does not know is an error, and no error repeats any part of the URL but its scheme.
//
//	embedded
//	redis://[[user]:password@]host[:port][/db]           rediss:// is the same over TLS
//	unix://[[user]:password@]/path/to/socket[?db=n]
//	redis-sentinel://[[user]:password@]host[:port][,host[:port]...][/db]?master=name[&sentinel-password=..][&tls=true]
//	redis-cluster://[[user]:password@]host[:port][,host[:port]...][?tls=true]
//
// User and password are those of Redis, also behind Sentinel.
func parseURL(raw string) (target, error) {
	if raw == Embedded {
		return target{}, nil
	}
	scheme, rest, found := strings.Cut(raw, "://")
	if !found {
		return target{}, fmt.Errorf("%w: want %q or a scheme", errURL, Embedded)
	}
	var t target
	var allowed []string
	port := redisPort
	switch scheme {
	case "redis":
		t.kind = single
	case "rediss":
		t.kind, t.tls = single, true
	case "unix":
		t.kind, allowed = single, []string{"db"}
	case "redis-sentinel":
		t.kind, port, allowed = sentinel, sentinelPort, []string{"master", "sentinel-password", "tls"}
	case "redis-cluster":
		t.kind, allowed = cluster, []string{"tls"}
	default:
		return target{}, fmt.Errorf("%w: scheme is none of redis, rediss, unix, redis-sentinel, redis-cluster", errURL)
	}
	rest, query, _ := strings.Cut(rest, "?")
	err := t.readQuery(query, allowed)
	rest = t.readUser(rest, &err)
	if scheme == "unix" {
		t.readSocket(rest, &err)
	} else {
		t.readHosts(rest, port, &err)
	}
	if err != nil {
		return target{}, fmt.Errorf("%w: %s: %w", errURL, scheme, err)
	}
	return t, nil
}

func (t *target) readQuery(query string, allowed []string) error {
	values, err := url.ParseQuery(query)
	if err != nil {
		return errors.New("malformed query")
	}
	for key, v := range values {
		if len(v) != 1 || !slices.Contains(allowed, key) {
			return errors.New("a query parameter is unknown or given twice")
		}
		switch key {
		case "master":
			t.master = v[0]
		case "sentinel-password":
			t.sentinelPassword = v[0]
		case "tls":
			if t.tls, err = strconv.ParseBool(v[0]); err != nil {
				return errors.New("tls is neither true nor false")
			}
		case "db":
			if t.db, err = readDB(v[0]); err != nil {
				return err
			}
		}
	}
	if t.kind == sentinel && t.master == "" {
		return errors.New("no ?master=name")
	}
	return nil
}

func (t *target) readUser(rest string, failed *error) string {
	end := strings.IndexByte(rest, '/')
	if end < 0 {
		end = len(rest)
	}
	at := strings.LastIndexByte(rest[:end], '@')
	if at < 0 {
		return rest
	}
	user, password, _ := strings.Cut(rest[:at], ":")
	var errUser, errPassword error
	t.user, errUser = url.PathUnescape(user)
	t.password, errPassword = url.PathUnescape(password)
	if *failed == nil && (errUser != nil || errPassword != nil) {
		*failed = errors.New("malformed user or password; / ? % and @ must be escaped")
	}
	return rest[at+1:]
}

func (t *target) readSocket(rest string, failed *error) {
	socket, err := url.PathUnescape(rest)
	if *failed == nil && (err != nil || !path.IsAbs(socket) || path.Clean(socket) == "/") {
		*failed = errors.New("want an absolute path of a socket")
	}
	t.addrs = []string{socket}
}

func (t *target) readHosts(rest, port string, failed *error) {
	if *failed != nil {
		return
	}
	hosts, db, _ := strings.Cut(rest, "/")
	if db != "" {
		if t.kind == cluster {
			*failed = errors.New("a Cluster has no numbered databases")
			return
		}
		t.db, *failed = readDB(db)
	}
	list := strings.Split(hosts, ",")
	if t.kind == single && len(list) > 1 {
		*failed = errors.New("more than one host")
	}
	for _, host := range list {
		addr, err := readHost(host, port)
		if err != nil && *failed == nil {
			*failed = err
		}
		t.addrs = append(t.addrs, addr)
	}
}

func readHost(s, port string) (string, error) {
	host := s
	switch {
	case strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]"):
		host = s[1 : len(s)-1]
	case strings.Contains(s, ":"):
		var err error
		if host, port, err = net.SplitHostPort(s); err != nil {
			return "", errors.New("malformed host or port")
		}
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 || host == "" || strings.ContainsFunc(host, notInHost) {
		return "", errors.New("malformed host or port")
	}
	return net.JoinHostPort(host, port), nil
}

func notInHost(c rune) bool { return c <= ' ' || c >= 0x7f || strings.ContainsRune("/[]@%", c) }

func readDB(s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil {
		return 0, errors.New("database is not a small number")
	}
	return int(n), nil
}
