package queue

import (
	"context"
	"fmt"
	"os"
	"time"
)

// childWorker is the test binary started again: a worker in a process of its own, to be killed.
func childWorker(url string) int {
	q, err := Open(context.Background(), Options{URL: url, Namespace: os.Getenv(childEnv + "_NS"),
		SignOfLife: 50 * time.Millisecond, LifeTTL: time.Second})
	if err == nil {
		err = q.Work(context.Background(), "child", 1, func(ctx context.Context, r Run) error {
			r.Beat([]byte("at it"))
			<-ctx.Done()
			return nil
		})
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}
