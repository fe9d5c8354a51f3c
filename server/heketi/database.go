package heketi

import (
	"context"
	"errors"
	"io"
	"net/http"

	"yardmaster/server/rest"
)

// backupName is what browsers and scripts of Heketi's users have always saved the copy as.
const backupName = "heketi.db"

// errSized ends a backup of which only the size was wanted.
var errSized = errors.New("size known")

// backup streams a copy of the store while it is in use.
func (a *API) backup(r *http.Request) (rest.Response, error) {
	c := a.copyStore(r.Context(), r.Method == http.MethodHead)
	size, err := c.begin()
	if err != nil {
		return rest.Response{}, err
	}
	resp := rest.Response{Length: size, Stream: c.stream} // a HEAD does not get as far as the stream
	return resp.With("Content-Type", "application/octet-stream").With("Content-Disposition", `attachment; filename="`+backupName+`"`), nil
}

// storeCopy is one backup under way. Its size must be told before its first byte, so it runs beside the answer; stream, or
// begin where it fails, waits for its end.
type storeCopy struct {
	pipe  *io.PipeReader
	sized chan int64
	done  chan error
}

func (a *API) copyStore(ctx context.Context, sizeOnly bool) *storeCopy {
	r, w := io.Pipe()
	c := &storeCopy{pipe: r, sized: make(chan int64, 1), done: make(chan error, 1)}
	go func() {
		_, err := a.db.Backup(ctx, func(size int64) (io.Writer, error) {
			c.sized <- size
			if sizeOnly {
				return nil, errSized
			}
			return w, nil
		})
		_ = w.CloseWithError(err)
		c.done <- err
	}()
	return c
}

// begin waits until the size is known.
func (c *storeCopy) begin() (int64, error) {
	select {
	case size := <-c.sized:
		return size, nil
	case err := <-c.done:
		if len(c.sized) > 0 { // both came at once
			c.done <- err
			return <-c.sized, nil
		}
		return 0, err
	}
}

// stream hands the copy on; a client that leaves ends it.
func (c *storeCopy) stream(_ context.Context, w io.Writer, _ func()) error {
	_, err := io.Copy(w, c.pipe)
	_ = c.pipe.Close()
	if made := <-c.done; err == nil {
		err = made
	}
	return err
}
