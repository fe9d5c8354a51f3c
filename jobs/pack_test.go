package jobs_test

import (
	"errors"
	"strings"
	"testing"

	"yardmaster/jobs"
)

func plain(s string) (string, error) { return s, nil }

func TestAPackedTextComesBack(t *testing.T) {
	for _, text := range []string{"", "a: b\n", "\x00\xff", strings.Repeat("key: value\n", 1<<16)} {
		packed, err := jobs.Pack(text, func(s string) (string, error) { return "sealed " + s, nil })
		if err != nil || !strings.HasPrefix(packed, "sealed ") {
			t.Fatalf("%d bytes: %q, %v", len(text), packed[:min(len(packed), 20)], err)
		}
		if len(text) > 1<<10 && len(packed) > len(text)/10 {
			t.Errorf("%d bytes were packed into %d", len(text), len(packed))
		}
		back, err := jobs.Unpack(packed, func(s string) (string, error) { return strings.TrimPrefix(s, "sealed "), nil })
		if err != nil || back != text {
			t.Errorf("%d bytes came back as %d, %v", len(text), len(back), err)
		}
	}
}

func TestATextThatCannotBeOpenedIsAnError(t *testing.T) {
	wrong := errors.New("another key")
	if _, err := jobs.Unpack("x", func(string) (string, error) { return "", wrong }); !errors.Is(err, wrong) {
		t.Errorf("another key: %v", err)
	}
	packed, err := jobs.Pack(strings.Repeat("abc", 1000), plain)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := jobs.Unpack(packed[:len(packed)/2], plain); err == nil {
		t.Error("half of a text was taken for a whole one")
	}
}

func TestATextThatIsTooLongIsRefused(t *testing.T) {
	text := strings.Repeat("a", jobs.PackMost+1)
	if _, err := jobs.Pack(text, plain); !errors.Is(err, jobs.ErrTooLong) {
		t.Errorf("got %v", err)
	}
}
