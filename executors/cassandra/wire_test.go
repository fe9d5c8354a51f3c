package cassandra_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The part of the native protocol, version 4, that the tests need.
const (
	version  = 4
	response = 0x80

	opError, opStartup, opReady, opAuthenticate, opOptions, opSupported = 0x00, 0x01, 0x02, 0x03, 0x05, 0x06
	opQuery, opResult, opPrepare, opExecute                             = 0x07, 0x08, 0x09, 0x0A
	opAuthResponse, opAuthSuccess                                       = 0x0F, 0x10

	resultVoid, resultRows, resultPrepared, resultSchemaChange = 1, 2, 4, 5

	typeUUID, typeText, typeInet, typeMap, typeSet = 0x0C, 0x0D, 0x10, 0x21, 0x22

	maxBody = 1 << 20
)

// frame is a message either way.
type frame struct {
	version byte
	stream  [2]byte
	op      byte
	body    []byte
}

func readFrame(r io.Reader) (frame, error) {
	var head [9]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return frame{}, err
	}
	size := binary.BigEndian.Uint32(head[5:])
	if size > maxBody {
		return frame{}, fmt.Errorf("a body of %d bytes", size)
	}
	f := frame{version: head[0], stream: [2]byte(head[2:4]), op: head[4], body: make([]byte, size)}
	_, err := io.ReadFull(r, f.body)
	return f, err
}

func writeFrame(w io.Writer, to frame, op byte, body []byte) error {
	head := []byte{version | response, 0, to.stream[0], to.stream[1], op}
	head = binary.BigEndian.AppendUint32(head, uint32(len(body)))
	_, err := w.Write(append(head, body...))
	return err
}

// out builds a body.
type out []byte

func (o out) short(n int) out    { return binary.BigEndian.AppendUint16(o, uint16(n)) }
func (o out) int(n int) out      { return binary.BigEndian.AppendUint32(o, uint32(n)) }
func (o out) str(s string) out   { return append(o.short(len(s)), s...) }
func (o out) bytes(b []byte) out { return append(o.int(len(b)), b...) }
func (o out) texts(s ...string) out {
	for _, t := range s {
		o = o.bytes([]byte(t))
	}
	return o
}

// column is a cell of the only row that a table of the tests has.
type column struct {
	name  string
	typ   out
	value []byte
}

func text(name, value string) column { return column{name, out{}.short(typeText), []byte(value)} }

// describe are the columns without their values.
func (o out) describe(columns []column) out {
	o = o.int(1).int(len(columns)).str("system").str("table") // 1: one table for all columns
	for _, c := range columns {
		o = append(o.str(c.name), c.typ...)
	}
	return o
}

func rows(columns []column, all ...[]column) []byte {
	o := out{}.int(resultRows).describe(columns).int(len(all))
	for _, row := range all {
		for _, c := range row {
			o = o.bytes(c.value)
		}
	}
	return o
}

// in takes a body apart.
type in struct {
	b   []byte
	err error
}

func (i *in) take(n int) []byte {
	if i.err != nil || n < 0 || n > len(i.b) {
		i.err = errors.New("a body is too short")
		return nil
	}
	out := i.b[:n]
	i.b = i.b[n:]
	return out
}

func (i *in) short() int {
	b := i.take(2)
	if b == nil {
		return 0
	}
	return int(binary.BigEndian.Uint16(b))
}

func (i *in) bytes() []byte {
	b := i.take(4)
	if b == nil {
		return nil
	}
	return i.take(int(int32(binary.BigEndian.Uint32(b))))
}
