package events

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"yardmaster/store/kv"
)

// Most texts of a notification are UUIDs, alone, behind "req-" or without dashes. They are packed into their 16 bytes, in rows and in keys.
const (
	packedUUID    = 0
	packedRequest = 1
	packedHex     = 2
	packedRest    = 3 // of a row: this and the length; of a key: the text
	packedDigest  = 4 // of a key: the text is longer than longestKey

	requestMark = "req-"
	longestKey  = 512
)

// packUUID reads the canonical form only, so that unpacking gives the same text.
func packUUID(s string) (id [16]byte, ok bool) {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return id, false
	}
	return packHex(s, &uuidBytes)
}

// packHex reads 16 bytes, each at its place.
func packHex(s string, places *[16]int) (id [16]byte, ok bool) {
	bad := byte(0)
	for i, at := range places {
		hi, lo := nibbles[s[at]], nibbles[s[at+1]]
		bad |= hi | lo
		id[i] = hi<<4 | lo&0x0f
	}
	return id, bad < notHex
}

// uuidBytes are the places of a UUID's bytes in its text, plainBytes those of one without dashes.
var (
	uuidBytes  = [16]int{0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34}
	plainBytes = [16]int{0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30}
)

const (
	notHex    = 0x10
	hexDigits = "0123456789abcdef"
)

// nibbles are the values of the digits.
var nibbles = func() (table [256]byte) {
	for i := range table {
		table[i] = notHex
	}
	for i := range len(hexDigits) {
		table[hexDigits[i]] = byte(i)
	}
	return table
}()

func appendUUID(dst, id []byte) []byte {
	return appendHex(dst, "00000000-0000-0000-0000-000000000000", id, &uuidBytes)
}

// appendHex writes 16 bytes into a form, each at its place.
func appendHex(dst []byte, form string, id []byte, places *[16]int) []byte {
	text := append(dst, form...)
	for i, place := range places {
		at := len(dst) + place
		text[at], text[at+1] = hexDigits[id[i]>>4], hexDigits[id[i]&0x0f]
	}
	return text
}

// pack finds the short form of a text.
func pack(s string) (kind byte, id [16]byte) {
	ok := false
	switch len(s) {
	case 36:
		kind = packedUUID
		id, ok = packUUID(s)
	case 36 + len(requestMark):
		if kind = packedRequest; s[:len(requestMark)] == requestMark {
			id, ok = packUUID(s[len(requestMark):])
		}
	case 32:
		kind = packedHex
		id, ok = packHex(s, &plainBytes)
	}
	if !ok {
		return packedRest, id
	}
	return kind, id
}

// appendText writes a text of a row.
func appendText(dst []byte, s string) []byte {
	kind, id := pack(s)
	if kind != packedRest {
		return append(append(dst, kind), id[:]...)
	}
	dst = binary.AppendUvarint(dst, uint64(len(s))+packedRest)
	return append(dst, s...)
}

// cutText reads what appendText wrote, appends the text to dst and returns what follows it in raw.
func cutText(dst, raw []byte) (text, rest []byte, err error) {
	n, used := binary.Uvarint(raw)
	if used <= 0 {
		return dst, nil, fmt.Errorf("%w: text without a length", kv.ErrCorrupt)
	}
	raw = raw[used:]
	if n < packedRest {
		if len(raw) < 16 {
			return dst, nil, fmt.Errorf("%w: text cut short", kv.ErrCorrupt)
		}
		id, rest := raw[:16], raw[16:]
		switch n {
		case packedHex:
			return appendHex(dst, "00000000000000000000000000000000", id, &plainBytes), rest, nil
		case packedRequest:
			dst = append(dst, requestMark...)
		}
		return appendUUID(dst, id), rest, nil
	}
	if n -= packedRest; n > uint64(len(raw)) {
		return dst, nil, fmt.Errorf("%w: text cut short", kv.ErrCorrupt)
	}
	return append(dst, raw[:n]...), raw[n:], nil
}

// appendKey writes a text as a value of an index key. Two texts never have the same, nor one that the other begins with. The order of texts
// is not kept.
func appendKey(dst []byte, s string) []byte {
	kind, id := pack(s)
	switch {
	case kind != packedRest:
		return append(append(dst, kind), id[:]...)
	case len(s) > longestKey:
		sum := sha256.Sum256([]byte(s))
		return append(append(dst, packedDigest), sum[:]...)
	}
	return append(append(dst, packedRest), kv.Text(s)...)
}
