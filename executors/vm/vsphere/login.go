package vsphere

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"

	"yardmaster/executors/vm"
)

// login is a client with a cookie that the server knew when it was made.
type login struct {
	soap   *soap.Client
	client *vim25.Client // sends through the session
}

// answerMost is how long an answer may be; the properties of ten thousand machines are a tenth of it.
const answerMost = 256 << 20

func (s *session) login(ctx context.Context) (*login, error) {
	c := soap.NewClient(s.address, s.cfg.Insecure)
	c.UserAgent = "yardmaster"
	s.tune(c.DefaultTransport())
	c.Transport = bounded{c.DefaultTransport(), answerMost}
	bare, err := vim25.NewClient(ctx, c)
	if err == nil && (bare.ServiceContent.SessionManager == nil || bare.ServiceContent.SearchIndex == nil) {
		err = fmt.Errorf("%w: server: it is no vCenter", vm.ErrUnusable)
	}
	if err == nil {
		_, err = methods.Login(ctx, bare, &types.Login{
			This: *bare.ServiceContent.SessionManager, UserName: s.cfg.Username, Password: s.cfg.Password, Locale: "en_US",
		})
	}
	if err != nil {
		c.CloseIdleConnections()
		if err = told(err); errors.Is(err, vm.ErrPermanent) { // what is refused here is refused to every call
			err = fmt.Errorf("%w: %w", vm.ErrUnusable, err)
		}
		return nil, fmt.Errorf("log in to %s as %s: %w", s.address.Host, s.cfg.Username, err)
	}
	s.log.Info("logged in", "user", s.cfg.Username, "server", bare.ServiceContent.About.FullName)
	return &login{soap: c, client: &vim25.Client{Client: c, ServiceContent: bare.ServiceContent, RoundTripper: s}}, nil
}

// logout goes past the session, which would log in for it.
func (l *login) logout(ctx context.Context) error {
	_, err := methods.Logout(ctx, l.soap, &types.Logout{This: *l.client.ServiceContent.SessionManager})
	return err
}

// tune replaces how govmomi dials: its TLS handshake heeds no context, so that a server that takes connections and says nothing
// would hold it for ever.
func (s *session) tune(t *http.Transport) {
	plain := net.Dialer{KeepAlive: 30 * time.Second}
	secure := tls.Dialer{NetDialer: &plain, Config: t.TLSClientConfig}
	limited := func(dial func(context.Context, string, string) (net.Conn, error)) func(context.Context, string, string) (net.Conn, error) {
		return func(ctx context.Context, network, address string) (net.Conn, error) {
			own, cancel := within(ctx, s.life, s.cfg.DialTimeout)
			defer cancel()
			conn, err := dial(own, network, address)
			if err != nil && own.Err() != nil && ctx.Err() == nil {
				err = errNoDial
			}
			return conn, err
		}
	}
	t.DialContext, t.DialTLSContext = limited(plain.DialContext), limited(secure.DialContext)
	t.MaxIdleConnsPerHost = s.cfg.Requests
}

var (
	errNoDial  = errors.New("no connection in time")
	errTooLong = errors.New("answer is too long")
)

// bounded cuts off answers that would fill the memory, and lets requests be sent anew of which nothing was sent, because a kept
// connection had died.
type bounded struct {
	http.RoundTripper
	most int64
}

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.GetBody == nil {
		body, err := io.ReadAll(r.Body) // it is in memory already
		r.Body.Close()
		if err != nil {
			return nil, err
		}
		r = r.Clone(r.Context())
		r.ContentLength = int64(len(body))
		r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		r.Body, _ = r.GetBody()
	}
	res, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		res.Body = &boundedBody{res.Body, b.most}
	}
	return res, err
}

type boundedBody struct {
	io.ReadCloser
	left int64
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLong
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}
