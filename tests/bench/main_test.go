package bench

import (
	"testing"

	"yardmaster/tests/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }
