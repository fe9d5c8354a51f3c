package heketiclient

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// tries is how often a client asks a busy server before it gives up.
const tries = 6

// Do sends a request and sees it through as a client does: it comes back when the server is busy, follows the queue of an
// accepted change, and fetches the result behind it. The answer is the last one.
func (c *Client) Do(ctx context.Context, method, path string, body any) (Answer, error) {
	for n := 1; ; n++ {
		a, err := c.Once(ctx, method, path, body)
		if err != nil {
			return a, err
		}
		switch {
		case a.Status == http.StatusAccepted:
			return c.Follow(ctx, a.Header.Get("Location"))
		case a.Status == http.StatusTooManyRequests && n < tries:
			if err := pause(ctx, busyWait(a.Header)); err != nil {
				return a, err
			}
		default:
			return a, nil
		}
	}
}

// busyWait is what a server asks for, or ten to thirty seconds of the client's own choice.
func busyWait(h http.Header) time.Duration {
	if n, err := strconv.Atoi(h.Get("Retry-After")); err == nil {
		return time.Duration(n) * time.Second
	}
	return 10*time.Second + rand.N(20*time.Second)
}

// Follow polls a place in the queue, with a fresh token each time, until it is no longer pending, and fetches what a redirect
// names.
func (c *Client) Follow(ctx context.Context, location string) (Answer, error) {
	for {
		if !strings.HasPrefix(location, "/") || strings.HasPrefix(location, "//") {
			return Answer{}, fmt.Errorf("location %q is no path, and the client puts its host before it", location)
		}
		a, err := c.Once(ctx, http.MethodGet, location, nil)
		switch {
		case err != nil:
			return a, err
		case a.Status == http.StatusSeeOther:
			return c.Once(ctx, http.MethodGet, a.Header.Get("Location"), nil)
		case a.Status == http.StatusOK && a.Header.Get("X-Pending") == "true":
			if err := pause(ctx, c.Style.poll); err != nil {
				return a, err
			}
		default:
			return a, nil
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
