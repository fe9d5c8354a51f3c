package sim

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// journal is the file that a world outlives its process in: one line for one command, with the rows that it changed.
// A line goes out in one write, so a killed process leaves whole lines and at most one torn end, which is cut off.
type journal struct {
	f     *os.File
	texts map[rowKey]string // long files as the journal knows them
}

// row is one row in a journal's line; without a value it is gone.
type row[V any] struct {
	Table  string `json:"t"`
	Group  string `json:"g,omitempty"`
	Name   string `json:"n,omitempty"`
	Front  int    `json:"f,omitempty"` // of a file: the value's text stands between so many bytes of the last one's front
	Behind int    `json:"b,omitempty"` // and so many of its end
	Value  V      `json:"v,omitempty"`
}

// entry is a row as it is read.
type entry = row[json.RawMessage]

// openJournal fills w from the file, writes it anew without its history and goes on behind that.
func openJournal(path string, w *world) (*journal, error) {
	if err := replay(path, w); err != nil {
		return nil, err
	}
	w.ledger.on = true
	w.settle()
	w.takeChanges()
	whole := map[rowKey]any{}
	w.each(func(table, group, name string, row any) { whole[rowKey{table, group, name}] = row })
	j := &journal{texts: map[rowKey]string{}}
	line, err := j.encode(whole)
	if err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*")
	if err != nil {
		return nil, err
	}
	if _, err = f.Write(line); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	j.f = f
	return j, nil
}

func replay(path string, w *world) error {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	in := bufio.NewReaderSize(f, 1<<16)
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil // what follows the last newline is a torn write
		}
		if err != nil {
			return err
		}
		if err := replayLine(line, w); err != nil {
			return fmt.Errorf("%s: line %d: %w", path, n, err)
		}
	}
}

func replayLine(line []byte, w *world) error {
	var entries []entry
	if err := json.Unmarshal(line, &entries); err != nil {
		return err
	}
	for _, e := range entries {
		var err error
		if e.Front > 0 || e.Behind > 0 {
			err = mend(e, w)
		} else {
			err = w.apply(e.Table, e.Group, e.Name, e.Value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (j *journal) encode(rows map[rowKey]any) ([]byte, error) {
	entries := make([]row[any], 0, len(rows))
	for key, value := range rows {
		e := row[any]{Table: key.table, Group: key.group, Name: key.name, Value: value}
		if f, ok := value.(*file); ok {
			e.Value, e.Front, e.Behind = j.patch(key, f)
		} else if value == nil {
			delete(j.texts, key)
		}
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b row[any]) int {
		return cmp.Or(strings.Compare(a.Table, b.Table), strings.Compare(a.Group, b.Group), strings.Compare(a.Name, b.Name))
	})
	var out bytes.Buffer
	err := json.NewEncoder(&out).Encode(entries)
	return out.Bytes(), err
}

func (j *journal) append(rows map[rowKey]any) error {
	line, err := j.encode(rows)
	if err != nil {
		return err
	}
	_, err = j.f.Write(line)
	return err
}

func (j *journal) close() error { return j.f.Close() }
