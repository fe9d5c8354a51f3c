package sim

import (
	"context"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"
	"syscall"
	"time"

	"mvdan.cc/sh/v3/interp"
)

// info is what stat tells of an in-memory file.
type info struct {
	name string
	f    *file
}

func (i info) Name() string { return i.name }
func (i info) Size() int64  { return int64(len(i.f.Data)) }
func (i info) Mode() fs.FileMode {
	switch {
	case i.f.Dir:
		return fs.ModeDir | fs.FileMode(i.f.Mode&0o777)
	case i.f.Mode == deviceMode:
		return fs.ModeDevice | 0o660
	}
	return fs.FileMode(i.f.Mode & 0o777)
}
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) IsDir() bool        { return i.f.Dir }
func (i info) Sys() any           { return nil }

func refuse(op, name string, err error) error { return &os.PathError{Op: op, Path: name, Err: err} }

func absolute(dir, name string) string {
	if !path.IsAbs(name) {
		name = dir + "/" + name
	}
	return path.Clean(name)
}

func (r *run) stat(ctx context.Context, name string, _ bool) (fs.FileInfo, error) {
	r.c.mu.Lock()
	defer r.c.mu.Unlock()
	if f := r.c.w.stat(r.c.w.at(r.host, name)); f != nil {
		return info{path.Base(name), f}, nil
	}
	return nil, refuse("stat", name, syscall.ENOENT)
}

func (r *run) access(ctx context.Context, name string, mode interp.AccessMode) error {
	r.c.mu.Lock()
	defer r.c.mu.Unlock()
	f := r.c.w.stat(r.c.w.at(r.host, name))
	switch {
	case f == nil && mode == interp.AccessExec && r.c.program(name) != nil:
		return nil
	case f == nil:
		return refuse("access", name, syscall.ENOENT)
	case mode&interp.AccessExec != 0 && !f.Dir && f.Mode&0o111 == 0:
		return refuse("access", name, syscall.EACCES)
	}
	return nil
}

func (r *run) readDir(ctx context.Context, name string) ([]fs.DirEntry, error) {
	r.c.mu.Lock()
	defer r.c.mu.Unlock()
	w, name := r.c.w, absolute("/", name)
	p := w.at(r.host, name)
	if f := w.stat(p); f == nil || !f.Dir {
		return nil, refuse("open", name, syscall.ENOENT)
	}
	var entries []fs.DirEntry
	for _, child := range w.children(p) {
		if f := w.stat(w.at(r.host, path.Join(name, child))); f != nil {
			entries = append(entries, fs.FileInfoToDirEntry(info{child, f}))
		}
	}
	return entries, nil
}

// open serves the shell's redirections.
func (r *run) open(ctx context.Context, name string, flag int, _ os.FileMode) (io.ReadWriteCloser, error) {
	full := absolute(interp.HandlerCtx(ctx).Dir, name)
	writing := flag&(os.O_WRONLY|os.O_RDWR) != 0
	if full == "/dev/null" && writing {
		return &sink{}, nil
	}
	r.c.mu.Lock()
	defer r.c.mu.Unlock()
	w := r.c.w
	p := w.at(r.host, full)
	f := w.stat(p)
	if !writing {
		return r.openRead(name, full, f)
	}
	if f != nil && (f.Dir || f.Mode == deviceMode) {
		return nil, refuse("open", name, syscall.EISDIR)
	}
	if parent := w.stat(w.at(r.host, path.Dir(full))); parent == nil || !parent.Dir {
		return nil, refuse("open", name, syscall.ENOENT)
	}
	if f == nil || flag&os.O_TRUNC != 0 {
		w.write(p, "")
		r.c.commit()
	}
	return &sink{r: r, p: p}, nil
}

// openRead gives a directory as an empty file: it is opened to be locked.
func (r *run) openRead(name, full string, f *file) (io.ReadWriteCloser, error) {
	if f == nil {
		return nil, refuse("open", name, syscall.ENOENT)
	}
	in, err := r.pipeOf(f.Data)
	if err != nil {
		return nil, refuse("open", name, syscall.EFBIG)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.opened == nil {
		r.opened = map[*os.File]string{}
	}
	r.opened[in] = full
	return in, nil
}

// sink is a file open for appending; without a run it is /dev/null.
type sink struct {
	mu sync.Mutex
	r  *run
	p  place
}

func (s *sink) Read([]byte) (int, error) { return 0, io.EOF }
func (s *sink) Close() error             { return nil }

func (s *sink) Write(b []byte) (int, error) {
	if s.r == nil || len(b) == 0 {
		return len(b), nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.r.c.mu.Lock()
	defer s.r.c.mu.Unlock()
	w := s.r.c.w
	old := ""
	if f := w.stat(s.p); f != nil {
		old = f.Data
	}
	if len(old)+len(b) > maxFile {
		return 0, refuse("write", s.p.rel, syscall.ENOSPC)
	}
	var text strings.Builder
	text.Grow(len(old) + len(b))
	text.WriteString(old)
	text.Write(b)
	w.write(s.p, text.String())
	s.r.c.commit()
	return len(b), nil
}

// maxFile bounds what one file holds.
const maxFile = 4 << 20
