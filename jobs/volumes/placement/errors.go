package placement

import (
	"errors"
	"fmt"
)

// The texts of these are read by clients. ErrMinimumBrickSize and ErrMaxBricks
// also match ErrNoSpace with errors.Is: they say which limit ended the search.
var (
	ErrNoSpace          error = wording("No space")
	ErrMinimumBrickSize error = exhausted("Minimum brick size limit reached.  Out of space.")
	ErrMaxBricks        error = exhausted("Maximum number of bricks reached.")
	ErrNoReplacement    error = wording("No Replacement was found for resource requested to be removed")
)

var (
	// ErrWant marks a request that no set of devices could serve.
	ErrWant = errors.New("invalid placement request")
	// ErrDevices marks a list of devices that contradicts itself.
	ErrDevices = errors.New("invalid device list")
)

// wording is an error whose text is part of the protocol.
type wording string

func (w wording) Error() string { return string(w) }

// exhausted is a search that ran into a limit before it found room.
type exhausted string

func (e exhausted) Error() string { return string(e) }
func (e exhausted) Unwrap() error { return ErrNoSpace }

// AverageFileError says that files are expected to be larger than a brick, so
// that no arbiter size can be derived.
type AverageFileError struct{ FileKiB, BrickKiB uint64 }

func (e *AverageFileError) Error() string {
	return fmt.Sprintf("Average file size (%d) is greater than Brick size (%d)", e.FileKiB, e.BrickKiB)
}
