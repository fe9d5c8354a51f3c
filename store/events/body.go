package events

import (
	"bytes"
	_ "embed"
	"encoding/binary"
	"fmt"
	"runtime"
	"sync"

	"github.com/klauspost/compress/zstd"

	"yardmaster/store/kv"
)

// Bodies of events that were written together lie in blocks, for they say nearly the same. What they all say also stands in a dictionary,
// so that a block of one is small too.
const (
	blockEvents = 32
	blockBytes  = 256 << 10 // a body that is larger has a block of its own

	blockPlain = 0 // first byte of a block: how the rest is kept. Append-only
	blockZstd1 = 1 // zstd with dictionary 1

	// longestBlock bounds what a damaged block may ask for.
	longestBlock = 1 << 30
)

// dictionary1 is the sort of text that notifications are made of. It is part of the file format: another text is another dictionary.
//
//go:embed dictionary1.txt
var dictionary1 []byte

const dictionary1ID = 1

// press packs and unpacks blocks.
type press struct {
	in      *zstd.Encoder
	out     *zstd.Decoder
	buffers sync.Pool // of *buffer
}

// buffer is room for a block while it is packed.
type buffer struct{ plain, packed []byte }

func newPress() (*press, error) {
	in, err := zstd.NewWriter(nil, zstd.WithEncoderDictRaw(dictionary1ID, dictionary1), zstd.WithEncoderConcurrency(runtime.GOMAXPROCS(0)),
		zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderCRC(false), zstd.WithWindowSize(1<<20))
	if err != nil {
		return nil, fmt.Errorf("bodies: %w", err)
	}
	out, err := zstd.NewReader(nil, zstd.WithDecoderDictRaw(dictionary1ID, dictionary1), zstd.WithDecoderConcurrency(runtime.GOMAXPROCS(0)),
		zstd.WithDecoderMaxMemory(longestBlock))
	if err != nil {
		return nil, fmt.Errorf("bodies: %w", err)
	}
	return &press{in: in, out: out}, nil
}

func (p *press) close() { p.out.Close() }

// pack makes a block.
func (p *press) pack(bodies [][]byte) []byte {
	b, _ := p.buffers.Get().(*buffer)
	if b == nil {
		b = &buffer{}
	}
	defer p.buffers.Put(b)
	b.plain = binary.AppendUvarint(append(b.plain[:0], blockPlain), uint64(len(bodies)))
	for _, body := range bodies {
		b.plain = binary.AppendUvarint(b.plain, uint64(len(body)))
	}
	for _, body := range bodies {
		b.plain = append(b.plain, body...)
	}
	b.packed = p.in.EncodeAll(b.plain[1:], append(b.packed[:0], blockZstd1))
	if len(b.packed) < len(b.plain) {
		return bytes.Clone(b.packed)
	}
	return bytes.Clone(b.plain)
}

// unpack gives the bodies of a block; they share one piece of memory.
func (p *press) unpack(block []byte) ([][]byte, error) {
	if len(block) == 0 {
		return nil, fmt.Errorf("%w: empty block of bodies", kv.ErrCorrupt)
	}
	plain := block[1:]
	switch block[0] {
	case blockPlain:
		plain = append([]byte(nil), plain...)
	case blockZstd1:
		var err error
		if plain, err = p.out.DecodeAll(plain, nil); err != nil {
			return nil, fmt.Errorf("%w: block of bodies: %w", kv.ErrCorrupt, err)
		}
	default:
		return nil, fmt.Errorf("%w: block of bodies of an unknown kind", kv.ErrCorrupt)
	}
	return cutBodies(plain)
}

func cutBodies(plain []byte) ([][]byte, error) {
	d := rowReader{raw: plain}
	n := d.uvarint()
	if d.err != nil || n > uint64(len(plain)) {
		return nil, fmt.Errorf("%w: block of bodies cut short", kv.ErrCorrupt)
	}
	lengths := make([]uint64, n)
	for i := range lengths {
		lengths[i] = d.uvarint()
	}
	bodies, rest := make([][]byte, n), d.raw
	for i, length := range lengths {
		if d.err != nil || length > uint64(len(rest)) {
			return nil, fmt.Errorf("%w: block of bodies cut short", kv.ErrCorrupt)
		}
		bodies[i], rest = rest[:length:length], rest[length:]
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("%w: %d bytes behind a block of bodies", kv.ErrCorrupt, len(rest))
	}
	return bodies, nil
}
