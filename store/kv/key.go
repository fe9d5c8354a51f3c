package kv

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"time"
)

// MaxKey is the longest key that a record or an index entry may have, in bytes.
const MaxKey = 32768

// Text bytes below keep 0x00 free as the terminator: 0x00 and 0x01 become two bytes that start
// with escape, in an order that leaves the order of the texts as it was.
const (
	terminator = 0x00
	escape     = 0x01
	escapedNul = 0x01
	escapedEsc = 0x02
)

const signBit = 1 << 63

// Key is an encoded key. Keys compare byte by byte as the values in them do, and a key of one
// shape is never a prefix of another of that shape. All keys of one table or one index must have
// the same shape, such as text followed by time.
type Key []byte

// Text encodes any string; keys order as the strings do, byte by byte.
func Text(s string) Key { return append(Prefix(s), terminator) }

// Prefix encodes the beginning of a text, to scan for every text that starts so.
func Prefix(s string) Key {
	k := make(Key, 0, len(s)+1)
	for i := range len(s) {
		switch c := s[i]; c {
		case terminator:
			k = append(k, escape, escapedNul)
		case escape:
			k = append(k, escape, escapedEsc)
		default:
			k = append(k, c)
		}
	}
	return k
}

// Int encodes a number in 8 bytes; negative numbers come before positive ones.
func Int(n int64) Key { return binary.BigEndian.AppendUint64(nil, uint64(n)^signBit) }

// Time encodes an instant in 8 bytes, cut to the microsecond.
func Time(t time.Time) Key { return Int(t.UnixMicro()) }

// Join puts keys behind one another; the result orders by the first part, then the second, and so on.
func Join(parts ...Key) Key {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	k := make(Key, 0, n)
	for _, p := range parts {
		k = append(k, p...)
	}
	return k
}

// CutText decodes a leading text and returns what follows it.
func (k Key) CutText() (string, Key, error) {
	text := make([]byte, 0, len(k))
	for i := 0; i < len(k); i++ {
		switch k[i] {
		case terminator:
			return string(text), k[i+1:], nil
		case escape:
			i++
			if i == len(k) || k[i] < escapedNul || k[i] > escapedEsc {
				return "", nil, fmt.Errorf("%w: stray escape in a text", ErrBadKey)
			}
			text = append(text, k[i]-1)
		default:
			text = append(text, k[i])
		}
	}
	return "", nil, fmt.Errorf("%w: text without an end", ErrBadKey)
}

// CutInt decodes a leading number and returns what follows it.
func (k Key) CutInt() (int64, Key, error) {
	if len(k) < 8 {
		return 0, nil, fmt.Errorf("%w: %d bytes where a number needs 8", ErrBadKey, len(k))
	}
	return int64(binary.BigEndian.Uint64(k) ^ signBit), k[8:], nil
}

// CutTime decodes a leading instant, in UTC, and returns what follows it.
func (k Key) CutTime() (time.Time, Key, error) {
	n, rest, err := k.CutInt()
	if err != nil {
		return time.Time{}, nil, err
	}
	return time.UnixMicro(n).UTC(), rest, nil
}

// String shows the key quoted, with what is not printable escaped.
func (k Key) String() string { return strconv.QuoteToASCII(string(k)) }

// successor returns the smallest key above every key that starts with k; nil when there is none.
func (k Key) successor() Key {
	for i := len(k) - 1; i >= 0; i-- {
		if k[i] < 0xff {
			next := append(Key(nil), k[:i+1]...)
			next[i]++
			return next
		}
	}
	return nil
}

func checkKey(k Key) error {
	switch {
	case len(k) == 0:
		return fmt.Errorf("%w: empty", ErrBadKey)
	case len(k) > MaxKey:
		return fmt.Errorf("%w: %d bytes, at most %d", ErrBadKey, len(k), MaxKey)
	}
	return nil
}
