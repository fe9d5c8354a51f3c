package accounts_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"yardmaster/jobs/accounts"
	"yardmaster/store"
)

func TestATokenIsFoundByItsTextAlone(t *testing.T) {
	d := newDesk(t)
	text := d.token("ada", 0)
	if !regexp.MustCompile(`^[a-z][a-z0-9]{31}$`).MatchString(text) {
		t.Errorf("text %q", text)
	}
	got, err := d.Find(t.Context(), text)
	if err != nil || got.User != "ada" || !got.Created.Equal(noon) || !got.Last.IsZero() || got.Text != "" {
		t.Errorf("got %+v, %v", got, err)
	}
	for name, other := range map[string]string{"another text": d.token("bob", 0) + "x", "its hash": got.Hash, "its id": got.ID(), "nothing": "", "sealed": got.Sealed} {
		if _, err := d.Find(t.Context(), other); !errors.Is(err, accounts.ErrNoToken) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTextsAreNotInTheFile(t *testing.T) {
	d := newDesk(t)
	text := d.token("ada", 0)
	if _, err := d.Use(t.Context(), text); err != nil {
		t.Fatal(err)
	}
	d.add("bob", "a long password", "user")
	d.restart()
	file, err := os.ReadFile(filepath.Join(d.dir, "control.db"))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(file, []byte(text)) || bytes.Contains(file, []byte("a long password")) {
		t.Error("a secret is in the file")
	}
	if log := d.log.String(); strings.Contains(log, text) || strings.Contains(log, "a long password") {
		t.Errorf("a secret is in the log: %s", log)
	}
}

// 256 is no multiple of 26, nor of 36: bytes beyond the last whole multiple are thrown away, and a text begins with a letter.
func TestEveryCharacterOfATextIsAsLikely(t *testing.T) {
	d := newDesk(t)
	d.options.Random = io.MultiReader(bytes.NewReader([]byte{234, 255, 26, 252, 255, 35, 234}), repeat(0))
	d.restart()
	if got, want := d.token("ada", 0), "a9s"+strings.Repeat("a", 29); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestATextThatComesTwiceIsRefused(t *testing.T) {
	d := newDesk(t)
	d.options.Random = repeat(1)
	d.restart()
	text := d.token("ada", 0)
	if text != strings.Repeat("b", 32) {
		t.Errorf("got %q", text)
	}
	if _, err := d.NewToken(t.Context(), "eve", 0); err == nil {
		t.Error("a second token with one text")
	} else if strings.Contains(err.Error(), text) {
		t.Errorf("the text is in the error: %v", err)
	}
	if got, err := d.Find(t.Context(), text); err != nil || got.User != "ada" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestAListShowsItsUsersTokensWithTheirTexts(t *testing.T) {
	d := newDesk(t)
	var want []string
	for range 5 {
		want = append(want, d.token("ada", 0))
		d.pass(time.Second)
	}
	d.token("bob", 0)
	for round := range 2 {
		var got []string
		for _, token := range d.list("ada") {
			got = append(got, token.Text)
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("round %d: got %v, want %v", round, got, want)
		}
		d.restart()
	}
	if got := d.list("nobody"); len(got) != 0 {
		t.Errorf("nobody has %+v", got)
	}
	d.options.Sealer = mirror("another:")
	d.restart()
	if got := d.list("ada"); len(got) != 5 || got[0].Text != "" {
		t.Errorf("sealed with another key: %+v", got)
	}
	if _, err := d.Find(t.Context(), want[0]); err != nil {
		t.Errorf("a token outlives the key that its text was sealed with: %v", err)
	}
}

func TestADeletedTokenIsNoneAtOnce(t *testing.T) {
	d := newDesk(t)
	text, kept := d.token("ada", 0), d.token("ada", 0)
	if _, err := d.Use(t.Context(), text); err != nil {
		t.Fatal(err)
	}
	if err := d.DeleteToken(t.Context(), text); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := d.Use(t.Context(), text); !errors.Is(err, accounts.ErrNoToken) {
			t.Errorf("use: %v", err)
		}
		if err := d.DeleteToken(t.Context(), text); !errors.Is(err, accounts.ErrNoToken) {
			t.Errorf("delete: %v", err)
		}
		if got := d.list("ada"); len(got) != 1 || got[0].Text != kept {
			t.Errorf("list: %+v", got)
		}
		d.restart() // the last use of what is deleted brings nothing back
	}
}

func TestAnIDDeletesOnlyItsUsersToken(t *testing.T) {
	d := newDesk(t)
	ada, bob := d.token("ada", 0), d.token("bob", 0)
	id := func(text string) string {
		got, err := d.Find(t.Context(), text)
		if err != nil {
			t.Fatal(err)
		}
		return got.ID()
	}
	tests := []struct {
		name, user, id string
		want           error
	}{
		{"another's", "bob", id(ada), accounts.ErrNoToken},
		{"none", "ada", "0000000000000000", accounts.ErrNoToken},
		{"a part of one", "ada", id(ada)[:8], accounts.ErrNoToken},
		{"nothing", "", "", accounts.ErrNoToken},
		{"one's own", "ada", id(ada), nil},
		{"anybody's", "", id(bob), nil},
	}
	for _, tt := range tests {
		if err := d.DeleteTokenID(t.Context(), tt.user, tt.id); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, err, tt.want)
		}
	}
	if n := d.stored(); n != 0 {
		t.Errorf("%d tokens are left", n)
	}
}

func TestAnExpiredTokenIsAsGoodAsNone(t *testing.T) {
	d := newDesk(t)
	text, lasting := d.token("ada", time.Hour), d.token("ada", 0)
	d.pass(time.Hour - time.Nanosecond)
	if got, err := d.Use(t.Context(), text); err != nil || !got.Expires.Equal(noon.Add(time.Hour)) {
		t.Errorf("until it expires: %+v, %v", got, err)
	}
	d.pass(time.Nanosecond)
	if _, err := d.Find(t.Context(), text); !errors.Is(err, accounts.ErrNoToken) {
		t.Errorf("find: %v", err)
	}
	if err := d.DeleteToken(t.Context(), text); !errors.Is(err, accounts.ErrNoToken) {
		t.Errorf("delete: %v", err)
	}
	if got := d.list("ada"); len(got) != 1 || got[0].Text != lasting {
		t.Errorf("list: %+v", got)
	}
	d.options.Sweep = time.Millisecond
	d.restart()
	eventually(t, "expired tokens are deleted at the start", func() bool { return d.stored() == 1 })
	d.token("ada", time.Second)
	d.pass(time.Minute)
	eventually(t, "and later", func() bool { return d.stored() == 1 })
}

func TestManyExpiredTokensAreAllSwept(t *testing.T) {
	d := newDesk(t)
	err := d.db.Update(t.Context(), func(tx *store.Tx) error {
		for n := range 2500 {
			r := store.Token{Hash: accounts.Hash(strings.Repeat("x", n)), User: "ada", Expires: noon}
			if err := store.Tokens.Put(tx, &r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	d.restart()
	eventually(t, "all are deleted", func() bool { return d.stored() == 0 })
}

func TestAUseShowsAtOnceAndOutlivesARestart(t *testing.T) {
	d := newDesk(t)
	text := d.token("ada", 0)
	shown := func(when string, want time.Time) {
		t.Helper()
		got, err := d.Find(t.Context(), text)
		if err != nil || !got.Last.Equal(want) {
			t.Errorf("%s: found %v, %v; want %v", when, got.Last, err, want)
		}
		if got := d.list("ada"); !got[0].Last.Equal(want) {
			t.Errorf("%s: listed %v, want %v", when, got[0].Last, want)
		}
	}
	shown("before any use", time.Time{})
	for n := range 3 {
		d.pass(time.Minute)
		if _, err := d.Use(t.Context(), text); err != nil {
			t.Fatal(err)
		}
		shown("after a use", noon.Add(time.Duration(n+1)*time.Minute))
		if n == 1 {
			d.restart()
			shown("after a restart", noon.Add(2*time.Minute))
		}
	}
	d.restart()
	shown("at the end", noon.Add(3*time.Minute))
}

func TestUsesComeToTheDiskByThemselves(t *testing.T) {
	d := newDesk(t)
	d.options.Flush = time.Millisecond
	d.restart()
	text := d.token("ada", 0)
	d.pass(time.Minute)
	used, err := d.Use(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the use is written", func() bool {
		var kept store.Token
		err := d.db.View(t.Context(), func(tx *store.Tx) (err error) {
			kept, err = store.Tokens.Get(tx, used.Hash)
			return err
		})
		return err == nil && kept.Last.Equal(used.Last)
	})
}

// Readers never see the time of the last use go back, while it is written again and again.
func TestTheLastUseNeverGoesBack(t *testing.T) {
	d := newDesk(t)
	d.options.Flush = 100 * time.Microsecond
	d.restart()
	text := d.token("ada", 0)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 200 {
				d.pass(time.Second)
				used, err := d.Use(t.Context(), text)
				if err != nil {
					t.Error(err)
					return
				}
				found, err := d.Find(t.Context(), text)
				if err != nil || found.Last.Before(used.Last) {
					t.Errorf("used at %v, then found %v, %v", used.Last, found.Last, err)
					return
				}
				if listed, err := d.TokensOf(t.Context(), "ada"); err != nil || listed[0].Last.Before(found.Last) {
					t.Errorf("found %v, then listed %v, %v", found.Last, listed, err)
					return
				}
			}
		})
	}
	all.Wait()
}

func TestUsersOfTokensAreNamed(t *testing.T) {
	d := newDesk(t)
	for name, user := range map[string]string{"nobody": "", "too long": strings.Repeat("a", 257), "control characters": "a\x00b"} {
		if _, err := d.NewToken(t.Context(), user, 0); !errors.Is(err, accounts.ErrInput) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := d.NewToken(t.Context(), "ada", -1); !errors.Is(err, accounts.ErrInput) {
		t.Errorf("ttl: %v", err)
	}
	if text := d.token("Grace Hopper", 0); len(d.list("Grace Hopper")) != 1 || text == "" {
		t.Error("a user of a directory may have tokens")
	}
}

func TestTokensAreMadeUsedAndDeletedAtOnce(t *testing.T) {
	d := newDesk(t)
	d.options.Flush = time.Millisecond
	d.restart()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 20 {
				text, err := d.NewToken(t.Context(), "ada", 0)
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := d.Use(t.Context(), text); err != nil {
					t.Error(err)
				}
				if err := d.DeleteToken(t.Context(), text); err != nil {
					t.Error(err)
				}
				if _, err := d.Use(t.Context(), text); !errors.Is(err, accounts.ErrNoToken) {
					t.Errorf("after its deletion: %v", err)
				}
			}
		})
	}
	all.Wait()
	d.restart()
	if n := d.stored(); n != 0 {
		t.Errorf("%d tokens came back", n)
	}
}
