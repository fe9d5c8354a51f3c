package jobs

import (
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"strings"
)

// PackMost is the longest text, in bytes, that Pack takes and Unpack gives.
const PackMost = 256 << 20

// ErrTooLong is of a text longer than PackMost.
var ErrTooLong = errors.New("too long to be stored")

// Pack makes a text short and then, with seal, unreadable. Errors: ErrTooLong.
func Pack(text string, seal func(plain string) (string, error)) (string, error) {
	if len(text) > PackMost {
		return "", fmt.Errorf("%w: %d bytes, %d are allowed", ErrTooLong, len(text), PackMost)
	}
	var short strings.Builder
	w, err := flate.NewWriter(&short, flate.DefaultCompression)
	if err != nil {
		return "", err
	}
	if _, err := io.WriteString(w, text); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	return seal(short.String())
}

// Unpack gives back the text that Pack was given. Errors: ErrTooLong, and what open says.
func Unpack(packed string, open func(sealed string) (string, error)) (string, error) {
	short, err := open(packed)
	if err != nil {
		return "", fmt.Errorf("stored text: %w", err)
	}
	r := flate.NewReader(strings.NewReader(short))
	defer r.Close()
	text, err := io.ReadAll(io.LimitReader(r, PackMost+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("stored text: %w", err)
	case len(text) > PackMost:
		return "", fmt.Errorf("stored text: %w: more than %d bytes", ErrTooLong, PackMost)
	}
	return string(text), nil
}
