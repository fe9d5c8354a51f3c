package accounts

import (
	"context"
	"errors"

	"yardmaster/store"
)

// ErrSealed means that tokens are kept whose texts only the missing key can open.
var ErrSealed = errors.New("control.db holds tokens that it sealed; restore it, or delete the tokens")

// NothingSealed refuses if a record holds what only the key that sealed it can open.
func NothingSealed(ctx context.Context, db *store.DB) error {
	return db.View(ctx, func(tx *store.Tx) error {
		if store.Tokens.Count(tx) > 0 {
			return ErrSealed
		}
		return nil
	})
}
