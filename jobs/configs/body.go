package configs

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"yardmaster/store"
)

// longestBody bounds what a packed text may come to.
const longestBody = 256 << 20

// pack makes a text short and then unreadable.
func (d *Domain) pack(text string) (string, error) {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.DefaultCompression)
	if err != nil {
		return "", err
	}
	if _, err := io.WriteString(w, text); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	return d.seal.Seal(b.String())
}

// unpack gives back what pack was given.
func (d *Domain) unpack(body string) (string, error) {
	short, err := d.seal.Open(body)
	if err != nil {
		return "", fmt.Errorf("stored text: %w", err)
	}
	r := flate.NewReader(strings.NewReader(short))
	defer r.Close()
	text, err := io.ReadAll(io.LimitReader(r, longestBody+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("stored text: %w", err)
	case len(text) > longestBody:
		return "", fmt.Errorf("stored text: more than %d bytes", longestBody)
	}
	return string(text), nil
}

// longestLoad bounds what an operation may carry, packed: it is in its record, which is written again as the operation goes on, and
// travels over the queue.
const longestLoad = 16 << 20

// load packs what an operation is to carry. Errors: ErrInvalid if it is too much for one.
func (d *Domain) load(what string, v any) (string, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	if len(raw) > longestBody {
		return "", fmt.Errorf("%w: %s comes to %d bytes, %d are allowed at once", ErrInvalid, what, len(raw), longestBody)
	}
	packed, err := d.pack(string(raw))
	if err == nil && len(packed) > longestLoad {
		err = fmt.Errorf("%w: %s comes to %d bytes when packed, %d are allowed at once", ErrInvalid, what, len(packed), longestLoad)
	}
	return packed, err
}

func (d *Domain) unpackJSON(body string, v any) error {
	text, err := d.unpack(body)
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(text), v)
}

// NothingSealed is an error if there are records whose texts a key was used for: another one would not open them.
func NothingSealed(ctx context.Context, db *store.DB) error {
	return db.View(ctx, func(tx *store.Tx) error {
		if store.ConfigObjects.Count(tx) > 0 {
			return errors.New("there are configs, whose texts only that key opens")
		}
		newest, err := store.NewestPatch(tx)
		if err == nil && newest > 0 {
			err = errors.New("there are patches of configs, whose texts only that key opens")
		}
		return err
	})
}
