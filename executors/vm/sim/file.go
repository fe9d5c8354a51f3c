package sim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// fileMost is the size from which on a file is refused: no world is that large.
const fileMost = 256 << 20

// file is where several processes keep one world. Each change writes the whole anew beside it and renames that over it, so
// whoever reads sees all of a change or nothing; who changes holds the lock, a file of its own since the other is replaced.
type file struct {
	path string
	held *os.File    // the version that was read or written last; open, so that no later one gets its inode
	seen os.FileInfo // of held, as it was then
	bolt *os.File    // the lock file
}

// lock keeps other processes from changing the world, and waits for those that do.
func (f *file) lock(ctx context.Context) (unlock func(), err error) {
	if f.bolt == nil {
		if f.bolt, err = os.OpenFile(f.path+".lock", os.O_CREATE|os.O_RDWR, 0o600); err != nil {
			return nil, err
		}
	}
	fd := int(f.bolt.Fd())
	for pause := time.Millisecond; ; pause = min(2*pause, 20*time.Millisecond) {
		err := syscall.Flock(fd, syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { syscall.Flock(fd, syscall.LOCK_UN) }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return nil, fmt.Errorf("lock %s: %w", f.path, err)
		}
		if err := wait(ctx, pause); err != nil {
			return nil, err
		}
	}
}

// read gives w back if it is still what the file holds, else what that holds now. No file is an empty world.
func (f *file) read(w *world) (*world, error) {
	now, err := os.Stat(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		if w != nil && f.held == nil {
			return w, nil
		}
		f.keep(nil, nil)
		return newWorld(), nil
	}
	if err != nil {
		return nil, err
	}
	if w != nil && f.held != nil && os.SameFile(now, f.seen) && now.ModTime().Equal(f.seen.ModTime()) && now.Size() == f.seen.Size() {
		return w, nil
	}
	return f.load()
}

func (f *file) load() (*world, error) {
	in, err := os.Open(f.path)
	if err != nil {
		return nil, err
	}
	w, info, err := decode(in)
	if err != nil {
		in.Close()
		return nil, fmt.Errorf("%s: %w", f.path, err)
	}
	f.keep(in, info)
	return w, nil
}

func decode(in *os.File) (*world, os.FileInfo, error) {
	info, err := in.Stat()
	if err != nil {
		return nil, nil, err
	}
	raw, err := io.ReadAll(io.LimitReader(in, fileMost+1))
	if err != nil {
		return nil, nil, err
	}
	if len(raw) > fileMost {
		return nil, nil, fmt.Errorf("it has more than %d bytes", fileMost)
	}
	w, err := parse(raw)
	return w, info, err
}

// write replaces the file by the world as it is. The caller holds the lock.
func (f *file) write(w *world) error {
	raw, err := w.encode()
	if err != nil {
		return err
	}
	out, err := os.OpenFile(f.path+".new", os.O_CREATE|os.O_RDWR|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	info, err := f.replace(out, raw)
	if err != nil {
		out.Close()
		return err
	}
	f.keep(out, info)
	w.dirty = false
	return nil
}

// replace fills a new version and puts it in the old one's place, for good.
func (f *file) replace(out *os.File, raw []byte) (os.FileInfo, error) {
	if _, err := out.Write(raw); err != nil {
		return nil, err
	}
	if err := out.Sync(); err != nil {
		return nil, err
	}
	info, err := out.Stat()
	if err != nil {
		return nil, err
	}
	if err := os.Rename(out.Name(), f.path); err != nil {
		return nil, err
	}
	return info, syncFolder(filepath.Dir(f.path))
}

// syncFolder makes a rename last.
func syncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// keep remembers the version that the world is.
func (f *file) keep(held *os.File, seen os.FileInfo) {
	if f.held != nil {
		f.held.Close()
	}
	f.held, f.seen = held, seen
}

func (f *file) close() error {
	f.keep(nil, nil)
	if f.bolt == nil {
		return nil
	}
	err := f.bolt.Close()
	f.bolt = nil
	return err
}
