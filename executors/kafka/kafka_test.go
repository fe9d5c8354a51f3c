package kafka_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl/plain"

	"yardmaster/executors/backend"
	"yardmaster/executors/backend/backendtest"
	"yardmaster/executors/kafka"
)

const secret = "canary-password-0815"

var user = kafka.SASL{Mechanism: kafka.ScramSHA512, User: "yard", Password: secret}

func TestABrokerKeepsThePromises(t *testing.T) {
	backendtest.Topics(t, func(t *testing.T) backendtest.TopicWorld {
		var way line
		c := brokers(t, kfake.ListenFn(way.listen), kfake.EnableSASL(), kfake.EnableACLs(),
			kfake.Superuser("PLAIN", "root", "toor"), kfake.User(kafka.ScramSHA512, user.User, secret))
		grant := granter(t, c)
		grant(true)
		return backendtest.TopicWorld{
			Server: backendtest.Server{
				Timeout: timeout, Down: way.cut, Hang: way.hang, Secrets: []string{secret},
				Forbid: func(*testing.T) func() {
					grant(false)
					return func() { grant(true) }
				},
			},
			Topics: admin(t, kafka.Options{Brokers: c.ListenAddrs(), Plaintext: true, SASL: user}),
			Other: admin(t, kafka.Options{Brokers: c.ListenAddrs()[:1], Plaintext: true,
				SASL: kafka.SASL{Mechanism: kafka.Plain, User: "root", Password: "toor"}}),
		}
	})
}

// granter gives the user what making and dropping topics needs, or takes it away.
func granter(t *testing.T, c *kfake.Cluster) func(bool) {
	adm := kadm.NewClient(root(t, c, kgo.SASL(plain.Auth{User: "root", Pass: "toor"}.AsMechanism())))
	return func(give bool) {
		t.Helper()
		rights := kadm.NewACLs().Topics("*").ResourcePatternType(kadm.ACLPatternLiteral).
			Operations(kadm.OpCreate, kadm.OpDelete, kadm.OpAlter, kadm.OpDescribe).Allow("User:" + user.User).AllowHosts("*")
		var err error
		if give {
			_, err = adm.CreateACLs(t.Context(), rights)
		} else {
			_, err = adm.DeleteACLs(t.Context(), rights)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestNothingConnectsUntilSomethingIsAsked(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil { // nobody listens there
		t.Fatal(err)
	}
	a := admin(t, kafka.Options{Brokers: []string{addr}, Plaintext: true})
	start := time.Now()
	_, err = a.EnsureTopic(t.Context(), "mdm", 1, 1)
	if !errors.Is(err, backend.ErrUnavailable) || !strings.Contains(err.Error(), "refused") || time.Since(start) > timeout+time.Second {
		t.Errorf("after %v: %v", time.Since(start), err)
	}
}

func TestTheConnectionIsVerified(t *testing.T) {
	config, pool := certificate(t)
	c := brokers(t, kfake.TLS(config))
	for _, tt := range []struct {
		name string
		o    kafka.Options
		word string // of the error; "" for none
	}{
		{"by the system's roots by default", kafka.Options{}, "certificate"},
		{"by roots that are given", kafka.Options{TLS: &tls.Config{RootCAs: pool}}, ""},
		{"by name", kafka.Options{TLS: &tls.Config{RootCAs: pool, ServerName: "elsewhere.test"}}, "elsewhere.test"},
		{"by other roots", kafka.Options{TLS: &tls.Config{RootCAs: x509.NewCertPool()}}, "certificate"},
		{"not at all if asked so", kafka.Options{TLS: &tls.Config{InsecureSkipVerify: true}}, ""},
		{"and plain text is not taken for it", kafka.Options{Plaintext: true}, "topic"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.o.Brokers = c.ListenAddrs()
			_, err := admin(t, tt.o).EnsureTopic(t.Context(), "mdm", 1, 1)
			if tt.word == "" && err != nil {
				t.Error(err)
			}
			if tt.word != "" && (!errors.Is(err, backend.ErrUnavailable) || !strings.Contains(err.Error(), tt.word)) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestWhoSignsInWrongIsRefusedAndItsPasswordIsToldNobody(t *testing.T) {
	c := brokers(t, kfake.EnableSASL(), kfake.Superuser("PLAIN", "yard", secret), kfake.Superuser(kafka.ScramSHA256, "yard", secret))
	told := brokers(t, kfake.EnableSASL(), kfake.Superuser("PLAIN", "yard", secret))
	told.ControlKey(int16(kmsg.SASLAuthenticate), func(r kmsg.Request) (kmsg.Response, error, bool) {
		told.KeepControl()
		resp := r.ResponseKind().(*kmsg.SASLAuthenticateResponse)
		resp.ErrorCode, resp.ErrorMessage = kerr.SaslAuthenticationFailed.Code, kmsg.StringPtr("who is "+secret+"?")
		return resp, nil, true
	})
	right, wrong := kafka.SASL{Mechanism: kafka.Plain, User: "yard", Password: secret}, kafka.SASL{Mechanism: kafka.Plain, User: "yard", Password: secret + "!"}
	for _, tt := range []struct {
		name   string
		broker *kfake.Cluster
		sasl   kafka.SASL
		want   error
	}{
		{"plain", c, right, nil},
		{"scram", c, kafka.SASL{Mechanism: kafka.ScramSHA256, User: "yard", Password: secret}, nil},
		{"told so", told, right, backend.ErrForbidden},
		{"hung up on", c, wrong, backend.ErrUnavailable}, // as old brokers do
		{"hung up on by scram", c, kafka.SASL{Mechanism: kafka.ScramSHA512, User: "nobody", Password: secret}, backend.ErrUnavailable},
		{"signs in as nobody", c, kafka.SASL{}, backend.ErrUnavailable}, // any broker hangs up then
	} {
		t.Run(tt.name, func(t *testing.T) {
			var logged bytes.Buffer
			log := slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
			a := admin(t, kafka.Options{Brokers: tt.broker.ListenAddrs(), Plaintext: true, SASL: tt.sasl, Logger: log})
			_, err := a.EnsureTopic(t.Context(), "mdm", 1, 1)
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), secret) || strings.Contains(logged.String(), secret) {
				t.Errorf("the password is told: %v\n%s", err, &logged)
			}
		})
	}
}

func TestAnswersOfTheBrokerAreSorted(t *testing.T) {
	said := "because so: canary-password-0815"
	for _, tt := range []struct {
		code *kerr.Error
		want error
	}{
		{kerr.PolicyViolation, backend.ErrInvalid},
		{kerr.InvalidReplicationFactor, backend.ErrInvalid},
		{kerr.InvalidTopicException, backend.ErrInvalid},
		{kerr.TopicAuthorizationFailed, backend.ErrForbidden},
		{kerr.ClusterAuthorizationFailed, backend.ErrForbidden},
		{kerr.ThrottlingQuotaExceeded, backend.ErrUnavailable},
		{kerr.UnknownServerError, backend.ErrUnavailable},
		{kerr.TopicAlreadyExists, backend.ErrUnavailable}, // and no broker ever tells of it
	} {
		t.Run(tt.code.Message, func(t *testing.T) {
			c := brokers(t)
			c.ControlKey(int16(kmsg.CreateTopics), func(r kmsg.Request) (kmsg.Response, error, bool) {
				c.KeepControl()
				resp := r.ResponseKind().(*kmsg.CreateTopicsResponse)
				topic := kmsg.NewCreateTopicsResponseTopic()
				topic.Topic, topic.ErrorCode, topic.ErrorMessage = "mdm", tt.code.Code, &said
				resp.Topics = append(resp.Topics, topic)
				return resp, nil, true
			})
			timeout := 20 * time.Second
			if tt.want == backend.ErrUnavailable {
				timeout = time.Second // it is tried for so long
			}
			a := admin(t, kafka.Options{Brokers: c.ListenAddrs(), Plaintext: true, Timeout: timeout})
			changed, err := a.EnsureTopic(t.Context(), "mdm", 1, 1)
			if !errors.Is(err, tt.want) || changed || !strings.Contains(err.Error(), "ensure topic mdm") {
				t.Errorf("got %v, %v, want %v", changed, err, tt.want)
			}
			if tt.want == backend.ErrInvalid && !strings.Contains(err.Error(), "because so") {
				t.Errorf("the reason is missing: %v", err)
			}
		})
	}
}

func TestABrokerThatMayNotDeleteSaysSo(t *testing.T) {
	c := brokers(t, kfake.SeedTopics(2, "mdm"))
	c.ControlKey(int16(kmsg.DeleteTopics), func(r kmsg.Request) (kmsg.Response, error, bool) {
		resp := r.ResponseKind().(*kmsg.DeleteTopicsResponse)
		topic := kmsg.NewDeleteTopicsResponseTopic()
		topic.Topic, topic.ErrorCode = kmsg.StringPtr("mdm"), kerr.TopicDeletionDisabled.Code
		resp.Topics = append(resp.Topics, topic)
		return resp, nil, true
	})
	a := admin(t, kafka.Options{Brokers: c.ListenAddrs(), Plaintext: true})
	if err := a.DropTopic(t.Context(), "mdm"); !errors.Is(err, backend.ErrForbidden) {
		t.Errorf("got %v", err)
	}
}

// A topic that is being dropped is told of as unknown, and cannot be made: it is waited for.
func TestATopicThatIsStillBeingDroppedIsMadeWhenItIsGone(t *testing.T) {
	c := brokers(t)
	refused := 0
	c.ControlKey(int16(kmsg.CreateTopics), func(r kmsg.Request) (kmsg.Response, error, bool) {
		if refused == 3 {
			return nil, nil, false
		}
		refused++
		c.KeepControl()
		resp := r.ResponseKind().(*kmsg.CreateTopicsResponse)
		topic := kmsg.NewCreateTopicsResponseTopic()
		topic.Topic, topic.ErrorCode = "mdm", kerr.TopicAlreadyExists.Code
		resp.Topics = append(resp.Topics, topic)
		return resp, nil, true
	})
	a := admin(t, kafka.Options{Brokers: c.ListenAddrs(), Plaintext: true})
	if changed, err := a.EnsureTopic(t.Context(), "mdm", 3, 1); err != nil || !changed {
		t.Fatalf("got %v, %v", changed, err)
	}
	if info := c.TopicInfo("mdm"); info == nil || refused != 3 {
		t.Errorf("it is %+v after %d refusals", info, refused)
	}
}

func TestTheEndEndsACallThatIsUnderWay(t *testing.T) {
	var way line
	c := brokers(t, kfake.ListenFn(way.listen))
	release := way.hang(t)
	defer release()
	a := admin(t, kafka.Options{Brokers: c.ListenAddrs(), Plaintext: true, Timeout: time.Minute})
	ended := make(chan error, 1)
	go func() { ended <- a.DropTopic(t.Context(), "mdm") }()
	until(t, "a connection", func() bool {
		way.mu.Lock()
		defer way.mu.Unlock()
		return len(way.conns) > 0
	})
	a.Close()
	if err := <-ended; !errors.Is(err, backend.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

func TestOptionsAreRefusedByName(t *testing.T) {
	good := func() kafka.Options {
		return kafka.Options{Brokers: []string{"kafka:9092", "[::1]"}, Logger: slog.New(slog.DiscardHandler)}
	}
	for _, tt := range []struct {
		name   string
		change func(*kafka.Options)
		word   string
	}{
		{"good", func(*kafka.Options) {}, ""},
		{"no brokers", func(o *kafka.Options) { o.Brokers = nil }, "brokers"},
		{"a bad broker", func(o *kafka.Options) { o.Brokers = []string{"kafka:x"} }, `"kafka:x"`},
		{"a bad time", func(o *kafka.Options) { o.Timeout = -1 }, "timeout"},
		{"both", func(o *kafka.Options) { o.Plaintext, o.TLS = true, &tls.Config{} }, "TLS"},
		{"no password", func(o *kafka.Options) { o.SASL = kafka.SASL{Mechanism: kafka.Plain, User: "yard"} }, "password"},
		{"no mechanism", func(o *kafka.Options) { o.SASL = kafka.SASL{User: "yard", Password: secret} }, "mechanism"},
		{"a foreign mechanism", func(o *kafka.Options) { o.SASL = kafka.SASL{Mechanism: "GSSAPI", User: "yard", Password: secret} }, "GSSAPI"},
	} {
		o := good()
		tt.change(&o)
		a, err := kafka.New(o)
		if err == nil {
			a.Close()
		}
		if tt.word == "" && err != nil || tt.word != "" && (!errors.Is(err, backend.ErrInvalid) || !strings.Contains(err.Error(), tt.word)) ||
			err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}
