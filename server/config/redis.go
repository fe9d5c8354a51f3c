package config

import (
	"errors"
	"net/url"
	"slices"
)

// EmbeddedRedis is the URL of the queue inside this process.
const EmbeddedRedis = "embedded"

var redisSchemes = []string{"redis", "rediss", "unix", "redis-sentinel", "redis-cluster"}

// Redis says where the job queue lives. The URL can be shown to anyone: the
// loader moves a password out of it.
type Redis struct {
	Namespace    string // of the keys of this yard
	URL          string
	Password     Secret
	PasswordFile string
}

// Embedded tells whether the queue lives inside this process.
func (r Redis) Embedded() bool { return r.URL == EmbeddedRedis }

// Dial is the URL with the password in it, for the client alone.
func (r Redis) Dial() Secret {
	u, err := url.Parse(r.URL)
	if err != nil || r.Embedded() || r.Password == "" {
		return Secret(r.URL)
	}
	u.User = url.UserPassword(u.User.Username(), r.Password.Reveal())
	return Secret(u.String())
}

// checkRedisURL never repeats the URL, which may hold a password.
func checkRedisURL(text string) error {
	if text == EmbeddedRedis {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil {
		return errors.New("is not a URL")
	}
	switch {
	case !slices.Contains(redisSchemes, u.Scheme):
		return errors.New("want embedded or a URL that starts with " + orList(withSlashes(redisSchemes)))
	case u.Scheme == "unix" && u.Path == "":
		return errors.New("has no path of a socket")
	case u.Scheme != "unix" && u.Host == "":
		return errors.New("has no host")
	case u.Scheme == "redis-sentinel" && u.Query().Get("master") == "":
		return errors.New("names no ?master= for the sentinels")
	}
	return nil
}

func withSlashes(schemes []string) []string {
	out := make([]string, len(schemes))
	for i, s := range schemes {
		out[i] = s + "://"
	}
	return out
}

// hidePassword moves the password of the URL to where it cannot be printed.
func (r *Redis) hidePassword() (moved bool) {
	u, err := url.Parse(r.URL)
	if err != nil || u.User == nil {
		return false
	}
	password, ok := u.User.Password()
	if !ok {
		return false
	}
	r.Password = Secret(password)
	name := u.User.Username()
	u.User = nil
	if name != "" {
		u.User = url.User(name)
	}
	r.URL = u.String()
	return true
}
