package queue

import (
	"bytes"
	"errors"
	"strconv"
)

// errCommand refuses what is not a command in Redis's protocol.
var errCommand = errors.New("not a Redis command")

// mostBytes is the longest string that Redis takes.
const mostBytes = 512 << 20

// cutCommand reads the command that b begins with, an array of byte strings, and says how long it is: 0 if its end is missing.
func cutCommand(b []byte) (args []string, size int, err error) {
	n, at, err := cutNumber(b, 0, '*')
	if err != nil || at == 0 {
		return nil, 0, err
	}
	if n == 0 {
		return nil, 0, errCommand
	}
	var few [16][2]int
	spans := few[:0]
	for range n {
		length, begin, err := cutNumber(b, at, '$')
		if err != nil || begin == 0 {
			return nil, 0, err
		}
		if at = begin + length + 2; at > len(b) {
			return nil, 0, nil
		}
		spans = append(spans, [2]int{begin, begin + length})
	}
	text := string(b[:at])
	args = make([]string, n)
	for i, s := range spans {
		args[i] = text[s[0]:s[1]]
	}
	return args, at, nil
}

// cutNumber reads the line at a place of b, a number behind a mark, and says where the next begins: 0 if its end is missing.
func cutNumber(b []byte, at int, mark byte) (n, next int, err error) {
	end := bytes.IndexByte(b[at:], '\n')
	if end < 0 {
		return 0, 0, nil
	}
	line, whole := bytes.CutSuffix(b[at:at+end], []byte{'\r'})
	if !whole || len(line) < 2 || line[0] != mark {
		return 0, 0, errCommand
	}
	n, err = strconv.Atoi(string(line[1:]))
	if err != nil || n < 0 || n > mostBytes {
		return 0, 0, errCommand
	}
	return n, at + end + 1, nil
}
