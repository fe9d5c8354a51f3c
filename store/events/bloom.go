package events

import (
	"encoding/binary"
	"fmt"

	"yardmaster/store/kv"
)

// bloom tells of a text that it is surely not, or probably is, one of those that were added. All bits of a text lie in one block, which is
// what a processor fetches at once: each new event asks the filter of every part.
type bloom []byte

const (
	bloomBlock = 64 // bytes
	bloomBits  = 16 // a text
	bloomSteps = 7  // bits that a text sets, 9 bits of its hash each
)

func newBloom(texts int) bloom {
	blocks := texts*bloomBits/(8*bloomBlock) + 1
	return make(bloom, blocks*bloomBlock)
}

// loadBloom takes over what was stored.
func loadBloom(raw []byte) (bloom, error) {
	if len(raw) == 0 || len(raw)%bloomBlock != 0 {
		return nil, fmt.Errorf("%w: filter of %d bytes", kv.ErrCorrupt, len(raw))
	}
	return append(bloom(nil), raw...), nil
}

// digest is what all filters ask of a text. It is stored, so it stays as it is: FNV-1a, then mixed.
func digest(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return mix(h)
}

func mix(h uint64) uint64 {
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

func (b bloom) block(h uint64) []byte {
	blocks := uint64(len(b) / bloomBlock)
	at := (h >> 32) * blocks >> 32 * bloomBlock
	return b[at : at+bloomBlock]
}

func (b bloom) add(h uint64) {
	block := b.block(h)
	for bits, i := mix(h), 0; i < bloomSteps; bits, i = bits>>9, i+1 {
		block[bits>>3&(bloomBlock-1)] |= 1 << (bits & 7)
	}
}

func (b bloom) has(h uint64) bool {
	block := b.block(h)
	for bits, i := mix(h), 0; i < bloomSteps; bits, i = bits>>9, i+1 {
		if block[bits>>3&(bloomBlock-1)]&(1<<(bits&7)) == 0 {
			return false
		}
	}
	return true
}

// bloomKey is where the filter of a part is stored.
func bloomKey(part int64) kv.Key { return binary.BigEndian.AppendUint64(nil, uint64(part)) }
