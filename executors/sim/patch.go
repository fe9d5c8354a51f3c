package sim

import (
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// A file may be long and change by one line at a time, as an fstab does: the journal then holds what changed of it.

// patched is the length from which a file's text is journaled by its changes.
const patched = 512

// patch gives a file as the journal writes it: what of its text stands between bytes that stay in front and behind. Texts that
// JSON would not give back as they are take no part, for their bytes could not be counted.
func (j *journal) patch(key rowKey, f *file) (between *file, front, behind int) {
	old, known := j.texts[key]
	delete(j.texts, key)
	if len(f.Data) < patched {
		return f, 0, 0
	}
	if known {
		front, behind = kept(old, f.Data)
	}
	twin := *f
	twin.Data = f.Data[front : len(f.Data)-behind]
	if utf8.ValidString(twin.Data) {
		j.texts[key] = f.Data
	}
	return &twin, front, behind
}

// kept counts the bytes in which two texts agree from the front, and from behind, without cutting a character.
func kept(old, text string) (front, behind int) {
	const step = 1 << 10
	n := min(len(old), len(text))
	for front+step <= n && old[front:front+step] == text[front:front+step] {
		front += step
	}
	for front < n && old[front] == text[front] {
		front++
	}
	for front > 0 && front < len(text) && !utf8.RuneStart(text[front]) {
		front--
	}
	old, text = old[front:], text[front:]
	n -= front
	for behind+step <= n && old[len(old)-behind-step:len(old)-behind] == text[len(text)-behind-step:len(text)-behind] {
		behind += step
	}
	for behind < n && old[len(old)-behind-1] == text[len(text)-behind-1] {
		behind++
	}
	for behind > 0 && !utf8.RuneStart(text[len(text)-behind]) {
		behind--
	}
	return front, behind
}

// mend puts a patched file together again.
func mend(e entry, w *world) error {
	f := new(file)
	if err := json.Unmarshal(e.Value, f); err != nil {
		return fmt.Errorf("%s %s/%s: %w", e.Table, e.Group, e.Name, err)
	}
	old := w.files.get(e.Group, e.Name)
	if e.Table != w.files.name || old == nil || e.Front < 0 || e.Behind < 0 || e.Front > len(old.Data) || e.Behind > len(old.Data)-e.Front {
		return fmt.Errorf("%s %s/%s: a change of a text that is not there", e.Table, e.Group, e.Name)
	}
	f.Data = old.Data[:e.Front] + f.Data + old.Data[len(old.Data)-e.Behind:]
	w.files.set(e.Group, e.Name, f)
	return nil
}
