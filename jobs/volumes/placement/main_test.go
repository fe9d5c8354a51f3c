package placement

import (
	"flag"
	"os"
	"testing"
)

// The cases are cheap, and the hard ones rare; the command line still decides.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", "4000"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}
