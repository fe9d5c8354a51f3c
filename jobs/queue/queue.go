package queue

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
)

// Embedded is the URL of the queue that lives and dies with this process.
const Embedded = "embedded"

const (
	defaultNamespace  = "yardmaster"
	defaultSignOfLife = 2 * time.Second
	defaultLifeTTL    = 8 * time.Second
)

// Options say where the queue is and how often workers show life.
type Options struct {
	URL        string // Embedded, or redis:// rediss:// unix:// redis-sentinel:// redis-cluster://; see parseURL
	Password   string // of the Redis user, instead of one in the URL
	Namespace  string // what sets several yards on one Redis apart; default "yardmaster"
	Logger     *slog.Logger
	Now        func() time.Time
	SignOfLife time.Duration // how often a run shows life; default 2 s
	LifeTTL    time.Duration // how long one sign is believed; default 8 s, at least twice SignOfLife
}

func (o *Options) fill() error {
	if o.Namespace == "" {
		o.Namespace = defaultNamespace
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.SignOfLife == 0 {
		o.SignOfLife = defaultSignOfLife
	}
	if o.LifeTTL == 0 {
		o.LifeTTL = max(defaultLifeTTL, 4*o.SignOfLife)
	}
	if o.SignOfLife < 0 || o.LifeTTL < 2*o.SignOfLife {
		return fmt.Errorf("sign of life each %s, believed for %s: want at least twice as long", o.SignOfLife, o.LifeTTL)
	}
	return checkWord("queue namespace", o.Namespace)
}

// Queue is one connection to one namespace. It is safe for use by many goroutines.
type Queue struct {
	keys       keys
	id         string // of this Queue among all that share the namespace
	log        *slog.Logger
	now        func() time.Time
	signOfLife time.Duration
	lifeTTL    time.Duration

	where    target
	embedded *embedded // nil with a real Redis
	rdb      redis.UniversalClient
	client   atomic.Pointer[asynq.Client] // made anew when Redis lost its memory

	running     registry
	jobs        bell
	reports     bell
	outJobs     chan struct{}
	outReports  chan struct{}
	gate        sync.RWMutex // held for writing while the embedded server is exchanged
	enqueued    atomic.Uint64
	rotateAfter uint64

	up      atomic.Bool
	changed chan struct{}
	stop    context.CancelFunc
	wg      sync.WaitGroup
}

// Open makes a Queue. A Redis that is down is no error: Up says so, and Changed is signalled when it comes.
func Open(ctx context.Context, o Options) (*Queue, error) {
	if err := o.fill(); err != nil {
		return nil, err
	}
	where, err := parseURL(o.URL)
	if err != nil {
		return nil, err
	}
	if o.Password != "" {
		where.password = o.Password
	}
	redis.SetLogger(redisLog{o.Logger})
	q := &Queue{
		keys: keys{o.Namespace}, id: rand.Text(), log: o.Logger, now: o.Now, signOfLife: o.SignOfLife, lifeTTL: o.LifeTTL,
		where: where, outJobs: make(chan struct{}, 1), outReports: make(chan struct{}, 1), changed: make(chan struct{}, 1),
		rotateAfter: rotateAfter,
	}
	if where.kind == inProcess {
		if q.embedded, err = openEmbedded(); err != nil {
			return nil, err
		}
	}
	q.rdb = q.connect()
	q.client.Store(asynq.NewClientFromRedisClient(q.rdb))
	q.start(ctx)
	return q, nil
}

// start looks at Redis once, so that Up is true at once where it can be, and then goes on looking until Close.
func (q *Queue) start(ctx context.Context) {
	w := &watcher{q: q}
	w.look(ctx)
	ctx, q.stop = context.WithCancel(context.WithoutCancel(ctx))
	q.wg.Add(1)
	go w.watch(ctx)
	if q.embedded != nil {
		q.wg.Add(1)
		go q.age(ctx)
		return
	}
	q.wg.Add(2)
	go q.cry(ctx)
	go q.hear(ctx)
}

// Embedded reports whether the queue lives in this process.
func (q *Queue) Embedded() bool { return q.embedded != nil }

// Up reports whether Redis answered when it was last asked, a fraction of a second ago.
func (q *Queue) Up() bool { return q.up.Load() }

// Ping asks Redis now.
func (q *Queue) Ping(ctx context.Context) error {
	if err := q.rdb.Ping(ctx).Err(); err != nil {
		return fmt.Errorf("ping redis: %w", err)
	}
	return nil
}

// Changed is signalled when Redis came back or had lost its memory: whoever owns the jobs must then ask about all of them.
// Several such events may be one signal, and one reader is meant.
func (q *Queue) Changed() <-chan struct{} { return q.changed }

// Enqueued counts the jobs that this Queue handed over, for metrics.
func (q *Queue) Enqueued() uint64 { return q.enqueued.Load() }

// Close ends what Open started. Work and Receive must have returned.
func (q *Queue) Close() error {
	q.stop()
	q.wg.Wait()
	err := q.rdb.Close()
	if q.embedded != nil {
		q.embedded.close()
	}
	if err != nil && !errors.Is(err, redis.ErrClosed) {
		return fmt.Errorf("close redis client: %w", err)
	}
	return nil
}
