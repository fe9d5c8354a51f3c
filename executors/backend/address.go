package backend

import (
	"fmt"
	"net"
	"strconv"
	"strings"
)

// Endpoint is where a server listens.
type Endpoint struct {
	Host string
	Port int
}

// String is the endpoint as one dials it.
func (e Endpoint) String() string { return net.JoinHostPort(e.Host, strconv.Itoa(e.Port)) }

// Address reads "host", "host:port", "[::1]:port" or an IP address.
func Address(text string, defaultPort int) (Endpoint, error) {
	e := Endpoint{strings.Trim(text, "[]"), defaultPort}
	if host, port, err := net.SplitHostPort(text); err == nil {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return Endpoint{}, fmt.Errorf("%w: address %s: port is not within 1 to 65535", ErrInvalid, shown(text))
		}
		e = Endpoint{host, int(n)}
	} else if strings.Contains(e.Host, ":") && net.ParseIP(e.Host) == nil {
		return Endpoint{}, fmt.Errorf("%w: address %s: neither host nor host:port", ErrInvalid, shown(text))
	}
	if e.Host == "" || len(e.Host) > 253 || !every(e.Host, ".-_:%") {
		return Endpoint{}, fmt.Errorf("%w: address %s: not a host", ErrInvalid, shown(text))
	}
	return e, nil
}
