package bundle_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yardmaster/jobs/configs/bundle"
)

// entry is a file of an archive made for a test.
type entry struct {
	name, text string
	mode       fs.FileMode
	link       string
}

func zipOf(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
		if e.mode != 0 {
			h.SetMode(e.mode)
		}
		w, err := z.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(e.text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func tarOf(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var out bytes.Buffer
	g := gzip.NewWriter(&out)
	w := tar.NewWriter(g)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Mode: 0o644, Size: int64(len(e.text)), Typeflag: tar.TypeReg}
		switch {
		case e.mode&fs.ModeSymlink != 0:
			h.Typeflag, h.Linkname, h.Size = tar.TypeSymlink, e.link, 0
		case e.mode&fs.ModeDevice != 0:
			h.Typeflag, h.Size = tar.TypeBlock, 0
		case strings.HasSuffix(e.name, "/"):
			h.Typeflag, h.Size = tar.TypeDir, 0
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			if _, err := w.Write([]byte(e.text)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := errors.Join(w.Close(), g.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

var forms = map[string]func(testing.TB, ...entry) []byte{"release.zip": zipOf, "release.tar.gz": tarOf, "Release.TGZ": tarOf}

func TestArchivesGiveTheirConfigsSortedAndNameTheRest(t *testing.T) {
	for name, pack := range forms {
		t.Run(name, func(t *testing.T) {
			body := pack(t,
				entry{name: "configs/"}, entry{name: "configs/b.yaml", text: "b"}, entry{name: "./configs/a.YML", text: "a"},
				entry{name: "README.md", text: "read"}, entry{name: "c.json", text: "{}"}, entry{name: "inner.zip", text: "PK"},
				entry{name: "__MACOSX/._a.yml", text: "x"}, entry{name: ".git/config.yml", text: "x"}, entry{name: "configs/.hidden.yml", text: "x"})
			files, skipped, err := bundle.Read(name, body, bundle.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			want := []bundle.File{{Name: "c.json", Text: []byte("{}")}, {Name: "configs/a.YML", Text: []byte("a")}, {Name: "configs/b.yaml", Text: []byte("b")}}
			if d := cmp.Diff(want, files); d != "" {
				t.Error(d)
			}
			rest := []string{".git/config.yml", "README.md", "__MACOSX/._a.yml", "configs/.hidden.yml", "inner.zip"}
			if d := cmp.Diff(rest, skipped); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestOneFileIsABundleOfOne(t *testing.T) {
	for _, name := range []string{"patch.yml", "patch.yaml", "patch.json"} {
		files, skipped, err := bundle.Read(name, []byte("a: 1"), bundle.Limits{})
		if err != nil || len(skipped) != 0 || len(files) != 1 || files[0].Name != name || string(files[0].Text) != "a: 1" {
			t.Errorf("%s: %v %v %v", name, files, skipped, err)
		}
	}
	files, _, err := bundle.Read("/home/me/patch.yml", []byte("a: 1"), bundle.Limits{})
	if err != nil || files[0].Name != "patch.yml" {
		t.Errorf("a name with a path: %v %v", files, err)
	}
}

func TestArchivesThatCannotBeTrustedAreRefused(t *testing.T) {
	bad := map[string][]entry{
		"leaves the archive's folder": {{name: "../../etc/cron.d/x.yml", text: "x"}},
		"is an absolute path":         {{name: "/etc/x.yml", text: "x"}},
		"of another system":           {{name: `c:\x.yml`, text: "x"}},
		"is a link or device":         {{name: "a.yml", mode: fs.ModeSymlink | 0o777, link: "/etc/passwd"}},
		"is there twice":              {{name: "a.yml", text: "x"}, {name: "./a.yml", text: "y"}},
		"is no name of a file":        {{name: "a\x01.yml", text: "x"}},
	}
	for reason, entries := range bad {
		for name, pack := range forms {
			t.Run(reason+" in "+name, func(t *testing.T) {
				_, _, err := bundle.Read(name, pack(t, entries...), bundle.Limits{})
				if !errors.Is(err, bundle.ErrBundle) || !strings.Contains(err.Error(), reason) {
					t.Errorf("got %v", err)
				}
			})
		}
	}
	t.Run("a device in a tar", func(t *testing.T) {
		_, _, err := bundle.Read("a.tgz", tarOf(t, entry{name: "sda.yml", mode: fs.ModeDevice}), bundle.Limits{})
		if !errors.Is(err, bundle.ErrBundle) || !strings.Contains(err.Error(), `"sda.yml" is a link or device`) {
			t.Errorf("got %v", err)
		}
	})
}

func TestAnUploadIsWhatItsNameSays(t *testing.T) {
	z, g := zipOf(t, entry{name: "a.yml", text: "a"}), tarOf(t, entry{name: "a.yml", text: "a"})
	for _, c := range []struct {
		name   string
		body   []byte
		reason string
	}{
		{"a.txt", []byte("a"), "ends in none of"},
		{"a", z, "ends in none of"},
		{"a.yml", z, "is zip by its content"},
		{"a.zip", g, "is gzip by its content"},
		{"a.tar.gz", z, "is zip by its content"},
		{"a.zip", []byte("a: 1"), "is no zip"},
		{"a.tgz", nil, "is no gzip"},
		{"a.zip", z[:len(z)-10], "is no zip that can be read"},
		{"a.tgz", g[:len(g)-20], "is no tar file that can be read"},
	} {
		if _, _, err := bundle.Read(c.name, c.body, bundle.Limits{}); !errors.Is(err, bundle.ErrBundle) || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%s: got %v, want %s", c.name, err, c.reason)
		}
	}
}

func TestWhatIsUnpackedIsBounded(t *testing.T) {
	limits := bundle.Limits{Files: 3, FileBytes: 1 << 10, TotalBytes: 2 << 10}
	zeros := strings.Repeat("0", 64<<20)
	many := make([]entry, 0, 40)
	for range 40 {
		many = append(many, entry{name: strings.Repeat("x", len(many)+1) + ".md"})
	}
	for what, entries := range map[string][]entry{
		"a bomb":             {{name: "a.yml", text: zeros}},
		"a file too large":   {{name: "a.yml", text: zeros[:1025]}},
		"too much in all":    {{name: "a.yml", text: zeros[:1000]}, {name: "b.yml", text: zeros[:1000]}, {name: "c.yml", text: zeros[:1000]}},
		"too many files":     {{name: "a.yml"}, {name: "b.yml"}, {name: "c.yml"}, {name: "d.yml"}},
		"too many of others": many,
	} {
		for name, pack := range forms {
			if _, _, err := bundle.Read(name, pack(t, entries...), limits); !errors.Is(err, bundle.ErrTooLarge) {
				t.Errorf("%s in %s: got %v", what, name, err)
			}
		}
	}
	if _, _, err := bundle.Read("a.tgz", tarOf(t, entry{name: "movie.mp4", text: zeros}), limits); !errors.Is(err, bundle.ErrTooLarge) {
		t.Errorf("a bomb that is passed over: got %v", err)
	}
	if _, _, err := bundle.Read("a.yml", []byte(zeros[:1025]), limits); !errors.Is(err, bundle.ErrTooLarge) {
		t.Errorf("one large file: got %v", err)
	}
}

func TestWriteGivesTheSameBytesAndReadsBack(t *testing.T) {
	when := time.Date(2026, 3, 4, 5, 6, 8, 0, time.FixedZone("x", 3600))
	files := []bundle.File{{Name: "logs/b.json", Text: []byte("{}")}, {Name: "a.yaml", Text: []byte("a: 1\n")}}
	var one, two bytes.Buffer
	if err := bundle.Write(&one, files, when); err != nil {
		t.Fatal(err)
	}
	if err := bundle.Write(&two, []bundle.File{files[1], files[0]}, when); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(one.Bytes(), two.Bytes()) {
		t.Error("the order of the files shows")
	}
	got, _, err := bundle.Read("x.zip", one.Bytes(), bundle.Limits{})
	if d := cmp.Diff([]bundle.File{files[1], files[0]}, got); d != "" || err != nil {
		t.Error(err, d)
	}
	for _, name := range []string{"../a.yml", "", "a//b.yml"} {
		if err := bundle.Write(&one, []bundle.File{{Name: name}}, when); !errors.Is(err, bundle.ErrBundle) {
			t.Errorf("%q: got %v", name, err)
		}
	}
}

// FuzzRead: whatever comes, it ends, within its limits and with names that stay inside.
func FuzzRead(f *testing.F) {
	f.Add("a.zip", zipOf(f, entry{name: "a.yml", text: "a: 1"}, entry{name: "b/c.json", text: "{}"}))
	f.Add("a.tgz", tarOf(f, entry{name: "a.yml", text: "a: 1"}, entry{name: "l.yml", mode: fs.ModeSymlink, link: "/"}))
	f.Add("a.zip", zipOf(f, entry{name: "../a.yml"}))
	f.Add("a.yml", []byte("a: 1"))
	l := bundle.Limits{Files: 10, FileBytes: 1 << 16, TotalBytes: 1 << 18}
	f.Fuzz(func(t *testing.T, name string, body []byte) {
		files, _, err := bundle.Read(name, body, l)
		if err != nil {
			if !errors.Is(err, bundle.ErrBundle) && !errors.Is(err, bundle.ErrTooLarge) {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		total := 0
		for _, file := range files {
			if total += len(file.Text); len(file.Text) > 1<<16 || total > 1<<18 {
				t.Fatal("over the limits")
			}
			if !fs.ValidPath(file.Name) {
				t.Fatalf("name %q", file.Name)
			}
		}
	})
}

func TestBundlesThatCameTogetherShareTheirLimits(t *testing.T) {
	read := func(l bundle.Limits, bodies ...[]byte) error {
		r := bundle.NewReader(l)
		for i, body := range bodies {
			name := "a.tgz"
			if bytes.HasPrefix(body, []byte("PK")) {
				name = "a.zip"
			} else if !bytes.HasPrefix(body, []byte{0x1f}) {
				name = "a.yml"
			}
			if _, _, err := r.Read(name, body); err != nil {
				if i != len(bodies)-1 {
					t.Errorf("the bundle before the last: %v", err)
				}
				return err
			}
		}
		return nil
	}
	z := zipOf(t, entry{name: "a.yml", text: "12345"}, entry{name: "b.yml", text: "12345"})
	g := tarOf(t, entry{name: "a.yml", text: "12345"}, entry{name: "b.yml", text: "12345"})
	idle := tarOf(t, entry{name: "a.bin", text: strings.Repeat("x", 150<<10)})
	full := bundle.Limits{Files: 5, FileBytes: 10, TotalBytes: 25}
	if err := read(full, z, g, []byte("12345")); err != nil {
		t.Error(err)
	}
	for name, c := range map[string]struct {
		l      bundle.Limits
		bodies [][]byte
	}{
		"bytes":             {bundle.Limits{TotalBytes: 24}, [][]byte{z, g, []byte("12345")}},
		"files":             {bundle.Limits{Files: 4}, [][]byte{z, g, []byte("12345")}},
		"entries":           {bundle.Limits{Files: 1}, [][]byte{zipOf(t, many(9, "txt")...), zipOf(t, many(2, "txt")...)}},
		"what is not taken": {bundle.Limits{Files: 10, TotalBytes: 1 << 10}, [][]byte{idle, idle}},
	} {
		if err := read(c.l, c.bodies...); !errors.Is(err, bundle.ErrTooLarge) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func many(n int, ending string) (out []entry) {
	for i := range n {
		out = append(out, entry{name: fmt.Sprintf("%d.%s", i, ending), text: "x"})
	}
	return out
}
