package stacktach

import (
	"cmp"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// cell is what a record has in one column.
type cell interface {
	value
	// order compares with a cell of the same column; null comes first, as in the database.
	order(other cell) int
	// number is the cell as a range filter sees it, in millionths; false if it is null.
	number() (float64, bool)
}

// The sorts of cells.
type (
	numCell  int64
	idCell   int64 // of another record; 0 is null
	timeCell struct{ t time.Time }
	textCell string
	wordCell string // a text that is null if it is empty
)

func (c numCell) print(b []byte) []byte  { return num(c).print(b) }
func (c textCell) print(b []byte) []byte { return str(c).print(b) }
func (c wordCell) print(b []byte) []byte { return some(string(c)).print(b) }
func (c timeCell) print(b []byte) []byte { return whenOrNull(c.t).print(b) }

func (c idCell) print(b []byte) []byte {
	if c == 0 {
		return null{}.print(b)
	}
	return num(c).print(b)
}

func (c numCell) order(other cell) int  { return cmp.Compare(c, other.(numCell)) }
func (c idCell) order(other cell) int   { return cmp.Compare(c, other.(idCell)) }
func (c timeCell) order(other cell) int { return c.t.Compare(other.(timeCell).t) }
func (c textCell) order(other cell) int {
	return strings.Compare(fold(string(c)), fold(string(other.(textCell))))
}
func (c wordCell) order(other cell) int {
	return strings.Compare(fold(string(c)), fold(string(other.(wordCell))))
}

func (c numCell) number() (float64, bool)  { return float64(c) * 1e6, true }
func (c idCell) number() (float64, bool)   { return float64(c) * 1e6, c != 0 }
func (c timeCell) number() (float64, bool) { return float64(c.t.UnixMicro()), !c.t.IsZero() }
func (c textCell) number() (float64, bool) { return leadingNumber(string(c)) * 1e6, true }
func (c wordCell) number() (float64, bool) { return leadingNumber(string(c)) * 1e6, c != "" }

var leading = regexp.MustCompile(`^\s*[+-]?[0-9]{1,300}(\.[0-9]*)?`)

// leadingNumber is what a text counts for where the database compares it with a number.
func leadingNumber(s string) float64 {
	f, _ := strconv.ParseFloat(strings.TrimSpace(leading.FindString(s)), 64) // "" is 0
	return f
}

// field is one column of a table of T.
type field[T any] struct {
	name string
	of   func(*T) cell
}
