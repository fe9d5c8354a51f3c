package configs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"yardmaster/jobs"
	"yardmaster/store"
)

// pack makes a text short and then unreadable.
func (d *Domain) pack(text string) (string, error) { return jobs.Pack(text, d.seal.Seal) }

// unpack gives back what pack was given.
func (d *Domain) unpack(body string) (string, error) { return jobs.Unpack(body, d.seal.Open) }

// longestLoad bounds what an operation may carry, packed: it is in its record, which is written again as the operation goes on, and
// travels over the queue.
const longestLoad = 16 << 20

// load packs what an operation is to carry. Errors: ErrInvalid if it is too much for one.
func (d *Domain) load(what string, v any) (string, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	if len(raw) > jobs.PackMost {
		return "", fmt.Errorf("%w: %s comes to %d bytes, %d are allowed at once", ErrInvalid, what, len(raw), jobs.PackMost)
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
