package vsphere

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/vmware/govmomi/simulator"
)

// front serves the simulator. It lets tasks run one after the other: those of different machines share datastores, which the
// simulator does not lock.
type front struct {
	service   *simulator.Service
	now, most atomic.Int32 // requests under way, but for those that wait for news
	cut       string       // the method whose answers get lost
	stalled   atomic.Pointer[chan struct{}]
	held      atomic.Bool // clones wait, and do not hold up others
	task      sync.Mutex
	running   sync.WaitGroup
}

var (
	taskCall = regexp.MustCompile(`<(\w+_Task) `)
	taskRef  = regexp.MustCompile(`<returnval type="Task">([^<]+)</returnval>`)
)

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client has left
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if !strings.Contains(string(body), "<WaitForUpdatesEx ") {
		f.most.Store(max(f.most.Load(), f.now.Add(1)))
		defer f.now.Add(-1)
		if wait := f.stalled.Load(); wait != nil {
			<-*wait
		}
	}
	called := taskCall.FindSubmatch(body)
	switch {
	case called == nil:
		f.service.ServeSDK(w, r)
	case f.cut == string(called[1]):
		f.service.ServeSDK(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	case f.held.Load():
		f.service.ServeSDK(w, r)
	default:
		f.inTurn(w, r)
	}
}

// inTurn starts a task when the one before has ended, with all that it started.
func (f *front) inTurn(w http.ResponseWriter, r *http.Request) {
	f.task.Lock()
	answer := httptest.NewRecorder()
	f.service.ServeSDK(answer, r)
	task := taskRef.FindStringSubmatch(answer.Body.String())
	f.running.Go(func() {
		defer f.task.Unlock()
		if task != nil {
			f.settle(task[1])
		}
	})
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// stall lets requests wait until they are released.
func (f *front) stall() (release func()) {
	wait := make(chan struct{})
	f.stalled.Store(&wait)
	return sync.OnceFunc(func() {
		f.stalled.Store(nil)
		close(wait)
	})
}

// settle waits for a task, and for the removal of files that it may have left behind.
func (f *front) settle(task string) {
	all := f.service.Context.Map
	if t, ok := all.Get(ref{Type: "Task", Value: task}).(*simulator.Task); ok {
		t.Wait()
	}
	for _, o := range all.AllReference("Task") {
		if t, ok := o.(*simulator.Task); ok && t.Info.DescriptionId == "FileManager.deleteDatastoreFile" {
			t.Wait()
		}
	}
}
