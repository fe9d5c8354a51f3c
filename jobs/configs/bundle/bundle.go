// Package bundle reads the files that an upload holds, be it one file or an archive, and writes archives of files. It works in memory on
// bounded input, trusts no name and no size that an archive states, and does not look into the files.
package bundle

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What callers ask an error for.
var (
	ErrBundle   = errors.New("not a file or archive of configs") // the text names the file and the reason
	ErrTooLarge = errors.New("too large")
)

// File is one text of a bundle.
type File struct {
	Name string // path with forward slashes, relative and clean
	Text []byte
}

// Limits bound what comes out of a bundle. 0 is the default: 2000 files, 4 MiB a file, 64 MiB in all. What a tar file holds besides
// counts too, since it must be unpacked to get past it.
type Limits struct {
	Files                 int
	FileBytes, TotalBytes int64
}

const (
	defaultFiles      = 2000
	defaultFileBytes  = 4 << 20
	defaultTotalBytes = 64 << 20

	// entriesPerFile bounds what else an archive may list.
	entriesPerFile = 10
)

// Reader reads the bundles that came together, one after the other. Its limits are those of all of them.
type Reader struct {
	limits Limits
	spent  spent
}

// spent is what has been used of the limits.
type spent struct {
	files, entries int
	bytes, stream  int64 // stream is what tar files unpacked to
}

// NewReader makes a Reader.
func NewReader(l Limits) *Reader { return &Reader{limits: l.orDefault()} }

// Read is Read of a Reader for one bundle.
func Read(name string, body []byte, l Limits) (files []File, skipped []string, err error) {
	return NewReader(l).Read(name, body)
}

// Read returns the .yml, .yaml and .json files of an upload called name, sorted by name, and the names of what it passed over:
// directories aside, other files, hidden ones and archives inside the archive. .zip, .tar.gz and .tgz are archives, and content must be
// what the name says. Errors (ErrBundle, ErrTooLarge) name the file and the reason.
func (r *Reader) Read(name string, body []byte) (files []File, skipped []string, err error) {
	c := &collection{limits: r.limits, spent: &r.spent, seen: map[string]bool{}}
	switch form, is := formOf(name), formOfContent(body); {
	case form == "":
		return nil, nil, refuse(name, "ends in none of .zip, .tar.gz, .tgz, .yml, .yaml, .json")
	case form != is && is != text:
		return nil, nil, refuse(name, "is "+is+" by its content")
	case form != is:
		return nil, nil, refuse(name, "is no "+form)
	case form == zipped:
		err = c.zip(name, body)
	case form == tarred:
		err = c.tar(name, body)
	default:
		err = c.single(name, body)
	}
	if err != nil {
		return nil, nil, err
	}
	slices.SortFunc(c.files, func(a, b File) int { return cmp.Compare(a.Name, b.Name) })
	slices.Sort(c.skipped)
	return c.files, c.skipped, nil
}

func (l Limits) orDefault() Limits {
	if l.Files <= 0 {
		l.Files = defaultFiles
	}
	if l.FileBytes <= 0 {
		l.FileBytes = defaultFileBytes
	}
	if l.TotalBytes <= 0 {
		l.TotalBytes = defaultTotalBytes
	}
	return l
}

// Forms of an upload.
const (
	zipped = "zip"
	tarred = "gzip"
	text   = "text"
)

func formOf(name string) string {
	name = strings.ToLower(name)
	switch {
	case strings.HasSuffix(name, ".zip"):
		return zipped
	case strings.HasSuffix(name, ".tar.gz"), strings.HasSuffix(name, ".tgz"):
		return tarred
	case config(name):
		return text
	}
	return ""
}

func formOfContent(body []byte) string {
	switch {
	case bytes.HasPrefix(body, []byte("PK\x03\x04")), bytes.HasPrefix(body, []byte("PK\x05\x06")):
		return zipped
	case bytes.HasPrefix(body, []byte{0x1f, 0x8b}):
		return tarred
	}
	return text
}

// config says whether a name is one of a file that is taken.
func config(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".yml", ".yaml", ".json":
		return true
	}
	return false
}

// collection is what has been taken of one bundle so far.
type collection struct {
	limits  Limits
	spent   *spent
	files   []File
	skipped []string
	seen    map[string]bool
}

func (c *collection) single(name string, body []byte) error {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	if _, err := clean(name); err != nil {
		return err
	}
	if err := c.room(name); err != nil {
		return err
	}
	return c.take(name, body)
}

// entry judges the name of an archive's next file; ok says that it is to be taken.
func (c *collection) entry(name string) (cleaned string, ok bool, err error) {
	if c.spent.entries++; c.spent.entries > c.limits.Files*entriesPerFile {
		return "", false, tooLarge(name, "archives list more than %d files", c.limits.Files*entriesPerFile)
	}
	if cleaned, err = clean(name); err != nil {
		return "", false, err
	}
	if hidden(cleaned) || !config(cleaned) {
		c.skipped = append(c.skipped, cleaned)
		return cleaned, false, nil
	}
	if c.seen[cleaned] {
		return "", false, refuse(name, "is there twice")
	}
	c.seen[cleaned] = true
	return cleaned, true, c.room(name)
}

func (c *collection) room(name string) error {
	if c.spent.files >= c.limits.Files {
		return tooLarge(name, "more than %d files", c.limits.Files)
	}
	return nil
}

func (c *collection) take(name string, body []byte) error {
	if int64(len(body)) > c.limits.FileBytes {
		return tooLarge(name, "has more than %d bytes", c.limits.FileBytes)
	}
	if c.spent.bytes += int64(len(body)); c.spent.bytes > c.limits.TotalBytes {
		return tooLarge(name, "all files together have more than %d bytes", c.limits.TotalBytes)
	}
	c.spent.files++
	c.files = append(c.files, File{Name: name, Text: body})
	return nil
}

// clean is a name as it is kept; names that would leave the folder they are unpacked in are refused, though nothing is unpacked here.
func clean(name string) (string, error) {
	switch {
	case name == "" || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return "", refuse(name, "is no name of a file")
	case len(name) > 1024:
		return "", refuse(name, "has too long a name")
	case strings.HasPrefix(name, "/"), strings.Contains(name, `\`), len(name) > 1 && name[1] == ':':
		return "", refuse(name, "is an absolute path or one of another system")
	case slices.Contains(strings.Split(name, "/"), ".."):
		return "", refuse(name, "leaves the archive's folder")
	}
	return path.Clean(name), nil
}

// hidden files are those of editors and systems, __MACOSX among them.
func hidden(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if strings.HasPrefix(part, ".") || part == "__MACOSX" {
			return true
		}
	}
	return false
}

func refuse(name, reason string) error {
	return fmt.Errorf("%w: %s %s", ErrBundle, quote(name), reason)
}

func tooLarge(name, reason string, limit any) error {
	return fmt.Errorf("%w: %s: "+reason, ErrTooLarge, quote(name), limit)
}

func quote(name string) string {
	if len(name) > 200 {
		name = name[:200] + "..."
	}
	return fmt.Sprintf("%q", name)
}
