package auth

import (
	"bytes"
	"crypto/rand"
	"errors"
	"strings"
	"testing"
)

func TestASealedSecretIsOpenedByItsKeyAlone(t *testing.T) {
	ours, err := NewSealer(bytes.Repeat([]byte{1}, 32), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := NewSealer(bytes.Repeat([]byte{2}, 32), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := ours.Seal("swordfish")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(sealed, "swordfish") {
		t.Errorf("sealed text shows the secret: %s", sealed)
	}
	if plain, err := ours.Open(sealed); err != nil || plain != "swordfish" {
		t.Errorf("Open = %q, %v; want swordfish", plain, err)
	}
	for name, text := range map[string]string{"another key's": sealed, "clear": "swordfish", "cut short": sealed[:20], "only the mark": sealMark} {
		if _, err := theirs.Open(text); !errors.Is(err, ErrSealed) {
			t.Errorf("%s text: Open = %v, want ErrSealed", name, err)
		}
	}
}

func TestAShortKeyIsRefused(t *testing.T) {
	if _, err := NewSealer([]byte("short"), rand.Reader); err == nil {
		t.Error("a key of 5 bytes was taken")
	}
}
