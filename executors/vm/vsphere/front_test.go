package vsphere

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/vmware/govmomi/simulator"
)

// front serves the simulator. It lets machines be destroyed one after the other: the simulator removes their files behind its tasks,
// without the locks that other machines' files need.
type front struct {
	service    *simulator.Service
	now, most  atomic.Int32 // requests under way, but for those that wait for news
	stalled    atomic.Pointer[chan struct{}]
	destroying sync.Mutex
}

var taskRef = regexp.MustCompile(`<returnval type="Task">([^<]+)</returnval>`)

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body bytes.Buffer
	if _, err := body.ReadFrom(r.Body); err != nil {
		return // the client has left
	}
	again := r.Clone(r.Context())
	again.Body = http.NoBody
	if body.Len() > 0 {
		again.Body = readCloser{&body}
	}
	if !strings.Contains(body.String(), "<WaitForUpdatesEx ") {
		f.most.Store(max(f.most.Load(), f.now.Add(1)))
		defer f.now.Add(-1)
		if wait := f.stalled.Load(); wait != nil {
			<-*wait
		}
	}
	if !strings.Contains(body.String(), "<Destroy_Task ") {
		f.service.ServeSDK(w, again)
		return
	}
	f.destroying.Lock()
	defer f.destroying.Unlock()
	answer := httptest.NewRecorder()
	f.service.ServeSDK(answer, again)
	if task := taskRef.FindStringSubmatch(answer.Body.String()); task != nil {
		f.settle(task[1])
	}
	for key, values := range answer.Header() {
		w.Header()[key] = values
	}
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

type readCloser struct{ *bytes.Buffer }

func (readCloser) Close() error { return nil }

// settle waits for a task and for the removal of files that it left behind.
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
